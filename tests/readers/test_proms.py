"""PROMs: three files of a data pack, England's own rows, and what '*' hides."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.proms import read
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from tests.readers.edited import FILES, cut_short, with_member

FOLDER = FILES / "proms"
SCORES = FOLDER / "ProvComm Hip and Knee Replacement 1819.csv.zip"
CHANGES = FOLDER / "Key Facts Hip and Knee Replacements 1819.csv.zip"
SERIES = FOLDER / "Time Series Hip and Knee Replacement 1819.csv.zip"
PRIMARY_HIP = (pl.col("procedure") == "Hip Replacement Primary") & (pl.col("measure") == "EQ-5D Index")


def test_england_hip_gain_of_2018_19() -> None:
    facts = checked(SCORES, read(SCORES)).frames["fact_proms_year"]
    england = facts.filter(PRIMARY_HIP, pl.col("org_code") == "ENG").row(0, named=True)
    assert (england["org_level"], england["modelled_records"], england["health_gain"]) == ("england", 35239, 0.465448)
    oxford = facts.filter(
        pl.col("org_code") == "ENG",
        pl.col("procedure") == "Hip Replacement Primary",
        pl.col("measure") == "Oxford Hip Score",
    ).row(0, named=True)
    assert (oxford["modelled_records"], oxford["health_gain"]) == (38136, 22.6798)
    both = facts.filter(
        pl.col("org_code") == "ENG",
        pl.col("procedure") == "Total Hip Replacement",
        pl.col("measure") == "EQ-5D Index",
    )
    assert both["health_gain"].to_list() == [0.456971]


def test_providers_add_up_to_england_where_nothing_is_hidden() -> None:
    facts = read_shipment("proms").frames["fact_proms_year"].filter(PRIMARY_HIP)
    sums = facts.group_by("period", "org_level").agg(pl.col("modelled_records").sum(), pl.col("gain_sum").sum())
    records = {(row[0].year, row[1]): row[2] for row in sums.iter_rows()}
    # Providers hide 3 records in each of the first two years, commissioners some hundreds.
    assert (records[2016, "england"], records[2016, "provider"], records[2016, "commissioner"]) == (37742, 37739, 37164)
    assert (records[2017, "england"], records[2017, "provider"], records[2017, "commissioner"]) == (33399, 33396, 33050)
    assert (records[2018, "england"], records[2018, "provider"], records[2018, "commissioner"]) == (35239, 35239, 34830)
    gains = {(row[0].year, row[1]): row[3] / row[2] for row in sums.iter_rows()}
    assert math.isclose(gains[2018, "provider"], 0.465448, abs_tol=1e-5)


def test_improved_and_worse_are_counted_among_all_pairs() -> None:
    facts = checked(CHANGES, read(CHANGES)).frames["fact_proms_change_year"]
    england = facts.filter(PRIMARY_HIP, pl.col("org_code") == "ENG").row(0, named=True)
    assert (england["improved"], england["unchanged"], england["worsened"], england["linked_records"]) == (
        31391,
        1601,
        1553,
        34545,
    )


def test_the_series_has_a_year_a_row_and_leaves_out_years_without_procedures() -> None:
    facts = checked(SERIES, read(SERIES)).frames["fact_proms_outlier_year"]
    kent = facts.filter(
        pl.col("org_code") == "ADP02", pl.col("procedure") == "Hip Replacement Primary", pl.col("measure") == "EQ VAS"
    ).sort("period")
    assert kent["period"].to_list() == [date(year, 4, 1) for year in (2015, 2016, 2017, 2018)]
    assert kent["modelled_records"].to_list() == [16, 82, 145, 216]
    assert kent["adjusted_health_gain"].to_list() == [None, 14.526, 17.283, 15.895]
    assert kent["outlier"][2] == "Positive outlier (95%)"


def test_a_star_is_not_reported_and_never_zero() -> None:
    facts = read(SCORES).frames["fact_proms_year"]
    hidden = facts.filter(pl.col("modelled_records").is_null())
    assert hidden.height == 326  # 312 marked '*', 14 marked '-'
    assert hidden["health_gain"].null_count() == hidden["improved"].null_count() == 326
    darlington = facts.filter(pl.col("org_code") == "00C", pl.col("procedure") == "Hip Replacement Revision")
    shown = darlington.filter(pl.col("measure") == "EQ VAS").row(0, named=True)
    assert (shown["modelled_records"], shown["health_gain"], shown["adjusted_health_gain"]) == (4, 40.25, None)


def test_the_years_that_ship() -> None:
    frames = read_shipment("proms").frames
    assert sorted({period.year for period in frames["fact_proms_year"]["period"]}) == [2016, 2017, 2018]
    assert sorted({period.year for period in frames["fact_proms_change_year"]["period"]}) == [2016, 2017, 2018]
    assert sorted({period.year for period in frames["fact_proms_outlier_year"]["period"]}) == list(range(2011, 2019))


def test_a_count_that_does_not_add_up_is_named(tmp_path: Path) -> None:
    file = with_member(
        SCORES, tmp_path, ".csv", ",54,63.6111,76.3519,12.7407,42,2,10,", ",55,63.6111,76.3519,12.7407,42,2,10,"
    )
    with pytest.raises(UnreadableFileError, match=r"row 2, column 'Modelled Records': '55' is not improved"):
        read(file)


def test_a_gain_that_is_not_after_less_before_is_named(tmp_path: Path) -> None:
    file = with_member(SCORES, tmp_path, ".csv", "76.3519,12.7407", "76.3519,22.7407")
    with pytest.raises(UnreadableFileError, match=r"row 2, column 'Health Gain'"):
        read(file)


def test_a_cell_in_words_is_named(tmp_path: Path) -> None:
    file = with_member(CHANGES, tmp_path, ".csv", "27745", "many")
    with pytest.raises(UnreadableFileError, match="row 2, column 'Improved': 'many' is not a number"):
        read(file)


def test_a_file_whose_name_lost_its_year_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ProvComm.csv.zip"
    file.write_bytes(SCORES.read_bytes())
    with pytest.raises(UnreadableFileError, match="holds no year, and its name does not give it"):
        read(file)


def test_other_and_broken_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="none of the columns"):
        read(FILES / "cqc_ratings" / "cqc_ratings_extracted.csv")
    with pytest.raises(UnreadableFileError, match="damaged or cut short"):
        read(cut_short(SCORES, tmp_path))
