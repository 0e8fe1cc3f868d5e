"""Services that never change, beside services that do: the ones are known exactly, the others are none the worse."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.backtest import backtest
from models.demand import Forecaster

DAYS = 700
BOUNDS = ("mean", "lo80", "hi80", "lo95", "hi95")


def frame(**series: np.ndarray) -> pl.DataFrame:
    dates = [date(2023, 1, 1) + timedelta(number) for number in range(DAYS)]
    return pl.concat(
        pl.DataFrame({"series": name, "date": dates[: len(values)], "value": values.astype(float)})
        for name, values in series.items()
    )


def lively(seed: int = 1, level: float = 200.0) -> np.ndarray:
    weekday = np.resize([1, 1, 1, 1.05, 1, 0.7, 0.6], DAYS)
    return np.random.default_rng(seed).poisson(level * weekday)


def bounds(ahead: pl.DataFrame, series: str) -> np.ndarray:
    return ahead.filter(pl.col("series") == series).select(BOUNDS).to_numpy()


def test_constants_change_nothing_for_the_others() -> None:
    alone = Forecaster().fit(frame(x=lively())).predict(28)
    still = {"zero": np.zeros(DAYS), "c": np.full(DAYS, 42.0), "d": np.full(DAYS, 7.0), "minus": np.full(DAYS, -3.0)}
    beside = Forecaster().fit(frame(x=lively(), **still)).predict(28)
    np.testing.assert_allclose(bounds(beside, "x"), bounds(alone, "x"), rtol=1e-6)


def test_constants_have_no_part_in_what_many_series_have_in_common() -> None:
    many = {f"x{number}": lively(number, 100.0 + 20 * number) for number in range(6)}
    without = Forecaster().fit(frame(**many)).predict(28)
    still = {f"zero{number}": np.zeros(DAYS) for number in range(6)}
    beside = Forecaster().fit(frame(**many, **still)).predict(28)
    for name in many:
        np.testing.assert_allclose(bounds(beside, name), bounds(without, name), rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.1, 7.0, 42.0, 1e6, -3.0])
def test_the_interval_of_a_constant_holds_it(value: float) -> None:
    for given in (frame(a=np.full(300, value)), frame(a=np.full(DAYS, value), x=lively())):
        found = bounds(Forecaster().fit(given).predict(28), "a")
        np.testing.assert_allclose(found, value, rtol=1e-7, atol=1e-7)
        for low, high in ((1, 2), (3, 4)):
            assert (found[:, low] <= value).all()
            assert (found[:, high] >= value).all()


def test_a_constant_is_covered_whole_in_a_backtest() -> None:
    tested = backtest(frame(a=np.full(400, 0.1), b=np.zeros(400)), 14, origins=4)
    scores = tested.scores()
    assert scores["coverage80"].to_list() == [1.0, 1.0]
    assert scores["coverage95"].to_list() == [1.0, 1.0]


def test_a_constant_that_changed_has_intervals_again() -> None:
    changed = np.where(np.arange(DAYS) < DAYS - 40, 42.0, 60.0)
    found = bounds(Forecaster().fit(frame(a=changed, x=lively())).predict(28), "a")
    assert (found[:, 4] - found[:, 3] > 1.0).all()


def test_one_change_of_a_constant_does_not_widen_the_others_beyond_measure() -> None:
    """An error after a row of exact forecasts is large, and not as many times larger as arithmetic is exact."""
    once = {f"c{number}": np.where(np.arange(DAYS) < DAYS - 60, 0.7, 0.9) for number in range(4)}
    beside = Forecaster().fit(frame(x=lively(), **once)).predict(28)
    alone = Forecaster().fit(frame(x=lively())).predict(28)
    wide, usual = (bounds(each, "x") for each in (beside, alone))
    assert ((wide[:, 4] - wide[:, 3]) < 3 * (usual[:, 4] - usual[:, 3])).all()
