"""Mappings of a YAML file that know where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from metrics.catalogue.yaml_lines import Path, line_of
from metrics.interchange.metricflow_project import MetricFlowError
from metrics.interchange.report import Spot


@dataclass(frozen=True, slots=True)
class Entry:
    """One mapping of a file."""

    data: Mapping[str, Any]
    file: str
    lines: Mapping[Path, int]
    path: Path = ()

    def __contains__(self, key: str) -> bool:
        return self.data.get(key) is not None

    def spot(self, key: str = "") -> Spot:
        """Returns where the mapping, or a key of it, stands."""
        return Spot(self.file, line_of(self.lines, (*self.path, key) if key else self.path))

    def text(self, key: str) -> str | None:
        """Returns the value as text; None where there is none.

        Raises:
            MetricFlowError: the value is a list or a mapping.
        """
        value = self.data.get(key)
        if isinstance(value, (list, dict)):
            raise MetricFlowError(self.spot(key), f"'{key}' is text, not a list or a mapping.")
        if isinstance(value, bool):
            return str(value).lower()
        return None if value is None else str(value).strip()

    def needed(self, key: str) -> str:
        """Returns the value as text.

        Raises:
            MetricFlowError: there is none.
        """
        found = self.text(key)
        if not found:
            raise MetricFlowError(self.spot(), f"'{key}' is missing.")
        return found

    def word(self, key: str) -> str | None:
        """Returns the value in lower case: MetricFlow's own terms are written in either."""
        found = self.text(key)
        return None if found is None else found.lower()

    def texts(self, key: str) -> tuple[str, ...]:
        """Returns a value, or a list of values, as texts."""
        value = self.data.get(key)
        if isinstance(value, list):
            return tuple(str(each).strip() for each in value)
        found = self.text(key)
        return (found,) if found else ()

    def within(self, key: str) -> Entry:
        """Returns the mapping under the key; an empty one where there is none.

        Raises:
            MetricFlowError: the value is no mapping.
        """
        value = self.data.get(key)
        if value is not None and not isinstance(value, dict):
            raise MetricFlowError(self.spot(key), f"'{key}' is a mapping of keys and values.")
        return Entry(value or {}, self.file, self.lines, (*self.path, key))

    def each(self, key: str, bare: str | None = None) -> Iterator[Entry]:
        """Yields the mappings in the list under the key; a text alone is a mapping of the key `bare` to it.

        Raises:
            MetricFlowError: the value is no list, or an entry of it no mapping.
        """
        value = self.data.get(key)
        if value is None:
            return
        if not isinstance(value, list):
            raise MetricFlowError(self.spot(key), f"'{key}' is a list.")
        for index, listed in enumerate(value):
            item = {bare: listed} if bare is not None and isinstance(listed, str) else listed
            entry = Entry(item if isinstance(item, dict) else {}, self.file, self.lines, (*self.path, key, index))
            if not isinstance(item, dict):
                raise MetricFlowError(entry.spot(), f"an entry of '{key}' is a mapping of keys and values.")
            yield entry

    def unknown(self, known: Iterable[str]) -> Iterator[str]:
        """Yields the keys that are none of the known ones."""
        names = set(known)
        yield from (key for key in self.data if key not in names)
