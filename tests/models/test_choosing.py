"""Each series by the model that its own past preferred."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from models.backtest import backtest
from models.choosing import CHOSEN, Choosing
from models.demand import Forecaster
from models.naive import LastValue, RecentMean, SeasonalNaive
from tests.models.series import daily, monthly, rota

NAIVE = SeasonalNaive().name


@pytest.fixture(scope="module")
def both() -> pl.DataFrame:
    return pl.concat([daily(400), rota()])


def test_each_series_is_forecast_by_the_model_that_its_past_prefers(both: pl.DataFrame) -> None:
    found = Choosing().forecast(both, 7)
    usual, naive = Forecaster().fit(both).predict(7), Forecaster(SeasonalNaive()).fit(both).predict(7)
    made, moved = found.frame.filter(series="made"), found.frame.filter(series="rota")
    assert made["model"].unique().to_list() == ["calendar regression"]
    assert made.drop("model").equals(usual.filter(series="made"))
    assert moved["model"].unique().to_list() == [NAIVE]
    assert moved.drop("model").equals(naive.filter(series="rota"))
    assert found.moved["series"].to_list() == ["rota"]
    row = found.moved.row(0, named=True)
    assert row["cutoffs"] == 12
    assert row["lower"] == pytest.approx(1 - row["error"] / row["usual_error"])


def test_the_errors_of_a_choice_are_those_of_the_back_test(both: pl.DataFrame) -> None:
    found = Choosing().forecast(both, 7).choices
    tested = backtest(both, 7, 12).frame
    for name, model in (("made", "calendar regression"), ("rota", NAIVE)):
        misses = tested.filter(series=name, model=model).select((pl.col("actual") - pl.col("mean")).abs().mean())
        assert found.filter(series=name)["error"].item() == pytest.approx(misses.item())


def test_changing_what_follows_a_cutoff_never_changes_its_choice(both: pl.DataFrame) -> None:
    tested = Choosing().backtest(both, 7, 6)
    cutoff = tested.frame["cutoff"].unique().sort()[2]
    wild = both.with_columns(
        value=pl.when(pl.col("date") >= cutoff).then(pl.col("value").reverse() * 3).otherwise("value")
    )
    columns = ["series", "date", "mean", "lo80", "hi95"]
    before, after = (
        found.frame.filter(pl.col("model") == CHOSEN, pl.col("cutoff") <= cutoff).select(columns).sort("series", "date")
        for found in (tested, Choosing().backtest(wild, 7, 6))
    )
    assert before.height == 3 * 7 * 2
    for name in columns[2:]:
        np.testing.assert_allclose(after[name].to_numpy(), before[name].to_numpy(), rtol=1e-9)


def test_a_back_test_of_choosing_gives_the_forecast_that_was_possible_on_the_day(both: pl.DataFrame) -> None:
    tested = Choosing().backtest(both, 7, 3).frame.filter(model=CHOSEN)
    for cutoff in tested["cutoff"].unique():
        then = Choosing().forecast(both.filter(pl.col("date") < cutoff), 7).frame.sort("series", "date")
        past = tested.filter(pl.col("cutoff") == cutoff).sort("series", "date")
        np.testing.assert_allclose(past["mean"].to_numpy(), then["mean"].to_numpy(), rtol=1e-9)


def test_months_are_chosen_by_whole_horizons_that_had_happened() -> None:
    made = monthly(72)
    tested = Choosing().backtest(made, 6, 3)
    for cutoff in tested.frame["cutoff"].unique():
        then = Choosing().forecast(made.filter(pl.col("date") < cutoff), 6).frame
        past = tested.frame.filter(pl.col("model") == CHOSEN, pl.col("cutoff") == cutoff)
        np.testing.assert_allclose(past["mean"].to_numpy(), then["mean"].to_numpy(), rtol=1e-9)


def test_too_short_a_history_keeps_the_usual_model() -> None:
    short = daily(70)
    found = Choosing().forecast(short, 28)
    assert found.choices.row(0) == ("made", "calendar regression", None, None, 0)
    assert found.frame.drop("model").equals(Forecaster().fit(short).predict(28))


def test_a_choice_is_held_to_what_is_possible_and_says_what_it_leaves_out() -> None:
    whole = rota().with_columns(value=pl.col("value") / 450, clinics=pl.lit(1.0) + pl.col("value") % 7)
    ahead = pl.DataFrame(
        {
            "series": "rota",
            "date": [whole["date"].max() + timedelta(number) for number in range(1, 8)],
            "value": None,
            "clinics": 3.0,
        },
        schema=whole.schema,
    )
    found = Choosing(Forecaster(most=1.0)).forecast(pl.concat([whole, ahead]), 7)
    assert found.frame["model"].unique().to_list() == [NAIVE]
    assert found.frame["hi95"].max() <= 1.0
    assert "Its column 'clinics' has no part in the forecast: it is by seasonal naive." in found.notes["rota"]


def test_the_mean_of_late_is_by_weekday_and_the_last_value_goes_on() -> None:
    frame = daily(120, noise=0.0).with_columns(value=pl.col("date").dt.weekday().cast(pl.Float64) * 100)
    gap = frame.with_columns(value=pl.when(pl.col("date") != frame["date"][-1]).then("value"))
    recent = Forecaster(RecentMean()).fit(gap).predict(9)
    assert recent["mean"].to_list() == pytest.approx([100.0 * day.isoweekday() for day in recent["date"]])
    last = Forecaster(LastValue()).fit(gap).predict(3)
    assert last["mean"].to_list() == pytest.approx([frame["value"][-2]] * 3)
