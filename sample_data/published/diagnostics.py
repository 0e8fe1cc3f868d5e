"""Diagnostics waiting times and activity (DM01), NHS England, monthly by provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.cells import (
    header_row_of,
    is_workbook,
    numbers,
    period_in_name,
    period_line,
    period_of,
    read_csv_as_text,
    read_sheet,
    require_columns,
    sheet_names,
)
from sample_data.published.levels import is_sum
from sample_data.published.reading import Publication, Reading, UnreadableFileError
from sample_data.published.stated_totals import totals_of
from sample_data.published.tidy import duplicates_refused

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

NOT_SPLIT = "All tests (not split)"
"""The test of a row that holds all tests together, in a month for which no split is held."""

_SHEETS = ("Provider by Test", "Provider")
_KEYS = {
    "Regional Team Code": "region_code",
    "Provider Code": "org_code",
    "Provider Name": "name",
}
_TEST, _ALL_TESTS = "Diagnostic Test Name", "Total"
_WAITS = {
    "Total Waiting List": "waiting",
    "Number waiting 6+ Weeks": "waiting_over_6_weeks",
    "Number waiting 13+ Weeks": "waiting_over_13_weeks",
}
_ACTIVITY = {
    "Planned tests / procedures": "planned",
    "Unscheduled tests / procedures": "unscheduled",
    "Waiting list tests / procedures (excluding planned)": "from_waiting_list",
}
_BANDS = {**{f"{week:02d} <{week + 1:02d} weeks": week for week in range(1, 13)}, "0 <01 weeks": 0, "13+ weeks": 13}
_MEASURES = ("waiting", "waiting_over_6_weeks", "waiting_over_13_weeks", "activity")


def read(path: Path) -> Reading:
    """Returns what a DM01 provider file holds, CSV or workbook: waits and activity by test.

    Facts: `fact_diagnostics_month`, one row a provider and test. `activity` adds planned, unscheduled
    and waiting-list tests. The provider's 'Total' row is a total. A file without a test column holds
    one row a provider, which becomes the test 'All tests (not split)'.

    Raises:
        UnreadableFileError: the file is no DM01 provider file, or a row, column or cell is wrong.
    """
    if is_workbook(path):
        return _reading(path, *_sheet(path))
    return _reading(path, read_csv_as_text(path), period_in_name(path), 2)


def _sheet(path: Path) -> tuple[pl.DataFrame, date, int]:
    sheets = sheet_names(path)
    name = next((sheet for sheet in _SHEETS if sheet in sheets), None)
    if name is None:
        hint = f"Expected a sheet '{_SHEETS[0]}'; it has: {', '.join(sheets)}."
        raise UnreadableFileError(path, "this is not a DM01 provider workbook.", hint=hint)
    cells = read_sheet(path, name, header_row=None)
    header = header_row_of(cells, _KEYS, path)
    label = period_line(cells)
    try:
        period = period_of(label) if label else period_in_name(path)
    except ValueError as error:
        raise UnreadableFileError(path, str(error), column="Period:") from error
    return read_sheet(path, name, header_row=header), period, header + 2


def _reading(path: Path, table: pl.DataFrame, period: date, first_row: int) -> Reading:
    split = _TEST in table.columns
    figures = [*_WAITS, *_BANDS, *_ACTIVITY]
    require_columns(table, [*_KEYS, *figures], path, row=first_row - 1)
    keys = [*_KEYS, _TEST] if split else list(_KEYS)
    rows = numbers(table.select(*keys, *figures), figures, path, first_row=first_row)
    rows = rows.with_row_index("row", first_row).rename(_KEYS | _WAITS | _ACTIVITY)
    rows = rows.filter(pl.col("org_code").is_not_null() & ~is_sum(pl.col("org_code"))).with_columns(
        period=pl.lit(period),
        test=pl.col(_TEST) if split else pl.lit(NOT_SPLIT),
        activity=pl.sum_horizontal("planned", "unscheduled", "from_waiting_list"),
        banded=pl.sum_horizontal(*_BANDS),
        banded_6=pl.sum_horizontal([name for name, week in _BANDS.items() if week >= 6]),
    )
    agree = (
        (pl.col("banded") == pl.col("waiting"))
        & (pl.col("banded_6") == pl.col("waiting_over_6_weeks"))
        & (pl.col("13+ weeks") == pl.col("waiting_over_13_weeks"))
    ).fill_null(value=False)
    is_total = pl.col("test") == _ALL_TESTS
    _refuse_contradictions(path, rows.filter(~agree & ~is_total))
    duplicates_refused(path, rows, ("org_code", "test"), column="Provider Code")
    facts, totals = rows.filter(~is_total), rows.filter(is_total)
    return Reading(
        era="DM01 provider file, by test" if split else "DM01 provider file, all tests together",
        frames={"fact_diagnostics_month": facts.select("period", "org_code", "test", *_MEASURES)},
        organisations=facts.select("org_code", "name", "region_code").unique(
            "org_code", keep="last", maintain_order=True
        ),
        totals=totals_of(
            totals.select(pl.col(_MEASURES).sum()).row(0, named=True),
            period,
            f"{path.name}, the providers' rows Total added",
        )
        if totals.height
        else (),
        notes=_notes(rows.filter(~is_total), totals, split=split, period=period),
    )


def _refuse_contradictions(path: Path, rows: pl.DataFrame) -> None:
    # Leaving the row out would take away the provider's figures that are held.
    if rows.height:
        first = rows.row(0, named=True)
        problem = (
            f"{first['org_code']}, {first['test']}: the weekly bands add up to {first['banded']} (6 weeks and more "
            f"{first['banded_6']}), the row states {first['waiting']} ({first['waiting_over_6_weeks']})"
        ) + (f"; {rows.height} such rows." if rows.height > 1 else ".")
        hint = "Download the file again, or ask the publisher."
        raise UnreadableFileError(path, problem, row=first["row"], column="Total Waiting List", hint=hint)


def _notes(rows: pl.DataFrame, totals: pl.DataFrame, *, split: bool, period: date) -> tuple[str, ...]:
    if not split:
        held = f"The file of {period:%B %Y} holds one row a provider with all tests together and states no total"
        return (f"{held}: the split by test is missing for the month.",)
    sums = rows.group_by("org_code").agg(pl.col(_MEASURES).sum())
    both = sums.join(totals.select("org_code", *_MEASURES), on="org_code", how="full", suffix="_stated", coalesce=True)
    differ = both.filter(pl.any_horizontal(pl.col(m).ne_missing(pl.col(f"{m}_stated")) for m in _MEASURES))
    if differ.height:
        whose = "provider's" if differ.height == 1 else "providers'"
        return (f"{differ.height} {whose} tests do not add up to their row Total.",)
    return ()


PUBLICATION = Publication(
    id="diagnostics",
    title="Diagnostics waiting times and activity (DM01)",
    publisher="NHS England",
    source=(
        "https://www.england.nhs.uk/statistics/statistical-work-areas/diagnostics-waiting-times-and-activity/"
        "monthly-diagnostics-waiting-times-and-activity/"
    ),
    cadence="monthly",
    read=read,
    caveats=(
        "Fifteen key tests; the files are of 2024-25 as first published or revised.",
        "September 2024 is held for each provider with all tests together, without a split by test.",
    ),
)
