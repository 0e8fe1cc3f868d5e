"""What weekday, season and holidays do to demand: ridge regression on innovations, pooled across series.

What the calendar leaves over wanders: its neighbours are alike. Regressing as if they were not lets a slow wave pass
for a season. So series and regressors go through the same filter first, which takes away at each period what an
exponential average of those before would have said; the regression then sees nearly independent errors, as one
with ARIMA(0,1,1) errors would (Box & Jenkins 1976; Harvey 1989, 7.3), in closed form and for all series at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from models.calendar import Floats, Regressors

OUTLIER = 4.0
"""Innovations beyond this many robust standard deviations are drawn in before the second pass."""

POOLED_FROM = 5
"""Series from which effects are drawn towards what they have in common."""

EXACT = 1e-9
"""Of a series' level: errors below are those of arithmetic, and the series is one that is known exactly."""

_MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True)
class Effects:
    """What the calendar does to each series, as known at a cut-off.

    Attributes:
        calendar: the calendar's part of every period, the future included (periods x series).
        tamed: the past without its outliers (NaN where nothing was reported).
        spread: of the innovations, one standard deviation; 0 of a series that is known exactly (series).
        coefficients: of the fitted columns (columns x series).
        moved: what is taken off on holidays for the weekday they replace (periods x series).
    """

    calendar: Floats
    tamed: Floats
    spread: Floats
    coefficients: Floats
    moved: Floats


@dataclass(frozen=True, slots=True)
class Filtered:
    """The regressors of one panel after the filter, made once for all cut-offs.

    Attributes:
        calendar: as they are.
        design: after the filter.
        columns: which of them are fitted.
        penalty: of those.
        pace: of the exponential average that the filter takes away.
        weekdays: how many columns, the first, are weekdays: 7 or none.
    """

    calendar: Regressors
    design: Floats
    columns: NDArray[np.bool_]
    penalty: Floats
    pace: float
    weekdays: int

    @classmethod
    def of(cls, calendar: Regressors, pace: float, annual: float | None, weekdays: int = 0) -> Filtered:
        """Returns the regressors for fits; `annual` says how tightly the season is held, None leaves it out."""
        columns = ~calendar.annual if annual is None else np.ones(len(calendar.names), dtype=bool)
        penalty = np.where(calendar.annual, annual or 1.0, 1.0) * calendar.penalty
        design = innovations(calendar.matrix[:, columns], pace)
        return cls(calendar, design, columns, penalty[columns], pace, weekdays)


def innovations(values: Floats, pace: float) -> Floats:
    """Returns what each period adds to the exponential average of those before it (periods x columns)."""
    return np.asarray(lfilter([1.0, -1.0], [1.0, pace - 1.0], values, axis=0))


def fitted(
    past: Floats,
    filtered: Filtered,
    half_life: float,
    fresh: tuple[float, ...],
    unit: Floats,
    *,
    drawn: Floats | None = None,
) -> list[Effects]:
    """Returns the calendar's effects as known after `past`, with weekdays of several memories.

    Args:
        past: values on the models' scale (periods x series); NaN where nothing was reported.
        filtered: the regressors, for the past and the future.
        half_life: periods after which a period weighs half.
        fresh: shorter half-lives for the weekdays; one more answer for each.
        unit: of each series; effects in it are alike across series.
        drawn: the past as `drawn_in` gives it, where it is at hand.
    """
    length, calendar = len(past), filtered.calendar
    matrix, columns = calendar.matrix[:, filtered.columns], filtered.columns
    reported = ~np.isnan(past)
    age = np.arange(length)[::-1]
    # What no series reported says nothing, so a closed season does not bend the effects.
    known = reported.mean(axis=1)
    weight = 0.5 ** (age / half_life) * known
    design = filtered.design[:length]
    weighted = design * weight[:, None]
    inner = weighted.T @ design
    inverse = np.linalg.inv(inner + np.diag(filtered.penalty))
    rare = np.asarray(calendar.matrix[:length, calendar.rare].any(axis=1), dtype=np.bool_)
    weekdays = filtered.weekdays
    tamed = drawn_in(past, filtered) if drawn is None else drawn
    start = tamed[: 2 * max(weekdays, 1)].mean(axis=0)
    moved = np.zeros((len(matrix), past.shape[1]))
    for last in (False, True):
        # On a holiday the weekday hardly matters: it has a level of its own. What is taken off here is put back below.
        target = innovations(tamed - start + (moved[:length] if last else 0.0), filtered.pace)
        effects = inverse @ (weighted.T @ target)
        errors = target - design @ effects
        if not last:
            tamed = tamed - _beyond(errors, rare)
            if not reported.all():
                tamed = _bridged_by(np.where(reported, tamed, np.nan), (matrix @ effects)[:length], reported)
            if weekdays:
                usual = effects[:weekdays] - effects[:weekdays].mean(axis=0)
                moved = calendar.replaced[:, None] * (matrix[:, :weekdays] @ usual)
    squared = (design * (weight**2)[:, None]).T @ design
    variance = np.einsum("ij,jk,ik->i", inverse, squared, inverse)
    noise = (weight[:, None] * errors**2).sum(axis=0) / weight.sum()
    spread = np.where(np.sqrt(noise) > EXACT * unit, np.sqrt(noise), 0.0)
    # A constant has no holidays or season to learn from.
    moves = spread > 0
    effects[:, moves] = _pooled(
        effects[:, moves], variance, noise[moves], unit[moves], (calendar.annual | calendar.rare)[columns]
    )
    shown = np.where(reported, tamed, np.nan)
    found = [Effects(matrix @ effects - moved, shown, spread, effects, moved)]
    others = matrix[:, weekdays:] @ effects[weekdays:] - moved
    rest = innovations(tamed - others[:length] - start, filtered.pace)
    days = design[:, :weekdays]
    for memory in fresh:
        lately = days * (0.5 ** (age / memory) * known)[:, None]
        own = np.linalg.solve(lately.T @ days + np.eye(weekdays), lately.T @ rest)
        both = np.concatenate([own, effects[weekdays:]])
        found.append(Effects(others + matrix[:, :weekdays] @ own, shown, spread, both, moved))
    return found


def drawn_in(past: Floats, filtered: Filtered) -> Floats:
    """Returns the past without gaps, and with values far from all others drawn in, but for holidays."""
    rare = np.asarray(filtered.calendar.matrix[: len(past), filtered.calendar.rare].any(axis=1), dtype=np.bool_)
    week = max(filtered.weekdays, 1)
    return _without_wild(bridged(past, ~np.isnan(past), week), rare, week)


def _pooled(effects: Floats, variance: Floats, noise: Floats, unit: Floats, shared: NDArray[np.bool_]) -> Floats:
    """The effects drawn towards their mean over the series, each as far as its own uncertainty says.

    Empirical Bayes (Efron & Morris 1975): the share kept of a series' own deviation is the variance between series
    over that plus its own.
    """
    if effects.shape[1] < POOLED_FROM:
        return effects
    own = effects[shared] / unit
    doubt = variance[shared, None] * noise / unit**2
    # A series that hardly varies must not decide for all.
    doubt = np.maximum(doubt, 0.1 * np.median(doubt, axis=1, keepdims=True) + 1e-15)
    weight = 1 / doubt
    for _ in range(3):
        middle = (own * weight).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
        away = own - middle
        limit = 3 * away.std(axis=1, keepdims=True)
        between = np.maximum((np.clip(away, -limit, limit) ** 2 - doubt).mean(axis=1, keepdims=True), 0.0)
        weight = 1 / (doubt + between)
    result = effects.copy()
    result[shared] = (middle + between / (between + doubt) * away) * unit
    return result


def _without_wild(values: Floats, rare: NDArray[np.bool_], week: int) -> Floats:
    """The values with those far from all others drawn in, so that they do not bend the first pass."""
    middle = np.median(values, axis=0)
    spread = _MAD_TO_SD * np.median(np.abs(values - middle), axis=0)
    limit = np.where((spread > 0) & ~rare[:, None], 2 * OUTLIER * spread, np.inf)
    # Far from what is usual on its weekday: a service that closes on Sundays is not wild once a week.
    around = np.empty_like(values)
    for weekday in range(min(week, len(values))):
        around[weekday::week] = np.median(values[weekday::week], axis=0)
    return np.asarray(around + np.clip(values - around, -limit, limit))


def _beyond(errors: Floats, rare: NDArray[np.bool_]) -> Floats:
    """How far the innovations lie beyond what is credible; a holiday is no outlier, its effect is to be learnt."""
    spread = _MAD_TO_SD * np.median(np.abs(errors), axis=0)
    # A spread of nought (mostly constant series) would draw in every change.
    limit = np.where((spread > 0) & ~rare[:, None], OUTLIER * spread, np.inf)
    return np.asarray(errors - np.clip(errors, -limit, limit))


def bridged(past: Floats, reported: NDArray[np.bool_], week: int) -> Floats:
    """Returns the past with its gaps filled from the same weekday before and after."""
    if reported.all():
        return past
    filled = past.copy()
    for weekday in range(week):
        filled[weekday::week] = _straight(past[weekday::week], reported[weekday::week])
    # A weekday that was never reported.
    return _straight(filled, ~np.isnan(filled))


def _bridged_by(past: Floats, calendar: Floats, reported: NDArray[np.bool_]) -> Floats:
    """The past with its gaps filled by the calendar's effects and a straight line between what is left."""
    return _straight(past - calendar, reported) + calendar


def _straight(values: Floats, reported: NDArray[np.bool_]) -> Floats:
    filled = values.copy()
    place = np.arange(len(values))
    for number in np.flatnonzero(~reported.all(axis=0) & reported.any(axis=0)):
        known = reported[:, number]
        filled[~known, number] = np.interp(place[~known], place[known], values[known, number])
    return filled
