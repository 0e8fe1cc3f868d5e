"""Planned admissions: who is offered a day, who is put off for want of a bed or staff, and day cases."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator import booking
from sample_data.simulator.beds import METHODS
from sample_data.simulator.clinics import DUE
from sample_data.simulator.component import Today, by_chance
from sample_data.simulator.days import Day
from sample_data.simulator.flow import PLANNED
from sample_data.simulator.pathways import (
    ADMITTED,
    PRIORITIES,
    TO_BE_ADMITTED,
    close,
    find,
    in_turn,
    move,
)
from sample_data.simulator.patients import people
from sample_data.simulator.records import joined
from sample_data.simulator.rows import NONE, Codes, Out
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.spells import DONE
from sample_data.simulator.staff import NURSING
from sample_data.simulator.state import State
from sample_data.simulator.trust import SERVICES, SITES

Array = npt.NDArray[Any]

KEPT, NO_BED, NO_STAFF, BY_PATIENT = range(4)
DAY_CASE: Final = np.dtype([*PLANNED.descr, ("day_case", "?")])
_BY_WEEKDAY: Final = np.array([0.205, 0.21, 0.21, 0.205, 0.17, 0.0, 0.0])
_ORDINARY: Final = np.array([service.ordinary for service in SERVICES])
_PLANNED: Final = np.array([service.planned for service in SERVICES]) / 252.5
_AGES: Final = np.array([service.age for service in SERVICES])


def weekly(scale: float) -> Array:
    """Returns how many from the list are operated on in a usual week, a number a service."""
    found = []
    for service in SERVICES:
        go_on = (1 - service.admit) * booking.SEEN_AGAIN
        found.append(service.referrals / 52.18 * 0.86 * service.admit / (1 - go_on) * 1.05)
    return np.array(found) * scale


class Theatres:
    """Offers days to those on the admission list. Hears "present"; tells "planned" and keeps day cases for later."""

    codes: Final[Codes] = {}

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Needs nothing of its own: those who wait are pathways."""

    def step(self, today: Today, state: State, out: Out) -> None:
        """Draws today's operating list."""
        del out
        day, random = today.day, today.random("theatres")
        offers = np.zeros(0, DAY_CASE)
        if day.is_working:
            there = min(1.05, float(today.told("present")[NURSING]))
            places = by_chance(random, weekly(today.scenario.scale) * _BY_WEEKDAY[day.weekday] * 1.03 * there)
            pathways = state["pathways"]
            waits = in_turn(pathways, TO_BE_ADMITTED)
            waits = waits[np.argsort(pathways["priority"][waits], kind="stable")]
            chosen = pathways[waits[booking.first_in_line(pathways["service"][waits].astype(np.int64), places)]]
            surveilled = self._surveilled(today, random)
            offers = np.zeros(len(chosen) + len(surveilled), DAY_CASE)
            for name in ("patient", "site", "service", "age", "quintile", "priority"):
                offers[name] = np.concatenate([chosen[name], surveilled[name]])
            offers["pathway"] = np.concatenate([chosen["id"], np.full(len(surveilled), NONE)])
            listed = offers["pathway"] >= 0
            offers["method"] = np.where(listed, METHODS.index("11"), METHODS.index("13"))
            offers["id"], offers["spell"] = state.numbers("planned", len(offers)), NONE
            offers["day_case"] = ~(listed & (random.random(len(offers)) < _ORDINARY[offers["service"]]))
            offers["site"] = np.where(offers["day_case"], offers["site"], np.minimum(offers["site"], 1))
            which, ill = random.random(len(offers)), float(today.told("ill")[NURSING])
            no_staff = np.clip(0.004 + 0.35 * (ill - 0.045), 0.002, 0.1)
            offers["result"] = np.where(which < no_staff, NO_STAFF, np.where(which > 0.965, BY_PATIENT, KEPT))
        stays = offers[~offers["day_case"]]
        planned = np.zeros(len(stays), PLANNED)
        for name in PLANNED.names or ():
            planned[name] = stays[name]
        today.tell("planned", planned)
        today.tell("day case offers", offers[offers["day_case"]])

    @staticmethod
    def _surveilled(today: Today, random: np.random.Generator) -> Array:
        count = random.poisson(_PLANNED * today.scenario.scale)
        service = np.repeat(np.arange(len(SERVICES)), count)
        who = people(random, random.normal(_AGES[service], 14).clip(16, 99), today.day.date.year, today.scenario.scale)
        rows = np.zeros(len(service), DAY_CASE)
        rows["service"], rows["priority"] = service, 2
        rows["patient"], rows["age"], rows["quintile"] = who.patient, who.age, who.quintile
        rows["site"] = random.choice(len(SITES), len(rows), p=[site.clinics for site in SITES])
        return rows

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Has none: an offer is final by the evening."""


class Operated:
    """What became of today's operating list. Hears "planned result"; tells "day cases" and "planned done"."""

    codes: Final[Codes] = {
        "fact_planned_admission.site_code": tuple(site.code for site in SITES),
        "fact_planned_admission.service_code": tuple(service.code for service in SERVICES),
        "fact_planned_admission.patient_class": ("1", "2"),
        "fact_planned_admission.admission_method": METHODS,
        "fact_planned_admission.priority": PRIORITIES,
        "fact_planned_admission.result": ("admitted", "cancelled_no_bed", "cancelled_staff", "cancelled_patient"),
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Needs nothing of its own."""

    def step(self, today: Today, state: State, out: Out) -> None:
        """Ends the pathways of those admitted; others go back, those put off by the hospital nearer to the front."""
        day, random = today.day, today.random("operated")
        stays, cases = today.told("planned result"), today.told("day case offers").copy()
        done = cases["result"] == KEPT
        ended = np.zeros(int(done.sum()), DONE)
        for name in ("patient", "pathway", "site", "service", "age", "quintile", "method"):
            ended[name] = cases[name][done]
        ended["id"] = state.numbers("spell", len(ended))
        cases["spell"][done] = ended["id"]
        ended["attendance"], ended["ward"], ended["class"] = NONE, NONE, 1
        ended["first"], ended["ready"], ended["last"] = day.number, day.number, day.number
        came = random.integers(450, 780, len(ended))
        ended["admitted"] = day.instant(came)
        ended["left"] = day.instant(came + random.integers(120, 420, len(ended)))
        today.tell("day cases", ended)
        kept = np.concatenate([stays["pathway"][stays["result"] == KEPT], cases["pathway"][done]])
        self._seen_after(today, random, state, kept[kept >= 0])
        close(state, kept[kept >= 0], ADMITTED)
        for offers in (stays, cases):
            off = offers[(offers["result"] != KEPT) & (offers["pathway"] >= 0)]
            off = off[np.argsort(off["pathway"])]
            sooner = np.where(off["result"] == BY_PATIENT, off["priority"], np.minimum(off["priority"], 1))
            move(state, off["pathway"], TO_BE_ADMITTED, sooner)
        today.tell("planned done", np.array([float((stays["result"] == KEPT).sum() + done.sum())]))
        for offers, kind in ((stays, 0), (cases, 1)):
            out.add(
                "fact_planned_admission", len(offers), planned_id=offers["id"], pathway_id=offers["pathway"],
                site_code=offers["site"], service_code=offers["service"], patient_class=kind,
                admission_method=offers["method"], priority=offers["priority"], planned_on=day.number,
                result=offers["result"], spell_id=offers["spell"], changed_at=day.end,
            )  # fmt: skip

    @staticmethod
    def _seen_after(today: Today, random: np.random.Generator, state: State, ids: Array) -> None:
        who = state["pathways"][find(state, ids)]
        who = who[random.random(len(who)) < booking.AFTER_OPERATION]
        rows = np.zeros(len(who), DUE)
        for name in ("patient", "service", "site", "age", "quintile"):
            rows[name] = who[name]
        rows["pathway"], rows["priority"], rows["running"] = who["id"], 2, False
        rows["due"] = today.day.number + 28 + random.integers(0, 42, len(who))
        state["due"] = joined(state["due"], rows)

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Has none."""
