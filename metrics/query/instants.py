"""Columns of instants, as SQL: the local calendar date and the UTC hour of a UTC timestamp, in every dialect."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

from metrics.catalogue.local_day import LONDON, LocalDate, local_date, operand, unknown_dialect, without_zone


class UtcHour(sa.ColumnElement[datetime]):
    """The start of the UTC hour of a UTC timestamp. Made by `utc_hour`."""

    type = sa.DateTime()
    _traverse_internals = [("column", InternalTraversal.dp_clauseelement)]  # noqa: RUF012 - as SQLAlchemy declares it

    def __init__(self, column: sa.ColumnElement[datetime]) -> None:
        self.column = operand(column)

    @property
    def _from_objects(self) -> list[sa.FromClause]:
        return self.column._from_objects  # noqa: SLF001 - how an element says which tables it reads


def utc_hour(column: sa.ColumnElement[datetime]) -> UtcHour:
    """Returns the start of the UTC hour of a timestamp column that holds UTC; null stays null.

    Raises:
        ValueError: the column is of timestamps that carry a zone.
    """
    without_zone(column)
    return UtcHour(column)


_HOURS: Mapping[str, str] = {
    "duckdb": "date_trunc('hour', {0})",
    "postgresql": "date_trunc('hour', {0})",
    "hive": "date_trunc('HOUR', {0})",
    "spark": "date_trunc('HOUR', {0})",
    "databricks": "date_trunc('HOUR', {0})",
    "snowflake": "DATE_TRUNC('HOUR', {0})",
    "redshift": "DATE_TRUNC('hour', {0})",
    "bigquery": "DATETIME_TRUNC({0}, HOUR)",
    "trino": "date_trunc('hour', {0})",
    "mssql": "DATEADD(HOUR, DATEDIFF(HOUR, 0, {0}), 0)",  # DATETRUNC came with SQL Server 2022
}


@compiles(UtcHour)
def _render_hour(element: UtcHour, compiler: SQLCompiler, **options: object) -> str:
    name = compiler.dialect.name
    if name not in _HOURS:
        raise unknown_dialect(name)
    return _HOURS[name].format(compiler.process(element.column, **options))


__all__ = ["LONDON", "LocalDate", "UtcHour", "local_date", "utc_hour"]
