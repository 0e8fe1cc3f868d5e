"""Organisations: levels, belonging, peers, and at which level a metric can be shown."""

from __future__ import annotations

import polars as pl
import pytest

from dashboard.viewmodels.places import Places
from dashboard.viewmodels.reach import levels_of, reach
from metrics.catalogue import load

ROWS = [
    ("ENG", "England", "england", None, None, None, "ENG", True, True),
    ("Y62", "North West", "region", None, None, "Y62", "Y62", True, False),
    ("QOP", "NHS Greater Manchester", "icb", None, "QOP", "Y62", "QOP", True, True),
    ("RX7", "A Road Ambulance", "trust", "Ambulance", "QOP", "Y62", "RX7", True, True),
    ("R0A", "Manchester University", "trust", "Acute", "QOP", "Y62", "R0A", True, True),
    ("RBV", "The Christie", "trust", "Acute", "QOP", "Y62", "RBV", True, True),
    ("RQQ", "A new trust", "trust", None, "QOP", "Y62", "RQQ", True, True),
    ("RW3", "Central Manchester", "trust", "Acute", "QOP", "Y62", "R0A", False, False),
    ("RW6", "Pennine Acute", "trust", "Acute", "QOP", "Y62", "RW6", False, True),
    ("RA0", "A trust that reports no more", "trust", None, None, None, "RA0", True, False),
    ("NT1", "A clinic", "independent", None, "QOP", "Y62", "NT1", True, True),
    ("00T", "A former group", "other", None, "QOP", "Y62", "00T", True, False),
    ("01A", "A place below a board", "sub_icb", None, "QOP", "Y62", "01A", True, True),
]
COLUMNS = (
    "org_code", "name", "org_type", "trust_type", "icb_code", "region_code", "answers", "is_current", "is_reporting",
)  # fmt: skip


@pytest.fixture(scope="module")
def places():
    return Places.of(pl.DataFrame(ROWS, schema=COLUMNS, orient="row"))


def test_the_list_holds_what_is_open_and_reports_with_trusts_by_type(places):
    assert places.offered == ("ENG", "Y62", "QOP", "R0A", "RBV", "RX7", "RQQ", "NT1")
    assert places.by_code["R0A"].label == "Acute trust: Manchester University (R0A)"
    assert places.by_code["RQQ"].label == "Trust: A new trust (RQQ)"
    assert places.by_code["ENG"].label == "England"


def test_what_is_not_in_the_list_is_still_known(places):
    assert {"RW6", "RA0", "00T"} <= set(places.by_code)
    assert "RW3" not in places
    assert dict(places.successors) == {"RW3": "R0A"}
    assert places.former["RW3"] == "Central Manchester"


def test_a_place_knows_what_it_belongs_to_and_what_belongs_to_it(places):
    assert [place.code for place in places.above(places.by_code["R0A"])] == ["QOP", "Y62", "ENG"]
    assert [place.code for place in places.above(places.by_code["QOP"])] == ["Y62", "ENG"]
    assert places.above(places.england) == ()
    within = {place.code for place in places.within(places.by_code["QOP"], "organisation")}
    assert within == {"R0A", "RBV", "RX7", "RQQ", "RW6", "NT1", "00T"}
    assert [place.code for place in places.within(places.england, "region")] == ["Y62"]


def test_peers_are_trusts_of_the_same_type(places):
    assert {place.code for place in places.peers(places.by_code["R0A"])} == {"R0A", "RBV", "RW6"}
    assert {place.code for place in places.peers(places.by_code["NT1"])} == {"NT1"}


def test_a_trust_of_no_known_type_is_compared_with_all_trusts(places):
    assert {place.code for place in places.peers(places.by_code["RQQ"])} == {"R0A", "RBV", "RX7", "RQQ", "RW6", "RA0"}


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
    assert found.label == "England figure: not held below England"


def test_an_own_figure_has_no_label(places):
    catalogue = load()
    found = reach(catalogue, catalogue.metric("ae_four_hour"), places.by_code["R0A"], places)
    assert found.is_own
    assert found.label == ""
