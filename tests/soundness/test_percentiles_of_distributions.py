"""A percentile is one of a distribution: percentiles are never averaged, added, or weighted.

    clinic A waits  1, 2, 3          median 2
    clinic B waits  10, 20, 30, 40   median 25

The median of all seven is 10. Averages of medians say 13.5 (plain) or 15.1 (weighted).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from metrics import Grain, MetricsLayer, Request
from tests.query import events

WAITS = [("A", 1), ("A", 2), ("A", 3), ("B", 10), ("B", 20), ("B", 30), ("B", 40)]
VISITS = events.visits(
    [(number, number, f"2026-04-0{number}T09:00:00", clinic, wait, 0) for number, (clinic, wait) in enumerate(WAITS, 1)]
)
APRIL = {"period_from": date(2026, 4, 1), "period_to": date(2026, 4, 30)}


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("percentiles")
    return events.build(f"duckdb:///{folder / 'w'}", {"visits": VISITS}, folder / "definitions")


def test_a_total_is_that_of_all_rows(layer: MetricsLayer) -> None:
    asked = Request.of("median_wait", by=("clinic",), grain=Grain.MONTH, totals=True, **APRIL)
    assert layer.ask(asked).frame["value"].to_list() == [2, 25, 10]


def test_a_longer_period_and_a_window_are_those_of_their_rows(layer: MetricsLayer) -> None:
    assert layer.ask(Request.of("median_wait", grain=Grain.FINANCIAL_YEAR, **APRIL)).frame["value"].to_list() == [10]
    days = {"grain": Grain.DAY, "period_from": date(2026, 4, 7), "period_to": date(2026, 4, 7)}
    assert layer.ask(Request.of("median_wait", window="3 days", **days)).frame["value"].to_list() == [30]
    assert layer.ask(Request.of("median_wait_28d", **days)).frame["value"].to_list() == [10]
