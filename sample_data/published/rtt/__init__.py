"""Referral to treatment (RTT) waiting times, NHS England, monthly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_data.published.cells import is_workbook, period_in_name, read_csv_as_text, sheet_names
from sample_data.published.reading import Publication, Reading, UnreadableFileError
from sample_data.published.rtt import overview, provider_sheet
from sample_data.published.rtt.full_csv import full_csv_reading, is_full_csv
from sample_data.published.rtt.provider_month import is_provider_month, provider_month_reading

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PUBLICATION", "read"]


def read(path: Path) -> Reading:
    """Returns what an RTT file holds: full CSV, Incomplete-Provider sheet, provider months or overview.

    Facts: `fact_rtt_band_month`, pathways by provider, part, treatment function and weekly band (rows
    without pathways left out), and `fact_rtt_provider_month`, incomplete pathways by provider.

    Raises:
        UnreadableFileError: the file is none of these, or a row, column or cell is wrong.
    """
    if is_workbook(path):
        sheets = sheet_names(path)
        if provider_sheet.SHEET in sheets:
            return provider_sheet.sheet_reading(path)
        if overview.SHEET in sheets:
            return overview.overview_reading(path)
        hint = f"Expected a sheet '{provider_sheet.SHEET}'; it has: {', '.join(sheets)}."
        raise UnreadableFileError(path, "this is not an RTT workbook.", hint=hint)
    table = read_csv_as_text(path)
    if is_full_csv(table):
        return full_csv_reading(path, table)
    if is_provider_month(table):
        return provider_month_reading(path, table)
    if provider_sheet.is_provider_sheet(table):
        return provider_sheet.provider_sheet_reading(path, table, period_in_name(path))
    hint = (
        "Expected the full CSV data file (a column 'RTT Part Type') or the Provider sheet "
        f"('Total number of incomplete pathways'); it has: {', '.join(table.columns[:6])} ..."
    )
    raise UnreadableFileError(path, "this is not an RTT file.", row=1, hint=hint)


PUBLICATION = Publication(
    id="rtt",
    title="Referral to treatment waiting times",
    publisher="NHS England",
    source="https://www.england.nhs.uk/statistics/statistical-work-areas/rtt-waiting-times/",
    cadence="monthly",
    read=read,
    caveats=(
        "Part_2A (with a decision to admit) is a part of Part_2; parts are never added up.",
        "The Provider sheet leaves out independent providers and pathways commissioned from outside England.",
        "Provider totals from April 2021 were added up from the full CSVs by a third party.",
        "In those totals, providers that merged stand under their successor's code in all months.",
    ),
    # A provider sheet covers trusts and English commissioners only: what else is held of its month stays.
    replaces={"fact_rtt_band_month": ("part", "commissioning", "org_code")},
)
