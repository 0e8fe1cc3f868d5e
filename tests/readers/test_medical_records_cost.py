"""Medical records cost: England's total, merged names, and what is not admissions."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.medical_records_cost import read
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from tests.readers.edited import FILES, cut_short, with_cell, with_rows

RETURN = FILES / "medical_records_cost" / "trust_medical_records_cost_and_epr_2017-18_2023-24.csv"
LATEST = date(2023, 4, 1)


def test_england_2023_24_is_the_published_total() -> None:
    facts = read_shipment("medical_records_cost").frames["fact_medical_records_cost_year"]
    totals = dict(facts.group_by("period").agg(pl.col("cost_total_gbp").sum()).iter_rows())
    assert totals[LATEST] == 244_655_329  # GBP 244.7 million
    assert totals[date(2022, 4, 1)] == 237_702_259
    assert totals[date(2017, 4, 1)] == 264_338_474


def test_on_site_and_off_site_are_the_total_to_the_pound() -> None:
    facts = checked(RETURN, read(RETURN)).frames["fact_medical_records_cost_year"]
    apart = (pl.col("cost_on_site_gbp") + pl.col("cost_off_site_gbp") - pl.col("cost_total_gbp")).abs()
    assert facts.select(apart.max()).item() <= 0.5


def test_a_trust_reads_as_its_row() -> None:
    facts = read(RETURN).frames["fact_medical_records_cost_year"]
    barts = facts.filter(pl.col("org_code") == "R1H", pl.col("period") == LATEST).row(0, named=True)
    assert (barts["cost_on_site_gbp"], barts["cost_off_site_gbp"], barts["cost_total_gbp"]) == (
        5_653_431,
        3_011_887,
        8_665_318,
    )
    assert (barts["record_type"], barts["epr_supplier"], barts["catchment_population"]) == (
        "Mixed",
        "Oracle Cerner Corporation",
        1_173_479,
    )


def test_catchment_population_is_not_called_admissions() -> None:
    """The column named admissions adds up to the population of England: 56,550,138 in mid-2020."""
    with RETURN.open(encoding="utf-8-sig") as file:
        population = {row["trust_code"]: float(row["all_admissions_22"] or 0) for row in csv.DictReader(file)}
    assert sum(population.values()) == 56_550_138

    facts = read(RETURN).frames["fact_medical_records_cost_year"]
    assert facts["catchment_population"].sum() == 56_550_138
    # Two trusts had merged by 2023-24: their people stay in the denominator, their costs are the successor's.
    merged = facts.filter(pl.col("cost_total_gbp").is_null())
    assert sorted(merged["org_code"]) == ["RA4", "RVY"]
    assert facts.filter(pl.col("period") != LATEST)["catchment_population"].null_count() == (
        facts.filter(pl.col("period") != LATEST).height
    )


def test_no_return_is_no_row_and_never_a_cost_of_zero() -> None:
    facts = read(RETURN).frames["fact_medical_records_cost_year"]
    with RETURN.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    given = [
        row["trust_code"]
        for row in rows
        if float(row["mrc_total_202324"]) > 0 or row["mrc_type_202324"] not in {"", "Not Applicable"}
    ]
    held = facts.filter(pl.col("period") == LATEST, pl.col("cost_total_gbp").is_not_null())["org_code"].to_list()
    assert sorted(held) == sorted(given)
    assert len(held) == 199


def test_a_merged_trust_has_the_name_that_it_has_now() -> None:
    names = dict(read(RETURN).organisations.select("org_code", "name").iter_rows())
    assert names["REM"] == "LIVERPOOL UNIVERSITY HOSPITALS NHS FOUNDATION TRUST"
    assert names["RTQ"] == "GLOUCESTERSHIRE HEALTH AND CARE NHS FOUNDATION TRUST"
    assert names["RF4"] == "BARKING, HAVERING AND REDBRIDGE UNIVERSITY HOSPITALS NHS TRUST"


def test_a_total_that_is_not_its_parts_is_refused(tmp_path: Path) -> None:
    file = with_cell(RETURN, tmp_path, 4, "mrc_total_202324", "715900.0")
    with pytest.raises(UnreadableFileError, match=r"row 4, column 'mrc_total_202324': '715900\.0' is not on-site"):
        read(file)


def test_a_cost_below_zero_or_in_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"row 3, column 'mrc_on_201718': .* is below zero"):
        read(with_cell(RETURN, tmp_path, 3, "mrc_on_201718", "-5"))
    with pytest.raises(UnreadableFileError, match="row 3, column 'mrc_on_201718': 'much' is not a number"):
        read(with_cell(RETURN, tmp_path, 3, "mrc_on_201718", "much"))


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="no column 'mrc_total_YYYYYY'"):
        read(FILES / "cqc_ratings" / "cqc_ratings_extracted.csv")
    with pytest.raises(UnreadableFileError, match="column 'trust_code': 'RTQ' stands"):
        read(with_rows(RETURN, tmp_path, lambda rows: [*rows, rows[1]]))
    with pytest.raises(UnreadableFileError):
        read(cut_short(RETURN, tmp_path, 0.001))
