"""The overview time series: England's totals by month, on the commissioners' basis, no facts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.cells import header_row_of, number, period_of, read_sheet
from sample_data.published.reading import PublishedTotal, Reading, UnreadableFileError
from sample_data.published.stated_totals import totals_of

if TYPE_CHECKING:
    from pathlib import Path

SHEET = "Full Time Series"
FIRST_MONTH = date(2021, 4, 1)
_HEADS = {
    "Total waiting (mil)": "incomplete",
    "No. within 18 weeks": "within_18_weeks",
    "No. > 52 weeks": "over_52_weeks",
    "No. > 65 weeks": "over_65_weeks",
    "No. > 78 weeks": "over_78_weeks",
    "No. > 104 weeks": "over_104_weeks",
}
_ESTIMATED = " with estimates for missing data"
_MEASURES = _HEADS | {f"{head}{_ESTIMATED}": f"{measure}_with_estimates" for head, measure in _HEADS.items()}


def overview_reading(path: Path) -> Reading:
    """Returns England's incomplete pathways by month from April 2021, and no facts.

    Raises:
        UnreadableFileError: the sheet or a column is missing.
    """
    cells = read_sheet(path, SHEET, header_row=None)
    header = header_row_of(cells, _MEASURES, path)
    heads = cells.row(header)
    # The incomplete pathways come first; the completed ones repeat some heads further right.
    columns = {measure: cells.columns[heads.index(head)] for head, measure in _MEASURES.items()}
    months = cells.slice(header + 1).filter(pl.col("column_2").is_not_null())
    months = months.select(pl.col("column_2").alias("month"), **{m: number(pl.col(c)) for m, c in columns.items()})
    totals: list[PublishedTotal] = []
    for row in months.iter_rows(named=True):
        try:
            period = period_of(row.pop("month"))
        except ValueError:
            continue
        if period >= FIRST_MONTH:
            totals += totals_of(row, period, f"{path.name}, sheet {SHEET} (commissioner basis)")
    if not totals:
        raise UnreadableFileError(path, f"sheet '{SHEET}' has no month from {FIRST_MONTH:%B %Y} on.")
    return Reading(
        era="overview time series (totals only)",
        frames={},
        organisations=pl.DataFrame(schema={"org_code": pl.String, "name": pl.String}),
        totals=tuple(totals),
        notes=(
            "England's totals count pathways that English commissioners pay for.",
            "Months before April 2021 are left out: long waits were banded otherwise.",
        ),
    )
