"""Nothing that happens after a cut-off may have any part in its forecast."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.backtest import backtest
from models.calendar import Frequency, bank_holidays
from models.calendar_stack import CalendarStack
from models.demand import Forecaster
from models.naive import LastValue, RecentMean, SeasonalNaive
from models.panel import Panel, panel_of
from models.rolling import Model, roll
from tests.models.series import daily, monthly

HOLIDAYS = bank_holidays(2018, 2028)
MODELS = [CalendarStack(HOLIDAYS), SeasonalNaive(), RecentMean(), LastValue()]


def two_series() -> Panel:
    frame = pl.concat([daily(500), daily(500, seed=2, level=90, series="other")])
    return panel_of(frame.sort("series", "date"), Frequency.DAILY)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), kind=st.sampled_from(["shuffled", "changed", "negative", "missing"]))
def test_changing_the_future_never_changes_a_forecast(model: Model, seed: int, kind: str) -> None:
    panel, cutoff = two_series(), 430
    future = panel.values[cutoff:].copy()
    random = np.random.default_rng(seed)
    match kind:
        case "shuffled":
            random.shuffle(future)
        case "changed":
            future = random.uniform(0, 1e6, future.shape)
        case "negative":
            future = -future
        case "missing":
            future[:] = np.nan
    changed = Panel(panel.frequency, panel.periods, panel.names, np.concatenate([panel.values[:cutoff], future]))
    before, after = (roll(model, each, [cutoff], 28, HOLIDAYS) for each in (panel, changed))
    # Sums may be taken in another order, so the last digits may differ; nothing else may.
    np.testing.assert_allclose(after.mean, before.mean, rtol=1e-10)
    for level, bound in before.lower.items():
        np.testing.assert_allclose(after.lower[level], bound, rtol=1e-9)
        np.testing.assert_allclose(after.upper[level], before.upper[level], rtol=1e-9)


@pytest.mark.parametrize("frame", [daily(600), monthly(60)], ids=["daily", "monthly"])
def test_a_backtest_gives_the_forecast_that_was_possible_on_the_day(frame: pl.DataFrame) -> None:
    tested = backtest(frame, 6, origins=3, models=[CalendarStack()])
    for cutoff in tested.frame["cutoff"].unique():
        then = Forecaster().fit(frame.filter(pl.col("date") < cutoff)).predict(6)
        past = tested.frame.filter(pl.col("cutoff") == cutoff).sort("date")
        assert past["date"].to_list() == then["date"].to_list()
        for column in ("mean", "lo80", "hi80", "lo95", "hi95"):
            np.testing.assert_allclose(past[column].to_numpy(), then[column].to_numpy(), rtol=1e-9)


def test_all_models_are_tested_at_the_same_cutoffs() -> None:
    tested = backtest(daily(600), 28, origins=4)
    each = tested.frame.group_by("model").agg(pl.col("cutoff").unique().sort(), pl.len())
    assert each.height == 2
    assert each["cutoff"][0].to_list() == each["cutoff"][1].to_list()
    assert each["len"].to_list() == [4 * 28, 4 * 28]
    assert tested.frame.filter(pl.col("date") < pl.col("cutoff")).is_empty()
