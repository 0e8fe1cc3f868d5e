"""The Incomplete-Provider workbook's Provider sheet, as .xlsx or saved as CSV."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.cells import (
    header_row_of,
    numbers,
    period_in_name,
    period_line,
    period_of,
    read_sheet,
    reported,
    require_columns,
)
from sample_data.published.reading import PublishedTotal, Reading, UnreadableFileError
from sample_data.published.rtt.bands import (
    ALL_SERVICES,
    INCOMPLETE,
    OPEN_BAND,
    UNKNOWN,
    band_rows,
    refuse_contradictions,
    service_code,
)
from sample_data.published.stated_totals import measure_name
from sample_data.published.tidy import duplicates_refused

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

SHEET = "Provider"
_KEYS = {
    "Region Code": "region_code",
    "Provider Code": "org_code",
    "Provider Name": "name",
    "Treatment Function Code": "service_code",
}
_TOTAL = "Total number of incomplete pathways"
_STATED = {"Total within 18 weeks": (0, 18), "Total 52 plus weeks": (52, None), "Total 65 plus weeks": (65, None)}
_BAND = re.compile(r">\s*(\d+)\s*-\s*(\d+)|(104)\s*(?:plus|\+)")


def is_provider_sheet(table: pl.DataFrame) -> bool:
    """Returns whether the columns are those of the Provider sheet."""
    return _TOTAL in table.columns and "Provider Code" in table.columns


def sheet_reading(path: Path) -> Reading:
    """Returns what the Provider sheet of a workbook says (see `provider_sheet_reading`).

    Raises:
        UnreadableFileError: the sheet or its header is missing, or a cell is wrong.
    """
    cells = read_sheet(path, SHEET, header_row=None)
    header = header_row_of(cells, ("Provider Code", _TOTAL), path)
    label = period_line(cells)
    try:
        period = period_of(label) if label else period_in_name(path)
    except ValueError as error:
        raise UnreadableFileError(path, str(error), column="Period:") from error
    return provider_sheet_reading(path, read_sheet(path, SHEET, header_row=header), period, first_row=header + 2)


def provider_sheet_reading(path: Path, table: pl.DataFrame, period: date, *, first_row: int = 2) -> Reading:
    """Returns the bands of incomplete pathways of NHS trusts, English commissioners only.

    Raises:
        UnreadableFileError: a column or a band is missing, or a cell is no number.
    """
    require_columns(table, [*_KEYS, _TOTAL], path, row=first_row - 1)
    bands = {name: int(match[1] or match[3]) for name in table.columns if (match := _BAND.fullmatch(name))}
    if sorted(bands.values()) != list(range(OPEN_BAND + 1)):
        problem = f"{len(bands)} weekly bands found, 105 expected ('>0-1' to '104 plus')."
        raise UnreadableFileError(path, problem, row=first_row - 1)
    stated = [name for name in _STATED if name in table.columns]
    figures = [*bands, _TOTAL, *stated]
    rows = numbers(table.select(*_KEYS, *figures), figures, path, first_row=first_row).rename(_KEYS)
    rows = rows.with_row_index("row", first_row).with_columns(
        period=pl.lit(period),
        org_code=reported(pl.col("org_code")),
        service_code=service_code("service_code"),
        part=pl.lit(INCOMPLETE),
        commissioning=pl.lit("english"),
        banded=pl.sum_horizontal(*bands),
        stated=pl.col(_TOTAL).fill_null(0),
        **{UNKNOWN: pl.lit(0, pl.Int64)},
    )
    providers = rows.filter(pl.col("org_code").is_not_null() & pl.col("service_code").is_not_null())
    is_total = pl.col("service_code") == ALL_SERVICES
    agree = pl.col("banded") == pl.col("stated")
    refuse_contradictions(path, providers.filter(~agree & ~is_total), _TOTAL)
    duplicates_refused(path, providers, ("org_code", "service_code"), column="Provider Code")
    total = int(providers.filter(is_total)["stated"].sum())
    measure = measure_name("pathways", part=INCOMPLETE, commissioning="english")
    return Reading(
        era="Incomplete-Provider workbook, Provider sheet",
        frames={"fact_rtt_band_month": band_rows(providers.filter(~is_total), bands)},
        organisations=providers.select("org_code", "name", "region_code").unique(
            "org_code", keep="last", maintain_order=True
        ),
        totals=(PublishedTotal(period, measure, float(total), f"{path.name}, rows C_999 added"),),
        notes=(
            "NHS trusts only, and only pathways that English commissioners pay for.",
            *_disagreements(providers.filter(~is_total), bands, stated),
        ),
    )


def _disagreements(providers: pl.DataFrame, bands: dict[str, int], stated: list[str]) -> list[str]:
    notes = []
    for name in stated:
        first, last = _STATED[name]
        inside = [band for band, week in bands.items() if week >= first and (last is None or week < last)]
        differ = providers.filter(pl.sum_horizontal(inside) != pl.col(name).fill_null(0)).height
        if differ:
            notes.append(f"'{name}' differs from the sum of its bands in {differ} rows; the bands are used.")
    return notes
