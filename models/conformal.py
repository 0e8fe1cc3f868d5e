"""Prediction intervals from the errors of earlier forecasts (split conformal, with weights that fade).

Sources: Vovk et al., Algorithmic Learning in a Random World; the half-width at level p is the k-th smallest of n
absolute scores, k = ceil((n + 1) p). Barber et al. 2023, Conformal prediction beyond exchangeability: scores of long
ago weigh less, so that intervals follow livelier and calmer times. Scores are errors in units of `models.spreads`, so
those of all series can be ranked together; `models.adaptive` says at which level each series reads the ranks. With
k > n the scores cannot support a level: then the errors are taken to be normal with a spread known from as few as there
are (Student's t), and whoever shows the interval must say so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, pi, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from models.adaptive import followed
from models.calendar import Floats
from models.effects import EXACT
from models.spreads import COMPANIONS, spreads

_MEAN_TO_SD = sqrt(pi / 2)

MEMORY = 8.0
"""Origins after which an error counts half, in the spread and in the ranks."""

LEANING = 0.5
"""How far the two sides of an interval follow the ranks of their own side."""


@dataclass(frozen=True, slots=True)
class Widths:
    """How far the truth may lie from a forecast, on the models' scale.

    Attributes:
        below, above: level to how far the interval reaches each way (horizon x series); NaN without any earlier error.
        variance: of the error (horizon x series), holidays apart; 0 where there is no record.
        origins: earlier forecasts that judge each horizon (horizon x series).
        errors: the earlier errors, each in proportion to what errors are now (origins x horizon x series).
    """

    below: dict[float, Floats]
    above: dict[float, Floats]
    variance: Floats
    origins: NDArray[np.int64]
    errors: Floats

    def at_least(self, usual: Floats) -> Widths:
        """Returns intervals no narrower than those of normal errors of the usual absolute size (series)."""
        if not usual.any():
            return self
        below, above = (
            {level: np.fmax(side, _MEAN_TO_SD * ndtri((1 + level) / 2) * usual) for level, side in sides.items()}
            for sides in (self.below, self.above)
        )
        return replace(self, below=below, above=above)


def origins_needed(level: float) -> int:
    """Returns the fewest earlier forecasts that can support an interval at the level."""
    count = 1
    while not attainable(count, level):
        count += 1
    return count


def attainable(origins: int, level: float) -> bool:
    """Returns whether so many independent scores can support an interval at the level."""
    return _rank(origins, level) <= origins


def widths(
    errors: Floats,
    levels: tuple[float, ...],
    bucket: int,
    unusual: NDArray[np.bool_],
    unusual_ahead: NDArray[np.bool_],
    *,
    step: int = 1,
    memory: float = MEMORY,
    season: int = 1,
    level_of: Floats | None = None,
) -> Widths:
    """Returns interval widths from earlier errors (origins x horizon x series; NaN where not known).

    Args:
        errors: truth less forecast at earlier cut-offs, on the models' scale.
        levels: such as 0.8 and 0.95.
        bucket: neighbouring horizons that share one spread.
        unusual: which targets of `errors` fall on holidays (origins x horizon).
        unusual_ahead: which periods ahead do.
        step: periods between the cut-offs, and from the last of them to now.
        memory: origins after which an error counts half.
        season: 7 if cut-offs lie whole weeks apart, so that weekdays have spreads of their own; else 1.
        level_of: mean absolute values by series, on the models' scale. A series whose errors are nothing to it is known
            exactly: its interval is as wide as arithmetic needs, and it says nothing of the others.
    """
    count, horizon, series = errors.shape
    if level_of is not None:
        # What arithmetic leaves over would be a yardstick by which the first real error were endless.
        errors = np.where(np.abs(errors) <= EXACT * level_of, 0.0, errors)
        exact = _known_exactly(errors)
        if exact.any():
            others = errors[:, :, ~exact]
            rest = widths(others, levels, bucket, unusual, unusual_ahead, step=step, memory=memory, season=season)
            return _beside(rest, exact, EXACT * level_of, _judges(~np.isnan(errors), bucket))
    known = ~np.isnan(errors)
    origins = _judges(known, bucket)
    if not known.any():
        nothing = dict.fromkeys(levels, np.full((horizon, series), np.nan))
        return Widths(nothing, nothing, np.zeros((horizon, series)), origins, errors)
    # Each is measured by the spread of its neighbours: one that had a part in its yardstick would look too small.
    usual = spreads(errors, bucket, unusual, unusual_ahead, step=step, memory=memory, season=season)
    scores = errors / usual.earlier
    reach = _Reach.of(scores, 0.5 ** (np.arange(count)[::-1] / memory))
    # Companions count as well, but not in full: they share what happened.
    judged = origins * min(series, COMPANIONS)
    below, above = {}, {}
    for level in levels:
        possible = judged >= origins_needed(level)
        assumed = usual.ahead * _assumed(judged, level)
        own = followed(scores, level, reach.side, step)
        below[level] = np.where(possible, usual.ahead * reach.side(own, -1), assumed)
        above[level] = np.where(possible, usual.ahead * reach.side(own, +1), assumed)
    # A wider level is never the narrower one.
    for narrow, wide in pairwise(sorted(levels)):
        for side in (below, above):
            side[wide] = np.maximum(side[wide], side[narrow])
    return Widths(below, above, usual.variance, origins, scores * usual.ahead)


def _known_exactly(errors: Floats) -> NDArray[np.bool_]:
    """Which series have errors, all of them nought."""
    known = ~np.isnan(errors)
    return np.asarray((~known | (errors == 0)).all(axis=(0, 1)) & known.any(axis=(0, 1)))


def _beside(rest: Widths, exact: NDArray[np.bool_], least: Floats, origins: NDArray[np.int64]) -> Widths:
    """The widths of the other series, with those of the series that are known exactly in their places."""
    series = len(exact)

    def placed(values: Floats) -> Floats:
        whole = np.zeros((*values.shape[:-1], series))
        whole[..., ~exact] = values
        return whole

    below, above = (
        {level: placed(side) + np.where(exact, least, 0.0) for level, side in sides.items()}
        for sides in (rest.below, rest.above)
    )
    return Widths(below, above, placed(rest.variance), origins, placed(rest.errors))


class _Ranked(NamedTuple):
    """Scores in ascending order, and what weighs as much or less."""

    values: Floats
    weight: Floats


@dataclass(frozen=True, slots=True)
class _Reach:
    """The ranks of all scores, of all series together.

    Attributes:
        even: whatever their sign.
        high, low: those above, and those below with their signs turned.
    """

    even: _Ranked
    high: _Ranked
    low: _Ranked

    @classmethod
    def of(cls, scores: Floats, fading: Floats) -> _Reach:
        """Returns the ranks of signed scores (origins x horizon x series) with one weight for each origin."""
        known = ~np.isnan(scores)
        flat = scores[known]
        weight = np.broadcast_to(fading[:, None, None], scores.shape)[known]
        return cls(_ranked(np.abs(flat), weight), _ranked(flat, weight), _ranked(-flat, weight))

    def side(self, level: Floats, sign: int) -> Floats:
        """Returns how far an interval reaches up (+1) or down (-1) at each level, in spreads."""
        even = _at(self.even, level)
        even = np.where(np.isnan(even), self.even.values[-1], even)
        own = _at(self.high if sign > 0 else self.low, (1 + level) / 2)
        return np.asarray(even + LEANING * np.where(np.isnan(own), 0.0, np.maximum(own, 0.0) - even))


def _assumed(judged: NDArray[np.int64], level: float) -> Floats:
    """The half-width in mean absolute errors if errors are normal, as far as so few of them tell: Student's t."""
    return np.asarray(_MEAN_TO_SD * stdtrit(np.maximum(judged, 1) + 1, (1 + level) / 2))


def _judges(known: NDArray[np.bool_], bucket: int) -> NDArray[np.int64]:
    """Earlier forecasts with a target in the horizon's bucket that has a value: horizon x series."""
    place = np.arange(known.shape[1]) // bucket
    return np.stack([known[:, place == number].any(axis=1).sum(axis=0) for number in place])


def _ranked(scores: Floats, weight: Floats) -> _Ranked:
    order = np.argsort(scores)
    return _Ranked(scores[order], np.cumsum(weight[order]))


def _at(ranked: _Ranked, level: Floats) -> Floats:
    """The smallest score that, with those below it, weighs as much as the level asks; NaN if all together do not."""
    # With equal weights this is the score of rank ceil((n + 1) level).
    count = len(ranked.values)
    needed = level * (1 + 1 / count) * ranked.weight[-1]
    place = np.searchsorted(ranked.weight, needed * (1 - 1e-9))
    return np.asarray(np.where(place < count, ranked.values[np.minimum(place, count - 1)], np.nan))


def _rank(count: int, level: float) -> int:
    # 0.8 x 5 is 4.000000000000001 in floating point; it must not become 5.
    return ceil(round((count + 1) * level, 9))
