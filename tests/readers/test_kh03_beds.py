"""KH03 beds: the published web file, and cuts of the joined tables."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from sample_data.published.checking import checked
from sample_data.published.kh03_beds import read
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from sample_data.published.stated_totals import parts_of

FILES = Path(__file__).parent / "files" / "kh03_beds"
WEB = FILES / "Beds-Open-Overnight-Web_File-Q1-2025-26.xlsx"
JOINED = FILES / "overnight_day_beds.csv.gz"
MASTER = FILES / "trust_quarterly_beds.csv.gz"
BEDS, SPECIALTY = "fact_beds_quarter", "fact_beds_specialty_quarter"


def test_general_and_acute_beds_of_autumn_2019() -> None:
    frame = checked(JOINED, read(JOINED)).frames[BEDS].filter(period=date(2019, 10, 1), sector="general_acute")
    assert round(frame["available_overnight"].sum()) == 101_598
    assert round(frame["occupied_overnight"].sum()) == 93_432


def test_the_year_of_the_joined_table_is_a_calendar_year() -> None:
    frame = read(JOINED).frames[BEDS]
    assert set(frame["period"]) == {date(2019, 10, 1), date(2010, 4, 1), date(2011, 1, 1), date(2024, 7, 1)}
    with gzip.open(JOINED, "rt", encoding="utf-8") as file:
        stated = next(row for row in csv.DictReader(file) if row["org_code"] == "NA" and row["period_end"] == "March")
    assert (stated["year"], stated["quarter"]) == ("2011", "Q4")
    winter = frame.filter(period=date(2011, 1, 1), sector="general_acute")
    assert winter["available_overnight"].sum() == pytest.approx(float(stated["general_acute_on_beds_available"]))


def test_the_total_is_the_sum_of_its_sectors() -> None:
    frame = read(JOINED).frames[BEDS]
    assert set(frame["sector"]) == {"general_acute", "learning_disabilities", "maternity", "mental_illness"}
    assert frame.filter(period=date(2019, 10, 1))["available_overnight"].sum() == pytest.approx(128_325.967391)


def test_the_published_web_file() -> None:
    reading = checked(WEB, read(WEB))
    frame = reading.frames[BEDS]
    assert set(frame["period"]) == {date(2025, 4, 1)}
    beds = frame.filter(sector="general_acute").select("available_overnight", "occupied_overnight").sum().row(0)
    assert beds == pytest.approx((104_197.483516, 95_316.791209))
    stated = {total.measure: total.value for total in reading.totals}
    assert stated["available_overnight [sector=general_acute]"] == pytest.approx(104_197.483516)
    assert stated["occupied_overnight [sector=mental_illness]"] == pytest.approx(15_810.340659)
    assert frame["available_day"].null_count() == frame.height
    barts = frame.filter(org_code="R1H").sort("sector")
    assert barts["sector"].to_list() == ["general_acute", "maternity"]


def test_a_cell_by_another_library() -> None:
    rows = CalamineWorkbook.from_path(WEB).get_sheet_by_name("NHS Trust by Sector").to_python()
    barts = next(row for row in rows if "R1H" in row)
    at = barts.index("R1H")
    frame = read(WEB).frames[BEDS].filter(org_code="R1H", sector="general_acute")
    assert frame["available_overnight"].to_list() == pytest.approx([barts[at + 3]])
    assert frame["occupied_overnight"].to_list() == pytest.approx([barts[at + 9]])


def test_specialties_add_up_to_all_occupied_beds() -> None:
    frames = read(WEB).frames
    assert frames[SPECIALTY]["occupied_overnight"].sum() == pytest.approx(frames[BEDS]["occupied_overnight"].sum())
    assert frames[SPECIALTY].filter(service_code="100")["occupied_overnight"].sum() == pytest.approx(9_168.648352)
    path = FILES / "kh03_by_specialty.parquet"
    frame = checked(path, read(path)).frames[SPECIALTY]
    every = read(JOINED).frames[BEDS].filter(period=date(2019, 10, 1))["occupied_overnight"].sum()
    assert frame["occupied_overnight"].sum() == pytest.approx(every)


def test_the_master_table_gives_only_the_quarters_that_others_lack() -> None:
    reading = checked(MASTER, read(MASTER))
    frame = reading.frames[BEDS]
    assert set(frame["period"]) == {date(2024, 10, 1), date(2025, 1, 1)}
    assert set(frame["sector"]) == {"general_acute", "maternity"}
    available = frame.filter(period=date(2025, 1, 1), sector="general_acute")["available_overnight"].sum()
    assert available == pytest.approx(106_068.136630)
    assert "NAN" not in set(frame["org_code"])


def test_two_sources_agree_on_the_quarter_before() -> None:
    with gzip.open(MASTER, "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["period"] == "2024-25 Q2" and row["org_code"] != "NAN"]
    theirs = {
        row["org_code"]: float(row["kh03_avail_ga_avg_beds"])
        for row in rows
        if float(row["kh03_avail_ga_avg_beds"] or 0)
    }
    ours = read(JOINED).frames[BEDS].filter(period=date(2024, 7, 1), sector="general_acute")
    beds = {code: value for code, value in ours.select("org_code", "available_overnight").iter_rows() if value}
    assert beds.keys() == theirs.keys()
    assert all(beds[code] == pytest.approx(theirs[code], abs=0.01) for code in beds)


def test_shipped_quarters_tie_to_england_with_one_known_exception() -> None:
    shipment = read_shipment("kh03_beds")
    frame = shipment.frames[BEDS]
    sums = {
        (row["period"], row["sector"]): row
        for row in frame.group_by("period", "sector").agg(pl.exclude("org_code", "source_file").sum()).to_dicts()
    }
    apart = {}
    totals = [total for source in shipment.sources for total in source.totals]
    for total in totals:
        (measure,), part = parts_of(total.measure)
        gap = total.value - sums.get((total.period, part["sector"]), {}).get(measure, 0)
        if abs(gap) > 0.01:
            apart[total.period, total.measure] = round(gap, 1)
    assert len(totals) > 900
    # 2010-11: the England row holds 81 general and acute day beds of an organisation that is not listed.
    assert {measure for _, measure in apart} == {
        "available_day [sector=general_acute]",
        "occupied_day [sector=general_acute]",
    }
    assert {gap for (_, measure), gap in apart.items() if measure.startswith("available")} == {81.0}
    assert {period for period, _ in apart} == {date(2010, 4, 1), date(2010, 7, 1), date(2010, 10, 1), date(2011, 1, 1)}
    assert frame["period"].n_unique() == 61


@pytest.mark.parametrize(
    ("old", "new", "row", "column"),
    [
        ('"June"', '"Juni"', 2, "year"),
        (",57.0879120879121,57.0879120879121,", ",57.0879120879121,lots,", 2, "general_acute_on_beds_available"),
        ("maternity_on_beds_available", "mat", 1, "maternity_on_beds_available"),
    ],
)
def test_a_bad_file_says_row_and_column(tmp_path: Path, old: str, new: str, row: int, column: str) -> None:
    with gzip.open(JOINED, "rt", encoding="utf-8") as file:
        sound = "".join(file.readlines()[:2])
    assert old in sound
    bad = tmp_path / "beds.csv"
    bad.write_text(sound.replace(old, new, 1))
    with pytest.raises(UnreadableFileError) as raised:
        read(bad)
    assert (raised.value.row, raised.value.column) == (row, column)


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "beds.parquet"
    bad.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        read(bad)
