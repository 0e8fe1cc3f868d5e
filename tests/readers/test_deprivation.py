"""Trust catchments and deprivation."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.deprivation import read
from sample_data.published.reading import UnreadableFileError
from tests.readers.edited import with_cell, with_text

FILE = Path(__file__).parent / "files" / "deprivation" / "trust_catchment_population_imd.csv"


def test_catchments_are_read():
    catchments = checked(FILE, read(FILE)).dimensions["ref_catchment"]
    assert catchments.height == 133
    assert catchments.filter(pl.col("org_code") == "RAE").row(0) == ("RAE", 404197, 39.0, 1)
    # Quintiles run with the score: the most deprived fifth has the highest scores.
    lowest = (
        catchments.group_by("deprivation_quintile").agg(pl.col("deprivation_score").min()).sort("deprivation_quintile")
    )
    assert lowest["deprivation_score"].is_sorted(descending=True)
    assert lowest["deprivation_quintile"].to_list() == [1, 2, 3, 4, 5]


def test_a_quintile_of_six_is_refused(tmp_path):
    with pytest.raises(UnreadableFileError, match="row 3, column 'deprivation_quintile': '6' is no quintile"):
        read(with_cell(FILE, tmp_path, 3, "deprivation_quintile", "6"))


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(UnreadableFileError, match="imd_score"):
        read(with_text(FILE, tmp_path, "imd_score", "score"))
