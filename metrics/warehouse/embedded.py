"""The embedded warehouse on disk: finished snapshots, a pointer to the newest, one writer at a time.

    FOLDER/CURRENT              the name of the newest snapshot
    FOLDER/snapshots/NAME.duckdb  finished, never changed again
    FOLDER/writing-*.duckdb     a writer's private file
    FOLDER/writer.lock          held while a writer works

A snapshot always gets a new name: DuckDB keeps serving the old content of a path that was replaced. A name that ends in
`-on-NUMBER` is a hot part (`metrics.warehouse.hot`): a small file to be read together with the snapshot of that number.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from metrics.warehouse.errors import WarehouseBusyError

KEPT_SNAPSHOTS = 3
KEPT_PARTS = 8  # hot parts come by the second: whoever has just read the pointer must still find the file
FEED = "A feed"
RECORD = "The record of forecasts"
_BRIEF = (FEED, RECORD)
_POINTER = "CURRENT"
_BRIEF_SECONDS = 15.0
_ON = re.compile(r"^\d+-\w+-on-(\d+)$")


def current_version(folder: Path) -> str | None:
    """Returns the name of the newest published snapshot; None when nothing was published."""
    try:
        return (folder / _POINTER).read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None


def snapshot_path(folder: Path, version: str) -> Path:
    """Returns the file of a snapshot."""
    return folder / "snapshots" / f"{version}.duckdb"


def history_of(snapshot: Path) -> Path | None:
    """Returns the file that a hot part is to be read with; None for a snapshot that is whole by itself.

    Raises:
        FileNotFoundError: it is gone, because the part is an old one.
    """
    on = _ON.match(snapshot.stem)
    if on is None:
        return None
    number = int(on.group(1))
    found = [path for path in snapshot.parent.glob("*.duckdb") if _number(path.stem) == number and not _is_part(path)]
    if not found:
        raise FileNotFoundError(f"{snapshot.name} is to be read with snapshot {number}, which is not there any more")
    return found[0]


@contextmanager
def writer_lock(folder: Path, *, brief: str = "") -> Iterator[None]:
    """Holds the folder's only writing place; the system lets go of it when the process ends.

    `brief` says who holds it for one commit only (`FEED`, `RECORD`), so that others wait a little for it.

    Raises:
        WarehouseBusyError: another writer holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "writer.lock").open("a+", encoding="ascii") as lock:
        _take(lock.fileno(), folder)
        lock.truncate(0)
        lock.write(f"{brief} (process {os.getpid()})" if brief else f"process {os.getpid()}")
        lock.flush()
        yield


def _take(lock: int, folder: Path) -> None:
    given_up = time.monotonic() + _BRIEF_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            who = os.pread(lock, 100, 0).decode("ascii", errors="replace").strip() or "another process"
            if not who.startswith(_BRIEF) or time.monotonic() > given_up:
                raise WarehouseBusyError(
                    f"{who} is already loading into {folder}. Wait until it has finished; nothing was changed."
                ) from error
            time.sleep(0.005)
        else:
            return


def private_copy(folder: Path, *, fresh: bool = False) -> Path:
    """Returns a private file to write to: a copy of the newest whole snapshot, or none yet when `fresh`.

    Call it with the writer's lock held. Where the newest snapshot is a hot part, the copy is of what it stands on and
    has to be folded with it. Files that an earlier, killed writer left are removed.
    """
    clear(folder)
    version = current_version(folder)
    target = private_path(folder)
    if version is not None and not fresh:
        newest = snapshot_path(folder, version)
        copied(history_of(newest) or newest, target)
    return target


def private_path(folder: Path) -> Path:
    """Returns a name that no other file has for a private file."""
    return folder / f"writing-{uuid.uuid4().hex}.duckdb"


def copied(source: Path, target: Path) -> Path:
    """Copies a file, whole or not at all, and returns the copy."""
    try:
        shutil.copyfile(source, target)
    except OSError:
        target.unlink(missing_ok=True)  # half a copy on a full disk
        raise
    return target


def clear(folder: Path) -> None:
    """Removes what killed writers left: private files, and snapshots that the pointer never reached."""
    for left in [*folder.glob("writing-*"), *folder.glob(f"{_POINTER}.*")]:
        left.unlink()
    version = current_version(folder)
    if version is None:
        return  # without a pointer nobody can tell what is finished: nothing is taken away
    for path in (folder / "snapshots").glob("*.duckdb"):
        if _number(path.stem) > _number(version):
            path.unlink()


def publish(folder: Path, written: Path, *, on: Path | None = None) -> str:
    """Makes a closed private file the newest snapshot and returns its name.

    The pointer moves last, in one step: whoever is killed on the way leaves the previous snapshot current.

    Args:
        folder: the warehouse.
        written: the private file.
        on: the snapshot that a hot part is to be read with; None for a whole one.
    """
    taken = [path.stem for path in (folder / "snapshots").glob("*.duckdb")]
    number = 1 + max((_number(name) for name in [*taken, current_version(folder) or "0"]), default=0)
    version = f"{number:09d}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    if on is not None:
        version = f"{version}-on-{_number(on.stem):09d}"
    target = snapshot_path(folder, version)
    target.parent.mkdir(parents=True, exist_ok=True)
    _sync(written)
    written.replace(target)
    _sync(target.parent)
    pointer = folder / f"{_POINTER}.{uuid.uuid4().hex}"
    pointer.write_text(version, encoding="ascii")
    _sync(pointer)
    pointer.replace(folder / _POINTER)
    _sync(folder)
    _prune(folder)
    return version


def _prune(folder: Path) -> None:
    # A reader that still has an older file open keeps it: the system frees it when it is closed.
    found = sorted((folder / "snapshots").glob("*.duckdb"), key=lambda path: _number(path.stem))
    parts = [path for path in found if _is_part(path)]
    wholes = [path for path in found if not _is_part(path)]
    needed = {int(on.group(1)) for path in parts[-KEPT_PARTS:] if (on := _ON.match(path.stem))}
    for old in [*parts[:-KEPT_PARTS], *(path for path in wholes[:-KEPT_SNAPSHOTS] if _number(path.stem) not in needed)]:
        old.unlink(missing_ok=True)


def _number(version: str) -> int:
    return int(version.split("-", 1)[0])


def _is_part(path: Path) -> bool:
    return _ON.match(path.stem) is not None


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
