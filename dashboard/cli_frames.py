"""CSV files of people's own, read with every fault told by row and column, and written whole or not at all."""

from __future__ import annotations

import csv
import gzip
import io
import math
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

import polars as pl

MISSING_TEXT = frozenset({"", "NA"})
MISSING = frozenset({"", "NA", "NaN", "nan", "null", "NULL", "None", "N/A", "#N/A"})
YES = frozenset({"true", "t", "yes", "y", "1", "1.0"})
NO = frozenset({"false", "f", "no", "n", "0", "0.0"})
MOST = 2**53  # beyond it whole numbers run together
DAY_FIRST = 3  # parts of a date with slashes

Named = Sequence[str] | Mapping[str, "Kind"]


class Kind(StrEnum):
    """What the cells of a column are read as."""

    TEXT = "text"
    NUMBER = "number"
    COUNT = "whole number"
    DAY = "date"
    YES_NO = "TRUE or FALSE"


class FrameFileError(ValueError):
    """A CSV file that cannot be taken as it is; the message names file, row, column and remedy."""


# What a column of this name holds, in every file that the commands read.
KINDS: Mapping[str, Kind] = {
    "date": Kind.DAY,
    "due": Kind.DAY,
    "value": Kind.NUMBER,
    "target": Kind.NUMBER,
    "num": Kind.NUMBER,
    "den": Kind.NUMBER,
    "numerator": Kind.NUMBER,
    "denominator": Kind.NUMBER,
    "lower_bound": Kind.NUMBER,
    "upper_bound": Kind.NUMBER,
    "fix_after_n_points": Kind.COUNT,
    "rebase": Kind.YES_NO,
    "screen_outliers": Kind.YES_NO,
}


def read_csv_frame(
    path: Path,
    required: Named,
    optional: Named = (),
    aliases: Mapping[str, str] | None = None,
    numbered: str | None = None,
) -> pl.DataFrame:
    """Returns the named columns of a CSV file, one row per data row of the file.

    Columns have the dtypes String, Float64, Int64, Date (or Datetime when a cell has a time) and Boolean: by the kind
    given for the name, else by the usual one of that name (`KINDS`), else text. An optional column that the file
    lacks is left out; columns with other names are not read. Names may be in any case. Columns may be parted by
    semicolons or tabs where the header has no comma; a number with a decimal comma is refused. Empty cells and NA are
    null. Text is UTF-8, with or without a byte order mark; a name that ends in .gz is unpacked. Dates are ISO
    (2026-03-31), or day/month/year when at least one date of the column can be read no other way.

    Args:
        path: the file.
        required: columns that must be there, with their kinds where they are not the usual ones.
        optional: columns that may be there.
        aliases: other names that a column may have in the file, each with the name that is meant.
        numbered: the name of one more column, Int64, with the row's number in the file.

    Raises:
        FrameFileError: no such file, not UTF-8, a column missing or twice, a row of the wrong length, or a cell that
            is not of its column's kind; the message names file, row and column. Row 1 is the header.
        OSError: the file cannot be read.
    """
    header, rows, lines = _table(path)
    kinds = {**_kinds(required), **_kinds(optional)}
    names = _meant(header, [*kinds, *(aliases or {})], aliases or {})
    for name in names:
        if names.count(name) > 1 and name in kinds:
            written = " and ".join(f"'{header[at]}'" for at, each in enumerate(names) if each == name)
            raise FrameFileError(f"{path}: the column '{name}' is there more than once ({written}). Keep one of them.")
    for name in required:
        if name not in names:
            others = [alias for alias, meant in (aliases or {}).items() if meant == name]
            called = f" (it may also be called {', '.join(map(repr, others))})" if others else ""
            raise FrameFileError(
                f"{path}: there is no column '{name}'{called}. The header in row 1 has: {', '.join(header)}."
            )
    columns: Sequence[Sequence[str]] = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    found = {name: names.index(name) for name in kinds if name in names}
    frame = pl.DataFrame(
        {
            name: _READERS[kinds[name]](_Column(path, header[at], kinds[name], columns[at], lines))
            for name, at in found.items()
        }
    )
    return frame if numbered is None else frame.with_columns(pl.Series(numbered, lines, dtype=pl.Int64))


def unread(path: Path, names: Sequence[str]) -> list[str]:
    """Returns the columns of a CSV file that are none of the names, as its header has them.

    Raises:
        FrameFileError, OSError: as `read_csv_frame`.
    """
    first = next((line for line in _text_of(path).splitlines() if line.strip()), "")
    cells = [cell.strip() for cell in next(csv.reader([first], delimiter=_delimiter(first)), [])]
    return [cell for cell, meant in zip(cells, _meant(cells, names, {}), strict=True) if meant not in names]


def write_csv_frame(frame: pl.DataFrame, path: Path) -> None:
    """Writes the frame as UTF-8 CSV: an existing file is replaced in one step, or stays as it was.

    Booleans are TRUE and FALSE, dates ISO, null and NaN empty cells, and floats the shortest text that reads back as
    the same number. A name that ends in .gz is packed.

    Raises:
        OSError: the folder cannot be written.
    """
    yes = pl.lit("TRUE", dtype=pl.String)
    no = pl.lit("FALSE", dtype=pl.String)
    shown = frame.with_columns(
        pl.when(frame[name]).then(yes).when(~frame[name]).then(no).alias(name)
        if dtype == pl.Boolean
        else pl.col(name).fill_nan(None)
        for name, dtype in frame.schema.items()
        if dtype == pl.Boolean or dtype.is_float()
    )
    data = shown.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%.f").encode()
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    # A link keeps pointing to the file that it names.
    target = path.resolve()
    if target.is_dir():
        raise IsADirectoryError(21, "is a folder, not a file", str(path))
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        # The fault is told of the file that was asked for, not of the one beside it.
        raise type(error)(error.errno, error.strerror, str(path)) from None
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        made.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
        made.replace(target)
    finally:
        made.unlink(missing_ok=True)


def refuse_same_file(source: Path, target: Path) -> None:
    """Raises when the result would be written over what it is made from.

    Raises:
        FrameFileError: both names are of one file.
    """
    if source.resolve() == target.resolve():
        raise FrameFileError(f"{target}: the result would replace the file that is read. Name another file for it.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _kinds(named: Named) -> dict[str, Kind]:
    if isinstance(named, Mapping):
        return dict(named)
    return {name: KINDS.get(name, Kind.TEXT) for name in named}


def _meant(header: Sequence[str], names: Sequence[str], aliases: Mapping[str, str]) -> list[str]:
    """The names that the columns of a header are meant by: aliases resolved, and in the case of the names."""
    folded = {name.casefold(): name for name in reversed(names) if name not in header}
    written = [cell if cell in names else folded.get(cell.casefold(), cell) for cell in header]
    return [aliases.get(name, name) for name in written]


def _delimiter(line: str) -> str:
    """What parts the columns of a header: a comma, or a semicolon or tab where there is none."""
    return next((each for each in (";", "\t") if each in line and "," not in line), ",")


def _text_of(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise FrameFileError(f"{path}: there is no such file.") from None
    except IsADirectoryError:
        raise FrameFileError(f"{path}: this is a folder. Name a CSV file in it.") from None
    if path.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError) as error:
            raise FrameFileError(f"{path}: this is no sound gzip file ({error}).") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        raise FrameFileError(
            f"{path}, row {row}: the text is not UTF-8. In a spreadsheet, save it as 'CSV UTF-8'."
        ) from None


def _table(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    text = _text_of(path)
    first = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=_delimiter(first))
    rows: list[list[str]] = []
    lines: list[int] = []
    header: list[str] | None = None
    counted = 0
    try:
        for cells in reader:
            counted += 1
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [cell.strip() for cell in cells]
                continue
            if len(cells) != len(header):
                raise FrameFileError(
                    f"{path}, row {counted}: {len(cells)} cells, where the header has {len(header)} columns. "
                    "A text with a comma in it must stand in double quotes."
                )
            rows.append(cells)
            lines.append(counted)
    except csv.Error as error:
        raise FrameFileError(f"{path}, row {counted + 1}: this cannot be read as CSV ({error}).") from None
    if header is None:
        raise FrameFileError(f"{path}: the file is empty. Its first row must name the columns.")
    return header, rows, lines


class _Column:
    """The cells of one column, with what an error about one of them must say."""

    __slots__ = ("cells", "lines", "name", "path")

    def __init__(self, path: Path, name: str, kind: Kind, cells: Sequence[str], lines: Sequence[int]) -> None:
        # A ward may well be called None.
        missing = MISSING_TEXT if kind is Kind.TEXT else MISSING
        self.path, self.name, self.lines = path, name, lines
        self.cells = [None if cell in missing else cell for cell in map(str.strip, cells)]

    def read(self, convert: Callable[[str], object], remedy: str) -> list[object]:
        found: list[object] = []
        for at, cell in enumerate(self.cells):
            try:
                found.append(None if cell is None else convert(cell))
            except ValueError:
                raise self.fault(at, remedy) from None
        return found

    def fault(self, at: int, remedy: str) -> FrameFileError:
        return FrameFileError(
            f"{self.path}, row {self.lines[at]}, column '{self.name}': '{self.cells[at]}' {remedy} "
            "Leave the cell empty where nothing was reported."
        )


def _text(column: _Column) -> pl.Series:
    return pl.Series(column.cells, dtype=pl.String)


def _finite(cell: str) -> float:
    number = float(cell)
    if not math.isfinite(number) or "_" in cell:
        raise ValueError
    return number


def _number(column: _Column) -> pl.Series:
    remedy = "is no number. Write it with digits alone and a point for decimals, no comma, as 1234.5, and 45 % as 0.45."
    return pl.Series(column.read(_finite, remedy), dtype=pl.Float64)


def _whole(cell: str) -> int:
    number = _finite(cell)
    if number != int(number) or abs(number) > MOST:
        raise ValueError
    return int(number)


def _count(column: _Column) -> pl.Series:
    return pl.Series(column.read(_whole, "is no whole number. Write it as 12."), dtype=pl.Int64)


def _truth(cell: str) -> bool:
    folded = cell.casefold()
    if folded not in YES | NO:
        raise ValueError
    return folded in YES


def _yes_no(column: _Column) -> pl.Series:
    return pl.Series(column.read(_truth, "is neither TRUE nor FALSE (nor 1, 0)."), dtype=pl.Boolean)


def _day(column: _Column) -> pl.Series:
    if any(cell is not None and "/" in cell for cell in column.cells):
        return _slashed(column)
    remedy = "is no date. Write it as year-month-day: 2026-03-31."
    if all(cell is None or len(cell) == len("2026-03-31") for cell in column.cells):
        return pl.Series(column.read(date.fromisoformat, remedy), dtype=pl.Date)
    moments = column.read(datetime.fromisoformat, remedy)
    if any(isinstance(each, datetime) and each.tzinfo is not None for each in moments):
        at = next(at for at, each in enumerate(moments) if isinstance(each, datetime) and each.tzinfo is not None)
        raise column.fault(at, "has a time zone. Write local time without one: 2026-03-31T08:00:00.")
    if all(each is None or (isinstance(each, datetime) and each.time() == datetime.min.time()) for each in moments):
        return pl.Series(moments, dtype=pl.Datetime("us")).cast(pl.Date)
    return pl.Series(moments, dtype=pl.Datetime("us"))


def _slashed(column: _Column) -> pl.Series:
    remedy = "is no date. Write all dates of the column alike, as year-month-day: 2026-03-31."
    days = column.read(_day_month_year, remedy)
    if all(not isinstance(each, date) or (each.day <= 12 and each.day != each.month) for each in days):
        at = next(at for at, each in enumerate(days) if each is not None)
        raise column.fault(
            at,
            "may be day/month or month/day, and no date of the column tells which. "
            "Write dates as year-month-day: 2026-03-31.",
        )
    return pl.Series(days, dtype=pl.Date)


def _day_month_year(cell: str) -> date:
    parts = cell.split("/")
    if len(parts) != DAY_FIRST or len(parts[2]) != 4 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError
    return date(int(parts[2]), int(parts[1]), int(parts[0]))


_READERS: Mapping[Kind, Callable[[_Column], pl.Series]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.COUNT: _count,
    Kind.DAY: _day,
    Kind.YES_NO: _yes_no,
}
