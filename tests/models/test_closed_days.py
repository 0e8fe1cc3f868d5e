"""Services that are closed, or nearly so, on some weekdays."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.backtest import backtest
from models.calendar import Frequency, bank_holidays, regressors
from models.calendar_stack import RECIPES
from models.demand import Forecaster
from models.effects import Filtered, drawn_in
from tests.models.series import daily

FIRST = date(2024, 1, 8)
USUAL = np.array([11_000, 11_500, 11_000, 10_500, 9_500, 250, 40])


def practices(weeks: int, series: int) -> pl.DataFrame:
    """Appointments of practices that open on Mondays to Fridays, and hardly at weekends."""
    random = np.random.default_rng(9)
    days = 7 * weeks
    size = np.exp(random.normal(0, 0.5, series))
    expected = np.resize(USUAL, days)[:, None] * size
    values = np.round(expected * np.exp(random.normal(0, 0.03, expected.shape)) + random.normal(0, 2, expected.shape))
    dates = [FIRST + timedelta(number) for number in range(days)]
    names = [f"P{number}" for number in range(series)]
    return pl.DataFrame(
        {"series": np.repeat(names, days), "date": dates * series, "value": np.maximum(values, 0).T.ravel()}
    )


def test_a_day_without_service_is_forecast_as_one() -> None:
    """Twelve weeks are known; Sundays have 40 appointments where other days have 10,000."""
    frame = practices(16, 5)
    known, ahead = frame.filter(pl.col("date") < FIRST + timedelta(84)), frame.filter(pl.col("date") >= FIRST)
    found = Forecaster(country="NONE").fit(known).predict(28).join(ahead, on=["series", "date"])
    weekday = pl.col("date").dt.weekday()
    off = found.group_by(weekday.alias("weekday")).agg(
        pl.col("value").mean(),
        miss=(pl.col("mean") - pl.col("value")).abs().mean(),
        inside=pl.col("value").is_between("lo95", "hi95").mean(),
    )
    for row in off.iter_rows(named=True):
        assert row["miss"] < 0.1 * row["value"] + 30
        assert row["inside"] >= 0.8


@pytest.mark.parametrize("weekday", [5, 6])
def test_a_weekday_far_from_the_others_is_not_wild_but_one_such_day_is(weekday: int) -> None:
    days = np.arange(np.datetime64(FIRST), np.datetime64(FIRST) + 84)
    values = np.resize(np.sqrt(USUAL), 84)[:, None] + np.random.default_rng(3).normal(0, 1, (84, 1))
    calendar = regressors(days, Frequency.DAILY, bank_holidays(2024, 2024))
    filtered = Filtered.of(calendar, RECIPES[Frequency.DAILY].pace, None, 7)
    np.testing.assert_array_equal(drawn_in(values, filtered)[weekday::7], values[weekday::7])
    wild = values.copy()
    wild[30] = 1_000.0
    assert drawn_in(wild, filtered)[30].item() < 300


def test_weekdays_that_are_never_reported_are_not_forecast() -> None:
    known = daily(400).filter(pl.col("date").dt.weekday() <= 5)
    found = Forecaster().fit(known).forecast(14)
    assert found.frame["date"].dt.weekday().unique().sort().to_list() == [1, 2, 3, 4, 5]
    assert found.frame["date"].max() == known["date"].max() + timedelta(days=14)
    assert found.notes["made"][0] == (
        "Nothing was reported on Saturdays and Sundays in its last 8 weeks, so they are not forecast; "
        "the horizon counts them."
    )
    assert not any("rests on" in said for said in found.notes["made"])


def test_only_the_series_that_is_closed_has_no_weekend() -> None:
    closed = daily(400, seed=2, series="closed").filter(pl.col("date").dt.weekday() <= 5)
    fitted = Forecaster().fit(pl.concat([daily(400), closed]))
    found = fitted.predict(14)
    assert dict(found.group_by("series").len().iter_rows()) == {"made": 14, "closed": 10}
    total = fitted.paths(14).summed(every=1)
    expected = found.group_by("date").agg(pl.col("mean").sum()).sort("date")["mean"].to_list()
    assert total["mean"].to_list() == pytest.approx(expected, rel=0.01)
    assert total["lo80"].null_count() == 0


def test_a_weekday_that_was_opened_or_closed_counts_as_it_is_now() -> None:
    made = daily(400)
    saturday, sunday = pl.col("date").dt.weekday() == 6, pl.col("date").dt.weekday() == 7
    ago = (pl.lit(made["date"].max()) - pl.col("date")).dt.total_days()
    known = made.filter(~(saturday & (ago > 30)) & ~(sunday & (ago < 60)))
    assert sorted(Forecaster().fit(known).predict(7)["date"].dt.weekday()) == [1, 2, 3, 4, 5, 6]


def test_a_service_of_three_days_a_week_is_forecast_on_them() -> None:
    made = daily(428)
    days = pl.col("date").dt.weekday().is_in([1, 3, 5])
    found = Forecaster().fit(made.head(400).filter(days)).predict(28)
    both = found.join(made, on="date")
    assert both.height == 12
    assert (both["mean"] - both["value"]).abs().mean() < 12


def clinics(weeks: int, each: float) -> pl.DataFrame:
    """A trust's own count of clinics that shut at weekends: 0 where nothing was written down."""
    made = daily(7 * weeks, level=each, noise=each / 40).with_columns(
        value=pl.col("value").clip(lower_bound=1.0).round()
    )
    return made.with_columns(value=pl.when(pl.col("date").dt.weekday() > 5).then(0.0).otherwise("value"))


@pytest.mark.parametrize(("weeks", "each", "closed"), [(10, 400.0, True), (60, 200.0, True), (10, 0.0, False)])
def test_weekdays_of_nothing_but_0_are_closed_where_that_is_no_chance(weeks: int, each: float, *, closed: bool) -> None:
    """They are forecast as 0, or left out where that is asked for; where chance could be it, they are forecast."""
    made = clinics(weeks, each)
    found = Forecaster(country="NONE").fit(made).forecast(14)
    weekend = found.frame.filter(pl.col("date").dt.weekday() > 5)
    assert found.frame.height == 14
    assert all((weekend[name] == 0).all() == closed for name in ("mean", "hi95"))
    said = "Only 0 was reported on Saturdays and Sundays in its last 8 weeks, so they are "
    assert (f"{said}forecast as 0." in found.notes["made"]) == closed
    without = Forecaster(country="NONE", noughts=False).fit(made).forecast(14)
    assert set(without.frame["date"].dt.weekday()) == ({1, 2, 3, 4, 5} if closed else set(range(1, 8)))
    assert (f"{said}not forecast; the horizon counts them." in without.notes["made"]) == closed


def test_a_weekday_on_which_somebody_came_lately_is_open() -> None:
    made = clinics(60, 300.0)
    sunday = made.filter(pl.col("date").dt.weekday() == 7)["date"][-5]
    once = made.with_columns(value=pl.when(pl.col("date") == sunday).then(2.0).otherwise("value"))
    assert set(Forecaster(noughts=False).fit(once).predict(14)["date"].dt.weekday()) == {1, 2, 3, 4, 5, 7}


def test_days_without_service_are_not_tested() -> None:
    known = daily(200).filter(pl.col("date").dt.weekday() <= 5)
    tested = backtest(known, 14, origins=2).frame
    assert set(tested["date"].dt.weekday()) == {1, 2, 3, 4, 5}
    assert tested["actual"].null_count() == 0
