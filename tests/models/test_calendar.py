from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from models.calendar import (
    Frequency,
    bank_holidays,
    days_in,
    easter_sunday,
    regressors,
    working_days,
)

PUBLISHED = pl.read_csv(Path(__file__).parent / "bank_holidays_england_wales.csv", try_parse_dates=True)


def test_bank_holidays_are_those_of_the_published_list() -> None:
    """GOV.UK, bank holidays of England and Wales, 2012 to 2028 (Open Government Licence v3.0): 140 days."""
    computed = bank_holidays(2012, 2028)
    assert PUBLISHED.height == 140
    assert computed["date"].to_list() == PUBLISHED["date"].to_list()


@pytest.mark.parametrize(
    ("year", "day"),
    [
        (1961, date(1961, 4, 2)),
        (1818, date(1818, 3, 22)),
        (2000, date(2000, 4, 23)),
        (2019, date(2019, 4, 21)),
        (2024, date(2024, 3, 31)),
        (2038, date(2038, 4, 25)),
        (2285, date(2285, 3, 22)),
    ],
)
def test_easter_falls_on_known_sundays(year: int, day: date) -> None:
    assert easter_sunday(year) == day


def test_working_days_of_financial_years_in_england() -> None:
    """FY 2026/27 has two Easters, ten bank holidays and 251 working days; FY 2027/28 has six and 256."""
    months = np.arange(np.datetime64("2026-04"), np.datetime64("2028-04")).astype("datetime64[D]")
    worked = working_days(months, Frequency.MONTHLY, bank_holidays(2026, 2028))
    assert (worked[:12].sum(), worked[12:].sum()) == (251, 256)
    assert days_in(months, Frequency.MONTHLY)[[1, 10, 22]].tolist() == [31, 28, 29]


def test_holiday_marks_name_each_day_once_or_not_at_all() -> None:
    days = np.arange(np.datetime64("2022-12-20"), np.datetime64("2023-01-08"))
    found = regressors(days, Frequency.DAILY, bank_holidays(2022, 2023))
    marked = {
        name: [str(day) for day in days[found.matrix[:, found.names.index(name)] == 1]]
        for name in ("25 December", "27 to 30 December", "substitute day", "1 January", "day after a bank holiday")
    }
    assert marked == {
        "25 December": ["2022-12-25"],
        "27 to 30 December": ["2022-12-27", "2022-12-28", "2022-12-29", "2022-12-30"],
        "substitute day": ["2022-12-27", "2023-01-02"],
        "1 January": ["2023-01-01"],
        "day after a bank holiday": [],
    }


def test_working_days_beside_holidays_share_a_mark_at_christmas_too() -> None:
    """In 2024 Christmas is on a Wednesday; in 2023 both eves are Sundays; Good Friday 2024 is on 29 March."""
    holidays = bank_holidays(2023, 2025)
    days = np.arange(np.datetime64("2023-12-01"), np.datetime64("2025-02-01"))
    found = regressors(days, Frequency.DAILY, holidays)
    column = dict(zip(found.names, found.matrix.T, strict=True))

    def marked(name: str) -> list[str]:
        return [str(day) for day in days[column[name] == 1]]

    assert marked("working day before a bank holiday") == ["2024-03-28", "2024-12-24", "2024-12-31"]
    assert marked("weekend before a bank holiday") == ["2024-05-05", "2024-05-26", "2024-08-25"]
    assert marked("day after a bank holiday") == [
        *("2023-12-27", "2024-01-02", "2024-04-02", "2024-05-07", "2024-05-28", "2024-08-27", "2024-12-27"),
        "2025-01-02",
    ]


@pytest.mark.parametrize("frequency", Frequency)
def test_regressors_of_a_period_do_not_depend_on_the_periods_around_it(frequency: Frequency) -> None:
    step = {Frequency.DAILY: 1, Frequency.WEEKLY: 7}.get(frequency)
    periods = (
        np.arange(np.datetime64("2022-01-03"), np.datetime64("2024-06-30"), step)
        if step
        else np.arange(np.datetime64("2020-01"), np.datetime64("2024-06")).astype("datetime64[D]")
    )
    holidays = bank_holidays(2019, 2025)
    whole, part = regressors(periods, frequency, holidays), regressors(periods[20:40], frequency, holidays)
    assert whole.names == part.names
    assert len(whole.names) == whole.matrix.shape[1] == len(whole.penalty) == len(whole.annual)
    np.testing.assert_array_equal(whole.matrix[20:40], part.matrix)


def test_a_bank_holiday_replaces_its_weekday_and_christmas_eve_half_of_it() -> None:
    days = np.arange(np.datetime64("2025-12-23"), np.datetime64("2025-12-29"))
    found = regressors(days, Frequency.DAILY, bank_holidays(2025, 2026))
    assert found.replaced.tolist() == [0, 0.5, 1, 1, 0, 0]


def test_bridge_days_lie_between_a_holiday_and_the_weekend() -> None:
    """Thanksgiving is a Thursday."""
    thursdays = pl.DataFrame({"date": [date(2024, 11, 28), date(2025, 11, 27)], "title": ["Thanksgiving"] * 2})
    days = np.arange(np.datetime64("2025-11-24"), np.datetime64("2025-12-01"))
    found = regressors(days, Frequency.DAILY, thursdays)
    column = dict(zip(found.names, found.matrix.T, strict=True))
    assert column["bridge day"].tolist() == [0, 0, 0, 0, 1, 0, 0]
    assert column["own: Thanksgiving"].tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert column["working day before a bank holiday"].tolist() == [0, 0, 1, 0, 0, 0, 0]
