"""A ratio is the sum of numerators over the sum of denominators, at every level, in every period and every total.

    day      service  booked  missed   rate
    1 April  A           100      10   10 %
    1 April  B            10       9   90 %
    2 April  A           300      30   10 %

April is 49 of 410, 11.95 %. Averages of rates say 50 % (of the two services) or 36.7 % (of the three rows).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from metrics import Grain, MetricsLayer, Request
from tests.query import daily

ROWS = [
    (date(2026, 4, 1), "A", "North", 100, 10, None),
    (date(2026, 4, 1), "B", "North", 10, 9, None),
    (date(2026, 4, 2), "A", "South", 300, 30, None),
]


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("ratio")
    return daily.build(f"duckdb:///{folder / 'warehouse'}", ROWS, folder / "definitions", lambda: date(2026, 6, 1))


@pytest.mark.parametrize("grain", [Grain.MONTH, Grain.QUARTER, Grain.FINANCIAL_YEAR])
def test_over_time_the_parts_are_added_and_divided_last(layer: MetricsLayer, grain: Grain) -> None:
    row = layer.ask(Request.of("missed_rate", grain=grain)).frame.row(0, named=True)
    assert (row["numerator"], row["denominator"]) == (49, 410)
    assert row["value"] == pytest.approx(49 / 410)


def test_over_members_too_and_in_totals_and_subtotals(layer: MetricsLayer) -> None:
    asked = Request.of("missed_rate", by=("service", "site"), grain=Grain.MONTH, totals=True, subtotals=(("service",),))
    frame = layer.ask(asked).frame
    total = frame.filter(pl.col("over") == "service,site")
    assert total["value"].to_list() == [pytest.approx(49 / 410)]
    subtotals = frame.filter(pl.col("over") == "site").select("service", "value")
    assert dict(subtotals.iter_rows()) == {"A": 0.1, "B": 0.9}


def test_a_formula_over_a_ratio_divides_last_too(layer: MetricsLayer) -> None:
    assert layer.ask(Request.of("seen_share", grain=Grain.MONTH)).frame["value"].to_list() == [
        pytest.approx(1 - 49 / 410)
    ]
