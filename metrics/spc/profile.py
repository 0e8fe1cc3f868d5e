"""Profiles: the choices within the method, named, so that a chart can print which it was drawn with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Direction = Literal["increase", "decrease", "neutral"]


class ProfileError(ValueError):
    """A profile that is not known, or settings that contradict each other."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The settings of a control chart's limits, rules and icons.

    Attributes:
        name: how it is asked for.
        title: how it is called on charts.
        shift_length: points in a row on one side of the mean that are a shift.
        trend_length: points in a row, each above (or each below) the one before, that are a trend.
        two_in_three: `mdc` counts points beyond three sigma as beyond two, `plotthedots` does not; `none` is no rule.
        screen_outliers: whether moving ranges above 3.267 times their mean are left out of it, once.
        limit_factor: the limits are the mean and so many mean moving ranges to either side.
        minimum_points: final points that a phase needs before it has limits, rules and icons.
        conflict: what is shown when rules of both natures fired at a point: the improvement, or the rule that comes
            first in the order outside, trend, two in three, shift.
        target_on_limit: whether a target that lies exactly on a limit decides assurance, or leaves it open.
        gaps: whether rules pass over points that are missing or not final, or end their runs there.
        trend_crosses_phases: whether a trend may begin in the phase before.
        trend_direction: the direction of a point in two trends: that of the later trend, or, as in NHSRplotthedots,
            that of the step to the next flagged row, even where it is none.
        default_direction: which way is better where nothing says so.
    """

    name: str
    title: str
    shift_length: int = 7
    trend_length: int = 7
    two_in_three: Literal["mdc", "plotthedots", "none"] = "mdc"
    screen_outliers: bool = False
    limit_factor: float = 2.66
    minimum_points: int = 13
    conflict: Literal["improvement", "priority"] = "improvement"
    target_on_limit: Literal["decided", "open"] = "decided"
    gaps: Literal["skip", "break"] = "skip"
    trend_crosses_phases: bool = False
    trend_direction: Literal["later", "next_row"] = "later"
    default_direction: Direction = "neutral"

    def __post_init__(self) -> None:
        for field, least in (("shift_length", 2), ("trend_length", 3), ("minimum_points", 2)):
            if getattr(self, field) < least:
                raise ProfileError(
                    f"profile {self.name}: {field} is {getattr(self, field)}, and must be {least} or more."
                )
        if not self.limit_factor > 0:
            raise ProfileError(f"profile {self.name}: limit_factor is {self.limit_factor}, and must be above 0.")

    @property
    def rules(self) -> str:
        """Returns the rules of special cause in words."""
        third = {
            "mdc": "two in three points beyond 2 sigma",
            "plotthedots": "two in three points between 2 and 3 sigma",
            "none": "",
        }[self.two_in_three]
        rules = [
            "a point outside the limits",
            f"{self.shift_length} points in a row on one side of the mean",
            f"{self.trend_length} points in a row rising or falling",
            third,
        ]
        return ", ".join(rule for rule in rules if rule)

    @property
    def words(self) -> str:
        """Returns the settings in a sentence, as printed beside a chart."""
        screened = "outlying moving ranges left out" if self.screen_outliers else "all moving ranges kept"
        return (
            f"{self.title}: limits at {self.limit_factor:g} mean moving ranges, {screened}, from {self.minimum_points} "
            f"points on; special cause: {self.rules}."
        )


PROFILES: Final[Mapping[str, Profile]] = {
    each.name: each
    for each in (
        Profile("mdc", "Making Data Count"),
        Profile(
            "mdc-2.6", "Making Data Count SQL 2.6", shift_length=6, trend_length=6, trend_crosses_phases=True,
        ),
        Profile(
            "plotthedots", "NHSRplotthedots 0.2.2", two_in_three="plotthedots", screen_outliers=True, minimum_points=2,
            conflict="priority", target_on_limit="open", gaps="break", trend_direction="next_row",
            default_direction="increase",
        ),
    )
}  # fmt: skip


def profile_of(profile: str | Profile) -> Profile:
    """Returns a profile by its name; one of your own as it is.

    Raises:
        ProfileError: no profile is called so.
    """
    if isinstance(profile, Profile):
        return profile
    if profile not in PROFILES:
        raise ProfileError(f"There is no profile '{profile}'. Write one of {', '.join(PROFILES)}.")
    return PROFILES[profile]
