"""A trust's own figure among all that report the published twin: rank, percentile, periods, table and file."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from dashboard.viewmodels import national
from dashboard.viewmodels.places import Places
from metrics import Grain, MetricsLayer, Request
from sample_data.simulator.trust import ORG_CODE

TODAY = date(2026, 11, 2)
NAME = "Sample Trust (simulated)"


@pytest.fixture(scope="module")
def layer(trust_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(trust_warehouse, today=lambda: TODAY)


@pytest.fixture(scope="module")
def places(layer: MetricsLayer) -> Places:
    return Places.of(layer.organisations())


def found(layer: MetricsLayer, places: Places, metric: str, period_to: date | None = None) -> national.National:
    view = national.build(layer, places, layer.catalogue.metric(metric), places.by_code[ORG_CODE], period_to)
    assert view is not None
    return view


def test_it_stands_among_acute_trusts_of_the_same_month(layer, places):
    view = found(layer, places, "local_rtt_within_18_weeks")
    acute = [each.code for each in places if each.kind == "trust" and each.trust_type == "Acute"]
    trusts = layer.ask(Request(("rtt_within_18_weeks",), by=("organisation",), grain=Grain.MONTH)).frame
    trusts = trusts.filter(pl.col("organisation").is_in(acute), pl.col("value").is_not_null(), ~pl.col("is_total"))
    newest = trusts.filter(pl.col("period") == trusts["period"].max())
    own = layer.ask(Request(("local_rtt_within_18_weeks",), grain=Grain.MONTH)).frame
    mine = own.filter(pl.col("period") == newest["period"][0])["value"].item()
    below, above = (newest["value"] < mine).sum(), (newest["value"] > mine).sum()
    assert view.trusts == newest.height > 100
    assert view.own.value == mine
    assert view.own.is_same_period
    assert view.percentile == round(100 * (newest.height + below - above) / (2 * newest.height))
    said = f"higher than {below}" if below >= above else f"lower than {above}"
    assert f"{said} of {newest.height} acute trusts in May 2026" in view.chart.title
    assert view.chart.title.startswith(f"{NAME}: ")


def test_the_chart_has_its_words_table_and_file(layer, places):
    view = found(layer, places, "local_rtt_within_18_weeks")
    assert f"{NAME} is made up" in view.chart.summary
    assert "half lie between" in view.chart.summary
    assert [item.code for item in view.chart.items if item.chosen] == [ORG_CODE]
    values = [item.value for item in view.chart.items]
    assert values == sorted(values, reverse=True)
    rows = {row[1]: row for row in view.chart.table.rows}
    assert rows[ORG_CODE][3:] == ("May 2026", "Own records")
    assert {row[4] for code, row in rows.items() if code != ORG_CODE} == {"Published"}
    file = pl.read_csv(view.chart.download.text(data_version="x").encode())
    assert file.filter(pl.col("code") == ORG_CODE).select("metric", "from").row(0) == (
        "local_rtt_within_18_weeks", "Own records",
    )  # fmt: skip
    assert set(file.filter(pl.col("code") != ORG_CODE)["metric"]) == {"rtt_within_18_weeks"}


def test_where_the_year_is_not_held_whole_it_is_as_many_months(layer, places):
    view = found(layer, places, "local_dna")
    assert view.published_period == "FY 2024/25"
    assert view.own.period == "the 12 months to October 2026"
    october = {"period_from": date(2026, 10, 1), "period_to": date(2026, 10, 31)}
    asked = Request(("local_dna",), grain=Grain.MONTH, window="12 months", **october)
    assert view.own.value == layer.ask(asked).frame["value"].item()
    assert "The periods differ: the 12 months to October 2026 here, FY 2024/25 there." in view.chart.summary


def test_a_survey_stands_for_its_year(layer, places):
    view = found(layer, places, "local_survey_engagement")
    assert view.own.period in ("October 2025", "October 2026")
    assert view.trusts > 100


@pytest.mark.parametrize("metric", ["local_hospital_cancelled", "local_ed_over_12h"])
def test_without_figures_of_trusts_there_is_nothing_to_stand_among(layer, places, metric):
    place = places.by_code[ORG_CODE]
    assert national.build(layer, places, layer.catalogue.metric(metric), place, None) is None


def test_a_chosen_month_sets_both_ends(layer, places):
    view = found(layer, places, "local_ed_within_4h", date(2026, 3, 31))
    assert view.published_period == "March 2026"
    assert view.own.period == "March 2026"
