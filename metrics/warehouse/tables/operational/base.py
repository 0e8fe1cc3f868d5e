"""The shape that every table of the operational warehouse shares, and where its tables are kept together."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData()


def fact(name: str, *columns: sa.Column[Any], comment: str) -> sa.Table:
    """Returns a fact of the trust's own systems: the given columns, `org_code` and `changed_at`.

    Columns named `*_at` are instants in UTC without zone, those named `*_on` local days, `period` the local day or the
    first day of the month that a snapshot or a monthly figure is of. `changed_at` is the last change of the row: who
    holds all changes up to an instant asks for the rows after it.
    """
    table = sa.Table(
        name,
        metadata,
        *columns,
        sa.Column("org_code", sa.String(12), nullable=False, comment="of the trust"),
        sa.Column("changed_at", sa.DateTime, nullable=False, comment="UTC; last change of the row, never null"),
        comment=comment,
    )
    index: Any = sa.Index(f"ix_{name}_changed", table.c.changed_at)
    index.ddl_if(callable_=_gains_from_indexes)
    return table


def _gains_from_indexes(_ddl: Any, _target: Any, bind: sa.Connection, **_: Any) -> bool:
    return bind.dialect.name != "duckdb"  # scans columns; an index would only slow the loading


def key(name: str, comment: str | None = None) -> sa.Column[int]:
    """Returns the column of a record's own number, its primary key."""
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False, comment=comment)


def key_code(name: str, length: int = 12, comment: str | None = None) -> sa.Column[str]:
    """Returns a text column that is part of the primary key."""
    return sa.Column(name, sa.String(length), primary_key=True, comment=comment)


def key_small(name: str, comment: str | None = None) -> sa.Column[int]:
    """Returns a column of small whole numbers that is part of the primary key."""
    return sa.Column(name, sa.SmallInteger, primary_key=True, autoincrement=False, comment=comment)


def period(comment: str) -> sa.Column[Any]:
    """Returns the column `period`, part of the primary key of snapshots and monthly figures."""
    return sa.Column("period", sa.Date, primary_key=True, comment=comment)


def reference(name: str, comment: str | None = None, *, nullable: bool = True) -> sa.Column[int]:
    """Returns a column that names another record, or a patient, by number."""
    return sa.Column(name, sa.BigInteger, nullable=nullable, comment=comment)


def patient() -> sa.Column[int]:
    """Returns the pseudonym of a patient: the same person has the same one in every table."""
    return reference("patient_id", "pseudonym; the same person in every table", nullable=False)


def code(name: str, length: int = 12, comment: str | None = None, *, nullable: bool = False) -> sa.Column[str]:
    """Returns a text column for a code or a category."""
    return sa.Column(name, sa.String(length), nullable=nullable, comment=comment)


def site() -> sa.Column[str]:
    """Returns the column of the site, as in `dim_site`."""
    return code("site_code", 10, "dim_site")


def service() -> sa.Column[str]:
    """Returns the column of the treatment function, as in `dim_service`."""
    return code("service_code", 10, "treatment function code, dim_service")


def instant(name: str, comment: str | None = None, *, nullable: bool = True) -> sa.Column[Any]:
    """Returns a column of instants in UTC; null: has not happened."""
    return sa.Column(name, sa.DateTime, nullable=nullable, comment=comment or "UTC")


def day(name: str, comment: str | None = None, *, nullable: bool = True) -> sa.Column[Any]:
    """Returns a column of local days (Europe/London); null: has not happened."""
    return sa.Column(name, sa.Date, nullable=nullable, comment=comment)


def small(name: str, comment: str | None = None, *, nullable: bool = True) -> sa.Column[int]:
    """Returns a column of small whole numbers: ages, ranks, nights."""
    return sa.Column(name, sa.SmallInteger, nullable=nullable, comment=comment)


def count(name: str, comment: str | None = None, *, nullable: bool = False) -> sa.Column[int]:
    """Returns a column of counts."""
    return sa.Column(name, sa.Integer, nullable=nullable, comment=comment)


def amount(name: str, comment: str | None = None, *, nullable: bool = False) -> sa.Column[float]:
    """Returns a column of measured amounts."""
    return sa.Column(name, sa.Double, nullable=nullable, comment=comment)


def flag(name: str, comment: str | None = None, *, nullable: bool = False) -> sa.Column[bool]:
    """Returns a column of yes or no."""
    return sa.Column(name, sa.Boolean, nullable=nullable, comment=comment)


def quintile() -> sa.Column[int]:
    """Returns the column of the patient's deprivation quintile."""
    return small("deprivation_quintile", "of the patient's home: 1 most deprived, 5 least", nullable=False)


def age() -> sa.Column[int]:
    """Returns the column of the patient's age at the event."""
    return small("age", "whole years at the event", nullable=False)
