"""Rules of joins: to a known table, once, over its whole primary key, so that no row is counted twice."""

from __future__ import annotations

from collections.abc import Iterator

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.definition import Join, Model
from metrics.catalogue.finding import suggest
from metrics.catalogue.rules.rule import Fault, Path, rule
from metrics.catalogue.rules.scope import columns_of, keys_of, kinds_in
from metrics.catalogue.types import WORDS, are_alike
from metrics.warehouse.tables import KNOWN


def _joins(catalogue: Catalogue) -> Iterator[tuple[Model, Path, Join]]:
    for model in catalogue.models.values():
        for index, join in enumerate(model.joins):
            yield model, ("joins", index), join


@rule(
    "E032",
    "A joined table is one of the warehouse's, or one that is declared.",
    "Declare it with its columns and its primary key under 'tables', or correct the name.",
)
def joined_tables_exist(catalogue: Catalogue) -> Iterator[Fault]:
    for model, path, join in _joins(catalogue):
        if catalogue.table(join.to) is None and f"table:{join.to}" not in catalogue.unsound:
            fix = suggest(join.to, [*KNOWN, *catalogue.tables])
            yield Fault(f"model:{model.name}", (*path, "to"), f"there is no table '{join.to}' to join.", fix)


@rule(
    "E033",
    "A join's columns are columns of the two tables: the model's on the left, the joined table's on the right.",
    "Correct the name; of a declared table, declare the column.",
)
def join_columns_exist(catalogue: Catalogue) -> Iterator[Fault]:
    for model, path, join in _joins(catalogue):
        sides = ((model.table, columns_of(catalogue, model)), (join.to, kinds_in(catalogue, join.to)))
        for own, its in join.keys.items():
            for (table, columns), column in zip(sides, (own, its), strict=True):
                if columns is not None and column not in columns:
                    message = f"join to '{join.to}': the table '{table}' has no column '{column}'."
                    yield Fault(f"model:{model.name}", (*path, "keys", own), message, suggest(column, columns))


@rule("E034", "The two columns of a join hold values of one type.", "Join columns of one type.")
def join_columns_are_alike(catalogue: Catalogue) -> Iterator[Fault]:
    for model, path, join in _joins(catalogue):
        ours, theirs = columns_of(catalogue, model) or {}, kinds_in(catalogue, join.to) or {}
        for own, its in join.keys.items():
            one, other = ours.get(own, "unknown"), theirs.get(its, "unknown")
            if not are_alike(one, other):
                message = f"join to '{join.to}': '{own}' is {WORDS[one]}, and its '{its}' is {WORDS[other]}."
                yield Fault(f"model:{model.name}", (*path, "keys", own), message)


@rule(
    "E035",
    "A join meets at most one row of the joined table: it is over that table's whole primary key.",
    "Join on every column of its primary key; of a declared table, declare 'primary_key' if no two rows share it.",
)
def joins_do_not_fan_out(catalogue: Catalogue) -> Iterator[Fault]:
    for model, path, join in _joins(catalogue):
        if catalogue.table(join.to) is None:
            continue
        keys = keys_of(catalogue, join.to)
        missing = sorted(keys - set(join.keys.values()))
        if not keys:
            message = f"the join to '{join.to}' can meet several of its rows, as no primary key is known of it."
            fix = "Declare its 'primary_key', and join on all of it."
        elif missing:
            message = (
                f"the join to '{join.to}' can meet several of its rows, and would count each of the model's as often."
            )
            fix = f"Its rows are told apart by {', '.join(sorted(keys))}: join on {', '.join(missing)} too."
        else:
            continue
        yield Fault(f"model:{model.name}", (*path, "keys"), message, fix)


@rule(
    "E036",
    "A table is joined once to a model.",
    "Put all keys in one join; or make a view of another name for the second, and declare it.",
)
def tables_are_joined_once(catalogue: Catalogue) -> Iterator[Fault]:
    for model in catalogue.models.values():
        seen: set[str] = set()
        for index, join in enumerate(model.joins):
            if join.to in seen:
                yield Fault(f"model:{model.name}", ("joins", index, "to"), f"the table '{join.to}' is joined already.")
            seen.add(join.to)


@rule(
    "E037",
    "A dimension's join is one of its model's joins.",
    "Add the table under 'joins', or leave 'join' out for a column of the model's own table.",
)
def dimension_joins_are_declared(catalogue: Catalogue) -> Iterator[Fault]:
    for model in catalogue.models.values():
        joined = [join.to for join in model.joins]
        for index, dimension in enumerate(model.dimensions):
            if dimension.join is not None and dimension.join not in joined:
                message = f"dimension '{dimension.name}': the model does not join '{dimension.join}'."
                fix = suggest(dimension.join, joined) if joined else ""
                yield Fault(f"model:{model.name}", ("dimensions", index, "join"), message, fix)


RULES = (
    joined_tables_exist, join_columns_exist, join_columns_are_alike, joins_do_not_fan_out, tables_are_joined_once,
    dimension_joins_are_declared,
)  # fmt: skip
