"""Pathways on the waiting list: referrals begin them, treatment, discharge and validation end them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.booking import SEEN_AGAIN
from sample_data.simulator.component import Today
from sample_data.simulator.days import Day, number_of
from sample_data.simulator.patients import people
from sample_data.simulator.records import joined, those
from sample_data.simulator.rows import Codes, Out
from sample_data.simulator.scenario import Lever, Scenario
from sample_data.simulator.state import State
from sample_data.simulator.trust import SERVICES, SITES

Array = npt.NDArray[Any]

TO_BE_SEEN, IN_CLINIC, TO_BE_ADMITTED = range(3)
"""Where a pathway is: not booked for its first appointment; booked, or seen and coming again; on the admission list."""
PRIORITIES: Final = ("two_week", "urgent", "routine")
STARTS, ADMITTED, NOT_ADMITTED, REMOVED = range(4)
_ENDED: Final = -1
_FLOWS: Final = "rtt flows"
_MAX_WEEKS: Final = 104
_MIX: Final = 2_654_435_761  # spreads neighbouring numbers (Knuth)
_RARE: Final = 2**32 // 30

PATHWAY: Final = np.dtype(
    [
        ("id", "i8"), ("patient", "i8"), ("service", "i1"), ("site", "i1"), ("age", "i2"), ("quintile", "i1"),
        ("priority", "i1"), ("start", "i4"), ("stage", "i1"), ("cancer", "?"),
    ]
)  # fmt: skip

_RATES: Final = np.array([service.referrals for service in SERVICES]) / 252.5  # a working day
_AGES: Final = np.array([service.age for service in SERVICES])
_TWO_WEEK: Final = np.array([service.two_week for service in SERVICES])
_URGENT: Final = np.array([service.urgent for service in SERVICES])
_CLINIC_SITES: Final = np.cumsum([site.clinics for site in SITES])
_CANCER: Final = 0.07  # of those referred on suspicion
_ADVICE: Final = 0.09  # of referrals are answered with advice
_REMOVED_A_DAY: Final = 0.00105
_BACKLOG_WEEKS: Final = {"110": 24, "120": 26, "400": 23, "502": 22, "320": 18, "330": 18, "430": 9, "100": 18}


class Pathways:
    """Referrals and the waiting list. Speaks through the state's "pathways", in the order of their numbers."""

    codes: Final[Codes] = {
        "fact_referral.site_code": tuple(site.code for site in SITES),
        "fact_referral.service_code": tuple(service.code for service in SERVICES),
        "fact_referral.source": ("gp", "consultant", "emergency", "other"),
        "fact_referral.priority": PRIORITIES,
        "fact_rtt_flow.service_code": tuple(service.code for service in SERVICES),
        "fact_rtt_snapshot.service_code": tuple(service.code for service in SERVICES),
        "fact_rtt_snapshot.rtt_part": ("Part_2",),
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has a list as long as in an ordinary year: those to be seen, and those to be admitted."""
        random = Today(first, scenario).random("waiting list at the beginning")
        parts = []
        for at, service in enumerate(SERVICES):
            a_week = service.referrals / 52.18 * scenario.scale * (1 - service.two_week - service.urgent)
            weeks = _BACKLOG_WEEKS.get(service.code, 19)
            seen = _some(random, at, a_week * weeks * 0.93, lambda count, weeks=weeks: weeks * 7 * random.random(count))
            go_on = (1 - service.admit) * SEEN_AGAIN
            listed = a_week * 0.86 * service.admit / (1 - go_on)
            admit = _some(random, at, listed * 18, lambda count: 7 * (12 + 26 * random.random(count)))
            admit["stage"] = TO_BE_ADMITTED
            parts += [seen, admit]
        rows = np.concatenate(parts)
        rows["start"] = first.number - 1 - rows["start"]
        rows = rows[np.argsort(rows["start"], kind="stable")]
        who = people(random, random.normal(_AGES[rows["service"]], 16), first.date.year, scenario.scale)
        rows["patient"], rows["age"], rows["quintile"] = who.patient, who.age, who.quintile
        rows["site"] = np.searchsorted(_CLINIC_SITES, random.random(len(rows))).clip(0, len(SITES) - 1)
        rows["id"], rows["priority"] = state.numbers("pathway", len(rows)), 2
        state["pathways"] = rows
        state[_FLOWS] = np.zeros((4, len(SERVICES)), dtype=np.int64)
        state["rtt opening"] = np.bincount(rows["service"], minlength=len(SERVICES))

    def step(self, today: Today, state: State, out: Out) -> None:
        """Takes today's referrals; takes off the list whom validation finds not to wait any more."""
        day, random = today.day, today.random("referrals")
        flows = state[_FLOWS].copy()
        if day.date.day == 1:
            flows[:] = 0
            held = state["pathways"]
            state["rtt opening"] = np.bincount(held["service"], minlength=len(SERVICES))
        state[_FLOWS] = flows
        pathways = state["pathways"]
        gone = (random.random(len(pathways)) < _REMOVED_A_DAY) & (pathways["stage"] != IN_CLINIC)
        close(state, pathways["id"][gone], REMOVED)
        rate = _RATES * today.scenario.scale if day.is_working else _RATES * today.scenario.scale * 0.02
        rate = rate * today.by_service(Lever.REFERRALS) * (1 - 0.03 * day.season) * random.gamma(300, 1 / 300)
        # Advice takes nothing from those accepted: their number is what the lever moves.
        count = random.poisson(rate)
        advised = random.poisson(rate * _ADVICE)
        self._refer(today, random, state, out, np.concatenate([count, advised]))

    @staticmethod
    def _refer(today: Today, random: np.random.Generator, state: State, out: Out, counts: Array) -> None:
        day, services = today.day, np.arange(len(SERVICES))
        service = np.repeat(np.concatenate([services, services]), counts)
        accepted = np.arange(len(service)) < counts[: len(SERVICES)].sum()
        new = np.zeros(len(service), PATHWAY)
        who = people(random, random.normal(_AGES[service], 16).clip(1, 99), today.day.date.year, today.scenario.scale)
        new["patient"], new["age"], new["quintile"] = who.patient, who.age, who.quintile
        new["service"], new["start"] = service, day.number
        new["site"] = np.searchsorted(_CLINIC_SITES, random.random(len(new))).clip(0, len(SITES) - 1)
        which = random.random(len(new))
        urgent = which < (_TWO_WEEK + _URGENT)[service]
        new["priority"] = np.where(which < _TWO_WEEK[service], 0, np.where(urgent, 1, 2))
        new["cancer"] = (new["priority"] == 0) & (random.random(len(new)) < _CANCER)
        new["id"] = state.numbers("pathway", len(new))
        source = np.where(new["priority"] == 0, 0, np.searchsorted([0.68, 0.86, 0.94], random.random(len(new))))
        at = day.instant(random.integers(8 * 60, 18 * 60, len(new)))
        out.add(
            "fact_referral", len(new), pathway_id=new["id"], site_code=new["site"], service_code=new["service"],
            patient_id=new["patient"], age=new["age"], deprivation_quintile=new["quintile"], source=source,
            priority=new["priority"], received_on=day.number, received_at=at, accepted=accepted, changed_at=at,
        )  # fmt: skip
        new = new[accepted]
        state["pathways"] = joined(state["pathways"], new)
        state[_FLOWS][STARTS] += np.bincount(new["service"], minlength=len(SERVICES))

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Has none: a referral is final when it is received."""


class WaitingList:
    """Takes ended pathways off the list and counts it at a month's end. After all that ends pathways; tells nobody."""

    codes: Final[Codes] = {}

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Needs nothing of its own."""

    def step(self, today: Today, state: State, out: Out) -> None:
        """On the last day of a month hands over the list by weeks waited, and what changed it."""
        day, pathways = today.day, state["pathways"]
        pathways = those(pathways, pathways["stage"] != _ENDED)
        state["pathways"] = pathways
        if not day.is_month_end:
            return
        period = number_of(day.month)
        closing = np.bincount(pathways["service"], minlength=len(SERVICES))
        flows, opening = state[_FLOWS], state["rtt opening"]
        shown = np.flatnonzero(opening + closing + flows.sum(axis=0))
        out.add(
            "fact_rtt_flow", len(shown), period=period, service_code=shown, opening=opening[shown],
            clock_starts=flows[STARTS, shown], stops_admitted=flows[ADMITTED, shown],
            stops_non_admitted=flows[NOT_ADMITTED, shown], other_removals=flows[REMOVED, shown],
            closing=closing[shown], changed_at=day.end,
        )  # fmt: skip
        weeks = np.minimum((day.number - pathways["start"]) // 7, _MAX_WEEKS)
        cells = np.bincount(pathways["service"].astype(np.int64) * (_MAX_WEEKS + 1) + weeks, minlength=1)
        cell = np.flatnonzero(cells)
        out.add(
            "fact_rtt_snapshot", len(cell), period=period, service_code=cell // (_MAX_WEEKS + 1), rtt_part=0,
            weeks_waiting=cell % (_MAX_WEEKS + 1), pathways=cells[cell], changed_at=day.end,
        )  # fmt: skip

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Has none: the list is counted at a month's end."""


def close(state: State, ids: Array, how: int) -> None:
    """Ends pathways' clocks, and counts them in the month's flow; they are taken off the list at the day's end."""
    found = find(state, ids)
    pathways = state["pathways"]
    state[_FLOWS][how] += np.bincount(pathways["service"][found], minlength=len(SERVICES))
    pathways["stage"][found] = _ENDED


def find(state: State, ids: Array) -> Array:
    """Returns where pathways are in the list, in its order; those whose clock has ended are left out."""
    pathways = state["pathways"]
    if not len(pathways):
        return np.zeros(0, dtype=np.int64)
    at = np.minimum(np.searchsorted(pathways["id"], ids), len(pathways) - 1)
    return np.unique(at[(pathways["id"][at] == ids) & (pathways["stage"][at] != _ENDED)])


def on_list(state: State, ids: Array) -> Array:
    """Returns which of the pathways' clocks still run."""
    pathways = state["pathways"]
    if not len(pathways):
        return np.zeros(len(ids), dtype=np.bool_)
    at = np.minimum(np.searchsorted(pathways["id"], ids), len(pathways) - 1)
    return np.asarray((pathways["id"][at] == ids) & (pathways["stage"][at] != _ENDED))


def in_turn(pathways: Array, stage: int) -> Array:
    """Returns those of a stage in the order in which they are taken: by their start.

    One in thirty needs a surgeon, or a clinic, that few have, and is taken as if referred seven months later.
    """
    mine = np.flatnonzero(pathways["stage"] == stage)
    rare = pathways["id"][mine] * _MIX % 2**32 < _RARE
    return np.asarray(mine[np.argsort(pathways["start"][mine] + np.where(rare, 210, 0), kind="stable")])


def move(state: State, ids: Array, stage: int, priority: Array | None = None) -> None:
    """Puts pathways in another place of the list."""
    if not len(ids):
        return
    order = np.argsort(ids, kind="stable")
    found = find(state, ids)
    state["pathways"]["stage"][found] = stage
    if priority is not None:
        kept = order[on_list(state, ids[order])]
        state["pathways"]["priority"][found] = priority[kept]


def _some(random: np.random.Generator, service: int, count: float, waited: Any) -> Array:
    number = int(random.poisson(count))
    rows = np.zeros(number, PATHWAY)
    rows["service"] = service
    rows["start"] = waited(number)
    return rows
