"""How long it is from one instant, or one day, to another, as SQL in every dialect. Null where either is missing.

Instants are taken to the second: databases disagree about fractions of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

Element = sa.ColumnElement[Any]


class Between(sa.ColumnElement[int]):
    """The whole seconds, or days, from one column to another."""

    type = sa.BigInteger()
    _traverse_internals = [  # noqa: RUF012 - as SQLAlchemy declares it
        ("first", InternalTraversal.dp_clauseelement), ("last", InternalTraversal.dp_clauseelement),
        ("unit", InternalTraversal.dp_string),
    ]  # fmt: skip

    def __init__(self, first: Element, last: Element, unit: str) -> None:
        self.first, self.last, self.unit = first, last, unit

    @property
    def _from_objects(self) -> list[sa.FromClause]:
        return [*self.first._from_objects, *self.last._from_objects]  # noqa: SLF001 - how an element says what it reads


def minutes_between(first: Element, last: Element) -> Element:
    """Returns the minutes, with fractions, from one instant to another; below 0 where the second is earlier."""
    # The 60 is part of the text: what is grouped by must read as what is selected.
    return sa.cast(Between(first, last, "second"), sa.Double) / sa.literal_column("60.0", sa.Double)


def days_between(first: Element, last: Element) -> Element:
    """Returns the days from one day to another; below 0 where the second is earlier."""
    return Between(first, last, "day")


def _datediff(first: str, last: str, unit: str) -> str:
    return f"DATEDIFF({unit}, {first}, {last})"


def _duckdb(first: str, last: str, unit: str) -> str:
    return f"date_diff('{unit}', {first}, {last})"


def _postgresql(first: str, last: str, unit: str) -> str:
    if unit == "day":
        return f"({last} - {first})"
    return f"EXTRACT(EPOCH FROM (date_trunc('second', {last}) - date_trunc('second', {first})))"


def _spark(first: str, last: str, unit: str) -> str:
    return f"datediff({last}, {first})" if unit == "day" else f"(unix_timestamp({last}) - unix_timestamp({first}))"


def _bigquery(first: str, last: str, unit: str) -> str:
    if unit == "day":
        return f"DATE_DIFF({last}, {first}, DAY)"
    return f"DATETIME_DIFF(CAST({last} AS DATETIME), CAST({first} AS DATETIME), SECOND)"


def _trino(first: str, last: str, unit: str) -> str:
    if unit == "day":
        return f"date_diff('day', {first}, {last})"
    return f"date_diff('second', date_trunc('second', {first}), date_trunc('second', {last}))"


_FORMS: Mapping[str, Callable[[str, str, str], str]] = {
    "duckdb": _duckdb, "postgresql": _postgresql, "hive": _spark, "spark": _spark, "databricks": _spark,
    "trino": _trino, "snowflake": _datediff, "redshift": _datediff, "mssql": _datediff, "bigquery": _bigquery,
}  # fmt: skip


@compiles(Between)
def _compiled(element: Between, compiler: SQLCompiler, **options: Any) -> str:
    name = compiler.dialect.name
    if name == "default":  # a statement that is only looked at, of no warehouse
        name = "postgresql"
    if name not in _FORMS:
        raise sa.exc.CompileError(f"How {name} counts the {element.unit}s between two columns is not known here.")
    first, last = (compiler.process(each, **options) for each in (element.first, element.last))
    return _FORMS[name](first, last, element.unit)
