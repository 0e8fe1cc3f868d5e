"""A column of days or instants moved on by a length of time, as SQL, in every dialect.

Months are those of the calendar: the last day of a month stands in where a month is too short.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

from metrics.catalogue import Window


class Later(sa.ColumnElement[Any]):
    """A column of days or instants, so many days or months later. Made by `later`."""

    _traverse_internals = [  # noqa: RUF012 - as SQLAlchemy declares it
        ("column", InternalTraversal.dp_clauseelement), ("count", InternalTraversal.dp_plain_obj),
        ("unit", InternalTraversal.dp_string),
    ]  # fmt: skip

    def __init__(self, column: sa.ColumnElement[Any], count: int, unit: str) -> None:
        self.column, self.count, self.unit = column, count, unit
        self.type = column.type

    @property
    def _from_objects(self) -> list[sa.FromClause]:
        return self.column._from_objects  # noqa: SLF001 - how an element says which tables it reads


def later(column: sa.ColumnElement[Any], window: Window) -> Later:
    """Returns the column moved on by the window, of the column's own type; null stays null."""
    if window.months is not None:
        return Later(column, window.months, "month")
    if window.days is not None:
        return Later(column, window.days, "day")
    return Later(column, window.count, "hour")


def _interval(column: str, count: int, unit: str) -> str:
    return f"({column} + INTERVAL '{count}' {unit.upper()})"


def _postgresql(column: str, count: int, unit: str) -> str:
    return f"({column} + INTERVAL '{count} {unit}')"


def _dateadd(column: str, count: int, unit: str) -> str:
    return f"DATEADD({unit}, {count}, {column})"


def _bigquery(column: str, count: int, unit: str) -> str:
    return f"DATETIME_ADD(CAST({column} AS DATETIME), INTERVAL {count} {unit.upper()})"


_FORMS: Mapping[str, Callable[[str, int, str], str]] = {
    "duckdb": _postgresql, "postgresql": _postgresql, "hive": _interval, "spark": _interval, "databricks": _interval,
    "trino": _interval, "snowflake": _dateadd, "redshift": _dateadd, "mssql": _dateadd,
    "bigquery": _bigquery,
}  # fmt: skip


@compiles(Later)
def _compiled(element: Later, compiler: SQLCompiler, **options: Any) -> str:
    name = compiler.dialect.name
    if name not in _FORMS:
        raise sa.exc.CompileError(f"How {name} adds {element.unit}s to a day is not known here.")
    return _FORMS[name](compiler.process(element.column, **options), element.count, element.unit)
