"""A window of days is one of the calendar, not of the rows that happen to be there.

    day  1   2   3   4   5   6   7   8   9  10
    A   10   .   .  20   .   .   .   .   .   5      booked (of each 1 missed)
    B    .   .   .   .   .   .   .   .   7   .

The seven days to the 10th of A hold 20 + 5 = 25: a frame of the last seven rows says 35. Day 9 has a value for A
though it has no row of A that day. From the 17th on a window
holds no row of A: that is 0 booked, and no rate.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics import Grain, MetricsLayer, Request
from tests.query import daily

ROWS: list[daily.Row] = [
    (date(2026, 4, 1), "A", "North", 10, 1, None),
    (date(2026, 4, 4), "A", "North", 20, 1, None),
    (date(2026, 4, 9), "B", "North", 7, 1, None),
    (date(2026, 4, 10), "A", "North", 5, 1, None),
    (date(2026, 4, 20), "B", "North", 1, 0, None),
]


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("gaps")
    return daily.build(f"duckdb:///{folder / 'warehouse'}", ROWS, folder / "definitions", lambda: date(2026, 6, 1))


def _series(layer: MetricsLayer, metric: str, service: str) -> dict[int, float | None]:
    asked = Request.of(
        metric,
        by=("service",),
        grain=Grain.DAY,
        window="7 days",
        period_from=date(2026, 4, 7),
        period_to=date(2026, 4, 20),
    )
    frame = layer.ask(asked).frame.filter(pl.col("service") == service)
    assert frame["period"].to_list() == [date(2026, 4, 7) + timedelta(days=each) for each in range(14)]
    return {day.day: value for day, value in frame.select("period", "value").iter_rows()}


def test_a_window_holds_seven_days_however_few_have_rows(layer: MetricsLayer) -> None:
    assert _series(layer, "booked", "A") == {
        7: 30, 8: 20, 9: 20, 10: 25, 11: 5, 12: 5, 13: 5, 14: 5, 15: 5, 16: 5, 17: 0, 18: 0, 19: 0, 20: 0,
    }  # fmt: skip


def test_so_does_that_of_a_ratio_and_a_window_without_rows_has_none(layer: MetricsLayer) -> None:
    values = _series(layer, "missed_rate", "A")
    assert {day: values[day] for day in (7, 8, 10, 16, 17)} == {
        7: pytest.approx(2 / 30), 8: 1 / 20, 10: 2 / 25, 16: 1 / 5, 17: None,
    }  # fmt: skip


def test_a_window_asked_by_week_ends_with_the_week_and_keeps_its_length(layer: MetricsLayer) -> None:
    asked = Request.of(
        "booked", grain=Grain.WEEK, window="14 days", period_from=date(2026, 4, 6), period_to=date(2026, 4, 12)
    )
    assert layer.ask(asked).frame["value"].to_list() == [42]  # 30 March to 12 April: 10 + 20 + 7 + 5
