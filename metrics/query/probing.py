"""Whether the warehouse has the tables and columns that definitions name, found out without reading a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from metrics.catalogue import Catalogue, Finding, Model, suggest
from metrics.catalogue.definition import Table
from metrics.catalogue.expression import names
from metrics.catalogue.rules.reading import NO_COLUMN, NO_TABLE, OTHER_TYPE, Said
from metrics.catalogue.rules.scope import parts_of
from metrics.catalogue.types import WORDS, Kind, are_alike, kind_of


@dataclass(slots=True)
class _Wanted:
    """The columns of one table that definitions use, each with where it is first said: (file, line, path)."""

    place: tuple[str, int, Path | None]
    columns: dict[str, tuple[str, int, Path | None]] = field(default_factory=dict)


def probe(engine: sa.Engine, catalogue: Catalogue) -> tuple[Finding, ...]:
    """Returns what the warehouse lacks or holds otherwise. Every statement it sends asks for no row.

    Raises:
        sqlalchemy.exc.OperationalError: the warehouse does not answer.
    """
    found: list[Finding] = []
    for name, wanted in _wanted(catalogue).items():
        table = catalogue.table(name)
        if table is not None:
            found += _of_table(engine, table, wanted)
    return tuple(sorted(found, key=lambda each: (each.file, each.line, each.code)))


def _of_table(engine: sa.Engine, table: sa.Table, wanted: _Wanted) -> Iterator[Finding]:
    if not _answers(engine, table, []):
        fix = suggest(table.name, _tables(engine, table.schema))
        yield _finding(NO_TABLE, wanted.place, f"the warehouse has no table '{table.fullname}'.", fix)
        return
    missing: list[str] = []
    if not _answers(engine, table, list(wanted.columns)):
        missing = [column for column in wanted.columns if not _answers(engine, table, [column])]
    held = _kinds(engine, table)
    for column in missing:
        message = f"the warehouse's '{table.fullname}' has no column '{column}'."
        yield _finding(NO_COLUMN, wanted.columns[column], message, suggest(column, held))
    for column, place in wanted.columns.items():
        taken_for, holds = kind_of(table.c[column].type), held.get(column, "unknown")
        if column not in missing and not _serves(holds, taken_for):
            message = f"'{table.fullname}.{column}' holds {_held(holds)}, and is taken for {_held(taken_for)}."
            yield _finding(OTHER_TYPE, place, message)


def _answers(engine: sa.Engine, table: sa.Table, columns: list[str]) -> bool:
    """Returns whether the table gives the columns; a constant, where none is named. No row is asked for."""
    # Without types, so that no value is taken for what it is not.
    plain = sa.table(table.name, *(sa.column(name) for name in columns), schema=table.schema)
    wanted: list[Any] = list(plain.c) or [sa.literal_column("1").label("one")]
    select = sa.select(*wanted).select_from(plain)
    with engine.connect() as connection:  # a database that does not answer fails here
        try:
            connection.execute(select.where(sa.literal_column("1") == sa.literal_column("0")))
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated:
                raise
            return False
    return True


def _tables(engine: sa.Engine, schema: str | None) -> list[str]:
    """Returns the names of the tables and views of a schema; none where the database does not say."""
    inspector = sa.inspect(engine)
    try:
        return [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
    except (sa.exc.DBAPIError, NotImplementedError):
        return []


def _kinds(engine: sa.Engine, table: sa.Table) -> Mapping[str, Kind]:
    """Returns what the warehouse says its columns hold; nothing where it does not say."""
    try:
        columns = sa.inspect(engine).get_columns(table.name, schema=table.schema)
    except (sa.exc.NoSuchTableError, NotImplementedError):
        return {}
    return {column["name"]: kind_of(column["type"]) for column in columns}


def _serves(holds: Kind, taken_for: Kind) -> bool:
    # A whole number is a number; a number with a fraction is no whole one, and adds up all the same.
    return are_alike(holds, taken_for)


def _held(kind: Kind) -> str:
    return {"integer": "whole numbers", "number": "numbers", "date": "dates", "timestamp": "timestamps",
            "boolean": "true and false"}.get(kind, WORDS[kind])  # fmt: skip


def _wanted(catalogue: Catalogue) -> Mapping[str, _Wanted]:
    """Returns, for each table that is used, the columns that definitions use."""
    found: dict[str, _Wanted] = {}
    for table in catalogue.tables.values():
        _declared(catalogue, table, found)
    for model in catalogue.models.values():
        _of_model(catalogue, model, found)
    for metric in catalogue:
        for held in parts_of(catalogue, metric):
            place = catalogue.places[f"metric:{metric.id}"]
            for label, text in (("expr", held.part.expr), ("filter", held.part.filter)):
                for column in _own(text, held.model):
                    at = (place.name, place.line_of((*held.path, label)), place.file)
                    found[held.model.table].columns.setdefault(column, at)
        if metric.per and metric.model in catalogue.models:
            place, used = catalogue.places[f"metric:{metric.id}"], found[catalogue.models[metric.model or ""].table]
            for index, column in enumerate(metric.per):
                used.columns.setdefault(column, (place.name, place.line_of(("per", index)), place.file))
    return found


def _own(text: str | None, model: Model) -> list[str]:
    """Returns the columns that an expression names of the model's own table, in order."""
    elsewhere = {each.name for each in model.dimensions if each.join is not None}
    return sorted(names(text) - elsewhere) if text else []


def _declared(catalogue: Catalogue, table: Table, found: dict[str, _Wanted]) -> None:
    place = catalogue.places[f"table:{table.name}"]
    wanted = found.setdefault(table.name, _Wanted((place.name, place.line_of(("name",)), place.file)))
    for column in table.columns:
        wanted.columns[column] = (place.name, place.line_of(("columns", column)), place.file)


def _of_model(catalogue: Catalogue, model: Model, found: dict[str, _Wanted]) -> None:
    place = catalogue.places[f"model:{model.name}"]

    def at(*path: str | int) -> tuple[str, int, Path | None]:
        return place.name, place.line_of(path), place.file

    wanted = found.setdefault(model.table, _Wanted(at("table")))
    columns = {model.time.column: at("time", "column")}
    if model.organisation is not None:
        columns[model.organisation] = at("organisation")
    columns |= {column: at("primary_key", index) for index, column in enumerate(model.primary_key)}
    if model.changed_at is not None:
        columns[model.changed_at] = at("changed_at")
    if model.bins is not None:
        columns |= {column: at("bins", edge) for edge, column in model.bins.columns.items()}
    columns |= {column: at("filter") for column in _own(model.filter, model)}
    for index, join in enumerate(model.joins):
        columns |= {own: at("joins", index, "keys", own) for own in join.keys}
        theirs = found.setdefault(join.to, _Wanted(at("joins", index, "to")))
        for own, column in join.keys.items():
            theirs.columns.setdefault(column, at("joins", index, "keys", own))
    for index, dimension in enumerate(model.dimensions):
        where = at("dimensions", index, "column")
        if dimension.join is None:
            columns.setdefault(dimension.column, where)
        else:
            found[dimension.join].columns.setdefault(dimension.column, where)
    for column, where in columns.items():
        wanted.columns.setdefault(column, where)


def _finding(said: Said, place: tuple[str, int, Path | None], message: str, fix: str = "") -> Finding:
    file, line, path = place
    return Finding(said.code, "error", file, line, message, fix or said.remedy, path)
