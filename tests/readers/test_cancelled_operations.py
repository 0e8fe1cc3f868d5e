from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.cancelled_operations import PUBLICATION, read
from sample_data.published.cells import read_sheet
from sample_data.published.checking import checked
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from sample_data.published.stated_totals import sum_of
from tests.readers.written_workbook import write_workbook

FILES = Path(__file__).parent / "files" / "cancelled_operations"
Q1 = FILES / "Q1-2025-26-Cancelled-Operations.xlsx"
Q4 = FILES / "Q4-2024-25-Cancelled-Operations.xlsx"
TABLE = "fact_cancelled_operations_quarter"


def test_the_quarter_is_england_as_published() -> None:
    reading = checked(Q1, read(Q1))
    facts = reading.frames[TABLE]
    assert facts["period"].unique().to_list() == [date(2025, 4, 1)]
    assert facts.select(pl.col("cancelled_last_minute", "not_treated_within_28_days").sum()).row(0) == (19278, 4305)
    assert facts.filter(pl.col("org_code") == "R1H").row(0)[2:] == (382, 79)
    assert facts.height == 141


def test_england_and_regions_are_never_facts() -> None:
    reading = read(Q1)
    assert not {"-", "ENG", "Y56"} & set(reading.frames[TABLE]["org_code"])
    assert {total.measure: total.value for total in reading.totals} == {
        "cancelled_last_minute": 19278,
        "not_treated_within_28_days": 4305,
        "cancelled_last_minute_nhs": 19268,
        "not_treated_within_28_days_nhs": 4303,
    }
    assert dict(reading.organisations.select("org_code", "region_code").rows())["R1H"] == "Y56"


def test_who_did_not_submit_is_noted() -> None:
    assert any("RQ3 Birmingham Women's" in note for note in read(Q1).notes)
    assert "R1K" not in set(read(Q1).frames[TABLE]["org_code"])
    assert read(Q4).frames[TABLE]["period"].unique().to_list() == [date(2025, 1, 1)]


def test_shipped_quarters_tie_to_the_files_totals() -> None:
    shipment = read_shipment(PUBLICATION.id)
    facts = shipment.frames[TABLE]
    compared = 0
    for source in shipment.sources:
        for total in source.totals:
            sums = sum_of(facts, total.measure)
            if sums is not None:
                compared += 1
                assert sums[total.period] == total.value
    assert compared == 8
    assert facts.height == 569


def sheet_with(tmp_path: Path, old: str, new: str) -> Path:
    rows = [
        [new if cell == old else cell for cell in row] for row in read_sheet(Q1, "Provider", header_row=None).rows()
    ]
    return write_workbook(tmp_path / "book.xlsx", {"Provider": rows})


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("382", "about 382", r"row 20, column 'Number of last minute .*': 'about 382' is not a number"),
        ("Quarter 1, 2025-26 (April to June 2025)", "Spring 2025", "says 'Spring 2025', which is no quarter"),
        ("Organisation Code", "Code", "no header row with"),
        (
            "Number of patients not treated within 28 days of last minute elective cancellation",
            "Number of patients not treated",
            "1 missing: 'Number of patients not treated within 28 days",
        ),
    ],
)
def test_a_spoilt_file_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    with pytest.raises(UnreadableFileError, match=problem):
        read(sheet_with(tmp_path, old, new))


def test_a_mark_is_not_reported(tmp_path: Path) -> None:
    facts = read(sheet_with(tmp_path, "382", "-")).frames[TABLE]
    assert facts.filter(pl.col("org_code") == "R1H").row(0)[2:] == (None, 79)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="not a cancelled operations workbook"):
        read(FILES.parent / "ae_attendances" / "May-26-AE-by-provider-QVPHP.xls")
    with pytest.raises(UnreadableFileError, match="not an Excel workbook"):
        read(FILES.parent / "ae_attendances" / "Monthly-AE-September-2024.csv")
    empty = tmp_path / "empty.xlsx"
    empty.write_bytes(b"")
    with pytest.raises(UnreadableFileError, match="not an Excel workbook"):
        read(empty)
