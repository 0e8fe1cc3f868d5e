"""Columns that are known ahead go into a forecast, and nothing else of the future does."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from models.backtest import backtest
from models.calendar import Frequency, bank_holidays
from models.calendar_stack import CalendarStack
from models.covariates import Covariates
from models.demand import Forecaster
from models.panel import Panel, UnusableSeriesError, panel_of
from models.rolling import roll
from tests.models.series import daily, monthly

HOLIDAYS = bank_holidays(2018, 2028)
AHEAD = 28


def with_clinics(days: int = 600, *, effect: float = 30.0, seed: int = 1) -> pl.DataFrame:
    """A made series to which each booked clinic adds `effect`; clinics are mostly on Tuesdays, with exceptions."""
    made = daily(days, seed=seed)
    random = np.random.default_rng(seed + 100)
    weekday = made["date"].dt.weekday().to_numpy()
    clinics = np.where(weekday == 2, 3.0, 0.0) + random.integers(0, 3, days)
    return made.with_columns(clinics=pl.Series(clinics), value=pl.col("value") + effect * pl.Series(clinics))


def hidden(frame: pl.DataFrame, ahead: int = AHEAD) -> pl.DataFrame:
    """The frame as it is known before the last days: their values are to come, all else is known."""
    first = frame["date"].unique().sort()[-ahead]
    return frame.with_columns(pl.when(pl.col("date") < first).then("value").alias("value"))


def missed(forecast: pl.DataFrame, truth: pl.DataFrame) -> float:
    both = forecast.join(truth.select("series", "date", "value"), on=["series", "date"])
    return float((both["mean"] - both["value"]).abs().mean())  # type: ignore[arg-type]


def test_what_is_booked_goes_into_the_forecast() -> None:
    """With the column nearly as good as if there were no clinics at all; without it twice as wrong."""
    errors, widths = [], []
    for seed in (1, 2, 3):
        truth, quiet = with_clinics(seed=seed), daily(600, seed=seed)
        found, blind = (
            Forecaster().fit(each).predict(AHEAD) for each in (hidden(truth), hidden(truth).drop("clinics"))
        )
        plain = Forecaster().fit(hidden(quiet)).predict(AHEAD)
        errors.append([missed(found, truth), missed(blind, truth), missed(plain, quiet)])
        widths.append([float((each["hi80"] - each["lo80"]).to_numpy().mean()) for each in (found, blind)])
    found_by, blind_by, plain_by = np.mean(errors, axis=0)
    assert found_by < 0.6 * blind_by
    assert found_by < 1.2 * plain_by
    narrow, wide = np.mean(widths, axis=0)
    assert narrow < 0.6 * wide


def test_more_clinics_ahead_mean_more_demand_by_their_effect() -> None:
    known = hidden(with_clinics())
    ahead = pl.col("value").is_null()
    more = known.with_columns(pl.when(ahead).then(pl.col("clinics") + 2).otherwise("clinics").alias("clinics"))
    fewer, found = (Forecaster().fit(each).predict(AHEAD)["mean"] for each in (known, more))
    assert (found - fewer).mean() == pytest.approx(60, rel=0.2)


def test_each_series_has_its_own_effect() -> None:
    truth = pl.concat(
        [with_clinics(), with_clinics(seed=2, effect=0.0).with_columns(series=pl.lit("none"))], how="vertical_relaxed"
    )
    known = hidden(truth)
    more = known.with_columns(
        pl.when(pl.col("value").is_null()).then(pl.col("clinics") + 2).otherwise("clinics").alias("clinics")
    )
    fewer, found = (Forecaster().fit(each).predict(AHEAD) for each in (known, more))
    moved = (
        found.join(fewer, on=["series", "date"]).group_by("series").agg((pl.col("mean") - pl.col("mean_right")).mean())
    )
    by_name = dict(moved.iter_rows())
    assert by_name["none"] == pytest.approx(0, abs=4)
    assert by_name["made"] == pytest.approx(60, rel=0.2)


def test_a_column_of_noise_does_little_harm() -> None:
    truth = daily(600).with_columns(noise=pl.Series(np.random.default_rng(9).normal(0, 1, 600)))
    with_it = missed(Forecaster().fit(hidden(truth)).predict(AHEAD), truth)
    without = missed(Forecaster().fit(hidden(truth).drop("noise")).predict(AHEAD), truth)
    assert with_it < 1.05 * without


@pytest.mark.parametrize(("days_since", "at_most"), [(4, 2.0), (10, 1.5), (60, 1.5)])
def test_a_known_step_is_taken_in_at_once(days_since: int, at_most: float) -> None:
    """150 more a day since a ward opened, told by a column of 0 and 1: soon as good as if there had been no step.

    Without the column a step is only seen when it has lasted for a week.
    """
    told, never, blind = [], [], []
    for seed in (1, 2, 3):
        step = pl.Series(np.arange(800) >= 800 - AHEAD - days_since).cast(pl.Float64)
        usual = daily(800, seed=seed)
        truth = usual.with_columns(value=pl.col("value") + 150 * step, opened=step)
        for into, known, whole in (
            (told, hidden(truth), truth),
            (never, hidden(usual), usual),
            (blind, hidden(truth).drop("opened"), truth),
        ):
            ahead = Forecaster().fit(known).predict(AHEAD)
            into.append([missed(ahead, whole), float((ahead["hi80"] - ahead["lo80"]).to_numpy().mean())])
    error, width = np.mean(told, axis=0) / np.mean(never, axis=0)
    assert error < at_most
    assert width < at_most
    if days_since < 7:
        assert np.mean(told, axis=0)[0] < 0.85 * np.mean(blind, axis=0)[0]


def test_months_have_columns_too() -> None:
    made = monthly(72)
    lists = np.random.default_rng(3).integers(0, 5, 72).astype(float)
    added = pl.Series(0.05 * made["value"].to_numpy().mean() * lists)
    truth = made.with_columns(lists=pl.Series(lists), value=pl.col("value") + added)
    known = hidden(truth, 6)
    found, blind = (Forecaster().fit(each).predict(6) for each in (known, known.drop("lists")))
    assert missed(found, truth) < 0.7 * missed(blind, truth)


def test_changing_values_after_the_cutoff_never_changes_a_forecast() -> None:
    truth = with_clinics(500)
    panel, cutoff = panel_of(truth.select("series", "date", "value"), Frequency.DAILY), 430
    more = pl.DataFrame(
        {"series": ["made"] * AHEAD, "date": panel.extended(AHEAD)[-AHEAD:], "clinics": [1.0] * AHEAD}
    ).with_columns(pl.col("date").cast(pl.Date))
    covariates = Covariates(("clinics",), pl.concat([truth.select("series", "date", "clinics"), more]), ())
    model = CalendarStack(HOLIDAYS, covariates)
    changed = Panel(panel.frequency, panel.periods, panel.names, panel.values.copy())
    changed.values[cutoff:] = np.random.default_rng(0).uniform(0, 1e6, changed.values[cutoff:].shape)
    before, after = (roll(model, each, [cutoff], AHEAD, HOLIDAYS) for each in (panel, changed))
    np.testing.assert_allclose(after.mean, before.mean, rtol=1e-10)
    np.testing.assert_allclose(after.upper[0.95], before.upper[0.95], rtol=1e-9)


def test_what_is_known_beyond_the_horizon_does_not_matter() -> None:
    known = hidden(with_clinics())
    beyond = known["date"].max() - pl.duration(days=13)
    changed = known.with_columns(pl.when(pl.col("date") > beyond).then(99.0).otherwise("clinics").alias("clinics"))
    first, second = (Forecaster().fit(each).predict(14)["mean"].to_numpy() for each in (known, changed))
    np.testing.assert_allclose(first, second, rtol=1e-10)


def test_a_day_that_is_to_be_forecast_must_be_known() -> None:
    known = hidden(with_clinics())
    day = date(2023, 8, 10)
    gap = known.with_columns(pl.when(pl.col("date") != day).then("clinics").alias("clinics"))
    assert known.filter(pl.col("date") == day)["value"].to_list() == [None]
    with pytest.raises(UnusableSeriesError, match="'clinics' of series 'made' has no number for 10 August 2023"):
        Forecaster().fit(gap).predict(AHEAD)


def test_a_column_of_the_past_alone_is_left_out_and_that_is_said() -> None:
    past = with_clinics().head(560)
    found = Forecaster().fit(past).forecast(AHEAD)
    assert found.frame.equals(Forecaster().fit(past.drop("clinics")).predict(AHEAD))
    assert "Its column 'clinics' is not known ahead, so it has no part in the forecast." in found.notes["made"]


def test_true_and_false_are_one_and_nought() -> None:
    known = hidden(daily(800)).with_columns(
        opened=pl.int_range(800) >= 700, value=pl.col("value") + 150 * (pl.int_range(800) >= 700).cast(pl.Int64)
    )
    numbers = known.with_columns(pl.col("opened").cast(pl.Float64))
    assert Forecaster().fit(known).predict(AHEAD).equals(Forecaster().fit(numbers).predict(AHEAD))


def test_a_column_that_never_changed_is_said_to_have_no_effect() -> None:
    to_come = hidden(daily(600)).with_columns(opened=(pl.int_range(600) >= 580).cast(pl.Float64))
    found = Forecaster().fit(to_come).forecast(AHEAD)
    assert found.notes["made"] == (
        "Its column 'opened' never changed in its history, so what it does is not known: it has no effect.",
    )
    plain = Forecaster().fit(to_come.drop("opened")).predict(AHEAD)
    np.testing.assert_allclose(found.frame["mean"].to_numpy(), plain["mean"].to_numpy(), rtol=1e-6)


def test_a_series_that_lacks_what_is_known_ahead_is_refused_alone() -> None:
    known = hidden(with_clinics(300))
    lacks = hidden(with_clinics(300, seed=2)).with_columns(
        series=pl.lit("lacks"), clinics=pl.when(pl.col("value").is_not_null()).then("clinics")
    )
    found = Forecaster().fit(pl.concat([known, lacks])).forecast(AHEAD)
    assert found.frame["series"].unique().to_list() == ["made"]
    assert found.refused["lacks"].startswith("'clinics' of series 'lacks' has no number for ")


def test_a_backtest_knows_what_the_forecast_knows() -> None:
    known = hidden(with_clinics(500))
    with_it, without = (backtest(each, AHEAD, origins=3).scores() for each in (known, known.drop("clinics")))
    ours, blind = (each.filter(model="calendar regression")["mae"].item() for each in (with_it, without))
    assert ours < 0.7 * blind
