"""Who did not report is not 0: the total says how many of the expected reported, and is missing below the threshold.

    attendances   April   May   June
    RA1             100   100    100
    RA3             200   200      -     (expected: it reported in the months before)
    RB1              50    50     50

June is 150 of 2 of 3 organisations. Shown as it stands it looks like a fall of 57 %; its mean over 3 is no mean of
anything. RB1 alone has not fallen.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from metrics import Grain, MetricsLayer, Request
from metrics.query.request import Comparison
from tests.query import small
from tests.query.test_engine import DEFINITIONS

AE = small.ae(
    [(f"2024-0{month}", org, seen, 0) for month in (4, 5, 6) for org, seen in (("RA1", 100), ("RB1", 50))]
    + [("2024-04", "RA3", 200, 0), ("2024-05", "RA3", 200, 0)]
)
JUNE = date(2024, 6, 1)


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("submitters")
    return small.build(f"duckdb:///{folder / 'warehouse'}", {"fact_ae_month": AE}, DEFINITIONS, folder / "definitions")


def test_the_total_says_who_reported_and_is_missing(layer: MetricsLayer) -> None:
    frame = layer.ask(Request.of("attendances")).frame
    assert frame.select("value", "status", "reporting", "expected").rows() == [
        (350, "final", 3, 3), (350, "final", 3, 3), (150, "missing", 2, 3),
    ]  # fmt: skip
    assert dict(layer.explain("attendances", period=JUNE).absent) == {"RA3": "Alpha Three NHS Trust"}


def test_who_is_absent_has_no_number_and_who_is_not_is_final(layer: MetricsLayer) -> None:
    asked = Request.of("attendances", by=("organisation",), period_from=date(2024, 5, 1), period_to=date(2024, 6, 30))
    june = layer.ask(asked).frame.filter(pl.col("period") == JUNE)
    assert june.select("organisation", "value", "status").rows() == [
        ("RA1", 100, "final"), ("RA3", None, "missing"), ("RB1", 50, "final"),
    ]  # fmt: skip
    named = Request.of("attendances", where={"organisation": "RA3"}, period_from=JUNE, period_to=date(2024, 6, 30))
    assert layer.ask(named).frame.select("value", "status").rows() == [(None, "missing")]


def test_no_change_is_told_from_it_and_the_quarter_is_missing_too(layer: MetricsLayer) -> None:
    frame = layer.ask(
        Request.of("attendances", period_from=JUNE, period_to=date(2024, 6, 30), compare=Comparison())
    ).frame
    assert frame.select("change", "basis").rows() == [(None, "June 2024: 1 of 3 organisations missing")]
    assert layer.ask(Request.of("attendances", grain=Grain.QUARTER)).frame["status"].to_list() == ["missing"]
