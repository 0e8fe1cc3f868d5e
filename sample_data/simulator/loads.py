"""The data warehouse's night: each table is loaded when its source, and the warehouse itself, are there."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today
from sample_data.simulator.days import Day, day_of
from sample_data.simulator.estate import AT_SYSTEM, SYSTEM_CODES, estate
from sample_data.simulator.records import joined, those
from sample_data.simulator.rows import NONE, Codes, Out
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.state import State

Array = npt.NDArray[Any]

LOAD: Final = np.dtype([("dataset", "i1"), ("day", "i4"), ("begun", "i4"), ("expected", "i4"), ("loaded", "i4")])
FROM: Final = {
    "emergency attendances": "EDS", "appointments": "PAS", "referrals": "PAS", "inpatient spells": "EPR",
    "bed occupancy": "PAS", "pathology results": "LIMS", "imaging reports": "PACS", "prescriptions": "EPMA",
    "observations": "OBS", "patient app": "PORT",
}  # fmt: skip
_SOURCE: Final = np.array([AT_SYSTEM[code] for code in FROM.values()])
_STORE: Final = AT_SYSTEM["DWH"]
_DUE: Final = 7 * 60
_BEGINS: Final = 150 + 9 * np.arange(len(FROM))  # minutes after midnight
_BREAKS: Final = 0.011  # of loads; mended by hand
_TOO_MUCH_DOWN: Final = 0.2  # part of an hour in which a load does not begin


class Loads:
    """Hears "down". Tells nobody. A day's data are loaded in the night after it."""

    codes: Final[Codes] = {
        "fact_data_load.dataset": tuple(FROM),
        "fact_data_load.system_code": SYSTEM_CODES,
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has nothing to load."""
        del scenario, first
        state["loads"] = np.zeros(0, LOAD)

    def step(self, today: Today, state: State, out: Out) -> None:
        """Loads yesterday's data, and what was left over."""
        day, random = today.day, today.random("loads")
        in_use = estate(today.scenario.first_day).systems_on(day.number - 1)[_SOURCE]
        new = _due(day.number - 1, np.flatnonzero(in_use))
        held = joined(state["loads"], new)
        old = len(held) - len(new)
        starts = day.midnight + np.where(np.arange(len(held)) < old, 0, _BEGINS[held["dataset"]])
        starts = starts + random.integers(0, 20, len(held))
        broken = random.random(len(held)) < _BREAKS
        starts = np.where(broken, day.instant(random.integers(480, 720, len(held))), starts)
        lasts = (np.exp(random.normal(np.log(48.0), 0.35, len(held)))).astype(np.int64)
        down = today.told("down")
        for one in range(len(held)):
            blocked = np.maximum(down[:, _STORE], down[:, _SOURCE[held["dataset"][one]]]) > _TOO_MUCH_DOWN
            hour = int(starts[one] - day.midnight) // 60
            free = np.flatnonzero(~blocked[hour:])
            if not len(free):
                continue
            begins = starts[one] if free[0] == 0 else day.midnight + (hour + int(free[0])) * 60
            if begins + lasts[one] < day.end:
                held["loaded"][one] = begins + lasts[one]
        done = held["loaded"] != NONE
        _write(out, held[done])
        state["loads"] = those(held, ~done)

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Hands over what is not loaded: what was left over, and today's data."""
        _write(out, joined(state["loads"], _due(state.next_day - 1, np.arange(len(FROM)))), now)


def _due(number: int, datasets: Array) -> Array:
    """Returns the loads of a day's data, due in the next morning."""
    found = np.zeros(len(datasets), LOAD)
    found["dataset"], found["day"], found["loaded"] = datasets, number, NONE
    found["begun"], found["expected"] = day_of(number).end, day_of(number + 1).instant(_DUE)
    return found


def _write(out: Out, rows: Array, now: int = 0) -> None:
    known = rows["loaded"] != NONE
    late = np.where(known, np.maximum(0, rows["loaded"] - rows["expected"]), NONE)
    overdue = ~known & (rows["expected"] < now)
    out.add(
        "fact_data_load", len(rows), period=rows["day"], dataset=rows["dataset"],
        system_code=_SOURCE[rows["dataset"]], expected_at=rows["expected"], loaded_at=rows["loaded"],
        minutes_late=late, on_time=np.where(known, (late == 0).astype(np.int64), np.where(overdue, 0, NONE)),
        changed_at=np.where(known, rows["loaded"], np.where(overdue, rows["expected"], rows["begun"])),
    )  # fmt: skip
