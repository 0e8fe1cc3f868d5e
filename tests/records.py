"""Rows of a trust's own records for tests: written as a feed writes them, into a copy of the simulated trust."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.changing import Changes, changing
from metrics.warehouse.tables.operational.flow import fact_alert, fact_ed_attendance, fact_spell

LONDON = ZoneInfo("Europe/London")


def rows_like(changes: Changes, table: sa.Table, rows: list[Mapping[str, Any]]) -> pl.DataFrame:
    """Returns rows of a table that are as one of those held, but for what is given."""
    pattern = changes.frame(sa.select(table).limit(1))
    return pl.concat(
        [
            pattern.with_columns(pl.lit(value, dtype=pattern.schema[name]).alias(name) for name, value in each.items())
            for each in rows
        ]
    )


def arrival(number: int, at: datetime, **others: Any) -> dict[str, Any]:
    """Returns who arrived at a UTC instant, was seen by nobody and is still there."""
    local = at.replace(tzinfo=UTC).astimezone(LONDON)
    never = dict.fromkeys(("handed_over_at", "seen_at", "decided_at", "departed_at", "disposal", "spell_id"))
    first = {"attendance_id": number, "site_code": "ZZ101", "arrival_mode": "other", "arrived_on": local.date()}
    return {**first, "arrived_at": at, **never, "changed_at": at, **others}


def arrive(url: str, *arrivals: Mapping[str, Any]) -> None:
    """Commits attendances."""
    with changing(url) as changes:
        changes.insert(fact_ed_attendance, rows_like(changes, fact_ed_attendance, list(arrivals)))


def admit(url: str, *spells: Mapping[str, Any]) -> None:
    """Commits spells of patients who are in hospital, each in the ward that it names."""
    never = dict.fromkeys(
        ("ready_on", "discharged_on", "discharged_at", "discharge_method", "los_nights", "delay_days")
    )
    rows = []
    for each in spells:
        at = each["admitted_at"]
        on = at.replace(tzinfo=UTC).astimezone(LONDON).date()
        rows.append({**never, "coded_at": None, "admitted_on": on, "changed_at": at, **each})
    with changing(url) as changes:
        changes.insert(fact_spell, rows_like(changes, fact_spell, rows))


def raise_alert(url: str, number: int, at: datetime, **others: Any) -> None:
    """Commits an alert that nobody has acknowledged."""
    local = at.replace(tzinfo=UTC).astimezone(LONDON)
    alert = {
        "alert_id": number, "site_code": "ZZ101", "alert_type": "crowding", "severity": "high",
        "raised_on": local.date(), "raised_at": at, "acknowledged_at": None, "changed_at": at,
    }  # fmt: skip
    with changing(url) as changes:
        changes.insert(fact_alert, rows_like(changes, fact_alert, [{**alert, **others}]))
