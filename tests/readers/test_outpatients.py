"""Outpatient activity: HES by treatment function, the summary workbook, the quarterly return by provider."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.outpatients import provider_codes, read
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment

FILES = Path(__file__).parent / "files" / "outpatients"
HES = FILES / "HES_treatment_function.csv.gz"
SUMMARY = FILES / "hosp-epis-stat-outp-rep-tabs-2023-24-tab.xlsx"
RETURN = FILES / "quarterly_activity_return.csv.gz"
MONTH, QUARTER, YEAR = "fact_outpatient_month", "fact_outpatient_quarter", "fact_outpatient_year"


def test_general_surgery_in_march_2021() -> None:
    frame = checked(HES, read(HES)).frames[MONTH]
    row = frame.filter(period=date(2021, 3, 1), service_code="100").row(0, named=True)
    assert (row["org_code"], row["attended"], row["did_not_attend"]) == ("ENG", 195_416, 13_142)
    assert (row["first_attendances"], row["follow_up_attendances"]) == (73_955, 121_461)


def test_no_total_is_a_treatment_function() -> None:
    frame = read(HES).frames[MONTH]
    largest = frame.group_by("period").agg((pl.col("attended").max() / pl.col("attended").sum()).alias("share"))
    assert largest["share"].max() < 0.2
    assert set(frame.filter(pl.col("service_code").str.len_chars() != 3)["service_code"]) == {"&"}


def test_months_add_up_to_the_published_years() -> None:
    frames = read_shipment("outpatients").frames
    years = {row["period"]: row for row in frames[YEAR].to_dicts()}
    for start in (2018, 2019):
        year = frames[MONTH].filter(pl.col("period").is_between(date(start, 4, 1), date(start + 1, 3, 31)))
        stated = years[date(start, 4, 1)]
        for measure in ("appointments", "attended", "did_not_attend"):
            assert year[measure].sum() == stated[measure], (start, measure)
    assert years[date(2018, 4, 1)]["did_not_attend"] == 7_919_660
    # 2020-21 was provisional when the months were published.
    provisional = frames[MONTH].filter(pl.col("period") >= date(2020, 4, 1))
    assert provisional["did_not_attend"].sum() == 5_592_771
    assert years[date(2020, 4, 1)]["did_not_attend"] == 5_640_749


def test_the_summary_workbook() -> None:
    reading = checked(SUMMARY, read(SUMMARY))
    frame = reading.frames[YEAR]
    assert frame["period"].to_list() == [date(year, 4, 1) for year in range(2013, 2024)]
    latest = frame.filter(period=date(2023, 4, 1)).row(0, named=True)
    parts = ("attended", "did_not_attend", "patient_cancelled", "hospital_cancelled", "unknown")
    assert [latest[name] for name in parts] == [104_634_817, 8_020_272, 8_846_608, 13_341_849, 602_050]
    assert sum(latest[name] for name in parts) == latest["appointments"] == 135_445_596
    stated = {total.measure: total.value for total in reading.totals}
    assert stated == {
        "appointments": 135_445_596,
        "attended": 104_634_817,
        "first_attendances_year": 33_994_906,
        "follow_up_attendances_year": 70_632_116,
    }


def test_the_quarterly_return_by_provider() -> None:
    reading = checked(RETURN, read(RETURN))
    frame = reading.frames[QUARTER].filter(period=date(2011, 10, 1))
    with gzip.open(RETURN, "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["quarter_start"] == "2011-10-01"]
    known = [row for row in rows if row["Provider Org name"] in provider_codes()]
    unknown = [row for row in rows if row not in known and row["Provider Org name"] != "England"]
    assert frame["first_attended"].sum() == sum(int(row["total_first_seen"]) for row in known)
    stated = {total.measure: total.value for total in reading.totals}
    assert stated["first_attended"] == 4_210_366
    assert stated["first_attended"] - frame["first_attended"].sum() == sum(
        int(row["total_first_seen"]) for row in unknown
    )
    assert frame["first_attended"].sum() / stated["first_attended"] == pytest.approx(0.99421, abs=1e-5)


def test_a_name_without_one_code_is_rejected_with_its_row() -> None:
    reading = read(RETURN)
    named = {rejection.value: rejection for rejection in reading.rejections}
    assert None in named
    assert named[None].column == "Provider Org name"
    assert "EMERSONS GREEN NHS TREATMENT CENTRE" not in provider_codes()
    assert provider_codes()["UNITED LINCOLNSHIRE HOSPITALS NHS TRUST"] == "RWD"
    assert "England" not in provider_codes()


def test_shipped_return() -> None:
    shipment = read_shipment("outpatients")
    frame = shipment.frames[QUARTER]
    assert (frame.height, frame["period"].n_unique()) == (13_116, 36)
    source = next(source for source in shipment.sources if source.file.startswith("quarterly"))
    assert source.rows_rejected == 13_407 - 1 - frame.height


@pytest.mark.parametrize(
    ("old", "new", "row", "column"),
    [
        (",242212,", ",some,", 2, "Total_Appointments"),
        ("31MAR21,01APR20", "32MAR21,01APR20", 2, "Month_Ending"),
        ("DNA_Appointments", "DNA", 1, "DNA_Appointments"),
    ],
)
def test_a_bad_file_says_row_and_column(tmp_path: Path, old: str, new: str, row: int, column: str) -> None:
    with gzip.open(HES, "rt", encoding="utf-8") as file:
        lines = file.readlines()
    surgery = next(line for line in lines if ",31MAR21," in line and ",100," in line)
    sound = lines[0] + surgery
    assert old in sound
    bad = tmp_path / "hes.csv"
    bad.write_text(sound.replace(old, new, 1))
    with pytest.raises(UnreadableFileError) as raised:
        read(bad)
    assert (raised.value.row, raised.value.column) == (row, column)


def test_another_workbook_is_refused() -> None:
    other = Path(__file__).parent / "files" / "virtual_wards" / "Monthly-Virtual-Ward-Aug2024.xlsx"
    with pytest.raises(UnreadableFileError, match="no sheet 'Summary Report 1'"):
        read(other)
