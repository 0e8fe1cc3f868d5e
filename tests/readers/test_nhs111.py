"""Daily NHS 111 calls, on real days and the days that were not yet published."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sample_data.published.checking import checked
from sample_data.published.nhs111 import read
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment

FILE = Path(__file__).parent / "files" / "nhs111" / "nhs111_daily_by_contract.csv"


def test_calls_of_two_days() -> None:
    frame = checked(FILE, read(FILE)).frames["fact_nhs111_day"]
    sums = {
        day: frame.filter(period=day).drop("period", "org_code").sum().row(0)
        for day in (date(2025, 11, 24), date(2026, 3, 29))
    }
    assert sums[date(2025, 11, 24)] == (60_380, 54_606, 35_970, 51_109)
    assert sums[date(2026, 3, 29)] == (58_858, 56_189, 47_080, 53_804)


def test_days_not_yet_published_are_left_out() -> None:
    reading = read(FILE)
    assert reading.frames["fact_nhs111_day"]["period"].max() == date(2026, 3, 29)
    assert len(reading.rejections) == 7 * 28
    assert reading.rejections[0].reason == "2026-03-30: 0 calls in every area, not yet published"
    assert reading.notes == ("7 days from 2026-03-30 to 2026-04-05 hold 0 in every area: not yet published.",)


def test_areas_have_their_region() -> None:
    areas = {row["org_code"]: row for row in read(FILE).organisations.to_dicts()}
    assert areas["111AL8"] == {
        "org_code": "111AL8", "name": "Gloucestershire (Trust/IC24)", "org_type": "other", "region_code": "Y58",
    }  # fmt: skip
    assert len(areas) == 28


def test_shipped_history() -> None:
    frame = read_shipment("nhs111").frames["fact_nhs111_day"]
    assert (frame.height, frame["period"].n_unique()) == (126 * 28, 126)
    assert (frame["calls_answered_60s"] <= frame["calls_answered"]).all()


@pytest.mark.parametrize(
    ("old", "new", "row", "column"),
    [
        (",1006,", ",1006.5,", 2, "calls_received"),
        ("East of England", "East Anglia", 2, "region_code"),
        ("2025-11-24", "24th", 2, "date"),
        ("111AC7", "111AC5", 3, "contract_code"),
        ("calls_triaged", "triaged", 1, "calls_triaged"),
    ],
)
def test_a_bad_file_says_row_and_column(tmp_path: Path, old: str, new: str, row: int, column: str) -> None:
    bad = tmp_path / "calls.csv"
    bad.write_text("".join(FILE.read_text().splitlines(keepends=True)[:5]).replace(old, new, 1))
    with pytest.raises(UnreadableFileError) as raised:
        read(bad)
    assert (raised.value.row, raised.value.column) == (row, column)
