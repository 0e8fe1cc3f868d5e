"""Catchment population and deprivation of acute trusts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.cells import numbers, read_csv_as_text, require_columns
from sample_data.published.reading import Publication, Reading, UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path

_COLUMNS = ("org_code", "catchment_population", "imd_score", "deprivation_quintile")
_QUINTILES = (1, 5)


def read(path: Path) -> Reading:
    """Returns catchments (`ref_catchment`): population, mean IMD score, quintile (1 most deprived).

    Raises:
        UnreadableFileError: a column is missing, or a quintile is not 1 to 5.
    """
    table = read_csv_as_text(path)
    require_columns(table, _COLUMNS, path)
    table = numbers(table, ("catchment_population", "deprivation_quintile"), path)
    table = numbers(table, ("imd_score",), path, whole=False)
    wrong = ~table["deprivation_quintile"].is_between(*_QUINTILES)
    if wrong.any():
        at = int(wrong.arg_max() or 0)
        problem = f"'{table['deprivation_quintile'][at]}' is no quintile."
        raise UnreadableFileError(path, problem, row=at + 2, column="deprivation_quintile", hint="Expected 1 to 5.")
    catchments = table.select(
        "org_code",
        "catchment_population",
        pl.col("imd_score").alias("deprivation_score"),
        "deprivation_quintile",
    )
    return Reading(
        era="trust catchments with mean IMD score",
        frames={},
        organisations=catchments.select("org_code", name=pl.lit(None, pl.String), org_type=pl.lit("trust")),
        notes=("Catchments are of acute trusts, population of 2022; quintile 1 is the most deprived.",),
        dimensions={"ref_catchment": catchments},
    )


PUBLICATION = Publication(
    id="deprivation",
    title="Acute trust catchment populations and deprivation",
    publisher="Office for Health Improvement and Disparities; Ministry of Housing, Communities and Local Government",
    source="https://www.gov.uk/government/collections/english-indices-of-deprivation",
    cadence="once",
    read=read,
    caveats=("Second-hand: mean scores of the Index of Multiple Deprivation over catchments, joined by another.",),
)
