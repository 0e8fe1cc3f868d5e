"""One row a trust out of many publications, joined by others: mortality, experience, cost, estates, oversight."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from sample_data.published.cells import numbers, read_csv_as_text, require_columns
from sample_data.published.reading import Publication, Reading, Rejection
from sample_data.published.tidy import (
    duplicates_refused,
    indicator_rows,
    organisations_of,
    refuse_rows,
    year_start,
)

_YEAR, _LATER = year_start(2024), year_start(2025)
_SURVEY_DATE = "2025-12-01"
_FFT_MONTH = date(2026, 3, 1)
_SURVEY = {
    **{
        name: name
        for name in (
            "pp1",
            "pp2",
            "pp3",
            "pp3_2",
            "pp4",
            "pp4_1",
            "pp4_2",
            "pp4_3",
            "pp5",
            "pp6",
            "pp7",
        )
    },
    "theme_engagement": "engagement",
    "theme_morale": "morale",
}
_COUNTS = (
    "fft_inpatient_responses",
    "outpatient_attended",
    "outpatient_dna",
    "complaints_new",
    "oversight_segment",
    "shmi_observed_deaths",
    "shmi_expected_deaths",
    "shmi_spells",
)
_AMOUNTS = (
    "shmi_value",
    "fft_inpatient_pct_positive",
    "fft_inpatient_pct_negative",
    "outpatient_dna_rate",
    "complaints_pct_upheld",
    "national_cost_collection_actual_gbp_m",
    "national_cost_collection_expected_gbp_m",
    "estates_backlog_gbp_m",
    "estates_maintenance_gbp_m",
    "implied_productivity_pct",
    "planned_surplus_deficit_pct",
    "variance_to_plan_pct",
    *_SURVEY,
)
_BANDS = ("shmi_banding",)
_MILLION = 1_000_000
_HALF = 0.001
_RATE_ROUNDING = 0.0001
_SHMI_ROUNDING = 0.006  # deaths are rounded to the nearest 5
# So few appointments for a trust of this size can only be a return of which most is missing.
_TOO_FEW_ATTENDED = 1_000


def read(path: Path) -> Reading:
    """Returns the snapshot's columns in the fact tables that they belong to.

    Indexes go to `fact_published_indicator`, survey scores to `fact_staff_survey_year`,
    experience to `fact_fft_month`, appointments to `fact_outpatient_trust_year`, the rest to
    `fact_trust_year`.

    Raises:
        UnreadableFileError: a column is missing, a cell is not a number, positive responses are not a whole
            number, or the missed appointments or mortality of a row do not fit its own rate.
    """
    table = read_csv_as_text(path)
    require_columns(table, ("org_code", "org_name", "staff_survey_date", *_COUNTS, *_AMOUNTS, *_BANDS), path)
    table = numbers(numbers(table, _COUNTS, path), _AMOUNTS, path, whole=False, signed=True).with_row_index(
        "row", offset=2
    )
    duplicates_refused(path, table, ("org_code",))
    _check_rows(path, table)
    small = table.filter(pl.col("outpatient_attended") < _TOO_FEW_ATTENDED)
    return Reading(
        era="trust snapshot of 2026, joined by others",
        frames={
            "fact_published_indicator": _indicators(table),
            "fact_staff_survey_year": _survey(table),
            "fact_fft_month": _experience(table),
            "fact_outpatient_trust_year": table.filter(pl.col("outpatient_attended") >= _TOO_FEW_ATTENDED).select(
                pl.lit(_YEAR).alias("period"),
                "org_code",
                attended="outpatient_attended",
                did_not_attend="outpatient_dna",
            ),
            "fact_trust_year": _year_figures(table),
        },
        organisations=organisations_of(table, "org_code", "org_name"),
        rejections=tuple(
            Rejection(
                row["row"],
                "outpatient_attended",
                str(row["outpatient_attended"]),
                "too few appointments to be a whole year of the trust",
            )
            for row in small.iter_rows(named=True)
        ),
        notes=(
            "Second-hand and not verified against the publications.",
            "Mortality describes January to December 2025 and stands on 1 April 2025; deaths are rounded to 5.",
            "The experience responses are those of March 2026, the last month that the source gathered.",
            "Care quality ratings are left out: the source takes each trust's first location, not the trust.",
            "Never events are left out: the source gives each trust its last year with any, so years are mixed.",
        ),
    )


def _check_rows(path: Path, table: pl.DataFrame) -> None:
    rate = pl.col("outpatient_dna") / (pl.col("outpatient_attended") + pl.col("outpatient_dna"))
    refuse_rows(
        path,
        table,
        (rate - pl.col("outpatient_dna_rate")).abs() > _RATE_ROUNDING,
        "outpatient_dna_rate",
        "is not missed over attended and missed appointments of its row",
    )
    ratio = pl.col("shmi_observed_deaths") / pl.col("shmi_expected_deaths")
    refuse_rows(
        path,
        table,
        (ratio - pl.col("shmi_value")).abs() > _SHMI_ROUNDING,
        "shmi_value",
        "is not observed over expected deaths of its row",
    )
    for share in ("fft_inpatient_pct_positive", "fft_inpatient_pct_negative"):
        counted = pl.col(share) * pl.col("fft_inpatient_responses")
        refuse_rows(path, table, (counted - counted.round()).abs() > _HALF, share, "gives no whole number of responses")
    refuse_rows(
        path,
        table,
        pl.col("staff_survey_date") != _SURVEY_DATE,
        "staff_survey_date",
        "is not the survey of 2025",
        hint=f"Expected {_SURVEY_DATE}.",
    )


def _indicators(table: pl.DataFrame) -> pl.DataFrame:
    def plain(column: str, scale: float = 1.0) -> dict[str, pl.Expr]:
        return {"value": pl.col(column) / scale}

    return pl.concat(
        [
            indicator_rows(
                table,
                "shmi",
                _LATER,
                value=pl.col("shmi_value"),
                band=pl.col("shmi_banding"),
                numerator=pl.col("shmi_observed_deaths"),
                denominator=pl.col("shmi_expected_deaths"),
            ),
            indicator_rows(table, "oversight_segment", _LATER, **plain("oversight_segment")),
            indicator_rows(table, "implied_productivity", _LATER, **plain("implied_productivity_pct", 100)),
            indicator_rows(table, "planned_surplus_share", _LATER, **plain("planned_surplus_deficit_pct", 100)),
            indicator_rows(table, "variance_to_plan", _LATER, **plain("variance_to_plan_pct", 100)),
        ]
    )


def _survey(table: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(
        [
            table.filter(pl.col(column).is_not_null()).select(
                pl.lit(_LATER).alias("period"),
                "org_code",
                measure=pl.lit(measure),
                score=pl.col(column),
                respondents=pl.lit(None, dtype=pl.Int64),
            )
            for column, measure in _SURVEY.items()
        ]
    )


def _experience(table: pl.DataFrame) -> pl.DataFrame:
    answered = table.filter(pl.col("fft_inpatient_responses") > 0)
    responses = pl.col("fft_inpatient_responses")
    return answered.select(
        pl.lit(_FFT_MONTH).alias("period"),
        "org_code",
        service=pl.lit("inpatient"),
        responses=responses,
        positive=(responses * pl.col("fft_inpatient_pct_positive")).round(),
        negative=(responses * pl.col("fft_inpatient_pct_negative")).round(),
    )


def _year_figures(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(
        pl.lit(_YEAR).alias("period"),
        "org_code",
        "complaints_new",
        complaints_upheld_share="complaints_pct_upheld",
        cost_collection_actual_gbp=pl.col("national_cost_collection_actual_gbp_m") * _MILLION,
        cost_collection_expected_gbp=pl.col("national_cost_collection_expected_gbp_m") * _MILLION,
        estates_backlog_gbp=pl.col("estates_backlog_gbp_m") * _MILLION,
        estates_maintenance_gbp=pl.col("estates_maintenance_gbp_m") * _MILLION,
    )


PUBLICATION = Publication(
    id="trust_snapshot",
    title="Trust snapshot 2026: mortality, experience, staff survey, outpatients, complaints, cost, estates, oversight",
    publisher="NHS England, joined by others",
    source="https://www.england.nhs.uk/statistics/",
    cadence="once",
    read=read,
    caveats=(
        "Second-hand, not verified against the publications: use it to look closer, not to report.",
        "Outpatients, complaints, cost collection and estates describe 2024-25; oversight is quarter 3 of 2025-26.",
        "For complaints and estates the source takes each trust's latest year, so a few may be of an earlier one.",
    ),
    replaces={
        "fact_published_indicator": ("indicator",),
        "fact_staff_survey_year": ("measure",),
        "fact_fft_month": ("service",),
    },
)
