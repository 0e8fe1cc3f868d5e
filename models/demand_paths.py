"""Demand week by week as many equally likely paths: what a projection of a list or of beds is run on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LOWER, _MIDDLE, _UPPER = 0.025, 0.5, 0.975
_LEAST = 2


@dataclass(frozen=True, slots=True)
class DemandPaths:
    """Draws of demand, each as likely as the next.

    Attributes:
        starts: the first day of each period.
        values: draws x periods, expected demand of each period in its own unit, never below 0.
    """

    starts: tuple[date, ...]
    values: Floats

    def __post_init__(self) -> None:
        if self.values.ndim != _LEAST or self.values.shape[1] != len(self.starts):
            raise ValueError(f"Paths must be draws x {len(self.starts)} periods; they are {self.values.shape}.")

    def times(self, factor: float) -> DemandPaths:
        """Returns the same paths, all multiplied."""
        return DemandPaths(self.starts, self.values * factor)

    def without_weekdays(self) -> DemandPaths:
        """Returns daily paths without the rhythm of the week: each weekday has the mean of all, and its own chance.

        A weekday that is closed has what the open day before it has, or after it where none is before.
        """
        weekday = np.array([day.weekday() for day in self.starts])
        usual = self.values.mean(axis=0)
        factor = np.ones(len(self.starts))
        for number in set(weekday):
            factor[weekday == number] = usual[weekday == number].mean() / max(float(usual.mean()), 1e-9)
        is_open = np.flatnonzero(factor > 0)
        if not len(is_open):
            return self
        taken = is_open[np.maximum(np.searchsorted(is_open, np.arange(len(self.starts)), side="right") - 1, 0)]
        return DemandPaths(self.starts, (self.values / np.where(factor > 0, factor, 1.0))[:, taken])


def paths_of(forecast: pl.DataFrame, draws: int, *, persistence: float, seed: int) -> DemandPaths:
    """Returns paths whose every period has the forecast's mean and 80 % and 95 % intervals.

    Quantiles between the stated ones are joined by straight lines; beyond the 95 % interval they go on as of a normal
    distribution. Errors of neighbouring periods go together by `persistence`, so that sums over periods are as
    uncertain as they are.

    Args:
        forecast: columns `date` Date, `mean`, `lo80`, `hi80`, `lo95`, `hi95` Float64 of one series, in order.
        draws: how many paths.
        persistence: correlation of the errors of neighbouring periods, from 0 to below 1.
        seed: the same seed gives the same paths.

    Raises:
        ValueError: a period has no interval.
    """
    bounds = forecast.select("lo95", "lo80", "mean", "hi80", "hi95").to_numpy()
    if np.isnan(bounds.astype(float)).any():
        raise ValueError("The forecast has periods without an interval: ask for fewer periods ahead.")
    normal = correlated(draws, forecast.height, persistence, np.random.default_rng(seed))
    at = np.array([-1.959964, -1.281552, 0.0, 1.281552, 1.959964])
    values = np.empty_like(normal)
    for period, known in enumerate(np.maximum.accumulate(bounds, axis=1)):
        low, high = (known[2] - known[0]) / at[-1], (known[-1] - known[2]) / at[-1]
        drawn = normal[:, period]
        inside = np.interp(drawn, at, known)
        values[:, period] = np.where(
            drawn < at[0], known[2] + low * drawn, np.where(drawn > at[-1], known[2] + high * drawn, inside)
        )
    return DemandPaths(tuple(forecast["date"]), np.maximum(values, 0.0))


def correlated(draws: int, periods: int, persistence: float, generator: np.random.Generator) -> Floats:
    """Returns standard normal errors, draws x periods, of which neighbours correlate by `persistence`."""
    if not 0 <= persistence < 1:
        raise ValueError(f"Persistence lies between 0 and below 1; it is {persistence}.")
    shocks = generator.standard_normal((draws, periods))
    found = np.empty_like(shocks)
    found[:, 0] = shocks[:, 0]
    fresh = np.sqrt(1 - persistence**2)
    for period in range(1, periods):
        found[:, period] = persistence * found[:, period - 1] + fresh * shocks[:, period]
    return found
