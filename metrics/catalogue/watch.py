"""Definition files as they change on disk: the last good catalogue, and why newer files are not in use."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.finding import Finding
from metrics.catalogue.loading import check, load

# An editor writes a file within milliseconds; one that is empty or gone may be about to come back.
SETTLED_SECONDS = 0.15
DOUBTFUL_SECONDS = 0.5
PATIENCE_SECONDS = 3.0
_STEP_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one state of a file from the next without reading it."""

    size: int
    modified: int
    inode: int
    is_readable: bool


@dataclass(frozen=True, slots=True)
class State:
    """The definitions in use.

    Attributes:
        read_at: when they were read, UTC.
        problems: the errors that keep the newest files out of use; empty when those are in use.
    """

    catalogue: Catalogue
    read_at: datetime
    problems: tuple[Finding, ...] = ()


class Definitions:
    """Folders of definitions, to be looked at again and again, from any thread.

    Raises:
        CatalogueError: a definition is wrong at the start, when there is no earlier one to keep.
    """

    def __init__(self, folders: Path | Sequence[Path], *, wait: Callable[[float], None] = time.sleep) -> None:
        self.folders = (folders,) if isinstance(folders, Path) else tuple(folders)
        self._wait = wait
        self._lock = threading.Lock()
        self._read = stamps(self.folders)
        self.state = State(load(self.folders), datetime.now(UTC))

    def look(self) -> bool:
        """Takes the files into use if they changed and hold together, and returns whether `state` is another.

        Costs a listing of the folders while nothing changes. Files that are being written are waited for.
        """
        with self._lock:
            if stamps(self.folders) == self._read:
                return False
            settled = self._settled()
            if settled is None or settled == self._read:
                return False
            found, problems = _checked(self.folders)
            if stamps(self.folders) != settled:
                return False  # written while they were read: the next look reads them whole
            self._read = settled
            before, self.state = self.state, following(self.state, found, problems, datetime.now(UTC))
            return self.state is not before

    def _settled(self) -> Mapping[Path, Stamp] | None:
        """Returns the stamps once they have stayed the same for long enough; None when they do not come to rest."""
        seen, rested, waited = stamps(self.folders), 0.0, 0.0
        while rested < (DOUBTFUL_SECONDS if is_doubtful(self._read, seen) else SETTLED_SECONDS):
            if waited >= PATIENCE_SECONDS:
                return None
            self._wait(_STEP_SECONDS)
            waited += _STEP_SECONDS
            now = stamps(self.folders)
            rested = rested + _STEP_SECONDS if now == seen else 0.0
            seen = now
        return seen


def stamps(folders: Sequence[Path]) -> Mapping[Path, Stamp]:
    """Returns the stamp of every definition file in the folders; none for folders that are not there."""
    found: dict[Path, Stamp] = {}
    for folder in folders:
        for file in folder.glob("*.yml"):
            try:
                stat = file.stat()
            except OSError:  # gone since the folder was listed, or a link to nowhere
                found[file] = Stamp(0, 0, 0, is_readable=False)
            else:
                found[file] = Stamp(stat.st_size, stat.st_mtime_ns, stat.st_ino, os.access(file, os.R_OK))
    return found


def is_doubtful(before: Mapping[Path, Stamp], now: Mapping[Path, Stamp]) -> bool:
    """Returns whether a file is newly missing, empty or unreadable, as in the middle of being saved."""
    new = (each for file, each in now.items() if before.get(file) != each)
    return not before.keys() <= now.keys() or any(not each.size or not each.is_readable for each in new)


def following(state: State, found: Catalogue | None, problems: Sequence[Finding], read_at: datetime) -> State:
    """Returns the state after files were read: theirs if nothing is wrong with them, else the last good one.

    The same state comes back when nothing is different.
    """
    errors = tuple(each for each in problems if each.severity == "error")
    if errors or found is None:
        return state if errors == state.problems else replace(state, problems=errors)
    if found == state.catalogue:
        return replace(state, problems=()) if state.problems else state
    return State(found, read_at)


def _checked(folders: Sequence[Path]) -> tuple[Catalogue | None, Sequence[Finding]]:
    try:
        return check(folders)
    except Exception as error:  # noqa: BLE001 - whatever a file can do to its reader, the last good one stays in use
        where = ", ".join(f"{folder.name}/" for folder in folders)
        said = str(error).strip().splitlines() or [""]
        problem = f"the definitions cannot be checked: {type(error).__name__}: {said[0]}."
        return None, [Finding("E099", "error", where, 1, problem, "Undo the last change.")]
