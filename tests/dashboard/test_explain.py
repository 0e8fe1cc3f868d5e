"""What is said of a number and its change: words and tables of the page and the command line."""

from __future__ import annotations

from datetime import date

import pytest

from dashboard.viewmodels.explained import bins_of, pairs_of
from dashboard.viewmodels.why import effect_text, why_of
from metrics import Grain, MetricsLayer

MARCH = date(2026, 3, 1)


@pytest.fixture(scope="module")
def layer(shipped_warehouse):
    return MetricsLayer.open(shipped_warehouse)


def test_the_greatest_members_the_others_and_the_whole_are_the_rows(layer):
    metric = layer.catalogue.metric("ae_four_hour")
    found = layer.why(metric.id, period=MARCH, by=["organisation"])
    table = why_of(found, metric, "organisation").table
    assert table.columns == (
        "Organisation", "February 2026", "March 2026", "Rate effect", "Mix effect", "Reporting changed", "All effects",
    )  # fmt: skip
    assert len(table.rows) == 8 + 2
    others = found.splits["organisation"].frame.slice(8)["effect"].sum()
    assert table.rows[8][0] == "189 others"
    assert table.rows[8][-1] == f"+{others * 100:.2f}"
    assert table.rows[9] == ("All", "74.1%", "77.1%", "+3.04", "+0.01", "+0.01", "+3.06")


def test_the_sentences_name_the_change_its_parts_and_who_did_not_report_twice(layer):
    metric = layer.catalogue.metric("ae_four_hour")
    first, parts, most, reporters = why_of(
        layer.why(metric.id, period=MARCH, by=["region"]), metric, "region"
    ).sentences
    assert first.endswith("rose from 74.1% in February 2026 to 77.1% in March 2026: 3.1 percentage points higher.")
    assert parts.startswith("By region: +3.06 percentage points from rates that changed")
    assert most.startswith("What moved it most: Midlands (+0.65), ")
    assert reporters.startswith("2 organisations reported in only one of the two periods")


def test_another_source_with_other_totals_is_told(layer):
    metric = layer.catalogue.metric("rtt_waiting_list")
    found = layer.why(metric.id, period=date(2025, 4, 1), grain=Grain.FINANCIAL_YEAR, by=["service"])
    view = why_of(found, metric, "service")
    assert any(
        "another source answers, with other totals: 7,039,849 pathways to 7,187,677" in each for each in view.sentences
    )
    assert view.table.columns[-2:] == ("Reporting changed", "Change")
    assert view.table.rows[-1][0] == "All"


def test_inputs_of_a_derived_metric_have_a_table(layer):
    metric = layer.catalogue.metric("medical_records_cost_per_admission")
    view = why_of(layer.why(metric.id, period=date(2023, 4, 1), by=[]), metric, None)
    assert view.table is None
    assert [row[0] for row in view.inputs.rows] == ["Emergency admissions", "Cost of medical records services", "All"]


@pytest.mark.parametrize(
    ("metric", "effect", "text"),
    [
        ("ae_four_hour", 0.00484, "+0.48"), ("ae_four_hour", -0.00001, "0.00"), ("ae_attendances", -1234.0, "\N{MINUS SIGN}1,234"),
        ("ae_attendances", None, ""), ("medical_records_cost_per_admission", 0.98, "+\N{POUND SIGN}0.98"),
    ],
)  # fmt: skip
def test_an_effect_has_a_sign_and_the_unit_of_its_metric(layer, metric, effect, text):
    assert effect_text(effect, layer.catalogue.metric(metric)) == text


def test_what_is_behind_a_number_is_said_in_terms(layer):
    metric = layer.catalogue.metric("ae_four_hour")
    said = dict(pairs_of(layer.explain(metric.id, period=MARCH, at={"region": "Y56"}), metric))
    assert said["Filters"] == "Region is London (Y56)"
    assert said["Status"] == "Final since 31 May 2026 (60 days after the period's end)"
    assert said["Rows"].endswith("rows of the warehouse, of 1 March 2026 to 31 March 2026")
    assert said["Suppression"].startswith("No suppression is applied to this number.")
    assert "fact_ae_month (" in said["Tables"]
    assert "model ae_waits " in said["Versions"]


def test_the_distribution_behind_a_percentile_is_a_table(layer):
    metric = layer.catalogue.metric("rtt_p92_wait")
    found = layer.explain(metric.id, period=date(2026, 1, 1))
    table = bins_of(found, "weeks")
    assert table.columns == ("Weeks", "Count")
    assert table.rows[0][0] == "0 to 1"
    assert table.rows[-1][0] == "104 or more"
    assert sum(int(row[1].replace(",", "")) for row in table.rows) == 7_187_677


def test_the_files_and_statements_of_what_a_number_is_made_of_are_there_to_the_last(layer):
    found = layer.explain("medical_records_cost_per_admission", period=date(2023, 4, 1))
    # Cost over admissions, which are made of two counts of another publication themselves.
    assert {each.id for each in found.publications} == {"ae_attendances", "medical_records_cost"}
    assert len(next(each for each in found.publications if each.id == "ae_attendances").files) == 12
    assert len(found.statements) == 3
    assert all("AS organisation" in each for each in found.sql("duckdb"))
