"""What patients say: feedback that waits for an answer, and the Friends and Family Test."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today, by_chance
from sample_data.simulator.days import Day, local_days, number_of
from sample_data.simulator.records import joined, those
from sample_data.simulator.rows import NONE, Codes, Out
from sample_data.simulator.scenario import Lever, Scenario
from sample_data.simulator.staff import ADMINISTRATIVE
from sample_data.simulator.state import State
from sample_data.simulator.trust import SERVICES, SITES

Array = npt.NDArray[Any]

ITEM: Final = np.dtype(
    [("id", "i8"), ("site", "i1"), ("service", "i1"), ("channel", "i1"), ("theme", "i1"), ("at", "i4")]
)
CHANNELS: Final = ("complaint", "pals", "survey", "compliment")
COMPLIMENT: Final = 3
THEMES: Final = ("waiting", "communication", "appointments", "staff", "facilities", "digital")
SETTINGS: Final = ("outpatient", "inpatient", "emergency")
OUTPATIENT, INPATIENT, EMERGENCY = range(3)
EMERGENCY_SERVICE: Final = "180"
_CODES: Final = (*(service.code for service in SERVICES), EMERGENCY_SERVICE)
_OF_CLINICS: Final = 0.013  # of those seen, write or call afterwards
_OF_STAYS: Final = 0.045
_CHANNEL: Final = np.cumsum([0.20, 0.46, 0.17, 0.17])
_THEME: Final = np.cumsum([0.27, 0.22, 0.19, 0.15, 0.10, 0.07])
_WORK: Final = 15.0  # working days of answering that lie before a piece of feedback
_ANSWERS: Final = np.array([0.11, 0.21, 0.13])  # of those asked, answer the Friends and Family Test
_PLEASED: Final = np.array([0.945, 0.945, 0.81])
_MAJOR: Final = np.array([site.major for site in SITES])


class Feedback:
    """Hears "seen", "left hospital" and "present"; tells nobody.

    What is not thanks waits in line, service by service, and of each line a share is answered every working day,
    as letters are: the mean wait follows the working time of an answer, and grows when clerks are ill.
    """

    codes: Final[Codes] = {
        "fact_feedback_item.site_code": tuple(site.code for site in SITES),
        "fact_feedback_item.service_code": tuple(service.code for service in SERVICES),
        "fact_feedback_item.channel": CHANNELS,
        "fact_feedback_item.theme": THEMES,
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has nothing to answer."""
        del scenario, first
        state["feedback"] = np.zeros(0, ITEM)

    def step(self, today: Today, state: State, out: Out) -> None:
        """Takes in today's feedback, answers some of what waits."""
        day, random = today.day, today.random("feedback")
        new = _received(today, random, state)
        thanks = new["channel"] == COMPLIMENT
        _write(out, new[thanks], closed=NONE, changed=new["at"][thanks])
        if day.date == today.scenario.first_day:
            # Of what came before the record only the slowest is left: it would be no fair sample of its months.
            state["feedback"] = np.zeros(0, ITEM)
        held = joined(state["feedback"], new[~thanks])
        if not day.is_working:
            state["feedback"] = held
            return
        line = np.flatnonzero(held["at"] < day.midnight + 12 * 60)
        # Winter fills the days of those who answer with other things.
        work = _WORK * today.by_service(Lever.FEEDBACK) * (1 + 0.15 * max(0.0, day.season))
        share = 1 - np.exp(-(float(today.told("present")[ADMINISTRATIVE]) ** 2) / work)
        done = line[random.random(len(line)) < share[held["service"][line]]]
        closed = np.maximum(day.instant(random.integers(13 * 60, 17 * 60, len(done))), held["at"][done] + 30)
        _write(out, held[done], closed=closed, changed=closed)
        kept = np.ones(len(held), dtype=np.bool_)
        kept[done] = False
        state["feedback"] = those(held, kept)

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Hands over what is not answered yet."""
        del now
        held = state["feedback"]
        _write(out, held, closed=NONE, changed=held["at"])


def _received(today: Today, random: np.random.Generator, state: State) -> Array:
    seen, left = today.told("seen"), today.told("left hospital")
    chances = np.concatenate([np.full(len(seen), _OF_CLINICS), np.full(len(left), _OF_STAYS)])
    writes = random.random(len(chances)) < chances
    new = np.zeros(int(writes.sum()), ITEM)
    for name in ("site", "service"):
        new[name] = np.concatenate([seen[name], left[name]])[writes]
    new["channel"] = np.searchsorted(_CHANNEL, random.random(len(new)))
    new["theme"] = np.searchsorted(_THEME, random.random(len(new)))
    new["at"] = np.sort(today.day.instant(random.integers(8 * 60, 22 * 60, len(new))))
    new["id"] = state.numbers("feedback", len(new))
    return new


def _write(out: Out, rows: Array, *, closed: Any, changed: Any) -> None:
    closed = np.broadcast_to(np.asarray(closed), len(rows))
    closed_on = np.where(closed < 0, NONE, local_days(np.maximum(closed, 0))) if len(rows) else closed
    out.add(
        "fact_feedback_item", len(rows), feedback_id=rows["id"], site_code=rows["site"], service_code=rows["service"],
        channel=rows["channel"], theme=rows["theme"], needs_answer=rows["channel"] != COMPLIMENT,
        received_on=local_days(rows["at"]), received_at=rows["at"], closed_on=closed_on, closed_at=closed,
        changed_at=changed,
    )  # fmt: skip


class FriendsAndFamily:
    """Hears "seen", "left hospital", "day cases", "arrived", "crowding" and "present"; tells nobody.

    Crowded departments and thin staffing please fewer.
    """

    codes: Final[Codes] = {
        "fact_fft_service_month.site_code": tuple(site.code for site in SITES),
        "fact_fft_service_month.service_code": _CODES,
        "fact_fft_service_month.setting": SETTINGS,
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has asked nobody."""
        del scenario, first
        state["asked"] = np.zeros((len(SITES), len(_CODES), len(SETTINGS)), dtype=np.int64)
        state["crowded"] = np.zeros((2, len(SITES)))

    def step(self, today: Today, state: State, out: Out) -> None:
        """Counts who can be asked today; at the month's end hands over who answered what."""
        day, random = today.day, today.random("friends and family")
        if day.date.day == 1:
            state["asked"], state["crowded"] = np.zeros_like(state["asked"]), np.zeros((2, len(SITES)))
        asked = state["asked"]
        for subject, setting in (("seen", OUTPATIENT), ("left hospital", INPATIENT), ("day cases", INPATIENT)):
            who = today.told(subject)
            who = who if setting == OUTPATIENT else who[~who["dies"]]
            cell = (who["site"].astype(np.int64) * len(_CODES) + who["service"]) * len(SETTINGS) + setting
            asked += np.bincount(cell, minlength=asked.size).reshape(asked.shape)
        come = by_chance(random, float(today.told("arrived")[0]) * _MAJOR * 0.62)
        asked[:, len(SERVICES), EMERGENCY] += come
        crowding = today.told("crowding").mean(axis=0)
        short = 1 - float(np.mean(today.told("present")))
        state["crowded"] = state["crowded"] + np.stack([crowding, np.full(len(SITES), short)])
        if day.is_month_end:
            self._answers(day, random, state, out)

    @staticmethod
    def _answers(day: Day, random: np.random.Generator, state: State, out: Out) -> None:
        asked = state["asked"]
        site, service, setting = np.nonzero(asked)
        eligible = asked[site, service, setting]
        came = random.binomial(eligible, np.clip(_ANSWERS[setting] * random.normal(1, 0.06, len(site)), 0.01, 0.6))
        crowding, short = state["crowded"] / day.date.day
        harm = (
            np.where(setting == EMERGENCY, 0.25 * (crowding[site] - 1.0), 0.03 * (crowding[site] - 1.0)) + short[site]
        )
        pleased = np.clip(_PLEASED[setting] + random.normal(0, 0.012, len(site)) - harm, 0.4, 0.99)
        split = np.stack([0.78 * pleased, 0.22 * pleased, *((1 - pleased) * part for part in (0.42, 0.20, 0.26, 0.12))])
        counts = random.multinomial(came, (split / split.sum(axis=0)).T)
        names = ("very_good", "good", "neither", "poor", "very_poor", "dont_know")
        out.add(
            "fact_fft_service_month", len(site), period=number_of(day.month), site_code=site, service_code=service,
            setting=setting, eligible_n=eligible, responses_n=came, changed_at=day.end,
            **{name: counts[:, at] for at, name in enumerate(names)},
        )  # fmt: skip

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Has none: a month that still runs is not reported."""
