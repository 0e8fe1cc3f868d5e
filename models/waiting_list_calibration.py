"""How a service works its list, learned from its own months: what joins, what leaves, and at which ages.

Only the list itself is read, at month ends, by weeks waited. Pathways that join and leave within one month are in no
list and so in neither flow; what joins and what leaves is understated by as much, and the list is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl

from models.demand_paths import Floats
from models.list_changes import Past
from models.waiting_list import BANDS, WITHIN, Flows, Start, project

LEAST_MONTHS: Final = 4
"""Month-to-month changes without which nothing is said of a list's ways."""

LEAST_PATHWAYS: Final = 100

_LONGEST_MONTH: Final = 31
_LEAST_EXPOSURE: Final = 1_000.0
_LEAST_REACH: Final = 1
_MOST_TIMES: Final = 1.6
"""How far the chance of leaving may be put up or down, as a logarithm: five times."""
_ROUNDS: Final = 14


class UncalibratedError(ValueError):
    """A list that cannot be learned from. The message says why."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a list is worked; rates are pathways a week.

    Attributes:
        start: the newest list, and the pattern of ages by which pathways leave.
        joined, treated: by interval between two lists: those that joined and stayed, and those that left by treatment.
        weeks: the length of each interval.
        scale: what past rates are multiplied by, where the newest list covers more than the earlier ones.
        months: first days of the months of which the list was read.
        hazard: share of those of each age that leave in a week.
        growth: how the size changed from list to list, as a share of it.
        odds: how the odds of less than 18 weeks changed, as a logarithm.
    """

    start: Start
    joined: Floats
    treated: Floats
    weeks: Floats
    scale: float
    months: tuple[date, ...]
    hazard: Floats
    growth: Past
    odds: Past

    @property
    def referrals(self) -> float:
        """Returns what joins a week, and stays on the list to a month's end, on average."""
        return float(np.average(self.joined, weights=self.weeks) * self.scale)

    @property
    def treatments(self) -> float:
        """Returns what leaves a week by treatment or decision, on average."""
        return float(np.average(self.treated, weights=self.weeks) * self.scale)

    @property
    def removals(self) -> float:
        """Returns all that leaves a week from a list as long as the newest."""
        return self.treatments + self.start.other_stops * float(self.start.waiting.sum())


def month_end(month: date) -> date:
    """Returns the last day of the month of which the first day is given."""
    return (month + timedelta(days=_LONGEST_MONTH)).replace(day=1) - timedelta(days=1)


def calibrate(lists: pl.DataFrame, *, other_stops: float = 0.0, not_compared: Sequence[date] = ()) -> Calibration:
    """Returns how a list is worked.

    Of those of each age at one month's end, the ones who are a month older at the next have stayed; the others left.
    That gives the share that leaves in a week at each age, over all months together; where the newest list comes
    long after the others, the chance of leaving from 18 weeks on is fitted to it. What joined is what has waited
    less than the month, put up by the share of it that must have left already. What left is what joined less the
    list's growth. Between lists that lie further apart only the growth is used.

    Args:
        lists: columns `period` Date (first day of the month), `weeks` Int64 (full weeks waited; 104 is 104 or more),
            `pathways` Float64; final months only, each whole.
        other_stops: share of the list that leaves each week for reasons other than treatment.
        not_compared: first days from which a list covers more or less than before: changes across them are left out.

    Raises:
        UncalibratedError: there are too few months, or too few pathways.
    """
    months, bands = _bands(lists)
    joining = [
        number
        for number in range(1, len(months))
        if not any(months[number - 1] < day <= months[number] for day in not_compared)
    ]
    next_to = [number for number in joining if (months[number] - months[number - 1]).days <= _LONGEST_MONTH]
    if len(next_to) < LEAST_MONTHS:
        raise UncalibratedError(
            f"{len(next_to)} changes from one month to the next are held, and {LEAST_MONTHS} are needed to learn how "
            "the list is worked."
        )
    if bands[-1].sum() < LEAST_PATHWAYS:
        raise UncalibratedError(
            f"The newest list has {bands[-1].sum():,.0f} pathways; below {LEAST_PATHWAYS} chance decides."
        )
    gaps = np.array([(month_end(months[n]) - month_end(months[n - 1])).days / 7 for n in joining])
    hazard = _hazard([(bands[n - 1], bands[n], gaps[joining.index(n)]) for n in next_to])
    joins = {n: _joined(bands[n], month_end(months[n]).day / 7, hazard) for n in joining}
    usual = float(np.mean(list(joins.values())))
    joined = np.array([joins[n] if n in next_to else (usual + joins[n]) / 2 for n in joining])
    sizes = bands.sum(axis=1)
    growth = np.array([sizes[n] - sizes[n - 1] for n in joining]) / gaps
    between = np.array([(sizes[n] + sizes[n - 1]) / 2 for n in joining])
    treated = np.maximum(joined - growth - other_stops * between, 0.0)
    newest = len(months) - 1
    scale = 1.0 if newest in joining else float(sizes[newest] / sizes[joining[-1]])
    pattern = hazard
    if newest not in next_to:
        pattern = _kept_up(
            Start(month_end(months[-2]), bands[-2] * scale, hazard, other_stops),
            Start(month_end(months[-1]), bands[-1], hazard, other_stops),
            usual * scale,
        )
    start = Start(month_end(months[-1]), bands[-1], pattern, other_stops)
    return Calibration(start, joined, treated, gaps, scale, months, hazard, *_changes(months, bands, joining))


def odds_within(waiting: Floats) -> Floats:
    """Returns the logarithm of the odds of less than 18 weeks, of bands in the last dimension; half of one added."""
    young = waiting[..., :WITHIN].sum(axis=-1)
    return np.asarray(np.log((young + 0.5) / (waiting.sum(axis=-1) - young + 0.5)))


def _changes(months: Sequence[date], bands: Floats, joining: Sequence[int]) -> tuple[Past, Past]:
    """Returns how size and odds changed from list to list; not a number where two lists are not compared."""
    spans = tuple((after.year - before.year) * 12 + after.month - before.month for before, after in pairwise(months))
    compared = np.isin(np.arange(1, len(months)), joining)
    sizes = bands.sum(axis=1)
    # Over years a list can become many times as long: seen from the middle of both, no change has undue weight.
    growth = np.diff(sizes) / ((sizes[1:] + sizes[:-1]) / 2)
    odds = np.diff(odds_within(bands))
    return Past(np.where(compared, growth, np.nan), spans), Past(np.where(compared, odds, np.nan), spans)


def _bands(lists: pl.DataFrame) -> tuple[tuple[date, ...], Floats]:
    tidy = lists.drop_nulls("pathways").with_columns(pl.col("weeks").clip(0, BANDS - 1))
    months = tuple(sorted(tidy["period"].unique()))
    if not months:
        raise UncalibratedError("No list by weeks waited is held.")
    found = np.zeros((len(months), BANDS))
    for period, weeks, pathways in tidy.select("period", "weeks", "pathways").iter_rows():
        found[months.index(period), weeks] += pathways
    return months, found


def waiting_at_least(waiting: Floats, ages: Floats) -> Floats:
    """Returns how many have waited at least so many weeks, even within a week's band; 104 or more stay one band."""
    beyond = np.concatenate([np.cumsum(waiting[::-1])[::-1], [0.0]])
    return np.asarray(np.interp(np.minimum(ages, BANDS - 1), np.arange(BANDS + 1), beyond))


def _hazard(changes: Sequence[tuple[Floats, Floats, float]]) -> Floats:
    """Returns the share that leaves in a week at each age, from lists that are a month apart."""
    left, exposed = np.zeros(BANDS), np.zeros(BANDS)
    for before, after, weeks in changes:
        last = int(BANDS - 1 - np.ceil(weeks))
        ages = np.arange(last + 1, dtype=float)
        there = waiting_at_least(before, ages)
        stayed = waiting_at_least(after, ages + weeks)
        # The last cohort is open: all of its age or older.
        there, stayed = -np.diff(there, append=0.0), -np.diff(stayed, append=0.0)
        middle = np.minimum((ages + 0.5 + weeks / 2).astype(int), BANDS - 1)
        np.add.at(left, middle, there - stayed)
        np.add.at(exposed, middle, weeks * (there + stayed) / 2)
    return _smoothed(left, exposed)


def _smoothed(left: Floats, exposed: Floats) -> Floats:
    """Returns rates over windows that reach as far as is needed to hold enough pathways."""
    total_left = np.concatenate([[0.0], np.cumsum(left)])
    total_exposed = np.concatenate([[0.0], np.cumsum(exposed)])
    found = np.empty(BANDS)
    for age in range(BANDS):
        for reach in range(_LEAST_REACH, BANDS):
            low, high = max(age - reach, 0), min(age + reach + 1, BANDS)
            held = total_exposed[high] - total_exposed[low]
            if held >= _LEAST_EXPOSURE or high - low == BANDS:
                break
        found[age] = (total_left[high] - total_left[low]) / held if held > 0 else 0.0
    return np.clip(found, 0.0, 1.0)


def _kept_up(before: Start, now: Start, referrals: float) -> Floats:
    """Returns the pattern by which the list before has become, in all the time since, as young as it is now.

    A list that is not held for long may be worked in other ways by now. Of these only one thing shows: how many have
    waited 18 weeks or more. So their chance of leaving, beside that of others, is put up or down until it fits.
    """
    weeks = round((now.on - before.on).days / 7)
    sizes = float(before.waiting.sum()), float(now.waiting.sum())
    treated = max(referrals - (sizes[1] - sizes[0]) / weeks - now.other_stops * sum(sizes) / 2, 0.0)
    flows = Flows(np.full((1, weeks), referrals), np.full((1, weeks), treated))
    wanted = float(now.waiting[:WITHIN].sum() / now.waiting.sum())

    def pattern(times: float) -> Floats:
        return np.where(np.arange(BANDS) < WITHIN, before.pattern, before.pattern * times)

    low, high = -_MOST_TIMES, _MOST_TIMES
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        tried = replace(before, pattern=pattern(float(np.exp(middle))))
        low, high = (low, middle) if project(tried, flows).share[0, -1] > wanted else (middle, high)
    return pattern(float(np.exp((low + high) / 2)))


def _joined(waiting: Floats, weeks: float, hazard: Floats) -> float:
    """Returns those who joined a week in the last so many weeks, put up by those who must have left already."""
    young = waiting.sum() - waiting_at_least(waiting, np.array([weeks]))[0]
    # Those of age a have been at risk for a and a half weeks, on average.
    at_risk = np.concatenate([[0.0], np.cumsum(hazard)])[:BANDS] + hazard / 2
    whole = int(weeks)
    stays = np.exp(-at_risk)
    return float(young / (stays[:whole].sum() + (weeks - whole) * stays[whole]))
