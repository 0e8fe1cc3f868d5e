"""Outcomes that patients report: their health before a joint replacement and six months after."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today
from sample_data.simulator.days import Day, day_of
from sample_data.simulator.records import joined, those
from sample_data.simulator.rows import NONE, Codes, Out
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.state import State
from sample_data.simulator.theatres import KEPT
from sample_data.simulator.trust import AT, SERVICES, SITES

Array = npt.NDArray[Any]

PROM: Final = np.dtype(
    [
        ("id", "i8"), ("planned", "i8"), ("site", "i1"), ("procedure", "i1"), ("instrument", "i1"), ("day", "i4"),
        ("answer", "i4"), ("took_part", "?"), ("pre", "f8"), ("post", "f8"),
    ]
)  # fmt: skip
PROCEDURES: Final = ("hip", "knee")
INSTRUMENTS: Final = ("eq5d", "oxford")
_ORTHOPAEDICS: Final = AT["110"]
_JOINTS: Final = 0.55  # of ordinary orthopaedic admissions from the list
_TAKES_PART, _ANSWERS = 0.68, 0.72
_GIVEN_UP: Final = 290  # days after the operation: no answer comes any more
# By instrument (rows) and procedure: mean health before, mean gain; and their spread. EQ-5D and Oxford scores.
_BEFORE: Final = np.array([[0.33, 0.41], [17.5, 19.2]])
_GAIN: Final = np.array([[0.49, 0.36], [22.6, 17.6]])
_SPREAD: Final = np.array([[0.30, 0.24], [8.0, 9.2]])
_LOWEST, _HIGHEST = np.array([-0.594, 0.0]), np.array([1.0, 48.0])
_DECIMALS: Final = (3, 0)


class Outcomes:
    """Hears "planned result"; tells nobody."""

    codes: Final[Codes] = {
        "fact_prom.site_code": tuple(site.code for site in SITES),
        "fact_prom.service_code": tuple(service.code for service in SERVICES),
        "fact_prom.procedure": PROCEDURES,
        "fact_prom.instrument": INSTRUMENTS,
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Waits for nobody's answer."""
        del scenario, first
        state["proms"] = np.zeros(0, PROM)

    def step(self, today: Today, state: State, out: Out) -> None:
        """Asks those who were operated on today, and hands over whose answer came, or will not come any more."""
        day, random = today.day, today.random("outcomes")
        stays = today.told("planned result")
        stays = stays[(stays["result"] == KEPT) & (stays["service"] == _ORTHOPAEDICS) & (stays["pathway"] >= 0)]
        stays = stays[random.random(len(stays)) < _JOINTS]
        held = joined(state["proms"], _asked(day, random, stays, state))
        done = np.where(held["answer"] >= 0, held["answer"], held["day"] + _GIVEN_UP) <= day.number
        _write(out, held[done], day.end, answered=True)
        state["proms"] = those(held, ~done)

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Hands over those whose answer may still come."""
        del now
        held = state["proms"]
        changed = np.array([day_of(int(number)).end for number in held["day"]], dtype=np.int64)
        _write(out, held, changed, answered=False)


def _asked(day: Day, random: np.random.Generator, stays: Array, state: State) -> Array:
    who = np.repeat(np.arange(len(stays)), len(INSTRUMENTS))
    new = np.zeros(len(who), PROM)
    new["id"], new["planned"], new["site"] = state.numbers("prom", len(new)), stays["id"][who], stays["site"][who]
    new["instrument"], new["day"] = np.tile(np.arange(len(INSTRUMENTS)), len(stays)), day.number
    new["procedure"] = (random.random(len(stays)) < 0.52)[who]
    new["took_part"] = (random.random(len(stays)) < _TAKES_PART)[who]
    answers = new["took_part"] & (random.random(len(stays)) < _ANSWERS)[who]
    new["answer"] = np.where(answers, day.number + 183 + random.integers(0, 60, len(stays))[who], NONE)
    kind = (new["instrument"], new["procedure"])
    low, high = _LOWEST[new["instrument"]], _HIGHEST[new["instrument"]]
    before = np.clip(_BEFORE[kind] + _SPREAD[kind] * random.normal(size=len(new)), low, high)
    # Who was worst has most to gain, and nobody ends above full health.
    gain = _GAIN[kind] - 0.6 * (before - _BEFORE[kind]) + 0.7 * _SPREAD[kind] * random.normal(size=len(new))
    for name, value in (("pre", before), ("post", np.clip(before + gain, low, high))):
        new[name] = np.where(new["instrument"] == 0, value.round(_DECIMALS[0]), value.round(_DECIMALS[1]))
    return new


def _write(out: Out, rows: Array, changed: Any, *, answered: bool) -> None:
    there = (rows["answer"] >= 0) & answered
    post = np.where(there, rows["post"], np.nan)
    out.add(
        "fact_prom", len(rows), prom_id=rows["id"], planned_id=rows["planned"], site_code=rows["site"],
        service_code=_ORTHOPAEDICS, procedure=rows["procedure"], instrument=rows["instrument"], operated_on=rows["day"],
        answered_on=np.where(there, rows["answer"], NONE), took_part=rows["took_part"], is_linked=there,
        pre_score=np.where(rows["took_part"], rows["pre"], np.nan), post_score=post,
        gain=(post - rows["pre"]).round(3), changed_at=changed,
    )  # fmt: skip
