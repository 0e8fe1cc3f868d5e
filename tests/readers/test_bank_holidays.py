"""GOV.UK bank holidays."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.bank_holidays import read
from sample_data.published.checking import checked
from sample_data.published.reading import UnreadableFileError

FILE = Path(__file__).parent / "files" / "bank_holidays" / "bank-holidays.json"


def test_the_list_becomes_the_calendar():
    reading = checked(FILE, read(FILE))
    calendar = reading.dimensions["dim_date"]
    holidays = dict(calendar.filter(pl.col("bank_holiday").is_not_null()).select("day", "bank_holiday").iter_rows())
    assert holidays[date(2022, 9, 19)] == "Bank Holiday for the State Funeral of Queen Elizabeth II"
    assert holidays[date(2026, 12, 28)] == "Boxing Day"
    assert date(2026, 1, 2) not in holidays  # Scotland only
    # Eight a year from 2012 to 2028, and four royal occasions.
    assert sum(2012 <= day.year <= 2028 for day in holidays) == 17 * 8 + 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<html>", "this is not JSON"),
        ("[]", "there is no division 'england-and-wales'"),
        ('{"england-and-wales": {"events": []}}', "lists no day"),
        ('{"england-and-wales": {"events": [{"title": "X", "date": "1 May"}]}}', "event 1 of 'england-and-wales'"),
    ],
)
def test_another_file_is_refused(tmp_path, text, message):
    path = tmp_path / "bank-holidays.json"
    path.write_text(text)
    with pytest.raises(UnreadableFileError, match=message):
        read(path)


def test_the_fixture_is_the_published_form():
    assert set(json.loads(FILE.read_text("utf-8"))) == {"england-and-wales", "scotland", "northern-ireland"}
