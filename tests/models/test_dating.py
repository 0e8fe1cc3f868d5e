"""Periods are told by each series' own dates, and forecasts are dated as the series is."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from models.backtest import backtest
from models.calendar import Frequency
from models.demand import Forecaster
from models.panel import UnusableSeriesError
from tests.models.series import daily, monthly

REMEDY = "Daily, weekly and monthly series are forecast: give it by one of these, or leave it out."


def weekly(count: int, *, start: date = date(2021, 1, 4), series: str = "weeks") -> pl.DataFrame:
    made = daily(7 * count, start=start, series=series)
    return (
        made.group_by_dynamic("date", every="7d", offset="0d", start_by="datapoint")
        .agg(pl.col("series").first(), pl.col("value").sum())
        .select("series", "date", "value")
    )


@pytest.mark.parametrize(
    ("moved", "ahead"),
    [
        (pl.col("date"), [date(2024, 4, 1), date(2024, 5, 1)]),
        (pl.col("date").dt.month_end(), [date(2024, 4, 30), date(2024, 5, 31)]),
        (pl.col("date") + timedelta(days=14), [date(2024, 4, 15), date(2024, 5, 15)]),
        (
            pl.min_horizontal(pl.col("date") + timedelta(days=29), pl.col("date").dt.month_end()),
            [date(2024, 4, 30), date(2024, 5, 30)],
        ),
    ],
    ids=["first", "last", "15th", "30th"],
)
def test_months_are_dated_by_any_one_day(moved: pl.Expr, ahead: list[date]) -> None:
    expected = Forecaster().fit(monthly(60)).predict(2)
    given = monthly(60).with_columns(date=moved)
    found = Forecaster().fit(given).predict(2)
    assert found["date"].to_list() == ahead
    assert found.drop("date").equals(expected.drop("date"))
    tested = backtest(given, 2, origins=2).frame
    assert set(tested["date"]) <= set(given["date"])
    assert set(tested["cutoff"]) <= set(given["date"])
    assert Forecaster().fit(given).paths(2).summed(every=1)["date"].to_list() == ahead


def test_what_is_known_ahead_is_dated_as_the_months_are() -> None:
    made = monthly(60).with_columns(booked=pl.int_range(60) % 5)
    value = pl.when(pl.int_range(60) < 54).then(pl.col("value") + 300 * pl.col("booked"))
    known = made.with_columns(value=value)
    expected = Forecaster().fit(known).predict(6)
    ends = known.with_columns(pl.col("date").dt.month_end())
    assert Forecaster().fit(ends).predict(6)["mean"].equals(expected["mean"])


def test_series_of_several_frequencies_are_forecast_each_by_its_own() -> None:
    sundays = weekly(60, start=date(2022, 1, 2), series="sundays")
    frame = pl.concat([daily(400), monthly(60, series="months"), weekly(80), sundays])
    fitted = Forecaster().fit(frame)
    assert fitted.refused == {}
    assert fitted.frequency is None
    found = fitted.predict({Frequency.DAILY: 7, Frequency.WEEKLY: 3, Frequency.MONTHLY: 2})
    assert dict(found.group_by("series").len().iter_rows()) == {"made": 7, "weeks": 3, "sundays": 3, "months": 2}
    for name, weekday in (("weeks", 1), ("sundays", 7)):
        alone = Forecaster().fit(frame.filter(pl.col("series") == name)).predict(3)
        assert found.filter(pl.col("series") == name).equals(alone)
        assert set(alone["date"].dt.weekday()) == {weekday}
    with pytest.raises(UnusableSeriesError, match=r"'made' is daily|is monthly|is weekly"):
        fitted.paths(2)
    with pytest.raises(UnusableSeriesError, match="dated by different weekdays"):
        Forecaster().fit(frame.filter(pl.col("series").is_in(["weeks", "sundays"]))).paths(2)


@pytest.mark.parametrize(
    ("dates", "reason"),
    [
        ([date(2010 + n // 4, 1 + 3 * (n % 4), 1) for n in range(56)], f"It is quarterly. {REMEDY}"),
        ([date(1990 + n, 12, 31) for n in range(34)], f"It is yearly. {REMEDY}"),
        ([date(2024, 1, 1) + timedelta(days=14 * n) for n in range(60)], f"It is given every 2 weeks. {REMEDY}"),
        (
            [date(2020 + n // 12, 1 + n % 12, (28, 27, 26)[n % 3]) for n in range(48)],
            "Its dates are a month apart, but not on one day of the month. Date each month by its first day.",
        ),
        (
            [date(2020, 1, 6) + timedelta(days=7 * n + (n >= 75)) for n in range(150)],
            "Its dates are a week apart, but not on one weekday. Date each week by the day that it begins on.",
        ),
    ],
    ids=["quarterly", "yearly", "fortnightly", "uneven months", "uneven weeks"],
)
def test_other_periods_are_refused_by_name_while_the_rest_is_forecast(dates: list[date], reason: str) -> None:
    odd = pl.DataFrame({"series": "odd", "date": dates, "value": [float(n) for n in range(len(dates))]})
    fitted = Forecaster().fit(pl.concat([odd, monthly(60)]))
    assert fitted.refused == {"odd": reason}
    assert fitted.predict(3)["series"].unique().to_list() == ["made"]


@pytest.mark.parametrize(
    ("frequency", "frame", "reason"),
    [
        (
            Frequency.WEEKLY,
            weekly(60).with_columns(pl.col("date") + pl.duration(days=(pl.int_range(60) >= 40).cast(pl.Int64))),
            "Its weeks are dated by 2 different weekdays. Date each week by the day that it begins on.",
        ),
        (
            Frequency.MONTHLY,
            daily(400),
            "It has more than one date in a month. Add up to months first, each dated by its first day.",
        ),
    ],
    ids=["weeks", "months"],
)
def test_dates_that_contradict_the_frequency_asked_for_are_refused(
    frequency: Frequency, frame: pl.DataFrame, reason: str
) -> None:
    assert list(Forecaster(frequency=frequency).fit(frame).refused.values()) == [reason]


def test_a_series_of_two_dates_is_taken_to_be_as_the_others_are() -> None:
    new = monthly(2, series="new").with_columns(pl.col("date").dt.offset_by("58mo"))
    fitted = Forecaster().fit(pl.concat([monthly(60), new]))
    assert fitted.refused == {"new": "Its history is too short: 2 months, and a forecast needs 12."}
