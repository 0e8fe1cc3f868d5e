"""Rows of a whole (England, a region, a total) among rows of organisations: counted twice if they stay."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import polars as pl

from sample_data.published.cells import is_workbook, read_csv_as_text
from sample_data.published.reading import Publication, Reading, UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path

Level = Literal["england", "region", "total"]

_ENGLAND = r"england|eng|e92000001|national|all england|england[ -]+total|total[ -]+england"
_REGION = r"y\d{2}|e12\d{6}|e40\d{6}"
_TOTAL = r"(?:sub|grand)?[ -]?totals?|all|all (?:providers|trusts|organisations)|-+|\u2013"
_FORMS: tuple[tuple[Level, str], ...] = (("england", _ENGLAND), ("region", _REGION), ("total", _TOTAL))
_SUM = rf"(?i)^\s*(?:{_ENGLAND}|{_TOTAL})\s*$"


def level_of(text: str) -> Level | None:
    """Returns the whole that a code or a name stands for; None for one organisation."""
    cell = text.strip().lower()
    return next((level for level, form in _FORMS if re.fullmatch(form, cell)), None)


def is_sum(cell: pl.Expr) -> pl.Expr:
    """Returns whether a cell says England or total in any usual spelling; false where it is blank."""
    return cell.str.contains(_SUM).fill_null(value=False)


def refuse_wholes(path: Path, reading: Reading, publication: Publication) -> Reading:
    """Returns the reading when its facts hold no England, region or total row that the publication does not declare.

    Raises:
        UnreadableFileError: they do; names the code and, in a CSV file, its row.
    """
    names = dict(zip(reading.organisations["org_code"], reading.organisations["name"], strict=True))
    for table, frame in reading.frames.items():
        declared = publication.stated_levels.get(table, ())
        levels = {code: level_of(code) or level_of(names.get(code) or "") for code in frame["org_code"].unique()}
        # Regions are published in the place of organisations, never beside them.
        if set(levels.values()) != {"region"}:
            declared = tuple(level for level in declared if level != "region")
        for code, level in sorted(levels.items()):
            if level is not None and level not in declared:
                name = names.get(code)
                shown = f"'{code}'" if name in {None, code} else f"'{code}' ({name})"
                raise UnreadableFileError(
                    path,
                    f"{shown} is no single organisation: its row would be counted on top of the others.",
                    row=_row_of(path, code),
                    hint="Remove the row, or give it the organisation's own code, and load the file again.",
                )
    return reading


def _row_of(path: Path, code: str) -> int | None:
    if is_workbook(path):
        return None
    cells = read_csv_as_text(path, header=False, ragged=True)
    held = cells.select(pl.any_horizontal(pl.all().eq_missing(code))).to_series()
    return int(held.arg_max() or 0) + 1 if held.any() else None
