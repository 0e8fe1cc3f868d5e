"""Who comes to the emergency departments, and how long the department takes when it is as full as it is."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today
from sample_data.simulator.estate import AT_SYSTEM
from sample_data.simulator.patients import emergency_ages, people
from sample_data.simulator.rows import NONE
from sample_data.simulator.scenario import Lever
from sample_data.simulator.trust import AT, SERVICES, SITES

Array = npt.NDArray[Any]

ADMITTED, SAME_DAY, DISCHARGED, LEFT = range(4)
STILL: Final = 2**31 - 1
"""The instant at which somebody leaves who is still there."""
DIRECT: Final = 0
"""Department type of those who come for a bed and to no department."""

ED: Final = np.dtype(
    [
        ("id", "i8"), ("patient", "i8"), ("site", "i1"), ("age", "i2"), ("quintile", "i1"), ("type", "i1"),
        ("ambulance", "?"), ("acuity", "i1"), ("arrived", "i4"), ("handed", "i4"), ("seen", "i4"), ("done", "i4"),
        ("left", "i4"), ("fate", "i1"), ("pool", "i1"), ("service", "i1"), ("method", "i1"), ("spell", "i8"),
    ]
)  # fmt: skip
RETURN: Final = np.dtype([("day", "i4"), ("patient", "i8"), ("age", "i2"), ("quintile", "i1"), ("site", "i1")])

MAJOR_A_YEAR, MINOR_A_YEAR, DIRECT_A_YEAR, MATERNITY_A_YEAR = 41_000, 17_500, 1_500, 3_100
_BY_HOUR: Final = np.array(
    [
        2.5, 2.0, 1.7, 1.5, 1.4, 1.5, 2.0, 3.1, 4.6, 6.0, 6.6, 6.7,
        6.4, 6.2, 6.0, 5.9, 5.9, 5.9, 5.7, 5.2, 4.6, 4.0, 3.3, 2.8,
    ]
)  # fmt: skip
_MINOR_OPEN: Final = np.array([0.0] * 8 + [1.0] * 12 + [0.0] * 4)
_BY_WEEKDAY: Final = np.array([1.09, 1.00, 0.98, 0.98, 0.97, 0.98, 1.00])
# Mean census of a department (type 1) at scale 1 above which it counts as crowded.
_ROOM: Final = np.array([17.0, 9.5, 99.0])
# Probability that an admission stays overnight rather than leave the same day, by the clock hour of arrival.
_OVERNIGHT: Final = np.array([0.80] * 7 + [0.60] * 10 + [0.76] * 7)
POOL_AT: Final = np.array([[0, 1, 2, 3], [4, 5, 2, 3], [0, 1, 2, 3]])
SECTOR_OF: Final = np.array([service.sector for service in SERVICES])
_SEEN_IN: Final = np.array([0.0, 4.0, 24.0, 62.0, 70.0, 60.0])
_MEDICINE: Final = np.array([AT[code] for code in ("300", "300", "320", "340", "301")])


def arrivals(today: Today, returns: Array) -> Array:
    """Returns everybody who arrives today, in order of arrival; no times but the arrival are filled in.

    `returns` are people who left hospital up to 28 days ago and come back today.
    """
    random, day = today.random("arrivals"), today.day
    winter, holiday = day.season, 0.95 if day.is_bank_holiday else 1.0
    noise = random.gamma(400.0, 1 / 400.0)
    rate = today.scenario.scale / 365.25 * _BY_WEEKDAY[day.weekday] * holiday * noise * (1 + 0.015 * winter)
    hours = np.array(day.hours)
    majors = np.outer([MAJOR_A_YEAR * site.major * rate for site in SITES], _BY_HOUR[hours] / _BY_HOUR.sum())
    open_now = (_BY_HOUR * _MINOR_OPEN)[hours] / (_BY_HOUR * _MINOR_OPEN).sum()
    minors = np.outer([MINOR_A_YEAR * site.minor * rate for site in SITES], open_now)
    straight = today.scenario.scale / 365.25 * DIRECT_A_YEAR * (1.3 if day.is_working else 0.4)
    direct = np.outer([straight * site.major for site in SITES], open_now)
    births = np.outer([today.scenario.scale / 365.25 * MATERNITY_A_YEAR, 0, 0], np.full(len(hours), 1 / len(hours)))
    kinds = [_crowd(random, day.midnight, expected) for expected in (majors, minors, direct, births)]
    found = np.zeros(sum(len(site) for site, _ in kinds) + len(returns), ED)
    sites = np.concatenate([*(site for site, _ in kinds), returns["site"]])
    found["site"], count = sites, len(found)
    back = random.choice(len(hours), len(returns), p=_BY_HOUR[hours] / _BY_HOUR[hours].sum())
    times = day.midnight + back * 60 + random.integers(0, 60, len(returns))
    found["arrived"] = np.concatenate([*(at for _, at in kinds), times])
    found["type"] = np.repeat([1, 3, DIRECT, DIRECT, 1], [*(len(site) for site, _ in kinds), len(returns)])
    mothers = slice(count - len(returns) - len(kinds[3][0]), count - len(returns))
    ages = emergency_ages(random, count)
    ages[mothers] = random.normal(31, 5, len(kinds[3][0])).clip(16, 48)
    who = people(random, ages, day.date.year, today.scenario.scale)
    found["patient"], found["age"], found["quintile"] = who.patient, who.age, who.quintile
    if len(returns):
        for name in ("patient", "age", "quintile"):
            found[name][-len(returns) :] = returns[name]
    _triage(today, random, found)
    found["fate"][count - len(returns) :] = ADMITTED
    found["method"][mothers], found["pool"][mothers], found["service"][mothers] = 2, 2, AT["501"]
    return found[np.argsort(found["arrived"], kind="stable")]


def _crowd(random: np.random.Generator, midnight: int, expected: Array) -> tuple[Array, Array]:
    counts = random.poisson(expected)
    sites, hours = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape))
    return sites, midnight + hours * 60 + random.integers(0, 60, len(hours))


def _triage(today: Today, random: np.random.Generator, who: Array) -> None:
    """Fills in how urgent they are and whether they will need a bed, where."""
    count, major = len(who), who["type"] == 1
    who["acuity"] = np.where(major, 1 + np.searchsorted([0.01, 0.16, 0.68, 0.97], random.random(count)), 4)
    old = np.clip((who["age"] - 30.0) / 55, 0, 1)
    urgent = np.array([0, 0.8, 0.50, 0.28, 0.09, 0.03])[who["acuity"]]
    to_admit = urgent * (0.42 + 1.55 * old) * (1 + 0.05 * today.day.season)
    who["ambulance"] = (random.random(count) < np.clip(0.15 + 0.5 * old * urgent / 0.3, 0, 0.9)) & major
    who["fate"] = np.where((random.random(count) < to_admit) & major, ADMITTED, DISCHARGED)
    who["fate"][who["type"] == DIRECT] = ADMITTED
    clock = np.array([today.day.hours[at] for at in (who["arrived"] - today.day.midnight) // 60], dtype=np.int64)
    overnight = _OVERNIGHT[clock] * today.by_site(Lever.OVERNIGHT)[who["site"]]
    leaves = (random.random(count) >= overnight) & (who["fate"] == ADMITTED) & (who["type"] == 1)
    who["fate"][leaves] = SAME_DAY
    which, medicine = random.random(count), random.integers(0, len(_MEDICINE), count)
    service = np.where(who["age"] >= 79, AT["430"], _MEDICINE[medicine])
    for above, code in ((0.62, "100"), (0.80, "110"), (0.92, "101"), (0.96, "502")):
        service = np.where(which > above, AT[code], service)
    who["service"] = np.where(who["age"] < 16, AT["420"], service)
    who["pool"] = POOL_AT[who["site"], SECTOR_OF[who["service"]]]
    who["method"] = np.where(who["type"] == DIRECT, 1, 0)
    who["left"], who["spell"] = STILL, NONE
    for name in ("handed", "seen", "done"):
        who[name] = NONE


def room(scale: float) -> Array:
    """Returns how many people a department (type 1) holds before it is crowded, a number a site."""
    return np.asarray(_ROOM * scale)


def on_paper(down: Array) -> Array:
    """Returns by how much longer all takes in each hour of the day, while systems are down and paper is used."""
    return np.asarray(1 + 0.30 * down[:, AT_SYSTEM["EDS"]] + 0.12 * down[:, AT_SYSTEM["EPR"]])


def go_through(today: Today, random: np.random.Generator, who: Array, crowd: Array, slower: float) -> None:
    """Fills in handover, when a clinician sees them and when they are done, for those who arrive in an hour.

    `who`, a view of today's people, is changed in place; `crowd` is, at each site, those present over its room;
    `slower` multiplies the time spent.
    """
    count, major = len(who), who["type"] == 1
    over = np.where(major, np.clip(crowd[who["site"]] - 0.9, 0, 1.6), 0.0)
    ramp = random.exponential(1.0, count)
    handover = 7 + 9 * random.exponential(1.0, count) + 24 * over * ramp
    who["handed"] = np.where(who["ambulance"], who["arrived"] + handover, NONE)
    start = np.where(who["ambulance"], who["handed"], who["arrived"])
    wait = random.exponential(1.0, count) * np.where(major, _SEEN_IN[who["acuity"]], 34.0) * (1 + 0.9 * over)
    own = np.where(who["fate"] <= SAME_DAY, 150.0, 108.0)
    spent = np.exp(random.normal(0.0, 0.52, count)) * np.where(major, own, 50.0) * (1 + 0.35 * over)
    tired = (random.random(count) < np.clip((wait - 120) / 1500, 0, 0.4)) & (who["fate"] == DISCHARGED) & major
    who["fate"][tired] = LEFT
    spent *= today.by_site(Lever.ED_TIME)[who["site"]] * slower
    straight = who["type"] == DIRECT
    who["seen"] = np.where(straight, who["arrived"], np.where(who["fate"] == LEFT, NONE, start + wait))
    done = np.where(who["fate"] == LEFT, start + wait, start + wait + spent)
    who["done"] = np.where(straight, who["arrived"] + 60, np.maximum(done, start + 5)).astype(np.int64)
    who["left"] = np.where(who["fate"] == ADMITTED, STILL, who["done"])
