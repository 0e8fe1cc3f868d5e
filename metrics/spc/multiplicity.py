"""Many charts at once: how many signals chance alone would give, and which of them outlast that."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import Final

import numpy as np
import polars as pl

from metrics.spc.evidence import controlled, latest_evidence
from metrics.spc.judging import COMMON
from metrics.spc.null_tables import FALSE_SIGNALS
from metrics.spc.profile import PROFILES, Profile, profile_of
from metrics.spc.summary import OK

__all__ = ["controlled", "expected_false_signals", "false_signal_rate", "latest_evidence", "multiplicity_words"]

# For profiles of one's own, which are simulated when they are met.
_TRIED: Final = 4000
_SIZES: Final = (5, 8, 13, 18, 24, 36, 60, 120)


def false_signal_rate(points: int, profile: str | Profile = "mdc") -> float:
    """Returns how often the newest point of a process that has not changed is a special cause by chance.

    Simulated on independent normal values judged by the profile's own rules and limits; between the simulated numbers
    of points it is interpolated, and beyond them held. A profile of one's own is simulated when first met, at about
    that number of points (to about a tenth of its rate).

    Args:
        points: final points in the last phase.
        profile: the profile that the chart was judged by.
    """
    settings = profile_of(profile)
    if points < settings.minimum_points:
        return 0.0
    for name, known in PROFILES.items():
        if _judging(known) == _judging(settings):
            held = FALSE_SIGNALS[name]
            return float(np.interp(points, list(held), list(held.values())))
    nearest = min(_SIZES, key=lambda size: abs(np.log(size / points)))
    return _simulated(_judging(settings), nearest)


def expected_false_signals(series: pl.DataFrame, profile: str | Profile = "mdc") -> float:
    """Returns how many of the judged series would show a signal at their newest point by chance alone.

    Args:
        series: `state` String, `points` Int64, as `Chart.series`.
        profile: the profile that they were judged by.
    """
    held = series.filter(pl.col("state") == OK)["points"].value_counts()
    return float(sum(count * false_signal_rate(points, profile) for points, count in held.iter_rows()))


def multiplicity_words(series: pl.DataFrame, profile: str | Profile = "mdc", noun: str = "measure") -> str:
    """Returns a sentence that sets the signals shown beside those that chance alone would give.

    Args:
        series: `state`, `points`, `variation_type`, as `Chart.series`.
        profile: the profile that they were judged by.
        noun: what a series is called.
    """
    judged = series.filter(pl.col("state") == OK)
    shown = judged.filter(pl.col("variation_type") != COMMON).height
    if not judged.height:
        return f"No {noun} can be judged yet."
    expected = expected_false_signals(series, profile)
    about = "fewer than 1" if expected < 0.5 else f"about {expected:.0f}"
    of = f"Of {judged.height:,} {noun}s" if judged.height != 1 else f"Of 1 {noun}"
    do = {0: "none does", 1: "1 does"}.get(shown, f"{shown:,} do")
    return f"{of} {about} would show a signal by chance alone; {do}."


def _judging(profile: Profile) -> Profile:
    """Returns the profile with only what bears on whether a point of one phase, without gaps, is a signal."""
    return dataclasses.replace(
        profile, name="", title="", minimum_points=2, conflict="improvement", target_on_limit="decided", gaps="skip",
        trend_crosses_phases=False, trend_direction="later", default_direction="neutral",
    )  # fmt: skip


@lru_cache(maxsize=128)
def _simulated(profile: Profile, points: int) -> float:
    from metrics.spc.false_signals import rate  # noqa: PLC0415  only for profiles of one's own

    return rate(profile, points, _TRIED, seed=points)
