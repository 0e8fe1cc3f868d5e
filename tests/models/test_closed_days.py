"""Services that are closed, or nearly so, on some weekdays."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.calendar import Frequency, bank_holidays, regressors
from models.calendar_stack import RECIPES
from models.demand import Forecaster
from models.effects import Filtered, drawn_in

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
