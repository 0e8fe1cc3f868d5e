"""MetricFlow projects of both forms become the same definitions, and every thing in them is accounted for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from metrics.catalogue import check
from metrics.interchange.metricflow import Imported, MetricFlowError, read_project
from metrics.query.request import Grain, Request
from tests.interchange.clinic import PROJECTS, layer

FORMS = ("legacy", "current")


def imported(text: str, folder: Path) -> Imported:
    (folder / "project.yml").write_text(text, encoding="utf-8")
    return read_project([folder / "project.yml"])


def said(found: Imported, outcome: str) -> list[tuple[int, str, str]]:
    return [(note.spot.line, note.subject, note.reason) for note in found.notes if note.outcome == outcome]


@pytest.mark.parametrize("project", ["appointments.yml", "clinic.yml"])
def test_both_forms_give_the_same_definitions(project: str) -> None:
    legacy, current = (read_project([PROJECTS / form / project]) for form in FORMS)
    assert {each.id: each for each in legacy.metrics} == {each.id: each for each in current.metrics}
    assert legacy.models == current.models
    assert {each.name: each for each in legacy.tables} == {each.name: each for each in current.tables}
    assert legacy.metrics


@pytest.mark.parametrize("form", FORMS)
def test_a_sum_a_ratio_and_a_rolling_ratio(form: str) -> None:
    found = read_project([PROJECTS / form / "appointments.yml"])
    metrics = {each.id: each for each in found.metrics}
    dnas, rate, rolling = metrics["dnas"], metrics["dna_rate"], metrics["dna_rate_28d"]
    assert (dnas.type, dnas.measure and dnas.measure.expr) == ("simple", "booked - attended")
    assert (rate.type, rate.model) == ("ratio", "fct_appointments")
    assert rate.numerator is not None
    assert rate.numerator.expr == "coalesce(booked - attended, 0)"
    assert rate.denominator is not None
    assert rate.denominator.expr == "coalesce(booked, 0)"
    assert (rolling.type, rolling.metric, rolling.window) == ("cumulative", "dna_rate", "28 days")
    assert found.is_whole


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("project", ["appointments.yml", "clinic.yml"])
def test_check_finds_nothing_but_what_is_to_be_filled_in(form: str, project: str, tmp_path: Path) -> None:
    (tmp_path / "imported.yml").write_text(read_project([PROJECTS / form / project]).as_yaml(), encoding="utf-8")
    catalogue, findings = check(tmp_path)
    assert catalogue is not None
    # W101 asks for a sentence on how to read it, W107 for the words of codes; W113 is of every placeholder.
    assert {finding.code for finding in findings} <= {"W101", "W107", "W113"}
    unfilled = [finding.message for finding in findings if finding.code == "W113"]
    for metric in catalogue:
        mine = [message for message in unfilled if message.startswith(f"'{metric.id}':")]
        for key in ("owner", "source", "capability", "direction", "unit"):
            assert any(f"'{key}'" in message for message in mine), (metric.id, key)


# Counted by hand from the rows in tests/interchange/clinic.py; None where there is nothing to divide by.
BY_MONTH = {
    "visits": (2, 3, 1), "missed": (1, 1, 0), "patients": (1, 2, 1), "seen": (1, 2, 1),
    "bookings": (2, 3, None),
    "virtual_visits": (1, 2, 0), "visits_since_may": (0, 2, 1),
    "missed_rate": (1 / 2, 1 / 3, 0), "seen_rate": (1 / 2, 2 / 3, 1),
    "virtual_missed_rate": (1, 0, None), "virtual_share": (1 / 2, 2 / 3, 0),
    "visits_per_patient": (2, 3 / 2, 1), "attended": (1, 2, 1),
    "growth": (None, 1 / 2, -2 / 3),
    "visits_28d": (1, 3, 3), "missed_28d": (1, 1, 0), "missed_rate_28d": (1, 1 / 3, 0),
    "visits_this_month": (2, 3, 1),
    "mean_wait": (15, 12, 13), "longest_wait": (18, 14, 13), "median_wait": (15, 12, 13), "wait_p90": (17.4, 13.6, 13),
    "occupied": (None, 12 + 21, 6 + 22),
    "returned": (1, 1, None),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_engine_gives_the_numbers_counted_by_hand(form: str, tmp_path: Path) -> None:
    found = read_project([PROJECTS / form / "clinic.yml"])
    assert {each.id for each in found.metrics} == BY_MONTH.keys()
    asked = Request(tuple(BY_MONTH), grain=Grain.MONTH, period_from=date(2026, 4, 1), period_to=date(2026, 6, 30))
    frame = layer(found, tmp_path).ask(asked).frame
    for name, expected in BY_MONTH.items():
        values = frame.filter(pl.col("metric") == name).sort("period")["value"].to_list()
        assert values == [None if value is None else pytest.approx(value) for value in expected], name


def test_a_joined_dimension_splits_the_numbers(tmp_path: Path) -> None:
    found = read_project([PROJECTS / "current" / "clinic.yml"])
    asked = Request(
        ("visits",), by=("patient_age_band",), grain=Grain.QUARTER,
        period_from=date(2026, 4, 1), period_to=date(2026, 6, 30),
    )  # fmt: skip
    frame = layer(found, tmp_path).ask(asked).frame
    assert dict(frame.select("patient_age_band", "value").iter_rows()) == {"0-17": 2, "18-64": 3, None: 1}


HEAD = """models:
  - name: t
    semantic_model: true
    agg_time_dimension: day
    columns:
      - {name: id, entity: {type: primary, name: row}}
      - {name: other_id, entity: {type: foreign, name: other}}
      - {name: day, granularity: day, dimension: {type: time}}
      - {name: at, granularity: hour, dimension: {type: time}}
      - {name: kind, dimension: {type: categorical}}
    metrics:
      - {name: rows, agg: count, expr: id}
      - {name: amount, agg: sum, expr: x}
"""
# One metric, written at line 14, and why it does not map.
NOT_MAPPED = {
    "{name: m, agg: sum, expr: \"date_part('year', day)\"}": "is not allowed in a definition",
    "{name: m, agg: sum, expr: (select 1)}": "is not allowed in a definition",
    "{name: m, agg: stddev, expr: x}": "the aggregation 'stddev' is not known",
    "{name: m, agg: count, expr: id, filter: \"{{ Dimension('other__kind') }} = 'a'\"}": "is in a joined table",
    "{name: m, agg: count, expr: id, filter: \"{{ Metric('rows', group_by=['row']) }} > 3\"}": "a filter over a metric",
    "{name: m, agg: count, expr: id, filter: \"{{ TimeDimension('row__day', 'month') }} > '2026-01-01'\"}": "is cut to a month",
    "{name: m, agg: count, expr: id, filter: \"{{ TimeDimension('row__at', 'hour') }} > '2026-01-01'\"}": "is cut to a hour",
    "{name: m, agg: count, expr: id, filter: \"{{ Dimension('row__colour') }} = 'a'\"}": "has no dimension 'colour'",
    "{name: m, agg: count, expr: id, filter: \"{{ var('x') }} = 'a'\"}": "is not read",
    '{name: m, agg: count, expr: id, filter: "{% if x %} 1 {% endif %}"}': "the template",
    "{name: m, agg: count, expr: id, filter: \"{{ Dimension('row__kind') }} = 1; drop table t\"}": "is not one expression",
    "{name: m, agg: count, expr: id, filter: \"lower({{ Dimension('row__kind') }}) = 'a'\"}": "is not allowed in a definition",
    "{name: m, agg: average, expr: x, non_additive_dimension: {name: day, window_agg: max}}": "not added over time",
    "{name: m, agg: sum, expr: x, non_additive_dimension: {name: kind, window_agg: max}}": "other than its time",
    "{name: m, agg: percentile, expr: x}": "a percentile between 0 and 1 is missing",
    "{name: m, type: ratio, numerator: rows}": "a numerator and a denominator",
    "{name: m, type: ratio, numerator: rows, denominator: nothing}": "there is no metric or measure 'nothing'",
    "{name: m, type: derived, expr: sqrt(rows), input_metrics: [{name: rows}]}": "is not allowed",
    "{name: m, type: derived, expr: rows + x, input_metrics: [{name: rows}]}": "none of its input metrics",
    "{name: m, type: derived, expr: rows - before, input_metrics: [{name: rows}, {name: rows, alias: before, offset_to_grain: month}]}": "'offset_to_grain: month'",
    "{name: m, type: cumulative, input_metric: rows}": "over all time",
    "{name: m, type: cumulative, input_metric: rows, grain_to_date: year}": "years are financial years",
    "{name: m, type: cumulative, input_metric: rows, window: 2 fortnights}": "is no length of time",
    "{name: m, type: cumulative, input_metric: rows, window: 7 days, period_agg: average}": "'period_agg: average'",
    "{name: m, type: conversion, base_metric: rows, conversion_metric: rows, entity: row}": "without a window",
    "{name: m, type: conversion, base_metric: rows, conversion_metric: rows, entity: row, window: 7 days, calculation: conversions}": "a number of conversions",
    "{name: m, type: conversion, base_metric: rows, conversion_metric: amount, entity: row, window: 7 days}": "counts no rows",
    "{name: m, type: conversion, base_metric: rows, conversion_metric: rows, entity: guest, window: 7 days}": "no column for the entity 'guest'",
    "{name: m, type: funnel}": "the type 'funnel' is not known",
    "{name: M_Large, agg: count, expr: id}": "its name is none here",
    "{name: m, agg: count, expr: id, agg_time_dimension: never}": "no time dimension 'never'",
    "{name: m, type: cumulative, input_metric: m, window: 7 days}": "made of itself",
}  # fmt: skip


@pytest.mark.parametrize(("metric", "reason"), NOT_MAPPED.items(), ids=lambda text: text[:60])
def test_what_does_not_map_is_told_with_its_line_and_never_written(metric: str, reason: str, tmp_path: Path) -> None:
    found = imported(f"{HEAD}      - {metric}\n", tmp_path)
    told = [(line, why) for line, subject, why in said(found, "not mapped") if subject.startswith("metric ")]
    assert len(told) == 1, told
    assert told[0][0] == 14
    assert reason in told[0][1]
    assert {each.id for each in found.metrics} == {"rows", "amount"}
    assert not found.is_whole


def test_what_depends_on_it_does_not_map_either(tmp_path: Path) -> None:
    found = imported(
        f"{HEAD}      - {{name: odd, agg: sum, expr: sqrt(x)}}\n"
        "metrics:\n  - {name: share, type: ratio, numerator: odd, denominator: rows}\n",
        tmp_path,
    )
    reasons = {subject: reason for _, subject, reason in said(found, "not mapped")}
    assert reasons["metric share"] == "it is made of 'odd', which did not map."


CHANGED = {
    "{name: m, agg: percentile, expr: x, percentile: 0.9, percentile_type: discrete}": "read off between rows",
    '{name: m, type: derived, expr: "cast(rows as float) / nullif(amount, 0)", input_metrics: [{name: rows}, {name: amount}]}': "casts and 'nullif(x, 0)' are left out",
    "{name: m, type: cumulative, input_metric: rows, window: 7 days}": "a longer period shows the value at its end",
    "{name: m, agg: count, expr: id, time_granularity: month}": "periods are chosen when asking",
    "{name: m, agg: count, expr: id, fill_nulls_with: 7}": "it is 0 or nothing",
    "{name: m, type: ratio, numerator: {name: rows, filter: \"{{ Dimension('row__kind') }} = 'a'\"}, denominator: rows}": None,
}  # fmt: skip


@pytest.mark.parametrize(("metric", "reason"), CHANGED.items(), ids=lambda text: str(text)[:60])
def test_what_maps_with_a_change_is_told(metric: str, reason: str | None, tmp_path: Path) -> None:
    found = imported(f"{HEAD}      - {metric}\n", tmp_path)
    assert "m" in {each.id for each in found.metrics}
    told = [why for line, subject, why in said(found, "changed") if subject == "metric m"]
    assert any(reason in why for why in told) if reason else told == []


def test_a_filter_of_a_numerator_is_the_numerators_own(tmp_path: Path) -> None:
    found = imported(
        f"{HEAD}      - {{name: m, type: ratio, denominator: rows, "
        "numerator: {name: rows, filter: \"{{ Dimension('row__kind') }} in ('a', 'b')\"}}\n",
        tmp_path,
    )
    metric = next(each for each in found.metrics if each.id == "m")
    assert metric.numerator is not None
    assert metric.numerator.filter == "kind in ('a', 'b')"
    assert metric.denominator is not None
    assert metric.denominator.filter is None


def test_what_a_project_says_of_its_own_is_taken(tmp_path: Path) -> None:
    found = imported(
        f"{HEAD}      - {{name: m, agg: count, expr: id, description: Rows, label: All rows, config: {{tags: [Key Figure], "
        "meta: {owner: Ward clerk, bellwether: {unit: beds, direction: decrease, capability: people, source: Local}}}}\n",
        tmp_path,
    )
    metric = next(each for each in found.metrics if each.id == "m")
    assert (metric.title, metric.owner, metric.unit, metric.direction) == ("All rows", "Ward clerk", "beds", "decrease")
    assert (metric.capability, metric.source, metric.tags) == ("people", "Local", ("key-figure",))
    assert [why for _, subject, why in said(found, "fill in") if subject == "metric m"] == []


def test_a_word_that_is_none_of_ours_keeps_the_metric_out(tmp_path: Path) -> None:
    found = imported(
        f"{HEAD}      - {{name: m, agg: count, expr: id, config: {{meta: {{bellwether: {{unit: parsecs}}}}}}}}\n",
        tmp_path,
    )
    ((line, subject, reason),) = said(found, "not mapped")
    assert (line, subject) == (14, "metric m")
    assert reason.startswith("'unit': Input should be 'percent'")


WRONG = {
    "models:\n  - name: a\n   b: c\n": "project.yml:3: not YAML",
    "metrics:\n  - name: a\n    name: b\n": "project.yml:3: the key 'name' stands twice",
    "- a list\n": "project.yml:1: a MetricFlow file is a mapping",
    "metrics: [{type: simple}]\n": "project.yml:1: 'name' is missing",
    "semantic_models:\n  - name: a\n    measures: none\n": "project.yml:3: 'measures' is a list",
    "metrics:\n  - {name: a, type: simple, filter: {x: y}}\n": "project.yml:2: 'filter' is text",
    "metrics:\n  - just words\n": "project.yml:2: an entry of 'metrics' is a mapping",
}


@pytest.mark.parametrize(("text", "message"), WRONG.items(), ids=WRONG.values())
def test_a_file_that_cannot_be_read_is_refused_with_file_and_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(MetricFlowError) as raised:
        imported(text, tmp_path)
    assert message in str(raised.value)


def test_unknown_keys_saved_queries_and_time_spines_are_accounted_for(tmp_path: Path) -> None:
    found = imported(
        f"{HEAD}      - {{name: m, agg: count, expr: id, colour: red}}\n"
        "  - name: days\n    time_spine: {standard_granularity_column: day, custom_granularities: [{name: fortnight}]}\n"
        "saved_queries:\n  - {name: q, query_params: {metrics: [m]}}\n",
        tmp_path,
    )
    assert said(found, "not mapped") == [
        (14, "metric m", "MetricFlow's key 'colour' is not known here."),
        (16, "time spine days", "the granularity 'fortnight': periods are hours, days, weeks, months, quarters and years."),
        (18, "saved query q", "a saved query is no definition; save it as a view of the dashboard."),
    ]  # fmt: skip
    assert (16, "time spine days", "not needed: every series is dense on a calendar.") in said(found, "changed")


def test_a_folder_is_read_without_what_dbt_makes(tmp_path: Path) -> None:
    for folder in ("models", "target", ".git", "dbt_packages"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "one.yml").write_text(HEAD.replace("rows", f"rows_{folder.strip('.')}"), encoding="utf-8")
    assert {each.id for each in read_project([tmp_path]).metrics} == {"rows_models", "amount"}


def test_a_name_that_bellwether_has_for_a_table_is_refused_with_its_place(tmp_path: Path) -> None:
    found = imported(HEAD.replace("- name: t\n", "- name: fact_ae_month\n"), tmp_path)
    told = said(found, "not mapped")
    assert (2, "table fact_ae_month") in {(line, subject) for line, subject, _ in told}
    assert found.metrics == ()


def test_two_keys_to_one_table_join_once_and_say_so(tmp_path: Path) -> None:
    found = imported(
        HEAD.replace("- {name: kind,", "- {name: host_id, entity: {type: foreign, name: host}}\n      - {name: kind,")
        + "  - name: people\n    semantic_model: true\n    columns:\n"
        "      - {name: person_id, entity: {type: primary, name: other}}\n"
        "      - {name: sex, dimension: categorical}\n"
        "    derived_semantics: {entities: [{name: host, type: unique, expr: person_id}]}\n",
        tmp_path,
    )
    (model,) = found.models
    assert [(join.to, join.keys) for join in model.joins] == [("people", {"other_id": "person_id"})]
    assert [dimension.name for dimension in model.dimensions] == ["kind", "other_sex"]
    assert [subject for _, subject, why in said(found, "not mapped") if "joined already" in why] == [
        "semantic model t: entity host"
    ]


LEGACY = """semantic_models:
  - name: visits
    model: ref('visits')
    defaults: {agg_time_dimension: day}
    entities:
      - {name: visit, type: primary}
    dimensions:
      - {name: day, type: time, type_params: {time_granularity: day}}
    measures:
      - {name: visit_count, agg: count, expr: visit}
      - {name: missed_count, agg: sum, expr: missed, create_metric: true}
metrics:
  - {name: visit_total, type: simple, type_params: {measure: visit_count}}
"""


def test_input_metrics_can_be_names_alone(tmp_path: Path) -> None:
    metric = "{name: both, type: derived, type_params: {expr: visit_total + missed_count, metrics: [%s]}}"
    written = ("visit_total, missed_count", "{name: visit_total}, {name: missed_count}")
    alone, mappings = (imported(f"{LEGACY}  - {metric % each}\n", tmp_path) for each in written)
    assert alone.is_whole
    assert {each.id: each.formula for each in alone.metrics}["both"] == "visit_total + missed_count"
    assert alone.metrics == mappings.metrics


def test_a_ratio_over_a_measure_is_told_that_it_is_no_metric(tmp_path: Path) -> None:
    text = LEGACY.replace("measure: visit_count", "measure: missed_count")
    ratio = "{name: rate, type: ratio, type_params: {numerator: missed_count, denominator: visit_count}}"
    remedy = "add 'create_metric: true' to it, or write a simple metric of it."
    assert said(imported(f"{text}  - {ratio}\n", tmp_path), "not mapped") == [
        (10, "measure visit_count", f"no metric names it as its 'measure', and a measure alone is no metric: {remedy}"),
        (14, "metric rate", f"'visit_count' is a measure, not a metric: {remedy}"),
    ]
