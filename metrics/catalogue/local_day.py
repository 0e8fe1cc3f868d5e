"""Columns of instants as days, as SQL: the local calendar date of a UTC timestamp, in every dialect.

The column holds UTC as a timestamp without a zone. The zone is part of the SQL text, never a parameter: a database
that is sent parameters could not tell that the expression it groups by is the one it selects.

Each form is the documented one of its database (PostgreSQL and DuckDB `timezone`, Spark `from_utc_timestamp`,
Snowflake and Redshift `CONVERT_TIMEZONE`, BigQuery `DATE`, Trino `with_timezone`, SQL Server `AT TIME ZONE`).
Spark's sessions must be in UTC, as theirs decides what a timestamp reads as.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

LONDON = "Europe/London"
# SQL Server goes by the names of Windows. Others are added from Unicode's windowsZones table as they are needed.
_WINDOWS = {"Europe/London": "GMT Standard Time", "UTC": "UTC"}
# Never behind UTC, and never more than an hour ahead: only the last UTC hour of a day can be of another date.
_AT_MOST_AN_HOUR_AHEAD = frozenset({LONDON})


class LocalDate(sa.ColumnElement[date]):
    """The calendar date in a zone of a UTC timestamp. Made by `local_date`."""

    type = sa.Date()
    _traverse_internals = [("column", InternalTraversal.dp_clauseelement), ("zone", InternalTraversal.dp_string)]  # noqa: RUF012 - as SQLAlchemy declares it

    def __init__(self, column: sa.ColumnElement[datetime], zone: str) -> None:
        self.column = operand(column)
        self.zone = zone

    @property
    def _from_objects(self) -> list[sa.FromClause]:
        return self.column._from_objects  # noqa: SLF001 - how an element says which tables it reads


def local_date(column: sa.ColumnElement[datetime], zone: str = LONDON) -> LocalDate:
    """Returns the calendar date in the zone of a timestamp column that holds UTC; null stays null.

    Raises:
        ValueError: the zone is none of the IANA names, or the column is of timestamps that carry a zone.
    """
    if zone not in _zones():
        raise ValueError(f"'{zone}' is no time zone; write an IANA name such as {LONDON}.")
    without_zone(column)
    return LocalDate(column, ZoneInfo(zone).key)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # reads a folder of hundreds of files


def operand(column: sa.ColumnElement[datetime]) -> sa.ColumnElement[datetime]:
    """Returns the column as it stands within a function."""
    return column.self_group(against=operators.getitem)  # binds tightest: whatever is no name gets its brackets


def without_zone(column: sa.ColumnElement[datetime]) -> None:
    """Checks that a column of timestamps carries no zone.

    Raises:
        ValueError: it does.
    """
    if getattr(column.type, "timezone", False):
        raise ValueError(f"{column} is of timestamps that carry a zone; convert it to a timestamp in UTC without one.")


def _duckdb_date(column: str, zone: str) -> str:
    converted = f"CAST(timezone('{zone}', timezone('UTC', {column})) AS DATE)"
    if zone not in _AT_MOST_AN_HOUR_AHEAD:
        return converted
    # Converting is slow (ICU): this asks for it in one hour of the day.
    return f"CASE WHEN hour({column}) = 23 THEN {converted} ELSE CAST({column} AS DATE) END"


def _spark_date(column: str, zone: str) -> str:
    return f"CAST(from_utc_timestamp({column}, '{zone}') AS DATE)"


def _convert_timezone_date(column: str, zone: str) -> str:
    return f"CAST(CONVERT_TIMEZONE('UTC', '{zone}', {column}) AS DATE)"


def _sql_server_date(column: str, zone: str) -> str:
    if zone not in _WINDOWS:
        raise sa.exc.CompileError(f"SQL Server's name of the time zone {zone} is not known here.")
    return f"CAST({column} AT TIME ZONE 'UTC' AT TIME ZONE '{_WINDOWS[zone]}' AS DATE)"


_DATES: Mapping[str, Callable[[str, str], str]] = {
    "duckdb": _duckdb_date,
    "postgresql": lambda column, zone: f"CAST(timezone('{zone}', timezone('UTC', {column})) AS DATE)",
    "hive": _spark_date,
    "spark": _spark_date,
    "databricks": _spark_date,
    "snowflake": _convert_timezone_date,
    "redshift": _convert_timezone_date,
    "bigquery": lambda column, zone: f"DATE(TIMESTAMP({column}, 'UTC'), '{zone}')",
    "trino": lambda column, zone: f"CAST(with_timezone({column}, 'UTC') AT TIME ZONE '{zone}' AS DATE)",
    "mssql": _sql_server_date,
}


@compiles(LocalDate)
def _render_date(element: LocalDate, compiler: SQLCompiler, **options: object) -> str:
    name = compiler.dialect.name
    if name not in _DATES:
        raise unknown_dialect(name)
    return _DATES[name](compiler.process(element.column, **options), element.zone)


def unknown_dialect(name: str) -> sa.exc.CompileError:
    """Returns what is said of a dialect whose instants are not known here."""
    return sa.exc.CompileError(
        f"How {name} converts timestamps between zones is not known here; known are {', '.join(sorted(_DATES))}."
    )
