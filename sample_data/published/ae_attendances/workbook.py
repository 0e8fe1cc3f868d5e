"""The provider workbook (.xls): non-booked and booked sheets, '-' where a trust did not report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.ae_attendances.tidy import DEPARTMENTS, WIDE, Month, stated
from sample_data.published.cells import header_row_of, numbers, period_line, period_of, read_sheet
from sample_data.published.reading import UnreadableFileError

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

PLAIN, BOOKED = "Non-Booked Data", "Booked Appointments Data"
_HEADS = ("type 1 departments", "type 2 departments", "type 3 departments")
_ADMISSIONS = ("via type 1", "via type 2", "via type 3")
_OVER_4H = "dta_over_4h"
_ONCE = {
    _OVER_4H: ">4 hours from decision to admit",
    "dta_over_12h": ">12 hours from decision to admit",
    "emergency_admissions_not_via_ae": "other emergency admissions",
}


class _Sheet:
    """A sheet with two header rows: groups ('A&E attendances > 4 hours') over columns ('Type 1 ...')."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.cells = read_sheet(path, name, header_row=None)
        self.header = header_row_of(self.cells, ("Code", "Name"), path)
        self.heads = [str(cell or "").lower() for cell in self.cells.row(self.header)]
        group, self.groups = "", []
        for cell in self.cells.row(self.header - 1):
            group = str(cell).lower() if cell else group
            self.groups.append(group)

    def column(self, head: str, group: str = "", without: str = "\n") -> str:
        """Returns the frame's column whose head and group hold these words."""
        for at, (above, own) in enumerate(zip(self.groups, self.heads, strict=True)):
            if head in own and group in above and without not in above:
                return self.cells.columns[at]
        expected = f"sheet '{self.name}' has no column '{head}'" + (f" under '{group}'." if group else ".")
        raise UnreadableFileError(self.path, expected, row=self.header + 1, column=head)

    def heading(self, column: str) -> str:
        """Returns what stands over a column of the frame."""
        at = self.cells.columns.index(column)
        return str(self.cells.row(self.header)[at])

    def period(self) -> date:
        """Returns the month that the sheet's 'Period:' line names."""
        label = period_line(self.cells)
        if label is None:
            raise UnreadableFileError(self.path, f"sheet '{self.name}' has no line 'Period:'.")
        try:
            return period_of(label)
        except ValueError as error:
            raise UnreadableFileError(self.path, str(error), column="Period:") from error

    def rows(self, names: dict[str, str]) -> pl.DataFrame:
        """Returns the rows under the header with `code`, `name`, `region`, `row` and the columns as named."""
        body = self.cells.with_row_index("row", 1).slice(self.header + 1)
        keys = {"code": self.column("code"), "name": self.column("name"), "region": self.column("region")}
        body = body.select("row", **{new: pl.col(old) for new, old in (keys | names).items()})
        read = numbers(body, list(names), self.path, first_row=self.header + 2)
        return read.filter(pl.col("code").is_not_null())


def workbook_month(path: Path) -> Month:
    """Returns what a provider workbook says: booked and non-booked attendances side by side.

    Raises:
        UnreadableFileError: a sheet, a column or the period is missing, or a cell is no number.
    """
    plain, booked = _Sheet(path, PLAIN), _Sheet(path, BOOKED)
    if plain.period() != booked.period():
        raise UnreadableFileError(path, f"'{PLAIN}' is of {plain.period()}, '{BOOKED}' of {booked.period()}.")
    columns = {name: plain.column(words) for name, words in _ONCE.items()}
    others = {}
    for department, head, via in zip(DEPARTMENTS, _HEADS, _ADMISSIONS, strict=True):
        columns[f"attendances_{department}"] = plain.column(head, "attendances", "4 hours")
        columns[f"over_4h_{department}"] = plain.column(head, "greater than 4 hours")
        columns[f"emergency_admissions_{department}"] = plain.column(via)
        others[f"attendances_booked_{department}"] = booked.column(head, "attendances", "4 hours")
        others[f"over_4h_booked_{department}"] = booked.column(head, "greater than 4 hours")
    rows = plain.rows(columns).join(booked.rows(others).drop("row", "name", "region"), on="code", how="left")
    # The workbook counts the waits over 12 hours among those over 4 hours; the CSV counts them apart.
    rows = rows.with_columns(dta_4_to_12h=pl.col(_OVER_4H) - pl.col("dta_over_12h"))
    providers = rows.filter(pl.col("code") != "-").rename({"code": "org_code"})
    england = rows.filter((pl.col("code") == "-") & (pl.col("name") == "England"))
    period = plain.period()
    if england.height != 1:
        raise UnreadableFileError(path, f"sheet '{PLAIN}' has {england.height} rows 'England', one was expected.")
    heads = {"org_code": "Code"} | {new: plain.heading(old) for new, old in columns.items()}
    heads |= {new: booked.heading(old) for new, old in others.items()}
    return Month(
        path=path,
        era="provider workbook",
        headings=heads,
        providers=providers.select("row", pl.lit(period).alias("period"), "org_code", "name", "region", *WIDE),
        totals=stated(england.row(0, named=True), period, f"{path.name}, row England"),
    )
