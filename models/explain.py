"""Why a daily forecast is what it is: parts that add up to it exactly."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.calendar import Floats, Frequency, regressors
from models.calendar_stack import RECIPES, unit_of
from models.effects import Effects, Filtered, fitted
from models.level_shifts import SHIFTS, continued
from models.panel import Panel, Scale

PARTS = ("level", "trend", "weekday", "season", "holiday", "recent")
_YEAR = 365
_SLOW = 0.02
_WEEKDAYS = 7


def explained(panel: Panel, mean: Floats, holidays: pl.DataFrame) -> pl.DataFrame:
    """Returns what makes up the forecasts of the days after the panel's end.

    `level` is the mean of the last year without what the calendar does; `trend` how far the slow level has moved from
    it; `weekday`, `season` and `holiday` what the calendar adds on the day; `recent` the rest: how the last weeks
    differ from the slow level, as far as the forecast follows them. Effects are proportional to the level in nature
    (they are on a square root), so one and the same holiday takes more from a busy day than from a quiet one.

    Args:
        panel: the daily series.
        mean: their forecasts (horizon x series), in the series' unit.
        holidays: frame with a `date` column.

    Returns:
        Columns `series` String, `date` Date, `mean`, then the parts, Float64 in the series' unit; the parts add up to
        `mean`.

    Raises:
        ValueError: the panel is not daily.
    """
    if panel.frequency is not Frequency.DAILY:
        raise ValueError(f"Only daily forecasts have parts; these series are {panel.frequency.value}.")
    horizon, cutoff = len(mean), len(panel.periods)
    periods = panel.extended(horizon)
    scale = Scale.of(panel, horizon, cutoff)
    recipe = RECIPES[Frequency.DAILY]
    annual = cutoff >= recipe.annual_from
    days = regressors(periods, Frequency.DAILY, holidays)
    rare = np.asarray(days.matrix[:cutoff, days.rare].any(axis=1), dtype=np.bool_)
    # As the forecast has it: what came before a lasting change is on the level of now.
    past = continued(scale.forward(panel.values), rare, scale.signed, SHIFTS[Frequency.DAILY])
    filtered = Filtered.of(days, recipe.pace, recipe.annual[0] if annual else None, _WEEKDAYS)
    effects = fitted(past, filtered, recipe.half_life, recipe.fresh[:1], unit_of(past, scale.signed))[-1]
    calendar, base = _parts(effects, filtered)
    adjusted = effects.tamed - effects.calendar[:cutoff] + base
    now = _average(adjusted, np.asarray((1 - _SLOW) ** np.arange(cutoff)[::-1], dtype=np.float64))
    usual = _average(adjusted, (np.arange(cutoff)[::-1] < _YEAR).astype(float))
    parts = {name: part[cutoff:] for name, part in calendar.items()}
    parts["trend"] = np.broadcast_to(now - usual, mean.shape)
    target = scale.forward(mean, first=cutoff)
    parts["recent"] = target - usual - sum(parts.values())
    # On a square root a difference of z from l is one of (z - l)(z + l) in the series' unit.
    factor = np.where(scale.signed, 1.0, target + usual)
    shown = {name: part * factor for name, part in parts.items()}
    shown["level"] = mean - sum(shown.values())
    count = len(panel.names)
    return pl.DataFrame(
        {
            "series": pl.Series(np.repeat(np.array(panel.names, dtype=object), horizon), dtype=pl.String),
            "date": np.tile(periods[cutoff:], count),
            "mean": mean.T.ravel(),
            **{name: np.asarray(shown[name]).T.ravel() for name in PARTS},
        }
    ).with_columns(pl.col("date").cast(pl.Date))


def _parts(effects: Effects, filtered: Filtered) -> tuple[dict[str, Floats], Floats]:
    """What the calendar adds at each period (periods x series), and the mean of the weekdays, which is level."""
    calendar, columns = filtered.calendar, filtered.columns
    matrix, annual, rare = calendar.matrix[:, columns], calendar.annual[columns], calendar.rare[columns]
    days = effects.coefficients[:_WEEKDAYS]
    base = days.mean(axis=0)
    return {
        "weekday": matrix[:, :_WEEKDAYS] @ (days - base) - effects.moved,
        "season": matrix[:, annual] @ effects.coefficients[annual],
        "holiday": matrix[:, rare] @ effects.coefficients[rare],
    }, base


def _average(values: Floats, weight: Floats) -> Floats:
    known = ~np.isnan(values)
    return np.asarray((weight @ np.where(known, values, 0.0)) / np.maximum(weight @ known, 1e-12))
