"""The flow of patients, hour by hour: arrivals, crowding, beds that become free and those who wait for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator import alerts
from sample_data.simulator import emergency as ed
from sample_data.simulator.beds import INPATIENT, FreeBeds, leaving, opened, settle, stays, wards
from sample_data.simulator.component import Today
from sample_data.simulator.days import Day, local_days
from sample_data.simulator.records import joined, those
from sample_data.simulator.rows import NONE, Codes, Out
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.spells import DONE, finished
from sample_data.simulator.state import State
from sample_data.simulator.trust import POOLS, SECTORS, SERVICES, SITES

Array = npt.NDArray[Any]

PLANNED: Final = np.dtype(
    [
        ("id", "i8"), ("pathway", "i8"), ("patient", "i8"), ("site", "i1"), ("service", "i1"), ("age", "i2"),
        ("quintile", "i1"), ("method", "i1"), ("priority", "i1"), ("result", "i1"), ("spell", "i8"),
    ]
)  # fmt: skip
"""Somebody with the offer of a day for an ordinary admission, from the morning on; `result` 0 is admitted."""

_OUTLIES_AFTER: Final = 5 * 60
_SITE_CODES: Final = tuple(site.code for site in SITES)
_SERVICE_CODES: Final = tuple(service.code for service in SERVICES)


class Flow:
    """Emergency departments and wards.

    Hears "planned" and "down"; tells "planned result", "left hospital" and "crowding".
    """

    def __init__(self, scale: float) -> None:
        codes = wards(scale).code
        self.codes: Codes = {
            "fact_ed_attendance.site_code": _SITE_CODES,
            "fact_ed_attendance.department_type": ("", "1", "", "3"),
            "fact_ed_attendance.arrival_mode": ("other", "ambulance"),
            "fact_ed_attendance.disposal": ("admitted", "same_day", "discharged", "left"),
            "fact_bed_snapshot.site_code": _SITE_CODES,
            "fact_bed_snapshot.ward_code": codes,
            "fact_bed_snapshot.sector": SECTORS,
            **alerts.CODES,
        }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Fills the wards as they usually are; nobody is in the departments."""
        all_wards = wards(scenario.scale)
        inside = np.zeros(int(np.rint(all_wards.core * 0.9).sum()), INPATIENT)
        inside["ward"] = np.repeat(np.arange(len(all_wards.core)), np.rint(all_wards.core * 0.9).astype(np.int64))
        inside["site"] = all_wards.site[inside["ward"]]
        usual = {0: "300", 1: "100", 2: "501", 3: "420"}
        at = [_SERVICE_CODES.index(usual[int(sector)]) for sector in all_wards.sector[inside["ward"]]]
        inside["service"], inside["attendance"], inside["pathway"] = at, NONE, NONE
        inside["id"] = state.numbers("spell", len(inside))
        inside["patient"], inside["age"], inside["quintile"] = inside["id"], 70, 3
        random = Today(first, scenario).random("beds at the beginning")
        inside["first"] = first.number - 1 - random.geometric(0.15, len(inside))
        inside["admitted"] = first.midnight - (first.number - inside["first"]) * 1440 + 720
        inside["ready"] = first.number + random.geometric(0.25, len(inside)) - 1
        inside["delayed"] = random.random(len(inside)) < 0.3
        state["inpatients"] = inside
        state["department"] = np.zeros(0, ed.ED)
        state["returns"] = np.zeros(0, ed.RETURN)
        state["crowd"] = np.ones(len(SITES))

    def step(self, today: Today, state: State, out: Out) -> None:
        """Lives through a day."""
        day, scale = today.day, today.scenario.scale
        inside, all_wards = state["inpatients"], wards(scale)
        occupied = np.bincount(inside["ward"], minlength=len(all_wards.core))
        waiting = state["department"]
        beds_wanted = waiting[(waiting["fate"] == ed.ADMITTED) & (waiting["left"] == ed.STILL)]
        boarding = np.bincount(beds_wanted["pool"], minlength=len(POOLS))
        pressure = _by_pool(occupied, all_wards.pool) / _by_pool(all_wards.core, all_wards.pool)
        goes, times = leaving(today, inside, pressure[all_wards.pool[inside["ward"]]])
        escalation = opened(scale, occupied, boarding)
        open_beds = all_wards.core + escalation
        free_pool = all_wards.pool[inside["ward"][goes]]
        unused = _by_pool(open_beds - occupied, all_wards.pool)
        beds = FreeBeds(
            [
                np.concatenate([np.full(max(0, int(unused[pool])), day.midnight), times[free_pool == pool]])
                for pool in range(len(POOLS))
            ]
        )
        planned = self._planned(today, beds, boarding)
        kept = planned[planned["result"] == 0]
        back = state["returns"]
        people = ed.arrivals(today, back[back["day"] <= day.number])
        state["returns"] = back[back["day"] > day.number]
        come = people["type"] != ed.DIRECT
        people["id"][come] = state.numbers("attendance", int(come.sum()))
        everybody = joined(waiting, people)
        shift = Shift(everybody, beds, np.full(len(everybody), -1, dtype=np.int64), day.end)
        crowding = _hours(today, shift, len(waiting))
        self._alerts(today, state, np.vstack([state["crowd"], crowding]), out)
        state["crowd"] = crowding[-1]
        today.tell("crowding", crowding)
        bedded = shift.bedded
        new = _inpatients(state, day, everybody, kept, bedded)
        random = today.random("new inpatients")
        stays(today, random, new)
        planned["spell"][planned["result"] == 0] = new["id"][len(new) - len(kept) :]
        today.tell("planned result", planned)
        staying = np.delete(inside, goes)
        now_in = np.bincount(staying["ward"], minlength=len(all_wards.core))
        pools = np.concatenate([bedded[bedded >= 0], _pools_of(kept)])
        new["ward"] = settle(random, scale, now_in, open_beds, pools)
        everybody["spell"][bedded >= 0] = new["id"][: int((bedded >= 0).sum())]
        self._leave(today, state, everybody, finished(inside[goes], times), out)
        state["inpatients"] = joined(staying, new)
        self._snapshot(today, state, escalation, out)
        today.tell("arrived", np.array([float(come.sum())]))
        today.tell("in bed", np.array([float(len(state["inpatients"]))]))

    @staticmethod
    def _planned(today: Today, beds: FreeBeds, boarding: Array) -> Array:
        """Keeps beds for planned admissions; cancels those for whom there will be none, the least urgent first."""
        planned = today.told("planned").copy()
        for pool in range(len(POOLS)):
            mine = np.flatnonzero((_pools_of(planned) == pool) & (planned["result"] == 0))
            if len(mine):
                free = beds.left(pool) - int(boarding[pool])
                expected = 0.45 * beds.left(pool)
                kept = int(np.clip(np.floor(free - expected * 0.35), min(len(mine), max(0, free)) // 2, len(mine)))
                kept = min(kept, max(0, beds.left(pool)))
                order = mine[np.argsort(planned["priority"][mine], kind="stable")]
                planned["result"][order[kept:]] = 1
                beds.reserve(pool, kept, int(boarding[pool]))
        return planned

    @staticmethod
    def _alerts(today: Today, state: State, crowd: Array, out: Out) -> None:
        random = today.random("alerts")
        hours, sites = np.nonzero((crowd[1:] > 1.6) & (crowd[:-1] <= 1.6))
        raised = today.day.midnight + hours * 60 + random.integers(0, 60, len(hours))
        heard = raised + 1 + random.exponential(24, len(hours)).astype(np.int64)
        out.add(
            "fact_alert", len(hours), alert_id=state.numbers("alert", len(hours)), site_code=sites,
            alert_type=alerts.CROWDING, severity=np.where(crowd[1:][hours, sites] > 2, 0, 1),
            raised_on=today.day.number, raised_at=raised, acknowledged_at=heard, changed_at=heard,
        )  # fmt: skip

    @staticmethod
    def _leave(today: Today, state: State, who: Array, spells: Array, out: Out) -> None:
        """Hands over those who left the department today, and tells of all who left hospital."""
        day = today.day
        gone = who["left"] < day.end
        state["department"] = those(who, ~gone)
        same = who[gone & (who["fate"] == ed.SAME_DAY)]
        random = today.random("same-day care")
        short = np.zeros(len(same), DONE)
        for name in ("patient", "age", "quintile", "site", "service"):
            short[name] = same[name]
        short["id"] = state.numbers("spell", len(same))
        short["attendance"], short["pathway"], short["ward"], short["class"] = same["id"], NONE, NONE, 0
        short["method"], short["first"], short["ready"], short["last"] = 0, day.number, day.number, day.number
        short["admitted"] = np.minimum(same["left"], day.end - 2)
        length = random.integers(90, 420, len(same))
        short["left"] = np.minimum(short["admitted"] + length, day.end - 1)
        who["spell"][gone & (who["fate"] == ed.SAME_DAY)] = short["id"]
        today.tell("left hospital", joined(spells, short))
        _attendances(out, who[gone & (who["type"] != ed.DIRECT)])

    def _snapshot(self, today: Today, state: State, escalation: Array, out: Out) -> None:
        all_wards, inside, day = wards(today.scenario.scale), state["inpatients"], today.day
        nights = day.number + 1 - inside["first"]
        count = len(all_wards.core)

        def of(which: Array) -> Array:
            return np.bincount(inside["ward"][which], minlength=count)

        board = state["department"]
        board = board[(board["fate"] == ed.ADMITTED) & (board["left"] == ed.STILL) & (board["done"] < day.end)]
        by_pool = np.bincount(board["pool"], minlength=len(POOLS))
        first = np.concatenate([[True], all_wards.pool[1:] != all_wards.pool[:-1]])
        out.add(
            "fact_bed_snapshot", count, period=day.number, ward_code=np.arange(count), site_code=all_wards.site,
            sector=all_wards.sector, beds_available_core=all_wards.core, beds_available_escalation=escalation,
            beds_occupied=of(nights > 0), occ_los7=of(nights >= 7), occ_los14=of(nights >= 14),
            occ_los21=of(nights >= 21), no_criteria_to_reside=of(inside["ready"] <= day.number),
            boarding=np.where(first, by_pool[all_wards.pool], 0), changed_at=day.end,
        )  # fmt: skip

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Hands over those in the department; times after now have not happened. Inpatients are the spells'."""
        here = state["department"]
        here = here[(here["type"] != ed.DIRECT)].copy()
        for name in ("handed", "seen", "done"):
            here[name][here[name] > now] = NONE
        decided = np.where(here["fate"] == ed.ADMITTED, here["done"], NONE)
        last = np.maximum.reduce([here["arrived"], here["handed"], here["seen"], decided])
        _write(out, here, decided=decided, left=NONE, disposal=NONE, changed=last)


def _by_pool(values: Array, pool: Array) -> Array:
    return np.bincount(pool, weights=values, minlength=len(POOLS)).astype(np.int64)


def _pools_of(planned: Array) -> Array:
    return np.asarray(ed.POOL_AT[planned["site"], ed.SECTOR_OF[planned["service"]]])


@dataclass(slots=True)
class Shift:
    """Today's people, the beds they may get, and for everybody the pool whose bed they got, or -1."""

    who: Array
    beds: FreeBeds
    bedded: Array
    end: int

    def give_beds(self, wants: Array, before: int) -> None:
        """Gives each pool's beds to those who wait longest; then other wards' of the site to who waited too long."""
        who, beds = self.who, self.beds
        pools = who["pool"][wants]
        for pool in np.unique(pools):
            mine = wants[pools == pool]
            self.admit(mine[: max(0, beds.left(pool, before))], int(pool))
        for own, other in ((0, 1), (4, 5), (1, 0), (5, 4)):
            spare = beds.left(other, before)
            if spare > 0:
                late = who["done"][wants] < before - _OUTLIES_AFTER
                self.admit(wants[(pools == own) & (self.bedded[wants] < 0) & late][:spare], other)

    def admit(self, mine: Array, pool: int) -> None:
        """Gives people, in order, the next beds of a pool."""
        if len(mine):
            free = self.beds.take(pool, self.who["done"][mine])
            self.who["left"][mine] = np.minimum(free + 15, self.end - 1)
            self.bedded[mine] = pool


def _hours(today: Today, shift: Shift, at: int) -> Array:
    """Goes through the hours of the day, and returns how crowded each department was at the start of each.

    `at` is where today's arrivals begin, after those who were there at midnight.
    """
    day, random, who = today.day, today.random("department"), shift.who
    room = ed.room(today.scenario.scale)
    crowding = np.zeros((len(day.hours), len(SITES)))
    slower = ed.on_paper(today.told("down"))
    for hour in range(len(day.hours)):
        start, end = day.midnight + hour * 60, day.midnight + (hour + 1) * 60
        upto = at + int(np.searchsorted(who["arrived"][at:], end))
        here = (who["left"][:at] > start) & (who["type"][:at] == 1)
        crowding[hour] = np.bincount(who["site"][:at][here], minlength=len(SITES)) / room
        if upto > at:
            ed.go_through(today, random, who[at:upto], crowding[hour], float(slower[hour]))
        at = upto
        wants = np.flatnonzero((who["left"][:at] == ed.STILL) & (who["done"][:at] < end))
        if len(wants):
            shift.give_beds(wants[np.argsort(who["done"][wants], kind="stable")], end)
    return crowding


def _inpatients(state: State, day: Day, who: Array, kept: Array, bedded: Array) -> Array:
    """Returns new inpatients: those who got a bed from the department, then those of planned admissions."""
    urgent = who[bedded >= 0]
    new = np.zeros(len(urgent) + len(kept), INPATIENT)
    new["id"] = state.numbers("spell", len(new))
    for name in ("patient", "age", "quintile", "site", "service", "method"):
        new[name] = np.concatenate([urgent[name], kept[name]])
    new["attendance"] = np.concatenate(
        [np.where(urgent["type"] == ed.DIRECT, NONE, urgent["id"]), np.full(len(kept), NONE)]
    )
    new["pathway"] = np.concatenate([np.full(len(urgent), NONE), kept["pathway"]])
    morning = day.instant(np.arange(len(kept)) * 7 % 180 + 450)
    new["admitted"], new["first"] = np.concatenate([urgent["left"], morning]), day.number
    return new


def _attendances(out: Out, gone: Array) -> None:
    decided = np.where(gone["fate"] == ed.ADMITTED, gone["done"], NONE)
    _write(out, gone, decided=decided, left=gone["left"], disposal=gone["fate"], changed=gone["left"])


def _write(out: Out, who: Array, *, decided: Any, left: Any, disposal: Any, changed: Any) -> None:
    out.add(
        "fact_ed_attendance", len(who), attendance_id=who["id"], site_code=who["site"], patient_id=who["patient"],
        age=who["age"], deprivation_quintile=who["quintile"], department_type=who["type"],
        arrival_mode=who["ambulance"].astype(np.int64), acuity=who["acuity"], arrived_on=local_days(who["arrived"]),
        arrived_at=who["arrived"], handed_over_at=who["handed"], seen_at=who["seen"], decided_at=decided,
        departed_at=left, disposal=disposal, spell_id=who["spell"], changed_at=changed,
    )  # fmt: skip
