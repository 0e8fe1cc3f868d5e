"""What charts, ranks and files say is what they hold."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from dashboard import format as words
from dashboard.viewmodels import capability, metric, scorecard
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Places
from metrics import MetricsLayer

TODAY = date(2026, 11, 22)
TRUST = "R0A"


@pytest.fixture(scope="module")
def layer(shipped_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(shipped_warehouse, today=lambda: TODAY)


@pytest.fixture(scope="module")
def places(layer: MetricsLayer) -> Places:
    return Places.of(layer.organisations())


@pytest.mark.parametrize("organisation", ["ENG", TRUST])
def test_the_impact_page_draws_one_chart_for_cost_outcomes_and_staff(
    layer: MetricsLayer, places: Places, organisation: str
) -> None:
    view = capability.build(layer, places, Filters(organisation), "impact", TODAY)
    drawn = [chart.metric.capability for chart in view.charts]
    assert len(drawn) == len(set(drawn))
    assert {"impact_cost", "impact_outcomes"} <= set(drawn)


def test_the_operations_page_draws_beds_discharges_readiness_and_handover(layer: MetricsLayer, places: Places) -> None:
    view = capability.build(layer, places, Filters(), "operations", TODAY)
    assert [chart.metric.id for chart in view.charts] == [
        "acute_bed_occupancy", "discharges_daily", "no_criteria_to_reside", "ambulance_handover_mean",
    ]  # fmt: skip


def test_a_rank_is_counted_from_the_nearer_end(layer: MetricsLayer, places: Places) -> None:
    first = metric.build(layer, places, Filters(TRUST), "ae_four_hour", TODAY)
    values = sorted(item.value for item in first.peers.items if item.value is not None)
    lowest = next(item for item in first.peers.items if item.value == values[0])
    fourteenth = next(item for item in first.peers.items if item.value == values[13])
    for item, said in ((lowest, "lowest"), (fourteenth, f"{words.ordinal(1 + values.index(values[13]))} lowest")):
        title = metric.build(layer, places, Filters(item.code), "ae_four_hour", TODAY).peers.title
        assert f"{said} of {len(values)} acute trusts" in title
        assert "highest" not in title


def test_the_files_of_breakdown_and_peers_say_what_was_asked(layer: MetricsLayer, places: Places) -> None:
    view = metric.build(layer, places, Filters(), "ae_attendances", TODAY)
    for chart in (view.breakdown, view.peers):
        text = chart.download.text(data_version="7", read_at="2026-11-22T09:00:00+00:00")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert {row["period"] for row in rows} == {"2026-05-01"}
        assert {row["grain"] for row in rows} == {"month"}
        assert {row["filters"] for row in rows} == {"organisation=ENG"}
        assert {row["data_version"] for row in rows} == {"7"}
        assert {row["read_at"] for row in rows} == {"2026-11-22T09:00:00+00:00"}
    by_service = metric.build(layer, places, Filters(services=("502",)), "rtt_waiting_list", TODAY, split="region")
    rows = list(csv.DictReader(io.StringIO(by_service.breakdown.download.text())))
    assert {row["filters"] for row in rows} == {"organisation=ENG; service=502"}


def test_what_is_a_yes_or_a_no_of_one_organisation_reads_so(layer: MetricsLayer, places: Places) -> None:
    rows = scorecard.build(layer, places, Filters(TRUST), TODAY, headlines_only=False).rows
    answers = {row.metric.id: row for row in rows if row.metric.id in words.YES_NO and not row.whose}
    assert {"dspt_met", "epr_in_place"} <= set(answers)
    assert {row.value for row in answers.values()} <= {"Yes", "No"}
    assert {row.unit for row in answers.values()} == {""}
    view = metric.build(layer, places, Filters(TRUST), "dspt_met", TODAY)
    assert view.history.title == f"Data security met: {answers['dspt_met'].value} in {answers['dspt_met'].period}"
    assert f"{answers['dspt_met'].value}, as " in view.peers.title
    england = metric.build(layer, places, Filters(), "dspt_met", TODAY)
    assert england.row.value.endswith("%")


@pytest.mark.parametrize("organisation", ["QOP", "Y62"])
def test_an_index_of_single_organisations_is_not_called_unpublished_below_england(
    layer: MetricsLayer, places: Places, organisation: str
) -> None:
    view = metric.build(layer, places, Filters(organisation), "dma_overall", TODAY)
    assert view.row.whose == "England: shown for single organisations only"
    view = metric.build(layer, places, Filters(organisation), "outpatient_unknown_outcome", TODAY)
    assert view.row.whose == "England figure: not held below England"


def test_what_others_report_and_this_organisation_does_not_shows_no_england_figure(
    layer: MetricsLayer, places: Places
) -> None:
    ambulance = next(each for each in places if each.trust_type == "Ambulance")
    view = metric.build(layer, places, Filters(ambulance.code), "outpatient_dna", TODAY)
    assert (view.row.value, view.row.whose) == ("Not reported", "")
    assert view.history is None
