"""`bellwether journal`: writing, listing, retracting and restoring, on the shipped data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from dashboard.cli import app
from dashboard.local_user import os_user
from metrics.journal import Journal
from metrics.warehouse.settings import Settings, embedded_url

FRONT_DOOR = ("--metric", "ae_four_hour", "--on", "2025-10-01", "--reason", "New [front] door")


@pytest.fixture
def run(tmp_path: Path, shipped_warehouse: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("BELLWETHER_HOME", str(tmp_path))
    monkeypatch.setenv("BELLWETHER_WAREHOUSE", shipped_warehouse)
    for name in ("BELLWETHER_DEFINITIONS", "BELLWETHER_SHIPPED_DEFINITIONS"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["journal", *words])
        assert done.exit_code == code, done.output
        return done.stderr if code else done.stdout

    return run


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal.open(Settings(tmp_path, embedded_url(tmp_path / "warehouse")))


def test_a_phase_is_written_under_the_name_of_the_systems_user(run: Any, journal: Journal) -> None:
    run("add", "phase", *FRONT_DOOR, "--organisation", "R0A", "--baseline-points", "12")
    (row,) = journal.everything().rows(named=True)
    assert (row["kind"], row["organisation"], row["service"], row["baseline_points"]) == ("phase", "R0A", None, 12)
    assert (row["reason"], row["author"]) == ("New [front] door", os_user())
    assert "New [front] door" in run("list")
    assert "phase, first 12" in run("list")


def test_the_list_holds_everything_as_csv_and_json(run: Any) -> None:
    run(
        "add",
        "annotation",
        "--metric",
        "rtt_waiting_list",
        "--on",
        "2026-01-05",
        "--reason",
        "Snow",
        "--service",
        "110",
    )
    run("add", "phase", *FRONT_DOOR)
    found = json.loads(run("list", "--format", "json"))
    assert [(row["metric"], row["on_day"], row["service"]) for row in found] == [
        ("ae_four_hour", "2025-10-01", None), ("rtt_waiting_list", "2026-01-05", "110"),
    ]  # fmt: skip
    frame = pl.read_csv(run("list", "--format", "csv", "--metric", "rtt_waiting_list").encode())
    assert frame["reason"].to_list() == ["Snow"]
    assert frame.columns == list(found[0])


def test_what_is_retracted_is_listed_when_asked_for_and_comes_back(run: Any) -> None:
    run("add", "phase", *FRONT_DOOR)
    run("add", "annotation", *FRONT_DOOR)
    run("retract", "1", "--why", "The day was wrong")
    assert [row["id"] for row in json.loads(run("list", "--format", "json"))] == [2]
    assert "The day was wrong" in run("list", "--retracted")
    assert [row["id"] for row in json.loads(run("list", "--format", "json", "--retracted"))] == [1, 2]
    run("restore", "1", "--why", "It was right")
    assert [row["id"] for row in json.loads(run("list", "--format", "json"))] == [1, 2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("phase", "--metric", "ae_four_hou", "--on", "2025-10-01", "--reason", "x"), "Did you mean 'ae_four_hour'"),
        (("phase", "--metric", "ae_four_hour", "--on", "1.10.2025", "--reason", "x"), "Write it as year-month-day"),
        (("phase", "--metric", "ae_four_hour", "--on", "2025-10-01", "--reason", " "), "The reason is empty"),
        (("phase", *FRONT_DOOR, "--baseline-points", "5"), "A baseline of 5 points"),
        (("annotation", *FRONT_DOOR, "--baseline-points", "12"), "Only a phase has baseline points"),
        (("phase", *FRONT_DOOR, "--organisation", "XXXXX"), "There is no organisation 'XXXXX'"),
        (("phase", *FRONT_DOOR, "--organisation", "RW3"), "R0A answers for RW3 today. Write --organisation R0A."),
        (("phase", *FRONT_DOOR, "--service", "110"), "ae_four_hour is not held by service"),
        (
            ("phase", "--metric", "rtt_waiting_list", "--on", "2026-01-05", "--reason", "x", "--service", "nix"),
            "There is no service 'nix'",
        ),
    ],
)
def test_what_cannot_be_written_is_refused_with_words(run: Any, journal: Journal, words, said) -> None:
    assert said in run("add", *words, code=2)
    assert journal.everything(with_retracted=True).is_empty()


def test_what_cannot_be_retracted_is_refused_with_words(run: Any) -> None:
    run("add", "phase", *FRONT_DOOR)
    assert "There is no entry 7" in run("retract", "7", "--why", "x", code=2)
    assert "is not retracted" in run("restore", "1", "--why", "x", code=2)
    assert "There is no metric 'nix'" in run("list", "--metric", "nix", code=2)
    assert "A phase begins there on 1 October 2025 already" in run("add", "phase", *FRONT_DOOR, code=2)


def test_a_damaged_journal_is_told_with_its_place(run: Any, tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_text("somebody's notes, which are no database\n" * 50)
    said = run("list", code=2)
    assert str(tmp_path / "journal.sqlite") in said
    assert "backup" in said


def test_an_empty_journal_says_where_it_would_be(run: Any, tmp_path: Path) -> None:
    assert run("list") == ""
    assert json.loads(run("list", "--format", "json")) == []
    assert not (tmp_path / "journal.sqlite").exists()
