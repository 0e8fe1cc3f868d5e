"""`bellwether check`: what it says, in which form, and with which code it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from dashboard.cli import app
from metrics.catalogue import SHIPPED, json_schema, load
from metrics.warehouse.writing import writing
from tests.query.small import ae, build

DEFINITIONS = """# yaml-language-server: $schema=schema.json
tables:
  - name: visits
    title: Visits
    columns: {seen_on: date, org: text, minutes: number}
models:
  - name: ae
    title: Emergency departments
    table: fact_ae_month
    publication: by_hand
    provenance: published
    grain: month
  - name: visits
    title: Visits
    table: visits
    provenance: operational
    grain: day
    time: {column: seen_on}
    organisation: org
metrics:
  - id: seen
    title: Attendances
    type: simple
    description: People who attended.
    capability: access
    model: ae
    measure: {words: Attendances, expr: attendances}
    unit: count
    direction: neutral
    headline: false
    owner: Somebody
    source: Counted by hand
    tests:
      - {period: 2024-01-01, expect: 400, source: "By hand: 100 + 300"}
      - {period: 2024-01-01, where: {organisation: RB1}, expect: 310, tolerance: 5, source: By hand}
"""
FACTS = {"fact_ae_month": ae([("2024-01", "RA1", 100, 20), ("2024-01", "RB1", 300, 60)])}


@dataclass(frozen=True, slots=True)
class Place:
    folder: Path
    warehouse: str

    def written(self, old: str, new: str) -> Place:
        text = DEFINITIONS.replace(old, new)
        assert text != DEFINITIONS
        (self.folder / "definitions.yml").write_text(text, encoding="utf-8")
        return self

    def run(self, *options: str) -> tuple[int, str]:
        done = CliRunner().invoke(
            app, ["check", "--definitions", str(self.folder), "--warehouse", self.warehouse, *options]
        )
        return done.exit_code, done.stdout

    def document(self, *options: str) -> tuple[int, dict]:
        code, text = self.run("--format", "json", *options)
        return code, json.loads(text)


def _with_visits(url: str) -> None:
    with writing(url) as writer:
        writer.execute(sa.text("CREATE TABLE visits (seen_on DATE, org VARCHAR(10), minutes DOUBLE PRECISION)"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    url = f"duckdb:///{tmp_path / 'warehouse'}"
    folder = tmp_path / "definitions"
    build(url, FACTS, DEFINITIONS, folder)
    _with_visits(url)
    return Place(folder, url)


def test_definitions_that_hold_together_leave_with_nothing_wrong(place: Place) -> None:
    assert place.run() == (0, "1 metric in definitions/: 0 errors.\n")


def test_an_error_leaves_with_one_and_says_file_line_and_remedy(place: Place) -> None:
    code, said = place.written("expr: attendances", "expr: atendances").run()
    assert code == 1
    expected = "there is no column 'atendances' (in 'atendances'). Did you mean 'attendances' or 'attendances_booked'?"
    assert said.splitlines() == [
        f"definitions.yml:27: error E013: 'seen': measure.expr: {expected}",
        "1 metric in definitions/: 1 error.",
    ]


def test_warnings_leave_with_nothing_wrong_unless_strict(place: Place) -> None:
    place.written("headline: false", "headline: true")
    code, said = place.run()
    assert code == 0
    assert "warning W101" in said
    assert said.endswith("1 metric in definitions/: 0 errors, 1 warning.\n")
    assert place.run("--strict")[0] == 1


def test_without_live_or_tests_no_warehouse_is_asked(place: Place) -> None:
    nowhere = Place(place.folder, "postgresql://nobody@127.0.0.1:1/nothing")
    assert nowhere.run()[0] == 0


@pytest.mark.parametrize("option", ["--live", "--tests"])
def test_a_warehouse_that_does_not_answer_leaves_with_two(place: Place, option: str) -> None:
    nowhere = Place(place.folder, "postgresql://nobody@127.0.0.1:1/nothing")
    done = CliRunner().invoke(
        app, ["check", "--definitions", str(nowhere.folder), "--warehouse", nowhere.warehouse, option]
    )
    assert done.exit_code == 2
    assert "does not answer" in done.stderr


def test_a_folder_that_is_not_there_is_an_error(place: Place) -> None:
    code, said = Place(place.folder / "none", place.warehouse).run()
    assert code == 1
    assert "there is no such folder" in said


def test_several_folders_are_read_together(place: Place, tmp_path: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    (more / "more.yml").write_text(
        "metrics:\n  - {id: doubled, title: Doubled, type: derived, formula: 2 * seen, description: Twice.,"
        " capability: access, unit: count, direction: neutral, headline: false, owner: Somebody, source: By hand}\n",
        encoding="utf-8",
    )
    done = CliRunner().invoke(app, ["check", "--definitions", str(place.folder), "--definitions", str(more)])
    assert (done.exit_code, done.stdout) == (0, "2 metrics in definitions/, more/: 0 errors.\n")


def test_names_of_the_shipped_definitions_are_told_to_be_elsewhere(tmp_path: Path) -> None:
    _, metric = DEFINITIONS.split("metrics:\n")
    text = "metrics:\n" + metric.split("    tests:")[0]
    model = next(iter(load(SHIPPED).models))
    (tmp_path / "own.yml").write_text(text.replace("model: ae", f"model: {model}"), encoding="utf-8")
    done = CliRunner().invoke(app, ["check", "--definitions", str(tmp_path)])
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1] == (
        f"The shipped definitions, which have '{model}', are not read with --definitions. To read both: "
        f"BELLWETHER_DEFINITIONS={tmp_path} bellwether check"
    )
    (tmp_path / "own.yml").write_text(text.replace("model: ae", "model: nowhere"), encoding="utf-8")
    assert "The shipped definitions" not in CliRunner().invoke(app, ["check", "--definitions", str(tmp_path)]).stdout


def test_the_settings_name_the_folders(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_DEFINITIONS", str(place.folder))
    monkeypatch.setenv("BELLWETHER_SHIPPED_DEFINITIONS", "no")
    assert CliRunner().invoke(app, ["check"]).stdout == "1 metric in definitions/: 0 errors.\n"
    monkeypatch.setenv("BELLWETHER_SHIPPED_DEFINITIONS", "yes")
    assert (
        f"{len(load(SHIPPED).metrics) + 1} metrics in definitions/, definitions/"
        in CliRunner().invoke(app, ["check"]).stdout
    )


def test_golden_numbers_say_expected_and_got(place: Place) -> None:
    code, said = place.run("--tests")
    assert code == 1
    off = "It is off by -10, and may be by 5."
    assert said.splitlines() == [
        "definitions.yml:34: pass: seen 2024-01-01: expected 400, got 400. Source: By hand: 100 + 300",
        f"definitions.yml:35: FAIL: seen 2024-01-01 organisation=RB1: expected 310 ± 5, got 300. {off} Source: By hand",
        "1 metric in definitions/: 0 errors.",
        "1 of 2 golden numbers met.",
    ]
    assert place.written("expect: 310", "expect: 304").run("--tests")[0] == 0


def test_a_probe_finds_what_the_warehouse_lacks(place: Place) -> None:
    assert place.run("--live") == (0, "1 metric in definitions/: 0 errors.\n")
    code, said = place.written("minutes: number}", "minutes: number, ward: text}").run("--live")
    assert code == 1
    assert "definitions.yml:5: error E081: the warehouse's 'visits' has no column 'ward'." in said


def test_the_warehouse_is_not_asked_about_definitions_that_do_not_hold(place: Place) -> None:
    code, said = place.written("expr: attendances", "expr: atendances").run("--live", "--tests")
    assert code == 1
    assert "The warehouse was not asked: put the errors right first." in said


def test_json_is_one_document_of_findings_and_outcomes(place: Place) -> None:
    code, found = place.written("headline: false", "headline: true").document("--tests", "--live")
    assert code == 1
    assert (found["metrics"], found["errors"], found["warnings"]) == (1, 0, 1)
    (finding,) = found["findings"]
    assert finding == {
        "code": "W101", "severity": "warning", "file": "definitions.yml", "line": 21,
        "path": str(place.folder / "definitions.yml"), "message": "'seen': no 'interpretation'.",
        "fix": "Say in a sentence how to read it and what to beware of.",
    }  # fmt: skip
    assert [each["passed"] for each in found["tests"]] == [True, False]
    assert found["tests"][1] == {
        "metric": "seen", "file": "definitions.yml", "line": 35, "period": "2024-01-01", "grain": None,
        "where": {"organisation": "RB1"}, "as_at": None, "expect": 310.0, "tolerance": 5.0, "source": "By hand",
        "got": 300.0, "passed": False, "reason": "it is off by -10, and may be by 5.",
    }  # fmt: skip
    assert place.document()[1]["tests"] is None


def test_annotations_name_files_from_the_root_of_the_repository(place: Place, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    code, said = place.written("expr: attendances", "expr: atendances").run("--format", "github")
    assert code == 1
    assert said == (
        "::error file=definitions/definitions.yml,line=27,title=E013::'seen': measure.expr: there is no column "
        "'atendances' (in 'atendances'). Did you mean 'attendances' or 'attendances_booked'?\n"
    )


def test_annotations_hold_golden_numbers_that_are_not_met_and_escape_what_the_runner_reads(
    place: Place, tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()
    place.written("source: By hand}", 'source: "100 %, by hand", grain: day}')
    code, said = place.run("--format", "github", "--tests")
    assert code == 1
    assert "::error file=definitions/definitions.yml,line=35,title=E064::" in said
    place.written("expect: 310", "expect: 320")
    (line,) = place.run("--format", "github", "--tests")[1].splitlines()
    assert line == (
        "::error file=definitions/definitions.yml,line=35,title=golden number::Expected 320, got 300: "
        "seen 2024-01-01 organisation=RB1. It is off by -20, and may be by 5."
    )


def test_what_a_runner_reads_as_signs_is_escaped(tmp_path: Path) -> None:
    folder = tmp_path / "a,b:c"
    folder.mkdir()
    (folder / "x.yml").write_text("metrics:\n  - {id: a, 50%: b}\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["check", "--definitions", str(folder), "--format", "github"])
    assert "a%2Cb%3Ac/x.yml,line=2,title=E003::Unknown key '50%25'." in done.stdout


def test_the_schema_is_written_for_editors_elsewhere(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["check", "--schema", str(tmp_path)])
    assert done.exit_code == 0
    assert "# yaml-language-server: $schema=schema.json" in done.stdout
    assert (tmp_path / "schema.json").read_text(encoding="utf-8") == json_schema.text()


def test_a_schema_that_cannot_be_written_leaves_with_two(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["check", "--schema", str(tmp_path / "none")])
    assert done.exit_code == 2
    assert "schema.json" in done.stderr


def test_help_says_what_the_codes_mean() -> None:
    said = " ".join(CliRunner().invoke(app, ["check", "--help"]).stdout.replace("│", " ").split())
    assert "Leaves with 0 when nothing is wrong" in said
    assert "with 1 when there are errors" in said
    assert "with 2 when it could not check" in said


@pytest.mark.postgresql
def test_postgresql_is_probed_and_tested_alike(place: Place, new_database: Callable[[], str]) -> None:
    url = new_database()
    build(url, FACTS, DEFINITIONS, place.folder)
    on_server = Place(place.folder, url)
    code, said = on_server.run("--live")
    assert code == 1
    assert "definitions.yml:3: error E080: the warehouse has no table 'visits'." in said
    _with_visits(url)
    assert on_server.run("--live") == (0, "1 metric in definitions/: 0 errors.\n")
    assert "1 of 2 golden numbers met." in on_server.run("--tests")[1]
