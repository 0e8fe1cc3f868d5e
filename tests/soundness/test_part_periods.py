"""A part of a period is never set against a whole one: both sides are the same number of whole days, or no change."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import Grain, MetricsLayer, Request
from metrics.query.periods import end_of, start_of
from metrics.query.request import Against, Comparison
from tests.query import daily, small
from tests.query.test_engine import AE, DEFINITIONS

FIRST, LAST = date(2022, 4, 1), date(2026, 3, 18)
GRAINS = [Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.FINANCIAL_YEAR]


class Today:
    """A day that tests can move."""

    def __init__(self) -> None:
        self.day = date(2026, 3, 20)

    def __call__(self) -> date:
        return self.day


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> tuple[MetricsLayer, Today]:
    """Returns a layer in which one is booked every day, so that an amount is the number of its days."""
    folder: Path = tmp_path_factory.mktemp("days")
    days = [FIRST + timedelta(days=ahead) for ahead in range((LAST - FIRST).days + 1)]
    rows: list[daily.Row] = [(day, "A", "North", 1, day.day % 2, day.toordinal()) for day in days]
    today = Today()
    return daily.build(f"duckdb:///{folder / 'warehouse'}", rows, folder / "definitions", today), today


@settings(max_examples=60)
@given(
    ahead=st.integers(-60, 40),
    grain=st.sampled_from(GRAINS),
    to=st.one_of(st.sampled_from(Against), st.integers(1, 3)),
)
def test_both_sides_have_the_same_number_of_days(
    counting: tuple[MetricsLayer, Today], ahead: int, grain: Grain, to: Against | int
) -> None:
    layer, today = counting
    today.day = LAST + timedelta(days=ahead)
    held = min(LAST, today.day - timedelta(days=1))
    start = start_of(held, grain)
    asked = Request.of("booked", grain=grain, period_from=start, period_to=start, compare=Comparison(to))
    row = layer.ask(asked).frame.row(0, named=True)
    earlier = row["compared_period"]
    length = (end_of(earlier, grain) - earlier).days + 1
    if end_of(start, grain) <= held:  # the period is whole
        assert row["value"] == (end_of(start, grain) - start).days + 1
        assert row["compared_value"] == length
        return
    days = min((held - start).days + 1, length)
    assert (row["value"], row["compared_value"], row["change"]) == (days, days, 0)
    whole = layer.ask(Request.of(*asked.metrics, grain=grain, period_from=start, period_to=start,
                                 compare=Comparison(to, like_for_like=False))).frame.row(0, named=True)  # fmt: skip
    assert (whole["change"], whole["change_share"]) == (None, None)
    assert whole["basis"].endswith((" is still running", " is not complete"))


@settings(max_examples=25)
@given(grain=st.sampled_from(GRAINS), to=st.sampled_from(Against))
def test_a_level_is_compared_on_the_same_day_of_both(
    counting: tuple[MetricsLayer, Today], grain: Grain, to: Against
) -> None:
    layer, today = counting
    today.day = date(2026, 3, 20)
    start = start_of(LAST, grain)
    asked = Request.of("waiting", grain=grain, period_from=start, period_to=start, compare=Comparison(to))
    row = layer.ask(asked).frame.row(0, named=True)
    days = (LAST - start).days
    assert row["value"] == (start + timedelta(days=days)).toordinal()
    assert row["compared_value"] == (row["compared_period"] + timedelta(days=days)).toordinal()


def test_every_period_with_a_change_is_whole_on_both_sides_or_says_its_days(
    counting: tuple[MetricsLayer, Today],
) -> None:
    layer, today = counting
    today.day = date(2026, 3, 20)
    for grain in GRAINS:
        for row in layer.ask(Request.of("booked", grain=grain, compare=Comparison())).frame.iter_rows(named=True):
            if row["change"] is None:
                assert row["basis"]
            elif row["status"] == "incomplete":
                assert row["value"] == row["compared_value"]
            else:
                lengths = [(end_of(row[name], grain) - row[name]).days + 1 for name in ("period", "compared_period")]
                assert [row["value"], row["compared_value"]] == lengths


def test_a_part_period_of_monthly_figures_has_no_change(tmp_path: Path) -> None:
    layer = small.build(f"duckdb:///{tmp_path / 'w'}", {"fact_ae_month": AE}, DEFINITIONS, tmp_path / "d")
    for grain in (Grain.QUARTER, Grain.FINANCIAL_YEAR):
        frame = layer.ask(Request.of("attendances", grain=grain, compare=Comparison())).frame
        last = frame.row(-1, named=True)
        assert (last["status"], last["change"]) == ("incomplete", None)
