"""The acute discharge situation report, on rows cut from the real files."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.discharge_sitrep import read
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment

FILES = Path(__file__).parent / "files" / "discharge_sitrep"
DISCHARGED = FILES / "england_trust_discharged_patients.csv"
RESIDING = FILES / "england_trust_criteria_to_reside.csv"
DELAYS = FILES / "england_delayed_discharge_reasons_monthly.csv"


def test_discharges_are_those_of_the_file() -> None:
    frame = checked(DISCHARGED, read(DISCHARGED)).frames["fact_discharge_day"]
    first = frame.filter(period=date(2022, 6, 1), org_code="RAJ")
    assert first.row(0) == (date(2022, 6, 1), "RAJ", 37, 12, 49)
    june = frame.filter(pl.col("period").is_between(date(2022, 6, 1), date(2022, 6, 30)))
    assert june["discharged_total"].sum() == 14_350


def test_the_split_by_time_of_day_is_null_from_june_2023() -> None:
    frame = read(DISCHARGED).frames["fact_discharge_day"]
    later = frame.filter(pl.col("period") >= date(2023, 6, 1))
    assert later.height == 40
    assert later["discharged_by_1700"].null_count() == 40
    assert later["discharged_total"].null_count() == 0


def test_zero_at_a_busy_trust_is_not_reported() -> None:
    reading = read(RESIDING)
    frame = reading.frames["fact_criteria_to_reside_day"]
    silent = frame.filter(pl.col("no_criteria_to_reside").is_null())
    assert silent.height == 10
    assert (date(2022, 6, 19), "R0A") in silent.select("period", "org_code").rows()
    assert frame["no_criteria_to_reside"].min() > 0
    assert any(note.startswith("10 of them are 0 in the file") for note in reading.notes)
    assert read(DISCHARGED).frames["fact_discharge_day"]["discharged_total"].null_count() == 12


def test_zero_at_a_quiet_trust_stays_zero(tmp_path: Path) -> None:
    file = tmp_path / "quiet.csv"
    file.write_text(
        "nhs_trust22_code,date,do_not_meet_criteria_to_reside\n"
        "RBS,2024-01-01,3\nRBS,2024-01-02,0\nRBS,2024-01-03,2\nRBS,2024-01-04,\n"
    )
    assert read(file).frames["fact_criteria_to_reside_day"]["no_criteria_to_reside"].to_list() == [3, 0, 2, None]


def test_delay_reasons_are_split_into_group_and_reason() -> None:
    reading = checked(DELAYS, read(DELAYS))
    frame = reading.frames["fact_discharge_delay_month"]
    mid_essex = frame.filter(org_code="RAJ")
    assert mid_essex.filter(period=date(2024, 6, 1))["patients"].sum() == 103
    assert mid_essex.filter(period=date(2025, 5, 1))["patients"].sum() == 83
    assert set(frame["reason_group"]) == {
        "Capacity", "Care transfer hub process", "Hospital process", "Interface process", "Wellbeing concerns",
    }  # fmt: skip
    assert frame.group_by("period", "org_code").len()["len"].unique().to_list() == [37]
    assert not frame["reason"].str.contains(r"\?|^[\x{2013}-]|  ").any()
    assert "Homeless with no recourse to public funds" in set(frame["reason"])
    assert dict(reading.organisations.select("org_code", "name").iter_rows())["RC9"] == (
        "Bedfordshire Hospitals NHS Foundation Trust"
    )


def test_a_row_without_a_trust_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "gap.csv"
    file.write_text("nhs_trust22_code,date,do_not_meet_criteria_to_reside\nR0A,2024-01-01,3\n,2024-01-01,9\n")
    reading = read(file)
    assert [(r.row, r.reason) for r in reading.rejections] == [(3, "no trust code")]
    assert reading.frames["fact_criteria_to_reside_day"].height == 1


@pytest.mark.parametrize(
    ("old", "new", "row", "column"),
    [
        ("2022-06-02,28", "2022-06-02,many", 3, "discharged_by_1700"),
        ("R0A,2022-06-02", "R0A,soon", 3, "date"),
        ("R0A,2022-06-02", "R0A,2022-06-01", 3, "nhs_trust22_code"),
        ("discharged_total", "total", 1, "discharged_total"),
    ],
)
def test_a_bad_file_says_row_and_column(tmp_path: Path, old: str, new: str, row: int, column: str) -> None:
    sound = (
        "nhs_trust22_code,date,discharged_by_1700,discharged_between_1701_2359,discharged_total\n"
        "R0A,2022-06-01,30,12,42\nR0A,2022-06-02,28,10,38\n"
    )
    assert old in sound
    file = tmp_path / "bad.csv"
    file.write_text(sound.replace(old, new))
    with pytest.raises(UnreadableFileError) as raised:
        read(file)
    assert (raised.value.row, raised.value.column) == (row, column)


def test_shipped_history() -> None:
    frames = read_shipment("discharge_sitrep").frames
    days = frames["fact_discharge_day"]
    assert (days.height, days["period"].min(), days["period"].max()) == (149_239, date(2022, 4, 1), date(2025, 8, 31))
    assert days.filter(pl.col("period").dt.truncate("1mo") == date(2025, 8, 1))["discharged_total"].sum() == 297_421
    both = days.filter(pl.col("discharged_by_1700").is_not_null())
    assert (both["discharged_by_1700"] + both["discharged_1701_to_2359"] == both["discharged_total"]).all()
    delays = frames["fact_discharge_delay_month"]
    assert delays.filter(period=date(2025, 5, 1))["patients"].sum() == 8_927


def test_an_independent_count_of_the_cut() -> None:
    with RESIDING.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["date"] == "2023-06-10"]
    frame = read(RESIDING).frames["fact_criteria_to_reside_day"].filter(period=date(2023, 6, 10))
    assert (
        frame["no_criteria_to_reside"].sum() == sum(int(row["do_not_meet_criteria_to_reside"]) for row in rows) == 1_255
    )
