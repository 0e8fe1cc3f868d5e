"""A waiting list carried forward week by week with the age of every pathway, along many equally likely paths.

A list is an array of pathways by full weeks waited: 0 to 103, and 104 or more in the last place. Each week all grow a
week older, referrals join, a share leaves for reasons other than treatment, and treatment takes from the list in two
ways: by the service's own pattern of ages, and longest wait first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np

from models.demand_paths import Floats

BANDS: Final = 105
"""Weeks waited 0 to 103, and 104 or more."""

WITHIN: Final = 18
LONG: Final = 52

NEWCOMERS: Final = 0.5
"""The part of the week in which they join that newcomers are there, on average."""

MOST_ROUNDS: Final = 40
MOST_READY: Final = 50.0
"""How much readier those of 18 weeks or more may be taken than the pattern says, and how much less ready."""
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Start:
    """A list as it stands, and how it is worked.

    Attributes:
        on: the day on which the list was counted.
        waiting: pathways by full weeks waited, `BANDS` of them.
        pattern: chance of removal by full weeks waited, relative to each other.
        other_stops: share of the list that leaves each week for reasons other than treatment.
        longest_first: share of the usual treatments that goes to the longest waits, whatever the pattern.
    """

    on: date
    waiting: Floats
    pattern: Floats
    other_stops: float = 0.0
    longest_first: float = 0.0

    def __post_init__(self) -> None:
        for name, values in (("waiting", self.waiting), ("pattern", self.pattern)):
            if values.shape != (BANDS,) or not (values >= 0).all():
                raise ValueError(f"'{name}' must be {BANDS} numbers of 0 or more, one for each week waited.")
        if not 0 <= self.other_stops < 1 or not 0 <= self.longest_first <= 1:
            raise ValueError("Shares must lie between 0 and 1.")


@dataclass(frozen=True, slots=True)
class Levers:
    """What is done differently, from the week `from_week` on.

    Attributes:
        referrals: what referrals are multiplied by.
        extra: treatments a week on top of the usual ones; below 0, fewer.
        extra_longest_first: share of the extra treatments that goes to the longest waits.
        validation: share of the list that leaves each week besides the usual, being no longer in need.
        from_week: the first week of the change, 0 being the first.
    """

    referrals: float = 1.0
    extra: float = 0.0
    extra_longest_first: float = 1.0
    validation: float = 0.0
    from_week: int = 0


@dataclass(frozen=True, slots=True)
class Flows:
    """What comes and what can be treated: draws x weeks each.

    Attributes:
        referrals, treatments: pathways a week.
        readiness: how many times as readily as the pattern says those of 18 weeks or more are taken; None is once.
    """

    referrals: Floats
    treatments: Floats
    readiness: Floats | None = None

    def __post_init__(self) -> None:
        if self.referrals.shape != self.treatments.shape:
            raise ValueError(
                f"Referrals are {self.referrals.shape} and treatments {self.treatments.shape}: they must be alike."
            )
        if self.readiness is not None and self.readiness.shape != self.treatments.shape:
            raise ValueError(
                f"Readiness is {self.readiness.shape} and treatments {self.treatments.shape}: they must be alike."
            )

    def first(self, draws: int) -> Flows:
        """Returns the first draws alone."""
        return self._cut(slice(draws), slice(None))

    def until(self, week: int) -> Flows:
        """Returns the first weeks alone."""
        return self._cut(slice(None), slice(week))

    def _cut(self, draws: slice, weeks: slice) -> Flows:
        ready = None if self.readiness is None else self.readiness[draws, weeks]
        return Flows(self.referrals[draws, weeks], self.treatments[draws, weeks], ready)


@dataclass(frozen=True, slots=True)
class Projection:
    """A list week by week: draws x (weeks + 1), the first column being the list as it stood.

    Attributes:
        on: the day of the first column; each next is a week later.
        size: pathways waiting.
        within: of them, those of less than 18 weeks.
        long: of them, those of 52 weeks or more.
        removed: that left in the week, for whatever reason; 0 in the first column.
    """

    on: date
    size: Floats
    within: Floats
    long: Floats
    removed: Floats

    @property
    def share(self) -> Floats:
        """Returns the share of less than 18 weeks; 1 where nobody waits."""
        return np.divide(self.within, self.size, out=np.ones_like(self.size), where=self.size > 0)

    def day(self, week: int) -> date:
        """Returns the day on which a week ends."""
        return self.on + timedelta(weeks=week)

    def meets(self, share: float) -> Floats:
        """Returns, for each week, the probability that at least so large a share waits less than 18 weeks."""
        # A list of whole pathways that just meets its standard must not fail it by rounding.
        return np.asarray((self.share >= share - _ROUNDING).mean(axis=0))

    def within_size(self, size: float) -> Floats:
        """Returns, for each week, the probability that the list is no longer than so many pathways."""
        return np.asarray((self.size <= size + _ROUNDING).mean(axis=0))


def project(start: Start, flows: Flows, levers: Levers | None = None) -> Projection:
    """Returns the list along every path.

    Those who join in a week are there for half of it, and leave half as readily as those there all week. What cannot
    be treated by the pattern for want of such pathways goes to the longest waits; nothing is treated that does not
    wait.

    Args:
        start: the list as it stands.
        flows: referrals and treatments a week, one path a row.
        levers: what is done differently; None is nothing.
    """
    draws, weeks = flows.referrals.shape
    found = Projection(start.on, *(np.zeros((draws, weeks + 1)) for _ in range(4)))
    first = np.tile(start.waiting, (draws, 1))
    _count(found, 0, first)
    for week, waiting in _weeks(start, flows, levers or Levers(), first, range(weeks)):
        _count(found, week + 1, waiting)
    referrals = flows.referrals.astype(float)
    if levers:
        referrals[:, levers.from_week :] *= levers.referrals
    found.removed[:, 1:] = found.size[:, :-1] + referrals - found.size[:, 1:]
    return found


def carried(start: Start, flows: Flows) -> Floats:
    """Returns the pathways by full weeks waited at the end of each path, draws x `BANDS`."""
    draws, weeks = flows.referrals.shape
    return _last(np.tile(start.waiting, (draws, 1)), start, flows, Levers(), range(weeks))


def _weeks(start: Start, flows: Flows, levers: Levers, waiting: Floats, weeks: range) -> Iterator[tuple[int, Floats]]:
    """Yields each week with the lists at its end, draws x bands; each must be used before the next is asked for."""
    pattern = _of_the_week(start.pattern)
    usual_stays = _stays(start.other_stops)
    chosen_stays = _stays(start.other_stops + levers.validation * (1 - start.other_stops))
    for week in weeks:
        applies = week >= levers.from_week
        joining = flows.referrals[:, week] * (levers.referrals if applies else 1.0)
        grown = _grown(waiting, joining, chosen_stays if applies else usual_stays)
        extra = levers.extra if applies else 0.0
        usual = np.maximum(flows.treatments[:, week] + min(extra, 0.0), 0.0)
        added = max(extra, 0.0)
        by_pattern = usual * (1 - start.longest_first) + added * (1 - levers.extra_longest_first)
        by_age = usual * start.longest_first + added * levers.extra_longest_first
        ready = None if flows.readiness is None else flows.readiness[:, week]
        waiting = _treated(grown, pattern, by_pattern, by_age, ready)
        yield week, waiting


def _grown(waiting: Floats, joining: Floats, stays: Floats) -> Floats:
    """Returns the lists a week older, with those who join, without those who leave for other reasons."""
    grown = np.empty_like(waiting)
    grown[:, 0] = joining
    grown[:, 1:] = waiting[:, :-1]
    grown[:, -1] += waiting[:, -1]
    grown *= stays
    return grown


def steered(start: Start, referrals: Floats, size: Floats, share: Floats) -> Flows:
    """Returns the flows by which a list takes a given course: how many are treated, and how readily the long waits.

    Where those of less than 18 weeks would be too few though none of them were treated, more join, and as many more
    are treated. Otherwise a course that no treatment can bring is followed as nearly as can be: nobody is put back on
    the list, and readiness has its bounds.

    Args:
        start: the list as it stands.
        referrals: draws x weeks.
        size: of the list at each week's end, draws x weeks.
        share: of less than 18 weeks, likewise.
    """
    pattern = _of_the_week(start.pattern)
    stays = _stays(start.other_stops)
    draws, weeks = referrals.shape
    joining = referrals.astype(float)
    treatments, readiness = np.zeros((draws, weeks)), np.ones((draws, weeks))
    waiting = np.tile(start.waiting, (draws, 1))
    for week in range(weeks):
        grown = _grown(waiting, joining[:, week], stays)
        few = np.maximum(share[:, week] * size[:, week] - grown[:, :WITHIN].sum(axis=1), 0.0)
        joining[:, week] += few / stays[0]
        grown[:, 0] += few
        total, young = grown.sum(axis=1), grown[:, :WITHIN].sum(axis=1)
        usual = np.maximum(total - size[:, week], 0.0)
        by_age = usual * start.longest_first
        by_pattern = usual - by_age
        of_young = np.clip(young - share[:, week] * (total - usual), 0.0, np.minimum(by_pattern, young))
        of_young = np.maximum(of_young, by_pattern - np.maximum(total - young - by_age, 0.0))
        chance = grown[:, :WITHIN] @ pattern[:WITHIN], grown[:, WITHIN:] @ pattern[WITHIN:]
        odds = np.divide(by_pattern - of_young, chance[1], out=np.ones(draws), where=chance[1] > 0)
        usually = np.divide(of_young, chance[0], out=np.ones(draws), where=chance[0] > 0)
        ready = np.divide(odds, usually, out=np.full(draws, MOST_READY), where=usually > 0)
        readiness[:, week] = np.where((chance[0] > 0) & (chance[1] > 0), ready.clip(1 / MOST_READY, MOST_READY), 1.0)
        treatments[:, week] = usual
        waiting = _treated(grown, pattern, by_pattern, by_age, readiness[:, week])
    return Flows(joining, treatments, readiness)


def _of_the_week(pattern: Floats) -> Floats:
    """Returns the pattern with newcomers there for part of their first week."""
    found = pattern.copy()
    found[0] *= NEWCOMERS
    return found


def _last(waiting: Floats, start: Start, flows: Flows, levers: Levers, weeks: range) -> Floats:
    """Returns the lists at the end of the last of the weeks; as they are where there is none."""
    found = waiting
    for _, after in _weeks(start, flows, levers, waiting, weeks):
        found = after
    return found


def _stays(leaving: float) -> Floats:
    """Returns the share that stays of each age, when such a share of those there all week leaves."""
    stays = np.full(BANDS, 1 - leaving)
    stays[0] = 1 - leaving * NEWCOMERS
    return stays


def _treated(waiting: Floats, pattern: Floats, by_pattern: Floats, by_age: Floats, ready: Floats | None) -> Floats:
    """Returns what is left of each list; changes `waiting`."""
    times = np.ones(len(waiting)) if ready is None else ready
    total = waiting[:, :WITHIN] @ pattern[:WITHIN] + times * (waiting[:, WITHIN:] @ pattern[WITHIN:])
    rate = np.divide(by_pattern, total, out=np.zeros_like(total), where=total > 0)
    taken = np.multiply.outer(rate, pattern)
    if ready is not None:
        taken[:, WITHIN:] *= ready[:, None]
    np.minimum(taken, 1.0, out=taken)
    before = waiting.sum(axis=1)
    taken *= waiting
    waiting -= taken
    left_over = np.maximum(by_pattern - (before - waiting.sum(axis=1)), 0.0)
    left_over[left_over < _ROUNDING * before] = 0.0
    wanted = by_age + left_over
    if not wanted.any():
        return waiting
    # Of each age, what is left once so many have gone from the oldest on.
    older = np.cumsum(waiting[:, ::-1], axis=1)[:, ::-1]
    older -= wanted[:, None]
    return np.clip(older, 0.0, waiting, out=older)


def _count(into: Projection, week: int, waiting: Floats) -> None:
    into.size[:, week] = waiting.sum(axis=1)
    into.within[:, week] = waiting[:, :WITHIN].sum(axis=1)
    into.long[:, week] = waiting[:, LONG:].sum(axis=1)


@dataclass(frozen=True, slots=True)
class Needed:
    """The capacity that a target needs.

    Attributes:
        extra: treatments a week on top of the usual ones; 0 when the target is met without, infinite when no capacity
            meets it in time.
        probability: with which the target is met with so many.
        without: with which it is met with none.
    """

    extra: float
    probability: float
    without: float


def capacity_needed(
    start: Start, flows: Flows, levers: Levers, *, share: float, week: int, probability: float, precision: float = 0.005
) -> Needed:
    """Returns the extra treatments a week with which at least so large a share waits less than 18 weeks by a week.

    Bisection on the capacity, with the same paths in every round, so that rounds differ by the capacity alone.

    Args:
        start: the list as it stands.
        flows: referrals and treatments a week, at least `week` of them.
        levers: what else is done differently; its `extra` is left out of account.
        share: wanted of less than 18 weeks.
        week: by whose end.
        probability: with which the target must be met.
        precision: of the answer, as a share of the usual treatments.
    """
    cut = flows.until(week)
    begins = min(levers.from_week, week)
    # Until the levers hold, all rounds are the same.
    common = _last(np.tile(start.waiting, (len(cut.referrals), 1)), start, cut, levers, range(begins))

    def met(extra: float) -> float:
        waiting = _last(common, start, cut, replace(levers, extra=extra), range(begins, week))
        return float((waiting[:, :WITHIN].sum(axis=1) >= (share - _ROUNDING) * waiting.sum(axis=1)).mean())

    usual = max(float(cut.treatments.mean()), 1e-9)
    # More than the whole list and all who join, treated at once, is no plan.
    most = float(start.waiting.sum() + cut.referrals.sum(axis=1).max() * levers.referrals)
    return _least(met, probability, usual * precision, first=usual * 0.05, most=most)


def _least(met: Callable[[float], float], probability: float, precision: float, *, first: float, most: float) -> Needed:
    without = met(0.0)
    if without >= probability:
        return Needed(0.0, without, without)
    low, high, reached = 0.0, first, met(first)
    while reached < probability:
        if high >= most:
            return Needed(float("inf"), reached, without)
        low, high = high, min(high * 2, most)
        reached = met(high)
    for _ in range(MOST_ROUNDS):
        if high - low <= precision:
            break
        middle = (low + high) / 2
        if (found := met(middle)) >= probability:
            high, reached = middle, found
        else:
            low = middle
    return Needed(high, reached, without)
