"""The engine on a warehouse that can be checked by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from metrics import Filter, Grain, MetricsLayer, Request
from metrics.catalogue import UnknownMetricError
from metrics.query.errors import GrainError, QueryError, UnknownDimensionError, UnknownValueError
from tests.query import small

DEFINITIONS = """
models:
  - {name: ae, title: A&E, table: fact_ae_month, publication: by_hand, provenance: published, grain: month,
     dimensions: [{name: department, column: department, title: Department}]}
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
  - {id: attendances, title: Attendances, type: simple, description: d, capability: demand, model: ae,
     measure: {words: w, expr: attendances}, unit: count, direction: neutral, owner: o, source: s, interpretation: i}
  - id: within_four_hours
    title: Within four hours
    type: ratio
    description: d
    capability: access
    model: ae
    numerator: {words: seen in time, expr: attendances - over_4h}
    denominator: {words: all who report, expr: attendances, filter: over_4h is not null}
    unit: percent
    direction: increase
    owner: o
    source: s
    interpretation: i
  - {id: waiting, title: Waiting, type: snapshot, description: d, capability: access, model: rtt,
     measure: {words: w, expr: pathways}, unit: count, direction: decrease, owner: o, source: s, interpretation: i}
  - id: over_52
    title: Over 52 weeks
    type: ratio
    description: d
    capability: access
    model: rtt
    numerator: {words: w, expr: pathways, filter: weeks_from >= 52}
    denominator: {words: w, expr: pathways}
    over_time: last
    unit: percent
    direction: decrease
    owner: o
    source: s
    interpretation: i
  - {id: median_wait, title: Median, type: percentile, percentile: 0.5, description: d, capability: access, model: rtt,
     measure: {words: w, expr: pathways}, unit: weeks, direction: decrease, owner: o, source: s, interpretation: i}
  - {id: maturity, title: Maturity, type: index, description: d, capability: roadmap, model: indicators,
     measure: {words: w, expr: value, filter: "indicator = 'dma_overall'"}, unit: score, direction: increase, owner: o,
     source: s, interpretation: i}
  - {id: late_share, title: Late, type: derived, description: d, capability: access, formula: 1 - within_four_hours,
     unit: percent, direction: decrease, owner: o, source: s, interpretation: i}
"""

AE = small.ae(
    [
        ("2024-04", "RA1", 100, 40), ("2024-04", "RA2", 1000, 100), ("2024-04", "RB1", 50, None),
        ("2024-05", "RA1", 200, 20), ("2024-05", "RA2", 1000, 300), ("2024-05", "RB1", 60, None),
        ("2024-05", "NX1", 10, 0),
        ("2024-06", "RA1", 300, 30), ("2024-06", "RA2", 1000, 0), ("2024-06", "NX1", 10, 0),
        ("2024-07", "RA1", 400, 0), ("2024-07", "RA3", 1100, 110), ("2024-07", "RB1", 70, 7), ("2024-07", "NX1", 10, 0),
    ]
)  # fmt: skip


def _bands(rows: list[tuple[str, str, str, int, int | None, int]]) -> pl.DataFrame:
    return pl.DataFrame(
        [(date.fromisoformat(m + "-01"), o, "Part_2", s, "english", a, b, n) for m, o, s, a, b, n in rows],
        schema={"period": pl.Date, "org_code": pl.String, "part": pl.String, "service_code": pl.String,
                "commissioning": pl.String, "weeks_from": pl.Int64, "weeks_to": pl.Int64, "pathways": pl.Int64},
        orient="row",
    )  # fmt: skip


BANDS = _bands(
    [
        ("2024-04", "RA1", "100", 0, 1, 10), ("2024-04", "RA1", "100", 1, 2, 10), ("2024-04", "RA1", "100", 60, 61, 20),
        ("2024-05", "RA1", "100", 0, 1, 30), ("2024-05", "RA1", "110", 104, None, 10),
        ("2024-06", "RA1", "100", 0, 1, 8), ("2024-06", "RA1", "100", 1, 2, 8),
    ]
)  # fmt: skip

INDICATORS = pl.DataFrame(
    [
        (date(2024, 4, 1), "RA1", "dma_overall", 2.5),
        (date(2024, 4, 1), "RB1", "dma_overall", 3.5),
        (date(2024, 4, 1), "ENG", "dma_overall", 2.9),
    ],
    schema=["period", "org_code", "indicator", "value"],
    orient="row",
)


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("engine")
    facts = {"fact_ae_month": AE, "fact_rtt_band_month": BANDS, "fact_published_indicator": INDICATORS}
    return small.build(f"duckdb:///{folder / 'warehouse'}", facts, DEFINITIONS, folder / "definitions")


def _values(layer: MetricsLayer, request: Request) -> list[tuple[object, ...]]:
    return layer.ask(request).frame.select("period", *request.by, "value", "status").rows()


def test_a_ratio_is_the_sum_of_numerators_over_the_sum_of_denominators(layer: MetricsLayer) -> None:
    row = layer.ask(Request.of("within_four_hours", period_to=date(2024, 4, 30))).frame.row(0, named=True)
    assert (row["numerator"], row["denominator"]) == (960, 1100)
    assert row["value"] == pytest.approx(960 / 1100)  # and not the mean of 60 % and 90 %


def test_an_organisation_that_does_not_report_is_in_neither_part(layer: MetricsLayer) -> None:
    frame = layer.ask(Request.of("within_four_hours", where={"organisation": "RB1"}, period_to=date(2024, 5, 31))).frame
    assert frame["value"].to_list() == [None, None]
    assert frame["status"].to_list() == ["missing", "missing"]  # it sends the return, and reports breaches in July


def test_zero_numerators_are_zero_and_zero_denominators_are_missing(layer: MetricsLayer) -> None:
    over = layer.ask(Request.of("over_52", period_from=date(2024, 6, 1), period_to=date(2024, 6, 30))).frame
    assert over["value"].to_list() == [0.0]
    by_service = layer.ask(
        Request.of("over_52", by=("service",), period_from=date(2024, 4, 1), period_to=date(2024, 4, 30))
    ).frame
    assert by_service.select("service", "value").rows() == [("100", 0.5)]


def test_predecessors_follow_their_successor_on_the_day_asked(layer: MetricsLayer) -> None:
    today = _values(layer, Request.of("attendances", by=("organisation",), where={"organisation": "RA3"}))
    assert [row[2] for row in today] == [1000, 1000, 1000, 1100]
    before = layer.ask(Request.of("attendances", by=("organisation",), as_at=date(2024, 6, 1))).frame
    assert set(before["organisation"]) == {"RA1", "RA2", "RA3", "RB1", "NX1"}


def test_a_predecessor_in_a_filter_is_followed_and_said(layer: MetricsLayer) -> None:
    result = layer.ask(Request.of("attendances", where={"organisation": "RA2"}))
    assert result.frame["value"].to_list() == [1000, 1000, 1000, 1100]
    assert [note.code for note in result.notes] == ["succession"]


def test_totals_are_queried_and_equal_the_undivided_answer(layer: MetricsLayer) -> None:
    split = layer.ask(Request.of("within_four_hours", by=("region",), totals=True)).frame
    whole = layer.ask(Request.of("within_four_hours")).frame
    total = split.filter(pl.col("is_total"))
    assert total["value"].to_list() == whole["value"].to_list()
    assert total["region"].null_count() == total.height


def test_rows_of_no_known_region_stay_in_the_answer(layer: MetricsLayer) -> None:
    frame = layer.ask(
        Request.of("attendances", by=("region",), period_from=date(2024, 5, 1), period_to=date(2024, 5, 31))
    )
    assert dict(frame.frame.select("region", "value").rows()) == {None: 10, "Y56": 1200, "Y62": 60}


def test_a_month_without_an_expected_submitter_is_missing_and_names_it(layer: MetricsLayer) -> None:
    june = layer.explain("attendances", period=date(2024, 6, 1))
    assert (june.status, june.reporting, june.expected) == ("missing", 3, 4)
    assert dict(june.absent) == {"RB1": "Beta One NHS Trust"}
    july = layer.explain("attendances", period=date(2024, 7, 1))
    assert (july.status, july.reporting, july.expected) == ("final", 4, 4)


def test_a_quarter_with_a_missing_month_is_missing(layer: MetricsLayer) -> None:
    rows = _values(layer, Request.of("attendances", grain=Grain.QUARTER))
    assert rows == [(date(2024, 4, 1), 3730.0, "missing"), (date(2024, 7, 1), 1580.0, "incomplete")]


def test_a_snapshot_is_never_summed_over_time(layer: MetricsLayer) -> None:
    rows = _values(layer, Request.of("waiting", grain=Grain.QUARTER))
    assert rows == [(date(2024, 4, 1), 16.0, "final")]


def test_a_percentile_comes_from_the_bins_of_its_last_month(layer: MetricsLayer) -> None:
    months = _values(layer, Request.of("median_wait"))
    assert [row[1] for row in months] == [pytest.approx(2.0), pytest.approx(20 / 30), pytest.approx(1.0)]
    quarter = _values(layer, Request.of("median_wait", grain=Grain.QUARTER))
    assert quarter[0][1] == pytest.approx(1.0)


def test_a_percentile_in_the_open_band_has_no_value_and_says_so(layer: MetricsLayer) -> None:
    result = layer.ask(Request.of("median_wait", where={"service": "Orthopaedics"}, period_from=date(2024, 5, 1)))
    assert result.frame["value"][0] is None
    assert "above 104 weeks" in result.notes[0].text


def test_an_index_is_shown_as_published_and_never_aggregated(layer: MetricsLayer) -> None:
    assert _values(layer, Request.of("maturity")) == [(date(2024, 4, 1), 2.9, "incomplete")]
    by_trust = layer.ask(Request.of("maturity", by=("organisation",))).frame
    assert by_trust.select("organisation", "value").rows() == [("RA1", 2.5), ("RB1", 3.5)]
    by_region = layer.ask(Request.of("maturity", by=("region",))).frame
    assert by_region["value"].null_count() == by_region.height


def test_a_derived_metric_is_computed_from_values_and_takes_the_worst_status(layer: MetricsLayer) -> None:
    frame = layer.ask(Request.of("late_share", "within_four_hours")).frame
    late, within = frame.filter(pl.col("metric") == "late_share"), frame.filter(pl.col("metric") == "within_four_hours")
    assert late["value"].to_list() == pytest.approx([1 - value for value in within["value"]])
    assert late["status"].to_list() == within["status"].to_list()


def test_series_are_dense_on_the_calendar(layer: MetricsLayer) -> None:
    frame = layer.ask(Request.of("attendances", by=("organisation",), where={"organisation": ["RB1", "NX1"]})).frame
    assert frame.filter(pl.col("organisation") == "RB1").select("period", "value").rows() == [
        (date(2024, 4, 1), 50), (date(2024, 5, 1), 60), (date(2024, 6, 1), None), (date(2024, 7, 1), 70),
    ]  # fmt: skip
    beyond = layer.ask(Request.of("attendances", period_to=date(2030, 1, 1))).frame
    assert beyond["period"].max() == date(2024, 12, 1)  # the month that runs
    assert set(beyond.filter(pl.col("period") > date(2024, 7, 1))["status"]) == {"no data"}


def test_filters_take_codes_and_names_of_any_case(layer: MetricsLayer) -> None:
    by_code = layer.ask(Request.of("attendances", where={"region": "y62"})).frame
    by_name = layer.ask(Request.of("attendances", where={"region": "north west"})).frame
    assert by_code["value"].to_list() == by_name["value"].to_list() == [50, 60, None, 70]


def test_what_cannot_be_answered_says_what_to_ask(layer: MetricsLayer) -> None:
    with pytest.raises(UnknownMetricError, match="Did you mean 'attendances'"):
        layer.ask(Request.of("attendence"))
    with pytest.raises(UnknownDimensionError, match=r"can be split by: department, icb, organisation, region"):
        layer.ask(Request.of("attendances", by=("service",)))
    with pytest.raises(UnknownValueError, match="Did you mean 'London'"):
        layer.ask(Request.of("attendances", where={"region": "Londn"}))
    with pytest.raises(GrainError, match="reported by month and cannot be shown by day"):
        layer.ask(Request.of("attendances", grain=Grain.DAY))
    with pytest.raises(QueryError, match=r"ends .* before it starts"):
        layer.ask(Request.of("attendances", period_from=date(2024, 6, 1), period_to=date(2024, 5, 1)))


def test_an_explanation_holds_everything_behind_the_number(layer: MetricsLayer) -> None:
    found = layer.explain("within_four_hours", period=date(2024, 4, 1), where={"region": "Y56"})
    assert (found.numerator, found.denominator) == (960, 1100)
    assert found.denominator_words == "all who report"
    assert found.filters == (Filter("region", ("Y56",)),)
    assert found.tables == ("fact_ae_month", "dim_organisation", "dim_organisation_identity")
    assert [file.name for file in found.publications[0].files] == ["by-hand.csv"]
    assert "fact_ae_month" in found.queries[0].sql
    assert found.definition_text.startswith("- id: within_four_hours")
    assert found.defined_in.startswith("definitions.yml:")
