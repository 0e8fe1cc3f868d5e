from __future__ import annotations

from datetime import date

import polars as pl

from models.demand import Forecaster
from models.naive import SeasonalNaive
from tests.models.series import daily, monthly


def test_it_repeats_the_last_known_value_of_the_weekday() -> None:
    frame = daily(100).with_columns(value=pl.col("value").round())
    last = frame.tail(14)["value"].to_list()
    lost = frame.with_columns(value=pl.when(pl.col("date") != frame["date"][-6]).then("value"))
    forecast = Forecaster(SeasonalNaive()).fit(lost).predict(10)["mean"].round(6).to_list()
    # The second day ahead has no value a week ago, so it is that of a fortnight ago.
    assert forecast[:7] == [last[7], last[1], *last[9:]]
    assert forecast[7:] == forecast[:3]


def test_it_repeats_the_same_month_of_the_year_before() -> None:
    frame = monthly(30).with_columns(value=pl.col("value").round())
    forecast = Forecaster(SeasonalNaive()).fit(frame).predict(3)
    assert forecast["date"].to_list() == [date(2021, 10, 1), date(2021, 11, 1), date(2021, 12, 1)]
    year_before = frame.filter(pl.col("date").is_in([date(2020, 10, 1), date(2020, 11, 1), date(2020, 12, 1)]))
    assert forecast["mean"].round(6).to_list() == year_before["value"].to_list()
