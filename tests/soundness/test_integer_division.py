"""Whole numbers divide into fractions, on every warehouse: 1 of 3 is a third, not 0.

    visit  waited  missed
    1           1       1
    2           2       0
    3           2       0

Missed 1 of 3: 33.3 %. Mean wait 5 / 3 days: 1.67. SQL that divides a sum of integers by a count says 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from metrics import Grain, MetricsLayer, Request
from tests.query import events

VISITS = events.visits(
    [
        (1, 1, "2026-04-01T09:00:00", "A", 1, 1),
        (2, 2, "2026-04-01T09:00:00", "A", 2, 0),
        (3, 3, "2026-04-01T09:00:00", "A", 2, 0),
    ]
)
MORE = (
    events.metric("missed", "type: simple, model: visits, measure: {words: w, expr: missed}")
    + events.metric("missed_per_visit", "type: derived, formula: missed / visits", "ratio")
    + events.metric("weeks", "type: simple, model: visits, measure: {words: w, expr: wait_days / 7}", "weeks")
)
METRICS = ("missed_rate", "mean_wait", "missed_per_visit", "median_wait", "weeks")


def _check(layer: MetricsLayer) -> None:
    asked = Request.of(*METRICS, grain=Grain.DAY, period_from=date(2026, 4, 1), period_to=date(2026, 4, 1))
    values = layer.ask(asked).frame["value"].to_list()
    assert values == [pytest.approx(each) for each in (1 / 3, 5 / 3, 1 / 3, 2, 5 / 7)]


def _layer(url: str, folder: Path) -> MetricsLayer:
    return events.build(url, {"visits": VISITS}, folder, events.DEFINITIONS + events.METRICS + MORE)


def test_duckdb_divides_into_fractions(tmp_path: Path) -> None:
    _check(_layer(f"duckdb:///{tmp_path / 'w'}", tmp_path / "definitions"))


@pytest.mark.postgresql
def test_postgresql_divides_into_fractions(new_database: Callable[[], str], tmp_path: Path) -> None:
    _check(_layer(new_database(), tmp_path))
