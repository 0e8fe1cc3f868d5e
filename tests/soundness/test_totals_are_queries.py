"""Totals and subtotals are queries, never sums of the rows shown.

    1 April 2026   service  site   booked
                   A        North     100
                   A        South      50
                   B        North      80
                   (none)   North       7

Sites: A 2, B 1, none 1, in all 2 (added up: 4). Busiest: 100 (added up: 187). With the two greatest services alone
the total is still 237.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from metrics import Grain, MetricsLayer, Request
from metrics.query.request import Top
from tests.query import daily

DAY = date(2026, 4, 1)
ROWS: list[daily.Row] = [
    (DAY, "A", "North", 100, 1, 10),
    (DAY, "A", "South", 50, 2, 20),
    (DAY, "B", "North", 80, 3, 30),
    (DAY, None, "North", 7, 4, 40),
]


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("totals")
    return daily.build(f"duckdb:///{folder / 'warehouse'}", ROWS, folder / "definitions", lambda: date(2026, 6, 1))


@pytest.mark.parametrize(
    ("metric", "total", "by_service"),
    [
        ("sites", 2, {"A": 2, "B": 1, None: 1}),
        ("busiest", 100, {"A": 100, "B": 80, None: 7}),
        ("median_booked", 65, {"A": 75, "B": 80, None: 7}),
        ("booked", 237, {"A": 150, "B": 80, None: 7}),
        ("waiting", 100, {"A": 30, "B": 30, None: 40}),
    ],
)
def test_a_total_is_what_the_undivided_question_gives(
    layer: MetricsLayer, metric: str, total: float, by_service: dict[str | None, float]
) -> None:
    frame = layer.ask(Request.of(metric, by=("service",), grain=Grain.DAY, totals=True)).frame
    assert dict(frame.filter(~pl.col("is_total")).select("service", "value").iter_rows()) == by_service
    assert frame.filter("is_total")["value"].to_list() == [total]
    assert layer.ask(Request.of(metric, grain=Grain.DAY)).frame["value"].to_list() == [total]


def test_a_total_beside_few_rows_is_that_of_all_rows(layer: MetricsLayer) -> None:
    limited = layer.ask(Request.of("booked", by=("service",), grain=Grain.DAY, totals=True, limit=1)).frame
    assert limited.filter("is_total")["value"].to_list() == [237]
    top = Top(1, "service", remainder=False)
    shown = layer.ask(Request.of("booked", by=("service",), grain=Grain.DAY, totals=True, top=top)).frame
    assert shown.select("service", "value").rows() == [("A", 150), (None, 237)]


def test_subtotals_are_of_their_own_dimensions(layer: MetricsLayer) -> None:
    asked = Request.of("sites", by=("service", "site"), grain=Grain.DAY, subtotals=(("service",), ("site",)))
    frame = layer.ask(asked).frame
    by_service = frame.filter(pl.col("over") == "site").select("service", "value")
    by_site = frame.filter(pl.col("over") == "service").select("site", "value")
    assert dict(by_service.iter_rows()) == {"A": 2, "B": 1, None: 1}
    assert dict(by_site.iter_rows()) == {"North": 1, "South": 1}
