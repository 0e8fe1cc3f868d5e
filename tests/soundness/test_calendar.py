"""Financial years run from April to March, weeks are ISO weeks, and the periods of a grain tile the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from metrics.query.periods import HOURS, NESTS, end_of, hours, sequence, start_column, start_of, step
from metrics.query.request import Grain

DATED = [grain for grain in Grain if grain is not Grain.HOUR]
DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2040, 12, 31))


def test_the_financial_year_starts_on_1_april() -> None:
    assert start_of(date(2026, 3, 31), Grain.FINANCIAL_YEAR) == date(2025, 4, 1)
    assert start_of(date(2026, 4, 1), Grain.FINANCIAL_YEAR) == date(2026, 4, 1)
    assert end_of(date(2025, 4, 1), Grain.FINANCIAL_YEAR) == date(2026, 3, 31)


def test_weeks_are_iso_weeks_across_the_year_end_and_1_april() -> None:
    assert start_of(date(2027, 1, 3), Grain.WEEK) == date(2026, 12, 28)  # week 53 of 2026
    assert date(2027, 1, 3).isocalendar()[:2] == (2026, 53)
    assert start_of(date(2026, 4, 1), Grain.WEEK) == date(2026, 3, 30)


def test_a_leap_day_belongs_to_february() -> None:
    assert end_of(date(2024, 2, 1), Grain.MONTH) == date(2024, 2, 29)
    assert start_of(date(2024, 2, 29), Grain.QUARTER) == date(2024, 1, 1)


@given(day=DAYS, grain=st.sampled_from(DATED))
def test_every_day_is_in_exactly_one_period(day: date, grain: Grain) -> None:
    start = start_of(day, grain)
    assert start <= day <= end_of(start, grain)
    assert start_of(start, grain) == start
    assert start_of(end_of(start, grain) + timedelta(days=1), grain) == step(start, grain)
    assert step(step(start, grain, 5), grain, -5) == start


@given(day=DAYS, grain=st.sampled_from(DATED))
def test_frames_and_dates_agree(day: date, grain: Grain) -> None:
    assert pl.DataFrame({"day": [day]}).select(start_column("day", grain)).item() == start_of(day, grain)


@given(first=DAYS, length=st.integers(0, 900), grain=st.sampled_from(DATED))
def test_a_sequence_has_no_gap_and_covers_the_range(first: date, length: int, grain: Grain) -> None:
    last = first + timedelta(days=length)
    starts = sequence(first, last, grain)
    assert starts[0] <= first
    assert end_of(starts[-1], grain) >= last
    assert all(step(a, grain) == b for a, b in pairwise(starts))


@given(day=DAYS, grain=st.sampled_from(list(Grain)))
def test_a_period_nests_whole_in_each_longer_one_that_it_adds_up_to(day: date, grain: Grain) -> None:
    start = start_of(day, grain)
    for longer in NESTS[grain]:
        assert start_of(start, longer) == start_of(end_of(start, grain), longer)


def test_the_days_on_which_the_clocks_change_have_23_and_25_hours() -> None:
    assert len(hours(date(2026, 3, 29), date(2026, 3, 29))) == 23
    assert len(hours(date(2026, 10, 25), date(2026, 10, 25))) == 25
    assert len(hours(date(2026, 6, 1), date(2026, 6, 1))) == 24


@given(first=DAYS, length=st.integers(0, 400))
def test_hours_are_instants_without_a_gap_and_belong_to_their_local_day(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    starts = [start for start in hours(first, last) if isinstance(start, datetime)]
    instants = [start.astimezone(UTC) for start in starts]
    assert all(b - a == timedelta(hours=1) for a, b in pairwise(instants))
    frame = pl.DataFrame({"hour": pl.Series(starts, dtype=HOURS)}).select(day=start_column("hour", Grain.DAY))
    assert frame["day"].unique().sort().to_list() == [first + timedelta(days=each) for each in range(length + 1)]
