"""Seasonal naive: the forecast that any other must beat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models.calendar import Floats
from models.panel import Panel, Scale


@dataclass(frozen=True, slots=True)
class SeasonalNaive:
    """Repeats the last known value of the same weekday, week of the year, or month."""

    name: str = "seasonal naive"
    means: bool = False

    def prepare(self, panel: Panel, horizon: int, scale: Scale) -> Callable[[Sequence[int]], Floats]:
        """Returns a function from cut-offs to forecasts on the models' scale (cut-offs x horizon x series)."""
        season = panel.season

        def points(cutoffs: Sequence[int]) -> Floats:
            return np.stack([self._at(panel.values[:cutoff], season, horizon, scale) for cutoff in cutoffs])

        return points

    @staticmethod
    def _at(known: Floats, season: int, horizon: int, scale: Scale) -> Floats:
        cutoff = len(known)
        cycles = -(-cutoff // season)
        padded = np.full((cycles * season, known.shape[1]), np.nan)
        padded[cycles * season - cutoff :] = known
        by_season = padded.reshape(cycles, season, -1)
        # The last cycle that has a value, for each place in the season.
        last = by_season[-1]
        for cycle in by_season[-2::-1]:
            last = np.where(np.isnan(last), cycle, last)
        return scale.forward(last[np.arange(horizon) % season], first=cutoff)
