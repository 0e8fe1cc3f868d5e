"""The top members of a dimension and all others: numbers counted by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from metrics import Filter, Grain, MetricsLayer, Request
from metrics.query.errors import QueryError
from metrics.query.request import REMAINDER, Top
from tests.query import daily

DAY, NEXT = date(2026, 2, 2), date(2026, 2, 3)
ROWS: list[daily.Row] = [
    # day, service, site, booked, missed, waiting
    (DAY, "A", "North", 100, 10, 5), (NEXT, "A", "North", 10, 9, 50),
    (DAY, "B", "North", 60, 30, 8), (NEXT, "B", "South", 20, 10, 7),
    (DAY, "C", "South", 40, 4, 9), (NEXT, "C", "South", 40, 0, 6),
    (DAY, "D", "East", 2, 2, 1), (NEXT, "D", "East", 0, 0, 1),
    (DAY, None, "East", 30, 3, 2), (NEXT, None, "West", 30, 3, 4),
]  # fmt: skip
TODAY = date(2026, 3, 20)


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("ranking")
    return daily.build(f"duckdb:///{folder / 'warehouse'}", ROWS, folder / "definitions", lambda: TODAY)


def _ask(layer: MetricsLayer, *metrics: str, **others: Any) -> pl.DataFrame:
    return layer.ask(
        Request.of(*metrics, **{"by": ("service",), "period_from": DAY, "period_to": NEXT, **others})
    ).frame


def _members(layer: MetricsLayer, metric: str, count: int = 2, **others: Any) -> list[str]:
    top = Top(count, "service", metric=metric, **others)
    found = _ask(layer, "booked", top=top)["service"].unique(maintain_order=True).to_list()
    return [name for name in found if name != REMAINDER]


def test_amounts_are_ranked_over_the_whole_period(layer: MetricsLayer) -> None:
    frame = _ask(layer, "booked", top=Top(2, "service"))
    assert frame.select("period", "service", "value").rows() == [
        (DAY, "A", 100), (NEXT, "A", 10), (DAY, "B", 60), (NEXT, "B", 20),
        (DAY, REMAINDER, 72), (NEXT, REMAINDER, 70),  # C, D and the rows of no service
    ]  # fmt: skip


def test_of_equals_the_first_code_is_kept(layer: MetricsLayer) -> None:
    assert _members(layer, "booked", 1) == ["A"]
    assert _members(layer, "booked", 2) == ["A", "B"]  # B and C have 80 each


def test_ratios_are_ranked_as_one_figure_of_the_whole_period(layer: MetricsLayer) -> None:
    # D 2 of 2, B 40 of 80, A 19 of 110, C 4 of 80: the mean of its days would put A (10 % and 90 %) before B.
    assert _members(layer, "missed_rate", 2) == ["B", "D"]
    assert _members(layer, "missed_rate", 2, least=True) == ["A", "C"]
    assert _members(layer, "seen_share", 1) == ["C"]  # a formula over the same


def test_levels_are_ranked_by_their_last_period(layer: MetricsLayer) -> None:
    assert _members(layer, "waiting", 1) == ["A"]  # 50 on the last day; on the first C had the most
    assert _members(layer, "waiting", 2) == ["A", "B"]


def test_what_accumulates_is_ranked_by_its_end(layer: MetricsLayer) -> None:
    assert _members(layer, "booked_to_date", 1) == ["A"]
    assert _members(layer, "booked_7d", 1) == ["A"]


def test_greatest_and_distinct_are_asked_over_the_whole_period(layer: MetricsLayer) -> None:
    assert _members(layer, "busiest", 1) == ["A"]
    assert _members(layer, "sites", 1) == ["B"]  # North, then South: two sites


def test_the_remainder_of_ratios_distinct_counts_and_percentiles_is_its_own_query(layer: MetricsLayer) -> None:
    month = {"grain": Grain.MONTH, "top": Top(2, "service", metric="booked")}
    frame = _ask(layer, "missed_rate", "sites", "median_booked", "busiest", "waiting", **month)
    others = {row["metric"]: row for row in frame.filter(pl.col("service") == REMAINDER).iter_rows(named=True)}
    rate = others["missed_rate"]
    assert (rate["numerator"], rate["denominator"]) == (4 + 2 + 6, 80 + 2 + 60)
    assert rate["value"] == pytest.approx(12 / 142)
    assert others["sites"]["value"] == 3  # South, East and West, each once
    assert others["median_booked"]["value"] == 30  # of 0, 2, 30, 30, 40, 40
    assert others["busiest"]["value"] == 40
    assert others["waiting"]["value"] == 6 + 1 + 4


def test_totals_and_subtotals_stay_those_of_all(layer: MetricsLayer) -> None:
    plain = {"by": ("service", "site"), "totals": True, "subtotals": (("service",), ("site",)), "grain": Grain.MONTH}
    frame = _ask(layer, "missed_rate", **plain, top=Top(1, "service", metric="booked"))
    seen = frame.select("service", "site", "numerator", "denominator", "over", "is_total").rows()
    assert len(seen) == 12
    assert set(seen) == {
        ("A", "North", 19, 110, "", False),
        (REMAINDER, "North", 30, 60, "", False), (REMAINDER, "South", 14, 100, "", False),
        (REMAINDER, "East", 5, 32, "", False), (REMAINDER, "West", 3, 30, "", False),
        ("A", None, 19, 110, "site", True), (REMAINDER, None, 52, 222, "site", True),
        (None, "North", 49, 170, "service", True), (None, "South", 14, 100, "service", True),
        (None, "East", 5, 32, "service", True), (None, "West", 3, 30, "service", True),
        (None, None, 71, 332, "service,site", True),
    }  # fmt: skip


def test_the_remainder_says_how_many_it_stands_for(layer: MetricsLayer) -> None:
    result = layer.ask(Request.of("booked", by=("service",), top=Top(2, "service")))
    assert result.labels["service"][REMAINDER] == "All others (2)"  # C and D; rows of no service have no name
    assert result.request.top == Top(2, "service")
    every = layer.ask(Request.of("booked", by=("service",), top=Top(4, "service")))
    assert every.labels["service"][REMAINDER] == "All others"
    assert every.frame.filter(pl.col("service") == REMAINDER)["value"].to_list() == [30, 30]


def test_without_a_remainder_only_the_members_are_there(layer: MetricsLayer) -> None:
    frame = _ask(layer, "booked", top=Top(2, "service", remainder=False), totals=True, grain=Grain.MONTH)
    assert frame.select("service", "value").rows() == [("A", 110), ("B", 80), (None, 332)]


def test_with_fewer_members_than_asked_for_there_is_no_remainder(layer: MetricsLayer) -> None:
    frame = _ask(layer, "booked", where={"service": ["A", "B"]}, top=Top(2, "service"), grain=Grain.MONTH)
    assert frame.select("service", "value").rows() == [("A", 110), ("B", 80)]
    nobody = _ask(layer, "booked", where={"service": None}, top=Top(2, "service"), grain=Grain.MONTH)
    assert nobody["value"].to_list() == [60]


def test_filters_hold_for_members_and_for_the_remainder(layer: MetricsLayer) -> None:
    frame = _ask(
        layer, "booked", where={"service": ["B", "C", "D"]}, top=Top(1, "service"), period_to=DAY, grain=Grain.DAY
    )
    assert frame.select("service", "value").rows() == [("B", 60), (REMAINDER, 42)]
    asked = Request(
        ("booked",), by=("service",), where=(Filter("service", ("A",), negate=True), Filter("site", ("South",))),
        top=Top(1, "service"), period_from=DAY, period_to=NEXT, grain=Grain.MONTH,
    )  # fmt: skip
    assert layer.ask(asked).frame.select("service", "value").rows() == [("C", 80), (REMAINDER, 20)]


def test_members_of_several_metrics_are_those_of_the_one_that_ranks(layer: MetricsLayer) -> None:
    frame = _ask(layer, "missed", "waiting", top=Top(1, "service", metric="booked"), grain=Grain.MONTH)
    assert frame.select("metric", "service", "value").rows() == [
        ("missed", "A", 19), ("missed", REMAINDER, 40 + 4 + 2 + 6), ("waiting", "A", 50), ("waiting", REMAINDER, 18),
    ]  # fmt: skip


def test_what_cannot_be_ranked_says_what_to_ask(layer: MetricsLayer) -> None:
    with pytest.raises(QueryError, match="top is of 'site', which the request does not split by"):
        _ask(layer, "booked", top=Top(1, "site"))
    with pytest.raises(QueryError, match="1 member or more, not 0"):
        _ask(layer, "booked", top=Top(0, "service"))


def test_every_query_is_listed(layer: MetricsLayer) -> None:
    result = layer.ask(Request.of("booked", by=("service",), top=Top(2, "service"), grain=Grain.MONTH))
    assert len(result.queries) == 4  # who there is, who is first, they, and all others
    assert "NOT IN" in result.queries[-1].sql.upper()
