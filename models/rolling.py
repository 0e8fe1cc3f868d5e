"""Forecasts with intervals at any cut-off, each from nothing but what was known before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from models.calendar import Days, Floats, Frequency, keeps
from models.conformal import Widths, widths
from models.error_record import without_changes
from models.level_shifts import SHIFTS, changes
from models.panel import Panel, Scale

LEVELS = (0.8, 0.95)

EARLIER = {Frequency.DAILY: (14, 24), Frequency.WEEKLY: (2, 22), Frequency.MONTHLY: (1, 22)}
"""Periods between the earlier cut-offs that a forecast is judged by, and how many judge the furthest period."""

SHORTEST = {Frequency.DAILY: 56, Frequency.WEEKLY: 26, Frequency.MONTHLY: 12}
"""Periods of history without which nothing is forecast."""

_MEMORY = {Frequency.DAILY: 5.0, Frequency.WEEKLY: 8.0, Frequency.MONTHLY: 8.0}
"""Earlier cut-offs after which an error counts half in the intervals."""

_BUCKET = {Frequency.DAILY: 7, Frequency.WEEKLY: 2, Frequency.MONTHLY: 1}


class Model(Protocol):
    """A way to forecast. `means` says whether it gives medians that are to be turned into means."""

    @property
    def name(self) -> str:
        """What the model is called beside its numbers."""

    @property
    def means(self) -> bool:
        """Whether its medians are turned into means."""

    def prepare(self, panel: Panel, horizon: int, scale: Scale) -> Callable[[Sequence[int]], Floats]:
        """Returns a function from ascending cut-offs to forecasts on the models' scale."""


@dataclass(frozen=True, slots=True)
class Missed:
    """What forecasts made before a cut-off missed by, as far as it was known there.

    Attributes:
        origins: numbers of the first period that was not known, ascending.
        errors: what happened less what was forecast, in the series' unit (origins x horizon x series); NaN where it had
            not happened before the cut-off, or nothing was reported.
    """

    origins: tuple[int, ...]
    errors: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Rolled:
    """What a model forecast at some cut-offs.

    Attributes:
        cutoffs: numbers of the first period that was not known.
        mean: cut-offs x horizon x series, in the series' unit.
        lower, upper: level to bounds of the same shape; NaN where a level is unattainable.
        origins: earlier forecasts behind the intervals, of the same shape.
        missed: for each cut-off, what the forecasts before it missed by; empty unless asked for.
    """

    cutoffs: tuple[int, ...]
    mean: Floats
    lower: dict[float, Floats]
    upper: dict[float, Floats]
    origins: NDArray[np.int64]
    missed: tuple[Missed, ...] = ()


def roll(
    model: Model,
    panel: Panel,
    cutoffs: Sequence[int],
    horizon: int,
    holidays: pl.DataFrame,
    *,
    levels: tuple[float, ...] = LEVELS,
    missed: bool = False,
) -> Rolled:
    """Returns the model's forecasts of the `horizon` periods after each cut-off, with conformal intervals.

    Nothing at or after a cut-off has any part in its forecast: errors of earlier forecasts count only
    where the target had happened.

    Args:
        model: the way to forecast.
        panel: the series.
        cutoffs: numbers of the first period that is not known; at most the panel's length.
        horizon: periods ahead.
        holidays: frame with a `date` column; errors near holidays have a spread of their own.
        levels: of the intervals, such as 0.8.
        missed: say what the forecasts before each cut-off missed by, too.
    """
    # Many small solves: more threads only wait for each other, and slow the pages of others.
    with _libraries().limit(limits=1):
        return _roll(model, panel, cutoffs, horizon, holidays, levels=levels, missed=missed)


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


def _roll(
    model: Model,
    panel: Panel,
    cutoffs: Sequence[int],
    horizon: int,
    holidays: pl.DataFrame,
    *,
    levels: tuple[float, ...],
    missed: bool,
) -> Rolled:
    scale = Scale.of(panel, horizon, min(cutoffs))
    points = model.prepare(panel, horizon, scale)
    mean, lower, upper, origins, told = [], [], [], [], []
    for cutoff, forecasts, width in _judged(
        points, panel, scale, cutoffs, horizon=horizon, holidays=holidays, levels=levels
    ):
        now, variance = forecasts[-1], width.variance if model.means else 0.0
        mean.append(scale.backward(now, cutoff, variance))
        if missed:
            told.append(_missed(panel, scale, cutoff, forecasts[:-1], variance))
        lower.append([scale.backward(now - width.below[level], cutoff) for level in levels])
        upper.append([scale.backward(now + width.above[level], cutoff) for level in levels])
        origins.append(width.origins)
    bounds = (np.array(lower), np.array(upper))
    low, high = ({level: bound[:, n] for n, level in enumerate(levels)} for bound in bounds)
    return Rolled(tuple(cutoffs), np.array(mean), low, high, np.array(origins), tuple(told))


def whole_ages(panel: Panel, horizon: int) -> list[int]:
    """Returns how many periods before the panel's end the earlier cut-offs lie whose whole horizon has happened."""
    cutoff = len(panel.periods)
    return [
        cutoff - earlier for earlier in earlier_cutoffs(cutoff, panel.frequency, horizon) if earlier + horizon <= cutoff
    ]


def paths(
    model: Model,
    panel: Panel,
    horizon: int,
    holidays: pl.DataFrame,
    *,
    skipped: int = 0,
    ages: Sequence[int] | None = None,
) -> tuple[Floats, Floats]:
    """Returns ways that all series may go together after the panel's end, and their forecasts.

    The ways are paths x horizon x series, the forecasts horizon x series, in the series' unit. Each way is the forecast
    and what all forecasts missed by at one earlier cut-off, in proportion to what they miss by now; and once more with
    the signs turned. So days and series that err together do so here, and sums of paths have the spread of sums. There
    are two paths for each earlier cut-off whose whole horizon has happened; none where there is no such cut-off.

    Args:
        model: the way to forecast.
        panel: the series.
        horizon: periods of the paths.
        holidays: frame with a `date` column.
        skipped: periods between the panel's end and the first of the paths, for a panel that ends before others.
        ages: of the cut-offs to take, as `whole_ages` gives them, so that paths of several panels are of the same days;
            in place of one that the panel has not, another of its own is taken. None is all of its own.
    """
    with _libraries().limit(limits=1):
        cutoff, reach = len(panel.periods), skipped + horizon
        scale = Scale.of(panel, reach, cutoff)
        points = model.prepare(panel, reach, scale)
        ((_, found, width),) = _judged(points, panel, scale, [cutoff], horizon=reach, holidays=holidays, levels=LEVELS)
        now = found[-1]
        ladder = np.array(earlier_cutoffs(cutoff, panel.frequency, reach))
        whole = width.errors[ladder + reach <= cutoff]
        # A day without a value: as far off as the forecast of another cut-off was on that day of the horizon.
        for number in range(1, len(whole)):
            whole = np.where(np.isnan(whole), np.roll(whole, number, axis=0), whole)
        whole = np.nan_to_num(whole)
        if ages is not None and len(whole):
            own = whole_ages(panel, reach)
            whole = whole[[own.index(age) if age in own else place % len(own) for place, age in enumerate(ages)]]
        both = np.concatenate([now + whole, now - whole])
        middle = scale.backward(now, cutoff, width.variance if model.means else 0.0)
        ways = np.stack([scale.backward(way, cutoff) for way in both]) if len(both) else both
        # The root is curved, so the paths' mean is not the forecast's; it is moved there, but not below nought.
        moved = ways + (middle - ways.mean(axis=0)) if len(ways) else ways
        held = np.asarray(np.where(scale.signed, moved, np.maximum(moved, 0.0)))
        return held[:, skipped:], middle[skipped:]


def _judged(
    points: Callable[[Sequence[int]], Floats],
    panel: Panel,
    scale: Scale,
    cutoffs: Sequence[int],
    *,
    horizon: int,
    holidays: pl.DataFrame,
    levels: tuple[float, ...],
) -> Iterator[tuple[int, Floats, Widths]]:
    """Each cut-off with the forecasts before it and its own on the models' scale, and how far the truth may lie off."""
    unusual = holiday_periods(panel.extended(horizon), panel.frequency, holidays)
    scaled = scale.forward(panel.values)
    for cutoff in cutoffs:
        ladder = earlier_cutoffs(cutoff, panel.frequency, horizon)
        forecasts = points([*ladder, cutoff])
        errors, marked = _errors(forecasts[:-1], scaled[:cutoff], ladder, unusual)
        how = SHIFTS[panel.frequency]
        found = changes(scaled[:cutoff], unusual[:cutoff], how)
        level = np.nan_to_num(np.nanmean(np.abs(scaled[:cutoff]), axis=0))
        errors, lone = without_changes(errors, ladder, found, how, scaled[:cutoff])
        ahead = unusual[cutoff : cutoff + horizon]
        bucket, memory = _BUCKET[panel.frequency], _MEMORY[panel.frequency]
        step = cutoff - ladder[-1] if ladder else 1
        week = panel.season if panel.frequency is Frequency.DAILY and step % panel.season == 0 else 1
        width = widths(errors, levels, bucket, marked, ahead, step=step, memory=memory, season=week, level_of=level)
        yield cutoff, forecasts, width.at_least(lone)


def earlier_cutoffs(cutoff: int, frequency: Frequency, horizon: int) -> list[int]:
    """Returns the cut-offs before this one whose forecasts judge it, ascending; closer together in short histories."""
    step, count = EARLIER[frequency]
    least = SHORTEST[frequency] // 2
    count += -(-horizon // step)
    if cutoff - step * count < least and frequency is Frequency.DAILY:
        step //= 2
    # The newest ones have not seen their furthest periods yet, so those come on top.
    ladder = [cutoff - step * number for number in range(count - 1, 0, -1)]
    return [earlier for earlier in ladder if earlier >= least]


def holiday_periods(periods: Days, frequency: Frequency, holidays: pl.DataFrame) -> NDArray[np.bool_]:
    """Returns which periods lie on or next to a bank holiday, or between Christmas and 4 January (days only).

    Without Christmas or New Year among the holidays, those days are like others.
    """
    if frequency is not Frequency.DAILY:
        return np.zeros(len(periods), dtype=bool)
    off = holidays["date"].unique().sort().to_numpy().astype("datetime64[D]")
    near = np.isin(periods, np.concatenate([off - 1, off, off + 1]))
    month_start = periods.astype("datetime64[M]")
    month = month_start.astype(np.int64) % 12 + 1
    day = (periods - month_start.astype("datetime64[D]")).astype(np.int64) + 1
    christmas, new_year = keeps(off, 12, 25), keeps(off, 1, 1)
    december = (month == 12) & (day >= 24) & christmas
    return np.asarray(near | december | ((month == 1) & (day <= 4) & new_year), dtype=bool)


def _missed(panel: Panel, scale: Scale, cutoff: int, forecasts: Floats, variance: Floats | float) -> Missed:
    """What the forecasts before a cut-off missed by in the series' unit, of what was known at the cut-off."""
    ladder = earlier_cutoffs(cutoff, panel.frequency, forecasts.shape[1])
    horizon, series = forecasts.shape[1:]
    padded = np.concatenate([panel.values[:cutoff], np.full((horizon, series), np.nan)])
    errors = np.empty((len(ladder), horizon, series), dtype=np.float32)
    for number, earlier in enumerate(ladder):
        errors[number] = padded[earlier : earlier + horizon] - scale.backward(forecasts[number], earlier, variance)
    return Missed(tuple(ladder), errors)


def _errors(
    forecasts: Floats, known: Floats, ladder: Sequence[int], unusual: NDArray[np.bool_]
) -> tuple[Floats, NDArray[np.bool_]]:
    """What happened less what was forecast at earlier cut-offs (NaN if it had not), and which targets are holidays."""
    horizon, series = forecasts.shape[1:]
    padded = np.concatenate([known, np.full((horizon, series), np.nan)])
    errors = np.full(forecasts.shape, np.nan)
    marked = np.zeros(forecasts.shape[:2], dtype=bool)
    for number, earlier in enumerate(ladder):
        errors[number] = padded[earlier : earlier + horizon] - forecasts[number]
        marked[number] = unusual[earlier : earlier + horizon]
    return errors, marked
