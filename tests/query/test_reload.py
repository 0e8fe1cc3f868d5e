"""Definitions that change under a running engine."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

import pytest

from metrics import MetricsLayer, Request
from metrics.catalogue import UnknownMetricError
from metrics.warehouse.connect import Snapshot
from metrics.warehouse.settings import embedded_url
from tests.query.small import TODAY, ae, build

DEFINITIONS = """\
models:
  - name: by_hand
    title: A&E by hand
    table: fact_ae_month
    publication: by_hand
    provenance: published
    grain: month
    dimensions:
      - {name: department, column: department, title: Department}
    coverage: {within: 2}
metrics:
  - id: seen
    title: Seen
    description: People seen.
    model: by_hand
    type: simple
    measure: {agg: sum, expr: attendances, words: attendances}
    unit: count
    noun: attendances
    direction: neutral
    capability: operations
    owner: The tests
    source: By hand
"""
# People seen within four hours, in place of all.
WITHIN = DEFINITIONS.replace("expr: attendances,", "expr: attendances - over_4h,")
# A second metric, of another model over the same table.
BESIDE = """\
models:
  - name: late
    title: A&E by hand, lateness
    table: fact_ae_month
    publication: by_hand
    provenance: published
    grain: month
    coverage: {within: 2}
metrics:
  - id: late
    title: Late
    description: People seen late.
    model: late
    type: simple
    measure: {agg: sum, expr: over_4h, words: people seen late}
    unit: count
    noun: people
    direction: decrease
    capability: operations
    owner: The tests
    source: By hand
"""
ROWS = [("2024-10", "RA1", 100, 30), ("2024-10", "RB1", 60, 10)]
ROWS_MONTH = date(2024, 10, 1)
ASKED = Request.of("seen")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "definitions"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return embedded_url(tmp_path / "warehouse")


@pytest.fixture
def layer(url, folder) -> MetricsLayer:
    return build(url, {"fact_ae_month": ae(ROWS)}, DEFINITIONS, folder)


def write(folder: Path, text: str, name: str = "definitions.yml") -> None:
    (folder / name).write_text(text, encoding="utf-8")


def value(layer: MetricsLayer, request: Request = ASKED) -> float:
    (found,) = layer.ask(request).frame["value"].to_list()
    return found


def test_without_a_change_there_is_nothing_to_take(layer):
    assert value(layer) == 160
    answer = layer.ask(ASKED)
    assert layer.reload() is False
    assert layer.ask(ASKED) is answer


def test_a_changed_definition_gives_its_number_under_a_new_version(layer, folder):
    assert value(layer) == 160
    before = layer.definitions_version, layer.definitions_read_at, layer.data_version
    write(folder, WITHIN)
    assert value(layer) == 160, "nothing changes until it is taken"
    assert layer.reload() is True
    assert value(layer) == 120
    assert layer.definitions_version != before[0]
    assert layer.definitions_read_at > before[1]
    assert layer.data_version == before[2]
    assert layer.definition_problems == ()


def test_results_say_which_definitions_they_used(layer, folder):
    first = layer.ask(ASKED)
    write(folder, WITHIN)
    layer.reload()
    second = layer.ask(ASKED)
    assert first.definitions["seen"] != second.definitions["seen"]
    assert second.definitions["seen"] == layer.catalogue.version_of(layer.catalogue.metric("seen"))
    write(folder, DEFINITIONS)
    layer.reload()
    assert layer.ask(ASKED).definitions == first.definitions, "the same definition has the same version"


def test_a_bad_file_keeps_the_last_good_definitions_and_says_why(layer, folder):
    before = layer.definitions_version
    write(folder, WITHIN.replace("over_4h", "over_5h"))
    assert layer.reload() is False
    assert value(layer) == 160
    assert layer.definitions_version == before
    (problem,) = layer.definition_problems
    assert (problem.file, problem.line) == ("definitions.yml", 17)
    assert "over_5h" in problem.message
    write(folder, WITHIN)
    assert layer.reload() is True
    assert layer.definition_problems == ()
    assert value(layer) == 120


def test_a_new_metric_can_be_asked_for_and_a_removed_one_cannot(layer, folder):
    write(folder, BESIDE, "beside.yml")
    assert layer.reload() is True
    assert value(layer, Request.of("late")) == 40
    (folder / "definitions.yml").unlink()
    assert layer.reload() is True
    with pytest.raises(UnknownMetricError):
        layer.ask(ASKED)
    assert value(layer, Request.of("late")) == 40


def test_a_layer_as_it_stands_goes_on_with_what_it_began(layer, folder):
    begun = layer.as_it_stands()
    version = layer.definitions_version
    write(folder, WITHIN)
    assert layer.reload() is True
    assert (begun.definitions_version, value(begun)) == (version, 160)
    assert begun.explain("seen", period=ROWS_MONTH).value == 160
    assert (layer.definitions_version != version, value(layer)) == (True, 120)
    assert value(begun) == 160, "what was asked since is no answer of it"


def test_newer_data_are_answered_by_the_newest_definitions(layer, folder, url):
    write(folder, WITHIN)
    layer.reload()
    build(url, {"fact_ae_month": ae([("2024-10", "RA1", 7, 2)])}, WITHIN, folder)
    assert layer.refresh() is True
    assert value(layer) == 5


def test_what_does_not_depend_on_the_change_is_not_read_again(layer, folder, monkeypatch):
    """Who reported is read once for a model; only of the changed one again. Organisations are read once."""
    write(folder, BESIDE, "beside.yml")
    layer.reload()
    sent: list[str] = []
    read = Snapshot.frame

    def noted(snapshot, select):
        sent.append(str(select))
        return read(snapshot, select)

    monkeypatch.setattr(Snapshot, "frame", noted)

    def reading() -> tuple[int, int]:
        value(layer)
        value(layer, Request.of("late"))
        who = sum("max(CASE WHEN" in each and "f.org_code AS org_code" in each for each in sent)
        places = sum("FROM dim_organisation" in each for each in sent)
        sent.clear()
        return who, places

    assert reading() == (2, 3)
    write(folder, WITHIN)
    layer.reload()
    assert reading() == (1, 0)


def test_a_dimension_with_new_labels_is_read_again(layer, folder):
    """What is kept of a model is dropped when the model changes."""
    by_department = Request.of("seen", by=("department",))
    assert layer.ask(by_department).labels == {"department": {"type1": "type1"}}
    write(folder, DEFINITIONS.replace("title: Department}", "title: Department, labels: {type1: Major}}"))
    layer.reload()
    assert layer.ask(by_department).labels == {"department": {"type1": "Major"}}


def test_many_readers_see_one_definition_or_the_other_and_never_a_mixture(layer, folder):
    expected = {layer.definitions_version: 160.0}
    write(folder, WITHIN)
    layer.reload()
    expected[layer.definitions_version] = 120.0
    assert len(expected) == 2
    done = threading.Event()
    wrong: list[object] = []
    answers: list[str] = []

    def read() -> None:
        while not done.is_set():
            now = layer.as_it_stands()
            found = value(now)
            answers.append(now.definitions_version)
            if found != expected[now.definitions_version]:
                wrong.append((now.definitions_version, found))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for text in (DEFINITIONS, WITHIN, DEFINITIONS, "metrics: [", WITHIN):
            write(folder, text)
            layer.reload()
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert wrong == []
    assert set(answers) == set(expected)


def test_the_folders_of_the_settings_are_read_when_none_is_named(layer, url, folder, monkeypatch):
    monkeypatch.setenv("BELLWETHER_DEFINITIONS", str(folder))
    monkeypatch.setenv("BELLWETHER_SHIPPED_DEFINITIONS", "no")
    opened = MetricsLayer.open(url, today=lambda: TODAY)
    assert set(opened.catalogue.metrics) == {"seen"}
    monkeypatch.delenv("BELLWETHER_SHIPPED_DEFINITIONS")
    both = MetricsLayer.open(url, today=lambda: TODAY)
    assert {"seen", "ae_four_hour"} <= set(both.catalogue.metrics)


def test_a_comment_moves_the_lines_that_are_quoted_and_changes_no_version(layer, folder):
    begun, before = layer.as_it_stands(), layer.definitions_version
    assert layer.explain("seen", period=ROWS_MONTH).defined_in == "definitions.yml:12"
    write(folder, "# Ours.\n" + DEFINITIONS)
    assert layer.reload() is True
    assert layer.definitions_version == before
    assert layer.definitions_read_at > begun.definitions_read_at
    assert layer.explain("seen", period=ROWS_MONTH).defined_in == "definitions.yml:13"
    assert begun.explain("seen", period=ROWS_MONTH).defined_in == "definitions.yml:12"
