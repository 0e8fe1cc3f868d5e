"""Obtaining cubes one by one, from the store or from the rows, and looking round and round whether they still hold."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from metrics.query.cube_store import CubeStore
from metrics.query.cubes import Built, Cubes, Refused

_log = logging.getLogger(__name__)
_FIRST_PAUSE, _LONGEST_PAUSE = 30.0, 900.0


@dataclass(frozen=True, slots=True)
class Failed:
    """A cube that could not be built: how often in a row, when it is tried again, and why."""

    times: int
    due: float
    words: str


class Keeping:
    """What one layer remembers of its cubes between one call and the next.

    Attributes:
        failed: by name, cubes that could not be built when last tried, and are tried again later.
        _looked_for: cubes that were looked for in the store: once each, as they are there or not.
        _round: cubes that are still to be held against their rows before all of them are again.
        _sweeping: the one that is.
        _months: its months that still are to be.
    """

    def __init__(self, store: CubeStore | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self.failed: dict[str, Failed] = {}
        self._looked_for: set[str] = set()
        self._round: deque[str] = deque()
        self._sweeping = ""
        self._months: deque[date] = deque()

    def due(self, cubes: Cubes) -> str | None:
        """Returns the name of a cube to build; None when none waits but those that have just failed."""
        now = self._clock()
        return next((name for name in cubes.waiting if name not in self.failed or self.failed[name].due <= now), None)

    def obtained(self, cubes: Cubes, name: str) -> tuple[Built | Refused, bool] | None:
        """Returns a cube of the state of `cubes`, and whether it was built just now; None when that failed.

        A cube that fails is left alone for half a minute, and for twice as long each time, so that it stops no other.
        """
        try:
            found = self._obtained(cubes, name)
        except sa.exc.DBAPIError as error:
            self._note(name, str(error.orig or error).strip().splitlines() or [type(error).__name__])
            return None
        self.failed.pop(name, None)
        return found

    def _note(self, name: str, reason: list[str]) -> None:
        times = self.failed[name].times + 1 if name in self.failed else 1
        pause = min(_FIRST_PAUSE * 2 ** min(times - 1, 10), _LONGEST_PAUSE)
        words = f"The cube of '{name}' could not be built, and requests read the rows: {reason[0]}"
        if times == 1:
            _log.warning("%s. It is tried again now and then", words)
        self.failed[name] = Failed(times, self._clock() + pause, words)

    def _obtained(self, cubes: Cubes, name: str) -> tuple[Built | Refused, bool]:
        if self._store is not None and name not in self._looked_for:
            self._looked_for.add(name)
            stored = self._store.load(cubes.layouts[name])
            found = None if stored is None else cubes.caught_up(stored)
            if found is not None:
                return found, False
        return cubes.build(name), True

    def store(self, built: Built) -> None:
        """Stores a cube for the next start, where there is a place for it."""
        if self._store is not None:
            self._store.save(built)

    def next_differing(self, cubes: Cubes) -> tuple[str, tuple[date, ...]]:
        """Returns the days of the next month of the next cube that are not what their rows give, and whose they are."""
        known = set(cubes.known())
        for _ in known:
            if self._months:
                break
            self._round = self._round or deque(sorted(known))
            self._sweeping = self._round.popleft()
            self._months.extend(cubes.months(self._sweeping) if self._sweeping in known else ())
        if not self._months:
            return "", ()
        try:
            return self._sweeping, cubes.differing(self._sweeping, self._months.popleft())
        except sa.exc.DBAPIError:
            self._months.clear()  # the others are looked at meanwhile
            raise
