"""Organisations: levels, belonging, peers, and at which level a metric can be shown."""

from __future__ import annotations

import polars as pl
import pytest

from dashboard.viewmodels.places import Places
from dashboard.viewmodels.reach import levels_of, reach
from metrics.catalogue import load

ROWS = [
    ("ENG", "England", "england", None, None, None, True),
    ("Y62", "North West", "region", None, None, "Y62", True),
    ("QOP", "NHS Greater Manchester", "icb", None, "QOP", "Y62", True),
    ("R0A", "Manchester University", "trust", "Acute", "QOP", "Y62", True),
    ("RBV", "The Christie", "trust", "Acute", "QOP", "Y62", True),
    ("RX7", "North West Ambulance", "trust", "Ambulance", "QOP", "Y62", True),
    ("RW3", "Central Manchester", "trust", "Acute", "QOP", "Y62", False),
    ("NT1", "A clinic", "independent", None, "QOP", "Y62", True),
]
COLUMNS = ("org_code", "name", "org_type", "trust_type", "icb_code", "region_code", "is_current")


@pytest.fixture(scope="module")
def places():
    return Places.of(pl.DataFrame(ROWS, schema=COLUMNS, orient="row"))


def test_the_list_is_grouped_and_holds_what_exists_today(places):
    assert [place.code for place in places] == ["ENG", "Y62", "QOP", "R0A", "RX7", "RBV", "NT1"]
    assert places.by_code["R0A"].label == "Trust: Manchester University (R0A)"
    assert places.by_code["ENG"].label == "England"


def test_a_place_knows_what_it_belongs_to_and_what_belongs_to_it(places):
    assert [place.code for place in places.above(places.by_code["R0A"])] == ["QOP", "Y62", "ENG"]
    assert [place.code for place in places.above(places.by_code["QOP"])] == ["Y62", "ENG"]
    assert places.above(places.england) == ()
    assert {place.code for place in places.within(places.by_code["QOP"], "organisation")} == {
        "R0A",
        "RBV",
        "RX7",
        "NT1",
    }
    assert [place.code for place in places.within(places.england, "region")] == ["Y62"]


def test_peers_are_trusts_of_the_same_type(places):
    assert {place.code for place in places.peers(places.by_code["R0A"])} == {"R0A", "RBV"}
    assert {place.code for place in places.peers(places.by_code["NT1"])} == {"NT1"}


def test_a_request_keeps_the_place_and_nothing_for_england(places):
    assert places.by_code["QOP"].where == (("icb", ("QOP",)),)
    assert places.by_code["R0A"].where == (("organisation", ("R0A",)),)
    assert places.england.where == ()


def test_a_metric_of_boards_is_shown_for_a_trust_as_its_boards_figure_and_says_so(places):
    catalogue = load()
    found = reach(catalogue, catalogue.metric("nhs_app_logins"), places.by_code["R0A"], places)
    assert "organisation" not in levels_of(catalogue, catalogue.metric("nhs_app_logins"))
    assert found.shown.code == "QOP"
    assert found.label == "NHS Greater Manchester, as reported by integrated care board"


def test_a_metric_of_england_is_labelled_as_englands(places):
    catalogue = load()
    found = reach(catalogue, catalogue.metric("outpatient_hospital_cancelled"), places.by_code["R0A"], places)
    assert found.shown.code == "ENG"
    assert found.label == "England figure: not published below England"


def test_an_own_figure_has_no_label(places):
    catalogue = load()
    found = reach(catalogue, catalogue.metric("ae_four_hour"), places.by_code["R0A"], places)
    assert found.is_own
    assert found.label == ""
