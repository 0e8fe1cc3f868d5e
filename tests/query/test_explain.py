"""An explanation of any cell: what went into it, counted by hand, and by which definitions."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
import sqlglot

from metrics import Filter, Grain, MetricsLayer, Request
from metrics.query.cell import cell_of
from metrics.query.dialects import TARGETS
from metrics.query.errors import QueryError
from tests.query import small

DEFINITIONS = """
models:
  - {name: ae, title: A&E, table: fact_ae_month, publication: by_hand, provenance: published, grain: month,
     maturity_days: 60, disclosure: patient, filter: "department <> 'none'",
     dimensions: [{name: department, column: department, title: Department, labels: {type1: Type 1}}]}
  - name: rtt
    title: RTT
    table: fact_rtt_band_month
    publication: by_hand
    provenance: published
    grain: month
    dimensions: [{name: service, column: service_code, title: Treatment function, lookup: dim_service}]
    bins: {lower: weeks_from, upper: weeks_to}
  - {name: indicators, title: Indicators, table: fact_published_indicator, publication: by_hand, provenance: published,
     grain: financial_year}
metrics:
  - &simple {id: attendances, title: Attendances, type: simple, description: d, capability: demand, model: ae,
     measure: {words: people seen, expr: attendances}, unit: count, direction: neutral, owner: o, source: s,
     interpretation: i}
  - {<<: *simple, id: late, measure: {words: seen late, expr: over_4h}}
  - {<<: *simple, id: late_each, type: derived, model: null, measure: null, formula: late / attendances, unit: ratio}
  - {<<: *simple, id: growth, type: derived, model: null, measure: null, formula: attendances - before,
     inputs: {before: {metric: attendances, offset_window: 1 month}}}
  - {<<: *simple, id: two_months, type: cumulative, model: null, measure: null, metric: attendances, window: 2 months}
  - {<<: *simple, id: waiting, type: snapshot, model: rtt, measure: {words: on the list, expr: pathways}}
  - {<<: *simple, id: median_wait, type: percentile, percentile: 0.5, model: rtt, unit: weeks,
     measure: {words: on the list, expr: pathways}}
  - {<<: *simple, id: maturity, type: index, model: indicators, unit: score,
     measure: {words: w, expr: value, filter: "indicator = 'dma_overall'"}}
"""

AE = small.ae(
    [
        ("2024-04", "RA1", 100, 40), ("2024-04", "RA2", 50, 5), ("2024-04", "RB1", 100, 20),
        ("2024-05", "RA1", 200, 60), ("2024-05", "RB1", 100, 20), ("2024-05", "NX1", 50, 0),
        ("2024-10", "RA1", 10, 1), ("2024-10", "RA3", 10, 1), ("2024-10", "RB1", 10, 1), ("2024-10", "NX1", 50, 0),
    ]
)  # fmt: skip
BANDS = pl.DataFrame(
    [(date(2024, month, 1), "RA1", "Part_2", service, "english", low, low + 1, count)
     for month, service, low, count in
     [(4, "100", 0, 1), (4, "100", 1, 2), (5, "100", 0, 4), (5, "110", 0, 8), (6, "100", 0, 16), (6, "110", 3, 32)]],
    schema={"period": pl.Date, "org_code": pl.String, "part": pl.String, "service_code": pl.String,
            "commissioning": pl.String, "weeks_from": pl.Int64, "weeks_to": pl.Int64, "pathways": pl.Int64},
    orient="row",
)  # fmt: skip
INDICATORS = pl.DataFrame(
    [(date(2024, 4, 1), "RA1", "dma_overall", 2.5), (date(2024, 4, 1), "ENG", "dma_overall", 2.9)],
    schema=["period", "org_code", "indicator", "value"],
    orient="row",
)
APRIL, MAY, OCTOBER = date(2024, 4, 1), date(2024, 5, 1), date(2024, 10, 1)


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("explain")
    facts = {"fact_ae_month": AE, "fact_rtt_band_month": BANDS, "fact_published_indicator": INDICATORS}
    return small.build(f"duckdb:///{folder / 'warehouse'}", facts, DEFINITIONS, folder / "definitions")


def test_the_rows_of_a_cell_are_counted_under_its_conditions(layer: MetricsLayer) -> None:
    assert layer.explain("attendances", period=APRIL).rows == 3
    london = layer.explain("attendances", period=APRIL, at={"region": "Y56"})
    assert (london.value, london.rows) == (150, 2)  # RA1, and RA2 that is RA3 now
    assert london.filters_in_words == ("Region is London (Y56)",)
    assert london.at == {"region": "Y56"}
    assert (london.reads_from, london.reads_to) == (date(2024, 4, 1), date(2024, 4, 30))
    assert london.tables == ("fact_ae_month", "dim_organisation", "dim_organisation_identity")
    assert set(london.columns["fact_ae_month"]) == {"period", "department", "attendances", "org_code"}


def test_a_quarter_counts_the_rows_of_its_months_and_a_level_those_of_the_month_it_shows(layer: MetricsLayer) -> None:
    quarter = layer.explain("attendances", period=APRIL, grain=Grain.QUARTER)
    assert (quarter.rows, quarter.reads_to) == (6, date(2024, 5, 31))
    shown = layer.explain("waiting", period=APRIL, grain=Grain.QUARTER)
    assert (shown.value, shown.rows) == (48, 2)
    assert (shown.reads_from, shown.reads_to) == (date(2024, 6, 1), date(2024, 6, 30))


def test_what_is_not_known_is_a_cell_too(layer: MetricsLayer) -> None:
    nowhere = layer.explain("attendances", period=MAY, at={"region": None})
    assert (nowhere.value, nowhere.rows) == (50, 1)
    assert nowhere.filters_in_words == ("Region is not known",)


def test_every_row_of_a_result_is_a_cell_that_has_its_value(layer: MetricsLayer) -> None:
    result = layer.ask(Request(("attendances", "late_each"), by=("region", "department"), totals=True))
    for row in result.frame.filter(pl.col("value").is_not_null()).iter_rows(named=True):
        found = layer.explain(**cell_of(result, row))
        assert (found.value, found.status) == (row["value"], row["status"])
        assert ("region" in found.at) == (not row["is_total"])


def test_a_member_narrows_a_filter_on_its_own_dimension(layer: MetricsLayer) -> None:
    both = (Filter("region", ("Y56", "Y62")),)
    assert layer.explain("attendances", period=APRIL, where=both).value == 250
    assert layer.explain("attendances", period=APRIL, where=both, at={"region": "Y62"}).value == 100
    named = layer.explain("attendances", period=APRIL, where={"trust": "RA1", "department": {"not_in": "type1"}})
    assert named.filters_in_words == ("Organisation is Alpha One NHS Trust (RA1)", "Department is not Type 1 (type1)")
    assert (named.value, named.rows) == (None, 0)


def test_a_derived_number_explains_each_input_of_its_own_time(layer: MetricsLayer) -> None:
    found = layer.explain("growth", period=MAY, at={"region": "Y56"})
    assert (found.value, found.formula, found.rows) == (50, "attendances - before", None)
    assert {name: (each.metric, each.period, each.value, each.rows) for name, each in found.inputs.items()} == {
        "attendances": ("attendances", MAY, 200, 1), "before": ("attendances", APRIL, 150, 2),
    }  # fmt: skip
    assert list(found.versions) == ["metric:growth", "metric:attendances", "model:ae"]
    assert found.versions["metric:growth"] == found.definition_version
    assert found.texts["metric:attendances"].startswith("- &simple {id: attendances")
    assert "maturity_days: 60" in found.texts["model:ae"]


def test_a_window_says_what_it_reaches_back_to(layer: MetricsLayer) -> None:
    found = layer.explain("two_months", period=MAY)
    assert (found.value, found.rows) == (600, 6)
    assert (found.reads_from, found.reads_to) == (date(2024, 4, 1), date(2024, 5, 31))
    moved = layer.why("two_months", period=MAY, by=["region"])
    assert moved.method == "sum"


def test_a_percentile_has_the_distribution_that_it_is_read_from(layer: MetricsLayer) -> None:
    found = layer.explain("median_wait", period=APRIL, grain=Grain.QUARTER)
    assert found.bins is not None
    assert found.bins.rows() == [(0, 1, 16), (3, 4, 32)]  # of June, which the quarter shows
    assert found.rows == 2
    assert found.denominator == 48


def test_an_index_is_its_one_row(layer: MetricsLayer) -> None:
    found = layer.explain("maturity", period=APRIL, at={"organisation": "RA1"})
    assert (found.value, found.rows) == (2.5, 1)


def test_it_says_until_when_a_number_is_provisional(layer: MetricsLayer) -> None:
    october = layer.explain("attendances", period=OCTOBER)  # today is 1 December 2024
    assert (october.status, october.is_provisional) == ("provisional", True)
    assert (october.maturity_days, october.final_from) == (60, date(2024, 12, 31))
    april = layer.explain("attendances", period=APRIL)
    assert (april.status, april.is_provisional, april.final_from) == ("final", False, date(2024, 6, 30))


def test_without_a_period_it_is_the_newest_final_one(layer: MetricsLayer) -> None:
    assert layer.explain("attendances").period == APRIL  # in May one is missing, October is provisional
    assert layer.explain("waiting").period == date(2024, 6, 1)
    with pytest.raises(QueryError, match="holds no value here"):
        layer.explain("attendances", at={"organisation": "NX2"})


def test_it_says_that_nothing_is_suppressed_and_whom_the_rows_are_about(layer: MetricsLayer) -> None:
    found = layer.explain("late", period=APRIL)
    assert found.disclosure == "patient"
    assert found.suppression.startswith("No suppression is applied to this number.")
    assert layer.explain("waiting").disclosure == "none"


@pytest.mark.parametrize("backend", TARGETS)
@pytest.mark.parametrize("metric", ["attendances", "late_each", "two_months", "median_wait", "maturity"])
def test_its_statements_parse_in_the_grammar_of_every_warehouse(layer: MetricsLayer, metric: str, backend: str) -> None:
    at = {"region": "Y56"} if metric != "maturity" else {"organisation": "RA1"}
    found = layer.explain(metric, at=at)
    statements = found.sql(backend)
    assert len(statements) == (2 if metric == "late_each" else 1)
    for statement in statements:
        (tree,) = sqlglot.parse(statement, dialect=TARGETS[backend].grammar)
        assert isinstance(tree, sqlglot.exp.Select)


def test_the_duckdb_statement_gives_the_number_again(layer: MetricsLayer) -> None:
    found = layer.explain("late", period=APRIL, at={"region": "Y56"})
    (statement,) = found.sql("duckdb")
    with layer.warehouse.engine.connect() as connection:
        rows = connection.exec_driver_sql(statement).fetchall()
    assert [tuple(row) for row in rows] == [(APRIL, 45.0)]


def test_it_holds_the_files_and_when_they_were_loaded(layer: MetricsLayer) -> None:
    found = layer.explain("late_each", period=APRIL)
    assert found.loaded_at == small.LOADED
    assert [file.name for each in found.publications for file in each.files] == ["by-hand.csv"]
    assert found.as_of == date(2024, 10, 31)
