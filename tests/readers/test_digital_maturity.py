"""Digital maturity: seven pillars and their mean; organisations on the data platform."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.digital_maturity import PUBLICATION, read
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from tests.readers.edited import FILES, cut_short, with_cell, with_rows

SCORES = FILES / "digital_maturity" / "dma_2025_pillar_scores_acute_trusts.csv"
PLATFORM = FILES / "digital_maturity" / "fdp_live_organisations_extracted.csv"


def test_each_trust_has_seven_pillars_and_an_overall_score() -> None:
    facts = checked(SCORES, read(SCORES)).frames["fact_published_indicator"]
    assert facts.height == 127 * 8
    assert facts["period"].unique().to_list() == [date(2025, 4, 1)]
    manchester = dict(facts.filter(pl.col("org_code") == "R0A").select("indicator", "value").iter_rows())
    assert manchester == {
        "dma_well_led": 4.3,
        "dma_smart_foundations": 3.4,
        "dma_safe_practice": 3.3,
        "dma_support_workforce": 3.8,
        "dma_empower_people": 2.7,
        "dma_improve_care": 3.0,
        "dma_healthy_populations": 3.4,
        "dma_overall": 3.41,
    }


def test_the_scores_that_ship_have_the_known_means() -> None:
    facts = read_shipment("digital_maturity").frames["fact_published_indicator"]
    means = dict(facts.group_by("indicator").agg(pl.col("value").mean().round(2)).iter_rows())
    assert means["dma_well_led"] == 2.82
    assert means["dma_overall"] == 2.46
    assert facts["value"].is_between(1, 5).all()


def test_the_reading_says_which_trusts_no_second_source_confirms() -> None:
    assert any("not confirmed: RA2, RAN, RHU, RWH" in note for note in read(SCORES).notes)
    assert any("Second-hand" in caveat for caveat in PUBLICATION.caveats)


def test_the_platform_list_counts_matched_organisations_and_rejects_the_rest() -> None:
    reading = checked(PLATFORM, read(PLATFORM))
    facts = reading.frames["fact_fdp_organisation"]
    assert (facts.height, facts["is_live"].sum()) == (123, 123)
    assert facts["organisation_type"].unique().to_list() == ["NHS trust"]
    assert len(reading.rejections) == 41
    assert reading.rejections[0].row == 125
    # Matched by the source to RT1 and RW5, two trusts of like name.
    assert [rejection.value for rejection in reading.rejections if "trust's code" in rejection.reason] == [
        "NHS Cambridgeshire and Peterborough ICB",
        "NHS Lancashire and South Cumbria ICB",
    ]
    airedale = facts.filter(pl.col("org_code") == "RCF").row(0, named=True)
    assert (airedale["is_live"], airedale["is_reporting_benefits"]) == (1, 1)


def test_an_overall_score_that_is_not_the_mean_is_refused(tmp_path: Path) -> None:
    file = with_cell(SCORES, tmp_path, 2, "dma_overall", "3.61")
    with pytest.raises(UnreadableFileError, match=r"row 2, column 'dma_overall': '3\.61' is not the mean"):
        read(file)


@pytest.mark.parametrize(("value", "told"), [("6", "is no score from 1 to 5"), ("high", "is not a number")])
def test_a_score_out_of_range_is_refused(tmp_path: Path, value: str, told: str) -> None:
    file = with_cell(SCORES, tmp_path, 3, "dma_well_led", value)
    with pytest.raises(UnreadableFileError, match=f"row 3, column 'dma_well_led': .*{told}"):
        read(file)


def test_a_trust_that_stands_twice_is_refused(tmp_path: Path) -> None:
    file = with_rows(SCORES, tmp_path, lambda rows: [*rows, rows[1]])
    with pytest.raises(UnreadableFileError, match="row 129, column 'org_code': 'R0A' stands"):
        read(file)


def test_a_flag_that_is_neither_is_refused(tmp_path: Path) -> None:
    file = with_cell(PLATFORM, tmp_path, 2, "fdp_live", "perhaps")
    with pytest.raises(UnreadableFileError, match="row 2, column 'fdp_live'"):
        read(file)


def test_broken_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError):
        read(cut_short(SCORES, tmp_path, 0.5))
    with pytest.raises(UnreadableFileError, match="missing"):
        read(FILES / "cqc_ratings" / "cqc_ratings_extracted.csv")
