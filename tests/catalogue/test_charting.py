"""What definitions say of control charts: the words of `metrics.spc`, bounds that hold, versions that stay."""

from __future__ import annotations

import math
from pathlib import Path
from typing import get_args

import polars as pl
import pytest

from metrics import MetricsLayer, Request
from metrics.catalogue import Metric, load
from metrics.catalogue.charting import CHART_PERIODS, ChartKind, ChartProfile, ChartSettings
from metrics.catalogue.definition import NativeGrain
from metrics.catalogue.value_range import possible_range
from metrics.query.plan import LEVELS, dimensions_of
from metrics.spc import KINDS, PROFILES
from tests.catalogue.rule_cases.case import BASE, written

CATALOGUE = load().without_own_records  # own records: test_local_metrics.py
PHASES = """    phases:
      - {from_day: 2024-04-01, reason: A new form, author: Somebody, baseline_points: 12}
    chart: {kind: c, profile: plotthedots, periods: 24}
"""
SCOPE = "    scope_change: {from_day: 2024-04-01, words: More clinics., source: The clinics}\n"
# Rows in which a publisher's part is larger than its whole: 65 patients of 44, 288 of 102; 389 delays of 272 arrivals.
MISREPORTED = {"long_stay_21_days_share": 2, "ambulance_handover_winter_delays": 1}
COUNTED = "measure: {words: Visits, expr: visit_id, agg: count}\n"


def test_kinds_and_profiles_are_those_of_the_charts() -> None:
    assert set(get_args(ChartKind)) == set(KINDS)
    assert set(get_args(ChartProfile)) == set(PROFILES)


def test_every_grain_has_a_number_of_periods() -> None:
    assert set(CHART_PERIODS) == set(get_args(NativeGrain))
    assert [ChartSettings().newest(grain) for grain in ("month", "quarter", "week")] == [36, 16, 104]
    assert ChartSettings(periods=24).newest("month") == 24


@pytest.mark.parametrize(
    ("kind", "unit", "text", "expected"),
    [
        ("ratio", "percent", "attended - missed", (0, 1)),
        ("conversion", "percent", None, (0, 1)),
        ("cumulative", "percent", None, (0, 1)),
        ("derived", "percent", "1 - dna_rate", (0, 1)),
        ("derived", "percent", "waits / admissions", (0, 1)),
        ("derived", "percent", "(this_year - last_year) / last_year", (None, None)),
        ("derived", "percent", "dna_rate - 0.1", (None, None)),
        ("index", "percent", "value", (None, None)),
        ("simple", "count", "attendances", (0, None)),
        ("simple", "count", "admissions - discharges", (None, None)),
        ("simple", "gbp", "income - cost", (None, None)),
        ("simple", "gbp", "cost", (0, None)),
        ("derived", "count", "starts - stops", (None, None)),
        ("derived", "count", "starts + -stops", (None, None)),
        ("derived", "days", "1 - days", (None, None)),
        ("derived", "ratio", "first / follow_up", (0, None)),
        ("percentile", "weeks", "pathways", (0, None)),
        ("ratio", "score", "gain", (None, None)),
    ],
)
def test_bounds_are_worked_out_from_unit_and_formula(kind, unit, text, expected) -> None:
    assert possible_range(kind, unit, text) == expected


def bounds(tmp_path: Path, chart: str) -> tuple[float | None, float | None]:
    text = BASE.replace("id: late_share\n", f"id: late_share\n    chart: {chart}\n")
    (tmp_path / "base.yml").write_text(written(text), encoding="utf-8")
    return load(tmp_path).metric("late_share").bounds


@pytest.mark.parametrize(
    ("chart", "expected"),
    [
        ("{kind: pp}", (0, 1)),
        ("{upper_bound: 0.5}", (0, 0.5)),
        ("{lower_bound: -1}", (-1, 1)),
        ("{unbounded: true}", (None, None)),
        ("{unbounded: true, lower_bound: 0}", (0, None)),
    ],
)
def test_bounds_that_are_written_go_before_those_of_the_unit(tmp_path: Path, chart: str, expected) -> None:
    assert bounds(tmp_path, chart) == expected


def test_charts_phases_and_scope_do_not_make_another_version_of_a_definition(tmp_path: Path) -> None:
    (tmp_path / "base.yml").write_text(written(BASE), encoding="utf-8")
    before = load(tmp_path)
    text = BASE.replace(COUNTED, COUNTED + PHASES, 1).replace("    table: visits\n", "    table: visits\n" + SCOPE, 1)
    (tmp_path / "base.yml").write_text(written(text), encoding="utf-8")
    after = load(tmp_path)
    assert after.metric("visit_count").phases[0].baseline_points == 12
    assert after.models["visits"].scope_change is not None
    assert after.version == before.version
    assert after != before, "pages are drawn again all the same"


@pytest.mark.parametrize("metric", list(CATALOGUE), ids=lambda metric: metric.id)
def test_no_value_of_the_shipped_data_lies_beyond_the_bounds_of_its_metric(
    metric: Metric, shipped: MetricsLayer
) -> None:
    low, high = (
        inf if bound is None else bound for inf, bound in zip((-math.inf, math.inf), metric.bounds, strict=True)
    )
    levels = [level for level in LEVELS if level in dimensions_of(CATALOGUE.model_of(metric))]
    asked, beyond = [Request.of(metric.id)], 0
    if levels and metric.type != "derived":
        asked.append(Request.of(metric.id, by=(levels[-1],)))
    for request in asked:
        values = shipped.ask(request).frame.filter(pl.col("value").is_not_null())["value"]
        beyond += values.filter(~values.is_between(low, high)).len()
    assert beyond == MISREPORTED.get(metric.id, 0)
