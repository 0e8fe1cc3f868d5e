"""Days as a hospital has them: local hours, UTC instants, working days, season."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from metrics.warehouse.calendar import usual_bank_holidays
from sample_data.published.shipment import SHIPPED

Minutes = npt.NDArray[np.int32]

_ZONE: Final = ZoneInfo("Europe/London")
_EPOCH: Final = date(1970, 1, 1)
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Day:
    """One local day.

    Attributes:
        number: days since 1 January 1970.
        midnight: its first instant, in minutes UTC since 1970.
        length: its minutes: 1,440, on the days of a clock change 1,380 or 1,500.
        is_working: no weekend and no bank holiday.
        season: 1 in the middle of January, -1 in the middle of July.
    """

    date: dt.date
    number: int
    weekday: int
    midnight: int
    length: int
    is_bank_holiday: bool
    is_working: bool
    season: float

    @property
    def end(self) -> int:
        """Returns its last instant, which is the next day's first."""
        return self.midnight + self.length

    @property
    def is_month_end(self) -> bool:
        """Returns whether the next day begins a month."""
        return (self.date + timedelta(days=1)).day == 1

    @property
    def month(self) -> dt.date:
        """Returns the first day of its month."""
        return self.date.replace(day=1)

    @property
    def hours(self) -> tuple[int, ...]:
        """Returns the hour on the clock of each hour that passes: 1 twice in autumn, never in spring."""
        if self.length < 1440:
            return (0, *range(2, 24))
        return (0, 1, 1, *range(2, 24)) if self.length > 1440 else tuple(range(24))

    def instant(self, clock: npt.NDArray[np.int64] | int) -> Minutes:
        """Returns the instants (minutes UTC) at which the clock stands at so many minutes after 00:00."""
        at = np.asarray(clock, dtype=np.int64)
        return np.asarray(self.midnight + at + np.where(at >= 120, self.length - 1440, 0), dtype=np.int32)


@lru_cache(maxsize=4096)
def day_of(number: int) -> Day:
    """Returns the day by its number."""
    here = _EPOCH + timedelta(days=number)
    start, end = _midnight(here), _midnight(here + timedelta(days=1))
    holiday = here in _bank_holidays(here.year)
    angle = 2 * np.pi * (here.timetuple().tm_yday - 15) / 365.25
    return Day(
        here, number, here.weekday(), start, end - start, holiday,
        here.weekday() < _SATURDAY and not holiday, float(np.cos(angle)),
    )  # fmt: skip


def local_days(minutes: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Returns the number of the local day of each instant (minutes UTC)."""
    days = np.asarray(minutes, dtype=np.int64) // 1440
    if not len(days):
        return days
    # London is ahead of UTC or level with it: an instant is of its UTC day, or of the next.
    known = np.array([day_of(number + 1).midnight for number in range(int(days.min()), int(days.max()) + 1)])
    return np.asarray(days + (minutes >= known[days - days.min()]))


def number_of(day: date) -> int:
    """Returns the number of a day."""
    return (day - _EPOCH).days


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=_ZONE).astimezone(UTC).timestamp()) // 60


@lru_cache
def _bank_holidays(year: int) -> frozenset[date]:
    of_year = _published().filter(pl.col("day").dt.year() == year)["day"].to_list()
    return frozenset(of_year or usual_bank_holidays(year))


@lru_cache
def _published() -> pl.DataFrame:
    return pl.read_parquet(SHIPPED / "bank_holidays" / "dim_date.parquet").filter(pl.col("bank_holiday").is_not_null())
