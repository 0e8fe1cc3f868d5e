"""Spells that have ended: coded in turn, followed for readmissions, and then final."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.beds import EMERGENCY_METHODS, INPATIENT, METHODS, wards
from sample_data.simulator.component import Today, by_chance
from sample_data.simulator.days import Day, day_of, local_days
from sample_data.simulator.emergency import RETURN
from sample_data.simulator.records import joined, those
from sample_data.simulator.rows import NONE, Codes, Out
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.staff import ADMINISTRATIVE
from sample_data.simulator.state import State
from sample_data.simulator.trust import AT, SERVICES, SITES

Array = npt.NDArray[Any]

_WITHIN: Final = 29  # days after discharge in which an emergency admission counts as a readmission
_CODING_DAYS: Final = 3.6  # working days of work that coders have before them

DONE: Final = np.dtype(
    [
        ("id", "i8"), ("patient", "i8"), ("attendance", "i8"), ("pathway", "i8"), ("site", "i1"), ("ward", "i2"),
        ("service", "i1"), ("age", "i2"), ("quintile", "i1"), ("method", "i1"), ("class", "i1"), ("admitted", "i4"),
        ("first", "i4"), ("ready", "i4"), ("left", "i4"), ("last", "i4"), ("dies", "?"), ("cancer", "?"),
        ("coded", "i4"), ("due", "i4"), ("again", "i1"), ("changed", "i4"), ("of", "i8"),
    ]
)  # fmt: skip
"""A spell that ended; `again` is whether a readmission followed: -1 while that may still happen."""


def finished(inside: Array, times: Array) -> Array:
    """Returns inpatients who leave at the times given, as spells that ended."""
    found = np.zeros(len(inside), DONE)
    for name in set(INPATIENT.names or ()) & set(DONE.names or ()):
        found[name] = inside[name]
    found["left"] = np.maximum(times, inside["admitted"] + 30)
    found["last"] = local_days(found["left"])
    return found


class Spells:
    """Hears "left hospital", "day cases" and "present". Tells nobody."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self.codes: Codes = {
            "fact_spell.site_code": tuple(site.code for site in SITES),
            "fact_spell.service_code": tuple(service.code for service in SERVICES),
            "fact_spell.ward_code": wards(scale).code,
            "fact_spell.admission_method": METHODS,
            "fact_spell.patient_class": ("1", "2"),
            "fact_spell.discharge_method": ("1", "4"),
        }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has no spells to code."""
        del scenario, first
        state["ended"] = np.zeros(0, DONE)

    def step(self, today: Today, state: State, out: Out) -> None:
        """Takes in who left, codes what the coders manage, and hands over what is final."""
        day = today.day
        left = joined(today.told("left hospital"), today.told("day cases"))
        left = left[np.argsort(left["left"], kind="stable")]
        live = ~left["dies"] & (left["service"] != AT["501"]) & ~left["cancer"]
        left["coded"], left["again"], left["changed"] = NONE, np.where(live, NONE, 0), left["left"]
        left["due"] = _working_days_on(day, 5)
        held = state["ended"]
        self._link(held, left, state["inpatients"], day)
        self._come_back(today, state, left[live])
        held = joined(held, left)
        if day.is_working:
            _code(today, held)
        settled = (held["again"] == NONE) & (held["last"] + _WITHIN < day.number)
        held["again"][settled] = 0
        held["changed"][settled] = day.end
        final = (held["coded"] >= 0) & (held["again"] >= 0)
        _write(out, held[final])
        state["ended"] = those(held, ~final)

    @staticmethod
    def _link(held: Array, left: Array, inside: Array, day: Day) -> None:
        """Marks the latest discharge of everybody who is admitted as an emergency today within 29 days of it."""
        new = inside[(inside["first"] == day.number) & (inside["method"] < EMERGENCY_METHODS)]
        short = left[(left["first"] == day.number) & (left["method"] < EMERGENCY_METHODS) & (left["class"] == 0)]
        patients = np.concatenate([new["patient"], short["patient"]])
        found = np.flatnonzero(np.isin(held["patient"], patients) & (held["again"] == NONE))
        found = found[held["last"][found] + _WITHIN >= day.number]
        latest = dict(zip(held["patient"][found].tolist(), found.tolist(), strict=True))
        index = np.fromiter(latest.values(), dtype=np.int64, count=len(latest))
        held["again"][index], held["changed"][index] = 1, day.end

    @staticmethod
    def _come_back(today: Today, state: State, left: Array) -> None:
        """Decides who of those who left will come back within 28 days, and when."""
        random = today.random("readmissions")
        urgent = left["method"] < EMERGENCY_METHODS
        chance = np.where(urgent, 0.085 + 0.05 * (left["age"] >= 65), np.where(left["class"] == 1, 0.012, 0.05))
        back = left[random.random(len(left)) < chance]
        rows = np.zeros(len(back), RETURN)
        rows["day"] = back["last"] + np.ceil(random.exponential(9.0, len(back))).clip(1, 27).astype(np.int64)
        for name in ("patient", "age", "quintile"):
            rows[name] = back[name]
        rows["site"] = np.minimum(back["site"], 1)
        state["returns"] = joined(state["returns"], rows)

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Hands over who is in hospital, and spells that are not coded or followed up yet."""
        del now
        _write(out, state["ended"])
        inside = state["inpatients"]
        today = day_of(state.next_day - 1)
        ready = np.where(inside["ready"] <= today.number, inside["ready"], NONE)
        told = {number: day_of(number).instant(8 * 60) for number in np.unique(ready[ready >= 0]).tolist()}
        rounds = np.array([told.get(number, 0) for number in ready.tolist()], dtype=np.int64)
        _rows(out, inside, ready_on=ready, changed_at=np.maximum(inside["admitted"], rounds))


def _code(today: Today, held: Array) -> None:
    """Codes the oldest uncoded spells: of what waits, a share that would clear it in so many days."""
    random = today.random("coding")
    waiting = np.flatnonzero(held["coded"] == NONE)
    # Notes reach the coders up to six days after their patient left.
    found = held["left"][waiting] + held["id"][waiting] * 2_654_435_761 % 97 * 90
    waiting = waiting[np.argsort(found, kind="stable")]
    there = float(today.told("present")[ADMINISTRATIVE])
    count = int(by_chance(random, len(waiting) * min(1.0, there / _CODING_DAYS)))
    done = waiting[:count]
    held["coded"][done] = np.maximum(today.day.instant(random.integers(540, 1020, count)), held["left"][done] + 1)
    held["changed"][done] = np.maximum(held["changed"][done], held["coded"][done])


def _working_days_on(day: Day, count: int) -> int:
    number = day.number
    while count:
        number += 1
        count -= day_of(number).is_working
    return number


def _write(out: Out, spells: Array) -> None:
    nights = spells["last"] - spells["first"]
    delay = np.maximum(0, spells["last"] - np.maximum(spells["ready"], spells["first"]))
    eligible = ~spells["dies"] & (spells["service"] != AT["501"]) & ~spells["cancer"]
    _rows(
        out, spells, ready_on=np.minimum(spells["ready"], spells["last"]), discharged_on=spells["last"],
        discharged_at=spells["left"], discharge_method=spells["dies"].astype(np.int64), los_nights=nights,
        delay_days=np.where(spells["dies"], 0, delay), coded_at=spells["coded"], coding_due_on=spells["due"],
        readmit_eligible=eligible.astype(np.int64), readmit_30d=spells["again"], changed_at=spells["changed"],
    )  # fmt: skip


def _rows(out: Out, who: Array, **more: Any) -> None:
    out.add(
        "fact_spell", len(who), spell_id=who["id"], site_code=who["site"], service_code=who["service"],
        ward_code=who["ward"], patient_id=who["patient"], age=who["age"], deprivation_quintile=who["quintile"],
        admission_method=who["method"], patient_class=who["class"], attendance_id=who["attendance"],
        pathway_id=who["pathway"], admitted_on=who["first"], admitted_at=who["admitted"], **more,
    )  # fmt: skip
