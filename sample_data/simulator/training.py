"""Training that roles require, and the digital skills of those who are asked about them."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today
from sample_data.simulator.days import Day, number_of
from sample_data.simulator.rows import Codes, Out
from sample_data.simulator.scenario import Lever, Scenario
from sample_data.simulator.staff import GROUPS
from sample_data.simulator.state import State

Array = npt.NDArray[Any]

COURSES: Final = ("data_security", "record_system", "clinical_safety", "fire_safety")
DOMAINS: Final = ("information", "communication", "creation", "safety", "learning", "technical")
_VALID: Final = np.array([365.0, 1095.0, 1095.0, 365.0])  # days for which a certificate holds
_HELD: Final = 1 / (1 / _VALID + 0.12 / 365)  # until it runs out or its holder leaves
# Of each group (rows), the share whose role requires the course (columns).
_REQUIRED: Final = np.array(
    [
        [1.0, 1.0, 0.9, 1.0], [1.0, 1.0, 0.8, 1.0], [1.0, 0.7, 0.2, 1.0],
        [1.0, 0.9, 0.6, 1.0], [1.0, 0.6, 0.1, 1.0], [1.0, 0.0, 0.0, 1.0],
    ]
)  # fmt: skip
# Mean days from the end of a certificate to its renewal: those who cannot leave a ward take longest.
_LATE: Final = np.array([52.0, 41.0, 44.0, 28.0, 18.0, 36.0])[:, None] * np.array([1.0, 2.2, 2.4, 1.1])
_AT_LEVEL: Final = np.array([0.62, 0.55, 0.47, 0.68, 0.66, 0.40])
_EASIER: Final = np.array([0.06, 0.10, -0.08, 0.04, 0.0, -0.10])
_SINCE: Final = date(2023, 1, 1)


def _needs(heads: Array) -> Array:
    return np.asarray(np.rint(heads[:, None] * _REQUIRED), dtype=np.int64)


class Training:
    """Hears "present"; tells nobody. Certificates run out by chance, and are renewed the later the fewer are there."""

    codes: Final[Codes] = {
        "fact_training.staff_group": GROUPS,
        "fact_training.course": COURSES,
        "fact_skill_assessment.staff_group": GROUPS,
        "fact_skill_assessment.domain": DOMAINS,
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has as many in date as usual."""
        del scenario, first
        needed = _needs(state["heads"])
        state["in date"] = np.rint(needed * _VALID / (_VALID + _LATE)).astype(np.int64)
        state["certificates"] = np.zeros_like(needed)
        state["trained heads"] = state["heads"].copy()

    def step(self, today: Today, state: State, out: Out) -> None:
        """Lets certificates run out and be renewed; counts at a month's end, and skills at a quarter's."""
        random, day = today.random("training"), today.day
        if day.date.day == 1:
            state["certificates"] = np.zeros_like(state["certificates"])
        needed, held = _needs(state["heads"]), state["in date"]
        # Who leaves takes a certificate along; who comes has none yet.
        gone = np.maximum(0, state["trained heads"] - state["heads"])
        share = held / np.maximum(1, _needs(state["trained heads"]))
        held = np.clip(held - random.binomial(_needs(gone), np.clip(share, 0, 1)), 0, needed)
        state["trained heads"] = state["heads"].copy()
        ended = random.binomial(held, 1 / _VALID)
        there = np.asarray(today.told("present"))[:, None]
        winter = 1 + 0.25 * max(0.0, day.season)
        pace = 1.43 if day.is_working else 0.0  # five days' work in seven
        late = _LATE * winter / there**2
        # The share that is out of date is late / (late + held): it is the share that the lever multiplies.
        factor = today.by_group(Lever.TRAINING, GROUPS)[:, None]
        late = late * factor * _HELD / (_HELD + (1 - factor) * late)
        # Newcomers are trained with the others: they only add to those who are not in date.
        renewed = random.binomial(np.maximum(0, needed - held), 1 - np.exp(-pace / late))
        held = np.minimum(held - ended + renewed, needed)
        state["in date"], state["certificates"] = held, state["certificates"] + renewed
        if day.is_month_end:
            group, course = np.nonzero(needed)
            out.add(
                "fact_training", len(group), period=number_of(day.month), staff_group=group, course=course,
                required_n=needed[group, course], in_date_n=held[group, course],
                completed_n=state["certificates"][group, course], changed_at=day.end,
            )  # fmt: skip
            if day.date.month % 3 == 0:
                self._skills(today, state, out)

    @staticmethod
    def _skills(today: Today, state: State, out: Out) -> None:
        random, day = today.random("skills"), today.day
        years = (day.date - _SINCE).days / 365.25
        shape = (len(GROUPS), len(DOMAINS))
        eligible = np.repeat(state["heads"][:, None], len(DOMAINS), axis=1)
        asked = np.clip(0.30 + 0.06 * years + random.normal(0, 0.03, len(GROUPS)), 0.1, 0.85)
        assessed = np.repeat(random.binomial(state["heads"], asked)[:, None], len(DOMAINS), axis=1)
        level = _AT_LEVEL[:, None] + _EASIER + 0.025 * years + random.normal(0, 0.012, shape)
        able = random.binomial(assessed, np.clip(level, 0.05, 0.97))
        group, domain = (found.ravel() for found in np.indices(shape))
        first = date(day.date.year, day.date.month - 2, 1)
        out.add(
            "fact_skill_assessment", len(group), period=number_of(first), staff_group=group, domain=domain,
            eligible_n=eligible.ravel(), assessed_n=assessed.ravel(), at_level_n=able.ravel(), changed_at=day.end,
        )  # fmt: skip

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Has none: a month that still runs is not counted."""
