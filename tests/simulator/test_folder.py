"""A folder of Parquet files is complete or not there; a stopped run goes on to the same files."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from dashboard.cli import app
from metrics.warehouse.tables.operational import metadata
from sample_data.simulator.folder import FolderTakenError, write_folder
from sample_data.simulator.rows import schema
from tests.simulator.scenarios import short

SCENARIO = short(date(2024, 2, 1), date(2024, 4, 10), seed=5, scale=0.05)
# Tables of which ten weeks of so small a trust need not have a row.
MAY_BE_EMPTY = {
    "fact_alert",
    "fact_usability_response",
    *("fact_survey_score", "fact_survey_answer", "fact_prom"),
}


class StoppedError(Exception):
    """Somebody pressed Ctrl-C."""


def stop_after(months: int):
    left = [months]

    def progress(day: date, rows: int) -> None:
        left[0] -= 1
        if not left[0]:
            raise StoppedError

    return progress


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "trust"
    write_folder(SCENARIO, folder)
    return folder


def test_it_holds_every_table_as_the_warehouse_has_it(whole):
    manifest = json.loads((whole / "manifest.json").read_text())
    tables = {path.name for path in (whole / "tables").iterdir()}
    known = {name for name in metadata.tables if not name.startswith("meta_")}
    assert tables <= known
    assert known - tables <= MAY_BE_EMPTY
    for name in tables:
        frame = pl.read_parquet(whole / "tables" / name / "*.parquet")
        assert frame.height == manifest["rows"][name]
        assert dict(frame.schema) == schema(metadata.tables[name]), name
        key = [column.name for column in metadata.tables[name].primary_key]
        assert not frame.select(key).is_duplicated().any(), name
        assert set(frame["org_code"]) == {"ZZ1"}
    assert manifest["provenance"] == "simulated"
    assert json.loads((whole / manifest["truth"]).read_text())[0]["relative_size"] == -0.2


def test_nothing_is_there_until_all_is_and_a_stopped_run_goes_on(whole, tmp_path):
    folder = tmp_path / "trust"
    for months in (1, 1):
        with pytest.raises(StoppedError):
            write_folder(SCENARIO, folder, stop_after(months))
        assert not folder.exists()
    days = []
    write_folder(SCENARIO, folder, lambda day, rows: days.append(day))
    assert days == [date(2024, 4, 10)]
    assert files(folder).keys() == files(whole).keys()
    assert {name: held for name, held in files(folder).items() if name != "state.npz"} == {
        name: held for name, held in files(whole).items() if name != "state.npz"
    }
    assert [path.name for path in tmp_path.iterdir()] == ["trust"]


def test_another_scenario_does_not_go_on_where_one_was_stopped(tmp_path):
    with pytest.raises(StoppedError):
        write_folder(SCENARIO, tmp_path / "trust", stop_after(1))
    other = short(date(2024, 2, 1), date(2024, 2, 20), seed=6, scale=0.05)
    days = []
    write_folder(other, tmp_path / "trust", lambda day, rows: days.append(day))
    assert days == [date(2024, 2, 20)]


def test_the_same_again_changes_nothing_and_another_is_refused(whole):
    before = files(whole)
    assert write_folder(SCENARIO, whole).was_there
    other = short(date(2024, 2, 1), date(2024, 2, 20), seed=6, scale=0.05)
    with pytest.raises(FolderTakenError, match="not empty"):
        write_folder(other, whole)
    assert files(whole) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Say where to"),
        (["--out", "there", "--warehouse"], "Say where to"),
        (["--out", "there", "--scale", "0"], "scale"),
        (["--out", "there", "--from", "2024-02-29"], "29 February"),
    ],
)
def test_the_command_refuses_what_cannot_be(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["simulate", *arguments])
    assert done.exit_code == 2
    assert words in done.output
    assert not list(tmp_path.iterdir())


def test_the_command_writes_a_year(tmp_path):
    done = CliRunner().invoke(
        app, ["simulate", "--years", "1", "--scale", "0.05", "--from", "2025-01-01", "--out", str(tmp_path / "trust")]
    )
    assert done.exit_code == 0, done.output
    assert "1 January 2025 to 31 December 2025" in done.output
    assert len(list((tmp_path / "trust" / "tables" / "fact_appointment").iterdir())) == 13


def test_a_month_too_large_is_written_in_several_files_with_the_same_rows(whole, tmp_path, monkeypatch):
    monkeypatch.setattr("sample_data.simulator.engine.MOST_ROWS", 2500)
    write_folder(SCENARIO, tmp_path / "cut")
    for table in sorted(path.name for path in (whole / "tables").iterdir()):
        parts = [
            pl.concat([pl.read_parquet(file) for file in sorted((folder / "tables" / table).glob("[0-9]*.parquet"))])
            for folder in (whole, tmp_path / "cut")
            if list((folder / "tables" / table).glob("[0-9]*.parquet"))
        ]
        assert len(parts) in {0, 2}
        assert not parts or parts[0].equals(parts[1]), table
    names = [path.stem for path in sorted((tmp_path / "cut" / "tables" / "fact_appointment").glob("[0-9]*.parquet"))]
    assert len(names) > 6
    assert len(set(names)) == len(names)
    assert {name[:7] for name in names} == {"2024-02", "2024-03", "2024-04"}
