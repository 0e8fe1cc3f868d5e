"""NHS England's virtual ward capacity and occupancy, monthly workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.cells import header_row_of, numbers, period_of, read_sheet, reported, sheet_names
from sample_data.published.reading import Publication, PublishedTotal, Reading, Rejection, UnreadableFileError

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

_SHEETS = {  # sheet -> table, the column of codes, type of organisation
    "Virtual Ward Data": ("fact_virtual_ward_month", "ICB code", "icb"),
    "Virtual Ward Data - ICB": ("fact_virtual_ward_month", "ICB code", "icb"),
    "Virtual Ward Data - Provider": ("fact_virtual_ward_provider_month", "Provider code", "trust"),
}
# How each heading begins; the notes in brackets behind it change from month to month.
_CAPACITY, _PATIENTS = "Virtual Ward Capacity (see", "Patients in a Virtual Ward"
_POPULATION = "GP registered population"


def read(path: Path) -> Reading:
    """Returns `fact_virtual_ward_month` by integrated care board and, from April 2025, the same by provider.

    Capacity and patients are those of the last return of the month. The England row is kept as a total.

    Raises:
        UnreadableFileError: not this workbook, no month, a heading that is missing, or a bad figure.
    """
    found = [name for name in sheet_names(path) if name in _SHEETS]
    if not any(_SHEETS[name][2] == "icb" for name in found):
        raise UnreadableFileError(path, "there is no sheet 'Virtual Ward Data'.", hint=f"It has: {sheet_names(path)}.")
    readings = [_sheet(path, name) for name in found]
    frames = {_SHEETS[name][0]: reading.frames[_SHEETS[name][0]] for name, reading in zip(found, readings, strict=True)}
    return Reading(
        era=f"virtual ward workbook, {'boards and providers' if len(frames) > 1 else 'boards'}",
        frames=frames,
        organisations=pl.concat([reading.organisations for reading in readings]).unique(
            "org_code", maintain_order=True
        ),
        rejections=tuple(rejection for reading in readings for rejection in reading.rejections),
        totals=tuple(total for reading in readings for total in reading.totals),
        notes=tuple(note for reading in readings for note in reading.notes),
    )


def _sheet(path: Path, sheet: str) -> Reading:
    table, code, kind = _SHEETS[sheet]
    cells = read_sheet(path, sheet, header_row=None)
    month = _month(path, sheet, cells)
    header = header_row_of(cells, ["Region", "Region Code", code, "Name"], path)
    text = read_sheet(path, sheet, header_row=header)
    first = header + 2
    named = {_heading(path, text, _CAPACITY, first): "capacity", _heading(path, text, _PATIENTS, first): "patients"}
    if kind == "icb":
        named[_heading(path, text, _POPULATION, first)] = "gp_registered_population"
    rows = (
        numbers(text.with_row_index("row", offset=first), list(named), path, first_row=first)
        .rename({code: "org_code", "Name": "name", **named})
        .with_columns(reported(pl.col("org_code")))
        .filter(pl.col("name").is_not_null())
        .with_columns(period=pl.lit(month))
    )
    is_england = pl.col("name").str.to_lowercase().str.strip_chars("*") == "england"
    england, listed = rows.filter(is_england), rows.filter(~is_england)
    without = listed.filter(pl.col("org_code").is_null())
    facts, notes = _one_row_each(listed.filter(pl.col("org_code").is_not_null()), list(named.values()), month)
    level = "" if kind == "icb" else "provider_"
    measures = list(named.values())
    missing = facts["patients"].null_count()
    if missing:
        notes += (f"{month:%B %Y}: {missing} of {facts.height} in '{sheet}' did not report patients.",)
    return Reading(
        era=sheet,
        frames={table: facts.select("period", "org_code", *measures)},
        organisations=facts.select("org_code", "name", org_type=pl.lit(kind), region_code="Region Code"),
        rejections=tuple(
            Rejection(row, code, name, f"no code in sheet '{sheet}'")
            for row, name in without.select("row", "name").iter_rows()
        ),
        totals=tuple(
            PublishedTotal(
                month, f"{level}{measure}", float(england[measure][0]), f"{path.name}, '{sheet}', row England"
            )
            for measure in measures
            if england.height and england[measure][0] is not None
        ),
        notes=notes,
    )


def _one_row_each(rows: pl.DataFrame, measures: list[str], month: date) -> tuple[pl.DataFrame, tuple[str, ...]]:
    # A provider that works in two regions has a row in each: it is one organisation, and its rows add up.
    doubled = rows.filter(pl.col("org_code").is_duplicated())["org_code"].unique().sort()
    if not doubled.len():
        return rows, ()
    known = [pl.when(pl.col(name).is_not_null().all()).then(pl.col(name).sum()).alias(name) for name in measures]
    summed = rows.group_by("org_code", maintain_order=True).agg(pl.first("name", "Region Code", "period"), *known)
    return summed, (f"{month:%B %Y}: {', '.join(doubled)} have a row in two regions each: added up.",)


def _month(path: Path, sheet: str, cells: pl.DataFrame) -> date:
    for row in cells.head(20).iter_rows():
        texts = [cell for cell in row if cell]
        if len(texts) > 1 and texts[0] in {"Month:", "Period:"}:
            try:
                return period_of(texts[1])
            except ValueError as error:
                raise UnreadableFileError(path, str(error), column=f"{sheet}, Month") from error
    raise UnreadableFileError(path, f"sheet '{sheet}' does not say its month.", hint="Expected a cell 'Month:'.")


def _heading(path: Path, text: pl.DataFrame, start: str, first: int) -> str:
    for name in text.columns:
        if " ".join(name.split()).startswith(start):
            return name
    raise UnreadableFileError(path, f"no column begins with '{start}'.", row=first - 1, hint=f"It has: {text.columns}.")


PUBLICATION = Publication(
    id="virtual_wards",
    title="Virtual ward capacity and occupancy",
    publisher="NHS England",
    source="https://www.england.nhs.uk/statistics/statistical-work-areas/virtual-ward/",
    cadence="monthly",
    read=read,
    caveats=(
        "Capacity and patients are those of the last return of the month, at 8am on a Thursday.",
        "Occupancy is indicative: a board or provider without reported patients must be left out of the capacity too.",
        "The two tables hold the same wards, by board and by provider: never add them.",
    ),
)
