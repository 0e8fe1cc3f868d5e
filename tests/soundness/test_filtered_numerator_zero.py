"""A part with a filter is a conditional aggregate: where no row passes it is 0, not blank; 0/n is 0, n/0 is missing.

clinic  visits  missed   rate
A            2       0    0 %   (a join of two filtered queries leaves it blank, or out)
B            2       2  100 %
total        4       2   50 %   (without A it would be 100 %)
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from metrics import Grain, MetricsLayer, Request
from tests.query import events

VISITS = events.visits(
    [
        (1, 1, "2026-04-01T09:00:00", "A", 0, 0),
        (2, 2, "2026-04-01T09:00:00", "A", 0, 0),
        (3, 3, "2026-04-01T09:00:00", "B", 0, 1),
        (4, 4, "2026-04-02T09:00:00", "B", 0, 1),
    ]
)
COUNT = "{words: w, expr: visit, agg: count}"
MISSED = '{words: w, expr: visit, agg: count, filter: "missed = 1"}'
DEFINITIONS = (
    events.DEFINITIONS
    + events.METRICS
    + events.metric("rate", f"type: ratio, model: visits, numerator: {MISSED}, denominator: {COUNT}", "percent")
    + events.metric("per_missed", f"type: ratio, model: visits, numerator: {COUNT}, denominator: {MISSED}", "ratio")
)


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("zero")
    return events.build(f"duckdb:///{folder / 'w'}", {"visits": VISITS}, folder / "definitions", DEFINITIONS)


def _by_clinic(layer: MetricsLayer, metric: str) -> dict[str | None, float | None]:
    asked = Request.of(
        metric,
        by=("clinic",),
        grain=Grain.MONTH,
        period_from=date(2026, 4, 1),
        period_to=date(2026, 4, 30),
        totals=True,
    )
    return dict(layer.ask(asked).frame.select("clinic", "value").iter_rows())


def test_a_numerator_that_no_row_passes_is_0_and_stays_in_the_total(layer: MetricsLayer) -> None:
    assert _by_clinic(layer, "rate") == {"A": 0.0, "B": 1.0, None: 0.5}


def test_a_denominator_that_no_row_passes_has_no_value(layer: MetricsLayer) -> None:
    assert _by_clinic(layer, "per_missed") == {"A": None, "B": 1.0, None: 2.0}


def test_a_day_without_rows_has_no_rate_and_a_day_without_missed_visits_has_0(layer: MetricsLayer) -> None:
    asked = Request.of(
        "rate", grain=Grain.DAY, where={"clinic": "A"}, period_from=date(2026, 4, 1), period_to=date(2026, 4, 2)
    )
    frame = layer.ask(asked).frame
    assert frame.select("value", "numerator", "denominator").rows() == [(0, 0, 2), (None, 0, 0)]
    assert frame.filter(pl.col("value") == 1).is_empty()  # never 100 % for want of rows
