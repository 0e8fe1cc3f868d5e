"""A simulation as Parquet files: FOLDER is complete or not there, and a run that was stopped goes on.

FOLDER/tables/TABLE/YYYY-MM.parquet   rows that became final in the month; of large trusts YYYY-MM-DD, up to a day
FOLDER/tables/TABLE/open.parquet      rows that are not final on the last day
FOLDER/tables/dim_*/all.parquet
FOLDER/truth.json                     what each initiative really does, and how sure that can be read
FOLDER/state.npz                      to go on from, for a longer scenario's feed
FOLDER/manifest.json                  scenario, days, rows, provenance
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from sample_data.simulator.dimensions import dimensions
from sample_data.simulator.engine import Batch, begun, simulate, unfinished
from sample_data.simulator.measures import MEASURES
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.state import State
from sample_data.simulator.trust import ORG_CODE
from sample_data.simulator.truth import Tally, truth_json

Progress = Callable[[date, int], None]

MANIFEST: Final = "manifest.json"
PROVENANCE: Final = "simulated"
_ROWS: Final = "rows.json"
_STATE: Final = "state.npz"


class FolderTakenError(Exception):
    """The folder holds something else already. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a folder holds: rows by table; `was_there` when it held this very scenario already."""

    folder: Path
    rows: dict[str, int]
    was_there: bool = False


def write_folder(scenario: Scenario, folder: Path, progress: Progress | None = None) -> Written:
    """Simulates into a folder and returns what it holds.

    While it works, files are in a hidden folder beside it; a run of the same scenario that was stopped goes on from
    the last whole month there. The folder itself appears at the end, in one step.

    Args:
        scenario: what is simulated.
        folder: where to; made, with its parents.
        progress: told of the last day done and the rows so far, month by month.

    Raises:
        FolderTakenError: there is something else in the folder.
    """
    if folder.exists() and any(folder.iterdir()):
        held = _manifest(folder)
        if held is not None and held.get("scenario") == json.loads(scenario.to_json()):
            return Written(folder, dict(held["rows"]), was_there=True)
        raise FolderTakenError(f"{folder} is not empty. Name a new folder, or remove this one first.")
    draft = folder.with_name(f".{folder.name}.part")
    state, rows = _begin(scenario, draft)
    for batch in simulate(scenario, state):
        for name, frame in batch.tables.items():
            _write(frame, draft / "tables" / name / f"{_stretch(batch, scenario)}.parquet")
            rows[name] = rows.get(name, 0) + frame.height
        # The state last: whoever is stopped before it does the month again, which gives the same files.
        _text(draft / _ROWS, json.dumps(rows))
        batch.state.save(draft / _STATE)
        if progress is not None:
            progress(batch.last_day, sum(rows.values()))
    for name, frame in unfinished(scenario, state).items():
        _write(frame, draft / "tables" / name / "open.parquet")
        rows[name] = rows.get(name, 0) + frame.height
    for name, frame in dimensions(scenario).items():
        _write(frame, draft / "tables" / name / "all.parquet")
        rows[name] = frame.height
    _finish(scenario, draft, folder, dict(sorted(rows.items())))
    return Written(folder, dict(sorted(rows.items())))


def tally_of(scenario: Scenario, folder: Path) -> Tally:
    """Returns what effects show in, from a folder's files, as a run that was stopped has not seen all of its rows."""
    tally = Tally(scenario)
    for name in sorted({table for each in scenario.initiatives for table in MEASURES[each.lever].tables}):
        for file in sorted((folder / "tables" / name).glob("*.parquet")):
            tally.add(name, pl.scan_parquet(file))
    return tally


def _stretch(batch: Batch, scenario: Scenario) -> str:
    begins = batch.first_day.day == 1 or batch.first_day == scenario.first_day
    ends = (batch.last_day + timedelta(days=1)).day == 1 or batch.last_day == scenario.last_day
    return f"{batch.last_day:%Y-%m}" if begins and ends else f"{batch.last_day:%Y-%m-%d}"


def _begin(scenario: Scenario, draft: Path) -> tuple[State, dict[str, int]]:
    try:
        state = State.load(draft / _STATE)
        if state.scenario == scenario.to_json():
            return state, json.loads((draft / _ROWS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        pass
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir(parents=True)
    state = begun(scenario)
    _text(draft / _ROWS, "{}")
    state.save(draft / _STATE)
    return state, {}


def _finish(scenario: Scenario, draft: Path, folder: Path, rows: dict[str, int]) -> None:
    _text(draft / "truth.json", truth_json(scenario, tally_of(scenario, draft)))
    manifest = {
        "provenance": PROVENANCE,
        "organisation": ORG_CODE,
        "scenario": json.loads(scenario.to_json()),
        "first_day": scenario.first_day.isoformat(),
        "last_day": scenario.last_day.isoformat(),
        "truth": "truth.json",
        "rows": rows,
    }
    _text(draft / MANIFEST, json.dumps(manifest, indent=2) + "\n")
    (draft / _ROWS).unlink()
    if folder.exists():
        folder.rmdir()  # it is empty
    draft.replace(folder)


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return None


def _write(frame: pl.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    frame.write_parquet(draft, compression="zstd")
    draft.replace(path)


def _text(path: Path, text: str) -> None:
    draft = path.with_suffix(".part")
    draft.write_text(text, encoding="utf-8")
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(path)
