"""Staff survey: scores by organisation, and the well-being questions."""

from __future__ import annotations

import gzip
import math
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from sample_data.published.staff_survey import read
from tests.readers.edited import FILES, cut_short, with_member, written

WORKBOOK = FILES / "staff_survey" / "NSS24 detailed spreadsheets organisational results.xlsx"
EXTRACT = FILES / "staff_survey" / "data_trusts_well-being_organisational_2021_2024.csv.gz"


def test_the_workbook_gives_scores_with_their_responses() -> None:
    facts = checked(WORKBOOK, read(WORKBOOK)).frames["fact_staff_survey_year"]
    assert facts.height == 12 * 30
    assert facts["period"].unique().to_list() == [date(2024, 4, 1)]
    north = {
        row["measure"]: (round(row["score"], 4), row["respondents"])
        for row in facts.filter(pl.col("org_code") == "0AR").iter_rows(named=True)
    }
    # Read in the sheets by eye.
    assert north["pp1"] == (7.3791, 1217)
    assert north["pp4_2"] == (5.6063, 1219)
    assert north["engagement"] == (6.3625, 1217)
    assert north["morale"] == (5.9809, 1217)
    assert north["m_3"] == (6.6231, 1216)


def test_the_workbook_states_no_england_average() -> None:
    assert "ENG" not in read(WORKBOOK).frames["fact_staff_survey_year"]["org_code"]


def test_the_scores_that_ship() -> None:
    facts = read_shipment("staff_survey").frames["fact_staff_survey_year"]
    assert facts.height == 263 * 30
    manchester = facts.filter(pl.col("org_code") == "R0A")
    scores = dict(manchester.select("measure", "score").iter_rows())
    # From the tidy copy that was made of the workbook by other means.
    assert math.isclose(scores["pp4_2"], 5.049475822061074, abs_tol=1e-8)
    assert math.isclose(scores["morale"], 5.854030616729916, abs_tol=1e-8)
    assert math.isclose(scores["engagement"], 6.792762973949508, abs_tol=1e-8)


def test_engagement_is_the_mean_of_its_three_parts_where_nothing_is_weighted() -> None:
    facts = read(WORKBOOK).frames["fact_staff_survey_year"]
    wide = facts.filter(pl.col("org_code") == "0AR").pivot("measure", index="org_code", values="score")
    parts = wide.select(pl.mean_horizontal("e_1", "e_2", "e_3")).item()
    assert abs(parts - wide["engagement"].item()) < 0.01


def test_the_questions_are_shares_of_those_who_answered() -> None:
    reading = checked(EXTRACT, read(EXTRACT))
    facts = reading.frames["fact_staff_survey_question_year"]
    manchester = facts.filter(
        pl.col("org_code") == "R0A", pl.col("question") == "burned_out", pl.col("period") == date(2024, 4, 1)
    ).row(0, named=True)
    assert manchester["respondents"] == 13146
    assert math.isclose(manchester["share"], 0.302077077777851, abs_tol=1e-12)
    assert math.isclose(manchester["weighted_respondents"], 13146 * 0.302077077777851, abs_tol=1e-6)
    assert [(rejection.row, rejection.value) for rejection in reading.rejections] == [(7, "01T/01V")]


def test_burnout_in_england_as_it_ships() -> None:
    facts = read_shipment("staff_survey").frames["fact_staff_survey_question_year"]
    burnt = (
        facts.filter(pl.col("question") == "burned_out")
        .group_by("period")
        .agg(pl.col("org_code").len(), pl.col("respondents").sum(), pl.col("weighted_respondents").sum())
    )
    rows = {row["period"].year: row for row in burnt.iter_rows(named=True)}
    assert (rows[2024]["org_code"], rows[2024]["respondents"]) == (263, 770723)
    assert round(rows[2024]["weighted_respondents"] / rows[2024]["respondents"], 6) == 0.298815
    assert (rows[2021]["org_code"], rows[2021]["respondents"]) == (274, 633257)


def test_a_score_out_of_range_is_named(tmp_path: Path) -> None:
    file = with_member(WORKBOOK, tmp_path, "sheet16.xml", "7.379057107641742", "73.79057107641742")
    with pytest.raises(UnreadableFileError, match=r"row 6, column 'PP1 - score': '73\.79.* is no score from 0 to 10"):
        read(file)


def test_older_scores_on_another_scale_are_refused(tmp_path: Path) -> None:
    file = written([["Code", "Year.index", "Engagement"], ["R0A", "2015", "0.7"]], tmp_path / "old.csv")
    with pytest.raises(UnreadableFileError, match="run from 0 to 1"):
        read(file)


def test_a_share_out_of_range_is_named(tmp_path: Path) -> None:
    lines = gzip.decompress(EXTRACT.read_bytes()).decode().splitlines()
    header = lines[0].split(",")
    at = header.index("Burned_out_rate")
    cells = lines[2].split(",")
    cells[at] = "222"
    file = tmp_path / "extract.csv"
    file.write_text("\n".join([lines[0], lines[1], ",".join(cells)]) + "\n", encoding="utf-8")
    with pytest.raises(UnreadableFileError, match=r"row 3, column 'Burned_out_rate': '222\.0' is no percentage"):
        read(file)


def test_broken_and_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="there is no sheet 'PEOPLE PROMISE ELEMENTS'"):
        read(FILES / "nhs_app" / "NHS App Management Information Statistics - June 2025.xlsx")
    for source in (WORKBOOK, EXTRACT):
        with pytest.raises(UnreadableFileError):
            read(cut_short(source, tmp_path))
