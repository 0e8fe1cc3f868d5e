"""Ambulance systems indicators: the published CSV, four months of the workbook's sheet Raw, and regions.

The workbook of 3.4 MB is cut to four months of its sheet Raw and saved anew; its cells are as published.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.ambulance import ITEMS, read
from sample_data.published.checking import checked
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment

FILES = Path(__file__).parent / "files" / "ambulance"
WORKBOOK = FILES / "AmbSYS-Time-Series-Raw-cut.xlsx"
PUBLISHED = FILES / "AmbSYS_published_csv_sample_2024.csv"
REGIONS = FILES / "ambulance_regional_month.csv"
TABLE = "fact_ambulance_month"


def mean(frame: pl.DataFrame, category: str) -> float:
    return float(frame[f"{category}_response_seconds"].sum() / frame[f"{category}_incidents"].sum())


def test_means_are_those_of_the_workbook_s_own_sheets() -> None:
    """Sheet 'Response times', England: August 2025 category 1 00:07:47, category 2 00:27:03, both in h:mm:ss."""
    frame = checked(WORKBOOK, read(WORKBOOK)).frames[TABLE]
    august = frame.filter(period=date(2025, 8, 1))
    assert august.height == 11
    assert round(mean(august, "c1")) == 7 * 60 + 47
    assert round(mean(august, "c1t")) == 9 * 60 + 23
    assert round(mean(august, "c2")) == 27 * 60 + 3
    assert round(mean(august, "c3")) == 3600 + 32 * 60 + 49
    march = frame.filter(period=date(2025, 3, 1))
    assert round(mean(march, "c2")) == 28 * 60 + 33
    assert march["c2_incidents"].sum() == 391_619


def test_handovers_are_those_of_the_sheet_handovers() -> None:
    """Sheet 'Handovers', England, August 2025."""
    august = read(WORKBOOK).frames[TABLE].filter(period=date(2025, 8, 1))
    assert august.select(pl.col("^handovers_.*$").sum()).row(0) == (407_251, 252_727, 88_034, 23_565, 13_332)
    assert round(august["handover_seconds"].sum() / august["handovers_known"].sum()) == 25 * 60 + 56
    assert august["handover_seconds_beyond_30_minutes"].sum() / 3600 == pytest.approx(46_949.607778)


def test_england_and_regions_are_no_facts() -> None:
    reading = read(WORKBOOK)
    frame = reading.frames[TABLE]
    assert not frame["org_code"].str.contains(r"^(ENG|Y\d\d)$").any()
    stated = {(total.period, total.measure): total.value for total in reading.totals}
    assert stated[date(2025, 8, 1), "england_c2_mean_seconds"] == 1_623
    assert stated[date(2025, 8, 1), "england_c2_p90_seconds"] == 54 * 60 + 45
    for (period, measure), value in stated.items():
        if not measure.startswith("england_"):
            assert frame.filter(period=period)[measure].sum() == value


def test_services_that_did_not_report_are_left_out_or_null() -> None:
    reading = read(WORKBOOK)
    frame = reading.frames[TABLE]
    early = frame.filter(period=date(2017, 8, 1))
    assert set(early["org_code"]) == {"RX7", "RX9"}
    assert "R1F August 2017" in {rejection.value for rejection in reading.rejections}
    assert early.filter(org_code="RX7").select("incidents", "hear_and_treat").row(0) == (None, None)
    assert early["handovers_known"].null_count() == 2
    london = frame.filter(period=date(2022, 10, 1), org_code="RRU")
    assert london.select("c1_incidents", "c2_response_seconds", "c2_p90_seconds").row(0) == (None, None, None)
    assert london["calls_answered"].to_list() == [130_625]


def test_the_published_csv() -> None:
    reading = checked(PUBLISHED, read(PUBLISHED))
    january = reading.frames[TABLE].filter(period=date(2024, 1, 1))
    with PUBLISHED.open(encoding="utf-8") as file:
        england = next(row for row in csv.DictReader(file) if row["Org Code"] == "Eng" and row["Month"] == "1")
    for item, measure in ITEMS.items():
        if not measure.endswith(("p50_seconds", "p90_seconds", "p95_seconds", "p99_seconds")):
            assert january[measure].sum() == int(england[item]), item
    assert round(mean(january, "c2")) == int(england["A31"]) == 2_406
    assert january.filter(org_code="R1F")["contacts"].to_list() == [3_429]


def test_the_point_is_not_reported() -> None:
    wight = read(PUBLISHED).frames[TABLE].filter(period=date(2024, 1, 1), org_code="R1F")
    with PUBLISHED.open(encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if row["Org Code"] == "R1F" and row["Month"] == "1")
    blank = [measure for item, measure in ITEMS.items() if row[item] == "."]
    assert [name for name in ITEMS.values() if wight[name][0] is None] == blank


def test_regions_continue_where_the_workbook_ends() -> None:
    reading = checked(REGIONS, read(REGIONS))
    frame = reading.frames[TABLE]
    assert set(frame["period"]) == {date(2025, 9, 1), date(2026, 6, 1)}
    june = frame.filter(period=date(2026, 6, 1))
    assert june["c2_incidents"].sum() == 400_295
    assert june["c2_response_seconds"].sum() == 781_246_644
    assert june["calls_answered"].null_count() == 7


def test_shipped_history_ties_to_england() -> None:
    shipment = read_shipment("ambulance")
    frame = shipment.frames[TABLE]
    sums = {
        row["period"]: row
        for row in frame.group_by("period").agg(pl.exclude("org_code", "source_file").sum()).to_dicts()
    }
    totals = [total for source in shipment.sources for total in source.totals]
    added = [total for total in totals if not total.measure.startswith("england_")]
    assert len(added) == 7 * 97 + 2 * 23
    assert [total for total in added if sums[total.period][total.measure] != total.value] == []
    for total in totals:
        if "mean" in total.measure:
            category = total.measure.split("_")[1]
            row = sums[total.period]
            # The publication cuts or rounds to whole seconds.
            assert row[f"{category}_response_seconds"] / row[f"{category}_incidents"] == pytest.approx(
                total.value, abs=1
            )
    assert (frame["period"].min(), frame["period"].max()) == (date(2017, 8, 1), date(2026, 6, 1))
    assert not frame.select("period", "org_code").is_duplicated().any()


@pytest.mark.parametrize(
    ("old", "new", "row", "column"),
    [
        (",836406,", ",83640.6,", 2, "A1"),
        ("2024,1,Eng", "2024,13,Eng", 2, "Month"),
        ("2024,1,Y59,R1F", "2024,1,Y56,RRU", 4, "Org Code"),
        (",A10,", ",A10x,", 1, "A10"),
    ],
)
def test_a_bad_file_says_row_and_column(tmp_path: Path, old: str, new: str, row: int, column: str) -> None:
    sound = "".join(PUBLISHED.read_text().splitlines(keepends=True)[:5])
    assert old in sound
    bad = tmp_path / "ambsys.csv"
    bad.write_text(sound.replace(old, new, 1))
    with pytest.raises(UnreadableFileError) as raised:
        read(bad)
    assert (raised.value.row, raised.value.column) == (row, column)


def test_a_workbook_without_the_sheet_is_refused() -> None:
    other = Path(__file__).parent / "files" / "virtual_wards" / "Monthly-Virtual-Ward-Aug2024.xlsx"
    with pytest.raises(UnreadableFileError, match="no sheet 'Raw'"):
        read(other)
