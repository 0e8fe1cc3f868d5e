"""A warehouse with a few operational rows, for tests that change them."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from metrics.warehouse.tables.operational import fingerprint, metadata
from metrics.warehouse.tables.operational.flow import fact_alert
from metrics.warehouse.tables.operational.provenance import meta_operational
from metrics.warehouse.writing import writing
from tests.warehouse.test_writing import LOAD, meta_load


def alerts(numbers: list[int], raised_at: datetime = datetime(2026, 7, 1, 12)) -> pl.DataFrame:  # noqa: DTZ001
    """Returns alerts raised at an instant."""
    count = len(numbers)
    return pl.DataFrame(
        {
            "alert_id": numbers, "site_code": ["ZZ101"] * count, "alert_type": ["crowding"] * count,
            "severity": ["high"] * count, "raised_on": [raised_at.date()] * count, "raised_at": [raised_at] * count,
            "acknowledged_at": pl.Series([None] * count, dtype=pl.Datetime("us")), "org_code": ["ZZ1"] * count,
            "changed_at": [raised_at] * count,
        }
    )  # fmt: skip


def begun(url: str, rows: pl.DataFrame) -> None:
    """Makes a warehouse whose operational tables hold these alerts and an empty log of changes."""
    with writing(url) as writer:
        writer.insert(meta_load, LOAD)
        metadata.create_all(writer.connection)
        writer.insert(fact_alert, rows)
        writer.insert(
            meta_operational,
            pl.DataFrame(
                {
                    "org_code": ["ZZ1"], "provenance": ["simulated"], "first_day": [date(2026, 7, 1)],
                    "last_day": [date(2026, 7, 1)], "rows": [rows.height],
                    "written_at": [datetime(2026, 7, 2)], "fingerprint": [fingerprint()],  # noqa: DTZ001
                }
            ),
        )  # fmt: skip
