"""Digital Maturity Assessment by trust, and the organisations live on the federated data platform."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from sample_data.published.cells import numbers, read_csv_as_text, require_columns
from sample_data.published.reading import Publication, Reading, UnreadableFileError
from sample_data.published.tidy import (
    duplicates_refused,
    indicator_rows,
    organisations_of,
    refuse_rows,
    rejections_of,
    year_start,
)

_PILLARS = (
    "dma_well_led",
    "dma_smart_foundations",
    "dma_safe_practice",
    "dma_support_workforce",
    "dma_empower_people",
    "dma_improve_care",
    "dma_healthy_populations",
)
_OVERALL, _CONFIRMED = "dma_overall", "overall_confirmed_by_second_source"
_ROUND = year_start(2025)  # assessed from April to June 2025
_SEEN = date(2026, 6, 1)  # the list bears no date; it was read in mid 2026
_LOWEST, _HIGHEST = 1, 5
_ROUNDING = 0.006
_PLATFORM = ("organisation_type", "name", "fdp_live", "fdp_reporting_benefits", "matched_nhs_code")


def read(path: Path) -> Reading:
    """Returns what a table of pillar scores, or the list of platform organisations, holds.

    Scores give `fact_published_indicator` (1 to 5); the list gives `fact_fdp_organisation`.

    Raises:
        UnreadableFileError: neither table, a score out of 1 to 5, or an overall score that is not the mean of
            the seven pillars.
    """
    table = read_csv_as_text(path)
    if "fdp_live" in table.columns:
        return _platform(path, table)
    return _assessment(path, table)


def _assessment(path: Path, table: pl.DataFrame) -> Reading:
    scores = (*_PILLARS, _OVERALL)
    require_columns(table, ("org_code", "org_name", *scores), path)
    table = numbers(table, scores, path, whole=False).with_row_index("row", offset=2)
    duplicates_refused(path, table, ("org_code",))
    for score in scores:
        refuse_rows(path, table, ~pl.col(score).is_between(_LOWEST, _HIGHEST), score, "is no score from 1 to 5")
    apart = (pl.mean_horizontal(*_PILLARS) - pl.col(_OVERALL)).abs() > _ROUNDING
    refuse_rows(path, table, apart, _OVERALL, "is not the mean of the seven pillars of its row")
    notes = ["A self-assessment, read second-hand from a table that matched trusts by name."]
    if _CONFIRMED in table.columns:
        doubtful = table.filter(pl.col(_CONFIRMED).str.to_lowercase() != "true")["org_code"].to_list()
        notes.append(
            f"The overall score of {table.height - len(doubtful)} of {table.height} trusts agrees with a second "
            f"extract; not confirmed: {', '.join(doubtful)}."
        )
    return Reading(
        era="pillar scores 2025, acute trusts",
        frames={
            "fact_published_indicator": pl.concat(
                [indicator_rows(table, score, _ROUND, value=pl.col(score)) for score in scores]
            )
        },
        organisations=organisations_of(table, "org_code", "org_name"),
        notes=tuple(notes),
    )


def _platform(path: Path, table: pl.DataFrame) -> Reading:
    require_columns(table, _PLATFORM, path)
    table = table.with_row_index("row", offset=2)
    flags = ("fdp_live", "fdp_reporting_benefits")
    for flag in flags:
        refuse_rows(
            path, table, ~pl.col(flag).str.to_lowercase().is_in(["true", "false"]), flag, "is neither True nor False"
        )
    coded = pl.col("matched_nhs_code").is_not_null()
    # The source matched some boards to the trust whose name is like theirs.
    confused = coded & (pl.col("organisation_type") == "ICB") & ~pl.col("matched_nhs_code").str.starts_with("Q")
    matched = table.filter(coded & ~confused)
    if matched.is_empty():
        raise UnreadableFileError(path, "no organisation has a code.", column="matched_nhs_code")
    duplicates_refused(path, matched, ("matched_nhs_code",))
    fact = matched.select(
        period=pl.lit(_SEEN),
        org_code=pl.col("matched_nhs_code"),
        organisation_type=pl.col("organisation_type"),
        is_live=(pl.col("fdp_live").str.to_lowercase() == "true").cast(pl.Int64),
        is_reporting_benefits=(pl.col("fdp_reporting_benefits").str.to_lowercase() == "true").cast(pl.Int64),
        name_in_list=pl.col("name"),
    )
    return Reading(
        era="organisations live on the federated data platform",
        frames={"fact_fdp_organisation": fact},
        organisations=organisations_of(matched, "matched_nhs_code", "name"),
        rejections=(
            *rejections_of(table.filter(~coded), "name", "no organisation code could be matched"),
            *rejections_of(table.filter(confused), "name", "a board that was matched to a trust's code"),
        ),
        notes=("Only organisations that are live are listed, so there is no share of all trusts in this list.",),
    )


PUBLICATION = Publication(
    id="digital_maturity",
    title="Digital Maturity Assessment 2025, and organisations on the Federated Data Platform",
    publisher="NHS England",
    source="https://digital.nhs.uk/data-and-information/publications/statistical/digital-maturity-assessment",
    cadence="yearly",
    read=read,
    caveats=(
        "A self-assessment: compare with care, and follow a trust over time rather than rank it.",
        "Second-hand: the scores were read from a joined table of 127 acute trusts, not from the publication.",
        "Scores are shown and never averaged into a score of a group.",
    ),
    replaces={"fact_published_indicator": ("indicator",)},
)
