"""The embedded warehouse on disk: finished snapshots, a pointer to the newest, one writer at a time.

    FOLDER/CURRENT              the name of the newest snapshot
    FOLDER/snapshots/NAME.duckdb  finished, never changed again
    FOLDER/writing-*.duckdb     a writer's private file
    FOLDER/writer.lock          held while a writer works

A snapshot always gets a new name: DuckDB keeps serving the old content of a path that was replaced.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from metrics.warehouse.errors import WarehouseBusyError

KEPT_SNAPSHOTS = 3
_POINTER = "CURRENT"


def current_version(folder: Path) -> str | None:
    """Returns the name of the newest published snapshot; None when nothing was published."""
    try:
        return (folder / _POINTER).read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None


def snapshot_path(folder: Path, version: str) -> Path:
    """Returns the file of a snapshot."""
    return folder / "snapshots" / f"{version}.duckdb"


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Holds the folder's only writing place; the system lets go of it when the process ends.

    Raises:
        WarehouseBusyError: another writer holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "writer.lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            who = lock.read().strip() or "another process"
            raise WarehouseBusyError(
                f"{who} is already loading into {folder}. Wait until it has finished; nothing was changed."
            ) from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


def private_copy(folder: Path, *, fresh: bool = False) -> Path:
    """Returns a private file to write to: a copy of the newest snapshot, or none yet when `fresh`.

    Call it with the writer's lock held. Files that an earlier, killed writer left are removed.
    """
    for left in folder.glob("writing-*"):
        left.unlink()
    target = folder / f"writing-{uuid.uuid4().hex}.duckdb"
    version = current_version(folder)
    if version is not None and not fresh:
        try:
            shutil.copyfile(snapshot_path(folder, version), target)
        except OSError:
            target.unlink(missing_ok=True)  # half a copy on a full disk
            raise
    return target


def publish(folder: Path, written: Path) -> str:
    """Makes a closed private file the newest snapshot and returns its name.

    The pointer moves last, in one step: whoever is killed on the way leaves the previous snapshot current.
    """
    current = current_version(folder)
    number = int(current.split("-", 1)[0]) + 1 if current else 1
    version = f"{number:06d}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
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
    for old in sorted((folder / "snapshots").glob("*.duckdb"))[:-KEPT_SNAPSHOTS]:
        old.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
