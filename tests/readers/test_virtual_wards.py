"""Virtual wards, on three published workbooks."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from sample_data.published.checking import checked
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from sample_data.published.virtual_wards import read

FILES = Path(__file__).parent / "files" / "virtual_wards"
BOARDS, PROVIDERS = "fact_virtual_ward_month", "fact_virtual_ward_provider_month"


def workbook(month: str) -> Path:
    return FILES / f"Monthly-Virtual-Ward-{month}.xlsx"


def test_boards_add_up_to_england() -> None:
    reading = checked(workbook("Aug2024"), read(workbook("Aug2024")))
    frame = reading.frames[BOARDS]
    assert list(reading.frames) == [BOARDS]
    assert frame.select("capacity", "patients").sum().row(0) == (12_366, 8_403)
    assert {(t.period, t.measure, t.value) for t in reading.totals} == {
        (date(2024, 8, 1), "capacity", 12_366),
        (date(2024, 8, 1), "patients", 8_403),
        (date(2024, 8, 1), "gp_registered_population", 63_227_624),
    }


def test_a_provider_in_two_regions_is_one_provider() -> None:
    reading = checked(workbook("Apr2025"), read(workbook("Apr2025")))
    providers = reading.frames[PROVIDERS]
    assert providers.filter(org_code="RV3").row(0) == (date(2025, 4, 1), "RV3", 70, 49)
    assert providers.select("capacity", "patients").sum().row(0) == (12_724, 9_182)
    assert reading.frames[BOARDS].select("capacity", "patients").sum().row(0) == (12_724, 9_182)
    assert reading.notes == ("April 2025: NQT, RV3, RVR, RYX have a row in two regions each: added up.",)


def test_suppressed_patients_are_null() -> None:
    reading = read(workbook("Feb2025"))
    frame = reading.frames[BOARDS]
    assert frame["patients"].null_count() == 2
    assert frame["capacity"].null_count() == 0
    assert frame["patients"].sum() == next(t.value for t in reading.totals if t.measure == "patients") == 9_340


def test_cells_by_another_library() -> None:
    sheet = CalamineWorkbook.from_path(workbook("Apr2025")).get_sheet_by_name("Virtual Ward Data - ICB").to_python()
    manchester = next(row for row in sheet if "QOP" in row)
    frame = read(workbook("Apr2025")).frames[BOARDS].filter(org_code="QOP")
    at = manchester.index("QOP")
    assert frame["capacity"].to_list() == [manchester[at + 2]]
    assert frame["patients"].to_list() == [manchester[at + 5]]


def test_every_shipped_month_ties_to_the_england_row() -> None:
    shipment = read_shipment("virtual_wards")
    assert shipment.frames[BOARDS]["period"].n_unique() == 12
    totals = [total for source in shipment.sources for total in source.totals]
    assert len(totals) == 12 * 3 + 4 * 2
    for total in totals:
        table, measure = (
            (PROVIDERS, total.measure[9:]) if total.measure.startswith("provider_") else (BOARDS, total.measure)
        )
        assert shipment.frames[table].filter(period=total.period)[measure].sum() == total.value, total


def test_a_cut_workbook_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "cut.xlsx"
    bad.write_bytes(workbook("Aug2024").read_bytes()[:9000])
    with pytest.raises(UnreadableFileError, match=r"cut\.xlsx"):
        read(bad)


def test_another_workbook_is_refused() -> None:
    other = Path(__file__).parent / "files" / "kh03_beds" / "Beds-Open-Overnight-Web_File-Q1-2025-26.xlsx"
    with pytest.raises(UnreadableFileError, match="no sheet 'Virtual Ward Data'"):
        read(other)
