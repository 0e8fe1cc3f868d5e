"""The three queries as an analyst with time to spare would write them in SQL.

Each answers `period` Date, `service` String, `missed`, `booked` and `value` (missed over booked).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from benchmarks.semantic.table import FIRST, LAST, YEAR


@dataclass(frozen=True, slots=True)
class Question:
    """One of the three queries: in words, its periods, the days asked for, and the SQL."""

    words: str
    grain: str
    first: date
    last: date
    sql: str


WEEKS = (date(2025, 3, 3), date(2025, 7, 20))


def _grouped(grain: str, condition: str = "") -> str:
    return f"""
        SELECT CAST(date_trunc('{grain}', appointment_date) AS DATE) AS period, service,
            sum(booked - attended) AS missed, sum(booked) AS booked,
            sum(booked - attended) / nullif(sum(booked), 0) AS value
        FROM appointments {condition}
        GROUP BY 1, 2
    """


def _between(first: date, last: date) -> str:
    return f"WHERE appointment_date BETWEEN DATE '{first}' AND DATE '{last}'"


# Days first, then windows: a window of 28 rows is one of 28 days only where no day is missing.
_ROLLING = f"""
    WITH daily AS (
        SELECT appointment_date AS period, service, sum(booked - attended) AS missed, sum(booked) AS booked
        FROM appointments
        WHERE appointment_date BETWEEN DATE '{YEAR[0]}' - 27 AND DATE '{YEAR[1]}'
        GROUP BY 1, 2
    ), days AS (
        SELECT CAST(d AS DATE) AS period
        FROM generate_series(DATE '{YEAR[0]}' - 27, DATE '{YEAR[1]}', INTERVAL 1 DAY) AS days(d)
    ), every AS (
        SELECT period, service, coalesce(missed, 0) AS missed, coalesce(booked, 0) AS booked
        FROM days CROSS JOIN (SELECT DISTINCT service FROM daily) LEFT JOIN daily USING (period, service)
    ), rolled AS (
        SELECT period, service, sum(missed) OVER days_28 AS missed, sum(booked) OVER days_28 AS booked
        FROM every
        WINDOW days_28 AS (PARTITION BY service ORDER BY period ROWS 27 PRECEDING)
    )
    SELECT *, missed / nullif(booked, 0) AS value FROM rolled WHERE period >= DATE '{YEAR[0]}'
"""

QUESTIONS = {
    "a": Question("DNA rate by service and month, all three years", "month", FIRST, LAST, _grouped("month")),
    "b": Question("DNA rate by service and week, 20 weeks of 2025", "week", *WEEKS, _grouped("week", _between(*WEEKS))),
    "c": Question("DNA rate of the last 28 days by service and day, 2025", "day", *YEAR, _ROLLING),
}


def answer(native: Any, question: Question) -> pl.DataFrame:
    """Returns the answer of a DuckDB connection."""
    frame = native.sql(question.sql).pl()
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - DuckDB is not typed
    return frame
