"""Booking: which of the free places ahead each of those who wait gets."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today, by_chance
from sample_data.simulator.days import Day, day_of
from sample_data.simulator.trust import SERVICES

Array = npt.NDArray[Any]

HORIZON: Final = 84  # days for which clinics are open to booking, today included
TWO_WEEK, URGENT, ROUTINE, FOLLOW_UP = range(4)
CLASSES: Final = 4
_BY_WEEKDAY: Final = np.array([0.21, 0.215, 0.205, 0.205, 0.165, 0.0, 0.0])
_RELEASED: Final = 5  # days before a clinic when places kept for urgent patients are given to anybody
_NO_PLACE: Final = 2**40

# What becomes of those whose clock runs, once seen and not put on the list for admission.
SEEN_AGAIN: Final = 0.34  # come again, the clock still running
AFTER_OPERATION: Final = 0.6  # are seen again after the operation


def weekly(scale: float) -> Array:
    """Returns the places of a usual week: a row a class of patient, a column a service."""
    found = np.zeros((CLASSES, len(SERVICES)))
    for at, service in enumerate(SERVICES):
        firsts = service.referrals / 52.18 * scale
        routine = 1 - service.two_week - service.urgent
        # Firsts include those booked again; routine ones, those who leave the list while they wait.
        found[TWO_WEEK, at] = firsts * service.two_week * 1.16
        found[URGENT, at] = firsts * service.urgent * 1.14
        found[ROUTINE, at] = firsts * routine * 1.0
        go_on = (1 - service.admit) * SEEN_AGAIN
        running = go_on / (1 - go_on)
        stopped = (1 - service.admit) * (1 - SEEN_AGAIN) / (1 - go_on)
        operated = service.admit / (1 - go_on) * AFTER_OPERATION
        chain = 1 / (1 - service.follow_up)
        each = running + stopped * (chain - 1) + operated * chain
        found[FOLLOW_UP, at] = firsts * 0.93 * each * 1.155
    return found


def places_of(today: Today, ahead: int) -> Array:
    """Returns the places of the day so many days ahead, by class and service; none on days without clinics."""
    day = day_of(today.day.number + ahead)
    if not day.is_working:
        return np.zeros((CLASSES, len(SERVICES)), dtype=np.int32)
    random = today.random(f"clinics {ahead}" if ahead < HORIZON - 1 else "clinics")
    # Bank holidays take 3 % of the year's clinics; the usual week makes up for them.
    return by_chance(random, weekly(today.scenario.scale) * _BY_WEEKDAY[day.weekday] * 1.03).astype(np.int32)


def opened(today: Today) -> Array:
    """Returns all places ahead when nothing is booked: class, service, days from today."""
    return np.stack([places_of(today, ahead) for ahead in range(HORIZON)], axis=2)


def next_morning(today: Today, places: Array) -> Array:
    """Returns the places a day later: one more day is opened, urgent places of the next days are released."""
    moved = np.concatenate([places[:, :, 1:], places_of(today, HORIZON - 1)[:, :, None]], axis=2)
    for kept in (TWO_WEEK, URGENT):
        moved[ROUTINE, :, _RELEASED] += moved[kept, :, _RELEASED]
        moved[kept, :, _RELEASED] = 0
    return moved


def give(places: Array, group: Array, service: Array, earliest: Array) -> Array:
    """Returns, for each who asks, in how many days the place is that they get, or -1; takes the places.

    Each gets the first free place of the class and service from the earliest day on. Greedy in order of that day,
    without a loop: the i-th to be served gets free place max(previous + 1, first one on or after the day).
    """
    if not len(group):
        return np.zeros(0, dtype=np.int64)
    classes, services, days = places.shape
    # A last column with room for all keeps those who find no place from taking the next service's.
    roomy = np.concatenate([places, np.full((classes, services, 1), len(group))], axis=2).ravel().astype(np.int64)
    upto = np.cumsum(roomy)
    start = (group.astype(np.int64) * services + service) * (days + 1) + np.minimum(earliest, days)
    order = np.argsort(start, kind="stable")
    lowest = upto[start[order]] - roomy[start[order]]
    rank = np.arange(len(order))
    taken = rank + np.maximum.accumulate(lowest - rank)
    cell = np.searchsorted(upto, taken, side="right")
    day = cell % (days + 1)
    found = np.empty(len(group), dtype=np.int64)
    found[order] = np.where(day == days, -1, day)
    placed = order[day < days]
    np.subtract.at(places, (group[placed], service[placed], found[placed]), 1)
    return found


def first_in_line(group: Array, room: Array) -> Array:
    """Returns the places in line of those who may be served: of each group, in order, as many as there is room."""
    order = np.argsort(group, kind="stable")
    sorted_group = group[order]
    starts = np.searchsorted(sorted_group, np.arange(len(room)))
    rank = np.arange(len(order)) - starts[sorted_group]
    return np.sort(order[rank < room[sorted_group]])


def clinic_times(random: np.random.Generator, count: int) -> Array:
    """Returns clock times of appointments, in minutes: quarters of hours from 9:00 to 12:15 and 13:30 to 16:45."""
    slot = random.integers(0, 28, count)
    return np.asarray(np.where(slot < 14, 540 + slot * 15, 810 + (slot - 14) * 15))


def is_open(day: Day) -> bool:
    """Returns whether there are clinics on a day."""
    return day.is_working
