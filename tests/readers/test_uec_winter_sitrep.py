"""Winter daily situation reports, on real days of six winters."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.reading import Reading, UnreadableFileError
from sample_data.published.shipment import read_shipment
from sample_data.published.uec_winter_sitrep import read

FILES = Path(__file__).parent / "files" / "uec_winter_sitrep"
TABLE = "fact_winter_bed_day"


def winter(years: str) -> Reading:
    path = FILES / f"sitrep_{years}.csv.gz"
    return checked(path, read(path))


def raw(years: str) -> list[dict[str, str]]:
    with gzip.open(FILES / f"sitrep_{years}.csv.gz", "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_day_of_2015_16_with_its_attendances() -> None:
    reading = winter("2015-16")
    day = reading.frames[TABLE].filter(period=date(2015, 11, 30))
    assert day.height == 152
    assert day.select("general_acute_open", "general_acute_occupied", "ae_attendances").sum().row(0) == (
        96_949,
        90_365,
        46_528,
    )
    assert day["handover_over_60_minutes"].null_count() == 152
    assert "Weekdays only." in reading.notes


def test_england_is_a_total_and_never_a_fact() -> None:
    reading = winter("2018-19")
    frame = reading.frames[TABLE]
    assert "-" not in set(frame["org_code"])
    assert {(t.measure, t.value) for t in reading.totals} == {
        ("general_acute_open", 96_403),
        ("general_acute_occupied", 91_533),
        ("adult_critical_care_occupied", 3_056),
        ("handover_over_60_minutes", 432),
    }
    for total in reading.totals:
        assert frame[total.measure].sum() == total.value


def test_the_week_with_doubled_rows_keeps_its_one_sound_day() -> None:
    for years, saturday, sunday in (
        ("2020-21", date(2021, 3, 27), date(2021, 3, 28)),
        ("2021-22", date(2022, 3, 26), date(2022, 3, 27)),
    ):
        reading = winter(years)
        frame = reading.frames[TABLE]
        assert frame["period"].max() == sunday
        assert not frame.select("period", "org_code").is_duplicated().any()
        assert len(reading.rejections) > 1_900
        assert any("half-filled rows are left out" in note for note in reading.notes)
        complete = [row for row in raw(years) if row["Date"] == str(sunday) and row["Diverts"] and row["G&A Beds Open"]]
        stated = next(row for row in complete if row["Name"] == "ENGLAND (All Acute Trusts)")
        day = frame.filter(period=sunday)
        assert day["general_acute_occupied"].sum() == int(stated["G&A beds occ'd"])
        assert day["handover_over_60_minutes"].sum() == int(stated["Delays60"])
        assert sunday not in {total.period for total in reading.totals}
        assert saturday in {total.period for total in reading.totals}


def test_a_trust_under_two_names_counts_once() -> None:
    assert winter("2020-21").frames[TABLE].filter(period=date(2020, 11, 2), org_code="RYR")[
        "general_acute_open"
    ].to_list() == [831]
    frame = winter("2022-23").frames[TABLE].filter(period=date(2023, 3, 12))
    assert frame.filter(org_code="RM3").height == 1
    assert frame["general_acute_open"].sum() == 100_614
    stated = next(row for row in raw("2022-23") if row["Code"] == "-" and row["Date"] == "2023-03-12")
    assert int(stated["G&A Beds Open"]) == 100_614


def test_the_published_occupancy_rate_is_never_read() -> None:
    frame = winter("2018-19").frames[TABLE]
    assert not [name for name in frame.columns if "rate" in name]
    assert frame["general_acute_occupied"].sum() / frame["general_acute_open"].sum() == pytest.approx(0.949483)


def test_ambulance_arrivals() -> None:
    path = FILES / "ambulance_arrivals.csv.gz"
    reading = checked(path, read(path))
    frame = reading.frames["fact_ambulance_handover_day"]
    assert frame.drop("period", "org_code").sum().row(0) == (14_491, 1_629, 432)
    assert [total.value for total in reading.totals] == [14_491, 1_629, 432]
    assert "NA" not in set(frame["org_code"])


def test_shipped_winters_tie_to_england_with_known_exceptions() -> None:
    shipment = read_shipment("uec_winter_sitrep")
    frame = shipment.frames[TABLE]
    sums = frame.group_by("period").agg(pl.exclude("org_code", "source_file").sum())
    by_day = {row["period"]: row for row in sums.to_dicts()}
    apart: dict[str, list[tuple[date, float]]] = {}
    for source in shipment.sources:
        for total in source.totals:
            if total.measure.startswith("ambulance_"):
                continue
            gap = total.value - by_day[total.period][total.measure]
            if gap:
                apart.setdefault(total.measure, []).append((total.period, gap))
    # Two England rows of January 2017 hold the same figure, below the trusts' own; in 2022-23 the England
    # row counts handover delays of trusts whose own cells are blank, such as Bedfordshire.
    assert apart.pop("adult_critical_care_occupied") == [(date(2017, 1, 1), -298), (date(2017, 1, 8), -439)]
    delays = apart.pop("handover_over_60_minutes")
    assert min(day for day, _ in delays) == date(2022, 11, 14)
    assert (len(delays), max(gap for _, gap in delays)) == (112, 38)
    assert min(gap for _, gap in delays) > 0
    assert not apart
    assert frame["period"].n_unique() == 836


@pytest.mark.parametrize(
    ("old", "new", "row", "column"),
    [
        (",911,", ",911.5,", 3, "G&A Beds Open"),
        ("2018-12-03", "3rd", 2, "Date"),
        ("G&A Beds Open", "Beds", 1, "G&A Beds Open"),
    ],
)
def test_a_bad_file_says_row_and_column(tmp_path: Path, old: str, new: str, row: int, column: str) -> None:
    sound = (
        "Code,Name,Date,G&A Beds Open,G&A beds occ'd,CC Adult Open,CC Adult Occ\n"
        "RF4,Barking,2018-12-03,912,907,52,48\nRJ1,Guy's,2018-12-03,911,900,52,48\n"
    )
    bad = tmp_path / "winter.csv"
    bad.write_text(sound.replace(old, new))
    with pytest.raises(UnreadableFileError) as raised:
        read(bad)
    assert (raised.value.row, raised.value.column) == (row, column)


def test_two_different_rows_of_a_trust_and_day_are_refused(tmp_path: Path) -> None:
    bad = tmp_path / "winter.csv"
    bad.write_text(
        "Code,Name,Date,G&A Beds Open,G&A beds occ'd,CC Adult Open,CC Adult Occ\n"
        "RF4,Barking,2018-12-03,912,907,52,48\nRF4,Barking,2018-12-03,911,900,52,48\n"
        "RJ1,Guy's,2018-12-03,911,900,52,48\nRJ2,Lewisham,2018-12-03,5,4,2,1\n"
    )
    with pytest.raises(UnreadableFileError, match="RF4 has two different rows on 2018-12-03"):
        read(bad)
