"""Past days that are like one to come: what a planner remembers when asked what such a day is like."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import polars as pl

from models.holidays import holidays_of

_YEAR: Final = 365.25
_AGE_WEIGHT: Final = 0.05
_MOST: Final = 5


def comparable_days(history: pl.DataFrame, day: date, *, country: str = "GB", most: int = _MOST) -> pl.DataFrame:
    """Returns past days most like a day to come: of its kind, near its time of the year, and not long ago.

    A bank holiday is like others of its name, else like any; the day after or before one like such days; any other day
    is like days of its weekday that are none of these. Of those the nearest are taken: a day's distance in the time of
    the year counts as much as twenty in age, so that the last weeks and the same weeks of last year are both there.

    Args:
        history: `date` Date, `value` Float64 of past days.
        day: the day to come.
        country: whose bank holidays, one of `models.holidays.COUNTRIES`.
        most: how many days.

    Returns:
        `date` Date, `value` Float64, `why` String ('bank holiday: Boxing Day', 'day after a bank holiday', 'Tuesday'),
        newest first; empty without any such day.
    """
    known = history.drop_nulls("value").filter(pl.col("date") < day).select("date", "value")
    if known.is_empty():
        return known.with_columns(why=pl.lit("", pl.String))
    first: date = known["date"].min()  # type: ignore[assignment]
    off = holidays_of(country, first.year - 1, day.year + 1).select("date", title=pl.col("title").fill_null(""))
    named = dict(off.iter_rows())
    kinds = pl.Series("kind", [_kind(each, named) for each in known["date"]], dtype=pl.String)
    wanted = _kind(day, named)
    like = known.with_columns(why=kinds).filter(pl.col("why") == wanted)
    if like.is_empty() and wanted.startswith(_HOLIDAY):
        like = known.with_columns(why=kinds).filter(pl.col("why").str.starts_with(_HOLIDAY))
    age = (pl.lit(day) - pl.col("date")).dt.total_days().cast(pl.Float64)
    season = ((age + _YEAR / 2) % _YEAR - _YEAR / 2).abs()
    return (
        like.with_columns(far=season + _AGE_WEIGHT * age)
        .sort("far", "date", descending=[False, True])
        .head(most)
        .drop("far")
        .sort("date", descending=True)
    )


_HOLIDAY: Final = "bank holiday"


def _kind(day: date, named: dict[date, str]) -> str:
    if day in named:
        return f"{_HOLIDAY}: {named[day]}" if named[day] else _HOLIDAY
    if day - timedelta(days=1) in named:
        return f"day after a {_HOLIDAY}"
    if day + timedelta(days=1) in named:
        return f"day before a {_HOLIDAY}"
    return f"{day:%A}"
