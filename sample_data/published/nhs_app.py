"""NHS App management information: logins and users by integrated care board and month."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from sample_data.published.cells import (
    header_row_of,
    numbers,
    period_of,
    periods,
    read_sheet,
    require_columns,
)
from sample_data.published.reading import Publication, PublishedTotal, Reading, UnreadableFileError
from sample_data.published.tidy import duplicates_refused, organisations_of, rejections_of

_LOGINS, _USERS = "NHS App logins", "NHS App unique user logins"
_MONTH = "Month"
_CODE, _NAME, _REGION = "ICB ODS Code", "ICB Name", "NHSE Region ODS Code"
_UNKNOWN = "Unknown"
_ENGLAND_SHEET, _BOARD_SHEET = "Table 1", "Table 2"
_MEASURES = {_LOGINS: "logins", _USERS: "unique_users"}


def read(path: Path) -> Reading:
    """Returns a workbook's months by board as `fact_nhs_app_month`, and England's totals.

    A month label of Table 1 that repeats the month before it is taken as the month after; it is accepted
    only when Table 2 adds up to the column.

    Raises:
        UnreadableFileError: a sheet or column is missing, the months of Table 1 do not run on, or Table 2
            does not add up to Table 1.
    """
    boards = _boards(path)
    england, notes = _england(path)
    sums = boards.group_by("period").agg(pl.col(name).sum() for name in _MEASURES)
    for row in sums.sort("period").iter_rows(named=True):
        for name in _MEASURES:
            stated = england.get((row["period"], name))
            if stated is None or stated != row[name]:
                raise UnreadableFileError(
                    path,
                    f"Table 2 adds up to {row[name]:,} in {row['period']:%B %Y}, Table 1 says {stated}.",
                    column=name,
                )
    unknown = boards.filter(pl.col(_CODE) == _UNKNOWN)
    rows = boards.filter(pl.col(_CODE) != _UNKNOWN).with_columns(org_type=pl.lit("icb"))
    duplicates_refused(path, rows, (_CODE, "period"))
    return Reading(
        era="management information workbook",
        frames={"fact_nhs_app_month": rows.select("period", org_code=_CODE, logins=_LOGINS, unique_users=_USERS)},
        organisations=organisations_of(rows, _CODE, _NAME, org_type="org_type", icb_code=_CODE, region_code=_REGION),
        rejections=rejections_of(
            unknown.with_columns((pl.col(_LOGINS).cast(pl.String) + " logins").alias(_CODE)),
            _CODE,
            "no integrated care board known",
        ),
        totals=tuple(
            PublishedTotal(period, _MEASURES[name], float(value), f"{path.name}, {_ENGLAND_SHEET}")
            for (period, name), value in sorted(england.items())
        ),
        notes=(*notes, "England's total also counts the logins of people whose board is not known."),
    )


def _boards(path: Path) -> pl.DataFrame:
    top = header_row_of(read_sheet(path, _BOARD_SHEET, header_row=None), (_MONTH, _LOGINS, _USERS), path)
    table = read_sheet(path, _BOARD_SHEET, header_row=top)
    table = table.rename({name: name.split(" [")[0] for name in table.columns}).with_row_index("row", offset=top + 2)
    require_columns(table, (_MONTH, _CODE, _NAME, _REGION, _LOGINS, _USERS), path, row=top + 1)
    last = table.filter(pl.col(_CODE).is_not_null() & pl.col(_LOGINS).is_not_null())["row"].max()
    table = table.filter(pl.col("row") <= last)
    table = numbers(table, (_LOGINS, _USERS), path, first_row=top + 2)
    return table.with_columns(period=periods(table[_MONTH], path, first_row=top + 2))


def _england(path: Path) -> tuple[dict[tuple[date, str], int], tuple[str, ...]]:
    table = read_sheet(path, _ENGLAND_SHEET, header_row=None)
    rows = {cell: at for at, row in enumerate(table.iter_rows()) for cell in row if cell in _MEASURES}
    missing = [name for name in _MEASURES if name not in rows]
    if missing:
        raise UnreadableFileError(path, f"Table 1 has no row '{missing[0]}'.")
    top = min(rows.values()) - 1
    labels = [(name, cell) for name, cell in zip(table.columns, table.row(top), strict=True) if cell is not None]
    months, notes = _running_months(path, labels, top + 1)
    stated: dict[tuple[date, str], int] = {}
    for measure, at in rows.items():
        line = numbers(table.slice(at, 1), list(months), path, first_row=at + 1)
        stated |= {(months[name], measure): int(line[name][0]) for name in months}
    return stated, notes


def _running_months(path: Path, labels: list[tuple[str, str]], row: int) -> tuple[dict[str, date], tuple[str, ...]]:
    """Returns the month of each column, read from the oldest (last) to the newest (first)."""
    months: dict[str, date] = {}
    notes: list[str] = []
    before: date | None = None
    for name, label in reversed(labels):
        month = period_of(label)
        expected = month if before is None else _next(before)
        if month == before:
            notes.append(f"Table 1 labels a column {month:%B %Y} a second time; it is {expected:%B %Y}.")
        elif month != expected:
            raise UnreadableFileError(
                path,
                f"Table 1 goes from {before:%B %Y} to {month:%B %Y}.",
                row=row,
                column=label,
                hint="Its months must follow each other, the newest first.",
            )
        months[name] = before = expected
    return months, tuple(notes)


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


PUBLICATION = Publication(
    id="nhs_app",
    title="NHS App management information",
    publisher="NHS England",
    source="https://digital.nhs.uk/data-and-information/publications/statistical/mi-nhs-app",
    cadence="monthly",
    read=read,
    caveats=(
        "A person's board is that of their general practice at the time the workbook is made.",
        "Unique users are distinct within a month: never added over months.",
    ),
)
