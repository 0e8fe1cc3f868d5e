"""Pages of a simulated trust: its own metrics under its own name, marked as simulated; nobody else's page has them."""

from __future__ import annotations

from datetime import date

import pytest

from dashboard.viewmodels import capability, holdings, metric, scorecard, service
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Places
from dashboard.viewmodels.reach import is_of_own_records, reach
from dashboard.viewmodels.scorecard_file import scorecard_file
from metrics import MetricsLayer
from sample_data.simulator.trust import ORG_CODE

TODAY = date(2026, 11, 2)
NAME = "Sample Trust (simulated)"
OWN = Filters(organisation=ORG_CODE)


@pytest.fixture(scope="module")
def layer(trust_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(trust_warehouse, today=lambda: TODAY)


@pytest.fixture(scope="module")
def places(layer: MetricsLayer) -> Places:
    return Places.of(layer.organisations())


def test_it_can_be_chosen_and_is_called_simulated(places):
    place = places.by_code[ORG_CODE]
    assert ORG_CODE in places.offered
    assert place.label == f"{NAME} (ZZ1)"
    assert (place.level, place.own_records, place.is_simulated) == ("organisation", "simulated", True)
    assert [each.code for each in places.owners] == [ORG_CODE]
    assert all(each.code != ORG_CODE for each in places.within(places.england, "organisation") if each.kind == "trust")


def test_its_scorecard_is_of_its_own_metrics_alone(layer, places):
    card = scorecard.build(layer, places, OWN, TODAY)
    assert len(card.own) == len(card.rows) >= 50
    assert all(is_of_own_records(layer.catalogue, row.metric) for row in card.rows)
    assert not any("today" in row.metric.tags for row in card.rows)
    assert f"Latest simulated figures for {NAME}" in card.headline
    assert card.rows[0].metric.id == "local_ed_within_4h"
    assert {group.key for group in card.groups} == set(scorecard.GROUPS)


def test_its_file_names_it_simulated_in_every_line(layer, places):
    file = scorecard_file(scorecard.build(layer, places, OWN, TODAY), layer.catalogue, OWN)
    named = file.columns.index("organisation")
    assert {row[named] for row in file.rows} == {NAME}


@pytest.mark.parametrize("code", ["ENG", "Y56", "QOP", "R0A"])
def test_other_scorecards_have_none_of_its_metrics(layer, places, code):
    card = scorecard.build(layer, places, Filters(organisation=code), TODAY)
    assert card.rows
    named = [row.metric for row in card.rows] + [each for group in card.groups for each in group.unreported]
    assert not any(is_of_own_records(layer.catalogue, each) for each in named)
    assert "published figures" in card.headline


@pytest.mark.parametrize("code", ["ENG", "Y56", "R0A", ORG_CODE])
def test_a_metric_of_own_records_is_shown_under_its_trust_s_name(layer, places, code):
    view = metric.build(layer, places, Filters(organisation=code), "local_dna", TODAY)
    own = metric.build(layer, places, OWN, "local_dna", TODAY)
    assert view.reach.shown.code == ORG_CODE
    assert view.row.number == own.row.number
    assert view.history is not None
    assert NAME in view.history.summary
    assert "England" not in view.history.summary
    assert view.peers is None
    if code != ORG_CODE:
        assert view.row.whose == f"{NAME}: from its own records, which {places.by_code[code].name} has none of"
    assert any("made up" in note for note in view.notes)


def test_a_published_metric_asked_for_it_is_england_s_and_says_so(layer, places):
    found = reach(layer.catalogue, layer.catalogue.metric("ae_four_hour"), places.by_code[ORG_CODE], places)
    assert found.shown.code == "ENG"
    assert found.label == "England figure: nothing is published of a simulated trust"


@pytest.mark.parametrize("name", list(capability.CAPABILITIES))
def test_every_capability_page_of_it_measures_something(layer, places, name):
    view = capability.build(layer, places, OWN, name, TODAY)
    assert len(view.card.rows) >= 4
    assert view.charts
    assert all(NAME in chart.summary for chart in view.charts)


def test_its_services_have_lists_clinics_letters_and_stays(layer, places):
    names = dict(layer.members("service").select("code", "name").iter_rows())
    view = service.build(layer, places, OWN, names)
    assert view.overview is not None
    assert len(view.overview.rows) >= 12
    assert view.overview.columns[1:] == tuple(layer.catalogue.metric(name).name for name in service.OWN_MEASURES)
    assert [chart.metric.id for chart in view.charts] == list(service.OWN_MEASURES)
    assert not any("England" in chart.title for chart in view.charts)


def test_the_line_on_every_page_says_simulated(layer):
    held = holdings.build(layer, TODAY)
    assert held.provenance == "published statistics, SIMULATED data"
    assert holdings.own_source([NAME]) == "Own records of Sample Trust (simulated)"
