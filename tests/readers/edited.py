"""Published files with one thing changed, to see what a reader says of it."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

FILES = Path(__file__).parent / "files"


def with_text(source: Path, target: Path, old: str, new: str) -> Path:
    """Returns a copy of a text file with the first `old` replaced by `new`; fails when it is not there."""
    text = source.read_text(encoding="utf-8-sig")
    assert old in text, f"{source.name} does not hold {old!r}"
    copy = target / source.name
    copy.write_text(text.replace(old, new, 1), encoding="utf-8")
    return copy


def with_cell(source: Path, target: Path, row: int, column: str, value: str) -> Path:
    """Returns a copy of a CSV file with one cell changed; `row` counts from 1, header included."""
    rows = list(csv.reader(io.StringIO(source.read_text(encoding="utf-8-sig"))))
    rows[row - 1][rows[0].index(column)] = value
    return written(rows, target / source.name)


def with_rows(source: Path, target: Path, change: Callable[[list[list[str]]], list[list[str]]]) -> Path:
    """Returns a copy of a CSV file with its rows (header first) changed."""
    rows = list(csv.reader(io.StringIO(source.read_text(encoding="utf-8-sig"))))
    return written(change(rows), target / source.name)


def written(rows: list[list[str]], path: Path) -> Path:
    """Returns the path of a CSV file with the rows."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path


def with_member(source: Path, target: Path, member: str, old: str, new: str) -> Path:
    """Returns a copy of a zip or .xlsx with the first `old` in one member replaced by `new`."""
    copy = target / source.name
    with zipfile.ZipFile(source) as held, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as new_file:
        for name in held.namelist():
            content = held.read(name)
            if name.endswith(member) and not name.startswith("__MACOSX/"):
                text = content.decode()
                assert old in text, f"{name} does not hold {old!r}"
                content = text.replace(old, new, 1).encode()
            new_file.writestr(name, content)
    return copy


def cut_short(source: Path, target: Path, share: float = 0.6) -> Path:
    """Returns a copy that ends in the middle, as a broken download does."""
    content = source.read_bytes()
    copy = target / source.name
    copy.write_bytes(content[: int(len(content) * share)])
    return copy
