"""The level at which each series' intervals are read, so that its own misses keep to what is promised.

Source: Gibbs & Candes 2021, Adaptive conformal inference under distribution shift: after more misses than promised
the level is raised, after fewer it is lowered, so that in the long run misses keep to the promise, whatever the series
does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.calendar import Floats

PACE = 0.7
"""How far the level moves for misses that are too many or too few, over a long horizon."""

TOGETHER = 10
"""Periods of one horizon go wrong together: the longest says no more than so many that do not."""

MOST = 4.0
"""The misses allowed are at most so many times what is promised, and at least its square: 4% of 20%."""

_LEAST_LEVEL = 0.01

Side = Callable[[Floats, int], Floats]
"""Levels by series, and up (+1) or down (-1), to how far an interval reaches that way, in spreads."""


def followed(scores: Floats, level: float, side: Side, step: int) -> Floats:
    """Returns the level, by series, that holds what is promised if the series goes on as it did at earlier origins.

    Args:
        scores: signed errors in spreads, origins in order of time (origins x horizon x series; NaN where not known).
        level: what is promised, such as 0.8.
        side: how far an interval reaches.
        step: periods between origins; origins whose horizons overlap say the same things and move the level less.
    """
    horizon, series = scores.shape[1:]
    promised = 1 - level
    bounds = promised**2, min(MOST * promised, 1 - _LEAST_LEVEL)
    pace = PACE * horizon / (horizon + TOGETHER) * min(step / horizon, 1.0)
    allowed = np.full(series, promised)
    for each in scores:
        known = (~np.isnan(each)).sum(axis=0)
        missed = ((each > side(1 - allowed, +1)) | (-each > side(1 - allowed, -1))).sum(axis=0)
        # An origin of which only part has happened counts in part.
        allowed = np.clip(allowed + pace * (promised * known - missed) / horizon, *bounds)
    return np.asarray(1 - allowed)
