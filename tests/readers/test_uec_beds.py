"""Monthly average beds of the UEC situation report, on two real months."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from sample_data.published.uec_beds import read

FILE = Path(__file__).parent / "files" / "uec_beds" / "beds_2025-08_and_2022-04.csv"


def test_beds_of_two_months() -> None:
    frame = checked(FILE, read(FILE)).frames["fact_acute_beds_month"]
    columns = [
        "general_acute_available",
        "general_acute_occupied",
        "adult_critical_care_available",
        "adult_critical_care_occupied",
    ]
    sums = {
        period: frame.filter(period=period).select(columns).sum().row(0)
        for period in (date(2022, 4, 1), date(2025, 8, 1))
    }
    assert sums[date(2022, 4, 1)] == (98_268, 90_757, 4_049, 3_073)
    assert sums[date(2025, 8, 1)] == (100_398, 91_936, 4_078, 3_035)
    assert frame.filter(org_code="R0A", period=date(2022, 4, 1)).row(0)[2:6] == (2286, 2031, 1982, 1794)


def test_not_reported_is_null() -> None:
    frame = read(FILE).frames["fact_acute_beds_month"]
    assert frame.filter(period=date(2022, 4, 1))["neonatal_intensive_care_available"].null_count() == 11


def test_parts_add_up_to_general_and_acute_within_rounding() -> None:
    frame = read_shipment("uec_beds").frames["fact_acute_beds_month"]
    parts = pl.col("adult_general_acute_available") + pl.col("paediatric_general_acute_available")
    apart = frame.filter((parts - pl.col("general_acute_available")).abs() > 1)
    # One published row holds 837 beds against parts of 785 and 30.
    assert apart.select("period", "org_code", "general_acute_available").rows() == [(date(2024, 10, 1), "RF4", 837)]
    assert frame.height == 5_557
    assert frame["period"].n_unique() == 41


@pytest.mark.parametrize(
    ("old", "new", "row", "column"),
    [
        ("2286", "lots", 2, "general_acute_beds_available"),
        ('"R0B"', '"R0A"', 3, "nhs_trust22_code"),
        ('"April 2022"', '"Aprl 22"', 2, "date"),
        ("adult_critical_care_beds_occupied", "cc_occupied", 1, "adult_critical_care_beds_occupied"),
    ],
)
def test_a_bad_file_says_row_and_column(tmp_path: Path, old: str, new: str, row: int, column: str) -> None:
    lines = FILE.read_text().splitlines(keepends=True)[:4]
    bad = tmp_path / "beds.csv"
    bad.write_text("".join(lines).replace(old, new, 1 if row > 1 else -1))
    with pytest.raises(UnreadableFileError) as raised:
        read(bad)
    assert (raised.value.row, raised.value.column) == (row, column)
