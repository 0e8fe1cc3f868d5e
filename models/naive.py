"""Forecasts that any other must beat: repeating the last week or year, the last value, the mean of late."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models.calendar import Floats, Frequency
from models.panel import Panel, Scale

LATELY = {Frequency.DAILY: 8, Frequency.WEEKLY: 8, Frequency.MONTHLY: 6}
"""Values in the mean of late: of the same weekday, of weeks, of months."""


@dataclass(frozen=True, slots=True)
class SeasonalNaive:
    """Repeats the last known value of the same weekday, week of the year, or month."""

    name: str = "seasonal naive"
    means: bool = False

    def prepare(self, panel: Panel, horizon: int, scale: Scale) -> Callable[[Sequence[int]], Floats]:
        """Returns a function from cut-offs to forecasts on the models' scale (cut-offs x horizon x series)."""
        season = panel.season

        def points(cutoffs: Sequence[int]) -> Floats:
            return np.stack([self._at(panel.values[:cutoff], season, horizon, scale) for cutoff in cutoffs])

        return points

    @staticmethod
    def _at(known: Floats, season: int, horizon: int, scale: Scale) -> Floats:
        cutoff = len(known)
        cycles = -(-cutoff // season)
        padded = np.full((cycles * season, known.shape[1]), np.nan)
        padded[cycles * season - cutoff :] = known
        by_season = padded.reshape(cycles, season, -1)
        # The last cycle that has a value, for each place in the season.
        last = by_season[-1]
        for cycle in by_season[-2::-1]:
            last = np.where(np.isnan(last), cycle, last)
        return scale.forward(last[np.arange(horizon) % season], first=cutoff)


@dataclass(frozen=True, slots=True)
class LastValue:
    """The last known value, for every period ahead: right for levels that wander, such as occupied beds."""

    name: str = "last value"
    means: bool = False

    def prepare(self, panel: Panel, horizon: int, scale: Scale) -> Callable[[Sequence[int]], Floats]:
        """Returns a function from cut-offs to forecasts on the models' scale (cut-offs x horizon x series)."""
        scaled = scale.forward(panel.values)

        def points(cutoffs: Sequence[int]) -> Floats:
            last = np.stack([_newest(scaled[:cutoff], 1).mean(axis=0) for cutoff in cutoffs])
            return np.repeat(last[:, None, :], horizon, axis=1)

        return points


@dataclass(frozen=True, slots=True)
class RecentMean:
    """The mean of the last values, of the same weekday for days: right for few and irregular counts."""

    name: str = "recent mean"
    means: bool = True

    def prepare(self, panel: Panel, horizon: int, scale: Scale) -> Callable[[Sequence[int]], Floats]:
        """Returns a function from cut-offs to forecasts on the models' scale (cut-offs x horizon x series)."""
        scaled, count = scale.forward(panel.values), LATELY[panel.frequency]
        apart = panel.season if panel.frequency is Frequency.DAILY else 1

        def points(cutoffs: Sequence[int]) -> Floats:
            return np.stack([self._at(scaled[:cutoff], count, apart, horizon) for cutoff in cutoffs])

        return points

    @staticmethod
    def _at(known: Floats, count: int, apart: int, horizon: int) -> Floats:
        # Places of the season are counted back from the cut-off, so the first ahead is as many periods after the last.
        places = [_newest(known[len(known) % apart + place :: apart], count) for place in range(apart)]
        means = np.stack([_mean(each, known) for each in places])
        return np.asarray(means[np.arange(horizon) % apart])


def _newest(known: Floats, count: int) -> Floats:
    """The last `count` values of each series that are there (count x series); NaN where there are fewer."""
    # Positions of values sort after those without one, and among themselves by time.
    order = np.argsort(~np.isnan(known), axis=0, kind="stable")
    padded = np.concatenate([np.full((count, known.shape[1]), np.nan), np.take_along_axis(known, order, axis=0)])
    return np.asarray(padded[-count:])


def _mean(newest: Floats, known: Floats) -> Floats:
    """Means of what is there; of all that is known for a weekday that never had a value."""
    there = ~np.isnan(newest)
    whole = ~np.isnan(known)
    otherwise = np.where(whole, known, 0.0).sum(axis=0) / np.maximum(whole.sum(axis=0), 1)
    mean = np.where(there, newest, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    return np.asarray(np.where(there.any(axis=0), mean, otherwise))
