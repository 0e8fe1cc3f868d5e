"""Calendar arithmetic of the grains: where periods start, end and nest.

Weeks are ISO weeks, from Monday. Quarters are those of the financial year, which starts on 1 April; their first
days are also those of calendar quarters. Days are dates of Europe/London; a date is never shifted.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from metrics.query.request import Grain

_MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.FINANCIAL_YEAR: 12}
_DAYS = {Grain.DAY: 1, Grain.WEEK: 7}

# Which longer periods each grain adds up to exactly.
NESTS: dict[Grain, tuple[Grain, ...]] = {
    Grain.DAY: tuple(Grain),
    Grain.WEEK: (Grain.WEEK,),
    Grain.MONTH: (Grain.MONTH, Grain.QUARTER, Grain.FINANCIAL_YEAR),
    Grain.QUARTER: (Grain.QUARTER, Grain.FINANCIAL_YEAR),
    Grain.FINANCIAL_YEAR: (Grain.FINANCIAL_YEAR,),
}


def start_of(day: date, grain: Grain) -> date:
    """Returns the first day of the period that holds the day."""
    match grain:
        case Grain.DAY:
            return day
        case Grain.WEEK:
            return day - timedelta(days=day.weekday())
        case Grain.MONTH:
            return day.replace(day=1)
        case Grain.QUARTER:
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case Grain.FINANCIAL_YEAR:
            return date(day.year if day.month >= 4 else day.year - 1, 4, 1)


def step(start: date, grain: Grain, count: int = 1) -> date:
    """Returns the first day of the period that comes `count` periods after the one starting on `start`."""
    if grain in _DAYS:
        return start + timedelta(days=_DAYS[grain] * count)
    months = start.year * 12 + start.month - 1 + _MONTHS[grain] * count
    return date(months // 12, months % 12 + 1, 1)


def end_of(start: date, grain: Grain) -> date:
    """Returns the last day of the period that starts on `start`."""
    return step(start, grain) - timedelta(days=1)


def sequence(first: date, last: date, grain: Grain) -> list[date]:
    """Returns the first days of all periods that overlap the days from `first` to `last`, in order."""
    starts = []
    start = start_of(first, grain)
    while start <= last:
        starts.append(start)
        start = step(start, grain)
    return starts


def start_column(column: str, grain: Grain) -> pl.Expr:
    """Returns the expression for the first day of the period that holds each date of the column."""
    day = pl.col(column)
    match grain:
        case Grain.DAY:
            return day
        case Grain.WEEK:
            return day.dt.truncate("1w")
        case Grain.MONTH:
            return day.dt.truncate("1mo")
        case Grain.QUARTER:
            return day.dt.truncate("1q")
        case Grain.FINANCIAL_YEAR:
            return day.dt.offset_by("-3mo").dt.truncate("1y").dt.offset_by("3mo")
