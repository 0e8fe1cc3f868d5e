"""Calendar regression with adaptive levels: candidates for all series in one solve, stacked on their past errors.

The effects of weekday, season and holidays come from a ridge regression whose weights fade with age; what is
left moves slowly and is followed by several adaptive levels. Each level, with and without the annual effects and
with weekdays of longer and shorter memory, is a candidate; `models.stacking` makes one forecast of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.calendar import Floats, Frequency, Regressors, bank_holidays, regressors
from models.covariates import Covariates, contribution
from models.effects import EXACT, Effects, Filtered, drawn_in, fitted
from models.level_shifts import SHIFTS, Shifts, continued
from models.panel import Panel, Scale
from models.stacking import Candidates, Lessons, Weighing, by_record, direct, lessons


@dataclass(frozen=True, slots=True)
class Drift:
    """A straight trend that goes on.

    Attributes:
        memory: periods after which a period weighs half in its slope.
        pace: which of the adaptive levels it goes on from.
    """

    memory: float
    pace: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of one frequency, chosen on periods before those of the published back-test.

    Attributes:
        half_life: periods after which a period weighs half.
        paces: how fast the adaptive levels forget, each between 0 and 1.
        recent: periods in the plain mean of the recent past.
        same_season: how many periods of the same place in the season are averaged.
        anchored: that average gives only the shape of the season, and the level is that of now.
        damping: what is kept of the recent trend after each period; None leaves the trend out.
        annual_from: periods of history before annual effects are fitted.
        weighing: how the candidates are put together.
        pace: of the average that the filter before the regression takes away.
        annual: how tightly the season is held, one fit for each.
        fresh: half-lives of weekdays with a shorter memory (days only).
        drift: a straight trend; None leaves it out.
    """

    half_life: float
    paces: tuple[float, ...]
    recent: int
    same_season: int
    anchored: bool
    damping: float | None
    annual_from: int
    weighing: Weighing
    pace: float
    annual: tuple[float, ...]
    fresh: tuple[float, ...] = ()
    drift: Drift | None = None


RECIPES = {
    Frequency.DAILY: Recipe(
        half_life=545,
        paces=(0.02, 0.05, 0.1, 0.2, 0.4),
        recent=28,
        same_season=8,
        anchored=False,
        damping=0.97,
        annual_from=396,
        weighing=Weighing(200, 50, 7),
        pace=0.2,
        annual=(1.0,),
        fresh=(150.0, 60.0),
    ),
    Frequency.WEEKLY: Recipe(
        half_life=78,
        paces=(0.1, 0.2, 0.4, 0.7),
        recent=8,
        same_season=2,
        anchored=True,
        damping=None,
        annual_from=104,
        weighing=Weighing(60, 30, 4),
        pace=0.3,
        annual=(1.0, 10.0),
    ),
    Frequency.MONTHLY: Recipe(
        half_life=24,
        paces=(0.2, 0.4, 0.7, 0.95),
        recent=12,
        same_season=2,
        anchored=True,
        damping=0.9,
        annual_from=24,
        weighing=Weighing(30, 10, 3),
        pace=0.5,
        annual=(1.0, 5.0, 30.0),
        drift=Drift(memory=36, pace=1),
    ),
}


@dataclass(frozen=True, slots=True)
class CalendarStack:
    """The calendar regression with adaptive levels. `holidays` is a frame with a `date` column.

    Without `holidays` the bank holidays of England and Wales are used. `covariates` are columns that are known ahead.
    """

    holidays: pl.DataFrame | None = None
    covariates: Covariates | None = None
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
        calendar = regressors(periods, panel.frequency, table)
        known = Known.of(scale, panel, calendar, recipe)
        if self.covariates is not None and self.covariates.names:
            known = replace(known, beside=self.covariates.of_panel(panel, horizon))
        memory: dict[int, Candidates] = {}
        taught: dict[int, Lessons] = {}

        def points(cutoffs: Sequence[int]) -> Floats:
            result = []
            for number, cutoff in enumerate(cutoffs):
                if cutoff not in memory:
                    memory[cutoff] = _candidates(known, cutoff, horizon)
                    taught[cutoff] = lessons(known.scaled, cutoff, memory[cutoff])
                earlier = {each: taught[each] for each in cutoffs[:number]}
                stacked = by_record(memory[cutoff], cutoff, earlier, recipe.weighing)
                if recipe.weighing.periods is not None:
                    learnt = direct(memory[cutoff], cutoff, earlier, recipe.weighing.periods)
                    stacked = (stacked + learnt) / 2
                result.append(stacked)
            return np.stack(result)

        return points


@dataclass(frozen=True, slots=True)
class Known:
    """A panel as the candidates need it: on the models' scale, with its calendar."""

    scaled: Floats
    season: int
    recipe: Recipe
    signed: NDArray[np.bool_]
    yearly: tuple[Filtered, ...]
    plain: Filtered
    rare: NDArray[np.bool_]
    shifts: Shifts
    beside: Floats | None = None

    @classmethod
    def of(cls, scale: Scale, panel: Panel, calendar: Regressors, recipe: Recipe) -> Known:
        """Returns what the candidates of a panel need."""
        weekdays = panel.season if panel.frequency is Frequency.DAILY else 0
        yearly = tuple(Filtered.of(calendar, recipe.pace, held, weekdays) for held in recipe.annual)
        plain = Filtered.of(calendar, recipe.pace, None, weekdays)
        rare = np.asarray(calendar.matrix[:, calendar.rare].any(axis=1), dtype=np.bool_)
        return cls(
            scale.forward(panel.values),
            panel.season,
            recipe,
            scale.signed,
            yearly,
            plain,
            rare,
            SHIFTS[panel.frequency],
        )


def _candidates(known: Known, cutoff: int, horizon: int) -> Candidates:
    """Forecasts of every candidate from one cut-off: with the season, then without it."""
    past, recipe = known.scaled[:cutoff], known.recipe
    if known.beside is not None:
        filtered = known.plain if cutoff < recipe.annual_from else known.yearly[0]
        added = contribution(past, known.beside[: cutoff + horizon], filtered, recipe.half_life)
        rest = replace(known, scaled=known.scaled[: len(added)] - added[: len(known.scaled)], beside=None)
        found = _candidates(rest, cutoff, horizon)
        return Candidates(found.values + added[cutoff:, None, :], found.spread)
    past = continued(past, known.rare[:cutoff], known.signed, known.shifts)
    unit = unit_of(past, known.signed)
    # Without a season the weekdays of long memory are no better than the others, and so left out.
    drawn = drawn_in(past, known.plain)
    without = fitted(past, known.plain, recipe.half_life, recipe.fresh, unit, drawn=drawn)[min(len(recipe.fresh), 1) :]
    levels = [_followed(effects, known, cutoff, horizon) for effects in without]
    fresh = recipe.fresh[:1]
    if cutoff < recipe.annual_from:
        missing = np.full_like(levels[0], np.nan)
        return Candidates(
            np.concatenate([missing] * len(known.yearly) * (1 + len(fresh)) + levels, axis=1), without[0].spread
        )
    seasonal = [each for one in known.yearly for each in fitted(past, one, recipe.half_life, fresh, unit, drawn=drawn)]
    values = [_followed(effects, known, cutoff, horizon) for effects in seasonal]
    return Candidates(np.concatenate(values + levels, axis=1), seasonal[0].spread)


def unit_of(past: Floats, signed: NDArray[np.bool_]) -> Floats:
    """Returns the unit in which effects are alike across series: their level, or their spread if that may be nought."""
    spread, level = np.nanstd(past, axis=0), np.nanmean(np.abs(past), axis=0)
    spread = np.where(spread > EXACT * level, spread, 1.0)
    return np.where(signed, spread, np.maximum(level, 1e-9))


def _followed(effects: Effects, known: Known, cutoff: int, horizon: int) -> Floats:
    """The calendar's part of the future plus each adaptive level: horizon x levels x series."""
    adjusted = effects.tamed - effects.calendar[:cutoff]
    return effects.calendar[cutoff : cutoff + horizon, None, :] + _adaptive(adjusted, known, horizon)


def _mean(values: Floats, reported: NDArray[np.bool_]) -> Floats:
    count: Floats = reported.sum(axis=0)
    return np.asarray(np.where(reported, values, 0).sum(axis=0) / np.maximum(count, 1))


def _adaptive(adjusted: Floats, known: Known, horizon: int) -> Floats:
    """Where the adjusted series stands, by each way to say so: horizon x levels x series."""
    recipe = known.recipe
    reported = ~np.isnan(adjusted)
    value = np.where(reported, adjusted, 0.0)
    age = np.arange(len(adjusted))[::-1]

    counted = reported.astype(np.float64)

    def average(weight: Floats, otherwise: Floats | float) -> Floats:
        total = weight @ counted
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
    if recipe.drift is not None:
        straight = _straight_trend(value - overall, counted, recipe.drift.memory)
        pace = recipe.paces[recipe.drift.pace]
        # On a straight line an average lags behind.
        ahead = np.arange(1, horizon + 1)[:, None] + (1 - pace) / pace
        result.append(smooth[recipe.drift.pace] + straight * ahead)
    return np.stack(result, axis=1)


def _straight_trend(value: Floats, counted: Floats, memory: float) -> Floats:
    """The slope of a straight line through the values, whose weights fade with age (series)."""
    age = np.arange(len(value))[::-1]
    weight = (0.5 ** (age / memory))[:, None] * counted
    away = -age[:, None] - (weight * -age[:, None]).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-12)
    return np.asarray((weight * away * value).sum(axis=0) / np.maximum((weight * away**2).sum(axis=0), 1e-12))


def _damped_trend(fast: Floats, slow: Floats, recipe: Recipe, damping: float, horizon: int) -> Floats:
    """A level with the trend that two averages of different pace imply, fading with the horizon (horizon x series)."""
    # On a straight line an average of pace p lags (1 - p) / p periods behind.
    slow_lag, fast_lag = ((1 - pace) / pace for pace in recipe.paces[:2])
    slope = (fast - slow) / (slow_lag - fast_lag)
    ahead = np.cumsum(damping ** np.arange(1, horizon + 1))
    return (fast + slope * fast_lag * damping) + ahead[:, None] * slope
