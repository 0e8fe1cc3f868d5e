"""The same question has the same answer: on DuckDB and PostgreSQL, alone or beside others, in short periods or long.

Forty days of two services, with gaps; what is added over days is what is asked by week, month and year.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics import Grain, MetricsLayer, Request
from metrics.query.request import Comparison, Top
from tests.query import daily

ROWS: list[daily.Row] = [
    (date(2026, 3, 10) + timedelta(days=each), "AB"[each % 2], "North", 10 + each * each % 7, each % 3, 50 + each)
    for each in range(40)
    if each % 5
]
FLOWS = ("booked", "missed", "seen")
EVERYTHING = (*FLOWS, "sites", "busiest", "missed_rate", "waiting", "median_booked", "seen_share", "booked_to_date")


def _today() -> date:
    return date(2026, 6, 1)


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("everywhere")
    return daily.build(f"duckdb:///{folder / 'warehouse'}", ROWS, folder / "definitions", _today)


@pytest.mark.parametrize("grain", [Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.FINANCIAL_YEAR])
def test_the_days_add_up_to_every_longer_period(layer: MetricsLayer, grain: Grain) -> None:
    for metric in FLOWS:
        days = layer.ask(Request.of(metric, grain=Grain.DAY)).frame["value"]
        assert layer.ask(Request.of(metric, grain=grain)).frame["value"].sum() == days.sum() > 0


def test_a_metric_has_the_same_value_alone_and_beside_all_others(layer: MetricsLayer) -> None:
    days = {"grain": Grain.WEEK, "by": ("service",), "period_from": date(2026, 3, 9), "period_to": date(2026, 4, 12)}
    together = layer.ask(Request.of(*EVERYTHING, totals=True, **days)).frame
    for metric in EVERYTHING:
        alone = layer.ask(Request.of(metric, totals=True, **days)).frame
        assert_frame_equal(together.filter(pl.col("metric") == metric), alone)


@pytest.mark.postgresql
def test_both_databases_give_the_same_frame(
    layer: MetricsLayer, new_database: Callable[[], str], tmp_path: Path
) -> None:
    other = daily.build(new_database(), ROWS, tmp_path, _today)
    for asked in (
        Request.of(*EVERYTHING, by=("service",), grain=Grain.WEEK, totals=True),
        Request.of("booked", "missed_rate", grain=Grain.DAY, window="7 days"),
        Request.of("booked", by=("service",), grain=Grain.MONTH, compare=Comparison(), top=Top(1, "service")),
    ):
        assert_frame_equal(other.ask(asked).frame, layer.ask(asked).frame, rel_tol=1e-12)
