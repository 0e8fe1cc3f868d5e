"""The ODS register's extracts, each recognised by its columns."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.ods_boards import NEW_BOARDS, PLACED, SUCCESSIONS
from sample_data.published.ods_reference import read
from sample_data.published.reading import Reading, UnreadableFileError
from tests.readers.edited import FILES, with_cell, with_text

FOLDER = FILES / "ods_reference"
WORKBOOK = FILES / "ae_attendances" / "May-26-AE-by-provider-QVPHP.xls"


def taken(name: str) -> Reading:
    path = FOLDER / name
    return checked(path, read(path))


def said(name: str) -> pl.DataFrame:
    return taken(name).dimensions["ref_organisation"]


def of(frame: pl.DataFrame, code: str) -> dict[str, object]:
    row = frame.filter(pl.col("org_code") == code).row(0, named=True)
    return {name: value for name, value in row.items() if value is not None}


def test_trusts_without_a_header():
    trusts = said("etr.csv")
    assert trusts.height == 60
    assert of(trusts, "R0A") == {
        "source": "ods_trusts",
        "org_code": "R0A",
        "name": "MANCHESTER UNIVERSITY NHS FOUNDATION TRUST",
        "org_type": "trust",
        "icb_code": "QOP",
        "region_code": "Y62",
        "postcode": "M13 9WL",
        "open_date": date(2017, 10, 1),
    }


def test_trusts_with_26_columns_are_the_same(tmp_path):
    cut = tmp_path / "etr.csv"
    lines = (FOLDER / "etr.csv").read_text().splitlines()
    cut.write_text("\n".join(line.rsplit(",", 1)[0] for line in lines) + "\n")
    assert read(cut).dimensions["ref_organisation"].equals(said("etr.csv"))


def test_the_register_tells_trusts_from_the_rest():
    register = said("ods_organisation.csv")
    assert register.height == 59
    assert of(register, "5QH")["org_type"] == "other"
    assert of(register, "5QH")["close_date"] == date(2013, 3, 31)


def test_boards_open_and_closed():
    boards = said("icb_codes_current_and_closed.csv")
    icbs = boards.filter(pl.col("source") == "ods_icb")
    assert icbs.height == 48
    assert icbs["close_date"].count() == 12
    assert of(icbs, "QH8")["close_date"] == date(2026, 3, 31)
    placed = boards.filter(pl.col("source") == "ods_placed")
    assert placed.height == sum(len(codes) for codes in PLACED.values())


def test_new_boards_are_those_that_opened_in_april_2026():
    icbs = said("icb_codes_current_and_closed.csv").filter(pl.col("open_date") == date(2026, 4, 1))
    assert set(icbs["org_code"]) == set(NEW_BOARDS)


def test_every_closed_board_has_a_successor():
    closed = said("icb_codes_current_and_closed.csv").filter(pl.col("close_date").is_not_null())
    assert set(closed["org_code"]) == {old for old, _ in SUCCESSIONS}


def test_the_ae_mapping_of_may_2026_agrees_with_the_successions():
    """Providers that moved from a closed board sit in one of the boards that took it."""
    before = dict(said("provider_dim_with_icb_region.csv").select("org_code", "icb_code").drop_nulls().iter_rows())
    before |= dict(said("ae_system_mapping.csv").select("org_code", "icb_code").drop_nulls().iter_rows())
    after = checked(WORKBOOK, read(WORKBOOK)).dimensions["ref_organisation"]
    moved = {
        (before[code], board)
        for code, board in after.select("org_code", "icb_code").drop_nulls().iter_rows()
        if code in before
    }
    assert moved <= set(SUCCESSIONS)
    assert len(moved) >= 3


def test_sub_boards_carry_board_and_region():
    places = said("Sub_ICB_Locations_to_ICB_to_NHSE_Region_2024_lookup.csv")
    assert places.filter(pl.col("org_type") == "sub_icb").height == 106
    assert places.filter(pl.col("org_type") == "icb").height == 42 + 6
    assert of(places, "93C")["icb_code"] == "QMJ"
    assert of(places, "Z9B2Z")["region_code"] == "Y56"


def test_regions_are_found_in_every_spelling():
    providers = said("provider_dim_with_icb_region.csv")
    assert of(providers, "RBQ")["region_code"] == "Y62"
    mapping = said("ae_system_mapping.csv")
    assert of(mapping, "RC9")["region_code"] == "Y61"
    assert mapping["region_code"].null_count() == 0


def test_trust_types():
    types = said("provider_organisation_types_2024-25.csv")
    assert of(types, "R1D")["trust_type"] == "Community"
    path = FILES / "sickness_absence" / "nhs_sickness_absence_2024-04.csv"
    returns = checked(path, read(path)).dimensions["ref_organisation"]
    assert set(returns["trust_type"]) <= {"Acute", "Ambulance", "Community", "Mental health"}
    assert set(returns["org_type"]) == {"trust"}


def test_successions_are_merged_and_boards_added():
    reading = taken("ods_succession.csv")
    events = reading.dimensions["dim_organisation_succession"]
    # 453 rows, of which three pairs stand twice a day apart; and the boards of April 2026.
    assert events.height == 450 + len(SUCCESSIONS)
    pennine = events.filter(pl.col("predecessor_code") == "RW6")
    assert set(pennine["successor_code"]) == {"R0A", "RM3"}
    assert events.filter(pl.col("predecessor_code") == "RY1").row(0) == ("RY1", "RW4", date(2018, 4, 1))


def test_a_circle_is_refused(tmp_path):
    path = tmp_path / "ods_succession.csv"
    text = (FOLDER / "ods_succession.csv").read_text()
    path.write_text(text + "R0A,RM2,2024-04-01,R0A,Successor\n")
    with pytest.raises(
        UnreadableFileError, match=r"column 'successor_code': Successions go round in a circle: .*RM2 -> R0A -> RM2"
    ):
        read(path)


def test_a_bad_date_is_named(tmp_path):
    path = with_cell(FOLDER / "ods_succession.csv", tmp_path, 3, "legal_start_date", "soon")
    with pytest.raises(UnreadableFileError, match=r"row 3, column 'legal_start_date': 'soon' is no date"):
        read(path)


def test_a_trust_twice_is_refused(tmp_path):
    path = with_text(FOLDER / "etr.csv", tmp_path, '"R0B"', '"R0A"')
    with pytest.raises(UnreadableFileError, match="'R0A' stands in the file twice"):
        read(path)


def test_another_table_is_refused_with_what_is_expected(tmp_path):
    path = Path(tmp_path) / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(UnreadableFileError, match=r"no known reference file\. Expected etr\.csv"):
        read(path)
