"""The NHS calendar against the published bank holidays."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from metrics.warehouse.calendar import FIRST_DAY, LAST_DAY, easter_sunday, nhs_calendar, usual_bank_holidays

FILE = Path(__file__).parents[1] / "readers" / "files" / "bank_holidays" / "bank-holidays.json"


@pytest.fixture(scope="module")
def published() -> dict[date, str]:
    events = json.loads(FILE.read_text("utf-8"))["england-and-wales"]["events"]
    return {date.fromisoformat(event["date"]): event["title"] for event in events}


@pytest.fixture(scope="module")
def calendar(published: dict[date, str]) -> pl.DataFrame:
    return nhs_calendar(published)


@pytest.mark.parametrize(("year", "holidays", "working_days"), [("FY 2026/27", 10, 251), ("FY 2027/28", 6, 256)])
def test_working_days_of_a_financial_year(calendar, year, holidays, working_days):
    days = calendar.filter(pl.col("financial_year") == year)
    assert (days["bank_holiday"].count(), days["is_working_day"].sum()) == (holidays, working_days)


def test_the_calendar_has_every_day_once(calendar):
    assert calendar["day"].to_list() == pl.date_range(FIRST_DAY, LAST_DAY, eager=True).to_list()


def test_a_new_year_belongs_to_the_old_iso_year_and_financial_year(calendar):
    day = calendar.row(by_predicate=pl.col("day") == date(2027, 1, 1), named=True)
    assert day == {
        "day": date(2027, 1, 1),
        "iso_year": 2026,
        "iso_week": 53,
        "week_start": date(2026, 12, 28),
        "month_start": date(2027, 1, 1),
        "quarter_start": date(2027, 1, 1),
        "financial_year_start": date(2026, 4, 1),
        "financial_year": "FY 2026/27",
        "financial_month": 10,
        "bank_holiday": "New Year\u2019s Day",
        "is_working_day": False,
    }


def test_the_century_is_spelled_in_two_digits(calendar):
    assert calendar.filter(pl.col("day") == date(2010, 3, 31))["financial_year"].item() == "FY 2009/10"


def test_the_usual_holidays_are_the_published_ones_but_for_royal_occasions(published):
    moved = {
        2012: ({date(2012, 5, 28)}, {date(2012, 6, 4), date(2012, 6, 5)}),
        2020: ({date(2020, 5, 4)}, {date(2020, 5, 8)}),
        2022: ({date(2022, 5, 30)}, {date(2022, 6, 2), date(2022, 6, 3), date(2022, 9, 19)}),
        2023: (set(), {date(2023, 5, 8)}),
    }
    for year in range(2012, 2029):
        usual, real = set(usual_bank_holidays(year)), {day for day in published if day.year == year}
        assert (usual - real, real - usual) == moved.get(year, (set(), set())), year


def test_years_without_a_published_list_have_the_usual_holidays(calendar):
    named = calendar.filter(pl.col("bank_holiday").is_not_null())
    by_year = dict(named.group_by(pl.col("day").dt.year()).len().iter_rows())
    assert (by_year[2010], by_year[2011], by_year[2029], by_year[2030]) == (8, 9, 8, 8)
    assert date(2011, 4, 29) in named["day"].to_list()


@pytest.mark.parametrize(
    ("year", "day"), [(2010, (4, 4)), (2011, (4, 24)), (2024, (3, 31)), (2026, (4, 5)), (2038, (4, 25))]
)
def test_easter(year, day):
    assert easter_sunday(year) == date(year, *day)
