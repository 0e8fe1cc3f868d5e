from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl

from metrics.query.request import Request
from metrics.query.result import Result, Status
from models.training import training_frame


def answer(*by: str) -> Result:
    statuses = [Status.FINAL, Status.FINAL, Status.MISSING, Status.NO_DATA, Status.PROVISIONAL, Status.INCOMPLETE]
    rows = [
        {
            "metric": metric,
            "period": date(2026, month, 1),
            "icb": "QOP",
            "organisation": code,
            "value": 100.0 * month,
            "status": status.value,
            "is_total": code is None,
        }
        for metric in ("ae_attendances", "discharges_daily")
        for code in ("R0A", "RM3", None)
        for month, status in enumerate(statuses, start=1)
    ]
    frame = pl.DataFrame(rows).select("metric", "period", *by, "value", "status", "is_total")
    if not by:
        frame = frame.filter(~pl.col("is_total")).unique(["metric", "period"])
    return Result(
        Request.of("ae_attendances", "discharges_daily", by=by), frame, {}, {}, (), (), "v1", datetime.now(UTC)
    )


def test_only_final_periods_train() -> None:
    frame = training_frame(answer("icb", "organisation"), "ae_attendances")
    assert frame.rows() == [
        ("QOP / R0A", date(2026, 1, 1), 100.0),
        ("QOP / R0A", date(2026, 2, 1), 200.0),
        ("QOP / RM3", date(2026, 1, 1), 100.0),
        ("QOP / RM3", date(2026, 2, 1), 200.0),
    ]


def test_without_dimensions_the_series_is_the_metric() -> None:
    frame = training_frame(answer(), "discharges_daily")
    assert frame.rows() == [
        ("discharges_daily", date(2026, 1, 1), 100.0),
        ("discharges_daily", date(2026, 2, 1), 200.0),
    ]
