"""What to expect of each hour of a day, or of a whole day, from the same weekday of the weeks before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl

from models.calendar import bank_holidays

WEEKS: Final = 13
LEAST_WEEKS: Final = 8
LOW, HIGH = 0.1, 0.9
EXPECTED: Final = {
    "hour": pl.Int8(), "mean": pl.Float64(), "low": pl.Float64(), "high": pl.Float64(), "values": pl.Int32(),
}  # fmt: skip


def expected_by_hour(history: pl.DataFrame, day: date) -> pl.DataFrame:
    """Returns what is expected of each hour of the day.

    It is the mean of the same weekday and hour over the last 13 weeks before the day, bank holidays left out, and an
    interval that 80 of 100 such hours fall into: the 10th and 90th percentile, each at place p(n + 1) of the n
    values in order, where the next value is expected with just that probability (Hyndman and Fan 1996, type 6). Steps
    and trends within the 13 weeks are not followed.

    Args:
        history: `period` Datetime in local time, start of the hour; `value` Float64, null where nothing is known.
            Other weekdays, and the day itself and later, may be there and are not read.
        day: the day to say what is expected of.

    Returns:
        `hour` Int8 0 to 23, `mean`, `low`, `high` Float64, `values` Int32: how many there were. Hours with fewer than 8
        are left out. A bank holiday is like no other such weekday: nothing is expected of it.
    """
    known = history.select(
        pl.col("period").dt.date().alias("day"), pl.col("period").dt.hour().alias("hour"), pl.col("value")
    )
    return _expected(known, day)


def expected_of_day(history: pl.DataFrame, day: date) -> pl.DataFrame:
    """Returns what is expected of the whole day: one row as of `expected_by_hour` with `hour` 0, or none.

    Args:
        history: `period` Date, `value` Float64.
        day: the day to say what is expected of.
    """
    known = history.select(pl.col("period").alias("day"), pl.lit(0, pl.Int8).alias("hour"), pl.col("value"))
    return _expected(known, day)


def first_day_needed(day: date) -> date:
    """Returns the first day of history that is read for a day."""
    return day - timedelta(weeks=WEEKS)


def _expected(known: pl.DataFrame, day: date) -> pl.DataFrame:
    holidays = set(bank_holidays(day.year - 1, day.year)["date"])
    alike = [day - timedelta(weeks=back) for back in range(1, WEEKS + 1)]
    ordinary = [each for each in alike if each not in holidays]
    rows = known.filter(pl.col("day").is_in(ordinary)).drop_nulls("value") if day not in holidays else known.clear()
    return pl.DataFrame(list(_of_hours(rows)), schema=EXPECTED, orient="row")


def _of_hours(rows: pl.DataFrame) -> Iterator[tuple[int, float, float, float, int]]:
    for (hour,), held in sorted(rows.partition_by("hour", as_dict=True).items()):
        values = held["value"].to_numpy()
        if values.size >= LEAST_WEEKS:
            low, high = np.quantile(values, (LOW, HIGH), method="weibull")
            yield int(hour), float(values.mean()), float(low), float(high), int(values.size)
