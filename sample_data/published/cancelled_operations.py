"""Cancelled elective operations (QMCO), NHS England, quarterly by provider."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.cells import (
    header_row_of,
    is_workbook,
    numbers,
    period_line,
    period_of,
    read_sheet,
    reported,
    require_columns,
    sheet_names,
)
from sample_data.published.reading import Publication, PublishedTotal, Reading, UnreadableFileError

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

_SHEET, _NOTES = "Provider", "Notes"
_KEYS = {"Region Code": "region_code", "Organisation Code": "org_code", "Organisation Name": "name"}
_FIGURES = {
    "Number of last minute elective operations cancelled for non clinical reasons": "cancelled_last_minute",
    "Number of patients not treated within 28 days of last minute elective cancellation": "not_treated_within_28_days",
}
_QUARTER = re.compile(r"Quarter ([1-4]),? (\d{4}-\d{2})")
_INCLUDING = "including independent"


def read(path: Path) -> Reading:
    """Returns what a quarterly workbook holds: operations cancelled at the last minute, by provider.

    Facts: `fact_cancelled_operations_quarter`. England's rows are totals; that with the independent
    sector is the sum of all providers' rows.

    Raises:
        UnreadableFileError: the file is no such workbook, or a row, column or cell is wrong.
    """
    if not is_workbook(path):
        raise UnreadableFileError(path, "this is not an Excel workbook.", hint="Load the published .xlsx as it is.")
    sheets = sheet_names(path)
    if _SHEET not in sheets:
        hint = f"Expected a sheet '{_SHEET}'; it has: {', '.join(sheets)}."
        raise UnreadableFileError(path, "this is not a cancelled operations workbook.", hint=hint)
    cells = read_sheet(path, _SHEET, header_row=None)
    header = header_row_of(cells, _KEYS, path)
    period = _period(path, cells.head(header))
    table = read_sheet(path, _SHEET, header_row=header)
    require_columns(table, [*_KEYS, *_FIGURES], path, row=header + 1)
    rows = numbers(table.select(*_KEYS, *_FIGURES), list(_FIGURES), path, first_row=header + 2)
    rows = rows.rename(_KEYS | _FIGURES).with_columns(period=pl.lit(period), org_code=reported(pl.col("org_code")))
    providers = rows.filter(pl.col("org_code").is_not_null())
    measures = list(_FIGURES.values())
    return Reading(
        era="quarterly workbook",
        frames={"fact_cancelled_operations_quarter": providers.select("period", "org_code", *measures)},
        organisations=providers.select("org_code", "name", "region_code"),
        totals=_stated(path, rows.filter(pl.col("org_code").is_null()), period),
        notes=_publishers_notes(path) if _NOTES in sheets else (),
    )


def _period(path: Path, above: pl.DataFrame) -> date:
    label = period_line(above) or ""
    quarter = _QUARTER.match(label)
    if quarter is None:
        hint = "Expected for example 'Quarter 1, 2025-26 (April to June 2025)'."
        raise UnreadableFileError(path, f"the line 'Period:' says '{label}', which is no quarter.", hint=hint)
    return period_of(f"{quarter[2]} Q{quarter[1]}")


def _stated(path: Path, england: pl.DataFrame, period: date) -> tuple[PublishedTotal, ...]:
    totals = []
    for row in england.filter(pl.col("name").is_not_null()).iter_rows(named=True):
        whole = _INCLUDING in row["name"].lower()
        for measure in _FIGURES.values():
            name = measure if whole else f"{measure}_nhs"
            if row[measure] is not None:
                totals.append(PublishedTotal(period, name, float(row[measure]), f"{path.name}, row {row['name']}"))
    return tuple(totals)


def _publishers_notes(path: Path) -> tuple[str, ...]:
    cells = read_sheet(path, _NOTES, header_row=None)["column_1"].drop_nulls().to_list()
    return tuple(cell for cell in cells[cells.index("Notes") + 1 :] if len(cell) > 1) if "Notes" in cells else ()


PUBLICATION = Publication(
    id="cancelled_operations",
    title="Cancelled elective operations",
    publisher="NHS England",
    source="https://www.england.nhs.uk/statistics/statistical-work-areas/cancelled-elective-operations/",
    cadence="quarterly",
    read=read,
    caveats=(
        "Operations cancelled by the hospital at the last minute for non-clinical reasons.",
        "Some trusts did not submit in some quarters: see the notes of each file.",
    ),
)
