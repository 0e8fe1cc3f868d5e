"""Data Security and Protection Toolkit: the standard that each trust or board reached."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from sample_data.published.cells import read_csv_as_text, require_columns
from sample_data.published.reading import Publication, Reading, UnreadableFileError
from sample_data.published.tidy import (
    duplicates_refused,
    organisations_of,
    refuse_rows,
    rejections_of,
    year_start,
)

_STANDARDS = {
    "standards exceeded": "exceeded",
    "standards met": "met",
    "approaching standards": "approaching",
    "standards not met": "not_met",
    "not published": "not_published",
}
_MET = ("exceeded", "met")
_NO_ENTRY = "#N/A"
_YEAR = re.compile(r"(\d{2})/(\d{2}) ")


def read(path: Path) -> Reading:
    """Returns a snapshot of statuses as `fact_dspt_year`, of trusts or of integrated care boards.

    Raises:
        UnreadableFileError: a column is missing, or a status is not one of the toolkit's.
    """
    table = read_csv_as_text(path)
    boards = "ICB23CDH" in table.columns
    code, name = ("ODS Code", "ODS Org Name") if "ODS Code" in table.columns else ("Code", "Organisation Name")
    require_columns(table, (code, name, "Status"), path)
    table = table.with_row_index("row", offset=2)
    year = _year(path, table["Status"])
    words = pl.col("Status").str.replace(r"^\d{2}/\d{2}\s+", "").str.strip_chars().str.to_lowercase()
    table = table.with_columns(standard=words.replace_strict(_STANDARDS, default=None, return_dtype=pl.String))
    absent = pl.col("Status").is_null() | (pl.col("Status") == _NO_ENTRY)
    refuse_rows(
        path,
        table,
        ~absent & pl.col("standard").is_null(),
        "Status",
        "is no status of the toolkit",
        hint=f"Expected one of: {', '.join(_STANDARDS)}.",
    )
    rejections = rejections_of(table.filter(absent), "Status", "the file holds no status for this organisation")
    rows = table.filter(~absent)
    duplicates_refused(path, rows, (code,))
    level = "icb" if boards else "trust"
    fact = rows.select(
        period=pl.lit(year_start(year)),
        org_code=pl.col(code),
        org_level=pl.lit(level),
        status=pl.col("Status"),
        standard=pl.col("standard"),
        is_met=pl.when(pl.col("standard") != "not_published").then(pl.col("standard").is_in(_MET).cast(pl.Int64)),
    )
    named = rows.with_columns(org_type=pl.lit(level))
    whose = "integrated care boards" if boards else "trusts"
    return Reading(
        era=f"snapshot of {whose}, standard of {year}-{(year + 1) % 100:02d}",
        frames={"fact_dspt_year": fact},
        organisations=organisations_of(named, code, name, org_type="org_type"),
        rejections=rejections,
        notes=("'Approaching standards' does not count as met; not published is neither met nor not met.",),
    )


def _year(path: Path, statuses: pl.Series) -> int:
    years = {match[1] for status in statuses.drop_nulls() if (match := _YEAR.match(status))}
    if len(years) != 1:
        raise UnreadableFileError(
            path,
            f"the statuses name {len(years)} years, expected one.",
            column="Status",
            hint="Expected for example '22/23 Standards Met'.",
        )
    return 2000 + int(years.pop())


PUBLICATION = Publication(
    id="dspt",
    title="Data Security and Protection Toolkit, status by organisation",
    publisher="NHS England",
    source="https://www.dsptoolkit.nhs.uk/OrganisationSearch",
    cadence="yearly",
    read=read,
    caveats=(
        "A snapshot: an organisation may have reached the standard after the day it was taken.",
        "The standard changes every year.",
    ),
    replaces={"fact_dspt_year": ("org_level",)},
)
