"""2026 has 53 ISO weeks, to 3 January 2027: the same week of last year is not always 52 weeks before."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from metrics import Grain, MetricsLayer, Request
from metrics.query.request import Against, Comparison
from tests.query import daily

FIRST, LAST = date(2024, 12, 30), date(2028, 1, 2)  # week 1 of 2025 to week 52 of 2027


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    """Returns a layer in which as many are booked each Monday as the number of its week."""
    folder: Path = tmp_path_factory.mktemp("weeks")
    days = [FIRST + timedelta(days=ahead) for ahead in range((LAST - FIRST).days + 1)]
    rows: list[daily.Row] = [
        (day, "A", "North", day.isocalendar().week if day.isoweekday() == 1 else 0, 0, None) for day in days
    ]
    return daily.build(f"duckdb:///{folder / 'warehouse'}", rows, folder / "definitions", lambda: date(2028, 2, 1))


def test_week_53_of_2026_ends_on_3_january_2027(layer: MetricsLayer) -> None:
    frame = layer.ask(Request.of("booked", grain=Grain.WEEK, period_from=date(2027, 1, 3), period_to=date(2027, 1, 3)))
    assert frame.frame.select("period", "value").rows() == [(date(2026, 12, 28), 53)]


@pytest.mark.parametrize("year", [2026, 2027])
def test_every_week_is_set_beside_the_one_of_its_number(layer: MetricsLayer, year: int) -> None:
    first, last = date.fromisocalendar(year, 1, 1), date(year, 12, 28)
    asked = Request.of(
        "booked", grain=Grain.WEEK, period_from=first, period_to=last, compare=Comparison(Against.LAST_YEAR)
    )
    frame = layer.ask(asked).frame
    assert frame.height == {2026: 53, 2027: 52}[year]
    for row in frame.iter_rows(named=True):
        number = row["period"].isocalendar().week
        assert row["value"] == number
        assert row["compared_value"] == min(number, 52)
        assert row["compared_period"].isocalendar()[:2] == (year - 1, min(number, 52))


def test_week_53_is_set_beside_week_52_and_that_is_said(layer: MetricsLayer) -> None:
    asked = Request.of(
        "booked", grain=Grain.WEEK, period_from=date(2026, 12, 28), period_to=date(2026, 12, 28),
        compare=Comparison(Against.LAST_YEAR),
    )  # fmt: skip
    row = layer.ask(asked).frame.row(0, named=True)
    assert (row["compared_period"], row["change"]) == (date(2025, 12, 22), 1)
    assert row["basis"] == "week 53 of 2026 against week 52 of 2025; 2025 had no week 53"


def test_a_shift_of_52_weeks_would_take_the_wrong_week(layer: MetricsLayer) -> None:
    second = date.fromisocalendar(2027, 2, 1)
    asked = Request.of("booked", grain=Grain.WEEK, period_from=second, period_to=second, compare=Comparison(52))
    assert layer.ask(asked).frame.select("value", "compared_value").rows() == [(2, 3)]  # what one gets who asks so
    right = Request.of(
        "booked", grain=Grain.WEEK, period_from=second, period_to=second, compare=Comparison(Against.LAST_YEAR)
    )
    assert layer.ask(right).frame.select("value", "compared_value").rows() == [(2, 2)]


def test_the_previous_week_is_the_week_before_across_the_year(layer: MetricsLayer) -> None:
    first = date.fromisocalendar(2027, 1, 1)
    asked = Request.of("booked", grain=Grain.WEEK, period_from=first, period_to=first, compare=Comparison())
    assert layer.ask(asked).frame.select("value", "compared_value").rows() == [(1, 53)]
