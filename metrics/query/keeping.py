"""Obtaining cubes one by one, from the store or from the rows, and looking round and round whether they still hold."""

from __future__ import annotations

from datetime import date

from metrics.query.cube_store import CubeStore
from metrics.query.cubes import Built, Cubes, Refused


class Keeping:
    """What one layer remembers of its cubes between one call and the next.

    Attributes:
        _looked_for: cubes that were looked for in the store: once each, as they are there or not.
        _swept: how many months were held against their rows.
    """

    def __init__(self, store: CubeStore | None) -> None:
        self._store = store
        self._looked_for: set[str] = set()
        self._swept = 0

    def obtained(self, cubes: Cubes, name: str) -> tuple[Built | Refused, bool]:
        """Returns a cube of the state of `cubes`, and whether it was built just now."""
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
        parts = tuple(cubes.partitions())
        if not parts:
            return "", ()
        name, month = parts[self._swept % len(parts)]
        self._swept += 1
        return name, cubes.differing(name, month)
