"""Sickness absence: monthly by organisation, and England's reasons."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from sample_data.published.sickness_absence import PUBLICATION, read
from tests.readers.edited import FILES, cut_short, with_cell, with_rows, with_text

MONTH = FILES / "sickness_absence" / "nhs_sickness_absence_2024-04.csv"
REASONS = FILES / "sickness_absence" / "nhs_sickness_reason_all_12m_ending_20250228.xlsx"


def test_a_month_holds_each_organisation_once_with_its_days() -> None:
    reading = checked(MONTH, read(MONTH))
    facts = reading.frames["fact_sickness_month"]

    assert facts.height == facts["org_code"].n_unique() == 285
    assert facts["period"].unique().to_list() == [date(2024, 4, 1)]
    # Added up with awk from the file.
    assert math.isclose(facts["fte_days_lost"].sum(), 2067858.27142, abs_tol=1e-4)
    assert math.isclose(facts["fte_days_available"].sum(), 43405896.43187, abs_tol=1e-4)
    assert reading.totals == ()
    support = reading.organisations.filter(pl.col("org_code") == "0AR").row(0, named=True)
    assert support == {
        "org_code": "0AR",
        "name": "NHS North of England Commissioning Support Unit",
        "org_type": None,
        "icb_code": None,
        "region_code": None,
    }


def test_a_board_is_named_as_a_board_of_its_region() -> None:
    board = read(MONTH).organisations.filter(pl.col("org_code") == "QKK").row(0, named=True)
    assert (board["org_type"], board["icb_code"], board["region_code"]) == ("icb", "QKK", "Y56")


def test_england_and_region_rows_are_never_facts(tmp_path: Path) -> None:
    def add_totals(rows: list[list[str]]) -> list[list[str]]:
        england = ["30/04/2024", "ENG", "England", "ENG", "England", "ENG", "England", "All", "100", "1000", "10"]
        region = ["30/04/2024", "Y56", "London", "", "", "Y56", "London", "All", "10", "100", "10"]
        return [*rows, england, region]

    reading = read(with_rows(MONTH, tmp_path, add_totals))

    assert reading.frames["fact_sickness_month"].height == 285
    assert [(total.measure, total.value) for total in reading.totals] == [
        ("fte_days_lost", 100.0),
        ("fte_days_available", 1000.0),
    ]
    assert [(rejection.row, rejection.value) for rejection in reading.rejections] == [(288, "Y56")]


def test_the_reasons_are_england_by_month() -> None:
    reading = checked(REASONS, read(REASONS))
    facts = reading.frames["fact_sickness_reason_month"]

    assert facts.height == 300
    assert facts["org_code"].unique().to_list() == ["ENG"]
    assert facts["reason_code"].n_unique() == 25
    april = facts.filter(pl.col("period") == date(2024, 4, 1))
    assert math.isclose(april["fte_days_lost"].sum(), 2037932.38145, abs_tol=1e-4)
    first = facts.filter(pl.col("period") == date(2024, 3, 1), pl.col("reason_code") == "S11").row(0, named=True)
    assert (first["reason"], round(first["fte_days_lost"], 5)) == ("Back Problems", 91020.73622)


def test_the_year_that_ships_is_the_publications() -> None:
    facts = read_shipment("sickness_absence").frames["fact_sickness_month"]
    by_month = facts.group_by("period").agg(pl.col("org_code").n_unique()).sort("period")

    assert by_month["org_code"].to_list() == [285, 285, 285, 285, 285, 285, 283, 281, 280, 280, 280, 280]
    assert math.isclose(facts["fte_days_lost"].sum(), 27533628.97417, abs_tol=1e-3)
    assert math.isclose(facts["fte_days_available"].sum(), 534772743.36088, abs_tol=1e-3)
    manchester = facts.filter(pl.col("org_code") == "R0A", pl.col("period") == date(2025, 3, 1)).row(0, named=True)
    assert (manchester["fte_days_lost"], manchester["fte_days_available"]) == (48309.27928, 858228.96245)


def test_a_cell_that_is_no_number_is_named(tmp_path: Path) -> None:
    file = with_cell(MONTH, tmp_path, 7, "FTE_DAYS_LOST", "abc")
    with pytest.raises(UnreadableFileError, match=r"row 7, column 'FTE_DAYS_LOST': 'abc' is not a number"):
        read(file)


def test_shifted_columns_are_noticed(tmp_path: Path) -> None:
    file = with_cell(MONTH, tmp_path, 4, "FTE_DAYS_AVAILABLE", "99999")
    with pytest.raises(UnreadableFileError, match=r"row 4, column 'SICKNESS_ABSENCE_RATE_PERCENT'.*in their places"):
        read(file)


def test_an_organisation_that_stands_twice_is_refused(tmp_path: Path) -> None:
    file = with_rows(MONTH, tmp_path, lambda rows: [*rows, rows[1]])
    with pytest.raises(UnreadableFileError, match=r"row 287, column 'ORG_CODE': '0AR, 2024-04-01' stands"):
        read(file)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    file = with_text(MONTH, tmp_path, "FTE_DAYS_AVAILABLE", "FTE_DAYS_AVAILABL")
    with pytest.raises(UnreadableFileError, match="Did you mean 'FTE_DAYS_AVAILABL'"):
        read(file)


def test_a_date_that_is_none_is_named(tmp_path: Path) -> None:
    file = with_cell(MONTH, tmp_path, 3, "DATE", "31/31/2024")
    with pytest.raises(UnreadableFileError, match="row 3, column 'DATE'"):
        read(file)


def test_a_broken_download_is_refused(tmp_path: Path) -> None:
    for source in (MONTH, REASONS):
        with pytest.raises(UnreadableFileError):
            read(cut_short(source, tmp_path))


def test_the_publication_says_what_it_covers() -> None:
    assert PUBLICATION.id == "sickness_absence"
    assert PUBLICATION.licence == "Open Government Licence v3.0"
