"""Definitions that change under a running dashboard: what open pages show, and what they keep."""

from __future__ import annotations

import gc
import shutil
import threading
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import layer as data
from dashboard import refresher
from metrics.catalogue import SHIPPED
from metrics.warehouse.errors import WarehouseUnreachableError

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
PATIENCE = 120
TITLE = "A&E patients seen within four hours"


@pytest.fixture
def definitions(tmp_path) -> Path:
    folder = tmp_path / "definitions"
    folder.mkdir()
    for file in SHIPPED.glob("*.yml"):
        shutil.copy(file, folder)
    return folder


@pytest.fixture
def app(shipped_home, definitions, monkeypatch):
    monkeypatch.setenv("BELLWETHER_HOME", str(shipped_home))
    monkeypatch.setenv("BELLWETHER_DEFINITIONS", str(definitions))
    monkeypatch.setenv("BELLWETHER_SHIPPED_DEFINITIONS", "no")
    # The thread that follows the definitions would take a change before the test asks for it.
    monkeypatch.setattr(refresher, "DEFINITIONS_SECONDS", 3600.0)
    st.cache_resource.clear()
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    app.query_params["org"] = "R0A"
    yield app
    st.cache_resource.clear()


def edit(definitions: Path, old: str, new: str, name: str = "access_emergency.yml") -> None:
    file = definitions / name
    text = file.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def text_of(app) -> str:
    return " ".join(each.value for each in app.markdown)


def test_a_changed_title_is_shown_and_answers_are_made_anew(app, definitions):
    app.run()
    assert "A&amp;E within 4 hours" in text_of(app)
    edit(definitions, "short_title: A&E within 4 hours\n", "short_title: Four hours in A&E\n")
    assert data.metrics_layer().reload() is True
    app.run()
    assert not app.exception
    assert "Four hours in A&amp;E" in text_of(app)
    assert "A&amp;E within 4 hours<" not in text_of(app)


def test_a_bad_file_keeps_the_figures_with_a_banner_until_it_is_mended(app, definitions):
    app.run()
    before = [each.value for each in app.markdown if "bw-card" in each.value]
    assert "definition-problems" not in text_of(app)
    edit(definitions, "direction: ", "directoin: ")
    assert data.metrics_layer().reload() is False
    app.run()
    assert not app.exception
    (banner,) = [each.value for each in app.markdown if "definition-problems" in each.value]
    assert 'role="status"' in banner
    assert "access_emergency.yml, line " in banner
    assert "unknown key &#x27;directoin&#x27;" in banner
    assert "Did you mean &#x27;direction&#x27;?" in banner
    assert [each.value for each in app.markdown if "bw-card" in each.value] == before
    edit(definitions, "directoin: ", "direction: ")
    data.metrics_layer().reload()
    app.run()
    assert "definition-problems" not in text_of(app)


def test_the_banner_lists_five_mistakes_and_counts_the_rest(app, definitions):
    file = definitions / "people.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("    owner: ", "    ownr: "), encoding="utf-8")
    app.run()
    assert "A definition is wrong" in text_of(app), "there are no earlier definitions to go on with"
    assert text_of(app).count("<li><strong>people.yml, line ") == 5
    assert "more: <code>bellwether check</code>" in text_of(app)
    file.write_text(file.read_text(encoding="utf-8").replace("    ownr: ", "    owner: "), encoding="utf-8")
    app.run()
    assert app.title[0].value.startswith("Scorecard: ")


def test_when_the_warehouse_does_not_answer_no_figure_of_an_older_definition_is_shown(app, definitions, monkeypatch):
    app.run()
    edit(definitions, "short_title: A&E within 4 hours\n", "short_title: Four hours in A&E\n")
    assert data.metrics_layer().reload() is True

    def lost(*_args, **_others):
        raise WarehouseUnreachableError("gone")

    monkeypatch.setattr(data, "_kept", lost)
    app.run()
    assert not app.exception
    assert "The warehouse does not answer" in text_of(app)
    assert "bw-card" not in text_of(app)


def test_a_page_is_drawn_from_one_state_while_definitions_move_on(app, definitions):
    app.run()
    layer = data.metrics_layer()
    now = layer.as_it_stands()
    shown = data.standing(now)
    edit(definitions, "short_title: A&E within 4 hours\n", "short_title: Four hours in A&E\n")
    assert layer.reload() is True
    name = data.answer(now, lambda: now.catalogue.metric("ae_four_hour").name, "a question")
    assert name == "A&E within 4 hours"
    newest = layer.as_it_stands()
    assert (
        data.answer(newest, lambda: newest.catalogue.metric("ae_four_hour").name, "a question") == "Four hours in A&E"
    )
    assert data.standing(now) == shown
    assert data.standing(layer) != shown


def test_one_thread_follows_the_layer_and_ends_with_it(app, definitions, monkeypatch):
    monkeypatch.setattr(refresher, "DEFINITIONS_SECONDS", 0.01)
    others = set(threading.enumerate())
    layer = data.metrics_layer()
    assert data.metrics_layer() is layer
    (follower,) = (each for each in threading.enumerate() if each.name == "look" and each not in others)
    edit(definitions, "short_title: A&E within 4 hours\n", "short_title: Four hours in A&E\n")
    for _ in range(6000):
        if layer.catalogue.metric("ae_four_hour").name == "Four hours in A&E":
            break
        follower.join(0.01)
    assert layer.catalogue.metric("ae_four_hour").name == "Four hours in A&E"
    del layer
    st.cache_resource.clear()
    gc.collect()
    follower.join(60)
    assert not follower.is_alive()
