"""Referrals and treatments to come, week by week, as many equally likely paths."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.demand_paths import DemandPaths, Floats
from models.waiting_list import Flows
from models.waiting_list_calibration import Calibration

Places = NDArray[np.int64]

DRAWS: Final = 500
SEED: Final = 18
DRIFT: Final = 0.05
"""How far the level of treatments drifts from that of referrals in a year, as one standard deviation of its share."""

_WEEKS_A_MONTH: Final = 365.25 / 12 / 7
_WEEKS_A_YEAR: Final = 365.25 / 7


def flows_ahead(
    calibration: Calibration,
    weeks: int,
    *,
    demand: DemandPaths | None = None,
    draws: int = DRAWS,
    drift: float = DRIFT,
    seed: int = SEED,
) -> Flows:
    """Returns referrals and treatments of the weeks after the list was counted.

    Each path has levels of its own: the mean of the past months, drawn again with replacement, so that a short past
    gives an uncertain level. Around it go months drawn from the past, referrals and treatments of one month together;
    the level of treatments drifts; and the weeks scatter as counts do.

    Args:
        calibration: how the list is worked.
        weeks: how many.
        demand: referrals as a forecast sees them, one period a week, only relative to their mean counts; None goes by
            the past months.
        draws: how many paths.
        drift: see `DRIFT`.
        seed: the same seed gives the same paths.
    """
    generator = np.random.default_rng(seed)
    joined = calibration.joined / np.average(calibration.joined, weights=calibration.weeks)
    level_of = max(float(np.average(calibration.treated, weights=calibration.weeks)), 1e-9)
    treated = calibration.treated / level_of
    chance = calibration.weeks / calibration.weeks.sum()
    count = len(joined)
    again = generator.choice(count, size=(draws, count), p=chance)
    months = int(np.ceil(weeks / _WEEKS_A_MONTH)) + 1
    drawn = generator.choice(count, size=(draws, months), p=chance)
    of_month = np.minimum((np.arange(weeks) / _WEEKS_A_MONTH).astype(int), months - 1)
    walk = np.cumsum(generator.standard_normal((draws, weeks)), axis=1) * drift / np.sqrt(_WEEKS_A_YEAR)
    if demand is None:
        referrals = _around(joined, again, drawn)[:, of_month]
    else:
        referrals = _relative(demand, draws, weeks, generator)
    treatments = _around(treated, again, drawn)[:, of_month] + walk
    return Flows(
        _counts(referrals * calibration.referrals, generator), _counts(treatments * calibration.treatments, generator)
    )


def _around(relative: Floats, again: Places, drawn: Places) -> Floats:
    """Returns draws x months of months drawn from the past around a level drawn from the past."""
    level = relative[again].mean(axis=1)
    return np.asarray(level[:, None] + relative[drawn] - 1.0)


def _relative(demand: DemandPaths, draws: int, weeks: int, generator: np.random.Generator) -> Floats:
    if demand.values.shape[1] < weeks:
        raise ValueError(f"Demand is forecast for {demand.values.shape[1]} weeks, and {weeks} are asked for.")
    chosen = generator.integers(0, len(demand.values), size=draws)
    return np.asarray(demand.values[chosen][:, :weeks] / demand.values[:, :weeks].mean())


def _counts(expected: Floats, generator: np.random.Generator) -> Floats:
    return generator.poisson(np.maximum(expected, 0.0)).astype(float)
