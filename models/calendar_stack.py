"""Calendar regression with adaptive levels: candidates for all series in one solve, stacked on their past errors.

The effects of weekday, season and holidays come from a ridge regression whose weights fade with age; what is
left moves slowly and is followed by several adaptive levels. Each level, with and without the annual effects, is
a candidate, and the forecast is their mean weighted by how well each did at earlier cut-offs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

from models.calendar import Floats, Frequency, Regressors, bank_holidays, regressors
from models.conformal import WILD
from models.panel import Panel, Scale

OUTLIER = 4.0
"""Residuals beyond this many robust standard deviations are drawn in before the second pass."""

_MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of one frequency, chosen on periods before those of the published back-test.

    Attributes:
        half_life: periods after which a period weighs half.
        bend: periods between two bends of the trend that the regression takes out.
        paces: how fast the adaptive levels forget, each between 0 and 1.
        recent: periods in the plain mean of the recent past.
        same_season: how many periods of the same place in the season are averaged.
        anchored: that average gives only the shape of the season, and the level is that of now.
        damping: what is kept of the recent trend after each period; None leaves the trend out.
        annual_from: periods of history before annual effects are fitted.
        pseudo_periods: how strongly a series' error record is drawn towards that of its companions.
        sharpness: how strongly the better candidates are preferred.
    """

    half_life: float
    bend: int
    paces: tuple[float, ...]
    recent: int
    same_season: int
    anchored: bool
    damping: float | None
    annual_from: int
    pseudo_periods: float
    sharpness: float


RECIPES = {
    Frequency.DAILY: Recipe(545, 91, (0.02, 0.05, 0.1, 0.2), 28, 8, False, None, 396, 200, 50),
    Frequency.WEEKLY: Recipe(78, 13, (0.1, 0.2, 0.4), 8, 2, True, None, 104, 60, 30),
    Frequency.MONTHLY: Recipe(24, 12, (0.2, 0.4, 0.7), 12, 2, True, 0.8, 24, 30, 4),
}


@dataclass(frozen=True, slots=True)
class CalendarStack:
    """The calendar regression with adaptive levels. `holidays` is a frame with a `date` column.

    Without `holidays` the bank holidays of England and Wales are used.
    """

    holidays: pl.DataFrame | None = None
    recipes: dict[Frequency, Recipe] = field(default_factory=lambda: dict(RECIPES))
    name: str = "calendar regression"
    means: bool = True

    def prepare(self, panel: Panel, horizon: int, scale: Scale) -> Callable[[Sequence[int]], Floats]:
        """Returns a function from cut-offs to forecasts on the models' scale (cut-offs x horizon x series).

        Cut-offs must ascend. The forecast at each uses the values before it and the record of the cut-offs
        given before it, and nothing else.
        """
        recipe = self.recipes[panel.frequency]
        periods = panel.extended(horizon)
        years = periods.astype("datetime64[Y]").astype(int) + 1970
        table = bank_holidays(int(years[0]) - 1, int(years[-1]) + 1) if self.holidays is None else self.holidays
        known = _Known(scale.forward(panel.values), regressors(periods, panel.frequency, table), panel.season, recipe)
        memory: dict[int, Floats] = {}

        def points(cutoffs: Sequence[int]) -> Floats:
            for cutoff in cutoffs:
                if cutoff not in memory:
                    memory[cutoff] = _candidates(known, cutoff, horizon)
            return _stacked(known.scaled, np.stack([memory[cutoff] for cutoff in cutoffs]), cutoffs, recipe)

        return points


@dataclass(frozen=True, slots=True)
class _Known:
    scaled: Floats
    calendar: Regressors
    season: int
    recipe: Recipe


def _candidates(known: _Known, cutoff: int, horizon: int) -> Floats:
    """Forecasts of every candidate from one cut-off: horizon x candidates x series. NaN where it does not apply."""
    past = known.scaled[:cutoff]
    everything = np.ones(len(known.calendar.names), dtype=bool)
    plain = _levels(past, known, ~known.calendar.annual, cutoff, horizon)
    if cutoff < known.recipe.annual_from:
        return np.concatenate([np.full_like(plain, np.nan), plain], axis=1)
    return np.concatenate([_levels(past, known, everything, cutoff, horizon), plain], axis=1)


def _levels(past: Floats, known: _Known, columns: NDArray[np.bool_], cutoff: int, horizon: int) -> Floats:
    """The calendar part of the future plus each adaptive level: horizon x levels x series."""
    calendar = known.calendar.matrix[:, columns]
    # A holiday is not an outlier: what is unusual about it is the effect to be learnt.
    holidays = np.asarray(known.calendar.matrix[:cutoff, known.calendar.rare].any(axis=1), dtype=np.bool_)
    penalty = known.calendar.penalty[columns]
    effects, tamed = _calendar_effects(past, calendar[:cutoff], penalty, holidays, known.recipe)
    adjusted = tamed - calendar[:cutoff] @ effects
    return (calendar[cutoff : cutoff + horizon] @ effects)[:, None, :] + _adaptive(adjusted, known, horizon)


def _calendar_effects(
    past: Floats, calendar: Floats, penalty: Floats, holidays: NDArray[np.bool_], recipe: Recipe
) -> tuple[Floats, Floats]:
    """Calendar coefficients (columns x series), and the past with its outliers drawn in (NaN kept)."""
    length = len(past)
    time = np.arange(length)
    bends = np.maximum(0, time[:, None] - np.arange(0, length, recipe.bend)[None, :]) / recipe.bend
    design = np.column_stack([calendar, bends]) / np.sqrt(np.concatenate([penalty, np.ones(bends.shape[1])]))
    age_weight = 0.5 ** ((length - 1 - time) / recipe.half_life)

    reported = ~np.isnan(past)
    centre = _mean(past, reported)
    filled = _without_wild(np.where(reported, past, centre))
    # Without gaps two passes do: one to find the outliers, one without them. Gaps take two more to settle.
    for _ in range(2 if reported.all() else 4):
        ridge = Ridge(alpha=1.0, fit_intercept=False, solver="cholesky")
        ridge.fit(design, filled - centre, sample_weight=age_weight)
        weights = ridge.coef_.reshape(-1, design.shape[1]).T
        fitted = design @ weights + centre
        off = np.where(reported, past - fitted, np.nan)
        spread = _MAD_TO_SD * np.nanmedian(np.abs(np.where(reported.any(axis=0), off, 0.0)), axis=0)
        # A spread of nought (mostly constant series) would draw in every change.
        limit = np.where((spread > 0) & ~holidays[:, None], OUTLIER * spread, np.inf)
        filled = np.where(reported, fitted + np.clip(off, -limit, limit), fitted)
    columns = calendar.shape[1]
    return weights[:columns] / np.sqrt(penalty)[:, None], np.where(reported, filled, np.nan)


def _without_wild(values: Floats) -> Floats:
    """The values with those far from all others drawn in, so that they do not bend the first pass."""
    middle = np.median(values, axis=0)
    spread = _MAD_TO_SD * np.median(np.abs(values - middle), axis=0)
    limit = np.where(spread > 0, 2 * OUTLIER * spread, np.inf)
    return np.asarray(middle + np.clip(values - middle, -limit, limit))


def _mean(values: Floats, reported: NDArray[np.bool_]) -> Floats:
    count: Floats = reported.sum(axis=0)
    return np.asarray(np.where(reported, values, 0).sum(axis=0) / np.maximum(count, 1))


def _adaptive(adjusted: Floats, known: _Known, horizon: int) -> Floats:
    """Where the adjusted series stands, by each way to say so: horizon x levels x series."""
    recipe = known.recipe
    reported = ~np.isnan(adjusted)
    value = np.where(reported, adjusted, 0.0)
    age = np.arange(len(adjusted))[::-1]

    def average(weight: Floats, otherwise: Floats | float) -> Floats:
        total = weight @ reported
        return np.where(total > 1e-12, weight @ value / np.where(total > 1e-12, total, 1), otherwise)

    overall = _mean(adjusted, reported)
    smooth = [average(np.asarray((1.0 - pace) ** age, dtype=np.float64), overall) for pace in recipe.paces]
    levels = [*smooth, average((age < recipe.recent).astype(np.float64), smooth[0])]
    flat = [np.broadcast_to(level, (horizon, len(level))) for level in levels]

    lately = age < recipe.same_season * known.season
    places = []
    for step in range(min(horizon, known.season)):
        same = (age + 1 + step) % known.season == 0
        places.append(average((same & lately).astype(np.float64), levels[-1]))
    seasonal = np.stack(places)[np.arange(horizon) % known.season]
    if recipe.anchored:
        seasonal = seasonal - average(lately.astype(np.float64), overall) + smooth[1]
    result = [*flat, seasonal]
    if recipe.damping is not None:
        result.append(_damped_trend(smooth[1], smooth[0], recipe, recipe.damping, horizon))
    return np.stack(result, axis=1)


def _damped_trend(fast: Floats, slow: Floats, recipe: Recipe, damping: float, horizon: int) -> Floats:
    """A level with the trend that two averages of different pace imply, fading with the horizon (horizon x series)."""
    # On a straight line an average of pace p lags (1 - p) / p periods behind.
    slow_lag, fast_lag = ((1 - pace) / pace for pace in recipe.paces[:2])
    slope = (fast - slow) / (slow_lag - fast_lag)
    ahead = np.cumsum(damping ** np.arange(1, horizon + 1))
    return (fast + slope * fast_lag * damping) + ahead[:, None] * slope


def _stacked(scaled: Floats, candidates: Floats, cutoffs: Sequence[int], recipe: Recipe) -> Floats:
    """The weighted mean of the candidates at each cut-off (cut-offs x horizon x series), by their record before it."""
    count, horizon, _, series = candidates.shape
    padded = np.concatenate([scaled, np.full((horizon, series), np.nan)])
    actual = np.stack([padded[cutoff : cutoff + horizon] for cutoff in cutoffs])
    miss = np.abs(candidates - actual[:, :, None, :])
    result = np.empty((count, horizon, series))
    for number, cutoff in enumerate(cutoffs):
        # Only targets that had happened by this cut-off count.
        happened = np.array(cutoffs)[:number, None] + np.arange(horizon) < cutoff
        record = np.where(happened[:, :, None, None], miss[:number], np.nan)
        weight = _weights(np.minimum(record, _wild(record)), candidates[number], recipe)
        result[number] = np.nansum(candidates[number] * weight, axis=1)
    return result


def _wild(miss: Floats) -> Floats:
    """The most that one error counts, for each series: a wild value must not make all candidates look alike."""
    # The last candidate is there at every cut-off.
    one = miss[:, :, -1].reshape(-1, miss.shape[-1])
    middle = np.nanmedian(np.where(np.isnan(one).all(axis=0), np.inf, one), axis=0) if len(one) else np.inf
    return np.asarray(np.where(middle > 0, WILD * middle, np.inf))


def _weights(miss: Floats, now: Floats, recipe: Recipe) -> Floats:
    """Weights of the candidates, adding up to 1 for each series (candidates x series)."""
    usable = ~np.isnan(now).all(axis=0)
    judged = ~np.isnan(miss)
    seen = judged.sum(axis=(0, 1)) if len(miss) else np.zeros_like(usable, dtype=int)
    total = np.where(judged, miss, 0).sum(axis=(0, 1)) if len(miss) else np.zeros(usable.shape)
    own = total / np.maximum(seen, 1)
    # In units of each series' own error, so that large series do not decide for small ones.
    unit = np.where(seen.max(axis=0) > 0, own.max(axis=0), 1.0)
    relative = own / np.where(unit > 0, unit, 1.0)
    companions = (relative * seen).sum(axis=1, keepdims=True) / np.maximum(seen.sum(axis=1, keepdims=True), 1)
    record = (relative * seen + companions * recipe.pseudo_periods) / (seen + recipe.pseudo_periods)
    record = np.where(usable & (seen > 0), record, np.nan)
    best = np.nanmin(np.where(np.isnan(record), np.inf, record), axis=0)
    best = np.where(np.isfinite(best) & (best > 0), best, 1.0)
    # A candidate without a record yet is taken to be as good as the best.
    ratio = np.where(np.isnan(record), 1.0, record / best)
    weight = np.where(usable, np.exp(-recipe.sharpness * (ratio - 1)), 0.0)
    return np.asarray(weight / weight.sum(axis=0))
