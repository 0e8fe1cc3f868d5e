"""The shape that every fact table shares."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData()

LOAD_COLUMNS = ("load_id", "loaded_at", "source_file")


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
    sa.Index(f"ix_{name}_period_org", table.c.period, table.c.org_code)
    return table


def code(name: str, length: int = 40, *, nullable: bool = False) -> sa.Column[str]:
    """Returns a text column for a code or a category."""
    return sa.Column(name, sa.String(length), nullable=nullable)


def count(name: str) -> sa.Column[int]:
    """Returns a column of whole counts. Null means not reported, never zero."""
    return sa.Column(name, sa.BigInteger)


def amount(name: str) -> sa.Column[float]:
    """Returns a column of measured amounts. Null means not reported, never zero."""
    return sa.Column(name, sa.Double)
