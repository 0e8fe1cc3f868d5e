"""What the fired rules come to at every point: one label, one nature, and all of them in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from metrics.spc.frame import Flags, Ordered, Whole
from metrics.spc.profile import Profile
from metrics.spc.rules import Signals

COMMON: Final = "common_cause"
IMPROVEMENT: Final = "special_cause_improvement"
CONCERN: Final = "special_cause_concern"
NEUTRAL_HIGH: Final = "special_cause_neutral_high"
NEUTRAL_LOW: Final = "special_cause_neutral_low"
COMMON_LABEL: Final = "Common Cause"


@dataclass(frozen=True, slots=True)
class Judged:
    """One entry a row: the label, whether it is a special cause, its nature, and every rule that fired, in words."""

    label: pl.Series
    special: Flags
    nature: pl.Series
    rules: pl.Series


def judged(rows: Ordered, found: Signals, profile: Profile) -> Judged:
    """Returns what the rules that fired at each row come to under the profile."""
    beyond = np.where(found.outside, found.side, 0)
    thirds = np.where(found.two_in_three, found.side, 0)
    shift = np.where(found.shift, found.side, 0)
    # In the order in which one of them names the point.
    fired = (beyond, found.trend, thirds, shift)
    towards = _towards(rows)
    chosen = _first(fired)
    if profile.conflict == "improvement":
        better = _first(tuple(np.where((each != 0) & (each == towards), each, 0) for each in fired))
        chosen = np.where(better != 0, better, chosen)
    sense = np.sign(chosen)
    nature = np.select([chosen == 0, towards == 0, sense == towards], [0, np.where(sense > 0, 3, 4), 1], 2)
    return Judged(
        _looked_up(_labels(profile), chosen), chosen != 0, _looked_up(_NATURES, nature), _words(fired, profile)
    )


_NATURES: Final = (COMMON, IMPROVEMENT, CONCERN, NEUTRAL_HIGH, NEUTRAL_LOW)


def _looked_up(texts: Sequence[str], at: Whole) -> pl.Series:
    """Returns the text at each number; numbers below 0 count from the end."""
    return pl.Series(texts).gather(pl.Series(np.where(at < 0, at + len(texts), at)))


def _towards(rows: Ordered) -> Whole:
    """Returns which way is better at every row: 1 up, -1 down, 0 neither."""
    said = rows.frame["improvement_direction"]
    return said.replace_strict({"increase": 1, "decrease": -1, "neutral": 0}).to_numpy().astype(np.int64)


def _first(fired: tuple[Whole, ...]) -> Whole:
    """Returns the number of the first rule that fired, 1 to 4, with the sign of its sense; 0 where none did."""
    chosen = np.zeros_like(fired[0])
    for number in range(len(fired), 0, -1):
        sense = fired[number - 1]
        chosen = np.where(sense != 0, number * np.sign(sense), chosen)
    return chosen


def _labels(profile: Profile) -> tuple[str, ...]:
    """Returns the labels at their rule's number: 1 to 4 upwards, -1 to -4, counted from the end, downwards."""
    shift, trend = profile.shift_length, profile.trend_length
    return (
        COMMON_LABEL,
        "Above UCL", f"{trend} Point Trend (Increasing)", "2 in 3 Above CL", f"{shift} Points Above CL",
        f"{shift} Points Below CL", "2 in 3 Below CL", f"{trend} Point Trend (Decreasing)", "Below LCL",
    )  # fmt: skip


def _words(fired: tuple[Whole, ...], profile: Profile) -> pl.Series:
    shift, trend = profile.shift_length, profile.trend_length
    said = (
        ("above the upper process limit", "below the lower process limit"),
        (f"part of {trend} or more points rising", f"part of {trend} or more points falling"),
        ("one of two in three beyond 2 sigma above the mean", "one of two in three beyond 2 sigma below the mean"),
        (f"part of {shift} or more points above the mean", f"part of {shift} or more points below the mean"),
    )
    # Four rules of three senses each are 81 combinations: each is written once and looked up.
    code = np.sum([(np.sign(each) + 1) * 3**place for place, each in enumerate(fired)], axis=0)
    texts = [
        "; ".join(
            said[place][0 if sense == 2 else 1]
            for place, sense in ((place, number // 3**place % 3) for place in range(len(said)))
            if sense != 1
        )
        for number in range(3 ** len(said))
    ]  # fmt: skip
    return _looked_up(texts, code)
