"""Trust snapshot: each column in the table it belongs to, checked against its own row."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.checking import checked
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from sample_data.published.trust_snapshot import PUBLICATION, read
from tests.readers.edited import FILES, cut_short, with_cell, with_rows

SNAPSHOT = FILES / "trust_snapshot" / "trust_snapshot_selected_columns.csv"


def test_outpatients_that_ship() -> None:
    facts = read_shipment("trust_snapshot").frames["fact_outpatient_trust_year"]
    # Added up with the csv module, without RYY and its 135 appointments.
    assert (facts.height, facts["attended"].sum(), facts["did_not_attend"].sum()) == (123, 85_627_760, 6_258_135)
    assert facts["period"].unique().to_list() == [date(2024, 4, 1)]


def test_a_return_of_135_appointments_is_rejected() -> None:
    assert [(row.row, row.value) for row in read(SNAPSHOT).rejections] == [(151, "135")]


def test_experience_is_a_whole_number_of_responses() -> None:
    facts = checked(SNAPSHOT, read(SNAPSHOT)).frames["fact_fft_month"]
    assert (facts.height, facts["responses"].sum(), facts["positive"].sum()) == (124, 180_694, 170_873)
    assert facts["positive"].sum() / facts["responses"].sum() == pytest.approx(0.945648, abs=1e-6)
    manchester = facts.filter(pl.col("org_code") == "R0A").row(0, named=True)
    assert (manchester["responses"], manchester["positive"]) == (10337, 10079)
    assert "RA9" not in facts["org_code"]  # no responses: no share, not 0 percent


def test_mortality_keeps_observed_and_expected_deaths() -> None:
    facts = read(SNAPSHOT).frames["fact_published_indicator"].filter(pl.col("indicator") == "shmi")
    assert (facts.height, facts["numerator"].sum(), facts["denominator"].sum()) == (118, 284_780, 284_755)
    assert dict(facts.group_by("band").len().iter_rows()) == {
        "As expected": 101,
        "Higher than expected": 9,
        "Lower than expected": 8,
    }


def test_the_survey_of_2025_stands_beside_that_of_2024() -> None:
    later = read_shipment("trust_snapshot").frames["fact_staff_survey_year"]
    earlier = read_shipment("staff_survey").frames["fact_staff_survey_year"]
    assert later["period"].unique().to_list() == [date(2025, 4, 1)]
    assert set(later["measure"]) <= set(earlier["measure"])
    assert later.group_by("measure").len()["len"].unique().to_list() == [149]
    both = later.join(
        earlier.select("org_code", "measure", before="score"), on=["org_code", "measure"], how="inner"
    ).filter(pl.col("measure") == "engagement")
    assert both.select(pl.corr("score", "before")).item() > 0.9


def test_costs_are_in_pounds_and_never_events_are_left_out() -> None:
    facts = read(SNAPSHOT).frames["fact_trust_year"]
    assert round(facts["cost_collection_actual_gbp"].sum()) == 96_657_110_000
    assert facts["complaints_new"].sum() == 84_597
    assert round(facts["estates_backlog_gbp"].sum()) == 14_463_436_000
    assert "never_events" not in facts.columns


def test_ratings_of_one_location_are_not_shown_as_the_trusts() -> None:
    reading = read(SNAPSHOT)
    assert not reading.frames["fact_published_indicator"]["indicator"].str.contains("cqc").any()
    assert any("first location" in note for note in reading.notes)


def test_the_publication_says_that_it_is_second_hand() -> None:
    assert "Second-hand, not verified against the publications" in PUBLICATION.caveats[0]


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("outpatient_dna", "165610.0", "column 'outpatient_dna_rate'.*is not missed over attended"),
        ("shmi_observed_deaths", "3160.0", "column 'shmi_value'.*is not observed over expected"),
        ("fft_inpatient_pct_positive", "0.9771", "column 'fft_inpatient_pct_positive'.*no whole number"),
        ("staff_survey_date", "2024-12-01", "column 'staff_survey_date': '2024-12-01'"),
        ("complaints_new", "lots", "column 'complaints_new': 'lots' is not a number"),
    ],
)
def test_a_row_that_does_not_fit_itself_is_named(tmp_path: Path, column: str, value: str, told: str) -> None:
    file = with_cell(SNAPSHOT, tmp_path, 3, column, value)
    with pytest.raises(UnreadableFileError, match=f"row 3, {told}"):
        read(file)


def test_a_trust_twice_and_broken_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="row 152, column 'org_code': 'R0A' stands"):
        read(with_rows(SNAPSHOT, tmp_path, lambda rows: [*rows, rows[1]]))
    with pytest.raises(UnreadableFileError):
        read(cut_short(SNAPSHOT, tmp_path))
    with pytest.raises(UnreadableFileError, match="missing"):
        read(FILES / "cqc_ratings" / "cqc_ratings_extracted.csv")
