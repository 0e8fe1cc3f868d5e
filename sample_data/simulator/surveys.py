"""What staff answer: the yearly staff survey and the pulses between."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today
from sample_data.simulator.days import Day, number_of
from sample_data.simulator.rows import Codes, Out
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.staff import GROUPS
from sample_data.simulator.state import State

Array = npt.NDArray[Any]

SURVEYS: Final = ("staff_survey", "pulse")
MEASURES: Final = ("engagement", "motivation", "involvement", "advocacy", "morale", "burnout")
ENGAGEMENT, MOTIVATION, INVOLVEMENT, ADVOCACY, MORALE, BURNOUT = range(6)
# Each question: its score, its mean on the scale of 0 to 10 (higher is better), and whether 5 is the worst answer.
_QUESTIONS: Final = (
    ("looks_forward_to_work", MOTIVATION, 6.4, False),
    ("enthusiastic", MOTIVATION, 7.3, False),
    ("time_passes_quickly", MOTIVATION, 7.5, False),
    ("shows_initiative", INVOLVEMENT, 7.2, False),
    ("makes_suggestions", INVOLVEMENT, 7.1, False),
    ("makes_improvements", INVOLVEMENT, 6.5, False),
    ("care_is_priority", ADVOCACY, 7.3, False),
    ("recommend_place_to_work", ADVOCACY, 6.5, False),
    ("recommend_care", ADVOCACY, 6.8, False),
    ("thinks_of_leaving", MORALE, 6.6, True),
    ("unrealistic_time_pressure", MORALE, 5.6, True),
    ("enough_staff", MORALE, 5.1, False),
    ("relationships_strained", MORALE, 6.5, True),
    ("burnt_out", BURNOUT, 5.4, True),
    ("exhausted_by_work", BURNOUT, 5.0, True),
    ("worn_out_at_end_of_shift", BURNOUT, 4.8, True),
)
QUESTIONS: Final = tuple(name for name, *_ in _QUESTIONS)
_MEASURE: Final = np.array([measure for _, measure, *_ in _QUESTIONS])
_MEAN: Final = np.array([mean for *_, mean, _ in _QUESTIONS])
_BURDEN: Final = np.array([burden for *_, burden in _QUESTIONS])
# What strain takes off each measure's mean for each percentage point that more are ill than usual, for long.
_HURTS: Final = np.array([0.0, 0.12, 0.08, 0.22, 0.30, 0.35])
_BY_GROUP: Final = np.array([0.05, 0.0, -0.10, 0.12, 0.10, -0.25])
_ANSWERS: Final = np.array([[0.38, 0.40, 0.36, 0.58, 0.64, 0.33], [0.14, 0.15, 0.13, 0.26, 0.34, 0.10]])
_SPREAD: Final = 2.6  # of a person's score around the mean
_MONTHS: Final = {10: 0, 1: 1, 4: 1, 7: 1}  # month to survey
_CUTS: Final = np.array([1.25, 3.75, 6.25, 8.75])  # between the scores 0, 2.5, 5, 7.5 and 10 of the five answers


class Surveys:
    """Hears "present"; tells nobody. Long strain shows in morale and burnout first."""

    codes: Final[Codes] = {
        "fact_survey_score.survey": SURVEYS,
        "fact_survey_score.staff_group": GROUPS,
        "fact_survey_score.measure": MEASURES,
        "fact_survey_answer.survey": SURVEYS,
        "fact_survey_answer.staff_group": GROUPS,
        "fact_survey_answer.question": QUESTIONS,
        "fact_survey_answer.measure": MEASURES,
    }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Has staff who are as strained as usual."""
        del scenario, first
        state["strain"], state["mood"] = np.zeros(len(GROUPS)), np.zeros(len(GROUPS))

    def step(self, today: Today, state: State, out: Out) -> None:
        """Feels the day; at the end of a survey's month hands over its answers."""
        day = today.day
        felt = (1 - np.asarray(today.told("present"))) * 100  # percentage points more ill than usual
        state["strain"] = 0.985 * state["strain"] + 0.015 * felt
        if not (day.is_month_end and day.date.month in _MONTHS):
            return
        random, survey = today.random("surveys"), _MONTHS[day.date.month]
        state["mood"] = 0.8 * state["mood"] + random.normal(0, 0.06, len(GROUPS))
        heads = state["heads"]
        answered = random.binomial(heads, np.clip(_ANSWERS[survey] + random.normal(0, 0.015, len(GROUPS)), 0.02, 0.95))
        means = _MEAN + (_BY_GROUP + state["mood"])[:, None] - state["strain"][:, None] * _HURTS[_MEASURE]
        counts = random.multinomial(answered[:, None], _shares(means))
        _hand_over(out, day, heads, answered, counts)

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Has none."""


def _shares(means: Array) -> Array:
    """Returns the shares of the five answers, worst first, whose underlying scores have these means."""
    normal = np.frompyfunc(NormalDist().cdf, 1, 1)
    below = np.asarray(normal((_CUTS - means[..., None]) / _SPREAD), dtype=np.float64)
    shares = np.diff(below, axis=-1, prepend=0.0, append=1.0)
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))


def _hand_over(out: Out, day: Day, heads: Array, answered: Array, counts: Array) -> None:
    survey = _MONTHS[day.date.month]
    weight = np.where(answered > 0, heads / heads.sum() / np.maximum(answered, 1) * answered.sum(), 0.0)
    scores = (counts * np.arange(0, 12.5, 2.5)).sum(axis=2)  # group, question: sum of 0 to 10
    parts = [np.flatnonzero(np.equal(_MEASURE, measure)) for measure in range(1, len(MEASURES))]
    sums = np.stack([np.zeros(len(heads)), *(scores[:, part].mean(axis=1) for part in parts)], axis=1)
    sums[:, ENGAGEMENT] = sums[:, [MOTIVATION, INVOLVEMENT, ADVOCACY]].mean(axis=1)
    group, measure = (found.ravel() for found in np.indices(sums.shape))
    common = {"period": number_of(day.month), "survey": survey, "changed_at": day.end}
    out.add(
        "fact_survey_score", len(group), staff_group=group, measure=measure, invited_n=heads[group],
        answered_n=answered[group], score_sum=sums[group, measure], weight=weight[group],
        weighted_sum=(weight[:, None] * sums)[group, measure], weighted_n=(weight * answered)[group], **common,
    )  # fmt: skip
    group, question = (found.ravel() for found in np.indices(scores.shape))
    given = np.where(_BURDEN[:, None], np.arange(5, 0, -1), np.arange(1, 6))
    out.add(
        "fact_survey_answer", len(group), staff_group=group, question=question, measure=_MEASURE[question],
        answered_n=answered[group], answer_sum=(counts * given).sum(axis=2)[group, question].astype(np.float64),
        pos_n=counts[group, question, 3:].sum(axis=1), neu_n=counts[group, question, 2],
        neg_n=counts[group, question, :2].sum(axis=1), weight=weight[group], **common,
    )  # fmt: skip
