"""NHS Sickness Absence Rates: monthly by organisation, and England's reasons by month."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sample_data.published.cells import (
    header_row_of,
    is_workbook,
    numbers,
    periods,
    read_csv_as_text,
    read_sheet,
    require_columns,
    sheet_names,
)
from sample_data.published.reading import Publication, PublishedTotal, Reading, Rejection
from sample_data.published.tidy import (
    ENGLAND,
    duplicates_refused,
    england_named,
    organisations_of,
    refuse_rows,
    rejections_of,
)

_LOST, _AVAILABLE, _RATE = "FTE_DAYS_LOST", "FTE_DAYS_AVAILABLE", "SICKNESS_ABSENCE_RATE_PERCENT"
_COLUMNS = (
    "DATE",
    "NHSE_REGION_CODE",
    "ICS_CODE",
    "ORG_CODE",
    "ORG_NAME",
    "ORG_TYPE",
    _LOST,
    _AVAILABLE,
    _RATE,
)
_REASON_COLUMNS = ("DATE", "STAFF_GROUP", "REASON", _LOST)
_ENGLAND_NAMES = ("ENG", "ENGLAND", "ALL", "TOTAL")
_ALL_STAFF = "All staff groups"
_ROUNDING = 0.0101  # the rate is given to two decimals


def read(path: Path) -> Reading:
    """Returns what a monthly CSV, or the workbook of reasons, holds.

    The CSV gives `fact_sickness_month`; the workbook gives `fact_sickness_reason_month` for England.

    Raises:
        UnreadableFileError: a column is missing, a cell is not a number, or days lost over days available
            is not the rate that the row states.
    """
    return _reasons(path) if is_workbook(path) else _monthly(path)


def _monthly(path: Path) -> Reading:
    table = read_csv_as_text(path)
    require_columns(table, _COLUMNS, path)
    table = numbers(table, (_LOST, _AVAILABLE, _RATE), path, whole=False).with_row_index("row", offset=2)
    table = table.with_columns(period=periods(table["DATE"], path))
    refuse_rows(
        path,
        table,
        pl.col("ORG_CODE").is_null() | pl.col("period").is_null(),
        "ORG_NAME",
        "has no organisation code or no date",
    )
    computed = pl.col(_LOST) / pl.col(_AVAILABLE) * 100
    refuse_rows(
        path,
        table,
        ((computed - pl.col(_RATE)).abs() > _ROUNDING) & (pl.col(_AVAILABLE) > 0),
        _RATE,
        "is not the days lost over the days available of its row",
        hint="Are the columns in their places?",
    )
    england = pl.col("ORG_CODE").str.to_uppercase().is_in(_ENGLAND_NAMES)
    region = pl.col("ORG_CODE") == pl.col("NHSE_REGION_CODE")
    totals = tuple(
        PublishedTotal(row["period"], measure, row[column], f"{path.name}, row {row['row']}")
        for row in table.filter(england).iter_rows(named=True)
        for measure, column in (("fte_days_lost", _LOST), ("fte_days_available", _AVAILABLE))
        if row[column] is not None
    )
    rejections = rejections_of(table.filter(region & ~england), "ORG_CODE", "a region's total, not an organisation")
    rows = table.filter(~england & ~region)
    duplicates_refused(path, rows, ("ORG_CODE", "period"))
    rows = rows.with_columns(
        org_type=pl.when(pl.col("ORG_TYPE") == "Integrated Care Board").then(pl.lit("icb")),
        region=pl.when(pl.col("NHSE_REGION_CODE").str.starts_with("Y")).then("NHSE_REGION_CODE"),
        icb=pl.when(pl.col("ICS_CODE") != "QZZ").then("ICS_CODE"),
    )
    fact = rows.select("period", org_code="ORG_CODE", fte_days_lost=_LOST, fte_days_available=_AVAILABLE)
    return Reading(
        era="monthly CSV",
        frames={"fact_sickness_month": fact},
        organisations=organisations_of(
            rows, "ORG_CODE", "ORG_NAME", org_type="org_type", icb_code="icb", region_code="region"
        ),
        rejections=rejections,
        totals=totals,
        notes=() if totals else ("The file states no England total: England is the sum of its organisations.",),
    )


def _reasons(path: Path) -> Reading:
    sheet = sheet_names(path)[0]
    top = header_row_of(read_sheet(path, sheet, header_row=None), _REASON_COLUMNS, path)
    table = read_sheet(path, sheet, header_row=top)
    table = numbers(table, (_LOST,), path, whole=False, first_row=top + 2).with_row_index("row", offset=top + 2)
    table = table.with_columns(period=periods(table["DATE"], path, first_row=top + 2))
    rejections: tuple[Rejection, ...] = rejections_of(
        table.filter(pl.col("STAFF_GROUP") != _ALL_STAFF),
        "STAFF_GROUP",
        "one staff group; only all staff together is held",
    )
    rows = table.filter(pl.col("STAFF_GROUP") == _ALL_STAFF)
    refuse_rows(
        path,
        rows,
        ~pl.col("REASON").str.contains(r"^S\d\d "),
        "REASON",
        "does not start with a reason code",
        hint="Expected for example 'S11 Back Problems'.",
    )
    duplicates_refused(path, rows, ("REASON", "period"))
    fact = rows.select(
        "period",
        org_code=pl.lit(ENGLAND),
        reason_code=pl.col("REASON").str.head(3),
        reason=pl.col("REASON").str.slice(4),
        fte_days_lost=pl.col(_LOST),
    )
    return Reading(
        era="workbook of reasons, England",
        frames={"fact_sickness_reason_month": fact},
        organisations=england_named(),
        rejections=rejections,
        notes=("Reasons add up to about 1.4 percent fewer days than the monthly figures by organisation.",),
    )


PUBLICATION = Publication(
    id="sickness_absence",
    title="NHS Sickness Absence Rates",
    publisher="NHS England",
    source="https://digital.nhs.uk/data-and-information/publications/statistical/nhs-sickness-absence-rates",
    cadence="monthly",
    read=read,
    caveats=(
        "Days lost include non-working days, as the staff record counts calendar days.",
        "Covers NHS trusts, integrated care boards, support units and central bodies; not primary care.",
    ),
    stated_levels={"fact_sickness_reason_month": ("england",)},
)
