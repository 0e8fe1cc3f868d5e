from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.cells import read_csv_as_text
from sample_data.published.checking import checked
from sample_data.published.diagnostics import NOT_SPLIT, PUBLICATION, read
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from sample_data.published.stated_totals import sum_of
from tests.readers.written_workbook import write_workbook

FILES = Path(__file__).parent / "files" / "diagnostics"
APRIL = FILES / "Monthly-Diagnostics-Web-File-Provider-April-2024_GG8WA.csv.gz"
SEPTEMBER = FILES / "Monthly-Diagnostics-Web-File-Provider-September-2024_9CL34R.csv.gz"


def facts_of(path: Path) -> pl.DataFrame:
    return read(path).frames["fact_diagnostics_month"]


def test_figures_stand_as_in_the_file_with_their_commas_read() -> None:
    facts = checked(APRIL, read(APRIL)).frames["fact_diagnostics_month"]
    row = facts.filter((pl.col("org_code") == "RF4") & (pl.col("test") == "Magnetic Resonance Imaging"))
    assert row.rows() == [(date(2024, 4, 1), "RF4", "Magnetic Resonance Imaging", 4162, 400, 50, 99 + 746 + 3339)]


def test_the_row_total_is_never_a_fact() -> None:
    reading = read(APRIL)
    facts = reading.frames["fact_diagnostics_month"]
    assert "Total" not in set(facts["test"])
    # One test only: the row Total repeats it and must not count twice.
    assert facts.filter(pl.col("org_code") == "K4F4F").rows() == [
        (date(2024, 4, 1), "K4F4F", "Audiology - Audiology Assessments", 302, 2, 0, 810)
    ]
    assert len(reading.totals) == 4
    for total in reading.totals:
        assert sum_of(facts, total.measure) == {date(2024, 4, 1): total.value}
    assert reading.notes == ()
    assert reading.rejections == ()
    assert dict(reading.organisations.select("org_code", "region_code").rows())["NKO"] == "Y63"


def test_september_2024_has_all_providers_and_no_split_by_test() -> None:
    reading = checked(SEPTEMBER, read(SEPTEMBER))
    facts = reading.frames["fact_diagnostics_month"]
    assert set(facts["test"]) == {NOT_SPLIT}
    assert facts.height == facts["org_code"].n_unique() == 431
    assert facts["waiting"].sum() == 1586986
    assert facts["waiting_over_6_weeks"].sum() == 359888
    assert reading.totals == ()
    assert "September 2024" in reading.notes[0]
    assert "split by test is missing" in reading.notes[0]


def test_shipped_months_tie_to_the_files_totals() -> None:
    shipment = read_shipment(PUBLICATION.id)
    facts = shipment.frames["fact_diagnostics_month"]
    stated = [total for source in shipment.sources for total in source.totals]
    assert len(stated) == 11 * 4
    for total in stated:
        sums = sum_of(facts, total.measure)
        assert sums is not None
        assert sums[total.period] == total.value
    march = facts.filter(pl.col("period") == date(2025, 3, 1))
    assert (march["waiting"].sum(), march["waiting_over_6_weeks"].sum()) == (1703242, 312744)
    assert facts["period"].n_unique() == 12


def test_a_workbook_reads_like_the_csv(tmp_path: Path) -> None:
    table = read_csv_as_text(APRIL)
    head = [["Title:", "Monthly Diagnostics Data"], ["Period:", "April 2024"], ["Published:", "13th June 2024"], [None]]
    sheets = {"Provider": [["x"]], "Provider by Test": [*head, table.columns, *table.rows()]}
    path = write_workbook(tmp_path / "diagnostics.xlsx", sheets)
    assert facts_of(path).equals(facts_of(APRIL))


def changed(tmp_path: Path, old: str, new: str, name: str = "Provider-April-2024.csv") -> Path:
    text = gzip.decompress(APRIL.read_bytes()).decode("utf-8")
    assert old in text
    path = tmp_path / name
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_a_row_whose_bands_contradict_the_total_is_refused(tmp_path: Path) -> None:
    problem = r"row 4, column 'Total Waiting List': .*the row states 4163 \(400\)"
    with pytest.raises(UnreadableFileError, match=problem):
        read(changed(tmp_path, '"4,162",400', '"4,163",400'))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (" Total Waiting List ", " Waiting List ", r"'Total Waiting List'. Did you mean 'Waiting List'\?"),
        ('"4,162"', "4162x", r"row 4, column 'Total Waiting List': '4162x' is not a number"),
    ],
)
def test_a_spoilt_file_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    with pytest.raises(UnreadableFileError, match=problem):
        read(changed(tmp_path, old, new))


def test_a_file_without_a_month_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="does not say which month"):
        read(changed(tmp_path, "London", "London", "provider.csv"))


def test_other_workbooks_are_refused() -> None:
    with pytest.raises(UnreadableFileError, match="not a DM01 provider workbook"):
        read(FILES.parent / "ae_attendances" / "May-26-AE-by-provider-QVPHP.xls")
    with pytest.raises(UnreadableFileError, match="no header row with"):
        read(FILES.parent / "cancelled_operations" / "Q1-2025-26-Cancelled-Operations.xlsx")
