"""Discharge summaries and clinic letters: written, waiting to be typed, sent."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator import booking
from sample_data.simulator.component import Today, by_chance
from sample_data.simulator.days import Day, local_days, number_of
from sample_data.simulator.estate import AT_SYSTEM, INTERFACE_CODES, estate
from sample_data.simulator.records import joined, those
from sample_data.simulator.rows import NONE, Codes, Out
from sample_data.simulator.scenario import Lever, Scenario
from sample_data.simulator.staff import ADMINISTRATIVE, MEDICAL
from sample_data.simulator.state import State
from sample_data.simulator.trust import SERVICES, SITES

Array = npt.NDArray[Any]

DOCUMENT: Final = np.dtype(
    [
        ("id", "i8"), ("of", "i8"), ("clinic", "?"), ("site", "i1"), ("service", "i1"), ("event", "i4"),
        ("ready", "i4"), ("sent", "i4"), ("channel", "i1"),
    ]
)  # fmt: skip
_TYPING: Final = 3.8  # working days of typing that lie before a letter
_DICTATION: Final = 1.5  # mean days from clinic to dictation
_TYPED_AT: Final = 13 / 24  # of the day, in the mean
_SEEN_AT: Final = 13.375 / 24  # when clinic is over
_HORIZON: Final = 200  # days, after which no letter lies any more
_LATE: Final = 0.22  # of discharge summaries take more than 24 hours
_OFFICE: Final = slice(9, 17)
_DICTATED, _WRITTEN = AT_SYSTEM["DICT"], AT_SYSTEM["EPR"]
FHIR, MESH = 0, 1
_BEFORE: Final = np.array([0.30, 0.75, 0.95])  # of summaries by FHIR, and of those by file; email; the rest by post
_AFTER: Final = np.array([0.80, 0.80, 0.95])
_TURNS_AFTER: Final = 380.0  # days after the first until half of the practices have changed
_TURNS_IN: Final = 32.0
_LETTERS: Final = np.array([0.05, 0.55, 0.75])


class Documents:
    """Hears "seen", "left hospital", "day cases", "present" and "down".

    Tells "summaries sent": of each hour, how many by FHIR and how many as files.

    Letters wait in line, service by service. Typists do more the more lies before them (overtime, agencies): of
    the line a share that would clear it in `_TYPING` working days: the delay follows the working time of a letter.
    """

    codes: Final[Codes] = {
        "fact_document.site_code": tuple(site.code for site in SITES),
        "fact_document.service_code": tuple(service.code for service in SERVICES),
        "fact_document.document_type": ("discharge", "clinic"),
        "fact_document.channel": ("fhir", "mesh", "email", "post"),
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has nothing to type."""
        del scenario, first
        state["letters"], state["summaries"] = np.zeros(0, DOCUMENT), np.zeros(0, DOCUMENT)

    def step(self, today: Today, state: State, out: Out) -> None:
        """Takes in today's clinics and discharges, types, and hands over what is sent."""
        random = today.random("documents")
        self._summaries(today, random, state, out)
        self._letters(today, random, state, out)

    @staticmethod
    def _summaries(today: Today, random: np.random.Generator, state: State, out: Out) -> None:
        left = joined(today.told("left hospital"), today.told("day cases"))
        left = left[~left["dies"]]
        new = np.zeros(len(left), DOCUMENT)
        new["id"], new["of"], new["event"] = state.numbers("document", len(left)), left["id"], left["left"]
        new["site"], new["service"] = left["site"], left["service"]
        # The fewer doctors, the more summaries wait for the morning after.
        late = _LATE * today.by_site(Lever.LATE_SUMMARY)[left["site"]] / float(today.told("present")[MEDICAL]) ** 2
        # What cannot be written while the record is down is written by the next shift.
        hour = (np.clip(left["left"] - today.day.midnight, 0, today.day.length - 1) // 60).astype(np.int64)
        late = late * (1 + 1.5 * today.told("down")[hour, _WRITTEN])
        waits = random.random(len(left)) < late * np.where(left["class"] == 1, 0.6, 1.0)
        soon = np.minimum(1410, random.exponential(260, len(left)))
        new["sent"] = left["left"] + 5 + np.where(waits, 1440 + random.exponential(2100, len(left)), soon)
        new["channel"] = np.searchsorted(_summaries_by(today), random.random(len(new)))
        held = joined(state["summaries"], new)
        gone = held["sent"] < today.day.end
        sent = held[gone]
        if not _by_file(today):
            sent["channel"][sent["channel"] == MESH] = FHIR
        _write(out, sent, sent=sent["sent"], channel=sent["channel"], changed=sent["sent"])
        by_hour = np.zeros((len(today.day.hours), 2), dtype=np.int64)
        electronic = sent[sent["channel"] <= MESH]
        np.add.at(by_hour, ((electronic["sent"] - today.day.midnight) // 60, electronic["channel"]), 1)
        today.tell("summaries sent", by_hour)
        state["summaries"] = those(held, ~gone)

    @staticmethod
    def _letters(today: Today, random: np.random.Generator, state: State, out: Out) -> None:
        day, seen = today.day, today.told("seen")
        needs = seen[random.random(len(seen)) < np.where(seen["follow"], 0.72, 0.97)]
        new = np.zeros(len(needs), DOCUMENT)
        new["id"], new["of"], new["clinic"] = state.numbers("document", len(new)), needs["id"], True
        new["site"], new["service"], new["event"] = needs["site"], needs["service"], needs["at"] + 30
        factor = today.by_service(Lever.LETTER_TIME)
        dictated = random.exponential(_DICTATION, len(new)) * factor[new["service"]]
        new["ready"] = day.number + np.floor(dictated + random.random(len(new)))
        held = joined(state["letters"], new)
        if not day.is_working:
            state["letters"] = held
            return
        line = np.flatnonzero(held["ready"] <= day.number)
        lying = np.bincount(held["service"][line], minlength=len(SERVICES))
        # An exact share a day of what flows in and out evenly: a line cleared in n days on average.
        works = float(today.told("present")[ADMINISTRATIVE]) * (
            1 - float(today.told("down")[_OFFICE, _DICTATED].mean())
        )
        share = 1 - np.exp(-works / (_TYPING * factor))
        typed = by_chance(random, lying * share)
        done = line[booking.first_in_line(held["service"][line].astype(np.int64), typed)]
        sent = np.maximum(day.instant(random.integers(9 * 60, 17 * 60, len(done))), held["event"][done] + 10)
        sent = np.minimum(sent, day.end - 1)
        _write(out, held[done], sent=sent, channel=np.searchsorted(_LETTERS, random.random(len(done))), changed=sent)
        kept = np.ones(len(held), dtype=np.bool_)
        kept[done] = False
        state["letters"] = those(held, kept)

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Hands over what is not sent yet."""
        del now
        for held in (state["summaries"], state["letters"]):
            _write(out, held, sent=NONE, channel=NONE, changed=held["event"])


def letter_days(factor: float) -> float:
    """Returns the mean days from clinic to letter that follow from working times multiplied by a factor.

    Exact for a line in balance with everybody present, no holidays and no system down: letters are typed on working
    days only, so the days between fall by more than the working time does.
    """
    share, dictation = 1 - math.exp(-1 / (_TYPING * factor)), _DICTATION * factor
    total = 0.0
    for weekday in range(5):
        lying = ready_before = 0.0
        for after in range(_HORIZON):
            # Dictation is exponential, and its day is reached with a uniform part of a day added.
            ready = 1 - dictation * (math.exp(-after / dictation) - math.exp(-(after + 1) / dictation))
            lying, ready_before = lying + ready - ready_before, ready
            if (weekday + after) % 7 < 5:
                typed = lying * share
                lying, total = lying - typed, total + typed * after / 5
    return total + _TYPED_AT - _SEEN_AT


def _by_file(today: Today) -> bool:
    """Returns whether summaries are still sent as files."""
    return bool(estate(today.scenario.first_day).interfaces_on(today.day.number)[INTERFACE_CODES.index("TOC-MSH")])


def _summaries_by(today: Today) -> Array:
    """Returns the cumulative shares of the channels of summaries: practice by practice, files give way to FHIR."""
    since = today.day.number - number_of(today.scenario.first_day)
    turned = 1 / (1 + np.exp(-(since - _TURNS_AFTER) / _TURNS_IN)) if _by_file(today) else 1.0
    return np.asarray(_BEFORE + (_AFTER - _BEFORE) * turned)


def _write(out: Out, rows: Array, *, sent: Any, channel: Any, changed: Any) -> None:
    out.add(
        "fact_document", len(rows), document_id=rows["id"], site_code=rows["site"], service_code=rows["service"],
        document_type=rows["clinic"].astype(np.int64), spell_id=np.where(rows["clinic"], NONE, rows["of"]),
        appointment_id=np.where(rows["clinic"], rows["of"], NONE), event_on=local_days(rows["event"]),
        event_at=rows["event"], sent_at=sent, channel=channel, changed_at=changed,
    )  # fmt: skip
