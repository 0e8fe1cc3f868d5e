"""NHS Workforce Statistics: staff by organisation and staff group."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sample_data.published.cells import is_workbook
from sample_data.published.reading import Publication, Reading, UnreadableFileError
from sample_data.published.tidy import organisations_of
from sample_data.published.workforce_workbook import read_workbook

_SCHEMA = ("month", "org_code", "main_staff_group", "staff_group_1", "fte", "headcount")
_ALL, _ALL_DOCTORS = "All staff groups", "HCHS doctors - All grades"
_OTHER_SPELLINGS = {"HCHS doctors - Other HCHS doctor grades": "HCHS doctors - Other HCHS Doctor Grades"}
_UNKNOWN = "Unknown classification"
_SMALLEST = 0.0005


def read(path: Path) -> Reading:
    """Returns what a workbook 'England and Organisation', or a Parquet of trusts by staff group, holds.

    The workbook gives `fact_workforce_england_month`, `fact_workforce_organisation_month` and
    `fact_workforce_total_month`; the Parquet gives `fact_workforce_month`. All hold only the lowest staff
    groups: main groups, all doctors and totals are left out, so that nobody counts twice.

    Raises:
        UnreadableFileError: neither form, a sheet or column is missing, or the staff groups of a trust add
            up to more than its total.
    """
    if is_workbook(path):
        return read_workbook(path)
    try:
        table = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UnreadableFileError(
            path,
            "neither an Excel workbook nor a readable Parquet file.",
            hint="Expected 'NHS Workforce Statistics, <month> England and Organisation.xlsx'.",
        ) from error
    return _by_trust(path, table)


def _by_trust(path: Path, table: pl.DataFrame) -> Reading:
    missing = [name for name in _SCHEMA if name not in table.columns]
    if missing:
        raise UnreadableFileError(
            path,
            f"{len(missing)} columns are missing.",
            column=missing[0],
            hint=f"Expected {', '.join(_SCHEMA)}.",
        )
    table = table.select(
        period=pl.col("month").cast(pl.Date).dt.month_start(),
        org_code=pl.col("org_code").str.strip_chars(),
        main_staff_group="main_staff_group",
        staff_group=pl.col("staff_group_1").replace(_OTHER_SPELLINGS),
        fte=pl.col("fte").cast(pl.Float64),
        headcount=pl.col("headcount").cast(pl.Int64),
    )
    lowest = table.filter(~pl.col("staff_group").is_in([_ALL, _ALL_DOCTORS]))
    totals = table.filter(pl.col("main_staff_group") == _ALL).select("period", "org_code", total="fte")
    unknown = _unknown_classification(path, lowest, totals)
    return Reading(
        era="acute trusts by staff group, Parquet",
        frames={"fact_workforce_month": pl.concat([lowest, unknown.select(lowest.columns)])},
        organisations=organisations_of(lowest, "org_code"),
        notes=(
            "Acute trusts only; each September to 2024, then monthly from February 2025.",
            f"'{_UNKNOWN}' is each trust's total less its staff groups; headcount is not known for it.",
        ),
    )


def _unknown_classification(path: Path, lowest: pl.DataFrame, totals: pl.DataFrame) -> pl.DataFrame:
    """Returns the staff whom the source counts in the total and in no group; May 2025 equals the workbook."""
    keys = ["period", "org_code"]
    known = lowest.group_by(keys).agg(known=pl.col("fte").sum())
    rest = totals.join(known, on=keys, how="left").with_columns(fte=pl.col("total") - pl.col("known"))
    over = rest.filter(pl.col("fte").is_null() | (pl.col("fte") < -_SMALLEST))
    if over.height or known.height != totals.height:
        first = over.row(0, named=True) if over.height else {}
        raise UnreadableFileError(
            path,
            f"the staff groups of a trust do not fit its total: {first or 'a trust has no total'}.",
            column="fte",
        )
    return rest.filter(pl.col("fte") > _SMALLEST).with_columns(
        main_staff_group=pl.lit(_UNKNOWN),
        staff_group=pl.lit(_UNKNOWN),
        headcount=pl.lit(None, dtype=pl.Int64),
    )


PUBLICATION = Publication(
    id="workforce",
    title="NHS Workforce Statistics",
    publisher="NHS England",
    source="https://digital.nhs.uk/data-and-information/publications/statistical/nhs-workforce-statistics",
    cadence="monthly",
    read=read,
    caveats=(
        "A snapshot at the end of the month: never added over months.",
        "Headcount counts a person in each group and organisation where they work; only full-time equivalents add up.",
        "The series by trust and staff group covers acute trusts; the workbook covers all NHS organisations.",
    ),
    stated_levels={"fact_workforce_england_month": ("england",)},
)
