"""What periods a series is given by, told by its own dates: days, weeks from any weekday, months by any one day."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from models.calendar import Frequency

_FEWEST = 3
_LATELY = 24
_WEEK = 7
_MONTH, _QUARTER, _YEAR = (28, 31), (88, 93), (364, 367)
_QUARTERLY, _YEARLY = 3, 12
_REMEDY = "Daily, weekly and monthly series are forecast: give it by one of these, or leave it out."


@dataclass(frozen=True, slots=True)
class Dated:
    """Series whose periods are known.

    Attributes:
        frame: as given, but with months dated by their first days.
        frequencies: of the series that are not refused.
        days: series to the day of the month that its months are dated by; 31 is the last. Series that are not here
            keep their dates.
        refused: series to the reason why their periods cannot be told or are not forecast.
    """

    frame: pl.DataFrame
    frequencies: Mapping[str, Frequency]
    days: Mapping[str, int]
    refused: Mapping[str, str]

    def groups(self) -> Iterator[tuple[Frequency, pl.DataFrame]]:
        """Yields frequencies and the rows of series that share them: weeks apart by the weekday they begin on."""
        known = self.frame.filter(pl.col("series").is_in(list(self.frequencies)))
        placed = known.with_columns(frequency=pl.col("series").replace_strict(dict(self.frequencies), default=None))
        weekday = pl.when(pl.col("frequency") == Frequency.WEEKLY.value).then(pl.col("date").dt.weekday())
        apart = placed.with_columns(weekday=weekday).partition_by("frequency", "weekday", maintain_order=True)
        for group in apart:
            yield Frequency(group["frequency"][0]), group.drop("frequency", "weekday")

    def from_first_days(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Returns a frame of these series with months dated by their first days."""
        if not self.days:
            return frame
        first = pl.col("date").dt.truncate("1mo")
        return frame.with_columns(
            date=pl.when(pl.col("series").cast(pl.String).is_in(list(self.days))).then(first).otherwise("date")
        )

    def as_given(self, frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
        """Returns a frame whose months, in the columns named, are dated as those of its series were given."""
        if not self.days:
            return frame
        day = pl.col("series").replace_strict(dict(self.days), default=1, return_dtype=pl.Int64)
        later = pl.duration(days=day - 1)
        return frame.with_columns(
            pl.min_horizontal(pl.col(name) + later, pl.col(name).dt.month_end()) for name in columns
        )


def dated(tidy: pl.DataFrame, asked: Frequency | None = None) -> Dated:
    """Returns the series with their frequencies, each told by its own dates.

    Months when each date is in a month of its own and all are on one day of it (the first, the 15th, the last); weeks
    when all are on one weekday; else days. A series with fewer than three dates has the frequency of most others.

    Args:
        tidy: columns `series` String, `date` Date and any others; no date twice in a series.
        asked: the frequency of all series; those whose dates contradict it are refused. None tells each by its dates.
    """
    length, at = pl.col("date").dt.month_end().dt.day(), pl.col("date").dt.day()
    about = (
        tidy.select("series", "date")
        .sort("series", "date")
        .group_by("series", maintain_order=True)
        .agg(
            dates=pl.len(),
            months=pl.col("date").dt.truncate("1mo").n_unique(),
            weekdays=pl.col("date").dt.weekday().n_unique(),
            day=pl.when((at == length).all()).then(31).otherwise(at.max()),
            on_day=((at == length).all() | (at == pl.min_horizontal(at.max(), length)).all()),
            gap=pl.col("date").diff().dt.total_days().tail(_LATELY).median(),
        )
    )
    regular = about.filter((pl.col("weekdays") == 1) | (pl.col("months") == pl.col("dates")))["series"]
    spaced = dict(tidy.filter(pl.col("series").is_in(regular.implode())).group_by("series").agg("date").iter_rows())
    frequencies: dict[str, Frequency] = {}
    days: dict[str, int] = {}
    refused: dict[str, str] = {}
    few = []
    for row in about.iter_rows(named=True):
        name = row["series"]
        is_monthly = row["months"] == row["dates"] and row["on_day"]
        if asked is None and row["dates"] < _FEWEST:
            few.append((name, row, is_monthly))
            continue
        found = _contradicts(asked, row, is_monthly) if asked is not None else _told(row, is_monthly, spaced)
        if isinstance(found, Frequency):
            frequencies[name] = found
            if found is Frequency.MONTHLY:
                days[name] = row["day"]
        else:
            refused[name] = found
    usual = Counter(frequencies.values()).most_common(1)
    for name, row, is_monthly in few:
        found = _contradicts(usual[0][0], row, is_monthly) if usual else Frequency.DAILY
        frequencies[name] = found if isinstance(found, Frequency) else Frequency.DAILY
        if frequencies[name] is Frequency.MONTHLY:
            days[name] = row["day"]
    told = Dated(tidy, frequencies, {name: day for name, day in days.items() if day > 1}, refused)
    return replace(told, frame=told.from_first_days(tidy))


def _told(row: Mapping[str, Any], is_monthly: bool, spaced: Mapping[str, list[date]]) -> Frequency | str:
    """The frequency that the dates of a series tell, or why it is not forecast."""
    lately = row["gap"]
    if is_monthly:
        apart = _step(spaced[row["series"]], months=True)
        named = {1: Frequency.MONTHLY, _QUARTERLY: "quarterly", _YEARLY: "yearly"}
        found = named.get(apart, f"given every {apart} months")
        return found if isinstance(found, Frequency) else f"It is {found}. {_REMEDY}"
    if row["weekdays"] == 1:
        apart = _step(spaced[row["series"]], months=False) // _WEEK
        return Frequency.WEEKLY if apart == 1 else f"It is given every {apart} weeks. {_REMEDY}"
    if row["months"] == row["dates"]:
        for (low, high), name in ((_QUARTER, "quarterly"), (_YEAR, "yearly")):
            if low <= lately <= high:
                return f"It is {name}. {_REMEDY}"
        if _MONTH[0] <= lately <= _MONTH[1]:
            return "Its dates are a month apart, but not on one day of the month. Date each month by its first day."
    if lately == _WEEK:
        return "Its dates are a week apart, but not on one weekday. Date each week by the day that it begins on."
    return Frequency.DAILY


def _step(dates: list[date], *, months: bool) -> int:
    """The greatest common divisor of the distances between dates, in months or days."""
    places = [12 * each.year + each.month if months else each.toordinal() for each in dates]
    return math.gcd(*(place - places[0] for place in places))


def _contradicts(asked: Frequency, row: Mapping[str, Any], is_monthly: bool) -> Frequency | str:
    """The frequency that was asked for, or how the dates of a series contradict it."""
    if asked is Frequency.WEEKLY and row["weekdays"] > 1:
        return (
            f"Its weeks are dated by {int(row['weekdays'])} different weekdays. "
            "Date each week by the day that it begins on."
        )
    if asked is Frequency.MONTHLY and not is_monthly:
        if row["months"] < row["dates"]:
            return "It has more than one date in a month. Add up to months first, each dated by its first day."
        return "Its months are dated by different days of the month. Date each month by its first day."
    return asked
