"""Beds: who leaves today, how many are open, and who gets which as they become free."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today
from sample_data.simulator.scenario import Lever
from sample_data.simulator.trust import AT, POOLS, SECTORS, SERVICES, SITES

Array = npt.NDArray[Any]

INPATIENT: Final = np.dtype(
    [
        ("id", "i8"), ("patient", "i8"), ("attendance", "i8"), ("pathway", "i8"), ("site", "i1"), ("ward", "i2"),
        ("service", "i1"), ("age", "i2"), ("quintile", "i1"), ("method", "i1"), ("class", "i1"), ("admitted", "i4"),
        ("first", "i4"), ("ready", "i4"), ("delayed", "?"), ("dies", "?"),
    ]
)  # fmt: skip

METHODS: Final = ("21", "22", "31", "11", "13")
EMERGENCY_METHODS: Final = 2  # the first two of them
_LEAVES: Final = np.array([0.88, 0.92, 0.93, 0.93, 0.95, 0.60, 0.48])
_FREED: Final = np.array([0.115, 0.13, 0.135, 0.135, 0.15, 0.05, 0.035])
# Median nights and spread (sigma of the logarithm) of unplanned stays until ready to leave.
_STAYS: Final = {
    "300": (3.0, 1.12), "301": (2.8, 1.08), "320": (3.4, 1.08), "340": (3.9, 1.08), "430": (5.6, 1.05),
    "100": (2.5, 1.08), "101": (1.9, 1.00), "110": (4.4, 1.08), "502": (1.4, 0.7), "420": (1.2, 0.6),
    "501": (1.6, 0.55),
}  # fmt: skip
_MEDIAN: Final = np.array([_STAYS.get(service.code, (2.0, 0.8))[0] for service in SERVICES])
_SPREAD: Final = np.array([_STAYS.get(service.code, (2.0, 0.8))[1] for service in SERVICES])
_PLANNED: Final = np.array([service.nights for service in SERVICES])


@dataclass(frozen=True, slots=True)
class Wards:
    """The wards of the trust at a scale, as arrays in one order."""

    code: tuple[str, ...]
    name: tuple[str, ...]
    pool: Array
    site: Array
    sector: Array
    core: Array
    escalation: Array


@lru_cache
def wards(scale: float) -> Wards:
    """Returns the wards; scale multiplies their beds."""
    found = [(at, pool, number) for at, pool in enumerate(POOLS) for number in range(1, pool.wards + 1)]
    return Wards(
        tuple(f"{SITES[pool.site].code}-{SECTORS[pool.sector][0].upper()}{number}" for _, pool, number in found),
        tuple(f"{SECTORS[pool.sector].title()} {number}, {SITES[pool.site].name}" for _, pool, number in found),
        np.array([at for at, _, _ in found]),
        np.array([pool.site for _, pool, _ in found]),
        np.array([pool.sector for _, pool, _ in found]),
        np.array([max(1, round(pool.beds * scale)) for _, pool, _ in found]),
        np.array([max(1, round(pool.escalation * scale)) for _, pool, _ in found]),
    )


def leaving(today: Today, inside: Array, pressure: Array) -> tuple[Array, Array]:
    """Returns who leaves today (indices) and when (minutes UTC).

    Whoever is ready leaves on most days, at weekends less; whoever waits for care elsewhere leaves with a daily chance.
    When beds are nearly all taken, some leave a day before they would have been called ready.

    `pressure` is, of each patient's pool, the share of core beds that were occupied at midnight.
    """
    random, day = today.random("discharge"), today.day
    chance = np.full(len(inside), 0.5 * _LEAVES[day.weekday] if day.is_bank_holiday else _LEAVES[day.weekday])
    freed = _FREED[6] if day.is_bank_holiday else _FREED[day.weekday]
    delay = today.by_site(Lever.DELAY)[inside["site"]]
    chance = np.where(inside["delayed"], np.where(inside["ready"] < day.number, freed / delay, 0.0), chance)
    chance[inside["dies"]] = 1.0
    early = (inside["ready"] == day.number + 1) & ~inside["delayed"] & (inside["first"] < day.number)
    hurried = early & (random.random(len(inside)) < np.clip((pressure - 0.90) * 2.2, 0, 0.45))
    ready = (inside["ready"] <= day.number) | hurried
    goes = np.flatnonzero(ready & (random.random(len(inside)) < chance))
    clock = random.normal(15 * 60 + 10, 165, len(goes)).clip(8 * 60, 21 * 60)
    any_time = random.integers(0, 1440, len(goes))
    return goes, day.instant(np.where(inside["dies"][goes], any_time, clock).astype(np.int64))


def stays(today: Today, random: np.random.Generator, who: Array) -> None:
    """Fills in when new inpatients will be ready to leave, and whether they will then have to wait, in place."""
    count = len(who)
    planned = who["method"] >= METHODS.index("11")
    median = np.where(planned, _PLANNED[who["service"]], _MEDIAN[who["service"]])
    spread = np.where(planned, 0.55, _SPREAD[who["service"]])
    nights = median * np.exp(spread * random.normal(size=count)) * (1 + 0.04 * today.day.season)
    who["ready"] = who["first"] + np.maximum(1, np.rint(nights)).clip(1, 120)
    grown = who["age"] >= 18
    waits = np.where(who["age"] >= 75, 0.38, np.where(who["age"] >= 50, 0.19, 0.06)) * np.where(planned, 0.3, 1.0)
    mother = who["service"] == AT["501"]
    who["delayed"] = (random.random(count) < waits) & grown & ~mother
    fatal = np.where(planned, 0.003, np.where(who["age"] >= 75, 0.085, 0.022)) * (1 + 0.1 * today.day.season)
    who["dies"] = (random.random(count) < fatal) & grown & ~mother
    who["delayed"] &= ~who["dies"]


def opened(scale: float, occupied: Array, boarding: Array) -> Array:
    """Returns how many escalation beds each ward opens today.

    `occupied` are the patients of each ward, `boarding` the people who wait for a bed of each pool.
    """
    all_wards = wards(scale)
    over = np.maximum(occupied - all_wards.core, 0)
    more = np.zeros_like(over)
    for pool in range(len(POOLS)):
        mine = np.flatnonzero(all_wards.pool == pool)
        left = int(boarding[pool])
        for ward in mine:
            more[ward] = min(left, max(0, int(all_wards.escalation[ward] - over[ward])))
            left -= int(more[ward])
    return np.asarray(over + more)


class FreeBeds:
    """Beds of each pool in the order in which they become free today; each is given once."""

    def __init__(self, times: list[Array]) -> None:
        self.times = [np.sort(each) for each in times]
        self.used = [0] * len(times)

    def left(self, pool: int, before: int | None = None) -> int:
        """Returns how many of a pool are not given yet, of those free before an instant."""
        times = self.times[pool]
        until = len(times) if before is None else int(np.searchsorted(times, before))
        return until - self.used[pool]

    def reserve(self, pool: int, count: int, after: int) -> None:
        """Keeps beds for planned admissions: those that become free after the first `after` ones."""
        times = self.times[pool]
        at = min(after, len(times) - count)
        self.times[pool] = np.concatenate([times[:at], times[at + count :]])

    def take(self, pool: int, wanted: Array) -> Array:
        """Returns when each of those who want a bed since these instants, in order, gets one."""
        used = self.used[pool]
        self.used[pool] += len(wanted)
        return np.asarray(np.maximum(wanted, self.times[pool][used : used + len(wanted)]))


def settle(random: np.random.Generator, scale: float, occupied: Array, open_beds: Array, pools: Array) -> Array:
    """Returns a ward for each new patient of a pool: a free bed at random."""
    found = np.zeros(len(pools), dtype=np.int64)
    all_wards = wards(scale)
    for pool in range(len(POOLS)):
        mine = np.flatnonzero(pools == pool)
        if len(mine):
            own = np.flatnonzero(all_wards.pool == pool)
            beds = np.repeat(own, np.maximum(open_beds[own] - occupied[own], 0))
            found[mine] = random.permutation(beds)[: len(mine)]
    return found
