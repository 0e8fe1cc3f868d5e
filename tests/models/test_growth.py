"""Demand that grows or falls is followed into the weeks ahead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.demand import Forecaster

DAYS, AHEAD = 600, 28
GROWTH: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "straight": lambda day: 100 + 0.3 * day,
    "doubling in nine months": lambda day: 100 * 2 ** (day / 270),
    "falling": lambda day: 400 - 0.3 * day,
}


@pytest.mark.parametrize(
    ("kind", "most"), [("straight", 0.008), ("doubling in nine months", 0.019), ("falling", 0.006)]
)
def test_a_trend_goes_on(kind: str, most: float) -> None:
    """The mean bias over six series of the same kind, each forecast alone; without a trend it is 1.1, 2.5 and 0.6 %."""
    day = np.arange(DAYS + AHEAD)
    expected = GROWTH[kind](day) * np.array([1, 1, 1, 1.05, 1, 0.7, 0.6])[day % 7]
    biases = []
    for seed in range(6):
        values = np.random.default_rng(seed).poisson(expected)
        dates = [date(2023, 1, 1) + timedelta(number) for number in range(DAYS)]
        known = pl.DataFrame({"series": "a", "date": dates, "value": values[:DAYS]})
        mean = Forecaster().fit(known).predict(AHEAD)["mean"].to_numpy()
        biases.append(mean.sum() / values[DAYS:].sum() - 1)
    assert abs(np.mean(biases)) < most
