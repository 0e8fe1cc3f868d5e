"""Ratings: words in their order, called what they are."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.cqc_ratings import PUBLICATION, read
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from tests.readers.edited import FILES, cut_short, with_cell, with_rows

RATINGS = FILES / "cqc_ratings" / "cqc_ratings_extracted.csv"


def test_each_trust_has_two_ratings() -> None:
    facts = checked(RATINGS, read(RATINGS)).frames["fact_published_indicator"]
    assert facts.height == 133 * 2
    assert facts["period"].unique().to_list() == [date(2025, 4, 1)]
    overall = facts.filter(pl.col("indicator") == "cqc_location_overall")
    assert dict(overall.group_by("band", "value").len().select("band", "len").iter_rows()) == {
        "Good": 97,
        "Requires improvement": 31,
        "Outstanding": 5,
    }
    assert dict(overall.select("band", "value").unique().iter_rows()) == {
        "Good": 3.0,
        "Requires improvement": 2.0,
        "Outstanding": 4.0,
    }


def test_the_locations_rating_is_never_called_the_trusts_own() -> None:
    shipped = read_shipment("cqc_ratings").frames["fact_published_indicator"]
    assert sorted(shipped["indicator"].unique()) == ["cqc_location_overall", "cqc_location_well_led"]
    assert "not the trust's own rating" in PUBLICATION.caveats[0]


def test_a_rating_that_is_none_is_named(tmp_path: Path) -> None:
    file = with_cell(RATINGS, tmp_path, 3, "cqc_overall", "Fine")
    with pytest.raises(UnreadableFileError, match="row 3, column 'cqc_overall': 'Fine' is no rating"):
        read(file)


def test_a_blank_rating_is_not_reported(tmp_path: Path) -> None:
    facts = read(with_cell(RATINGS, tmp_path, 2, "cqc_overall", "")).frames["fact_published_indicator"]
    assert facts.filter(pl.col("org_code") == "RL4")["indicator"].to_list() == ["cqc_location_well_led"]


def test_a_trust_twice_and_broken_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="row 135, column 'trust_code': 'RL4' stands"):
        read(with_rows(RATINGS, tmp_path, lambda rows: [*rows, rows[1]]))
    with pytest.raises(UnreadableFileError):
        read(cut_short(RATINGS, tmp_path, 0.505))
    with pytest.raises(UnreadableFileError, match="missing"):
        read(FILES / "friends_and_family" / "fft_inpatient_national_monthly_totals_2024-01_2024-04.csv")
