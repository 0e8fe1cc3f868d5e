"""What a file is by its content, whatever its name says: workbook, CSV, archive, or a web page in their place."""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import TYPE_CHECKING

from sample_data.published.reading import UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path

_GZIP, _ZIP, _BIFF = b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_WEB_PAGE = (b"<!doctype html", b"<html", b"<?xml")


def is_workbook(path: Path) -> bool:
    """Returns whether the content (not the name) is an Excel workbook, .xls or .xlsx."""
    with path.open("rb") as file:
        start = file.read(4)
    if start == _BIFF:
        return True
    if start != _ZIP:
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except zipfile.BadZipFile:
        return path.suffix.lower() == ".xlsx"


def csv_content(path: Path) -> bytes:
    """Returns the bytes of a CSV file as UTF-8 without BOM, out of gzip or a zip with one CSV.

    Raises:
        UnreadableFileError: the file is missing, empty, cut short, a workbook, or a zip without one CSV.
    """
    try:
        raw = path.read_bytes()
        if raw.startswith(_GZIP):
            raw = gzip.decompress(raw)
        elif raw.startswith(_ZIP):
            raw = _only_csv(path, raw)
    except FileNotFoundError as error:
        raise UnreadableFileError(path, "there is no such file.") from error
    except (EOFError, OSError, zipfile.BadZipFile) as error:
        raise UnreadableFileError(
            path, f"the file is damaged or cut short ({error}).", hint="Download it again."
        ) from error
    if raw.startswith(_BIFF):
        raise UnreadableFileError(path, "this is an Excel workbook, and a CSV file was expected.")
    if raw.startswith(_UTF_16):
        raw = raw.decode("utf-16", errors="replace").encode()
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if raw.lstrip()[:200].lower().startswith(_WEB_PAGE):
        hint = "Open the link in a browser and download the file itself."
        raise UnreadableFileError(path, "this is a web page saved under the name of a data file.", hint=hint)
    if b"\0" in raw[:4096]:
        raise UnreadableFileError(path, "this is no text: a CSV file was expected.", hint="Download it again.")
    if not raw.strip():
        raise UnreadableFileError(path, "the file is empty.", hint="Download it again.")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        raw = raw.decode("cp1252", errors="replace").encode()
    return raw


def _only_csv(path: Path, raw: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = [
            name for name in archive.namelist() if name.lower().endswith(".csv") and not name.startswith("__MACOSX/")
        ]
        if len(names) != 1:
            held = ", ".join(archive.namelist()[:5])
            problem = f"expected one CSV in the zip, found {len(names)}."
            raise UnreadableFileError(path, problem, hint=f"It holds: {held}.")
        return archive.read(names[0])
