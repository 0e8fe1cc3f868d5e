"""Period labels, number cells and not-reported marks, as the publications write them."""

from __future__ import annotations

import calendar
import csv
import difflib
import io
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import fastexcel
import polars as pl

from sample_data.published.content import csv_content, is_workbook
from sample_data.published.reading import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

__all__ = [
    "NOT_REPORTED",
    "Grain",
    "csv_content",
    "header_row_of",
    "is_workbook",
    "month_end",
    "number",
    "numbers",
    "period_in_name",
    "period_line",
    "period_of",
    "periods",
    "read_csv_as_text",
    "read_sheet",
    "reported",
    "require_columns",
    "sheet_names",
]

NOT_REPORTED = ("", "-", "--", "\u2013", "*", "**", ".", "..", "na", "n/a", "#n/a", "null", "nan", "none")
"""What the publications write where a figure is not reported (compared in lower case)."""

_SPACE = " \t\r\n\u00a0\u200b\ufeff"
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_MONTH = (
    "(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    "|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_CENTURY = 2000
_LARGEST = 10**13  # pounds and pathways stay far below
_FIRST_MONTH_OF_YEAR = 4


def _year(text: str) -> int:
    return int(text) + (_CENTURY if len(text) == 2 else 0)  # two digits mean this century


def _quarter(start_year: int, quarter: int) -> date:
    month = _FIRST_MONTH_OF_YEAR + 3 * (quarter - 1)
    return date(start_year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], date]], ...] = (
    (
        re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[ t]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"),
        lambda m: date(int(m[1]), int(m[2]), int(m[3])),
    ),
    (re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})"), lambda m: date(_year(m[3]), int(m[2]), int(m[1]))),
    (
        re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th)?[-\s]*{_MONTH}[-\s,]*(\d{{4}}|\d{{2}})"),
        lambda m: date(_year(m[3]), _MONTHS[m[2][:3]], int(m[1])),
    ),
    (
        re.compile(rf"(?:[a-z]+-)?{_MONTH}[-\s,]*(\d{{4}}|\d{{2}})"),
        lambda m: date(_year(m[2]), _MONTHS[m[1][:3]], 1),
    ),
    (re.compile(r"(\d{4})-?(0[1-9]|1[0-2])"), lambda m: date(int(m[1]), int(m[2]), 1)),
    (
        re.compile(r"(\d{4})\s*[-/]\s*\d{2,4}[\s,]*(?:q|quarter)\s*([1-4])"),
        lambda m: _quarter(int(m[1]), int(m[2])),
    ),
    (
        re.compile(r"(?:q|quarter)\s*([1-4])[\s,:-]*(\d{4})\s*[-/]\s*\d{2,4}"),
        lambda m: _quarter(int(m[2]), int(m[1])),
    ),
    (re.compile(r"(\d{4})/\d{2,4}"), lambda m: date(int(m[1]), _FIRST_MONTH_OF_YEAR, 1)),
)
Grain = Literal["day", "month"]


def period_of(label: str, *, grain: Grain = "month") -> date:
    """Returns the first day of the period that a label names.

    Reads `MSitAE-APRIL-2019`, `RTT-January-2026`, `MAR2019`, `April 2022`, `Apr-24`, `31MAR21`,
    `30/06/2024` (day first), `01-Dec-21`, `2025-04-01 00:00:00`, `202603`, the financial quarters
    `2024-25 Q3` and `Q3 2024-25` (Q1 starts on 1 April) and the financial year `2024/25`.

    Args:
        label: the text of the cell.
        grain: "month" gives the first day of the month of a date; "day" keeps the day.

    Raises:
        ValueError: the label names no period.
    """
    text = label.strip(_SPACE).lower().replace("_", "-")
    for pattern, build in _FORMS:
        if match := pattern.fullmatch(text):
            try:
                found = build(match)
            except ValueError:
                break
            return found if grain == "day" else found.replace(day=1)
    raise ValueError(f"'{label}' names no period. Expected for example 'April 2024', '30/04/2024' or '2024-25 Q1'.")


def periods(
    labels: pl.Series, path: Path, *, grain: Grain = "month", first_row: int = 2, rows: pl.Series | None = None
) -> pl.Series:
    """Returns the period of each label as Date; null stays null.

    Where labels were left out before, `rows` says in which row of the file each one stands.

    Raises:
        UnreadableFileError: a label names no period; says its row and column.
    """
    found: dict[str, date] = {}
    for label in labels.drop_nulls().unique(maintain_order=True):
        try:
            found[label] = period_of(label, grain=grain)
        except ValueError as error:
            at = int((labels == label).arg_max() or 0)
            row = first_row + at if rows is None else int(rows[at])
            raise UnreadableFileError(path, str(error), row=row, column=labels.name) from error
    return labels.replace_strict(found, default=None, return_dtype=pl.Date)


def period_in_name(path: Path) -> date:
    """Returns the month that a file's name holds: `...-April-2024_GG8WA.csv.gz`, `...-Apr24-XLSX-8M.xlsx`.

    Raises:
        UnreadableFileError: the name holds no month.
    """
    for match in re.finditer(rf"(?<![a-z]){_MONTH}[-_ ]?(\d{{4}}|\d{{2}})(?!\d)", path.name.lower()):
        return period_of(f"{match[1]} {match[2]}")
    raise UnreadableFileError(
        path,
        "the file does not say which month it is of.",
        hint="Name it as published, for example '...-April-2024.csv'.",
    )


def month_end(first: date) -> date:
    """Returns the last day of the month that starts on `first`."""
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def reported(cell: pl.Expr) -> pl.Expr:
    """Returns the cell's text without surrounding blanks; not-reported marks become null."""
    text = cell.cast(pl.String).str.strip_chars(_SPACE)
    return pl.when(~text.str.to_lowercase().is_in(NOT_REPORTED)).then(text)


def number(cell: pl.Expr) -> pl.Expr:
    """Returns the cell as Float64: thousands commas and a closing % dropped, marks and other text null.

    A percentage keeps its scale ('51.5%' is 51.5). Use `numbers` where other text must be an error.
    """
    text = reported(cell).str.replace_all(",", "", literal=True).str.strip_suffix("%")
    return text.str.strip_chars(_SPACE).cast(pl.Float64, strict=False)


def numbers(
    frame: pl.DataFrame,
    columns: Sequence[str],
    path: Path,
    *,
    whole: bool = True,
    signed: bool = False,
    first_row: int = 2,
) -> pl.DataFrame:
    """Returns the frame with `columns` as Int64 (or Float64 when not `whole`); marks are null.

    Args:
        frame: text columns, rows in file order; a column `row` says where each stands in the file.
        columns: which to read as numbers.
        path: the file, for the message.
        whole: whether a fraction is an error.
        signed: whether a figure may be negative, as a gain or a score may.
        first_row: the file's row of the frame's first row, where it has no column `row`.

    Raises:
        UnreadableFileError: a cell holds other text, a fraction where whole numbers are expected, a negative
            figure where none can be, or one beyond all measure.
    """
    plain = frame.select(pl.col(columns).cast(pl.Int64, strict=False))
    low, high = (plain.select(getattr(pl.col(columns), name)()).row(0) for name in ("min", "max"))
    fair = all(value is None or value >= (-_LARGEST if signed else 0) for value in low) and all(
        value is None or value <= _LARGEST for value in high
    )
    if fair and plain.null_count().row(0) == frame.select(columns).null_count().row(0):
        return frame.with_columns(plain if whole else plain.cast(pl.Float64))
    read = frame.select(number(pl.col(name)) for name in columns)
    given = frame.select(reported(pl.col(name)).is_not_null() for name in columns)
    for name in columns:
        figure = read[name]
        wrongs = {
            "is not a number": given[name] & ~figure.is_finite().fill_null(value=False),
            "is not a whole number": figure != figure.round() if whole else None,
            "is below zero, which this figure cannot be": None if signed else figure < 0,
            "is too large to be a figure": figure.abs() > _LARGEST,
        }
        for what, cells in wrongs.items():
            wrong = None if cells is None else cells.fill_null(value=False)
            if wrong is not None and wrong.any():
                at = int(wrong.arg_max() or 0)
                row = int(frame["row"][at]) if "row" in frame.columns else first_row + at
                hint = "Expected a figure, or a mark such as '-' where it is not reported."
                raise UnreadableFileError(path, f"'{frame[name][at]}' {what}.", row=row, column=name, hint=hint)
    return frame.with_columns(read.cast(pl.Int64) if whole else read)


def read_csv_as_text(path: Path, *, header: bool = True, skip: int = 0, ragged: bool = False) -> pl.DataFrame:
    """Returns a CSV as text columns: cells and names stripped, blank cells null, blank columns dropped.

    Handles a BOM, gzip, zip, CRLF, Windows-1252 text and unnamed blank columns. Names that repeat get
    `_2`, `_3`; without a header the columns are `column_1`... Row `i` of the frame is row
    `i + 2 + skip` of the file.

    Args:
        path: a CSV file, plain, .gz or .zip.
        header: whether the first row names the columns.
        skip: lines before the header.
        ragged: whether rows may be shorter or longer than the header (footers).

    Raises:
        UnreadableFileError: unreadable, empty, or (unless `ragged`) cut in the middle of its last row.
    """
    content = csv_content(path)
    try:
        frame = pl.read_csv(
            io.BytesIO(content),
            has_header=False,
            skip_rows=skip,
            infer_schema=False,
            truncate_ragged_lines=ragged,
        )
    except pl.exceptions.PolarsError as error:
        raise UnreadableFileError(path, f"the rows form no table ({_first_line(error)}).") from error
    if not ragged:
        last = content.rstrip().rsplit(b"\n", 1)[-1].decode("utf-8", errors="replace")
        cells = next(csv.reader([last]), [])
        if '"' not in last and len(cells) < frame.width:
            raise UnreadableFileError(
                path,
                f"the last row holds {len(cells)} of {frame.width} cells: the file is cut short.",
                row=frame.height + skip,
                hint="Download it again.",
            )
    if header:
        _refuse_separator(path, frame, skip)
    return _named(frame, 0 if header else None, path)


def _refuse_separator(path: Path, frame: pl.DataFrame, skip: int) -> None:
    first = str(frame.row(0)[0]) if frame.width == 1 and frame.height else ""
    for separator, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")):
        if separator in first:
            hint = "Save it as a comma-separated CSV file (UTF-8) and load it again."
            raise UnreadableFileError(path, f"the cells are separated by {name}, not commas.", row=1 + skip, hint=hint)


def sheet_names(path: Path) -> list[str]:
    """Returns the names of a workbook's sheets, in order.

    Raises:
        UnreadableFileError: not a workbook, or damaged.
    """
    return _workbook(path).sheet_names


def read_sheet(path: Path, sheet: str, *, header_row: int | None = 0) -> pl.DataFrame:
    """Returns a sheet of an .xls or .xlsx as text columns: cells stripped, blank cells null.

    `header_row` counts from 0; None names the columns `column_1`... and keeps every row (use it to find
    the header row). Row `i` of the frame is row `i + header_row + 2` of the sheet, or `i + 1` without a
    header. Dates come as `2025-04-01` or `2025-04-01 00:00:00`: see `period_of`.

    Raises:
        UnreadableFileError: not a workbook, damaged, or without that sheet; names the sheets it has.
    """
    book = _workbook(path)
    if sheet not in book.sheet_names:
        hint = f"{_nearest(sheet, book.sheet_names)}It has: {book.sheet_names}."
        raise UnreadableFileError(path, f"there is no sheet '{sheet}'.", hint=hint)
    try:
        frame = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        raise UnreadableFileError(path, f"sheet '{sheet}' cannot be read ({_first_line(error)}).") from error
    return _named(frame, header_row, path)


def _workbook(path: Path) -> fastexcel.ExcelReader:
    if not path.exists():
        raise UnreadableFileError(path, "there is no such file.")
    if path.stat().st_size == 0:
        raise UnreadableFileError(path, "the file is empty.", hint="Download it again.")
    try:
        return fastexcel.read_excel(path)
    except fastexcel.FastExcelError as error:
        raise UnreadableFileError(
            path,
            f"this is no readable Excel workbook ({_first_line(error)}).",
            hint="If the download was cut short, download it again.",
        ) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _named(frame: pl.DataFrame, header_row: int | None, path: Path) -> pl.DataFrame:
    texts = frame.select(pl.all().cast(pl.String).str.strip_chars(_SPACE).replace("", None))
    texts.columns = [f"column_{at + 1}" for at in range(texts.width)]
    if header_row is None:
        return texts
    if texts.height <= header_row:
        raise UnreadableFileError(path, f"there is no header in row {header_row + 1}: the table is empty.")
    header, body = texts.row(header_row), texts.slice(header_row + 1)
    names: dict[str, str] = {}
    seen: dict[str, int] = {}
    for column, cell in zip(texts.columns, header, strict=True):
        if cell is None:
            continue
        name = re.sub(rf"[{_SPACE}]+", " ", cell)
        seen[name] = seen.get(name, 0) + 1
        names[column] = name if seen[name] == 1 else f"{name}_{seen[name]}"
    kept = [column for column in texts.columns if column in names or body[column].null_count() < body.height]
    return body.select(kept).rename(names)


def period_line(cells: pl.DataFrame) -> str | None:
    """Returns what a sheet's line 'Period:' says, or None; `cells` as read without a header."""
    for row in cells.head(40).iter_rows():
        filled = [str(cell) for cell in row if cell is not None]
        if filled and filled[0].lower().startswith("period:"):
            return filled[0][7:].strip() or (filled[1] if len(filled) > 1 else None)
    return None


def header_row_of(frame: pl.DataFrame, wanted: Iterable[str], path: Path, *, within: int = 40) -> int:
    """Returns the first row (from 0) that holds every wanted cell, ignoring case.

    Raises:
        UnreadableFileError: no row does; says which cells were sought.
    """
    sought = {text.lower() for text in wanted}
    for at, row in enumerate(frame.head(within).iter_rows()):
        if sought <= {str(cell).lower() for cell in row if cell is not None}:
            return at
    raise UnreadableFileError(path, f"no header row with {sorted(sought)} in the first {within} rows.")


def require_columns(frame: pl.DataFrame, expected: Sequence[str], path: Path, *, row: int = 1) -> None:
    """Checks that the frame has the expected columns.

    Raises:
        UnreadableFileError: names the missing column, the nearest one found, and all that are expected.
    """
    missing = [name for name in expected if name not in frame.columns]
    if missing:
        hint = f"{_nearest(missing[0], frame.columns)}Expected the columns: {', '.join(expected)}."
        listed = ", ".join(f"'{name}'" for name in missing[:5])
        problem = f"{len(missing)} missing: {listed}."
        raise UnreadableFileError(path, problem, row=row, column=missing[0], hint=hint)


def _nearest(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(names), n=1)
    return f"Did you mean '{near[0]}'? " if near else ""
