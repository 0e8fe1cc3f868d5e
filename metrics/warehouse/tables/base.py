"""The shape that every fact table shares."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData()

LOAD_COLUMNS = ("load_id", "loaded_at", "source_file")
_BAND_START = "weeks_from"


def fact_table(name: str, *columns: sa.Column[Any], info: dict[str, Any] | None = None) -> sa.Table:
    """Returns a fact table: `period`, `org_code`, the given columns, and where each row came from.

    `period` is the first day of the row's native period (day, month, quarter or year); `org_code` is
    the organisation code as published, valid in that period. `load_id` points to `meta_load`.
    """
    table = sa.Table(
        name,
        metadata,
        sa.Column("period", sa.Date, nullable=False),
        sa.Column("org_code", sa.String(12), nullable=False),
        *columns,
        sa.Column("load_id", sa.Integer, nullable=False),
        sa.Column("loaded_at", sa.DateTime, nullable=False, comment="UTC"),
        sa.Column("source_file", sa.String(200), nullable=False),
        info=info or {},
    )
    index: Any = sa.Index(f"ix_{name}_period_org", table.c.period, table.c.org_code)
    index.ddl_if(callable_=_gains_from_indexes)
    return table


def _gains_from_indexes(_ddl: Any, _target: Any, bind: sa.Connection, **_: Any) -> bool:
    return bind.dialect.name != "duckdb"  # scans columns; an index would only slow the loading


def code(name: str, length: int = 40, *, nullable: bool = False) -> sa.Column[str]:
    """Returns a text column for a code or a category."""
    return sa.Column(name, sa.String(length), nullable=nullable)


def count(name: str) -> sa.Column[int]:
    """Returns a column of whole counts. Null means not reported, never zero."""
    return sa.Column(name, sa.BigInteger)


def amount(name: str) -> sa.Column[float]:
    """Returns a column of measured amounts. Null means not reported, never zero."""
    return sa.Column(name, sa.Double)


def key_columns(table: sa.Table) -> tuple[str, ...]:
    """Returns the columns that no two rows of a fact table share: period, organisation, codes, band."""
    return tuple(
        column.name
        for column in table.columns
        if column.name not in LOAD_COLUMNS
        and (column.name in {"period", _BAND_START} or (isinstance(column.type, sa.String) and not column.nullable))
    )


def measure_columns(table: sa.Table) -> tuple[str, ...]:
    """Returns the columns of a fact table that hold numbers, key and load columns left out."""
    kept = set(key_columns(table)) | set(LOAD_COLUMNS)
    return tuple(
        column.name
        for column in table.columns
        if column.name not in kept and isinstance(column.type, sa.BigInteger | sa.Double)
    )


def is_fact(table: sa.Table) -> bool:
    """Returns whether the table is one that `fact_table` made."""
    return all(name in table.columns for name in ("period", "org_code", *LOAD_COLUMNS))
