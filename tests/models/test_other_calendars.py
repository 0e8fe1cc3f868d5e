"""Calendars without Christmas, and without any holiday: only days of the holiday table are treated as such."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.calendar import Frequency, bank_holidays, keeps, regressors
from models.demand import Forecaster
from models.holidays import holidays_of
from models.rolling import holiday_periods

WEEKDAYS = np.array([100, 100, 100, 100, 100, 20, 10])
NOTHING = pl.DataFrame(schema={"date": pl.Date})
INDIA = pl.DataFrame({"date": [date(year, *day) for year in range(2017, 2025) for day in ((1, 26), (8, 15), (10, 2))]})


def off(*dates: str) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.array(sorted(dates), dtype="datetime64[D]")


@pytest.mark.parametrize("holidays", [NOTHING, INDIA], ids=["none", "a table of its own"])
@pytest.mark.parametrize("history", [300, 1_100])
@pytest.mark.parametrize("end", [date(2021, 12, 20), date(2020, 12, 20)])
def test_a_weekend_at_christmas_is_a_weekend_where_christmas_is_no_holiday(
    holidays: pl.DataFrame, history: int, end: date
) -> None:
    """25 and 26 December are a Saturday and a Sunday in 2021, a Friday and a Saturday in 2020."""
    days = [end - timedelta(number) for number in range(history)][::-1]
    expected = np.array([WEEKDAYS[day.weekday()] for day in days])
    past = pl.DataFrame({"series": "a", "date": days, "value": np.random.default_rng(5).poisson(expected)})
    ahead = Forecaster(holidays=holidays).fit(past).predict(16)
    truth = WEEKDAYS[ahead["date"].dt.weekday().to_numpy() - 1]
    np.testing.assert_allclose(ahead["mean"].to_numpy(), truth, rtol=0.1, atol=6)


def test_a_calendar_without_holidays_has_no_holiday_marks() -> None:
    days = np.arange(np.datetime64("2018-01-01"), np.datetime64("2024-01-01"))
    found = regressors(days, Frequency.DAILY, NOTHING)
    assert not found.replaced.any()
    assert not found.matrix[:, found.rare].any()
    assert not holiday_periods(days, Frequency.DAILY, NOTHING).any()
    months = np.arange(np.datetime64("2018-01"), np.datetime64("2024-01")).astype("datetime64[D]")
    monthly = regressors(months, Frequency.MONTHLY, NOTHING)
    assert not monthly.matrix[:, monthly.names.index("Easter days")].any()


@pytest.mark.parametrize(
    ("country", "replaced"),
    [
        ("GB", [0.5, 1, 1, 1, 1]),
        ("GB-SCT", [0.5, 1, 1, 1, 1]),
        ("US", [1, 1, 0, 0, 0]),
        ("FR", [0.5, 1, 0, 0, 0]),
        ("NONE", [0, 0, 0, 0, 0]),
    ],
)
def test_a_saturday_christmas_follows_the_table(country: str, replaced: list[float]) -> None:
    """24 to 28 December 2021: the United States keep the Friday before, the United Kingdom the Monday and Tuesday."""
    days = np.arange(np.datetime64("2021-12-24"), np.datetime64("2021-12-29"))
    assert regressors(days, Frequency.DAILY, holidays_of(country, 2020, 2031)).replaced.tolist() == replaced


def test_what_a_table_keeps() -> None:
    england = bank_holidays(2019, 2030)["date"].to_numpy().astype("datetime64[D]")
    assert all(keeps(england, *day) for day in ((12, 25), (12, 26), (1, 1)))
    assert not keeps(england, 1, 2)
    america = holidays_of("US", 2019, 2030)["date"].to_numpy().astype("datetime64[D]")
    assert keeps(america, 12, 25)
    # Of years in which 26 December is made a holiday by a Sunday Christmas alone.
    assert not keeps(america, 12, 26)
    assert keeps(off("2021-01-01", "2021-12-27", "2021-12-28"), 12, 25)
    assert not keeps(off("2021-01-01", "2021-10-03", "2022-10-03"), 12, 25)
    # A table that ends in summer says nothing of its last Christmas.
    assert keeps(off("2022-06-03", "2023-12-25", "2024-05-06"), 12, 25)
    assert not keeps(off(), 12, 25)
