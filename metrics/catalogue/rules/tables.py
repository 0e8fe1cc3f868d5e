"""Rules of the tables that an analyst declares."""

from __future__ import annotations

from collections.abc import Iterator

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.finding import suggest
from metrics.catalogue.rules.rule import Fault, rule
from metrics.warehouse.tables import KNOWN


@rule(
    "E029",
    "A declared table has a name of its own, none of Bellwether's.",
    "Remove the declaration to use Bellwether's table; or make a view of another name and declare that.",
)
def declared_tables_have_own_names(catalogue: Catalogue) -> Iterator[Fault]:
    for name in catalogue.tables:
        if name in KNOWN:
            yield Fault(f"table:{name}", ("name",), f"Bellwether has a table '{name}' already.")


@rule(
    "E030",
    "The primary key of a declared table is among its declared columns.",
    "Declare the column under 'columns', or correct the key.",
)
def declared_keys_are_columns(catalogue: Catalogue) -> Iterator[Fault]:
    for name, table in catalogue.tables.items():
        for index, column in enumerate(table.primary_key):
            if column not in table.columns:
                yield Fault(
                    f"table:{name}",
                    ("primary_key", index),
                    f"the primary key '{column}' is no declared column.",
                    suggest(column, table.columns),
                )


@rule("W106", "A declared table is used.", "Name it in a model or a join, or remove it.")
def declared_tables_are_used(catalogue: Catalogue) -> Iterator[Fault]:
    if any(each.startswith("model:") for each in catalogue.unsound):
        return  # it may be the one that uses it
    used = {model.table for model in catalogue.models.values()}
    used |= {join.to for model in catalogue.models.values() for join in model.joins}
    for name in sorted(set(catalogue.tables) - used):
        yield Fault(f"table:{name}", ("name",), "no model uses this table.")


RULES = (declared_tables_have_own_names, declared_keys_are_columns, declared_tables_are_used)
