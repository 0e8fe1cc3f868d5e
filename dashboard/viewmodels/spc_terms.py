"""What each icon of a control chart says: the terms of Making Data Count, short and in full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Term:
    """The words of an icon.

    Attributes:
        short: beside the icon, and at the beginning of what a screen reader says.
        text: the whole meaning, without the short words.
    """

    short: str
    text: str

    @property
    def words(self) -> str:
        """Returns 'Concern, high: special cause of concerning nature due to higher values'."""
        return f"{self.short}: {self.text}"


VARIATION: Final[Mapping[str, Term]] = {
    "common_cause": Term("Common cause", "no significant change"),
    "improvement_high": Term("Improvement, high", "special cause of improving nature due to higher values"),
    "improvement_low": Term("Improvement, low", "special cause of improving nature due to lower values"),
    "concern_high": Term("Concern, high", "special cause of concerning nature due to higher values"),
    "concern_low": Term("Concern, low", "special cause of concerning nature due to lower values"),
    "neutral_high": Term("Change, high", "special cause due to higher values, neither improving nor concerning"),
    "neutral_low": Term("Change, low", "special cause due to lower values, neither improving nor concerning"),
    "no_variation": Term("No variation", "the values are all the same, or all but a few"),
}
STATES: Final[Mapping[str, Term]] = {
    "too_few_points": Term("Too few points", "not enough final values for process limits"),
    "missing_latest": Term("Latest missing", "the newest period has no value, so nothing is said of it"),
    "stale": Term("Newer data due", "the newest value is too old to say how things are now"),
    "no_data": Term("No data", "no final value is held"),
}
ASSURANCE: Final[Mapping[str, Term]] = {
    "pass": Term("Passing", "the process consistently hits the target"),
    "inconsistent": Term("Hit and miss", "the process may hit or miss the target by chance"),
    "fail": Term("Failing", "the process consistently fails the target"),
}
NO_TARGET: Final = "No target"
TERMS: Final[Mapping[str, Term]] = {**VARIATION, **STATES, **ASSURANCE}
