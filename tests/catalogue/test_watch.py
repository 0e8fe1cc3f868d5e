"""Definitions as they change on disk: what is taken into use, when, and what keeps a file out of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from metrics.catalogue import SHIPPED, CatalogueError, Definitions, Finding, check, folders_of, load, watch
from metrics.catalogue.watch import DOUBTFUL_SECONDS, PATIENCE_SECONDS, SETTLED_SECONDS, State, following
from metrics.warehouse.settings import Settings

MODEL = """\
models:
  - name: ae
    title: A&E by hand
    table: fact_ae_month
    publication: by_hand
    provenance: published
    grain: month
    dimensions:
      - {name: department, column: department, title: Department}
    coverage: {within: 2}
"""
METRIC = """\
metrics:
  - id: NAME
    title: Attendances
    description: People who came.
    model: ae
    type: simple
    measure: {agg: sum, expr: attendances, words: attendances}
    unit: count
    noun: attendances
    direction: neutral
    capability: operations
    owner: The tests
    source: By hand
"""


def metric(name: str, **changes: str) -> str:
    text = METRIC.replace("NAME", name)
    for field, value in changes.items():
        (line,) = (each for each in text.splitlines() if each.strip().startswith(f"{field}:"))
        text = text.replace(line, f"    {field}: {value}")
    return text


def errors(findings: Sequence[Finding]) -> list[Finding]:
    return [each for each in findings if each.severity == "error"]


class Waiting:
    """Time that passes only when somebody waits; meanwhile, `events` happen at their moments."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.events: list[tuple[float, Callable[[], object]]] = []

    def __call__(self, seconds: float) -> None:
        self.passed += seconds
        while self.events and self.events[0][0] <= self.passed:
            self.events.pop(0)[1]()

    def at(self, moment: float, event: Callable[[], object]) -> None:
        self.events.append((self.passed + moment, event))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a_models.yml").write_text(MODEL)
    (tmp_path / "own" / "b_metrics.yml").write_text(metric("seen"))
    return tmp_path / "own"


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
def definitions(folder: Path, waiting: Waiting) -> Iterator[Definitions]:
    watched = Definitions(folder, wait=waiting)
    yield watched
    assert not waiting.events, "the test's events all happened"


def test_nothing_changes_and_nothing_is_waited_for(definitions, waiting):
    before = definitions.state
    assert definitions.look() is False
    assert definitions.state is before
    assert waiting.passed == 0


def test_a_change_is_taken_with_a_new_version_and_the_moment(definitions, folder):
    before = definitions.state
    (folder / "b_metrics.yml").write_text(metric("seen", title="Arrivals"))
    assert definitions.look() is True
    assert definitions.state.catalogue.metric("seen").title == "Arrivals"
    assert definitions.state.catalogue.version != before.catalogue.version
    assert before.read_at < definitions.state.read_at <= datetime.now(UTC)
    assert definitions.look() is False


def test_of_the_same_size_and_time_another_file_is_still_noticed(definitions, folder, tmp_path):
    file = folder / "b_metrics.yml"
    stat = file.stat()
    (tmp_path / "new").write_text(file.read_text().replace("People who came.", "People who left."))
    os.utime(tmp_path / "new", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    (tmp_path / "new").replace(file)
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    assert definitions.look() is True
    assert definitions.state.catalogue.metric("seen").description == "People who left."


def test_good_bad_good(definitions, folder):
    first = definitions.state
    (folder / "b_metrics.yml").write_text(metric("seen", direction="upwards"))
    assert definitions.look() is True
    bad = definitions.state
    assert bad.catalogue is first.catalogue
    assert bad.read_at == first.read_at
    (problem,) = bad.problems
    assert (problem.file, problem.line, problem.severity) == ("b_metrics.yml", 10, "error")
    assert "direction" in problem.message
    assert definitions.look() is False, "what is bad is not read again until it changes"
    (folder / "b_metrics.yml").write_text(metric("seen", direction="increase"))
    assert definitions.look() is True
    assert definitions.state.problems == ()
    assert definitions.state.catalogue.metric("seen").direction == "increase"


def test_what_was_mended_to_what_is_in_use_only_clears_the_problems(definitions, folder):
    first = definitions.state
    (folder / "b_metrics.yml").write_text("metrics: [")
    definitions.look()
    assert definitions.state.problems[0].message.startswith("not YAML")
    (folder / "b_metrics.yml").write_text(metric("seen"))
    assert definitions.look() is True
    assert definitions.state.catalogue is first.catalogue
    assert definitions.state.problems == ()


def test_another_mistake_replaces_the_first(definitions, folder):
    (folder / "b_metrics.yml").write_text("metrics: [")
    definitions.look()
    (folder / "b_metrics.yml").write_text(metric("seen", model="ea"))
    assert definitions.look() is True
    assert ["no model 'ea'" in each.message for each in definitions.state.problems] == [True]


def test_a_comment_moves_the_places_but_changes_no_version(definitions, folder):
    before = definitions.state.catalogue
    file = folder / "b_metrics.yml"
    file.write_text("# Ours.\n" + file.read_text())
    assert definitions.look() is True
    now = definitions.state.catalogue
    assert now.version == before.version
    assert (before.places["metric:seen"].line, now.places["metric:seen"].line) == (2, 3)


def test_a_file_that_is_emptied_and_then_written_is_never_seen_empty(definitions, folder, waiting):
    file = folder / "b_metrics.yml"
    file.write_text("")
    waiting.at(DOUBTFUL_SECONDS - 0.06, lambda: file.write_text(metric("seen", title="Arrivals")))
    assert definitions.look() is True
    assert definitions.state.problems == ()
    assert definitions.state.catalogue.metric("seen").title == "Arrivals"


def test_a_file_that_is_written_in_pieces_is_read_whole(definitions, folder, waiting):
    file = folder / "b_metrics.yml"
    whole = metric("seen", title="Arrivals") + metric("other").removeprefix("metrics:\n")
    file.write_text(whole[:40])
    for number in range(1, 5):
        waiting.at(number * (SETTLED_SECONDS - 0.05), lambda end=number * 200: file.write_text(whole[:end]))
    waiting.at(5 * (SETTLED_SECONDS - 0.05), lambda: file.write_text(whole))
    assert definitions.look() is True
    assert definitions.state.problems == ()
    assert set(definitions.state.catalogue.metrics) == {"seen", "other"}


def test_a_file_that_is_moved_away_and_back_is_never_missed(definitions, folder, waiting):
    before = definitions.state
    (folder / "b_metrics.yml").rename(folder / "kept~")
    waiting.at(DOUBTFUL_SECONDS - 0.06, lambda: (folder / "kept~").rename(folder / "b_metrics.yml"))
    assert definitions.look() is False
    assert definitions.state is before


def test_a_file_that_never_rests_is_left_for_later(definitions, folder, waiting):
    file = folder / "b_metrics.yml"
    before, arrivals = definitions.state, metric("seen", title="Arrivals")
    for number in range(round(PATIENCE_SECONDS / 0.05)):
        waiting.at(number * 0.05, lambda more=number: file.write_text(arrivals + "# " + "x" * more))
    file.write_text(arrivals + "#")
    assert definitions.look() is False
    assert definitions.state is before
    assert definitions.look() is True, "once it rests it is read"


def test_a_file_that_stays_empty_is_told(definitions, folder):
    (folder / "b_metrics.yml").write_text("")
    assert definitions.look() is True
    assert set(definitions.state.catalogue.metrics) == {"seen"}
    assert [each.message for each in definitions.state.problems] == ["no metric is defined."]


def test_an_added_file_brings_its_metrics_and_a_deleted_one_takes_them(definitions, folder):
    (folder / "c_more.yml").write_text(metric("more"))
    assert definitions.look() is True
    assert set(definitions.state.catalogue.metrics) == {"seen", "more"}
    (folder / "c_more.yml").unlink()
    assert definitions.look() is True
    assert set(definitions.state.catalogue.metrics) == {"seen"}
    assert definitions.state.problems == ()


def test_a_deleted_file_that_others_need_keeps_the_last_good_catalogue(definitions, folder):
    (folder / "a_models.yml").unlink()
    assert definitions.look() is True
    assert definitions.state.catalogue.model_of(definitions.state.catalogue.metric("seen")).name == "ae"
    (problem,) = definitions.state.problems
    assert (problem.code, problem.file, problem.line) == ("E016", "b_metrics.yml", 5)


def test_a_deleted_folder_keeps_the_last_good_catalogue(definitions, folder):
    shutil.rmtree(folder)
    assert definitions.look() is True
    assert set(definitions.state.catalogue.metrics) == {"seen"}
    assert [(each.file, each.message) for each in definitions.state.problems] == [
        (str(folder), "there is no such folder.")
    ]


def test_a_file_of_other_letters_is_told_with_its_line(definitions, folder):
    (folder / "b_metrics.yml").write_bytes(b"metrics:\n  - title: Wait in \xa3\n")
    assert definitions.look() is True
    (problem,) = definitions.state.problems
    assert (problem.file, problem.line, problem.message) == ("b_metrics.yml", 2, "not UTF-8 text.")


def test_a_file_that_cannot_be_opened_is_told(definitions, folder):
    (folder / "c_more.yml").mkdir()
    assert definitions.look() is True
    (problem,) = definitions.state.problems
    assert (problem.file, problem.message) == ("c_more.yml", "cannot be read: Is a directory.")


def test_an_alias_of_itself_keeps_the_last_good_catalogue(definitions, folder):
    (folder / "c_more.yml").write_text("metrics: &endless\n  - *endless\n")
    assert definitions.look() is True
    assert set(definitions.state.catalogue.metrics) == {"seen"}
    (problem,) = definitions.state.problems
    assert (problem.code, problem.file, problem.line) == ("E001", "c_more.yml", 1)
    assert problem.message == "not YAML: an alias stands within what it stands for."


def test_a_fault_of_the_checks_themselves_keeps_the_last_good_catalogue(definitions, folder, monkeypatch):
    def broken(folders):
        raise RecursionError("too deep")

    monkeypatch.setattr(watch, "check", broken)  # no definition is known that breaks them
    (folder / "c_more.yml").write_text(metric("more"))
    assert definitions.look() is True
    assert set(definitions.state.catalogue.metrics) == {"seen"}
    (problem,) = definitions.state.problems
    assert problem.code == "E099"
    assert "RecursionError" in problem.message


def test_bad_definitions_at_the_start_are_refused(folder):
    (folder / "b_metrics.yml").write_text(metric("seen", direction="upwards"))
    with pytest.raises(CatalogueError, match=r"b_metrics.yml:10: error E005: .*direction"):
        Definitions(folder)


def test_a_warning_does_not_keep_a_catalogue_out_of_use(definitions):
    before = definitions.state
    catalogue = load(definitions.folders)
    new = State(catalogue, datetime(2026, 3, 31, tzinfo=UTC))
    warning = Finding("W101", "warning", "b_metrics.yml", 2, "no 'interpretation'.")
    renamed = type(catalogue)(catalogue.models, catalogue.metrics, catalogue.places, {"seen": "another text"})
    assert following(before, renamed, [warning], new.read_at) == State(renamed, new.read_at)


def test_own_definitions_stand_beside_the_shipped_ones(tmp_path):
    (tmp_path / "local.yml").write_text(
        metric("ours", model="ae_month").replace("ae_month", load().metric("ae_attendances").model)
    )
    folders = folders_of(Settings(tmp_path, "duckdb:///x", (tmp_path,)))
    assert folders == (SHIPPED, tmp_path)
    assert set(load(folders).metrics) == {"ours", *load().metrics}
    assert folders_of(Settings(tmp_path, "duckdb:///x", (tmp_path, SHIPPED))) == (SHIPPED, tmp_path)
    assert folders_of(Settings(tmp_path, "duckdb:///x", (tmp_path,), shipped_definitions=False)) == (tmp_path,)


def test_the_same_metric_in_two_folders_is_an_error_that_names_both_places(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "b_metrics.yml").write_text("# A copy.\n" + metric("seen"))
    catalogue, findings = check((folder, other))
    assert catalogue is not None
    (finding,) = errors(findings)
    assert (finding.code, finding.file, finding.line) == ("E010", "other/b_metrics.yml", 3)
    assert finding.message == "the metric 'seen' is already defined in own/b_metrics.yml:2."


def test_files_of_one_name_in_folders_of_one_name_are_told_by_their_paths(folder, tmp_path):
    other = tmp_path / "deeper" / "own"
    other.mkdir(parents=True)
    (other / "b_metrics.yml").write_text(metric("other", direction="upwards"))
    _, findings = check((folder, other))
    assert [each.file for each in errors(findings)] == [str(other / "b_metrics.yml")]


def test_an_empty_folder_of_ones_own_is_a_warning(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    catalogue, findings = check((folder, tmp_path / "empty"))
    assert catalogue is not None
    assert ("E000", "warning", str(tmp_path / "empty")) in [(each.code, each.severity, each.file) for each in findings]
    assert errors(findings) == []
    assert set(load((folder, tmp_path / "empty")).metrics) == {"seen"}
