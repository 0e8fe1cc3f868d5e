"""Lengths of time as written in definitions: `28 days`, `12 months`, `1 year`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Span = Literal["hour", "day", "week", "month", "quarter", "year"]
_WRITTEN = re.compile(r"^\s*([1-9][0-9]{0,3})\s+(hour|day|week|month|quarter|year)s?\s*$")


@dataclass(frozen=True, slots=True)
class Window:
    """So many hours, days, weeks, months, quarters or years."""

    count: int
    unit: Span

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"

    @property
    def months(self) -> int | None:
        """Returns the length in months; None when it is one of days or hours."""
        return {"month": 1, "quarter": 3, "year": 12}.get(self.unit, 0) * self.count or None

    @property
    def days(self) -> int | None:
        """Returns the length in days; None when it is one of months or hours."""
        return {"day": 1, "week": 7}.get(self.unit, 0) * self.count or None


def parse_window(text: str) -> Window:
    """Returns the length that the text says.

    Raises:
        ValueError: it says none; the message gives examples.
    """
    found = _WRITTEN.match(text)
    if found is None:
        raise ValueError(f"'{text}' is no length of time: write for example '28 days', '12 months' or '1 year'")
    return Window(int(found[1]), found[2])  # type: ignore[arg-type]
