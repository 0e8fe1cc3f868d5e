"""A&E attendances and emergency admissions, NHS England, monthly by provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_data.published.ae_attendances.provider_csv import NHSR_COLUMNS, nhsr_reading, provider_month
from sample_data.published.ae_attendances.tidy import reading_of
from sample_data.published.ae_attendances.time_series import ACTIVITY, PERFORMANCE, time_series_reading
from sample_data.published.ae_attendances.workbook import BOOKED, PLAIN, workbook_month
from sample_data.published.cells import is_workbook, read_csv_as_text, sheet_names
from sample_data.published.reading import Publication, Reading, UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PUBLICATION", "read"]


def read(path: Path) -> Reading:
    """Returns what an A&E file holds: provider CSV, provider workbook, NHSRdatasets or England time series.

    Facts: `fact_ae_month`, one row a provider, department type and month; attendances exclude booked
    appointments, which stand beside them. Breaches are null where the provider did not report them.

    Raises:
        UnreadableFileError: the file is none of these, or a row, column or cell is wrong.
    """
    if is_workbook(path):
        sheets = set(sheet_names(path))
        if {PLAIN, BOOKED} <= sheets:
            return reading_of(workbook_month(path))
        if {ACTIVITY, PERFORMANCE} <= sheets:
            return time_series_reading(path)
        hint = f"Expected the sheets '{PLAIN}' and '{BOOKED}'; it has: {', '.join(sorted(sheets))}."
        raise UnreadableFileError(path, "this is not an A&E workbook.", hint=hint)
    table = read_csv_as_text(path)
    if {"type", "breaches"} <= set(table.columns):
        missing = [name for name in NHSR_COLUMNS if name not in table.columns]
        if not missing:
            return nhsr_reading(path, table)
    return reading_of(provider_month(path, table))


PUBLICATION = Publication(
    id="ae_attendances",
    title="A&E attendances and emergency admissions",
    publisher="NHS England",
    source="https://www.england.nhs.uk/statistics/statistical-work-areas/ae-waiting-times-and-activity/",
    cadence="monthly",
    read=read,
    caveats=(
        "Fourteen trusts of the 4-hour field test did not report breaches from May 2019 to May 2023.",
        "Booked appointments are counted apart from August 2020; the four-hour measure adds them.",
        "Waits from decision to admit are one figure a provider, held on the row of type 1.",
        "From August 2022 to February 2023 some type 3 providers could not report after a cyber attack.",
        "2016-17 to 2018-19 come through NHSRdatasets (CC0), which leaves out departments without attendances.",
    ),
)
