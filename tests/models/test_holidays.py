from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from models.calendar import bank_holidays
from models.holidays import COUNTRIES, UnknownCountryError, holidays_of


def titles(country: str, year: int) -> dict[date, str]:
    return dict(holidays_of(country, year, year).iter_rows())


@pytest.mark.parametrize(
    ("country", "day", "title"),
    [
        ("US", date(2025, 1, 20), "Martin Luther King Jr. Day"),
        ("US", date(2025, 5, 26), "Memorial Day"),
        ("US", date(2025, 11, 27), "Thanksgiving"),
        ("US", date(2026, 7, 3), "Independence Day (substitute day)"),
        ("GB-SCT", date(2025, 1, 2), "2nd January"),
        ("GB-SCT", date(2023, 1, 3), "2nd January"),
        ("GB-SCT", date(2022, 1, 4), "2nd January"),
        ("GB-SCT", date(2025, 12, 1), "St Andrew's Day"),
        ("GB-SCT", date(2025, 8, 4), "Summer bank holiday"),
        ("GB-NIR", date(2025, 3, 17), "St Patrick's Day"),
        ("GB-NIR", date(2025, 7, 14), "Battle of the Boyne"),
        ("IE", date(2025, 10, 27), "October Holiday"),
        ("CA", date(2025, 10, 13), "Thanksgiving"),
        ("DE", date(2025, 6, 9), "Whit Monday"),
        ("FR", date(2025, 5, 29), "Ascension Day"),
        ("AU", date(2025, 4, 25), "Anzac Day"),
        ("AU", date(2021, 12, 27), "Christmas Day (substitute day)"),
        ("AU", date(2021, 12, 28), "26 December (substitute day)"),
        ("AU", date(2022, 12, 26), "26 December"),
        ("AU", date(2022, 12, 27), "Christmas Day (substitute day)"),
        ("NZ", date(2021, 12, 28), "26 December (substitute day)"),
        ("NZ", date(2022, 1, 3), "New Year's Day (substitute day)"),
        ("NZ", date(2022, 1, 4), "2 January (substitute day)"),
        ("NZ", date(2022, 12, 27), "Christmas Day (substitute day)"),
        ("NZ", date(2023, 1, 3), "New Year's Day (substitute day)"),
        ("NZ", date(2022, 6, 24), "Matariki"),
        ("NZ", date(2026, 7, 10), "Matariki"),
        ("NZ", date(2052, 6, 21), "Matariki"),
        ("NZ", date(2027, 2, 8), "Waitangi Day (substitute day)"),
        ("CA", date(2021, 12, 28), "26 December (substitute day)"),
        ("CA", date(2024, 5, 20), "Victoria Day"),
        ("CA", date(2026, 5, 18), "Victoria Day"),
        ("CA", date(2021, 9, 30), "National Day for Truth and Reconciliation"),
        ("CA", date(2024, 11, 11), "Remembrance Day"),
    ],
)
def test_known_days(country: str, day: date, title: str) -> None:
    assert titles(country, day.year)[day] == title


def test_the_days_of_england_and_wales_are_those_of_the_calendar() -> None:
    assert holidays_of("GB", 2000, 2030).equals(bank_holidays(2000, 2030))
    assert holidays_of("gb-eng", 2024, 2024).height == 8


def test_scotland_has_neither_easter_monday_nor_the_august_day_of_england() -> None:
    assert date(2025, 4, 21) not in titles("GB-SCT", 2025)
    assert date(2025, 8, 25) not in titles("GB-SCT", 2025)
    assert len(titles("GB-SCT", 2025)) == 9
    assert len(titles("GB-NIR", 2025)) == 10


def test_juneteenth_began_in_2021() -> None:
    assert date(2020, 6, 19) not in titles("US", 2020)
    assert date(2021, 6, 19) in titles("US", 2021)


def test_days_off_for_weekends_and_days_of_reconciliation_begin_with_their_acts() -> None:
    assert date(2011, 2, 7) not in titles("NZ", 2011)
    assert date(2020, 9, 30) not in titles("CA", 2020)
    assert not [title for title in titles("NZ", 2021).values() if title == "Matariki"]


@pytest.mark.parametrize("country", COUNTRIES)
def test_days_are_in_order_and_once_each(country: str) -> None:
    days = holidays_of(country, 1990, 2040)
    assert days.schema == {"date": pl.Date, "title": pl.String}
    assert days["date"].is_sorted()
    assert days["date"].is_unique().all()


def test_an_unknown_country_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnknownCountryError, match=r"'XX'. Write one of GB, GB-SCT, .* or give a table of your own"):
        holidays_of("XX", 2024, 2025)
