"""What the shipped catalogue promises: its ids, its words, its lint, and an answer of every metric."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import polars as pl
import pytest

from metrics import MetricsLayer, Request
from metrics.catalogue import Catalogue, Metric, check, document, json_schema, load
from metrics.catalogue.definition import Capability
from metrics.query.plan import LEVELS, dimensions_of
from sample_data.published.registry import PUBLICATIONS

CATALOGUE = load()
# Of published data; those of trusts' own records are held to theirs in test_local_metrics.py.
PUBLISHED = CATALOGUE.without_own_records
METRICS = list(PUBLISHED)

# The ids that other parts of the product and its users rely on.
PROMISED = """
    ae_attendances ae_four_hour ae_four_hour_type1 ae_dta_12h rtt_waiting_list rtt_within_18_weeks rtt_over_52_weeks
    rtt_median_wait rtt_p92_wait discharges_daily no_criteria_to_reside bed_occupancy cancer_fds cancer_31_day cancer_62_day
    diagnostics_over_6_weeks outpatient_dna sickness_absence admin_workforce_share staff_engagement staff_morale
    staff_burnout dma_overall dma_well_led dma_smart_foundations dma_safe_practice dma_support_workforce dma_empower_people
    dma_improve_care dma_healthy_populations medical_records_cost medical_records_cost_per_admission nhs_app_logins dspt_met
    shmi fft_inpatient_positive proms_hip_gain ambulance_cat2_mean gp_dna virtual_ward_occupancy cancelled_operations
"""

SNAPSHOTS_BY_NATURE = ("waiting_list", "rtt_over", "no_criteria", "beds_", "workforce_", "users", "capacity")


def _levels(catalogue: Catalogue, metric: Metric) -> list[str]:
    """Returns the levels at which the metric can be shown, the finest last, whichever model answers."""
    holders = [metric, *metric.alternates]
    if metric.formula is not None:
        shared = [set(_levels(catalogue, each)) for each in catalogue.inputs(metric)]
        return [level for level in LEVELS if all(level in levels for levels in shared)]
    models = [catalogue.models[holder.model or ""] for holder in holders]
    return [level for level in LEVELS if any(level in dimensions_of(model) for model in models)]


def test_definitions_are_without_findings() -> None:
    assert check()[1] == ()


def test_promised_metrics_are_there() -> None:
    assert set(PROMISED.split()) - set(CATALOGUE.metrics) == set()
    assert len(CATALOGUE.metrics) >= 60


def test_every_capability_has_headlines_and_no_page_too_many() -> None:
    headlines = Counter(metric.capability for metric in PUBLISHED if metric.headline)
    assert set(headlines) == set(get_args(Capability))
    assert max(headlines.values()) <= 10
    assert min(headlines.values()) >= 4
    assert 45 <= sum(headlines.values()) <= 55


@pytest.mark.parametrize(
    "metric", [metric for metric in CATALOGUE if "today" not in metric.tags], ids=lambda metric: metric.id
)
def test_a_metric_says_what_a_reader_needs(metric: Metric) -> None:
    assert metric.description.endswith(".")
    assert metric.interpretation is not None
    assert metric.wgll is not None
    assert metric.tags
    assert metric.shown_with, "name what to read beside it"
    assert metric.id not in metric.shown_with
    assert len(metric.name) <= 40
    if metric.unit == "count":
        assert metric.noun
    if any(part in metric.id for part in SNAPSHOTS_BY_NATURE) and metric.type in ("simple", "ratio"):
        if metric.measure is not None and metric.measure.agg == "count_distinct":
            return  # counted anew for every period
        assert metric.combines_over_time != "sum", "a stock is not added up over time"


def test_models_name_publications_that_are_loaded() -> None:
    for model in PUBLISHED.models.values():
        assert {model.publication, *model.also_from} <= set(PUBLICATIONS), model.name
        assert model.provenance == "published"


def test_models_name_every_publication_that_fills_their_rows(shipped: MetricsLayer) -> None:
    for model in PUBLISHED.models.values():
        metric = next(
            metric for metric in PUBLISHED for holder in (metric, *metric.alternates) if holder.model == model.name
        )
        found = {each.id for each in shipped.sources(metric.id)}
        assert {model.publication, *model.also_from} <= found


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.id)
def test_every_metric_answers_for_england_and_at_its_finest_level(metric: Metric, shipped: MetricsLayer) -> None:
    england = shipped.ask(Request.of(metric.id)).frame
    assert not england.is_empty()
    answers = [england]
    levels = _levels(CATALOGUE, metric)
    if levels:
        answers.append(shipped.ask(Request.of(metric.id, by=(levels[-1],))).frame)
    held = [frame.filter(pl.col("value").is_not_null()) for frame in answers]
    assert any(frame.height for frame in held), "no value anywhere"
    if levels:
        assert held[-1].height, f"no value by {levels[-1]}"
    if metric.type != "index":
        assert held[0].height, "no value for England"
        assert "final" in held[0]["status"].to_list(), "England has no final period"


@pytest.mark.parametrize(
    "metric", [m for m in METRICS if m.type == "ratio" and m.unit == "percent"], ids=lambda metric: metric.id
)
def test_shares_of_england_are_between_nothing_and_all(metric: Metric, shipped: MetricsLayer) -> None:
    values = shipped.ask(Request.of(metric.id)).frame["value"].drop_nulls()
    assert values.min() >= 0  # type: ignore[operator]
    assert values.max() <= 1  # type: ignore[operator]


def test_the_schema_beside_the_definitions_is_current() -> None:
    assert json_schema.PATH.read_text(encoding="utf-8") == json_schema.text(), (
        "run: python -m metrics.catalogue.json_schema"
    )


def test_the_list_of_metrics_in_the_docs_is_current() -> None:
    assert document.PATH.read_text(encoding="utf-8") == document.text(CATALOGUE), (
        "run: python -m metrics.catalogue.document"
    )
