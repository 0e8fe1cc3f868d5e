"""Paths of demand from the forecaster: the one place where projections meet it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from models.calendar import Frequency
from models.demand import Forecaster
from models.demand_paths import DemandPaths, paths_of

PERSISTENCE: Final = 0.3
"""Correlation of the errors of neighbouring days."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """Demand to come: paths, or why there are none."""

    paths: DemandPaths | None
    refused: str


def paths_ahead(training: pl.DataFrame, horizon: int, *, frequency: Frequency, draws: int, seed: int) -> Ahead:
    """Returns paths of the periods after the last known one of a single series.

    Args:
        training: columns `series` String, `date` Date, `value`; one series, final periods only.
        horizon: how many periods.
        frequency: of the series.
        draws: how many paths.
        seed: the same seed gives the same paths.
    """
    forecast = Forecaster(frequency=frequency).fit(training).forecast(horizon)
    if forecast.frame.is_empty():
        return Ahead(None, next(iter(forecast.refused.values()), "There is no final period to learn from."))
    try:
        return Ahead(paths_of(forecast.frame, draws, persistence=PERSISTENCE, seed=seed), "")
    except ValueError as error:
        return Ahead(None, str(error))
