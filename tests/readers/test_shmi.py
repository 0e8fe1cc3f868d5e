"""Mortality: a value a trust and year, and nothing else of a wider table."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from sample_data.published.shmi import read
from tests.readers.edited import FILES, cut_short, with_cell, with_rows

TABLE = FILES / "shmi" / "shmi_by_trust_2012_2019.csv"


def test_a_trust_has_its_value_of_each_year() -> None:
    facts = checked(TABLE, read(TABLE)).frames["fact_published_indicator"]
    wight = facts.filter(pl.col("org_code") == "R1F").sort("period")
    assert wight["period"].to_list() == [date(year, 4, 1) for year in range(2012, 2020)]
    assert wight["value"].to_list() == [1.0769, 1.099, 1.0212, 0.9944, 1.0466, 1.1239, 1.0088, 1.053]
    assert facts["indicator"].unique().to_list() == ["shmi"]


def test_the_years_that_ship() -> None:
    facts = read_shipment("shmi").frames["fact_published_indicator"]
    by_year = facts.group_by("period").agg(pl.len(), pl.col("value").mean().round(4)).sort("period")
    assert by_year["len"].to_list() == [142, 141, 137, 136, 135, 134, 131, 128]
    assert by_year["value"][0] == 1.0009
    assert facts["band"].null_count() == facts.height


def test_nothing_but_mortality_ships() -> None:
    assert list(read_shipment("shmi").frames) == ["fact_published_indicator"]


def test_a_value_far_from_one_and_a_year_in_words_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"row 2, column 'SHMI\.Index': '107\.69' is no mortality ratio"):
        read(with_cell(TABLE, tmp_path, 2, "SHMI.Index", "107.69"))
    with pytest.raises(UnreadableFileError, match=r"row 2, column 'Year\.Index'"):
        read(with_cell(TABLE, tmp_path, 2, "Year.Index", "last"))


def test_a_trust_twice_in_a_year_and_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="'R1F, 2012' stands"):
        read(with_rows(TABLE, tmp_path, lambda rows: [*rows, rows[1]]))
    with pytest.raises(UnreadableFileError, match="column 'Code'"):
        read(FILES / "cqc_ratings" / "cqc_ratings_extracted.csv")
    with pytest.raises(UnreadableFileError):
        read(cut_short(TABLE, tmp_path, 0.0))


def test_a_row_without_a_code_is_rejected(tmp_path: Path) -> None:
    reading = read(with_cell(TABLE, tmp_path, 3, "Code", ""))
    assert [rejection.row for rejection in reading.rejections] == [3]
