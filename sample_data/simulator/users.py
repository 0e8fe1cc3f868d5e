"""Who among the staff uses which system: a panel of users, day by day, from going live to habit."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today
from sample_data.simulator.days import Day, number_of
from sample_data.simulator.estate import AT_SYSTEM, SYSTEM_CODES, estate
from sample_data.simulator.rows import Codes, Out
from sample_data.simulator.scenario import Lever, Scenario
from sample_data.simulator.staff import GROUPS, MEDICAL
from sample_data.simulator.state import State
from sample_data.simulator.trust import SITES

Array = npt.NDArray[Any]

USED: Final = ("EPR", "EPMA", "OBS", "SCR", "DICT")
"""The systems whose users are followed."""
EPR, EPMA, OBS, SCR, DICT = range(len(USED))
USED_AT: Final = np.array([AT_SYSTEM[code] for code in USED])
PERSON: Final = np.dtype([("id", "i8"), ("group", "i1"), ("site", "i1"), ("place", "i4")])
_SITE_CODES: Final = tuple(site.code for site in SITES)
_OF: Final = np.array([33, 80, 54, 36, 44])  # one in sixteen of each group but estates, at scale 1
_SITES: Final = np.array([0.58, 0.90])  # cumulative
_CEILING: Final = np.array(
    [
        [0.98, 0.95, 0.00, 0.66, 0.74], [0.98, 0.96, 0.66, 0.36, 0.00], [0.92, 0.00, 0.58, 0.00, 0.00],
        [0.96, 0.88, 0.00, 0.52, 0.00], [0.95, 0.00, 0.00, 0.00, 0.82],
    ]
)  # fmt: skip
"""Share of a group (rows) that makes a system (columns) its habit in the end; 0: is not entitled to it."""
_LAG: Final = np.array([130.0, 95.0, 110.0, 85.0, 75.0])  # days from going live until half of those have
_WIDTH: Final = 28.0
# Chance to work on a working day and on another, by group; to use the system on a day at work, by system.
_WORKS: Final = np.array([[0.74, 0.28], [0.58, 0.52], [0.58, 0.50], [0.72, 0.16], [0.78, 0.03]])
_USES: Final = np.array([0.97, 0.88, 0.93, 0.46, 0.72])
_MINUTES: Final = np.array(
    [
        [148.0, 34.0, 0.0, 9.0, 38.0], [112.0, 46.0, 52.0, 6.0, 0.0], [64.0, 0.0, 44.0, 0.0, 0.0],
        [96.0, 40.0, 0.0, 10.0, 0.0], [170.0, 0.0, 0.0, 0.0, 120.0],
    ]
)  # fmt: skip
_UNSCHEDULED: Final = np.array([0.15, 0.06, 0.02, 0.05, 0.01])
_WITH_PATIENTS: Final = np.array([330.0, 430.0, 400.0, 340.0, 0.0])
_A_MINUTE: Final = np.array([2.2, 2.6, 3.4, 1.8, 1.2])
_CORE: Final = np.array([0.52, 0.66, 0.78, 0.60, 0.70])
_LEAVES_A_MONTH: Final = np.array([0.0075, 0.0083, 0.0108, 0.0092, 0.0092])
_DAYTIME: Final = slice(7, 19)
_RECENT: Final = 28
_REGULAR: Final = 4  # of these days


def adoption(today: Today) -> Array:
    """Returns the share of each staff group (rows) with whom each system (columns) is a habit today.

    It grows along a logistic curve after the system went live, to a ceiling that initiatives move.
    """
    live = estate(today.scenario.first_day).system_live[USED_AT]
    since = today.day.number - live
    grown = 1 / (1 + np.exp(-(since[None, :] - _LAG[:, None]) / _WIDTH))
    found = _CEILING * grown * today.by_system(Lever.ADOPTION, USED)
    return np.asarray(np.where(since >= 0, np.minimum(found, 0.99), 0.0))


def entitled(people: Array) -> Array:
    """Returns, of people (rows), who should use which system (columns)."""
    mine = _CEILING[people["group"]] > 0
    # Of scientific staff the pharmacists prescribe: every other one.
    mine[:, EPMA] &= (people["group"] != 3) | (people["place"] % 2 == 0)
    return np.asarray(mine)


class Users:
    """Hears "present" and "down"; tells "habits": of the panel and each followed system, who uses it by habit.

    Everybody in the panel has a place in the order in which a group takes to a system; who leaves hands it on. So the
    share of users is that of `adoption`, whatever the size of the panel.
    """

    codes: Final[Codes] = {
        "fact_user_day.system_code": SYSTEM_CODES,
        "fact_user_day.staff_group": GROUPS,
        "fact_user_day.site_code": _SITE_CODES,
        "fact_entitlement.system_code": SYSTEM_CODES,
        "fact_entitlement.staff_group": GROUPS,
        "fact_entitlement.site_code": _SITE_CODES,
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Draws the panel, and everybody's place in the order."""
        random = Today(first, scenario).random("panel")
        sizes = np.maximum(2, np.rint(_OF * scenario.scale).astype(np.int64))
        people = np.zeros(int(sizes.sum()), PERSON)
        people["group"] = np.repeat(np.arange(len(sizes)), sizes)
        people["place"] = np.arange(len(people)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        people["id"] = state.numbers("user", len(people))
        people["site"] = np.searchsorted(_SITES, random.random(len(people)))
        state["panel"] = people
        mine = entitled(people)
        order = np.full(mine.shape, 1.0)
        for group in range(len(sizes)):
            for system in range(len(USED)):
                who = np.flatnonzero((people["group"] == group) & mine[:, system])
                order[who, system] = (random.permutation(len(who)) + 0.5) / max(1, len(who))
        state["panel order"] = order
        state["panel active"], state["panel core"] = (
            np.zeros((_RECENT, *mine.shape), dtype=np.bool_) for _ in range(2)
        )

    def step(self, today: Today, state: State, out: Out) -> None:
        """Lets the panel work and use its systems; at a month's end counts who should."""
        day, random = today.day, today.random("users")
        people = state["panel"]
        if day.date.day == 1:
            people = _replaced(random, people, state)
        mine = entitled(people)
        habits = mine & (state["panel order"] < adoption(today)[people["group"]])
        today.tell("habits", habits)
        _work(today, random, habits, state, out)
        if day.is_month_end:
            _count(day, mine & (estate(today.scenario.first_day).systems_on(day.number)[USED_AT]), state, out)

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Has none."""


def _replaced(random: np.random.Generator, people: Array, state: State) -> Array:
    """Returns the panel with successors in the places of those who left at the month's end."""
    leaves = random.random(len(people)) < _LEAVES_A_MONTH[people["group"]]
    people = people.copy()
    people["id"][leaves] = state.numbers("user", int(leaves.sum()))
    state["panel"] = people
    for name in ("panel active", "panel core"):
        state[name] = state[name] & ~leaves[:, None]
    return people


def _work(today: Today, random: np.random.Generator, habits: Array, state: State, out: Out) -> None:
    day, people = today.day, state["panel"]
    group = people["group"].astype(np.int64)
    there = today.told("present")
    works = random.random(len(people)) < (_WORKS[:, 0 if day.is_working else 1] * there[: len(_OF)])[group]
    up = 1 - today.told("down")[_DAYTIME, USED_AT].mean(axis=0)
    active = habits & works[:, None] & (random.random(habits.shape) < _USES * up)
    scheduled = np.maximum(0, random.normal(_WITH_PATIENTS, 35.0, (len(people), len(_OF))))
    scheduled = scheduled[np.arange(len(people)), group] * (_WITH_PATIENTS[group] > 0)
    who, system = np.nonzero(active)
    minutes = _MINUTES[group[who], system] * random.gamma(6.0, 1 / 6.0, len(who)) * up[system]
    # The fewer doctors there are, the more is written up in the evening.
    late = _UNSCHEDULED[group[who]] / float(there[MEDICAL]) ** 3 * random.gamma(1.5, 1 / 1.5, len(who))
    actions = random.poisson(minutes * _A_MINUTE[system]) + 1
    core = random.binomial(actions, _CORE[system])
    _remember(state, day, who, system, core)
    minutes = minutes.round(1)
    out.add(
        "fact_user_day", len(who), period=day.number, user_id=people["id"][who], system_code=USED_AT[system],
        staff_group=group[who], site_code=people["site"][who], actions=actions,
        core_actions=core, minutes=minutes,
        minutes_unscheduled=(minutes * np.minimum(late, 0.9)).round(1), scheduled_patient_min=scheduled[who].round(),
        changed_at=day.end,
    )  # fmt: skip


def _remember(state: State, day: Day, who: Array, system: Array, core: Array) -> None:
    for name, which in (("panel active", np.ones(len(who), dtype=np.bool_)), ("panel core", core > 0)):
        recent = state[name].copy()
        today = np.zeros(recent.shape[1:], dtype=np.bool_)
        today[who[which], system[which]] = True
        recent[day.number % _RECENT] = today
        state[name] = recent


def _count(day: Day, mine: Array, state: State, out: Out) -> None:
    """Hands over, of those who should use each system, how many do, and how many do so regularly."""
    people = state["panel"]
    active = mine & state["panel active"].any(axis=0)
    regular = mine & (state["panel core"].sum(axis=0) >= _REGULAR)
    counted = np.zeros((3, len(USED), len(_OF), len(SITES)), dtype=np.int64)
    for at, which in enumerate((mine, active, regular)):
        who, system = np.nonzero(which)
        np.add.at(counted[at], (system, people["group"][who], people["site"][who]), 1)
    system, group, site = np.nonzero(counted[0])
    eligible, used, often = (each[system, group, site] for each in counted)
    out.add(
        "fact_entitlement", len(system), period=number_of(day.month), system_code=USED_AT[system], staff_group=group,
        site_code=site, eligible_n=eligible, active_n=used, regular_n=often, changed_at=day.end,
    )  # fmt: skip
