"""Which earlier period a period is set against, and the words for both.

Months, quarters and financial years step by the calendar. Days keep their date, hours their local time in
Europe/London. Weeks keep their ISO number: years of 53 weeks would otherwise shift all that follow.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from metrics.catalogue.window import Window
from metrics.query.errors import QueryError
from metrics.query.periods import LONDON, midnight, step
from metrics.query.request import Against, Grain

_MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.FINANCIAL_YEAR: 12}
_MONTHS_IN_A_YEAR = 12
_FITTING = {
    Grain.WEEK: "whole weeks or years",
    Grain.MONTH: "whole months",
    Grain.QUARTER: "whole quarters",
    Grain.FINANCIAL_YEAR: "whole years",
    Grain.DAY: "days or longer",
}


@dataclass(frozen=True, slots=True)
class Earlier:
    """The first day (or hour) of the earlier period; and what is uneven about the pair, in words."""

    start: date
    said: str | None = None


def before(start: date, window: Window, grain: Grain) -> date:
    """Returns the start of the period that lies the window before the one that starts on `start`.

    The 29th to 31st fall on the last day of a shorter month. A week some years before has the same ISO number, or is
    the last of a year that lacks it. Days and longer before an hour keep the local time.

    Raises:
        QueryError: the window is no whole number of periods, such as 10 days before a month.
    """
    try:
        found = _before(start, window, grain)
    except (OverflowError, ValueError):
        raise QueryError(f"{window} before {named(start, grain)} lies before the calendar begins.") from None
    if found is None:
        period, fitting = grain.replace("_", " "), _FITTING[grain]
        raise QueryError(f"No {period} lies {window} before another: ask for {fitting}.")
    return found


def compared(start: date, to: Against | int, grain: Grain) -> Earlier:
    """Returns the period that the one starting on `start` is compared with; see `Comparison`.

    Raises:
        QueryError: the number of periods is not 1 or more, or reaches before the calendar.
    """
    count = 1 if to is Against.PREVIOUS else to
    if isinstance(count, int):
        if count < 1:
            raise QueryError(f"A comparison reaches 1 period back or more, not {count}.")
        try:
            return Earlier(step(start, grain, -count))
        except (OverflowError, ValueError):
            raise QueryError(f"{count} periods before {named(start, grain)} lies before the calendar begins.") from None
    found = before(start, Window(1, "year"), grain)
    return Earlier(found, _uneven(start, found, grain))


def named(start: date, grain: Grain) -> str:
    """Returns the period's name: 'March 2026', 'Q4 2025/26', 'FY 2025/26', 'week 53 of 2026', '14 March 2026'."""
    match grain:
        case Grain.HOUR:
            hour = start if isinstance(start, datetime) else midnight(start)
            return f"{hour:%H:%M} on {_day(hour)}{_of_two(hour)}"
        case Grain.DAY:
            return _day(start)
        case Grain.WEEK:
            year, week, _ = start.isocalendar()
            return f"week {week} of {year}"
        case Grain.MONTH:
            return f"{start:%B %Y}"
        case Grain.QUARTER:
            return f"Q{(start.month - 4) % 12 // 3 + 1} {_financial_year(start)}"
        case Grain.FINANCIAL_YEAR:
            return f"FY {_financial_year(start)}"


def days_named(first: date, last: date) -> str:
    """Returns the words for days in a row: '1 to 14 March 2026', '30 March to 2 April 2026'."""
    if first == last:
        return _day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {_day(last)}"
    if first.year == last.year:
        return f"{first.day} {first:%B} to {_day(last)}"
    return f"{_day(first)} to {_day(last)}"


def _before(start: date, window: Window, grain: Grain) -> date | None:  # noqa: PLR0911 - one return a grain
    if isinstance(start, datetime) or grain is Grain.HOUR:
        hour = start if isinstance(start, datetime) else midnight(start)
        if window.unit == "hour":
            return step(hour, Grain.HOUR, -window.count)
        return _same_time(hour, _day_before(hour.date(), window))
    if window.unit == "hour":
        return None
    if grain is Grain.DAY:
        return _day_before(start, window)
    if grain is Grain.WEEK:
        if window.days is not None:
            return None if window.days % 7 else start - timedelta(days=window.days)
        return _same_week(start, window.count) if window.unit == "year" else None
    months = window.months
    if months is None or months % _MONTHS[grain]:
        return None
    return step(start, grain, -months // _MONTHS[grain])


def _day_before(day: date, window: Window) -> date:
    if window.days is not None:
        return day - timedelta(days=window.days)
    months = day.year * _MONTHS_IN_A_YEAR + day.month - 1 - (window.months or 0)
    year, month = divmod(months, _MONTHS_IN_A_YEAR)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _same_week(start: date, years: int) -> date:
    year, week, _ = start.isocalendar()
    return date.fromisocalendar(year - years, min(week, weeks_of(year - years)), 1)


def weeks_of(iso_year: int) -> int:
    """Returns how many ISO weeks the year has, 52 or 53. The last holds 28 December."""
    return date(iso_year, 12, 28).isocalendar().week


def _same_time(hour: datetime, day: date) -> datetime:
    """Returns the hour of the same local time; where the clocks went forward over it, the hour that followed."""
    found = datetime(day.year, day.month, day.day, hour.hour, hour.minute, tzinfo=LONDON, fold=hour.fold)
    return step(found, Grain.HOUR, 0)  # type: ignore[return-value]  # through UTC, so that the time exists


def _uneven(start: date, found: date, grain: Grain) -> str | None:
    if grain is Grain.WEEK and start.isocalendar().week != found.isocalendar().week:
        return f"{found.isocalendar().year} had no week {start.isocalendar().week}"
    if grain is Grain.DAY and start.day != found.day:
        return f"{found.year} had no 29 February"
    if isinstance(start, datetime) and isinstance(found, datetime):
        if start.date().replace(year=found.year) != found.date():
            return f"{found.year} had no 29 February"
        if start.hour != found.hour:
            return f"the clocks went forward over {start:%H:%M} on {_day(found)}"
    return None


def _of_two(hour: datetime) -> str:
    """Returns which of two it is, of an hour that the clocks going back made happen twice."""
    twice = hour.replace(fold=0).utcoffset() != hour.replace(fold=1).utcoffset()
    return f" ({hour.tzname()})" if twice else ""


def _financial_year(day: date) -> str:
    year = day.year if day.month >= 4 else day.year - 1
    return f"{year}/{(year + 1) % 100:02}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
