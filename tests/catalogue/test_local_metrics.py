"""Metrics of a trust's own records: each answers on a simulated trust, for it and for nobody else."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import chain
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from dashboard.cli import app
from metrics import Grain, MetricsLayer, Request
from metrics.catalogue import Metric, load
from metrics.query.errors import UnknownDimensionError
from metrics.query.own_records import is_own
from metrics.query.plan import dimensions_of
from sample_data.simulator.trust import ORG_CODE

CATALOGUE = load().without_forecast_record
PUBLISHED = CATALOGUE.without_own_records
OWN = [metric for metric in CATALOGUE if metric.id not in PUBLISHED.metrics and "today" not in metric.tags]
TODAY = date(2026, 11, 2)
# Pilots of so few months, and questionnaires of so few hips, may be none.
RARE = {"local_pilots_scaled", "local_prom_hip_gain", "local_recovery_time", "local_gate_lead_time"}


@pytest.fixture(scope="module")
def trust(trust_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(trust_warehouse, today=lambda: TODAY)


def _board(metric: Metric) -> Grain | None:
    return Grain.MONTH if CATALOGUE.model_of(metric).grain in ("hour", "day", "week") else None


@pytest.mark.parametrize("metric", OWN, ids=lambda metric: metric.id)
def test_it_answers_for_its_trust_within_its_bounds(metric: Metric, trust: MetricsLayer) -> None:
    result = trust.ask(Request.of(metric.id, by=("organisation",), grain=_board(metric)))
    assert set(result.frame["organisation"]) == {ORG_CODE}
    assert result.labels["organisation"][ORG_CODE] == "Sample Trust (simulated)"
    values = result.frame["value"].drop_nulls()
    assert metric.id in RARE or values.len() > 0
    lower, upper = metric.bounds
    assert lower is None or values.is_empty() or float(values.min()) >= lower  # type: ignore[arg-type]
    assert upper is None or values.is_empty() or float(values.max()) <= upper  # type: ignore[arg-type]
    assert trust.provenance(metric.id) == "simulated"
    assert any(
        note.code == "simulated" and "made up, of Sample Trust (simulated)" in note.text for note in result.notes
    )
    assert result.frame["period"].max() <= TODAY  # type: ignore[operator]


@pytest.mark.parametrize("metric", [each for each in OWN if each.model is not None], ids=lambda metric: metric.id)
def test_it_can_be_split_by_all_that_its_model_offers(metric: Metric, trust: MetricsLayer) -> None:
    model = CATALOGUE.models[metric.model or ""]
    for name in dimensions_of(model):
        result = trust.ask(Request.of(metric.id, by=(name,), grain=_board(metric)))
        assert result.frame.height > 0
        unnamed = [code for code in result.frame[name].drop_nulls().unique() if not result.labels[name].get(code)]
        assert not unnamed, f"{name} has codes without words: {unnamed}"


def test_codes_are_shown_by_their_words(trust: MetricsLayer) -> None:
    def words(metric: str, dimension: str) -> dict[str, str]:
        return dict(trust.ask(Request.of(metric, by=(dimension,))).labels[dimension])

    assert words("local_ed_attendances", "acuity")["1"] == "Immediate"
    assert words("local_dna", "service")["110"] == "Trauma and Orthopaedics"
    assert set(words("local_bed_occupancy", "site")) == {"ZZ101", "ZZ102"}
    assert words("local_system_availability", "system")["EPR"] == "Electronic patient record"
    assert all(name != code for code, name in words("local_bed_occupancy", "ward").items())


@pytest.mark.parametrize("form", ["csv", "json", "table"])
def test_files_of_the_command_say_that_they_are_simulated(trust_warehouse: str, tmp_path: Path, form: str) -> None:
    out = tmp_path / "answer"
    command = ["query", "local_rtt_list", "--warehouse", trust_warehouse, "--format", form, "--out", str(out)]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert "simulated" in out.read_text(encoding="utf-8").casefold()


def test_it_is_of_no_region_and_no_board(trust: MetricsLayer) -> None:
    with pytest.raises(UnknownDimensionError, match="has no dimension 'region'"):
        trust.ask(Request.of("local_dna", by=("region",)))


def test_scorecards_of_trusts_have_headlines_of_every_capability_and_no_page_too_many() -> None:
    headlines = Counter(metric.capability for metric in OWN if metric.headline)
    assert set(headlines) == {metric.capability for metric in PUBLISHED}
    assert max(headlines.values()) <= 12
    assert 50 <= sum(headlines.values()) <= 75


def test_without_own_records_their_definitions_are_not_in_use(shipped: MetricsLayer) -> None:
    assert set(shipped.catalogue.metrics) == set(PUBLISHED.metrics)
    assert not any(is_own(model) for model in shipped.catalogue.models.values())
    assert {shipped.provenance(metric.id) for metric in shipped.catalogue} == {"published"}
    assert shipped.organisations()["own_records"].drop_nulls().is_empty()


def test_own_records_are_the_trust_s(trust: MetricsLayer) -> None:
    organisations = trust.organisations()
    own = organisations.filter(pl.col("own_records").is_not_null())
    assert own.select("org_code", "name", "own_records").rows() == [(ORG_CODE, "Sample Trust (simulated)", "simulated")]


def test_twins_of_the_same_measure_are_named() -> None:
    twins = {metric.id: metric.twin for metric in OWN if metric.twin}
    assert len(twins) >= 30
    assert twins["local_dna"] == "outpatient_dna"
    kinds = {(CATALOGUE.metric(own).unit, CATALOGUE.metric(twin).unit) for own, twin in twins.items() if twin}
    assert all(own == twin for own, twin in kinds)


def test_what_is_made_of_own_records_goes_with_them() -> None:
    needs = {metric.id: {each.id for each in CATALOGUE.inputs(metric)} for metric in PUBLISHED}
    assert set(chain.from_iterable(needs.values())) <= set(PUBLISHED.metrics)
    assert "local_admin_cost_per_attendance" not in PUBLISHED.metrics
