"""What users say of their systems, twice a year: usability follows the system, its outages, and how new it is."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today
from sample_data.simulator.days import Day, number_of
from sample_data.simulator.estate import SYSTEM_CODES, SYSTEMS, estate
from sample_data.simulator.rows import Codes, Out
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.staff import GROUPS
from sample_data.simulator.state import State
from sample_data.simulator.users import USED, USED_AT

Array = npt.NDArray[Any]

ITEMS: Final = 11
_WAVES: Final = (4, 10)
_CLOSES: Final = 28
_ANSWERS: Final = 0.48
_REMEMBERED: Final = 0.985  # of yesterday's outages: half is forgotten after a month and a half
_GRUDGE: Final = 1.6  # points of the scale for each remembered hour
_STRANGE: Final = 9.0  # points less when new
_LEARNT_IN: Final = 120.0
_MEANS: Final = np.array([SYSTEMS[at].usability for at in USED_AT])
_BY_GROUP: Final = np.array([-4.0, 0.0, 2.0, 1.0, 3.0])


class Usability:
    """Hears "down" and "habits". Tells nobody."""

    codes: Final[Codes] = {
        "fact_usability_response.system_code": SYSTEM_CODES,
        "fact_usability_response.staff_group": GROUPS,
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has no outage in mind."""
        del scenario, first
        state["remembered outages"] = np.zeros(len(USED))

    def step(self, today: Today, state: State, out: Out) -> None:
        """Remembers today's outages; hands over a wave's answers on the day it closes."""
        day = today.day
        down = today.told("down")[:, USED_AT].sum(axis=0)
        state["remembered outages"] = _REMEMBERED * state["remembered outages"] + down
        if day.date.month in _WAVES and day.date.day == _CLOSES:
            _wave(today, state, out)

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Has none."""


def _wave(today: Today, state: State, out: Out) -> None:
    day, random, people = today.day, today.random("usability"), state["panel"]
    habits = today.told("habits")
    who, system = np.nonzero(habits & (random.random(habits.shape) < _ANSWERS))
    group = people["group"][who]
    since = np.maximum(0, day.number - estate(today.scenario.first_day).system_live[USED_AT])
    felt = _MEANS - _STRANGE * np.exp(-since / _LEARNT_IN) - np.minimum(12.0, _GRUDGE * state["remembered outages"])
    # Some like whatever they are given, some nothing: two thirds of the variance is the person's.
    person = random.normal(0.0, 13.0, len(people))[who]
    latent = felt[system] + _BY_GROUP[group] + person + random.normal(0.0, 9.0, len(who))
    score = (np.rint(latent / 2.5) * 2.5).clip(0, 100)
    liked = 1 / (1 + np.exp(-(latent - 58) / 13))
    shares = np.stack([liked * 0.8, np.full(len(who), 0.2), (1 - liked) * 0.8], axis=1)
    items = random.multinomial(ITEMS, shares)
    out.add(
        "fact_usability_response", len(who), response_id=state.numbers("usability response", len(who)),
        period=number_of(day.month), system_code=USED_AT[system], staff_group=group,
        answered_on=day.number - random.integers(0, _CLOSES, len(who)), sus_score=score, ehr_positive=items[:, 0],
        ehr_neutral=items[:, 1], ehr_negative=items[:, 2],
        net_experience=((items[:, 0] - items[:, 2]) / ITEMS * 100).round(2), changed_at=day.end,
    )  # fmt: skip
