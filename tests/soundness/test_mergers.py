"""Rows follow the successor of their organisation as it stands on the day asked for, and the answer says so.

RA2 became part of RA3 on 1 July 2024.

    attendances   May   July
    RA2           100      -
    RA3            10    115

Since then RA3 had 110 in May: 115 is no rise from 10. As at 1 June the two stand apart, as they did.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from metrics import MetricsLayer, Request
from tests.query import small
from tests.query.test_engine import DEFINITIONS

AE = small.ae([("2024-05", "RA2", 100, 50), ("2024-05", "RA3", 10, 0), ("2024-07", "RA3", 115, 0)])


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("mergers")
    return small.build(f"duckdb:///{folder / 'warehouse'}", {"fact_ae_month": AE}, DEFINITIONS, folder / "definitions")


def _may(layer: MetricsLayer, metric: str, as_at: date) -> dict[str, float]:
    asked = Request.of(
        metric, by=("organisation",), as_at=as_at, period_from=date(2024, 5, 1), period_to=date(2024, 5, 31)
    )
    frame = layer.ask(asked).frame.filter(pl.col("value").is_not_null())
    return dict(frame.select("organisation", "value").iter_rows())


def test_numbers_follow_the_successor_from_the_day_of_the_merger(layer: MetricsLayer) -> None:
    assert _may(layer, "attendances", date(2024, 6, 30)) == {"RA2": 100, "RA3": 10}
    assert _may(layer, "attendances", date(2024, 7, 1)) == {"RA3": 110}


def test_a_ratio_of_merged_organisations_is_one_of_their_sums(layer: MetricsLayer) -> None:
    assert _may(layer, "within_four_hours", date(2024, 7, 1)) == {"RA3": pytest.approx(60 / 110)}  # not the mean, 75 %


def test_whoever_asks_for_the_predecessor_gets_the_successor_and_is_told(layer: MetricsLayer) -> None:
    result = layer.ask(Request.of("attendances", where={"organisation": "RA2"}))
    assert result.frame["value"].drop_nulls().to_list() == [110, 115]
    assert "Alpha Two NHS Trust (RA2) is now part of Alpha Three NHS Trust (RA3)." in [n.text for n in result.notes]
