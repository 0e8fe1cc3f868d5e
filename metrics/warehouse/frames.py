"""Answers of the database as Polars frames, of the same types whichever database answers."""

from __future__ import annotations

from typing import Any

import duckdb
import polars as pl
import sqlalchemy as sa

Select = sa.Select[Any] | sa.CompoundSelect[Any]

_KINDS: tuple[tuple[type[Any], pl.DataType], ...] = (
    (sa.Boolean, pl.Boolean()),
    (sa.Integer, pl.Int64()),
    (sa.Numeric, pl.Float64()),
    (sa.DateTime, pl.Datetime("us")),
    (sa.Date, pl.Date()),
    (sa.String, pl.String()),
)


def read_frame(connection: sa.Connection, select: Select) -> pl.DataFrame:
    """Returns the rows of a select.

    Whole numbers come as Int64 (sums of counts too), other numbers as Float64, dates as Date, text as
    String. A column of unknown type that is all null comes as Float64.
    """
    raw = _arrow(connection, select) if connection.dialect.name == "duckdb" else _rows(connection, select)
    return raw.select(
        _normalised(raw[name], column.type) for name, column in zip(raw.columns, select.selected_columns, strict=True)
    )


def _arrow(connection: sa.Connection, select: Select) -> pl.DataFrame:
    compiled = select.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    names = compiled.positiontup or []
    native: Any = connection.connection.driver_connection
    values = [compiled.params[name] for name in names]
    try:
        frame = pl.from_arrow(native.sql(str(compiled), params=values).to_arrow_table())
    except duckdb.ProgrammingError as error:  # as the same mistake is told on every other database
        raise sa.exc.ProgrammingError(str(compiled), values, error) from error
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 (from_arrow gives a Series only for arrays)
    return frame


def _rows(connection: sa.Connection, select: Select) -> pl.DataFrame:
    result = connection.execute(select)
    names, rows = list(result.keys()), result.fetchall()
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
