"""Public holidays by country, as rules: fixed days, days from Easter, and such as the fourth Thursday of November.

National holidays only: a region's own days, and days of other calendars (Eid, Diwali, Chinese New Year), are given
by the caller as a table. Sources: the acts and government pages of each country, as they stand in 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from models.calendar import bank_holidays, easter_sunday

_SATURDAY, _SUNDAY = 5, 6
_FIRST_YEAR = 1978
SCHEMA = {"date": pl.Date, "title": pl.String}


class UnknownCountryError(ValueError):
    """A country whose holidays are not known here. Says which are, and what to do instead."""


@dataclass(frozen=True, slots=True)
class _Rules:
    """A country's holidays.

    Attributes:
        fixed: month, day, title.
        easter: days from Easter Sunday, title.
        nth: month, weekday (0 is Monday), which of them (-1 is the last), title.
        observed: when the day off is, for a fixed day at a weekend. A day off that is another holiday's moves on.
        since: titles to the first year in which they were kept.
        moved_since: titles to the first year in which there was a day off for a weekend.
        before: month, day, weekday, title: the last such weekday before the day.
        once: days of one year, or of years that an act lists.
    """

    fixed: tuple[tuple[int, int, str], ...]
    easter: tuple[tuple[int, str], ...] = ()
    nth: tuple[tuple[int, int, int, str], ...] = ()
    observed: Callable[[date], date] | None = None
    since: tuple[tuple[str, int], ...] = ()
    moved_since: tuple[tuple[str, int], ...] = ()
    before: tuple[tuple[int, int, int, str], ...] = ()
    once: tuple[tuple[date, str], ...] = ()


def _nearest(day: date) -> date:
    """Saturday's holiday on Friday, Sunday's on Monday."""
    return day + timedelta(days={_SATURDAY: -1, _SUNDAY: 1}.get(day.weekday(), 0))


def _next_monday(day: date) -> date:
    return day + timedelta(days={_SATURDAY: 2, _SUNDAY: 1}.get(day.weekday(), 0))


_NEW_YEAR, _CHRISTMAS, _SECOND = (1, 1, "New Year's Day"), (12, 25, "Christmas Day"), (12, 26, "26 December")
_GOOD_FRIDAY, _EASTER_MONDAY = (-2, "Good Friday"), (1, "Easter Monday")
_ASCENSION, _WHIT_MONDAY = (39, "Ascension Day"), (50, "Whit Monday")
_LABOUR, _ALL_SAINTS, _ASSUMPTION = (5, 1, "Labour Day"), (11, 1, "All Saints' Day"), (8, 15, "Assumption")

# Te Kahui o Matariki Public Holiday Act 2022, schedule 1: month and day of each year from 2022 on.
_MATARIKI = tuple(
    (date(2022 + number, *divmod(code, 100)), "Matariki")
    for number, code in enumerate((
        624, 714, 628, 620, 710, 625, 714, 706, 621, 711, 702, 624, 707, 629, 718, 710, 625, 715, 706, 719, 711, 703,
        624, 707, 629, 719, 703, 625, 715, 630, 621,
    ))
)  # fmt: skip

_COUNTRIES = {
    "US": _Rules(
        (_NEW_YEAR, (6, 19, "Juneteenth"), (7, 4, "Independence Day"), (11, 11, "Veterans Day"), _CHRISTMAS),
        nth=(
            (1, 0, 3, "Martin Luther King Jr. Day"),
            (2, 0, 3, "Washington's Birthday"),
            (5, 0, -1, "Memorial Day"),
            (9, 0, 1, "Labor Day"),
            (10, 0, 2, "Columbus Day"),
            (11, 3, 4, "Thanksgiving"),
        ),
        observed=_nearest,
        since=(("Juneteenth", 2021), ("Martin Luther King Jr. Day", 1986)),
    ),
    "IE": _Rules(
        (_NEW_YEAR, (3, 17, "Saint Patrick's Day"), _CHRISTMAS, _SECOND),
        (_EASTER_MONDAY,),
        (
            (2, 0, 1, "Saint Brigid's Day"),
            (5, 0, 1, "May Day"),
            (6, 0, 1, "June Holiday"),
            (8, 0, 1, "August Holiday"),
            (10, 0, -1, "October Holiday"),
        ),
        since=(("Saint Brigid's Day", 2023),),
    ),
    "CA": _Rules(
        (
            _NEW_YEAR,
            (7, 1, "Canada Day"),
            (9, 30, "National Day for Truth and Reconciliation"),
            (11, 11, "Remembrance Day"),
            _CHRISTMAS,
            _SECOND,
        ),
        (_GOOD_FRIDAY,),
        ((9, 0, 1, "Labour Day"), (10, 0, 2, "Thanksgiving")),
        observed=_next_monday,
        since=(("National Day for Truth and Reconciliation", 2021),),
        before=((5, 25, 0, "Victoria Day"),),
    ),
    "AU": _Rules(
        (_NEW_YEAR, (1, 26, "Australia Day"), (4, 25, "Anzac Day"), _CHRISTMAS, _SECOND),
        (_GOOD_FRIDAY, (-1, "Easter Saturday"), _EASTER_MONDAY),
        observed=_next_monday,
        once=((date(2022, 9, 22), "National Day of Mourning"),),
    ),
    "NZ": _Rules(
        (_NEW_YEAR, (1, 2, "2 January"), (2, 6, "Waitangi Day"), (4, 25, "Anzac Day"), _CHRISTMAS, _SECOND),
        (_GOOD_FRIDAY, _EASTER_MONDAY),
        ((6, 0, 1, "King's Birthday"), (10, 0, 4, "Labour Day")),
        observed=_next_monday,
        moved_since=(("Waitangi Day", 2014), ("Anzac Day", 2014)),
        once=(*_MATARIKI, (date(2022, 9, 26), "Queen Elizabeth II Memorial Day")),
    ),
    "FR": _Rules(
        (
            _NEW_YEAR,
            _LABOUR,
            (5, 8, "Victory Day"),
            (7, 14, "Bastille Day"),
            _ASSUMPTION,
            _ALL_SAINTS,
            (11, 11, "Armistice Day"),
            _CHRISTMAS,
        ),
        (_EASTER_MONDAY, _ASCENSION, _WHIT_MONDAY),
    ),
    "DE": _Rules(
        (_NEW_YEAR, _LABOUR, (10, 3, "German Unity Day"), _CHRISTMAS, _SECOND),
        (_GOOD_FRIDAY, _EASTER_MONDAY, _ASCENSION, _WHIT_MONDAY),
    ),
    "NL": _Rules(
        (_NEW_YEAR, (4, 27, "King's Day"), _CHRISTMAS, _SECOND),
        ((0, "Easter Sunday"), _EASTER_MONDAY, _ASCENSION, _WHIT_MONDAY),
    ),
    "ES": _Rules(
        (
            _NEW_YEAR,
            (1, 6, "Epiphany"),
            _LABOUR,
            _ASSUMPTION,
            (10, 12, "National Day"),
            _ALL_SAINTS,
            (12, 6, "Constitution Day"),
            (12, 8, "Immaculate Conception"),
            _CHRISTMAS,
        ),
        (_GOOD_FRIDAY,),
    ),
    "IT": _Rules(
        (
            _NEW_YEAR,
            (1, 6, "Epiphany"),
            (4, 25, "Liberation Day"),
            _LABOUR,
            (6, 2, "Republic Day"),
            _ASSUMPTION,
            _ALL_SAINTS,
            (12, 8, "Immaculate Conception"),
            _CHRISTMAS,
            _SECOND,
        ),
        (_EASTER_MONDAY,),
    ),
}
_UNITED_KINGDOM = {"GB": "England and Wales", "GB-SCT": "Scotland", "GB-NIR": "Northern Ireland"}
COUNTRIES = (*_UNITED_KINGDOM, *_COUNTRIES, "NONE")
"""Codes that `holidays_of` knows. GB is England and Wales; NONE has no holidays."""


def holidays_of(country: str, first_year: int, last_year: int) -> pl.DataFrame:
    """Returns a country's national public holidays, days off for weekends included, in date order.

    Args:
        country: one of `COUNTRIES`, in any case.
        first_year: from 1978 on; earlier years are left out.
        last_year: the last one.

    Returns:
        Columns `date` Date, `title` String.

    Raises:
        UnknownCountryError: another country.
    """
    code = country.strip().upper()
    years = range(max(first_year, _FIRST_YEAR), last_year + 1)
    if code in ("GB", "UK", "GB-ENG", "GB-WLS", "GB-EAW"):
        return bank_holidays(years.start, last_year)
    if code in ("GB-SCT", "GB-NIR"):
        days = [each for year in years for each in _north(code, year)]
    elif code == "NONE":
        days = []
    elif code in _COUNTRIES:
        days = [each for year in years for each in _by_rules(_COUNTRIES[code], year)]
    else:
        raise UnknownCountryError(
            f"There are no holidays for '{country}'. Write one of {', '.join(COUNTRIES)}, "
            "or give a table of your own with a date column."
        )
    found = pl.DataFrame(sorted(days), schema=SCHEMA, orient="row")
    return found.unique("date", keep="first").sort("date")


def _by_rules(rules: _Rules, year: int) -> Iterator[tuple[date, str]]:
    since, moved_since = dict(rules.since), dict(rules.moved_since)
    fixed = [(date(year, month, day), title) for month, day, title in rules.fixed if year >= since.get(title, year)]
    others = [
        *((easter_sunday(year) + timedelta(days=offset), title) for offset, title in rules.easter),
        *(
            (_nth(year, month, weekday, which), title)
            for month, weekday, which, title in rules.nth
            if year >= since.get(title, year)
        ),
        *((_last_before(date(year, month, day), weekday), title) for month, day, weekday, title in rules.before),
        *((day, title) for day, title in rules.once if day.year == year),
    ]
    yield from fixed
    yield from others
    if rules.observed is None:
        return
    taken = {day for day, _ in (*fixed, *others)}
    for day, title in fixed:
        off = rules.observed(day)
        if off == day or year < moved_since.get(title, year):
            continue
        # After Christmas and 26 December at a weekend, Monday is the one's and Tuesday the other's.
        while off > day and off in taken:
            off += timedelta(days=1)
        taken.add(off)
        yield off, f"{title} (substitute day)"


def _last_before(day: date, weekday: int) -> date:
    return day - timedelta(days=(day.weekday() - weekday - 1) % 7 + 1)


def _nth(year: int, month: int, weekday: int, which: int) -> date:
    if which > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7)


def _north(code: str, year: int) -> Iterator[tuple[date, str]]:
    """Scotland and Northern Ireland: the days of England and Wales, some left out and some added."""
    for day, title in bank_holidays(year, year).iter_rows():
        if code == "GB-SCT" and title in ("Easter Monday", "Summer bank holiday"):
            continue
        yield day, title
    if code == "GB-SCT":
        second = date(year, 1, 2)
        # After a weekend New Year's Day has the Monday, so 2 January has the Tuesday.
        off = {_SATURDAY: 2, _SUNDAY: 2, 0: 1 if date(year, 1, 1).weekday() == _SUNDAY else 0}.get(second.weekday(), 0)
        yield second + timedelta(days=off), "2nd January"
        yield _nth(year, 8, 0, 1), "Summer bank holiday"
        yield _next_monday(date(year, 11, 30)), "St Andrew's Day"
    else:
        yield _next_monday(date(year, 3, 17)), "St Patrick's Day"
        yield _next_monday(date(year, 7, 12)), "Battle of the Boyne"
