"""The monthly provider CSV in its three header eras, and the NHSRdatasets file of 2016 to 2019."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.ae_attendances.tidy import (
    BREACHES,
    BY_DEPARTMENT,
    BY_PROVIDER,
    DEPARTMENTS,
    WIDE,
    Month,
    stated,
)
from sample_data.published.cells import numbers, periods, require_columns
from sample_data.published.levels import is_sum
from sample_data.published.reading import Reading, Rejection, UnreadableFileError

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

_KEYS = {"Period": "period", "Org Code": "org_code", "Parent Org": "region", "Org name": "name"}
_STEMS = {
    "attendances": "A&E attendances {}",
    "attendances_booked": "A&E attendances Booked Appointments {}",
    "over_4h": "Attendances over 4hrs {}",
    "over_4h_booked": "Attendances over 4hrs Booked Appointments {}",
    "emergency_admissions": "Emergency admissions via A&E - {}",
}
_ONCE = {
    "Patients who have waited 4-12 hs from DTA to admission": "dta_4_to_12h",
    "Patients who have waited 12+ hrs from DTA to admission": "dta_over_12h",
    "Other emergency admissions": "emergency_admissions_not_via_ae",
}
_TYPES = {"type1": "Type 1", "type2": "Type 2", "other": "Other Department"}
_COLUMNS = {
    stem.format(words): f"{measure}_{department}"
    for measure, stem in _STEMS.items()
    for department, words in _TYPES.items()
} | _ONCE
_BOOKED = [f"{measure}_{department}" for measure in BY_DEPARTMENT if "booked" in measure for department in DEPARTMENTS]
NHSR_COLUMNS = ("period", "org_code", "type", "attendances", "breaches", "admissions")


def _canonical(header: str) -> str:
    name = re.sub(r"^Number of ", "", header)
    name = name.replace("Other A&E Department", "Other Department").replace("Other A&E department", "Other Department")
    return name[:1].upper() + name[1:]


def provider_month(path: Path, table: pl.DataFrame) -> Month:
    """Returns what a monthly provider CSV says, TOTAL row apart.

    Raises:
        UnreadableFileError: a column is missing, or a cell is no number or no month.
    """
    known = {header: _canonical(header) for header in table.columns}
    canonical = table.rename(known)
    optional = [name for name, column in _COLUMNS.items() if column in _BOOKED]
    booked = any(name in canonical.columns for name in optional)
    wanted = [name for name in _COLUMNS if booked or name not in optional]
    require_columns(canonical, [*_KEYS, *wanted], path)
    headed = {name: header for header, name in known.items()}
    figures = numbers(table.with_row_index("row", 2), [headed[name] for name in wanted], path)
    named = figures.select(
        "row",
        *(pl.col(headed[name]).alias(new) for name, new in _KEYS.items()),
        *(pl.col(headed[name]).alias(_COLUMNS[name]) for name in wanted),
    )
    if not booked:
        named = named.with_columns(pl.lit(None, pl.Int64).alias(name) for name in _BOOKED)
    is_total = pl.any_horizontal(is_sum(pl.col(name)) for name in ("period", "org_code", "name"))
    providers, total = named.filter(~is_total), named.filter(is_total)
    nameless = providers.filter(pl.col("org_code").is_null() | pl.col("period").is_null())
    figured = nameless.filter(pl.any_horizontal(pl.col(_COLUMNS[name]).is_not_null() for name in wanted))
    if figured.height:
        # Left out, it would take away the figures of its provider that are held.
        row, column = int(figured["row"][0]), "Period" if figured["period"][0] is None else "Org Code"
        hint = "Fill the cell, or remove the row, and load the file again."
        problem = "the cell is empty, and the row has figures."
        raise UnreadableFileError(path, problem, row=row, column=column, hint=hint)
    providers = providers.filter(pl.col("org_code").is_not_null() & pl.col("period").is_not_null())
    providers = providers.with_columns(
        periods(providers["period"].alias("Period"), path, rows=providers["row"]).alias("period")
    )
    month = _only_month(path, providers)
    era = "with booked appointments" if booked else "without booked appointments"
    if any(name.startswith("Number of") for name in known):
        era = "2019-20 headings"
    return Month(
        path=path,
        era=f"provider CSV, {era}",
        headings={"org_code": "Org Code"} | {_COLUMNS[name]: headed[name] for name in wanted},
        providers=providers.select("row", "period", "org_code", "name", "region", *WIDE),
        totals=stated(_only_total(path, total), month, f"{path.name}, TOTAL row"),
        rejections=tuple(
            Rejection(row, "Org Code", None, "The row names no organisation or no month.") for row in nameless["row"]
        ),
        notes=() if booked else ("Booked appointments were not counted apart before August 2020.",),
    )


def _only_month(path: Path, providers: pl.DataFrame) -> date:
    other = providers.filter(pl.col("period") != pl.col("period").first())
    if other.height or not providers.height:
        months = ", ".join(f"{month:%B %Y}" for month in providers["period"].unique().sort())
        problem = f"the file holds the months {months}; one is expected." if months else "the file names no provider."
        row = int(other["row"][0]) if other.height else None
        raise UnreadableFileError(path, problem, row=row, column="Period", hint="Download it again.")
    first: date = providers["period"][0]
    return first


def _only_total(path: Path, total: pl.DataFrame) -> dict[str, int | None]:
    if not total.height:
        raise UnreadableFileError(
            path, "there is no TOTAL row, which ends every such file: it is cut short.", hint="Download it again."
        )
    if total.height > 1:
        rows = ", ".join(str(row) for row in total["row"])
        problem = f"rows {rows} all say TOTAL or England; one is expected."
        raise UnreadableFileError(path, problem, row=int(total["row"][1]), column="Org Code", hint="Download it again.")
    return total.row(0, named=True)


def nhsr_reading(path: Path, table: pl.DataFrame) -> Reading:
    """Returns the facts of the NHSRdatasets file: one row a provider, department type and month.

    Raises:
        UnreadableFileError: a column is missing, or a cell is no number or no month.
    """
    require_columns(table, NHSR_COLUMNS, path)
    table = numbers(table, ("attendances", "breaches", "admissions"), path)
    none = pl.lit(None, pl.Int64)
    rows = table.select(
        periods(table["period"], path).alias("period"),
        "org_code",
        pl.col("type").replace({"1": "type1", "2": "type2"}).alias("department"),
        "attendances",
        none.alias("attendances_booked"),
        pl.col("breaches").alias(BREACHES[0]),
        none.alias(BREACHES[1]),
        pl.col("admissions").alias("emergency_admissions"),
        *(none.alias(name) for name in BY_PROVIDER),
    )
    known = pl.col("department").is_in(DEPARTMENTS)
    rejected = rows.with_row_index("row", 2).filter(~known)
    facts = rows.filter(known)
    return Reading(
        era="NHSRdatasets, one row a department type",
        frames={"fact_ae_month": facts},
        organisations=facts.select("org_code", name=pl.lit(None, pl.String)).unique(maintain_order=True),
        rejections=tuple(
            Rejection(row, "type", value, "Not a department type; expected 1, 2 or other.")
            for row, value in rejected.select("row", "department").iter_rows()
        ),
        notes=(
            "Waits from decision to admit and emergency admissions not through A&E are not in this file.",
            "Departments without attendances are not in this file, nor are their few admissions.",
        ),
    )
