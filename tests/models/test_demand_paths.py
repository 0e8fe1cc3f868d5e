"""Paths have the forecast's intervals, and neighbouring periods go together."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from models.demand_paths import DemandPaths, paths_of

FORECAST = pl.DataFrame(
    {
        "date": [date(2026, 1, 1), date(2026, 1, 2)],
        "mean": [100.0, 50.0],
        "lo80": [90.0, 30.0],
        "hi80": [115.0, 60.0],
        "lo95": [80.0, 10.0],
        "hi95": [130.0, 70.0],
    }
)


def test_paths_have_the_stated_intervals() -> None:
    found = paths_of(FORECAST, 40_000, persistence=0.3, seed=1).values
    for level, name in ((0.025, "lo95"), (0.1, "lo80"), (0.5, "mean"), (0.9, "hi80"), (0.975, "hi95")):
        assert np.quantile(found, level, axis=0) == pytest.approx(FORECAST[name].to_numpy(), abs=0.8)
    assert found.min() >= 0


def test_neighbouring_periods_go_together() -> None:
    apart = paths_of(FORECAST, 20_000, persistence=0.0, seed=1).values
    near = paths_of(FORECAST, 20_000, persistence=0.6, seed=1).values
    assert abs(np.corrcoef(apart.T)[0, 1]) < 0.03
    assert np.corrcoef(near.T)[0, 1] == pytest.approx(0.6, abs=0.05)
    assert near.sum(axis=1).std() > apart.sum(axis=1).std()


def test_the_rhythm_of_the_week_can_be_taken_out() -> None:
    starts = tuple(date(2026, 1, 5 + n) for n in range(14))
    week = np.array([10.0, 20, 30, 40, 50, 60, 70])
    found = DemandPaths(starts, np.array([np.tile(week, 2), np.tile(week, 2) * 1.5])).without_weekdays()
    assert found.values[0] == pytest.approx(np.full(14, 40.0))
    assert found.values[1] == pytest.approx(np.full(14, 60.0))


def test_without_the_rhythm_of_the_week_a_closed_day_is_like_the_open_one_before() -> None:
    starts = tuple(date(2026, 1, 4 + n) for n in range(14))  # the first is a Sunday
    week = np.array([0.0, 10, 20, 30, 40, 50, 0])
    found = DemandPaths(starts, np.array([np.tile(week, 2), np.tile(week, 2) * 2])).without_weekdays()
    usual = week.mean()
    assert found.values.mean(axis=0) == pytest.approx(np.full(14, usual * 1.5))
    assert found.values[0] == pytest.approx(np.full(14, usual))
    nothing = DemandPaths(starts, np.zeros((2, 14)))
    assert (nothing.without_weekdays().values == 0).all()


def test_the_same_seed_gives_the_same_paths() -> None:
    first, again = (paths_of(FORECAST, 10, persistence=0.3, seed=7).values for _ in range(2))
    assert (first == again).all()


def test_a_forecast_without_intervals_is_refused() -> None:
    without = FORECAST.with_columns(lo95=pl.lit(None, pl.Float64))
    with pytest.raises(ValueError, match="without an interval"):
        paths_of(without, 10, persistence=0.3, seed=1)


def test_paths_that_are_no_table_of_their_periods_are_refused() -> None:
    with pytest.raises(ValueError, match="draws x 1 periods"):
        DemandPaths((date(2026, 1, 1),), np.ones((3, 2)))
    with pytest.raises(ValueError, match="Persistence"):
        paths_of(FORECAST, 10, persistence=1.0, seed=1)
