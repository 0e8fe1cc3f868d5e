"""Incomplete pathways by provider and month, 2021 on, that a third party added up from the full CSVs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.cells import number, periods, reported, require_columns
from sample_data.published.reading import Reading, UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path

_COLUMNS = {
    "total_incomplete": "incomplete",
    "within_18wk": "within_18_weeks",
    "over_52wk": "over_52_weeks",
    "over_65wk": "over_65_weeks",
    "over_78wk": "over_78_weeks",
    "over_104wk": "over_104_weeks",
}
_LONG = [name for name in _COLUMNS.values() if name.startswith("over_")]


def is_provider_month(table: pl.DataFrame) -> bool:
    """Returns whether the columns are those of the derived provider-month file."""
    return {"month_start", "total_incomplete"} <= set(table.columns)


def provider_month_reading(path: Path, table: pl.DataFrame) -> Reading:
    """Returns `fact_rtt_provider_month`: incomplete pathways, within 18 weeks and long waits.

    A blank long wait is none: in January 2026 each blank stands where the published bands hold no pathway.

    Raises:
        UnreadableFileError: a column is missing, or a cell is no number or no month.
    """
    require_columns(table, ["org_code", "month_start", *_COLUMNS], path)
    read = table.with_row_index("row", 2).select(
        "row",
        "org_code",
        periods(table["month_start"], path).alias("period"),
        **{new: number(pl.col(old)) for old, new in _COLUMNS.items()},
    )
    for old, new in _COLUMNS.items():
        given = table.select(reported(pl.col(old)).is_not_null()).to_series()
        wrong = read.filter(given & read[new].is_null())
        if wrong.height:
            row = int(wrong["row"][0])
            raise UnreadableFileError(path, f"'{table[old][row - 2]}' is not a number.", row=row, column=old)
    figures = list(_COLUMNS.values())
    rows = read.with_columns(pl.col(_LONG).fill_null(0)).with_columns(pl.col(figures).cast(pl.Int64))
    ordered = (
        (pl.col("within_18_weeks") + pl.col("over_52_weeks") <= pl.col("incomplete"))
        & (pl.col("over_65_weeks") <= pl.col("over_52_weeks"))
        & (pl.col("over_78_weeks") <= pl.col("over_65_weeks"))
        & (pl.col("over_104_weeks") <= pl.col("over_78_weeks"))
    ).fill_null(value=False)
    wrong = rows.filter(~ordered)
    if wrong.height:
        first = wrong.row(0, named=True)
        shown = ", ".join(f"{old} {first[new]}" for old, new in _COLUMNS.items())
        problem = f"{first['org_code']}: the waits contradict each other ({shown})."
        raise UnreadableFileError(path, problem, row=first["row"], column="total_incomplete")
    facts = rows
    return Reading(
        era="provider by month, derived from the full CSVs",
        frames={"fact_rtt_provider_month": facts.select("period", "org_code", *figures)},
        organisations=facts.select("org_code", name=pl.lit(None, pl.String)).unique(maintain_order=True),
        notes=(
            "Added up from the published full CSVs by a third party, not by the publisher.",
            "Providers that merged stand under their successor's code in all months.",
            "A blank long wait is held as none.",
        ),
    )
