"""How large errors are: by week of the horizon, by weekday, on holidays, and by what errors were lately.

Errors are only comparable in units of what is usual where they were made. A service that hardly opens on Sundays errs
little on them, every service errs more at Christmas, and a calm year says little of a lively one. What weekdays and
holidays do is told apart first, so that neither bends the measure of ordinary days: after a Christmas that was badly
forecast, January's errors would else look small and its intervals be too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calendar import Floats

WILD = 6.0
"""Errors count at most as so many median ones in the spread and the variance; four standard deviations if normal."""

HINDSIGHT = 0.5
"""How much an error that came later counts in the yardstick of one before it: without any, few origins have one."""

HOLIDAY_CELLS, HOLIDAY_WIDEST = 20, 4.0
"""How strongly errors on holidays are taken to be like others, as so many errors; and how much larger at most."""

COMPANIONS = 5
"""At most so many series together say more than one: their errors are not independent."""

_WEEKDAY_LEAST, _WEEKDAY_MOST = 0.1, 5.0
_SIZE_VARIANCE = 0.8
"""Of absolute errors over their squared mean: 0.57 if normal, more with heavier tails."""
_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Spreads:
    """Mean absolute errors where they were made, and now.

    Attributes:
        earlier: of each origin, period and series, by the errors around it and without its own (origins x horizon x
            series).
        ahead: of each period ahead (horizon x series).
        variance: of the error (horizon x series), holidays apart.
    """

    earlier: Floats
    ahead: Floats
    variance: Floats


def spreads(
    errors: Floats,
    bucket: int,
    unusual: NDArray[np.bool_],
    unusual_ahead: NDArray[np.bool_],
    *,
    step: int,
    memory: float,
    season: int,
) -> Spreads:
    """Returns the spreads of errors, of which at least one is known (origins x horizon x series; NaN where not).

    Args:
        errors: truth less forecast at earlier cut-offs, on the models' scale.
        bucket: neighbouring horizons that share one spread.
        unusual: which targets of `errors` fall on holidays (origins x horizon).
        unusual_ahead: which periods ahead do.
        step: periods between the cut-offs, and from the last of them to now.
        memory: origins after which an error counts half.
        season: periods after which errors are of one kind again, 7 for weekdays; cut-offs lie whole seasons apart.
    """
    known = ~np.isnan(errors)
    size = np.where(known, np.abs(errors), np.nan)
    weekday, holiday = np.ones(errors.shape[1:]), 1.0
    overlap = max(errors.shape[1] / step, 1.0)
    for _ in range(_ROUNDS):
        stretch = _stretch(weekday, holiday, unusual)
        tame = drawn_in(size / stretch, bucket)
        usual, _ = _around(tame, known, bucket, step, memory)
        ratio = tame * stretch / usual
        holiday = _on_holidays(ratio / weekday, known, unusual)
        ordinary = known & ~unusual[:, :, None]
        weekday = _by_weekday(np.where(ordinary, ratio, 0.0), ordinary, season, overlap)
    stretch = _stretch(weekday, holiday, unusual)
    tame = drawn_in(size / stretch, bucket)
    usual, now = _around(tame, known, bucket, step, memory)
    ahead = now * weekday * np.where(unusual_ahead, holiday, 1.0)[:, None]
    return Spreads(usual * stretch, ahead, _pooled(tame**2, known, bucket) * weekday**2)


def drawn_in(size: Floats, bucket: int) -> Floats:
    """Returns absolute errors without the few that would set the spread alone; 0 where not known."""
    place = np.arange(size.shape[1]) // bucket
    result = np.zeros_like(size)
    for number in np.unique(place):
        own = size[:, place == number]
        flat = own.reshape(-1, own.shape[2])
        median = np.nanmedian(np.where(np.isnan(flat).all(axis=0), 0.0, flat), axis=0)
        limit = np.where(median > 0, WILD * median, np.inf)
        result[:, place == number] = np.minimum(np.nan_to_num(own), limit)
    return result


def _stretch(weekday: Floats, holiday: float, unusual: NDArray[np.bool_]) -> Floats:
    return np.asarray(weekday * np.where(unusual, holiday, 1.0)[:, :, None])


def _around(size: Floats, known: NDArray[np.bool_], bucket: int, step: int, memory: float) -> tuple[Floats, Floats]:
    """Mean absolute errors by horizon and series, never falling with the horizon's bucket.

    Returns:
        As it was around each origin, without that origin (origins x horizon x series), and as it is now (horizon x
        series). What had not happened by an origin counts less in its yardstick.
    """
    count, horizon, _ = size.shape
    place = np.arange(horizon) // bucket
    together = (place[:, None] == place[None, :]).astype(float)
    order = np.arange(count + 1)
    apart = order[:, None] - order[None, :count]
    happened = apart[None, :, :] * step > np.arange(horizon)[:, None, None]
    weight = 0.5 ** (np.abs(apart) / memory) * (apart != 0) * np.where(happened, 1.0, HINDSIGHT)
    # Now, all that is known has happened.
    weight[:, count] = 0.5 ** (apart[count] / memory)
    total = np.tensordot(together, weight @ size.transpose(1, 0, 2), axes=1)
    cells = np.tensordot(together, weight @ known.transpose(1, 0, 2).astype(float), axes=1)
    overall = size.sum() / known.sum()
    grown = np.maximum.accumulate(total / np.where(cells > 0, cells, 1.0), axis=0)
    spread = np.where(grown > 0, grown, overall if overall > 0 else 1.0).transpose(1, 0, 2)
    return spread[:count], spread[count]


def _pooled(size: Floats, known: NDArray[np.bool_], bucket: int) -> Floats:
    horizon = size.shape[1]
    total, count = size.sum(axis=0), known.sum(axis=0)
    place = np.arange(horizon)
    together = (place[:, None] // bucket == place[None, :] // bucket).astype(float)
    return np.asarray((together @ total) / np.maximum(together @ count, 1))


def _on_holidays(ratio: Floats, known: NDArray[np.bool_], unusual: NDArray[np.bool_]) -> float:
    """How much larger errors are on holidays than on other days."""
    on = known & unusual[:, :, None]
    off = known & ~unusual[:, :, None]
    if not off.any():
        return 1.0
    seen = ratio[on].sum() / max(ratio[off].mean(), 1e-12)
    return float(np.clip((seen + HOLIDAY_CELLS) / (on.sum() + HOLIDAY_CELLS), 1.0, HOLIDAY_WIDEST))


def _by_weekday(ratio: Floats, known: NDArray[np.bool_], season: int, overlap: float) -> Floats:
    """How much larger errors are on each weekday than on all (horizon x series).

    Empirical Bayes, twice: what all series have in common is drawn to no difference, and each series to what all have
    in common, as far as their own uncertainty says. Of errors that overlap, only some are news.
    """
    horizon, series = ratio.shape[1:]
    if season == 1:
        return np.ones((horizon, series))
    place = np.arange(horizon) % season
    onto = (np.arange(season)[:, None] == place[None, :]).astype(float)
    total = np.tensordot(onto, ratio.sum(axis=0), axes=1)
    count = np.tensordot(onto, known.sum(axis=0).astype(float), axes=1)
    seen, cells = count > 0, np.maximum(count, 1.0)
    mean = total.sum(axis=0) / np.maximum(count.sum(axis=0), 1.0)
    relative = total / np.where(mean > 0, mean, 1.0)
    everyone = relative.sum(axis=1, keepdims=True) / np.maximum(count.sum(axis=1, keepdims=True), 1.0)
    weeks = np.maximum(onto @ known.any(axis=2).sum(axis=0), 1.0)[:, None] / overlap
    shared = _drawn_to(
        np.ones_like(everyone), everyone, _SIZE_VARIANCE / (weeks * min(series, COMPANIONS)), everyone > 0
    )
    factor = shared
    if series > 1:
        doubt = _SIZE_VARIANCE * overlap * np.maximum(shared, _WEEKDAY_LEAST) ** 2 / cells
        factor = _drawn_to(shared, relative / cells, doubt, seen)
    factor = np.clip(factor, _WEEKDAY_LEAST, _WEEKDAY_MOST)
    return np.asarray((factor / factor.mean(axis=0))[place])


def _drawn_to(middle: Floats, own: Floats, doubt: Floats, seen: NDArray[np.bool_]) -> Floats:
    """The own values drawn to the middle ones by their doubt (a variance), against how far all lie from them."""
    away = np.where(seen, own - middle, 0.0)
    between = max(float((away**2 - np.where(seen, doubt, 0.0)).sum() / max(seen.sum(), 1)), 0.0)
    return np.asarray(middle + between / (between + doubt) * away)
