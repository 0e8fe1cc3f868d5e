"""Prediction intervals from the errors of earlier forecasts (split conformal).

Source: Vovk et al., Algorithmic Learning in a Random World; the half-width at level p is the k-th smallest
of n absolute scores, k = ceil((n + 1) p). With k > n the scores cannot support a level: then the errors are taken to be
normal with a spread known from as few as there are (Student's t), and whoever shows the interval must say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from models.calendar import Floats

OWN_SCORES_FROM = 19
"""Earlier forecasts from which a series is judged by its own scores; with fewer it borrows its companions'."""

WILD = 6.0
"""Errors count at most as so many median ones in the spread and the variance; four standard deviations if normal."""

PSEUDO_ORIGINS = 24
"""How strongly a series' own quantile is drawn to that of all series: as so many earlier forecasts."""

COMPANIONS = 5
"""At most so many series together support a level: their errors are not independent."""

_MEAN_TO_SD = sqrt(pi / 2)

MEMORY = 8.0
"""Origins after which an error counts half in the spread."""

HOLIDAY_CELLS = 30
HOLIDAY_WIDEST = 3.0


@dataclass(frozen=True, slots=True)
class Widths:
    """How far the truth may lie from a forecast, on the models' scale.

    Attributes:
        half: level to half-widths (horizon x series); NaN without any earlier error.
        variance: of the error (horizon x series), 0 where there is no record.
        origins: earlier forecasts that judge each horizon (horizon x series).
        errors: the earlier errors, each in proportion to what errors are now (origins x horizon x series).
    """

    half: dict[float, Floats]
    variance: Floats
    origins: NDArray[np.int64]
    errors: Floats


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
) -> Widths:
    """Returns interval widths from earlier errors (origins x horizon x series; NaN where not known).

    Args:
        errors: truth less forecast at earlier cut-offs, on the models' scale.
        levels: such as 0.8 and 0.95.
        bucket: neighbouring horizons that share one spread.
        unusual: which targets of `errors` fall on holidays (origins x horizon).
        unusual_ahead: which periods ahead do.
    """
    _, horizon, series = errors.shape
    known = ~np.isnan(errors)
    origins = _judges(known, bucket)
    if not known.any():
        nothing = np.full((horizon, series), np.nan)
        return Widths(dict.fromkeys(levels, nothing), np.zeros((horizon, series)), origins, errors)
    size = _drawn_in(np.where(known, np.abs(errors), np.nan), bucket)
    # Each is measured by the spread of its neighbours: one that had a part in its yardstick would look too small.
    usual, spread = _spreads(size, known, bucket)
    factor = _holiday_factor(size / usual, known, unusual)
    stretch = np.where(unusual, factor, 1.0)[:, :, None]
    scores = np.where(known, np.abs(errors) / (usual * stretch), np.nan)
    ahead = spread * np.where(unusual_ahead, factor, 1.0)[:, None]
    half = {}
    ordered = [np.sort(scores[:, :, number][known[:, :, number]]) for number in range(series)]
    together = np.sort(scores[known])
    for level in levels:
        reach = np.array([_reach(own, together, origins[:, n].max(), level) for n, own in enumerate(ordered)])
        # Companions count as well, but not in full: they share what happened.
        judged = origins * min(series, COMPANIONS)
        possible = np.vectorize(lambda count, level=level: attainable(int(count), level))(judged)
        half[level] = np.where(possible, ahead * reach, ahead * _assumed(judged, level))
    # A wider level is never the narrower one.
    for narrow, wide in pairwise(sorted(half)):
        half[wide] = np.maximum(half[wide], half[narrow])
    variance = _pooled(size**2, known, bucket)
    likewise = errors / (usual * stretch) * ahead
    return Widths(half, variance, origins, likewise)


def _assumed(judged: NDArray[np.int64], level: float) -> Floats:
    """The half-width in mean absolute errors if errors are normal, as far as so few of them tell: Student's t."""
    return np.asarray(_MEAN_TO_SD * stdtrit(np.maximum(judged, 1) + 1, (1 + level) / 2))


def _drawn_in(size: Floats, bucket: int) -> Floats:
    """Absolute errors without the few that would set the spread alone; 0 where not known."""
    place = np.arange(size.shape[1]) // bucket
    result = np.zeros_like(size)
    for number in np.unique(place):
        own = size[:, place == number]
        flat = own.reshape(-1, own.shape[2])
        median = np.nanmedian(np.where(np.isnan(flat).all(axis=0), 0.0, flat), axis=0)
        limit = np.where(median > 0, WILD * median, np.inf)
        result[:, place == number] = np.minimum(np.nan_to_num(own), limit)
    return result


def _judges(known: NDArray[np.bool_], bucket: int) -> NDArray[np.int64]:
    """Earlier forecasts with a target in the horizon's bucket that has a value: horizon x series."""
    place = np.arange(known.shape[1]) // bucket
    return np.stack([known[:, place == number].any(axis=1).sum(axis=0) for number in place])


def _reach(own: Floats, together: Floats, origins: int, level: float) -> float:
    """The conformal quantile of a series' scores, drawn towards that of all series while its own record is short."""
    everyone = _quantile(together, level)
    if origins < OWN_SCORES_FROM or np.isnan(own_quantile := _quantile(own, level)):
        return everyone
    share = origins / (origins + PSEUDO_ORIGINS)
    return share * own_quantile + (1 - share) * everyone


def _quantile(ordered: Floats, level: float) -> float:
    rank = _rank(len(ordered), level)
    return float(ordered[rank - 1]) if 0 < rank <= len(ordered) else float("nan")


def _rank(count: int, level: float) -> int:
    # 0.8 x 5 is 4.000000000000001 in floating point; it must not become 5.
    return ceil(round((count + 1) * level, 9))


def _spreads(size: Floats, known: NDArray[np.bool_], bucket: int) -> tuple[Floats, Floats]:
    """Mean absolute errors by horizon and series, never falling with the horizon's bucket.

    Returns:
        As it was around each origin, without that origin (origins x horizon x series), and as it is now (horizon x
        series). Errors count half after `MEMORY` origins, so that intervals follow livelier and calmer times.
    """
    count, horizon, _ = size.shape
    place = np.arange(horizon) // bucket
    together = (place[:, None] == place[None, :]).astype(float)
    total, cells = together @ size, together @ known.astype(float)
    order = np.arange(count)
    near = 0.5 ** (np.abs(order[:, None] - order[None, :]) / MEMORY) * (1 - np.eye(count))
    now = 0.5 ** ((count - order) / MEMORY)
    overall = size.sum() / known.sum()
    rows = []
    for weight in (near, now[None, :]):
        among = np.tensordot(weight, cells, axes=1)
        mean = np.tensordot(weight, total, axes=1) / np.where(among > 0, among, 1.0)
        grown = np.maximum.accumulate(mean, axis=1)
        rows.append(np.where(grown > 0, grown, overall if overall > 0 else 1.0))
    return rows[0], rows[1][0]


def _pooled(size: Floats, known: NDArray[np.bool_], bucket: int) -> Floats:
    horizon = size.shape[1]
    total, count = size.sum(axis=0), known.sum(axis=0)
    place = np.arange(horizon)
    together = (place[:, None] // bucket == place[None, :] // bucket).astype(float)
    return np.asarray((together @ total) / np.maximum(together @ count, 1))


def _holiday_factor(scores: Floats, known: NDArray[np.bool_], unusual: NDArray[np.bool_]) -> float:
    """How much larger errors are on holidays than on other days; 1 with too few to tell."""
    on = known & unusual[:, :, None]
    off = known & ~unusual[:, :, None]
    if on.sum() < HOLIDAY_CELLS or not off.any():
        return 1.0
    ratio = (scores[on].mean()) / max(scores[off].mean(), 1e-12)
    return float(np.clip(ratio, 1.0, HOLIDAY_WIDEST))
