"""`bellwether load`: what it says, and how it leaves."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dashboard.cli import app
from metrics.warehouse.embedded import current_version
from tests.readers.edited import FILES

MARCH = FILES / "ae_attendances" / "Monthly-AE-March-2026-revised-flkg42.csv"
KINGS = "KING'S COLLEGE HOSPITAL NHS FOUNDATION TRUST,16182,"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BELLWETHER_HOME", str(tmp_path))
    monkeypatch.delenv("BELLWETHER_WAREHOUSE", raising=False)
    return tmp_path


def load(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["load", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.stdout, done.stderr


def edited(folder: Path, name: str, figure: str) -> Path:
    path = folder / name
    text = MARCH.read_text("utf-8-sig")
    assert KINGS in text
    path.write_text(text.replace(KINGS, KINGS.replace("16182", figure)), "utf-8")
    return path


def test_it_says_what_was_read(home):
    code, out, _ = load("ae_attendances", MARCH)
    assert code == 0
    assert "provider CSV, with booked appointments" in out
    assert "rows in fact_ae_month, 1 March 2026" in out
    assert "All of it is new" in out


def test_it_says_what_a_revision_changes(home):
    load("ae_attendances", MARCH)
    _, out, _ = load("ae_attendances", edited(home, "March-again.csv", "16282"))
    (row,) = [line.split() for line in out.splitlines() if "attendances" in line and "+100" in line]
    assert row[:3] == ["1", "March", "2026"]
    assert float(row[-2].replace(",", "")) - float(row[-3].replace(",", "")) == 100
    assert f"Nothing of {MARCH.name} remains" in out


def test_the_same_file_again_says_so(home):
    load("ae_attendances", MARCH)
    assert load("ae_attendances", MARCH)[:2] == (0, f"{MARCH.name}: already loaded, nothing changed.\n")


def test_a_bad_file_leaves_with_2_and_changes_nothing(home):
    code, out, error = load("ae_attendances", MARCH, edited(home, "bad.csv", "many"))
    assert (code, out) == (2, "")
    assert "bad.csv, row 130" in error
    assert "'many' is not a number" in error
    assert "Nothing was changed." in error
    assert "Traceback" not in error
    assert current_version(home / "warehouse") is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ae_atendances", "x.csv"), "Did you mean 'ae_attendances'?"),
        (("ae_attendances",), "Name the files to load"),
        ((), "bellwether load PUBLICATION FILE..."),
        (("ae_attendances", "gone.csv"), "there is no such file"),
    ],
)
def test_a_bad_request_leaves_with_2(home, arguments, message):
    code, _, error = load(*arguments)
    assert code == 2
    assert message in error


def test_a_superseded_file_is_refused_until_again(home):
    load("ae_attendances", MARCH)
    load("ae_attendances", edited(home, "March-again.csv", "16282"))
    code, _, error = load("ae_attendances", MARCH)
    assert code == 2
    assert "March-again.csv has replaced its rows since" in error
    assert load("ae_attendances", MARCH, "--again")[0] == 0


def test_the_list_names_files_and_periods(home):
    load("ae_attendances", MARCH)
    code, out, _ = load("--list")
    (row,) = [line for line in out.splitlines() if line.strip().startswith("ae_attendances")]
    assert code == 0
    assert MARCH.name in row
    assert row.count("1 March 2026") == 2
    assert len([line for line in out.splitlines() if "nothing loaded" in line]) == 28


def test_rejected_rows_are_shown_and_written(home):
    source = next((FILES / "sickness_absence").glob("*2024-04.csv"))
    code, out, _ = load("sickness_absence", source, "--rejections", home / "rejected.csv")
    assert code == 0
    with (home / "rejected.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    said = [line for line in out.splitlines() if "rows were left out" in line or "No row was left out" in line]
    assert said == [f"  {len(rows)} rows were left out:"] if rows else said == ["  No row was left out."]
    assert all(row["file"] == source.name and row["reason"] for row in rows)
