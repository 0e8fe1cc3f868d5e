"""Distinct counts are never added: not over days, not over clinics, not over the windows that overlap.

    day       clinic  patients
    1 April   A       1, 2
    2 April   A       1
    2 April   B       1, 3

April has 3 patients: days added up say 5, clinics added up say 4, and the busiest clinic says 2.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from metrics import Grain, MetricsLayer, Request
from metrics.query.request import Top
from tests.query import events

VISITS = events.visits(
    [
        (1, 1, "2026-04-01T09:00:00", "A", 0, 0),
        (2, 2, "2026-04-01T09:00:00", "A", 0, 0),
        (3, 1, "2026-04-02T09:00:00", "A", 0, 0),
        (4, 1, "2026-04-02T10:00:00", "B", 0, 0),
        (5, 3, "2026-04-02T11:00:00", "B", 0, 0),
    ]
)


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("distinct")
    return events.build(f"duckdb:///{folder / 'w'}", {"visits": VISITS}, folder / "definitions")


def _values(layer: MetricsLayer, grain: Grain, **others: object) -> list[float | None]:
    days = {"period_from": date(2026, 4, 1), "period_to": date(2026, 4, 2)}
    values: list[float | None] = (
        layer.ask(Request.of("patients", grain=grain, **days, **others)).frame["value"].to_list()
    )
    return values


def test_each_period_counts_anew(layer: MetricsLayer) -> None:
    assert _values(layer, Grain.DAY) == [2, 2]
    assert _values(layer, Grain.WEEK) == _values(layer, Grain.MONTH) == _values(layer, Grain.FINANCIAL_YEAR) == [3]
    assert _values(layer, Grain.DAY, window="2 days") == [2, 3]


def test_so_do_members_totals_and_the_remainder(layer: MetricsLayer) -> None:
    assert _values(layer, Grain.MONTH, by=("clinic",), totals=True) == [2, 2, 3]
    top = Top(1, "clinic")
    assert _values(layer, Grain.MONTH, by=("clinic",), top=top, totals=True) == [2, 2, 3]
    assert _values(layer, Grain.MONTH, where={"clinic": ["A", "B"]}) == [3]
