"""NHS App: the repeated month label, and boards that add up to England."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.nhs_app import read
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from tests.readers.edited import FILES, cut_short, with_member

FOLDER = FILES / "nhs_app"
JUNE, JULY, AUGUST = (
    FOLDER / f"NHS App Management Information Statistics - {month} 2025.xlsx" for month in ("June", "July", "August")
)
ENGLAND = {  # Table 1, read by eye; the second June is July
    date(2025, 3, 1): (53273324, 11377861),
    date(2025, 4, 1): (51189940, 11314394),
    date(2025, 5, 1): (50796214, 11471297),
    date(2025, 6, 1): (53047654, 11835096),
    date(2025, 7, 1): (56450869, 12196687),
    date(2025, 8, 1): (54342814, 12249763),
}
UNKNOWN_LOGINS = [29108, 27304, 26821, 28562, 30126, 29569]


@pytest.mark.parametrize(("path", "months"), [(JUNE, 4), (JULY, 5), (AUGUST, 6)])
def test_a_workbook_holds_each_month_once_for_42_boards(path: Path, months: int) -> None:
    reading = checked(path, read(path))
    facts = reading.frames["fact_nhs_app_month"]
    assert facts["period"].unique().sort().to_list() == list(ENGLAND)[:months]
    assert facts.height == 42 * months
    stated = {(total.period, total.measure): total.value for total in reading.totals}
    for period, (logins, users) in list(ENGLAND.items())[:months]:
        assert (stated[period, "logins"], stated[period, "unique_users"]) == (logins, users)


@pytest.mark.parametrize("path", [JULY, AUGUST])
def test_the_second_june_is_july_and_the_reading_says_so(path: Path) -> None:
    assert "Table 1 labels a column June 2025 a second time; it is July 2025." in read(path).notes
    assert not [note for note in read(JUNE).notes if "second time" in note]


def test_what_ships_falls_short_of_england_by_the_people_without_a_board() -> None:
    facts = read_shipment("nhs_app").frames["fact_nhs_app_month"]
    sums = facts.group_by("period").agg(pl.col("logins").sum()).sort("period")
    short = [ENGLAND[period][0] - logins for period, logins in sums.iter_rows()]
    assert short == UNKNOWN_LOGINS
    assert [rejection.value for rejection in read(AUGUST).rejections] == [f"{n} logins" for n in UNKNOWN_LOGINS]


def test_a_board_reads_as_the_sheet_has_it() -> None:
    facts = read(AUGUST).frames["fact_nhs_app_month"]
    manchester = facts.filter(pl.col("org_code") == "QOP", pl.col("period") == date(2025, 3, 1)).row(0, named=True)
    assert (manchester["logins"], manchester["unique_users"]) == (2776089, 577139)
    board = read(AUGUST).organisations.filter(pl.col("org_code") == "QOP").row(0, named=True)
    assert (board["org_type"], board["region_code"]) == ("icb", "Y62")


def test_a_sheet_that_does_not_add_up_is_refused(tmp_path: Path) -> None:
    file = with_member(JUNE, tmp_path, "sheet4.xml", "842564", "842565")
    with pytest.raises(UnreadableFileError, match=r"column 'NHS App logins': Table 2 adds up to 53,273,325 in March"):
        read(file)


def test_months_that_do_not_run_on_are_refused(tmp_path: Path) -> None:
    # 45778 is 1 May 2025 as the workbook keeps it; 45717 is 1 March.
    file = with_member(JUNE, tmp_path, "sheet3.xml", "<v>45778</v>", "<v>45717</v>")
    with pytest.raises(UnreadableFileError, match="Table 1 goes from April 2025 to March 2025"):
        read(file)


def test_other_and_broken_files_are_refused(tmp_path: Path) -> None:
    for source in (
        FILES / "workforce" / "NHS Workforce Statistics, May 2025 England and Organisation.xlsx",
        cut_short(JUNE, tmp_path),
    ):
        with pytest.raises(UnreadableFileError):
            read(source)
