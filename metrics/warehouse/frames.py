"""Answers of the database as Polars frames, of the same types whichever database answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl
import sqlalchemy as sa

Select = sa.Select[Any] | sa.CompoundSelect[Any]

_KINDS: tuple[tuple[type[Any], pl.DataType], ...] = (
    (sa.Boolean, pl.Boolean()),
    (sa.Integer, pl.Int64()),
    (sa.Numeric, pl.Float64()),
    (sa.Float, pl.Float64()),
    (sa.DateTime, pl.Datetime("us")),
    (sa.Date, pl.Date()),
    (sa.String, pl.String()),
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A select as the text that a database is sent.

    Attributes:
        parameters: by name; `order` says in which order the text takes them, where it takes them by position.
        columns: name and SQL type of each column of the answer.
    """

    select: Select
    text: str
    parameters: Mapping[str, Any]
    order: tuple[str, ...]
    columns: tuple[tuple[str, sa.types.TypeEngine[Any]], ...]


def compiled(select: Select, dialect: sa.Dialect) -> Compiled:
    """Returns the select as text of the dialect, with its parameters apart."""
    made = select.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    columns = tuple((column.name, column.type) for column in select.selected_columns)
    return Compiled(select, str(made), dict(made.params), tuple(made.positiontup or ()), columns)


def read_frame(connection: sa.Connection, select: Select) -> pl.DataFrame:
    """Returns the rows of a select.

    Whole numbers come as Int64 (sums of counts too), other numbers as Float64, dates as Date, text as
    String. A column of unknown type that is all null comes as Float64.
    """
    return read_compiled(connection, compiled(select, connection.dialect))


def read_compiled(connection: sa.Connection, statement: Compiled) -> pl.DataFrame:
    """Returns the rows of a compiled select, typed as by `read_frame`."""
    by_arrow = connection.dialect.name == "duckdb"
    return _typed(_arrow(connection, statement) if by_arrow else _rows(connection, statement.select), statement)


def read_batches(connection: sa.Connection, statement: Compiled, size: int) -> Iterator[pl.DataFrame]:
    """Gives the rows of a compiled select, about so many at a time, each frame typed as by `read_frame`."""
    if connection.dialect.name == "duckdb":
        for batch in _relation(connection, statement).to_arrow_reader(size):
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)  # noqa: S101 (from_arrow gives a Series only for arrays)
            yield _typed(frame, statement)
        return
    with connection.execution_options(stream_results=True, max_row_buffer=size).execute(statement.select) as result:
        names = list(result.keys())
        for rows in result.partitions(size):
            yield _typed(_of_rows(names, rows), statement)


def _typed(raw: pl.DataFrame, statement: Compiled) -> pl.DataFrame:
    kinds = zip(raw.get_columns(), statement.columns, strict=True)
    changed = [new for given, (_, kind) in kinds if (new := _normalised(given, kind)) is not given]
    return raw.with_columns(changed) if changed else raw


def _relation(connection: sa.Connection, statement: Compiled) -> Any:
    native: Any = connection.connection.driver_connection
    values = [statement.parameters[name] for name in statement.order]
    try:
        return native.sql(statement.text, params=values)
    except duckdb.ProgrammingError as error:  # as the same mistake is told on every other database
        raise sa.exc.ProgrammingError(statement.text, values, error) from error


def _arrow(connection: sa.Connection, statement: Compiled) -> pl.DataFrame:
    relation = _relation(connection, statement)
    try:
        frame = pl.from_arrow(relation.to_arrow_table())
    except duckdb.ProgrammingError as error:
        raise sa.exc.ProgrammingError(statement.text, statement.parameters, error) from error
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 (from_arrow gives a Series only for arrays)
    return frame


def _rows(connection: sa.Connection, select: Select) -> pl.DataFrame:
    result = connection.execute(select)
    return _of_rows(list(result.keys()), result.fetchall())


def _of_rows(names: list[str], rows: Sequence[Any]) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return pl.DataFrame([pl.Series(name, values, strict=False) for name, values in zip(names, columns, strict=True)])


def _normalised(values: pl.Series, kind: sa.types.TypeEngine[Any]) -> pl.Series:
    wanted = next((dtype for base, dtype in _KINDS if isinstance(kind, base)), None)
    given = values.dtype
    if given == wanted:
        return values
    if wanted == pl.Int64() and given.is_float():
        return values.cast(pl.Float64)  # SQL typed it whole, the database did not: keep the fraction
    if wanted is not None:
        return values.cast(wanted)
    if given.is_integer():
        return values.cast(pl.Int64)
    if given.is_numeric() or given == pl.Null():
        return values.cast(pl.Float64)
    return values
