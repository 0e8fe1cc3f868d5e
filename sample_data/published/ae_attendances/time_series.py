"""The England time series workbook: stated totals by month, no facts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.ae_attendances.tidy import DEPARTMENTS
from sample_data.published.cells import header_row_of, numbers, period_of, read_sheet, require_columns
from sample_data.published.reading import PublishedTotal, Reading
from sample_data.published.stated_totals import measure_name, totals_of

if TYPE_CHECKING:
    from pathlib import Path

ACTIVITY, PERFORMANCE = "Activity", "Performance"
FIRST_MONTHLY_RETURN = date(2015, 6, 1)
_HEADS = (
    "Type 1 Departments - Major A&E",
    "Type 2 Departments - Single Specialty",
    "Type 3 Departments - Other A&E/Minor Injury Unit",
)
_ATTENDANCES = dict(zip(_HEADS, DEPARTMENTS, strict=True)) | {"Total Attendances": ""}
# The third group of the sheet holds the breaches; its first three heads repeat, so they end in _2.
_BREACHES = {f"{head}_2": department for head, department in zip(_HEADS, DEPARTMENTS, strict=True)} | {
    "Total Attendances > 4 hours": ""
}
_ADMISSIONS = {
    "Emergency Admissions via Type 1 A&E": "type1",
    "Emergency Admissions via Type 2 A&E": "type2",
    "Emergency Admissions via Type 3 and 4 A&E": "other",
    "Total Emergency Admissions via A&E": "",
}
_ONCE = {
    "Other Emergency Admissions (i.e not via A&E)": ("emergency_admissions_not_via_ae",),
    "Number of patients spending >12 hours from decision to admit to admission": ("dta_over_12h",),
    "Number of patients spending >4 hours from decision to admit to admission": ("dta_4_to_12h", "dta_over_12h"),
}


def _measures(heads: dict[str, str], *columns: str) -> dict[str, str]:
    return {
        head: measure_name(*columns, **({"department": department} if department else {}))
        for head, department in heads.items()
    }


_SHEETS = {
    ACTIVITY: _measures(_ATTENDANCES, "attendances", "attendances_booked")
    | _measures(_ADMISSIONS, "emergency_admissions")
    | {head: measure_name(*columns) for head, columns in _ONCE.items()},
    PERFORMANCE: _measures(_BREACHES, "over_4h", "over_4h_booked"),
}


def time_series_reading(path: Path) -> Reading:
    """Returns England's totals by month from June 2015, booked appointments included, and no facts.

    Raises:
        UnreadableFileError: a sheet or a column is missing, or a cell is no number or no month.
    """
    totals: list[PublishedTotal] = []
    for sheet, measures in _SHEETS.items():
        header = header_row_of(read_sheet(path, sheet, header_row=None), ("Period", _HEADS[0]), path)
        table = read_sheet(path, sheet, header_row=header)
        require_columns(table, ("Period", *measures), path, row=header + 1)
        table = numbers(table, list(measures), path, whole=False, first_row=header + 2)
        dated = table.filter(pl.col("Period").is_not_null())
        for row in dated.select("Period", *measures).iter_rows(named=True):
            period = period_of(row.pop("Period"))
            if period >= FIRST_MONTHLY_RETURN:
                stated = {measures[head]: value for head, value in row.items()}
                totals += totals_of(stated, period, f"{path.name}, sheet {sheet}")
    return Reading(
        era="England time series (totals only)",
        frames={},
        organisations=pl.DataFrame(schema={"org_code": pl.String, "name": pl.String}),
        totals=tuple(totals),
        notes=("Months before June 2015 are estimates from weekly returns and are left out.",),
    )
