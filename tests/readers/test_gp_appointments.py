"""Appointments in general practice: a published regional file, and cuts of the joined tables."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.gp_appointments import read
from sample_data.published.gp_boards import BOARD_OF, BOARDS
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment

FILES = Path(__file__).parent / "files" / "gp_appointments"
DEVON = FILES / "Regional_CSV_Devon.csv"
BOARD = FILES / "appointments_icb.csv.gz"
DURATION = FILES / "actual_duration.csv"
TOTALS = FILES / "sub_icb_totals.csv"
MONTH, DAY, TOTAL = "fact_gp_appointment_month", "fact_gp_appointment_day", "fact_gp_appointment_total_month"


def by_status(frame: pl.DataFrame) -> dict[str, int]:
    return dict(frame.group_by("status").agg(pl.col("appointments").sum()).iter_rows())


def test_the_published_file_of_devon() -> None:
    reading = checked(DEVON, read(DEVON))
    frame = reading.frames[MONTH]
    assert set(frame["org_code"]) == {"QJK"}
    assert by_status(frame.filter(period=date(2019, 3, 1))) == {"attended": 619_268, "dna": 26_737, "unknown": 34_410}
    assert reading.notes == ("1 of 42 integrated care boards: the file gives no England figure.",)


def test_equal_rows_are_real_and_add_up() -> None:
    frame = checked(BOARD, read(BOARD)).frames[MONTH]
    with gzip.open(BOARD, "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["icb_ons_code"] == "E54000057"]
    repeated = Counter(tuple(row.values()) for row in rows)
    assert max(repeated.values()) > 1
    manchester = frame.filter(org_code="QOP", period=date(2022, 6, 1))
    assert by_status(manchester) == {"attended": 1_088_449, "dna": 70_433, "unknown": 56_767}
    assert manchester["appointments"].sum() == sum(int(row["count_of_appointments"]) for row in rows)


def test_both_tables_hold_the_same_devon() -> None:
    january = [read(path).frames[MONTH].filter(org_code="QJK", period=date(2020, 1, 1)) for path in (DEVON, BOARD)]
    keys = ["status", "professional", "mode", "booked_ahead"]
    assert january[0].sort(keys).equals(january[1].sort(keys))
    assert january[0]["appointments"].sum() == 731_220


def test_durations_by_day() -> None:
    reading = checked(DURATION, read(DURATION))
    frame = reading.frames[DAY]
    assert frame.height == 61
    assert frame.filter(org_code="00L", period=date(2021, 12, 1))["appointments"].sum() == 7_300
    place = reading.organisations.filter(org_code="X2C4Y").row(0, named=True)
    assert (place["icb_code"], place["org_type"]) == ("QWO", "sub_icb")


def test_totals_by_location() -> None:
    reading = checked(TOTALS, read(TOTALS))
    frame = reading.frames[TOTAL]
    assert frame.filter(period=date(2026, 1, 1))["appointments"].sum() == 22_879_608
    assert frame.filter(period=date(2023, 8, 1))["appointments"].sum() == 19_947_915
    assert reading.notes == ("65 of 106 sub-ICB locations: the file gives no England figure.",)


def test_no_month_counts_twice_in_what_ships() -> None:
    frame = read_shipment("gp_appointments").frames[MONTH]
    sources = frame.group_by("period", "org_code").agg(pl.col("source_file").n_unique())
    assert sources["source_file"].max() == 1
    boards = dict(frame.group_by("period").agg(pl.col("org_code").n_unique()).iter_rows())
    assert {boards[date(2019, month, 1)] for month in range(3, 13)} == {34}
    assert boards[date(2020, 1, 1)] == boards[date(2022, 6, 1)] == 42
    assert by_status(frame.filter(period=date(2022, 6, 1))) == {
        "attended": 23_715_317,
        "dna": 1_167_790,
        "unknown": 944_971,
    }


def test_durations_cover_exactly_the_attended_appointments() -> None:
    frames = read_shipment("gp_appointments").frames
    attended = frames[MONTH].filter(pl.col("status") == "attended").group_by("period").agg(pl.col("appointments").sum())
    timed = frames[DAY].group_by(pl.col("period").dt.truncate("1mo")).agg(pl.col("appointments").sum().alias("timed"))
    both = timed.join(attended, on="period")
    assert both.height == 7
    assert (both["timed"] == both["appointments"]).all()


def test_each_board_has_one_name() -> None:
    assert len(BOARDS) == 42
    assert set(BOARD_OF.values()) == set(BOARDS)


@pytest.mark.parametrize(
    ("old", "new", "row", "column"),
    [
        ("Attended", "Came", 2, "APPT_STATUS"),
        ("1 Day", "Tomorrow", 2, "TIME_BETWEEN_BOOK_AND_APPT"),
        ("E54000037", "E54999999", 2, "STP_ONS"),
        (",13802", ",many", 2, "COUNT_OF_APPOINTMENTS"),
        ("MAR2019", "MRZ2019", 2, "Appointment_Month"),
        ("HCP_TYPE", "WHO", 1, "HCP_TYPE"),
    ],
)
def test_a_bad_file_says_row_and_column(tmp_path: Path, old: str, new: str, row: int, column: str) -> None:
    sound = "".join(DEVON.read_text().splitlines(keepends=True)[:3])
    assert old in sound
    bad = tmp_path / "devon.csv"
    bad.write_text(sound.replace(old, new, 1))
    with pytest.raises(UnreadableFileError) as raised:
        read(bad)
    assert (raised.value.row, raised.value.column) == (row, column)
