"""Calendar arithmetic of the grains: where periods start, end and nest.

Hours are instants, shown in Europe/London: a day has 23 or 25 of them when the clocks change. Weeks are ISO weeks, from
Monday. Quarters are those of the financial year, which starts on 1 April; their first days are also those of calendar
quarters. Days are dates of Europe/London; a date is never shifted.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from metrics.query.request import Grain

_MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.FINANCIAL_YEAR: 12}
_DAYS = {Grain.DAY: 1, Grain.WEEK: 7}
LONDON = ZoneInfo("Europe/London")
HOURS = pl.Datetime("us", "Europe/London")

# Which longer periods each grain adds up to exactly.
NESTS: dict[Grain, tuple[Grain, ...]] = {
    Grain.HOUR: tuple(Grain),
    Grain.DAY: tuple(grain for grain in Grain if grain is not Grain.HOUR),
    Grain.WEEK: (Grain.WEEK,),
    Grain.MONTH: (Grain.MONTH, Grain.QUARTER, Grain.FINANCIAL_YEAR),
    Grain.QUARTER: (Grain.QUARTER, Grain.FINANCIAL_YEAR),
    Grain.FINANCIAL_YEAR: (Grain.FINANCIAL_YEAR,),
}


def kind_of(grain: Grain) -> pl.DataType:
    """Returns the type of a column of periods."""
    return HOURS if grain is Grain.HOUR else pl.Date()


def midnight(day: date) -> datetime:
    """Returns the instant at which the day begins in Europe/London."""
    return datetime.combine(day, time(), LONDON)


def day_of(period: date) -> date:
    """Returns the day of an hour, or the day itself."""
    return period.date() if isinstance(period, datetime) else period


def start_of(day: date, grain: Grain) -> date:
    """Returns the first day (or the first hour of the day) of the period that holds the day."""
    if grain is Grain.HOUR:
        return day if isinstance(day, datetime) else midnight(day)
    day = day_of(day)
    match grain:
        case Grain.DAY:
            return day
        case Grain.WEEK:
            return day - timedelta(days=day.weekday())
        case Grain.MONTH:
            return day.replace(day=1)
        case Grain.QUARTER:
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case _:
            return date(day.year if day.month >= 4 else day.year - 1, 4, 1)


def step(start: date, grain: Grain, count: int = 1) -> date:
    """Returns the first day of the period that comes `count` periods after the one starting on `start`."""
    if isinstance(start, datetime):
        return (start.astimezone(UTC) + timedelta(hours=count)).astimezone(LONDON)
    if grain in _DAYS:
        return start + timedelta(days=_DAYS[grain] * count)
    months = start.year * 12 + start.month - 1 + _MONTHS[grain] * count
    return date(months // 12, months % 12 + 1, 1)


def end_of(start: date, grain: Grain) -> date:
    """Returns the last day of the period that starts on `start`; of an hour, its day."""
    if grain is Grain.HOUR:
        return day_of(start)
    return step(start, grain) - timedelta(days=1)


def sequence(first: date, last: date, grain: Grain) -> list[date]:
    """Returns the first days of all periods that overlap the days from `first` to `last`, in order."""
    if grain is Grain.HOUR:
        return hours(day_of(first), day_of(last))
    starts = []
    start = start_of(first, grain)
    while start <= last:
        starts.append(start)
        start = step(start, grain)
    return starts


def hours(first: date, last: date) -> list[date]:
    """Returns the start of every hour of the days from `first` to `last`, as Datetime of Europe/London."""
    start, end = midnight(first).astimezone(UTC), midnight(last + timedelta(days=1)).astimezone(UTC)
    count = int((end - start) / timedelta(hours=1))
    return [(start + timedelta(hours=each)).astimezone(LONDON) for each in range(count)]


def hour_column(first: date, last: date) -> pl.Series:
    """Returns the hours of `hours` as a column: of years of them, faster."""
    start, end = midnight(first).astimezone(UTC), midnight(last + timedelta(days=1)).astimezone(UTC)
    made = pl.datetime_range(start, end, "1h", closed="left", time_unit="us", time_zone="UTC", eager=True)
    return made.dt.convert_time_zone("Europe/London").cast(HOURS)


def start_column(column: str, grain: Grain) -> pl.Expr:
    """Returns the expression for the first day of the period that holds each date (or hour) of the column."""
    if grain is Grain.HOUR:
        return pl.col(column)
    day = pl.col(column).dt.date()
    match grain:
        case Grain.DAY:
            return day
        case Grain.WEEK:
            return day.dt.truncate("1w")
        case Grain.MONTH:
            return day.dt.truncate("1mo")
        case Grain.QUARTER:
            return day.dt.truncate("1q")
        case _:
            return day.dt.offset_by("-3mo").dt.truncate("1y").dt.offset_by("3mo")
