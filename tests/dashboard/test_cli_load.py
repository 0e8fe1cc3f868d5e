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


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BELLWETHER_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.delenv("BELLWETHER_WAREHOUSE", raising=False)
    code, _, error = load("ae_attendances", MARCH)
    assert code == 2
    assert "Not a directory. Check that the folder can be written" in error


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://nobody@127.0.0.1:1/none", "127.0.0.1:1/none does not answer"),
        ("mysql://a@h/one", "works with PostgreSQL, Spark and its own embedded warehouse, not 'mysql'"),
        ("nonsense", "'nonsense' is not a database URL"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_sentence(home, url, message):
    for arguments in (("ae_attendances", MARCH), ("--list",), ("--shipped",)):
        code, _, error = load(*arguments, "--warehouse", url)
        assert code == 2
        assert message in error


def test_a_place_for_rejections_that_cannot_be_written_is_found_before_loading(home):
    code, _, error = load("ae_attendances", MARCH, "--rejections", home / "gone" / "rejected.csv")
    assert code == 2
    assert "cannot be written (No such file or directory). Nothing was changed." in error
    assert current_version(home / "warehouse") is None


def test_it_says_which_organisations_and_figures_changed(home):
    load("ae_attendances", MARCH)
    _, out, _ = load("ae_attendances", edited(home, "March-again.csv", "16282"))
    assert "  0 organisations added, 0 removed, 1 cell changed." in out


def test_a_file_that_would_shrink_its_month_is_refused_until_allowed(home):
    load("ae_attendances", MARCH)
    lines = MARCH.read_text("utf-8-sig").splitlines()
    short = home / "short.csv"
    short.write_text("\n".join([lines[0], *lines[101:]]) + "\n", "utf-8")
    code, _, error = load("ae_attendances", short)
    assert code == 2
    assert "use --allow-fewer" in error
    assert load("ae_attendances", short, "--allow-fewer")[0] == 0


def test_a_total_that_does_not_tie_is_a_warning(home):
    lines = MARCH.read_text("utf-8-sig").splitlines()
    wrong = home / "wrong.csv"
    wrong.write_text("\n".join([*lines[:-1], lines[-1].replace("TOTAL,TOTAL,TOTAL,TOTAL,1", "TOTAL,,,,2")]), "utf-8")
    code, out, _ = load("ae_attendances", wrong)
    assert code == 0
    assert "Warning: attendances [department=type1], 01 March 2026: the file's rows add up to" in out


def test_rows_left_out_as_a_note_says_are_not_denied(home):
    _, out, _ = load("ambulance", FILES / "ambulance" / "ambulance_regional_month.csv")
    assert "are left out" in out
    assert "No row was left out" not in out
