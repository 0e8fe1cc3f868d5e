"""Referrals and treatments to come, week by week, as many equally likely paths."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.demand_paths import DemandPaths, Floats
from models.list_changes import GROWTH, ODDS, months_ahead
from models.waiting_list import Flows, project, steered
from models.waiting_list_calibration import Calibration, odds_within

Places = NDArray[np.int64]

DRAWS: Final = 500
SEED: Final = 18
BY_AGES: Final = 1 / 3
"""The part of what the ages on the list alone would bring that comes about: services attend to what shows. Measured on
half of the trusts in 2024/25, where it is between a quarter and a half at one to seven months."""

LEAST_LEFT: Final = 0.05
"""No course takes a list below this part of its size."""

_WEEKS_A_MONTH: Final = 365.25 / 12 / 7


def flows_ahead(
    calibration: Calibration,
    weeks: int,
    *,
    demand: DemandPaths | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Flows:
    """Returns referrals and treatments of the weeks after the list was counted.

    Referrals are months drawn from the past, scattered as counts do. Size and share within 18 weeks take courses as
    lists take them (`list_changes`), and treatments are those that bring them about: how many, and how readily those
    of 18 weeks or more. The middle of the courses goes on a little as the list last did, and its share turns a part
    of the way to what the ages on it would bring.

    Args:
        calibration: how the list is worked.
        weeks: how many.
        demand: referrals as a forecast sees them, one period a week, only relative to their mean count; treatments do
            not follow it. None goes by the past months.
        draws: how many paths.
        seed: the same seed gives the same paths.
    """
    generator = np.random.default_rng(seed)
    start = calibration.start
    size = float(start.waiting.sum())
    usual = calibration.referrals
    months = int(np.ceil(weeks / _WEEKS_A_MONTH)) + 1
    drawn = _months_again(calibration, months, draws, generator)[:, (np.arange(weeks) / _WEEKS_A_MONTH).astype(int)]
    referrals = _counts(drawn * usual, generator)
    growth = _by_week(
        months_ahead(GROWTH, calibration.growth, size, months=months, draws=draws, generator=generator), weeks
    )
    odds = _by_week(months_ahead(ODDS, calibration.odds, size, months=months, draws=draws, generator=generator), weeks)
    now = float(odds_within(start.waiting))
    expected = now + odds + BY_AGES * (_by_ages(calibration, weeks) - now)
    flows = steered(start, referrals, size * np.maximum(1 + growth, LEAST_LEFT), 1 / (1 + np.exp(-expected)))
    if demand is None:
        return flows
    forecast = _counts(_relative(demand, draws, weeks, generator) * usual, generator)
    return Flows(forecast, flows.treatments, flows.readiness)


def _months_again(calibration: Calibration, months: int, draws: int, generator: np.random.Generator) -> Floats:
    """Returns months of referrals drawn from the past, relative to their mean, draws x months."""
    joined = calibration.joined / max(float(np.average(calibration.joined, weights=calibration.weeks)), 1e-9)
    chance = calibration.weeks / calibration.weeks.sum()
    return np.asarray(joined[generator.choice(len(joined), size=(draws, months), p=chance)])


def _by_week(changes: Floats, weeks: int) -> Floats:
    """Returns what months' changes have come to at each week's end."""
    reached = np.concatenate([np.zeros((len(changes), 1)), np.cumsum(changes, axis=1)], axis=1)
    at = np.arange(1, weeks + 1) / _WEEKS_A_MONTH
    whole = np.minimum(at.astype(int), changes.shape[1] - 1)
    return np.asarray(reached[:, whole] + (at - whole) * changes[:, whole])


def _by_ages(calibration: Calibration, weeks: int) -> Floats:
    """Returns the odds of less than 18 weeks, week by week, of a list that keeps its size and its pattern of ages."""
    start = calibration.start
    referrals = np.full((1, weeks), calibration.referrals)
    treatments = np.maximum(referrals - start.other_stops * start.waiting.sum(), 0.0)
    found = project(start, Flows(referrals, treatments))
    return np.asarray(np.log((found.within + 0.5) / (found.size - found.within + 0.5))[0, 1:])


def _relative(demand: DemandPaths, draws: int, weeks: int, generator: np.random.Generator) -> Floats:
    if demand.values.shape[1] < weeks:
        raise ValueError(f"Demand is forecast for {demand.values.shape[1]} weeks, and {weeks} are asked for.")
    chosen = generator.integers(0, len(demand.values), size=draws)
    return np.asarray(demand.values[chosen][:, :weeks] / demand.values[:, :weeks].mean())


def _counts(expected: Floats, generator: np.random.Generator) -> Floats:
    return generator.poisson(np.maximum(expected, 0.0)).astype(float)
