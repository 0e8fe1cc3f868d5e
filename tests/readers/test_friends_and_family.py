"""Friends and Family: the NHS share, not the swapped ones."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import pytest

from sample_data.published.checking import checked
from sample_data.published.friends_and_family import read
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from tests.readers.edited import FILES, cut_short, with_cell, with_rows

TABLE = FILES / "friends_and_family" / "fft_inpatient_national_monthly_totals_2024-01_2024-04.csv"


def test_four_months_of_england_with_the_nhs_share() -> None:
    facts = checked(TABLE, read(TABLE)).frames["fact_fft_month"].sort("period")
    assert facts["period"].to_list() == [date(2024, month, 1) for month in range(1, 5)]
    assert facts["org_code"].unique().to_list() == ["ENG"]
    assert facts["responses"].to_list() == [180600, 177975, 180433, 183936]
    assert math.isclose(facts["positive"][0], 180600 * 0.94)


def test_the_reading_says_in_which_months_the_columns_are_swapped() -> None:
    notes = " ".join(read(TABLE).notes)
    assert "In Jan-24, Feb-24, Mar-24 the total's share" in notes
    assert "Apr-24" not in notes


def test_the_totals_with_the_independent_sector_are_kept_apart() -> None:
    assert [total.value for total in read(TABLE).totals] == [194349, 189636, 194513, 197641]


def test_england_rows_and_trust_rows_are_never_of_one_month() -> None:
    england = read_shipment("friends_and_family").frames["fact_fft_month"]
    trusts = read_shipment("trust_snapshot").frames["fact_fft_month"]
    assert not set(england["period"]) & set(trusts["period"])


def test_responses_that_do_not_add_up_are_named(tmp_path: Path) -> None:
    file = with_cell(TABLE, tmp_path, 3, "Monthly total responses", "189637")
    with pytest.raises(UnreadableFileError, match="row 3, column 'Monthly total responses': '189637' is not NHS plus"):
        read(file)


@pytest.mark.parametrize(("value", "told"), [("94", "is no share from 0 to 1"), ("most", "is not a number")])
def test_a_share_that_is_none_is_named(tmp_path: Path, value: str, told: str) -> None:
    file = with_cell(TABLE, tmp_path, 2, "Monthly NHS percentage positive", value)
    with pytest.raises(UnreadableFileError, match=f"row 2, column 'Monthly NHS percentage positive': .*{told}"):
        read(file)


def test_a_month_twice_a_label_that_is_none_and_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="row 6, column 'period'"):
        read(with_rows(TABLE, tmp_path, lambda rows: [*rows, rows[1]]))
    with pytest.raises(UnreadableFileError, match="row 2, column 'FFT Period'"):
        read(with_cell(TABLE, tmp_path, 2, "FFT Period", "Spring"))
    with pytest.raises(UnreadableFileError):
        read(cut_short(TABLE, tmp_path))
