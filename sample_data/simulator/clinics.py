"""Clinics: who is booked, who cancels, who does not come, and what follows for those who are seen."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator import booking
from sample_data.simulator.component import Today
from sample_data.simulator.days import Day, day_of
from sample_data.simulator.pathways import (
    IN_CLINIC,
    NOT_ADMITTED,
    PRIORITIES,
    REMOVED,
    TO_BE_ADMITTED,
    TO_BE_SEEN,
    close,
    find,
    in_turn,
    move,
    on_list,
)
from sample_data.simulator.patients import people
from sample_data.simulator.records import joined, those
from sample_data.simulator.rows import NONE, Codes, Out
from sample_data.simulator.scenario import Lever, Scenario
from sample_data.simulator.state import State
from sample_data.simulator.trust import SERVICES, SITES

Array = npt.NDArray[Any]

_WHO: Final = [
    ("pathway", "i8"), ("patient", "i8"), ("service", "i1"), ("site", "i1"), ("age", "i2"), ("quintile", "i1"),
    ("priority", "i1"), ("running", "?"),
]  # fmt: skip
APPOINTMENT: Final = np.dtype(
    [
        *_WHO, ("id", "i8"), ("day", "i4"), ("at", "i4"), ("booked", "i4"), ("booked_day", "i4"), ("follow", "?"),
        ("tele", "?"), ("cancel_day", "i4"), ("by_hospital", "?"),
    ]
)  # fmt: skip
DUE: Final = np.dtype([*_WHO, ("due", "i4")])
"""Somebody who is to come again, from a day on; booked six weeks before it."""

CANCELLED_BY_PATIENT, MISSED, CANCELLED_BY_HOSPITAL, SEEN, SEEN_LATE = 2, 3, 4, 5, 6
DISCHARGED, ANOTHER, LATER = range(3)
_BOOKED_AHEAD: Final = 42
_EARLIEST: Final = np.array([2, 6, 12])
_SPREAD: Final = np.array([6, 12, 25])  # days: how much longer some ask for
_WINDOW: Final = np.array([16, 30, 46])
_TELE: Final = np.array([service.tele for service in SERVICES])
_ADMIT: Final = np.array([service.admit for service in SERVICES])
_FOLLOW_UP: Final = np.array([service.follow_up for service in SERVICES])
_INTERVAL: Final = np.array([service.interval for service in SERVICES]) * 7
_BY_QUINTILE: Final = np.array([0.0, 0.38, 0.18, 0.0, -0.16, -0.30])
_PIFU: Final = 0.024


class Clinics:
    """Booking and outpatient clinics. Hears "present"; tells "seen" (appointments, with what followed)."""

    codes: Final[Codes] = {
        "fact_appointment.site_code": tuple(site.code for site in SITES),
        "fact_appointment.service_code": tuple(service.code for service in SERVICES),
        "fact_appointment.first_attendance": ("1", "2", "3", "4"),
        "fact_appointment.attended": ("0", "", "2", "3", "4", "5", "6"),
        "fact_appointment.outcome": ("1", "2", "3"),
        "fact_appointment.priority": PRIORITIES,
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has clinics ahead with nobody booked, and the people who are to come again in the next months."""
        today = Today(first, scenario)
        random = today.random("follow-ups at the beginning")
        a_week = booking.weekly(scenario.scale)[booking.FOLLOW_UP] * 0.87
        counts = random.poisson(a_week * _INTERVAL / 7)
        service = np.repeat(np.arange(len(SERVICES)), counts)
        due = np.zeros(len(service), DUE)
        ages = random.normal(np.array([each.age for each in SERVICES])[service], 16).clip(1, 99)
        who = people(random, ages, first.date.year, scenario.scale)
        due["patient"], due["age"], due["quintile"] = who.patient, who.age, who.quintile
        due["service"], due["pathway"], due["priority"] = service, NONE, 2
        due["site"] = random.choice(len(SITES), len(due), p=[site.clinics for site in SITES])
        # What is left of an interval that runs: a random part of one that is more likely a long one.
        due["due"] = first.number + random.gamma(4.0, 1 / 3.0, len(due)) * random.random(len(due)) * _INTERVAL[service]
        state["due"] = due[np.argsort(due["due"], kind="stable")]
        state["places"] = booking.opened(today)
        state["appointments"] = np.zeros(0, APPOINTMENT)

    def step(self, today: Today, state: State, out: Out) -> None:
        """Moves the calendar on, takes cancellations, books, and holds today's clinics."""
        state["places"] = booking.next_morning(today, state["places"])
        self._cancellations(today, state, out)
        self._book(today, state)
        self._clinics(today, state, out)

    def _cancellations(self, today: Today, state: State, out: Out) -> None:
        booked, day = state["appointments"], today.day
        off = booked["cancel_day"] == day.number
        gone, random = booked[off], today.random("cancellations")
        state["appointments"] = those(booked, ~off)
        ahead = gone["day"] - day.number
        group = np.where(gone["follow"], booking.FOLLOW_UP, gone["priority"])
        np.add.at(state["places"], (group, gone["service"], ahead), 1)
        at = np.maximum(day.midnight + random.integers(7 * 60, 9 * 60, len(gone)), gone["booked"] + 1)
        how = np.where(gone["by_hospital"], CANCELLED_BY_HOSPITAL, CANCELLED_BY_PATIENT)
        _write(out, gone, attended=how, cancelled_at=at, changed_at=at)
        _again(state, gone, day.number + 7)

    @staticmethod
    def _book(today: Today, state: State) -> None:
        day, places, random = today.day, state["places"], today.random("booking")
        pathways = state["pathways"]
        waits = in_turn(pathways, TO_BE_SEEN)
        line = pathways["priority"][waits].astype(np.int64) * len(SERVICES) + pathways["service"][waits]
        room = np.concatenate([places[each, :, : _WINDOW[each]].sum(axis=1) for each in range(3)])
        firsts = pathways[waits[booking.first_in_line(line, room)]]
        due = state["due"]
        ready = due["due"] <= day.number + _BOOKED_AHEAD
        again = those(due, ready)
        asks = np.zeros(len(firsts) + len(again), APPOINTMENT)
        for name in ("patient", "service", "site", "age", "quintile", "priority"):
            asks[name] = np.concatenate([firsts[name], again[name]])
        asks["pathway"] = np.concatenate([firsts["id"], again["pathway"]])
        asks["running"] = np.concatenate([np.ones(len(firsts), dtype=np.bool_), again["running"]])
        asks["follow"] = np.arange(len(asks)) >= len(firsts)
        notice = (_EARLIEST + random.random((len(firsts), 1)) * _SPREAD)[np.arange(len(firsts)), firsts["priority"]]
        earliest = np.concatenate([notice.astype(np.int64), np.maximum(again["due"] - day.number, 2)])
        group = np.where(asks["follow"], booking.FOLLOW_UP, asks["priority"])
        ahead = booking.give(places, group, asks["service"].astype(np.int64), earliest)
        got = ahead >= 0
        state["due"] = joined(those(due, ~ready), those(again, ~got[len(firsts) :]))
        move(state, asks["pathway"][got & ~asks["follow"]], IN_CLINIC)
        new, ahead = those(asks, got), ahead[got]
        new["id"], new["day"], new["booked_day"] = (
            state.numbers("appointment", len(new)),
            day.number + ahead,
            day.number,
        )
        new["booked"] = day.instant(random.integers(9 * 60, 17 * 60, len(new)))
        new["at"] = _instants(new["day"], booking.clinic_times(random, len(new)))
        new["tele"] = random.random(len(new)) < _TELE[new["service"]] * np.where(new["follow"], 1.15, 0.75)
        which = random.random(len(new))
        off = which < 0.145
        new["by_hospital"] = which < 0.068
        new["cancel_day"] = np.where(off, day.number + 1 + np.floor(random.random(len(new)) * ahead), NONE)
        new["cancel_day"][new["cancel_day"] > new["day"]] = NONE
        state["appointments"] = joined(state["appointments"], new)

    def _clinics(self, today: Today, state: State, out: Out) -> None:
        day, random = today.day, today.random("clinics today")
        booked = state["appointments"]
        now = those(booked, booked["day"] == day.number)
        state["appointments"] = those(booked, booked["day"] != day.number)
        now = now[np.argsort(now["at"], kind="stable")]
        # Somebody who left the list (validated, moved away) has no appointment under its clock any more.
        now["running"] &= on_list(state, now["pathway"])
        ill = float(today.told("ill")[0])
        off = random.random(len(now)) < np.clip(0.012 + 1.1 * ill, 0, 0.2)
        missed = ~off & (random.random(len(now)) < self.chance_missed(today, now))
        called = day.midnight + random.integers(6 * 60, 8 * 60, len(now))
        cancelled = np.maximum(now["booked"] + 1, np.minimum(called, now["at"] - 30))
        gone, away, seen = now[off], now[missed], now[~off & ~missed]
        reminded = today.by_service(Lever.DNA) < 1
        _write(out, gone, attended=CANCELLED_BY_HOSPITAL, cancelled_at=cancelled[off], changed_at=cancelled[off])
        _write(out, away, attended=MISSED, reminder_sent=_yes(reminded, away), changed_at=away["at"] + 30)
        _again(state, gone, day.number + 5)
        back = random.random(len(away)) < np.where(away["follow"], 0.72, 0.66)
        _again(state, away[back], day.number + 14)
        left = away[~back]
        close(state, left["pathway"][left["running"]], REMOVED)
        self._seen(today, random, state, out, seen)

    @staticmethod
    def chance_missed(today: Today, who: Array) -> Array:
        """Returns the probability that each does not come: it grows with the time since booking and deprivation."""
        lead = who["day"] - who["booked_day"]
        young = np.exp(-(((who["age"] - 24.0) / 14) ** 2))
        odds = np.exp(
            -3.19 + 0.013 * np.minimum(lead, 70) + _BY_QUINTILE[who["quintile"]] + 0.55 * young
            - 0.25 * (who["age"] > 65) - 0.30 * who["tele"] - 0.35 * (who["priority"] == 0) + 0.10 * who["follow"]
        )  # fmt: skip
        return np.asarray(odds / (1 + odds) * today.by_service(Lever.DNA)[who["service"]])

    @staticmethod
    def _seen(today: Today, random: np.random.Generator, state: State, out: Out, seen: Array) -> None:
        """Decides what follows for each who was seen."""
        day, count, service = today.day, len(seen), seen["service"]
        running = seen["running"]
        at = find(state, seen["pathway"][running])
        cancer = np.zeros(count, dtype=np.bool_)
        ids = seen["pathway"][running]
        cancer[running] = state["pathways"]["cancer"][at][np.searchsorted(np.unique(ids), ids)] if len(at) else False
        admit = running & ((random.random(count) < _ADMIT[service]) | (cancer & (_ADMIT[service] > 0)))
        go_on = running & ~admit & (random.random(count) < booking.SEEN_AGAIN)
        stops = running & ~admit & ~go_on
        ends = ~admit & ~go_on
        move(state, seen["pathway"][admit], TO_BE_ADMITTED)
        close(state, seen["pathway"][stops], NOT_ADMITTED)
        again = ends & (random.random(count) < _FOLLOW_UP[service])
        pifu = ends & (random.random(count) < _PIFU * today.by_service(Lever.PIFU)[service])
        comes = (again & ~pifu) | (pifu & (random.random(count) < 0.3))
        interval = random.gamma(4.0, 0.25, count) * _INTERVAL[service] * np.where(pifu, 2.0, 1.0)
        interval = np.where(go_on, 21 + random.gamma(2.0, 16.0, count), interval)
        back = go_on | comes
        _comes_again(state, seen[back], day.number + np.maximum(7, interval[back]), go_on[back])
        outcome = np.where(ends & ~again & ~pifu, DISCHARGED, np.where(interval <= _BOOKED_AHEAD, ANOTHER, LATER))
        late = np.where(random.random(count) < 0.06, SEEN_LATE, SEEN)
        _write(
            out,
            seen,
            attended=late,
            outcome=outcome,
            pifu=pifu.astype(np.int64),
            changed_at=seen["at"] + 30,
            reminder_sent=_yes(today.by_service(Lever.DNA) < 1, seen),
        )
        today.tell("seen", seen)
        first = running & (seen["priority"] == 0) & ~seen["follow"]
        today.tell("suspected cancer", np.column_stack([seen["pathway"], cancer])[first])

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Hands over appointments that are still to come."""
        del now
        _write(out, state["appointments"], attended=0, changed_at=state["appointments"]["booked"])


def _yes(of_service: Array, who: Array) -> Array:
    return np.asarray(of_service[who["service"]].astype(np.int64))


def _instants(days: Array, clock: Array) -> Array:
    found = np.zeros(len(days), dtype=np.int64)
    for number in np.unique(days):
        mine = days == number
        found[mine] = day_of(int(number)).instant(clock[mine])
    return found


def _again(state: State, gone: Array, due: int) -> None:
    """Has those who were not seen booked again: firsts from the head of the line, others as follow-ups."""
    first = ~gone["follow"]
    move(state, gone["pathway"][first], TO_BE_SEEN)
    _comes_again(state, gone[~first], np.full(int((~first).sum()), due), gone["running"][~first])


def _comes_again(state: State, who: Array, due: Array, running: Array) -> None:
    rows = np.zeros(len(who), DUE)
    for name, _ in _WHO:
        rows[name] = who[name]
    rows["due"], rows["running"], rows["priority"] = due, running, 2
    state["due"] = joined(state["due"], rows)


def _write(out: Out, who: Array, **more: Any) -> None:
    out.add(
        "fact_appointment", len(who), appointment_id=who["id"], pathway_id=who["pathway"], site_code=who["site"],
        service_code=who["service"], patient_id=who["patient"], age=who["age"], deprivation_quintile=who["quintile"],
        appointment_on=who["day"], appointment_at=who["at"], booked_on=who["booked_day"], booked_at=who["booked"],
        first_attendance=who["follow"] + 2 * who["tele"].astype(np.int64), priority=who["priority"],
        slot_minutes=np.where(who["follow"], 15, 30), **{"pifu": 0, "reminder_sent": 0, **more},
    )  # fmt: skip
