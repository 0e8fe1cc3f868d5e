"""What a reader may choose of a control chart, read from the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from dashboard.viewmodels.variation import BASELINES, Baseline
from metrics.spc import PROFILES

PROFILE: Final = "profile"
BASELINE: Final = "baseline"
DEFINED: Final = "As defined"
PROFILE_TITLES: Final[Mapping[str, str]] = {name: each.title for name, each in PROFILES.items()}
BASELINE_POINTS: Final[Mapping[str, int]] = {"first12": 12, "first24": 24}
KIND_WORDS: Final[Mapping[str, str]] = {
    "xmr": "XmR chart: single values, limits from the moving range",
    "p": "P chart: shares, limits from each period's denominator",
    "u": "U chart: rates, limits from each period's denominator",
    "pp": "P\N{PRIME} chart: shares of large denominators, limits allow for more than chance",
    "up": "U\N{PRIME} chart: rates of large denominators, limits allow for more than chance",
    "c": "C chart: counts of events",
    "t": "T chart: time between rare events",
    "g": "G chart: cases between rare events",
    "i": "I\N{PRIME} chart: single values, limits from each period's denominator",
    "mr": "MR chart: moving ranges",
    "run": "Run chart: median, no limits",
}


@dataclass(frozen=True, slots=True)
class SpcChoice:
    """How a control chart is drawn.

    Attributes:
        profile: a profile's name; empty for the definition's, or the house's.
        baseline: what the limits are made from.
    """

    profile: str = ""
    baseline: Baseline = "window"

    @property
    def is_defined(self) -> bool:
        """Returns whether nothing was chosen."""
        return self == SpcChoice()


def read(query: Mapping[str, str]) -> tuple[SpcChoice, tuple[str, ...]]:
    """Returns what an address asks of a control chart, and what in it could not be used, in words."""
    messages = []
    profile, baseline = query.get(PROFILE, "").strip(), query.get(BASELINE, "").strip()
    if profile and profile not in PROFILES:
        messages.append(
            f"The link's profile '{profile[:40]}' is not one of {', '.join(PROFILES)}. The chart is drawn as defined."
        )
        profile = ""
    if baseline and baseline not in BASELINES:
        messages.append(
            f"The link's baseline '{baseline[:40]}' is not one of {', '.join(BASELINES)}. The newest periods are taken."
        )
        baseline = ""
    return SpcChoice(profile, cast("Baseline", baseline or "window")), tuple(messages)
