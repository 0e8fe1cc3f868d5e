"""`bellwether export` and `bellwether import`: answers to files whole or not at all, losses beside them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from dashboard.cli import app
from metrics.interchange.metricflow import read_project
from tests.interchange.clinic import PROJECTS
from tests.interchange.definitions import catalogue

CLINIC = PROJECTS / "current" / "clinic.yml"
APPOINTMENTS = PROJECTS / "current" / "appointments.yml"


@pytest.fixture
def definitions(tmp_path: Path) -> str:
    catalogue(tmp_path / "definitions")
    return str(tmp_path / "definitions")


def run(*arguments: str) -> tuple[int, str, str]:
    """Returns exit code, standard output and standard error."""
    found = CliRunner().invoke(app, [str(each) for each in arguments])
    return found.exit_code, found.stdout, found.stderr


def test_cml_goes_to_standard_output_and_losses_beside_it(definitions: str) -> None:
    code, out, beside = run("export", "cml", "visits", "--no-data", "--definitions", definitions)
    assert code == 0
    assert [record["metric_id"] for record in json.loads(out)["metadata"]] == ["visits"]
    assert "CML06: metric_start_date is empty" in beside
    assert "    metric visits: metric_start_date" in beside


def test_cml_takes_the_first_day_from_the_warehouse(shipped_home: Path, tmp_path: Path) -> None:
    file, lost = tmp_path / "cml.json", tmp_path / "losses.json"
    environment = {**os.environ, "BELLWETHER_HOME": str(shipped_home)}
    arguments = ["export", "cml", "ae_four_hour", "shmi", "--proforma", "3", "--out", str(file), "--losses", str(lost)]
    subprocess.run(
        [sys.executable, "-m", "dashboard.cli", *arguments], check=True, env=environment, capture_output=True
    )
    document = json.loads(file.read_text(encoding="utf-8"))
    assert document["schema"] == "nhsengland/cml-schemas 3.0.0"
    starts = {record["metric_id"]: record["metric_start_date"] for record in document["metadata"]}
    assert starts["ae_four_hour"] == "2016-04-01T00:00:00"
    assert starts["shmi"] is not None
    assert "CML06" not in {loss["code"] for loss in json.loads(lost.read_text(encoding="utf-8"))}


def test_ossie_goes_to_a_file_that_is_never_replaced_unasked(definitions: str, tmp_path: Path) -> None:
    file, lost = tmp_path / "model.yaml", tmp_path / "losses.json"
    arguments = ("export", "ossie", "--definitions", definitions, "--out", str(file), "--losses", str(lost))
    assert run(*arguments)[0] == 0
    written = file.read_text(encoding="utf-8")
    assert yaml.safe_load(written)["version"] == "0.2.0.dev0"
    assert {loss["code"] for loss in json.loads(lost.read_text(encoding="utf-8"))} >= {"OSS01", "OSS08"}
    file.write_text("kept", encoding="utf-8")
    lost.unlink()
    code, _, beside = run(*arguments)
    assert code == 2
    assert "is there already" in beside
    assert file.read_text(encoding="utf-8") == "kept"
    assert not lost.exists()
    assert run(*arguments, "--force")[0] == 0
    assert file.read_text(encoding="utf-8") == written
    assert sorted(each.name for each in tmp_path.iterdir()) == ["definitions", "losses.json", "model.yaml"]


def test_an_unknown_metric_writes_nothing(definitions: str, tmp_path: Path) -> None:
    code, _, beside = run("export", "ossie", "vists", "--definitions", definitions, "--out", str(tmp_path / "x.yaml"))
    assert code == 2
    assert "Did you mean 'visits'?" in beside
    assert not (tmp_path / "x.yaml").exists()


def test_a_project_becomes_a_file_that_checks(tmp_path: Path) -> None:
    file, report = tmp_path / "from_dbt.yml", tmp_path / "report.json"
    code, out, beside = run(
        "import", "metricflow", str(APPOINTMENTS), "--out", str(file), "--report", str(report), "--strict"
    )
    assert (code, out) == (0, "")
    assert file.read_text(encoding="utf-8") == read_project([APPOINTMENTS]).as_yaml()
    assert "Not mapped: 0" in beside
    assert f"{APPOINTMENTS}:17: metric dna_rate_28d: the ratio 'dna_rate', accumulated" in beside.replace("\n", " ")
    outcomes = {note["outcome"] for note in json.loads(report.read_text(encoding="utf-8"))}
    assert outcomes == {"mapped", "changed", "fill in"}
    assert f"Wrote {file}. Fill in what it asks for" in beside
    assert beside.endswith(f"Wrote {report}.\n")
    assert run("check", "--definitions", str(tmp_path))[0] == 0


def test_without_a_file_the_definitions_go_to_standard_output() -> None:
    code, out, beside = run("import", "metricflow", str(CLINIC))
    assert code == 0
    assert {metric["id"] for metric in yaml.safe_load(out)["metrics"]} >= {"visits", "missed_rate"}
    assert "Not mapped: 1" in beside


def test_strict_writes_nothing_unless_everything_maps(tmp_path: Path) -> None:
    code, out, beside = run("import", "metricflow", str(CLINIC), "--out", str(tmp_path / "x.yml"), "--strict")
    assert (code, out) == (1, "")
    assert "Not mapped: 1" in beside
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    file = tmp_path / "mine.yml"
    file.write_text("mine", encoding="utf-8")
    assert run("import", "metricflow", str(APPOINTMENTS), "--out", str(file))[0] == 2
    assert file.read_text(encoding="utf-8") == "mine"
    assert run("import", "metricflow", str(APPOINTMENTS), "--out", str(file), "--force")[0] == 0
    assert file.read_text(encoding="utf-8").startswith("# Read from MetricFlow")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("metrics:\n  - name: a\n   b: c\n", "bad.yml:3: not YAML"),
        ("models: []\n", "No metric in these files maps. Nothing was written."),
    ],
)
def test_a_bad_project_writes_nothing(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text(text, encoding="utf-8")
    code, _, beside = run("import", "metricflow", str(tmp_path / "bad.yml"), "--out", str(tmp_path / "x.yml"))
    assert code == 2
    assert message in beside.replace("\n", " ")
    assert not (tmp_path / "x.yml").exists()


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    code, _, beside = run("import", "metricflow", str(tmp_path / "nothing.yml"))
    assert code == 2
    assert "nothing.yml" in beside.replace("\n", "")
