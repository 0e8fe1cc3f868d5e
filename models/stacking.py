"""How candidates become one forecast: by each series' own record, and by what held for all series together.

Two ways that err differently, averaged. Weights by record prefer the candidates that did well for the series, and for
its companions while its own record is short. The direct regression learns, for each week of the horizon and from all
series at once, how far to move from the candidates' mean towards each of them; it is one ridge regression per week.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calendar import Floats

RIDGE = 0.03
"""Of the direct regression, per observation, on candidates in units of each series' innovations."""

WILD = 8.0
"""An error counts at most as so many standard deviations of the innovations."""

FEW = 10
"""So many series are few: the fewer, the more tightly the direct regression is held."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What could be forecast at one cut-off.

    Attributes:
        values: horizon x candidates x series; NaN where a candidate does not apply.
        spread: of the series' innovations, as known at the cut-off; 0 of a series that is known exactly.
    """

    values: Floats
    spread: Floats


@dataclass(frozen=True, slots=True)
class Weighing:
    """How strongly a record counts.

    Attributes:
        pseudo_periods: how strongly a series' error record is drawn towards that of its companions.
        sharpness: how strongly the better candidates are preferred.
        periods: of the horizon that share one direct regression; None leaves it out.
    """

    pseudo_periods: float
    sharpness: float
    periods: int | None


@dataclass(frozen=True, slots=True)
class Lessons:
    """What one cut-off teaches of the candidates, once its targets have happened.

    Attributes:
        missed: absolute errors, summed over the horizon up to each period (horizon x candidates x series).
        known: targets with a value, counted likewise (horizon x series).
        usable: which candidates applied (candidates x series).
        inner, cross: by period, the sums of a regression of what happened on the candidates.
    """

    missed: Floats
    known: Floats
    usable: NDArray[np.bool_]
    inner: Floats
    cross: Floats


def lessons(scaled: Floats, cutoff: int, each: Candidates) -> Lessons:
    """Returns what the cut-off teaches; periods without a value, and series known exactly, teach nothing."""
    horizon = len(each.values)
    actual = np.full((horizon, scaled.shape[1]), np.nan)
    seen = scaled[cutoff : cutoff + horizon]
    actual[: len(seen)] = seen
    # All candidates say the same of a constant: what they differ by is arithmetic.
    known = ~np.isnan(actual) & (each.spread > 0)
    usable = ~np.isnan(each.values)
    # In units of the innovations, so that neither large series nor wild values decide for all.
    unit = np.where(each.spread > 0, each.spread, np.inf)
    middle, away = _around(each.values)
    away = np.where(known[:, None, :], away / unit, 0.0)
    off = np.where(known, np.clip((actual - middle) / unit, -WILD, WILD), 0.0)
    limit = np.where(each.spread > 0, WILD * each.spread, np.inf)
    missed = np.where(known[:, None, :] & usable, np.abs(each.values - actual[:, None, :]), 0.0)
    return Lessons(
        missed=np.cumsum(np.minimum(missed, limit), axis=0).astype(np.float32),
        known=known.cumsum(axis=0).astype(np.float64),
        usable=np.asarray(usable.all(axis=0)),
        inner=away @ away.transpose(0, 2, 1),
        cross=np.einsum("hks,hs->hk", away, off),
    )


def by_record(each: Candidates, cutoff: int, taught: Mapping[int, Lessons], how: Weighing) -> Floats:
    """Returns the mean of the candidates, weighted by their record (horizon x series).

    Args:
        each: the candidates at the cut-off.
        cutoff: number of the first period that is not known.
        taught: earlier cut-offs to their lessons; what had not happened by this cut-off is left out.
        how: how strongly the record counts.
    """
    horizon, count, series = each.values.shape
    total, seen = np.zeros((count, series)), np.zeros((count, series))
    for earlier, lesson in taught.items():
        # Only targets that had happened by this cut-off count.
        happened = min(horizon, cutoff - earlier)
        total += lesson.missed[happened - 1]
        seen += lesson.known[happened - 1] * lesson.usable
    usable = np.asarray(~np.isnan(each.values).all(axis=0))
    weight = _weights(total, seen, usable, how)
    return np.asarray((np.nan_to_num(each.values) * weight).sum(axis=1))


def direct(each: Candidates, cutoff: int, taught: Mapping[int, Lessons], periods: int) -> Floats:
    """Returns the direct regression's forecasts at a cut-off (horizon x series).

    Args:
        each: the candidates at the cut-off.
        cutoff: number of the first period that is not known.
        taught: earlier cut-offs to their lessons; what had not happened by this cut-off is left out.
        periods: neighbouring ones that share one regression.
    """
    horizon = len(each.values)
    middle, away = _around(each.values)
    # In units of each series' innovations, so that large series do not decide for small ones.
    ridge = RIDGE * (1 + FEW / max(int((each.spread > 0).sum()), 1))
    result = middle.copy()
    for first in range(0, horizon, periods):
        last = min(first + periods, horizon)
        inner, cross, count = np.zeros((away.shape[1],) * 2), np.zeros(away.shape[1]), 0.0
        for earlier, lesson in taught.items():
            until = min(last, max(first, cutoff - earlier))
            if until > first:
                inner += lesson.inner[first:until].sum(axis=0)
                cross += lesson.cross[first:until].sum(axis=0)
                count += float(lesson.known[until - 1].sum() - (lesson.known[first - 1].sum() if first else 0.0))
        if count:
            held = inner / count + ridge * np.eye(away.shape[1])
            moves = np.linalg.solve(held, cross / count)
            result[first:last] += np.einsum("hks,k->hs", away[first:last], moves)
    return result


def _around(values: Floats) -> tuple[Floats, Floats]:
    """The candidates' mean, and each less it (0 where it does not apply)."""
    usable = ~np.isnan(values)
    filled = np.where(usable, values, 0.0)
    middle = filled.sum(axis=1) / np.maximum(usable.sum(axis=1), 1)
    return middle, np.where(usable, filled - middle[:, None, :], 0.0)


def _weights(total: Floats, seen: Floats, usable: NDArray[np.bool_], how: Weighing) -> Floats:
    """Weights of the candidates, adding up to 1 for each series (candidates x series)."""
    own = total / np.maximum(seen, 1)
    # In units of each series' own error, so that large series do not decide for small ones.
    unit = np.where(seen.max(axis=0) > 0, own.max(axis=0), 1.0)
    relative = own / np.where(unit > 0, unit, 1.0)
    companions = (relative * seen).sum(axis=1, keepdims=True) / np.maximum(seen.sum(axis=1, keepdims=True), 1)
    record = (relative * seen + companions * how.pseudo_periods) / (seen + how.pseudo_periods)
    judged = usable & (seen > 0)
    best = np.where(judged, record, np.inf).min(axis=0)
    best = np.where(np.isfinite(best) & (best > 0), best, 1.0)
    # A candidate without a record yet is taken to be as good as the best.
    ratio = np.where(judged, record / best, 1.0)
    weight = np.where(usable, np.exp(-how.sharpness * (ratio - 1)), 0.0)
    return np.asarray(weight / weight.sum(axis=0))
