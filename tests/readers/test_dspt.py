"""Data security: who met the standard."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.dspt import read
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from tests.readers.edited import FILES, cut_short, with_cell, with_rows

TRUSTS_2022 = FILES / "dspt" / "dspt_trusts_2022-23_snapshot_2023-11-16.csv"
TRUSTS_2021 = FILES / "dspt" / "dspt_trusts_2021-22_snapshot_2022-09-09.csv"
BOARDS = FILES / "dspt" / "dspt_icbs_2022-23_snapshot_2023-11-16.csv"


# Counted with `cut | sort | uniq -c` in the files.
@pytest.mark.parametrize(
    ("path", "period", "level", "standards"),
    [
        (TRUSTS_2022, date(2022, 4, 1), "trust", {"met": 138, "approaching": 57, "exceeded": 15, "not_published": 1}),
        (TRUSTS_2021, date(2021, 4, 1), "trust", {"met": 129, "approaching": 63, "exceeded": 15, "not_met": 5}),
        (BOARDS, date(2022, 4, 1), "icb", {"met": 34, "exceeded": 7, "approaching": 1}),
    ],
)
def test_a_snapshot_counts_each_status(path: Path, period: date, level: str, standards: dict[str, int]) -> None:
    facts = checked(path, read(path)).frames["fact_dspt_year"]
    assert dict(facts.group_by("standard").len().iter_rows()) == standards
    assert facts["period"].unique().to_list() == [period]
    assert facts["org_level"].unique().to_list() == [level]
    assert facts["is_met"].sum() == standards["met"] + standards["exceeded"]


def test_not_published_is_neither_met_nor_not_met() -> None:
    facts = read(TRUSTS_2022).frames["fact_dspt_year"]
    unpublished = facts.filter(pl.col("standard") == "not_published")
    assert unpublished["is_met"].to_list() == [None]
    assert (facts["is_met"].sum(), facts["is_met"].count()) == (153, 210)


def test_organisations_without_a_status_are_rejected() -> None:
    assert [(row.row, row.value) for row in read(TRUSTS_2021).rejections] == [
        (114, "#N/A"),
        (117, "#N/A"),
        (126, "#N/A"),
    ]


def test_boards_and_trusts_of_one_year_stand_side_by_side() -> None:
    facts = read_shipment("dspt").frames["fact_dspt_year"]
    counts = {(row[0].year, row[1]): row[2] for row in facts.group_by("period", "org_level").len().iter_rows()}
    assert counts == {(2021, "trust"): 212, (2022, "trust"): 211, (2022, "icb"): 42}


def test_a_status_that_is_not_known_is_named(tmp_path: Path) -> None:
    file = with_cell(TRUSTS_2021, tmp_path, 5, "Status", "21/22 Standards Nearly Met")
    with pytest.raises(UnreadableFileError, match="row 5, column 'Status': '21/22 Standards Nearly Met'"):
        read(file)


def test_two_years_in_one_file_are_refused(tmp_path: Path) -> None:
    file = with_cell(TRUSTS_2021, tmp_path, 5, "Status", "20/21 Standards Met")
    with pytest.raises(UnreadableFileError, match="name 2 years"):
        read(file)


def test_a_trust_that_stands_twice_and_a_broken_file_are_refused(tmp_path: Path) -> None:
    file = with_rows(BOARDS, tmp_path, lambda rows: [*rows, rows[1]])
    with pytest.raises(UnreadableFileError, match="row 44, column 'Code': 'QRV' stands"):
        read(file)
    with pytest.raises(UnreadableFileError):
        read(cut_short(TRUSTS_2021, tmp_path, 0.002))
    with pytest.raises(UnreadableFileError, match="Organisation Name"):
        read(FILES / "cqc_ratings" / "cqc_ratings_extracted.csv")
