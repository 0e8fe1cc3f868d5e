"""What the calendar says about a period: weekday, season, bank holidays and working days.

Regressors for daily, weekly and monthly demand. Bank holidays are data: a frame with a `date` column.
`bank_holidays` gives those of England and Wales; a caller elsewhere passes a table of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]

DAYS_IN_YEAR = 365.25
HOLIDAY_PENALTY = 0.02
"""Far less than that of other columns: a holiday comes once a year, and its effect must show after one or two."""
ANY_HOLIDAY_PENALTY = 0.005
"""Of what all bank holidays have in common, so that the first of its kind is forecast like those before it."""
OWN_HOLIDAY_PENALTY = 1.0
"""How strongly one holiday by name is held to what bank holidays have in common."""
ANNUAL_PENALTY = 5.0
_EVE = 0.5
_FIXED = {"25 December": (12, 25), "26 December": (12, 26), "1 January": (1, 1)}
_MONDAY, _FRIDAY, _SATURDAY, _SUNDAY = 0, 4, 5, 6

# Holidays of one year only, by proclamation: https://www.gov.uk/bank-holidays (Open Government Licence v3.0).
_EXTRA = {
    date(2002, 6, 3): "Golden Jubilee bank holiday",
    date(2011, 4, 29): "Royal wedding bank holiday",
    date(2012, 6, 5): "Diamond Jubilee bank holiday",
    date(2022, 6, 3): "Platinum Jubilee bank holiday",
    date(2022, 9, 19): "State Funeral of Queen Elizabeth II",
    date(2023, 5, 8): "Coronation of King Charles III",
}
_MOVED_EARLY_MAY = {1995: date(1995, 5, 8), 2020: date(2020, 5, 8)}
_MOVED_SPRING = {2002: date(2002, 6, 4), 2012: date(2012, 6, 4), 2022: date(2022, 6, 2)}


class Frequency(StrEnum):
    """How long the periods of a series are. A period is named by its first day."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Regressors:
    """Calendar regressors of consecutive periods.

    Attributes:
        names: one per column.
        matrix: periods by columns.
        penalty: how strongly each column is held towards nothing, in ridge units.
        annual: which columns need more than a year of history.
        rare: which columns mark single days, such as Christmas, that come once or a few times a year.
        replaced: how much of its weekday's effect a period loses: all of it on a bank holiday (periods).
    """

    names: tuple[str, ...]
    matrix: Floats
    penalty: Floats
    annual: NDArray[np.bool_]
    rare: NDArray[np.bool_]
    replaced: Floats


def easter_sunday(year: int) -> date:
    """Returns Easter Sunday of a Gregorian year (Meeus, Jones and Butcher's computation)."""
    golden, century, year_of_century = year % 19, year // 100, year % 100
    leap_centuries, century_rest = divmod(century, 4)
    moon_correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - moon_correction + 15) % 30
    leaps, rest = divmod(year_of_century, 4)
    to_sunday = (32 + 2 * century_rest + 2 * leaps - epact - rest) % 7
    late = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def bank_holidays(first_year: int, last_year: int) -> pl.DataFrame:
    """Returns the bank holidays of England and Wales, substitute days included, from 1978 on.

    Columns `date` Date, `title` String; in date order. Future years follow the standing rules, so an
    extra holiday that is proclaimed later is not in it.
    """
    days = [holiday for year in range(first_year, last_year + 1) for holiday in _holidays_of(year)]
    return pl.DataFrame(sorted(days), schema={"date": pl.Date, "title": pl.String}, orient="row")


def working_days(periods: Days, frequency: Frequency, holidays: pl.DataFrame) -> NDArray[np.int64]:
    """Returns the Mondays to Fridays that are no bank holiday, for each period (first days given)."""
    return np.busday_count(periods, period_ends(periods, frequency), holidays=_dates(holidays))


def days_in(periods: Days, frequency: Frequency) -> NDArray[np.int64]:
    """Returns the number of days of each period (first days given)."""
    return (period_ends(periods, frequency) - periods).astype(np.int64)


def period_ends(periods: Days, frequency: Frequency) -> Days:
    """Returns the first day after each period (first days given)."""
    match frequency:
        case Frequency.DAILY:
            return periods + np.timedelta64(1, "D")
        case Frequency.WEEKLY:
            return periods + np.timedelta64(7, "D")
        case Frequency.MONTHLY:
            return (periods.astype("datetime64[M]") + 1).astype("datetime64[D]")


def regressors(periods: Days, frequency: Frequency, holidays: pl.DataFrame) -> Regressors:
    """Returns the calendar regressors of the periods (first days given) at their frequency."""
    match frequency:
        case Frequency.DAILY:
            return _daily(periods, holidays)
        case Frequency.WEEKLY:
            return _weekly(periods, holidays)
        case Frequency.MONTHLY:
            return _monthly(periods, holidays)


def keeps(off: Days, month: int, day: int) -> bool:
    """Returns whether a table of holidays (its dates, ascending) has a day of the year as one.

    It does if it has most of those that are no weekend; one with weekends alone, if it has the day or one made up for
    it after. Days before its first holiday and after its last say nothing.
    """
    if not len(off):
        return False
    years = np.arange(off[0].astype("datetime64[Y]"), off[-1].astype("datetime64[Y]") + 1)
    dates = (years.astype("datetime64[M]") + (month - 1)).astype("datetime64[D]") + (day - 1)
    dates = dates[(dates >= off[0]) & (dates <= off[-1])]
    worked = (dates.astype(np.int64) + 3) % 7 < _SATURDAY
    if worked.any():
        return bool(np.isin(dates[worked], off).mean() > 0.5)
    return bool(np.isin(dates[:, None] + np.arange(4), off).any())


def _keeps_easter(off: Days) -> bool:
    """Whether Easter is special: as a holiday, or where Christmas is one and Easter Sunday needs no day off."""
    if not len(off):
        return False
    years = range(off[0].astype(object).year, off[-1].astype(object).year + 1)
    sundays = np.array([easter_sunday(year) for year in years], dtype="datetime64[D]")
    return keeps(off, 12, 25) or bool(np.isin(np.concatenate([sundays - 2, sundays + 1]), off).any())


def _holidays_of(year: int) -> list[tuple[date, str]]:
    easter = easter_sunday(year)
    found = [
        (easter - timedelta(days=2), "Good Friday"),
        (easter + timedelta(days=1), "Easter Monday"),
        (_MOVED_EARLY_MAY.get(year) or _monday_on_or_after(date(year, 5, 1)), "Early May bank holiday"),
        (_MOVED_SPRING.get(year) or _monday_on_or_after(date(year, 5, 25)), "Spring bank holiday"),
        (_monday_on_or_after(date(year, 8, 25)), "Summer bank holiday"),
        *((day, title) for day, title in _EXTRA.items() if day.year == year),
    ]
    taken: set[date] = set()
    # Boxing Day first: when Christmas Day is a Sunday, Boxing Day keeps its Monday and Christmas Day moves on.
    fixed = [
        (date(year, 1, 1), "New Year's Day"),
        (date(year, 12, 26), "Boxing Day"),
        (date(year, 12, 25), "Christmas Day"),
    ]
    if date(year, 12, 25).weekday() == _SATURDAY:
        fixed[1:] = fixed[:0:-1]
    for day, title in fixed:
        kept = day
        while kept.weekday() in (_SATURDAY, _SUNDAY) or kept in taken:
            kept += timedelta(days=1)
        taken.add(kept)
        found.append((kept, title if kept == day else f"{title} (substitute day)"))
    return found


def _monday_on_or_after(day: date) -> date:
    return day + timedelta(days=(_MONDAY - day.weekday()) % 7)


def _dates(holidays: pl.DataFrame) -> Days:
    return holidays["date"].unique().sort().to_numpy().astype("datetime64[D]")


def _annual_waves(moment: Floats, orders: int) -> tuple[list[str], list[Floats], list[float]]:
    """Names, columns and penalties of the harmonics of the year; higher ones are held more tightly."""
    names, columns, penalties = [], [], []
    for order in range(1, orders + 1):
        angle = 2 * np.pi * order * moment
        for name, wave in (("sine", np.sin(angle)), ("cosine", np.cos(angle))):
            names.append(f"year {name} {order}")
            columns.append(wave)
            penalties.append(2.0 * order)
    return names, columns, penalties


def _daily(days: Days, holidays: pl.DataFrame) -> Regressors:
    weekday = (days.astype(np.int64) + 3) % 7
    columns: dict[str, tuple[Floats, float, bool]] = {
        name: ((weekday == number).astype(float), 1.0, False)
        for number, name in enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"))
    }
    year_share = days.astype(np.int64) / DAYS_IN_YEAR
    names, waves, penalties = _annual_waves(year_share, 8)
    columns |= {n: (wave, ANNUAL_PENALTY * p, True) for n, wave, p in zip(names, waves, penalties, strict=True)}
    weekend = (weekday >= _SATURDAY).astype(float)
    for name, wave in zip(names[:4], waves[:4], strict=True):
        columns[f"weekend x {name}"] = (weekend * wave, 4.0 * ANNUAL_PENALTY, True)
    holiday_marks = _holiday_marks(days, holidays)
    off = _dates(holidays)
    whole = np.isin(days, off)
    # Where Christmas and New Year are holidays, they are so at a weekend too, when the day off is another.
    for name, (month, day) in _FIXED.items():
        if keeps(off, month, day):
            whole |= holiday_marks[name] & (weekday >= _SATURDAY)
    columns["any bank holiday"] = (whole.astype(float), ANY_HOLIDAY_PENALTY, False)
    for name, mark in holiday_marks.items():
        columns[name] = (mark.astype(float), HOLIDAY_PENALTY, False)
    named = _named_marks(days, holidays) | _first_days_back(days, holidays)
    for name, mark in named.items():
        columns[name] = (mark.astype(float), OWN_HOLIDAY_PENALTY, False)
    replaced = np.where(whole, 1.0, _EVE * holiday_marks["24 December"])
    return _gather(columns, frozenset({"any bank holiday", *holiday_marks, *named}), replaced)


def _named_marks(days: Days, holidays: pl.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Marks of bank holidays by name, for those that come back: what sets each apart from the others."""
    if "title" not in holidays.columns:
        return {}
    off = _dates(holidays)
    others = pl.Series(off[_holiday_marks(off, holidays)["other bank holiday"]]).cast(pl.Date)
    left = holidays.filter(pl.col("date").is_in(others.implode()))
    often = left["title"].value_counts().filter(pl.col("count") > 1)["title"].drop_nulls().sort()
    return {f"own: {title}": np.isin(days, _dates(left.filter(pl.col("title") == title))) for title in often}


def _first_days_back(days: Days, holidays: pl.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Marks of the working days that follow Christmas and New Year at once: what sets them apart from those after."""
    stamp = days - days.astype("datetime64[M]").astype("datetime64[D]") + 1
    month = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    off = _dates(holidays)
    working = ~np.isin(days, off)
    christmas, new_year = keeps(off, 12, 25) & working, keeps(off, 1, 1) & working
    return {
        "own: 27 December": (month == 12) & (stamp.astype(np.int64) == 27) & christmas,
        "own: 2 January": (month == 1) & (stamp.astype(np.int64) == 2) & new_year,
    }


def _holiday_marks(days: Days, holidays: pl.DataFrame) -> dict[str, NDArray[np.bool_]]:
    off = _dates(holidays)
    month_start = days.astype("datetime64[M]")
    month = month_start.astype(np.int64) % 12 + 1
    day = (days - month_start.astype("datetime64[D]")).astype(np.int64) + 1
    is_off = np.isin(days, off)
    # The days around a holiday are only special where it is one.
    kept = keeps(off, 12, 25)
    december, january = (month == 12) & kept, (month == 1) & keeps(off, 1, 1)
    fixed = {
        "20 to 23 December": december & (day >= 20) & (day <= 23),
        "24 December": december & (day == 24),
        "25 December": december & (day == 25),
        "26 December": december & (day == 26),
        "27 to 30 December": december & (day >= 27) & (day <= 30),
        "31 December": (month == 12) & (day == 31) & keeps(off, 1, 1),
        "1 January": january & (day == 1),
        "2 to 4 January": january & (day >= 2) & (day <= 4),
    }
    sundays = np.array(
        [easter_sunday(int(y)) for y in np.unique(days.astype("datetime64[Y]").astype(int) + 1970)],
        dtype="datetime64[D]",
    )
    easter = {
        "Good Friday": np.isin(days, sundays - 2) & is_off,
        "Easter weekend": np.isin(days, np.concatenate([sundays - 1, sundays])) & _keeps_easter(off),
        "Easter Monday": np.isin(days, sundays + 1) & is_off,
    }
    named = np.logical_or.reduce([*fixed.values(), *easter.values()])
    weekday = (days.astype(np.int64) + 3) % 7
    # The working day that a holiday on Tuesday or Thursday leaves beside the weekend.
    bridge = ((weekday == _MONDAY) & np.isin(days + 1, off)) | ((weekday == _FRIDAY) & np.isin(days - 1, off))
    bridge &= ~is_off & ~named
    first_back = ((month == 12) & (day == 27)) | ((month == 1) & (day == 2))
    return (
        fixed
        | easter
        | {
            "substitute day": is_off & (fixed["27 to 30 December"] | fixed["2 to 4 January"]),
            "other bank holiday": is_off & ~named,
            # Christmas Eve and New Year's Eve too where they are worked, and so is the day before Good Friday.
            "working day before a bank holiday": np.isin(days + 1, off) & ~is_off & ~bridge & (weekday < _SATURDAY),
            "weekend before a bank holiday": np.isin(days + 1, off) & ~is_off & ~named & (weekday >= _SATURDAY),
            "day after a bank holiday": np.isin(days - 1, off) & ~is_off & (~named | first_back) & ~bridge,
            "bridge day": bridge,
        }
    )


def _weekly(weeks: Days, holidays: pl.DataFrame) -> Regressors:
    names, waves, penalties = _annual_waves((weeks.astype(np.int64) + 3) / DAYS_IN_YEAR, 6)
    columns: dict[str, tuple[Floats, float, bool]] = {"level": (np.ones(len(weeks)), 0.01, False)}
    columns |= {n: (wave, p, True) for n, wave, p in zip(names, waves, penalties, strict=True)}
    each_day = weeks[:, None] + np.arange(7)
    marks = _holiday_marks(each_day.ravel(), holidays)
    for name, mark in marks.items():
        columns[name] = (mark.reshape(-1, 7).sum(axis=1).astype(float), 1.0, False)
    return _gather(columns)


def _monthly(months: Days, holidays: pl.DataFrame) -> Regressors:
    number = months.astype("datetime64[M]").astype(np.int64) % 12
    names, waves, penalties = _annual_waves(number / 12, 6)
    columns: dict[str, tuple[Floats, float, bool]] = {"level": (np.ones(len(months)), 0.01, False)}
    # The sixth sine is nought in every month.
    columns |= {
        n: (wave, p / 4, True) for n, wave, p in zip(names, waves, penalties, strict=True) if n != "year sine 6"
    }
    days = days_in(months, Frequency.MONTHLY)
    columns["working days"] = (working_days(months, Frequency.MONTHLY, holidays) / days - 0.69, 0.02, False)
    sundays = np.array(
        [easter_sunday(int(y)) for y in np.unique(months.astype("datetime64[Y]").astype(int) + 1970)],
        dtype="datetime64[D]",
    )
    long_weekends = (sundays[:, None] + np.array([-2, -1, 0, 1])).ravel().astype("datetime64[M]")
    in_month = (months.astype("datetime64[M]")[:, None] == long_weekends).sum(axis=1)
    columns["Easter days"] = (in_month / 4 * _keeps_easter(_dates(holidays)), 1.0, True)
    return _gather(columns)


def _gather(
    columns: dict[str, tuple[Floats, float, bool]], rare: frozenset[str] = frozenset(), replaced: Floats | None = None
) -> Regressors:
    length = len(next(iter(columns.values()))[0])
    return Regressors(
        names=tuple(columns),
        matrix=np.column_stack([column for column, _, _ in columns.values()]),
        penalty=np.array([penalty for _, penalty, _ in columns.values()]),
        annual=np.array([annual for _, _, annual in columns.values()]),
        rare=np.array([name in rare for name in columns]),
        replaced=np.zeros(length) if replaced is None else replaced,
    )
