"""What the slow truth of charts is told: the settings of a profile, the rows of a series, and the phases they fall into."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Settings:
    """The settings of a profile, under the names of `metrics.spc.profile.Profile`."""

    shift_length: int
    trend_length: int
    two_in_three: str
    screen_outliers: bool
    minimum_points: int
    conflict: str
    target_on_limit: str
    gaps: str
    trend_crosses_phases: bool
    limit_factor: float = 2.66
    trend_direction: str = "later"
    default_direction: str = "neutral"


SETTINGS = {
    "mdc": Settings(7, 7, "mdc", False, 13, "improvement", "decided", "skip", False),
    "mdc-2.6": Settings(6, 6, "mdc", False, 13, "improvement", "decided", "skip", True),
    "plotthedots": Settings(
        7, 7, "plotthedots", True, 2, "priority", "open", "break", False, 2.66, "next_row", "increase"
    ),
}


@dataclass
class Row:
    """One row of a series, as it comes in; `None` is missing."""

    date: dt.date
    value: float | None
    target: float | None = None
    rebase: bool = False
    direction: str | None = None
    fix: int | None = None
    screen: bool | None = None
    status: str | None = "final"
    lower_bound: float | None = None
    upper_bound: float | None = None
    due: dt.date | None = None


@dataclass
class Phase:
    """Positions of a phase's rows, and what was worked out for it."""

    rows: list[int]
    mean: Fraction | None = None
    amr: Fraction | None = None
    flat: bool = False
    near_constant: bool = False
    judged: bool = False
    usual: Fraction | None = None
    largest: Fraction = Fraction(0)


def exact(number: float) -> Fraction:
    """Returns the number as it is written, so that 0.1 is a tenth."""
    return Fraction(repr(number))
