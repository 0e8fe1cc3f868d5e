"""The order of rows, and how many are kept."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from metrics import Grain, MetricsLayer, Request
from metrics.query.errors import QueryError
from metrics.query.request import REMAINDER, Sort, Top
from tests.query import small
from tests.query.test_engine import AE, BANDS, DEFINITIONS, INDICATORS

APRIL, MAY = date(2024, 4, 1), date(2024, 5, 31)


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("ordering")
    facts = {"fact_ae_month": AE, "fact_rtt_band_month": BANDS, "fact_published_indicator": INDICATORS}
    return small.build(f"duckdb:///{folder / 'warehouse'}", facts, DEFINITIONS, folder / "definitions")


def _rows(layer: MetricsLayer, *metrics: str, **others: Any) -> list[tuple[object, ...]]:
    asked = Request.of(*metrics, **{"period_from": APRIL, "period_to": MAY, "by": ("organisation",), **others})
    return layer.ask(asked).frame.select("period", "organisation", "value").rows()


def test_rows_of_all_periods_are_sorted_together_and_what_is_missing_comes_last(layer: MetricsLayer) -> None:
    may = date(2024, 5, 1)
    assert _rows(layer, "attendances", sort=(Sort("value", descending=True),)) == [
        (APRIL, "RA3", 1000), (may, "RA3", 1000), (may, "RA1", 200), (APRIL, "RA1", 100), (may, "RB1", 60),
        (APRIL, "RB1", 50), (may, "NX1", 10), (APRIL, "NX1", None),
    ]  # fmt: skip
    assert _rows(layer, "attendances", sort=(Sort("value"),))[-1] == (APRIL, "NX1", None)


def test_several_columns_sort_one_after_the_other(layer: MetricsLayer) -> None:
    rows = _rows(layer, "attendances", sort=(Sort("period", descending=True), Sort("value")), limit=3)
    may = date(2024, 5, 1)
    assert rows == [(may, "NX1", 10), (may, "RB1", 60), (may, "RA1", 200)]


def test_a_dimension_may_be_called_by_its_other_names(layer: MetricsLayer) -> None:
    rows = _rows(layer, "attendances", period_to=APRIL, sort=(Sort("trust", descending=True),), limit=2)
    assert [row[1] for row in rows] == ["RB1", "RA3"]


def test_the_limit_counts_rows_of_each_metric_and_keeps_totals(layer: MetricsLayer) -> None:
    asked = Request.of(
        "attendances", "within_four_hours", by=("organisation",), period_from=APRIL, period_to=APRIL, totals=True,
        sort=(Sort("value", descending=True),), limit=2,
    )  # fmt: skip
    frame = layer.ask(asked).frame
    assert frame.select("metric", "organisation", "value", "is_total").rows() == [
        ("attendances", "RA3", 1000, False), ("attendances", "RA1", 100, False), ("attendances", None, 1150, True),
        ("within_four_hours", "RA3", 0.9, False), ("within_four_hours", "RA1", 0.6, False),
        ("within_four_hours", None, pytest.approx(960 / 1100), True),
    ]  # fmt: skip


def test_subtotals_are_kept_beside_the_limit(layer: MetricsLayer) -> None:
    asked = Request.of(
        "attendances", by=("region", "organisation"), subtotals=(("region",),), totals=True, limit=1,
        period_from=APRIL, period_to=APRIL, sort=(Sort("value", descending=True),),
    )  # fmt: skip
    frame = layer.ask(asked).frame
    assert frame.select("region", "organisation", "value", "over").rows() == [
        ("Y56", "RA3", 1000, ""), (None, None, 1150, "region,organisation"), ("Y56", None, 1100, "organisation"),
        ("Y62", None, 50, "organisation"),
    ]  # fmt: skip


def test_the_remainder_comes_after_the_members(layer: MetricsLayer) -> None:
    rows = _rows(layer, "attendances", period_to=APRIL, top=Top(2, "organisation"), sort=(Sort("value"),))
    assert [row[1] for row in rows] == ["RA1", "RA3", REMAINDER]
    in_order = _rows(layer, "attendances", period_to=APRIL, top=Top(2, "organisation"))
    assert [row[1] for row in in_order] == ["RA1", "RA3", REMAINDER]


def test_what_cannot_be_ordered_says_what_to_write(layer: MetricsLayer) -> None:
    def asked(**others: Any) -> None:
        layer.ask(Request.of("attendances", by=("region",), **others))

    with pytest.raises(QueryError, match=r"no column 'valeu' to sort by\. Did you mean 'value'"):
        asked(sort=(Sort("valeu"),))
    with pytest.raises(QueryError, match="no column 'organisation' to sort by"):
        asked(sort=(Sort("organisation"),))
    with pytest.raises(QueryError, match="'change' is there to sort by when the request compares"):
        asked(sort=(Sort("change"),))
    for limit in (0, -3):
        with pytest.raises(QueryError, match=f"1 row or more, not {limit}"):
            asked(limit=limit)


def test_the_plain_order_is_unchanged(layer: MetricsLayer) -> None:
    asked = Request.of(
        "attendances", "within_four_hours", by=("region", "organisation"), totals=True, grain=Grain.MONTH
    )
    plain = layer.ask(asked).frame
    limited = layer.ask(Request.of(*asked.metrics, by=asked.by, totals=True, grain=Grain.MONTH, limit=1000)).frame
    assert limited.equals(plain)
