"""The app's wiring: pages, filters, states. What only a browser can tell is tested in tests/browser."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.menu import ENTRIES, entries

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
PATIENCE = 120


@pytest.fixture
def app(shipped_home, monkeypatch):
    monkeypatch.setenv("BELLWETHER_HOME", str(shipped_home))
    st.cache_resource.clear()
    yield AppTest.from_file(str(APP), default_timeout=PATIENCE)
    st.cache_resource.clear()


def text_of(app):
    return " ".join(each.value for each in app.markdown)


def test_every_page_of_the_menu_is_there():
    assert entries() == ENTRIES
    assert len({entry.path for entry in ENTRIES}) == len(ENTRIES)


def test_the_root_shows_the_scorecard_of_england(app):
    app.run()
    assert not app.exception
    assert app.title[0].value == "Scorecard: England"
    assert "A&amp;E within 4 hours" in text_of(app)
    assert app.query_params["org"] == "ENG"


def test_nobody_is_met_by_simulated_figures(trust_home, monkeypatch):
    """With a simulated trust beside the published data, Today is in the menu, and the root shows the scorecard."""
    monkeypatch.setenv("BELLWETHER_HOME", str(trust_home))
    st.cache_resource.clear()
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE).run()
    assert not app.exception
    assert app.title[0].value == "Scorecard: England"
    assert "Today" in text_of(app)
    st.cache_resource.clear()


def test_the_organisation_of_the_link_is_shown_and_a_choice_is_written_to_the_link(app):
    app.query_params["org"] = "R0A"
    app.run()
    assert app.title[0].value == "Scorecard: Manchester University NHS Foundation Trust"
    app.selectbox(key="filter_org").select("QOP").run()
    assert app.title[0].value == "Scorecard: NHS Greater Manchester"
    assert app.query_params["org"] == "QOP"
    app.button(key="filter_reset").click().run()
    assert app.query_params["org"] == "ENG"
    assert app.title[0].value == "Scorecard: England"


def test_an_unknown_organisation_is_named_and_england_shown(app):
    app.query_params["org"] = "ZZZ"
    app.run()
    assert not app.exception
    assert "organisation &#x27;ZZZ&#x27;, which is not known here" in text_of(app)
    assert app.title[0].value == "Scorecard: England"


def test_the_line_at_the_top_says_how_new_the_data_are_and_whose(app):
    app.run()
    line = next(each.value for each in app.markdown if "bw-slim" in each.value)
    for said in ("Data to ", "loaded ", "published statistics", "Open Government Licence v3.0"):
        assert said in line


def test_without_a_warehouse_the_page_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setenv("BELLWETHER_HOME", str(tmp_path))
    st.cache_resource.clear()
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE).run()
    assert not app.exception
    assert "There is no data yet" in text_of(app)
    assert "bellwether load --shipped" in text_of(app)


def test_a_page_that_fails_says_so_in_words_with_a_reference(app, monkeypatch):
    def fail(*_args):
        raise ZeroDivisionError("a secret of the house")

    monkeypatch.setattr("dashboard.views.scorecard.draw", fail)
    app.run()
    assert not app.exception
    assert "This page could not be drawn" in text_of(app)
    assert "reference" in text_of(app)
    assert "secret" not in text_of(app)


def test_when_the_warehouse_stops_answering_the_last_good_answer_stays_with_a_banner(app, monkeypatch):
    from dashboard import layer
    from metrics.warehouse.errors import WarehouseUnreachableError

    app.run()
    before = [each.value for each in app.markdown if "bw-card" in each.value]

    def lost(*_args, **_others):
        raise WarehouseUnreachableError("gone")

    monkeypatch.setattr(layer, "_kept", lost)
    app.run()
    assert not app.exception
    assert "The warehouse has not answered since" in text_of(app)
    assert [each.value for each in app.markdown if "bw-card" in each.value] == before
