"""Which earlier period a period is set against, and the words for both."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.catalogue import parse_window
from metrics.query.earlier import Earlier, before, compared, days_named, named, weeks_of
from metrics.query.errors import QueryError
from metrics.query.periods import start_of, step
from metrics.query.request import Against, Grain

LONDON = ZoneInfo("Europe/London")
DATED = [grain for grain in Grain if grain is not Grain.HOUR]
DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2040, 12, 31))


def _before(start: date, window: str, grain: Grain) -> date:
    return before(start, parse_window(window), grain)


@pytest.mark.parametrize(
    ("start", "window", "grain", "expected"),
    [
        (date(2026, 3, 1), "1 year", Grain.MONTH, date(2025, 3, 1)),
        (date(2026, 1, 1), "1 month", Grain.MONTH, date(2025, 12, 1)),
        (date(2026, 1, 1), "1 quarter", Grain.MONTH, date(2025, 10, 1)),
        (date(2026, 4, 1), "1 quarter", Grain.QUARTER, date(2026, 1, 1)),
        (date(2026, 4, 1), "12 months", Grain.FINANCIAL_YEAR, date(2025, 4, 1)),
        (date(2026, 3, 2), "4 weeks", Grain.WEEK, date(2026, 2, 2)),
        (date(2026, 3, 2), "28 days", Grain.WEEK, date(2026, 2, 2)),
        (date(2026, 3, 2), "1 year", Grain.WEEK, date(2025, 3, 3)),  # week 10 of both
        (date(2026, 3, 31), "1 month", Grain.DAY, date(2026, 2, 28)),
        (date(2024, 2, 29), "1 year", Grain.DAY, date(2023, 2, 28)),
        (date(2024, 2, 29), "4 years", Grain.DAY, date(2020, 2, 29)),
        (date(2026, 3, 2), "1 week", Grain.DAY, date(2026, 2, 23)),
    ],
)
def test_a_window_before_a_period_is_a_period(start: date, window: str, grain: Grain, expected: date) -> None:
    assert _before(start, window, grain) == expected


@pytest.mark.parametrize(
    ("window", "grain", "said"),
    [
        ("10 days", Grain.MONTH, "No month lies 10 days before another: ask for whole months."),
        ("1 month", Grain.QUARTER, "No quarter lies 1 month before another: ask for whole quarters."),
        ("2 quarters", Grain.FINANCIAL_YEAR, "No financial year lies 2 quarters before another: ask for whole years."),
        ("10 days", Grain.WEEK, "No week lies 10 days before another: ask for whole weeks or years."),
        ("1 month", Grain.WEEK, "No week lies 1 month before another: ask for whole weeks or years."),
        ("6 hours", Grain.DAY, "No day lies 6 hours before another: ask for days or longer."),
        ("9999 years", Grain.MONTH, "9999 years before April 2026 lies before the calendar begins."),
    ],
)
def test_a_window_that_does_not_fit_the_periods_is_refused(window: str, grain: Grain, said: str) -> None:
    with pytest.raises(QueryError) as error:
        _before(start_of(date(2026, 4, 6), grain), window, grain)
    assert str(error.value) == said


def test_hours_back_are_instants_and_days_back_keep_the_local_time() -> None:
    two = datetime(2026, 3, 29, 2, tzinfo=LONDON)  # the clocks went from 01:00 to 02:00
    assert _before(two, "1 hour", Grain.HOUR) == datetime(2026, 3, 29, 0, tzinfo=LONDON)
    assert _before(two, "1 day", Grain.HOUR) == datetime(2026, 3, 28, 2, tzinfo=LONDON)
    assert _before(two, "24 hours", Grain.HOUR) == datetime(2026, 3, 28, 1, tzinfo=LONDON)


def test_an_hour_that_the_clocks_went_over_is_set_against_the_next_and_it_is_said() -> None:
    found = compared(datetime(2027, 3, 29, 1, tzinfo=LONDON), Against.LAST_YEAR, Grain.HOUR)
    assert found == Earlier(
        datetime(2026, 3, 29, 2, tzinfo=LONDON), "the clocks went forward over 01:00 on 29 March 2026"
    )
    assert named(found.start, Grain.HOUR) == "02:00 on 29 March 2026"


def test_of_the_hour_that_happens_twice_the_name_says_which() -> None:
    hours = [datetime(2026, 10, 25, 1, tzinfo=LONDON, fold=fold) for fold in (0, 1)]
    assert [named(hour, Grain.HOUR) for hour in hours] == [
        "01:00 on 25 October 2026 (BST)", "01:00 on 25 October 2026 (GMT)",
    ]  # fmt: skip
    assert compared(hours[1], Against.PREVIOUS, Grain.HOUR) == Earlier(hours[0])


@pytest.mark.parametrize(
    ("start", "to", "grain", "expected"),
    [
        (date(2026, 3, 1), Against.PREVIOUS, Grain.MONTH, Earlier(date(2026, 2, 1))),
        (date(2026, 3, 1), Against.LAST_YEAR, Grain.MONTH, Earlier(date(2025, 3, 1))),
        (date(2026, 1, 1), Against.LAST_YEAR, Grain.QUARTER, Earlier(date(2025, 1, 1))),
        (date(2026, 4, 1), Against.LAST_YEAR, Grain.FINANCIAL_YEAR, Earlier(date(2025, 4, 1))),
        (date(2026, 3, 1), 4, Grain.MONTH, Earlier(date(2025, 11, 1))),
        (date(2026, 3, 1), 1, Grain.DAY, Earlier(date(2026, 2, 28))),
        (date(2024, 2, 29), Against.LAST_YEAR, Grain.DAY, Earlier(date(2023, 2, 28), "2023 had no 29 February")),
        (date(2026, 12, 28), Against.PREVIOUS, Grain.WEEK, Earlier(date(2026, 12, 21))),
        (date(2026, 12, 28), Against.LAST_YEAR, Grain.WEEK, Earlier(date(2025, 12, 22), "2025 had no week 53")),
    ],
)
def test_what_a_period_is_compared_with(start: date, to: Against | int, grain: Grain, expected: Earlier) -> None:
    assert compared(start, to, grain) == expected


def test_comparing_with_nothing_or_the_future_is_refused() -> None:
    for count in (0, -1):
        with pytest.raises(QueryError, match=f"1 period back or more, not {count}"):
            compared(date(2026, 3, 1), count, Grain.MONTH)
    with pytest.raises(QueryError, match="before the calendar begins"):
        compared(date(2026, 3, 1), 100_000, Grain.MONTH)


@given(day=DAYS, grain=st.sampled_from(DATED), to=st.one_of(st.sampled_from(Against), st.integers(1, 30)))
def test_the_earlier_period_is_one_of_the_grain_and_earlier(day: date, grain: Grain, to: Against | int) -> None:
    start = start_of(day, grain)
    found = compared(start, to, grain).start
    assert found < start
    assert start_of(found, grain) == found
    if isinstance(to, int):
        assert step(found, grain, to) == start


@given(day=DAYS)
def test_a_week_of_last_year_has_the_same_number_or_is_the_last(day: date) -> None:
    year, week, _ = day.isocalendar()
    found = compared(start_of(day, Grain.WEEK), Against.LAST_YEAR, Grain.WEEK)
    assert found.start.isocalendar()[:2] == (year - 1, min(week, weeks_of(year - 1)))
    assert (found.said is None) == (week <= weeks_of(year - 1))


@given(hour=st.datetimes(min_value=datetime(2001, 1, 1), max_value=datetime(2040, 1, 1)), days=st.integers(1, 800))  # noqa: DTZ001 - made aware below
def test_days_before_an_hour_keep_its_local_time_where_that_exists(hour: datetime, days: int) -> None:
    start = hour.replace(minute=0, second=0, microsecond=0, tzinfo=LONDON)
    found = _before(start, f"{days} days", Grain.HOUR)
    assert isinstance(found, datetime)
    assert found.date() == start.date() - timedelta(days=days)
    assert found.hour in (start.hour, start.hour + 1)


def test_periods_have_names() -> None:
    assert named(date(2026, 3, 1), Grain.MONTH) == "March 2026"
    assert named(date(2026, 1, 1), Grain.QUARTER) == "Q4 2025/26"
    assert named(date(2026, 4, 1), Grain.FINANCIAL_YEAR) == "FY 2026/27"
    assert named(date(2026, 12, 28), Grain.WEEK) == "week 53 of 2026"
    assert named(date(2026, 3, 14), Grain.DAY) == "14 March 2026"
    assert days_named(date(2026, 3, 1), date(2026, 3, 14)) == "1 to 14 March 2026"
    assert days_named(date(2026, 3, 30), date(2026, 4, 2)) == "30 March to 2 April 2026"
    assert days_named(date(2025, 12, 30), date(2026, 1, 2)) == "30 December 2025 to 2 January 2026"
    assert days_named(date(2026, 3, 14), date(2026, 3, 14)) == "14 March 2026"
