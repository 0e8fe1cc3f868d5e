"""Sentences about a chart, made from its statistics alone: no improvement is told without a signal of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from metrics.spc.judging import COMMON, CONCERN, IMPROVEMENT
from metrics.spc.profile import Profile
from metrics.spc.run_chart import LEAST_USEFUL
from metrics.spc.summary import MISSING_LATEST, NO_DATA, NO_VARIATION, OK, STALE, TOO_FEW


@dataclass(frozen=True, slots=True)
class Terms:
    """How the numbers and days of a series are written.

    Attributes:
        value: a value in the measure's unit: '1,531 patients'.
        number: the same without its unit: '1,531'.
        period: the name of a period by its first day: 'May 2026'.
        noun: what a point is about: 'month'.
    """

    value: Callable[[float], str]
    number: Callable[[float], str]
    period: Callable[[date], str]
    noun: str = "point"

    @property
    def nouns(self) -> str:
        """Returns what several points are about."""
        return f"{self.noun}s"


@dataclass(frozen=True, slots=True)
class Narrative:
    """What a chart says: of its variation, and of its target (empty without one)."""

    variation: str
    assurance: str

    @property
    def text(self) -> str:
        """Returns both."""
        return " ".join(part for part in (self.variation, self.assurance) if part)


_NATURES: Final = {
    IMPROVEMENT: "Special cause of an improving nature",
    CONCERN: "Special cause of a concerning nature",
}
# What the centre line is, where it is not the mean.
_CENTRES: Final = {"run": "median", "g": "median", "t": "centre"}
_CHANGED: Final = "Special cause, of a measure that is neither better high nor low"


def narrative(
    row: Mapping[str, Any], terms: Terms, profile: Profile, strength: str = "", *, kind: str = "xmr"
) -> Narrative:
    """Returns what one series says, in sentences for a board.

    Args:
        row: a row of `Chart.series` by column name.
        terms: how numbers and days are written.
        profile: the profile that the chart was judged by.
        strength: how strong the evidence of a special cause is, in words: 'strong'.
        kind: the kind of chart.
    """
    return Narrative(_variation(row, terms, profile, strength, kind), _assurance(row, terms))


def _variation(row: Mapping[str, Any], terms: Terms, profile: Profile, strength: str, kind: str) -> str:
    centre = _CENTRES.get(kind, "mean")
    if row["state"] == TOO_FEW and kind == "run":
        return f"Too few {terms.nouns} to judge runs: {LEAST_USEFUL} that are not on the median are needed."
    if row["state"] != OK:
        return _unjudged(row, terms, profile)
    if row["variation_type"] is None:
        return _no_run(row, terms)
    if row["variation_type"] == COMMON:
        return f"Common cause: no significant change. {_range(row, terms, centre)}".rstrip()
    nature = _NATURES.get(row["variation_type"], _CHANGED)
    together, against = _reasons(row, terms, profile, centre)
    said = f"{nature}: {'; also, '.join(together)}"
    if not against:
        return f"{said}.{f' The evidence is {strength}.' if strength else ''}"
    kind = {IMPROVEMENT: "improvement", CONCERN: "concern"}.get(row["variation_type"], "the first")
    return f"{said}; on the other side, {'; also, '.join(against)}. Signals point both ways: these rules count {kind}."


def _no_run(row: Mapping[str, Any], terms: Terms) -> str:
    """Returns what a run chart says whose newest point is part of no long run: it has no limits to be within."""
    told = f"The newest {terms.noun} is part of no unusually long run about the median of {terms.value(row['mean'])}."
    if not row["runs_signal"]:
        return told
    return f"{told} Over all {terms.nouns}, runs are longer or crossings of the median fewer than chance would have."


def _unjudged(row: Mapping[str, Any], terms: Terms, profile: Profile) -> str:
    if row["state"] == NO_DATA:
        return "No final value is held, so nothing can be said."
    since = " since the process was rebased" if row["rebase_group"] else ""
    nearly = "No variation to speak of: nearly every" if row["near_constant"] else "No variation: every"
    said = {
        MISSING_LATEST: f"The newest {terms.noun} was not reported, so nothing is said of it.",
        STALE: f"The newest value is of {terms.period(row['latest_date'])}; newer data are due, and nothing is said of "
        "now.",
        TOO_FEW: f"Too few {terms.nouns} for limits: {row['points']}{since}, and {profile.minimum_points} are needed "
        "before signal and noise can be told apart.",
        NO_VARIATION: f"{nearly} {terms.noun} is {terms.value(row['latest_value'])}.",
    }
    return said[row["state"]]


def _range(row: Mapping[str, Any], terms: Terms, centre: str) -> str:
    if row["lower_drawn"] is None or row["upper_drawn"] is None:
        return ""
    return (
        f"The {terms.nouns} vary around a {centre} of {terms.number(row['mean'])}, between about "
        f"{terms.number(row['lower_drawn'])} and {terms.value(row['upper_drawn'])}."
    )


def _reasons(row: Mapping[str, Any], terms: Terms, profile: Profile, centre: str) -> tuple[list[str], list[str]]:
    """Returns why the newest point is a special cause, the rule that names it first, and what fired the other way."""
    fired = row["rules"].split("; ") if row["rules"] else []
    label = row["special_cause_type"]
    told = [_reason(rule, row, terms, profile, centre) for rule in fired]
    first = next((place for place, rule in enumerate(fired) if _names(rule, label)), 0)
    together, against = [told[first]], list[str]()
    for place, text in enumerate(told):
        if place != first:
            (together if _is_up(fired[place]) == _is_up(fired[first]) else against).append(text)
    return together, against


def _is_up(rule: str) -> bool:
    return "above" in rule or "rising" in rule


def _names(rule: str, label: str) -> bool:
    up = any(word in label for word in ("Above", "Increasing"))
    kind = (
        "limit" if label.startswith(("Above", "Below"))
        else "rising" if "Increasing" in label
        else "falling" if "Decreasing" in label
        else "two in three" if label.startswith("2 in 3")
        else "points"
    )  # fmt: skip
    if kind in ("rising", "falling", "two in three"):
        return kind in rule
    return kind in rule and ("above" if up else "below") in rule


def _reason(rule: str, row: Mapping[str, Any], terms: Terms, profile: Profile, centre: str) -> str:
    value, name = terms.value(row["latest_value"]), terms.period(row["latest_date"])
    above = _is_up(rule)
    if "process limit" in rule:
        side, limit = ("above", "upper") if above else ("below", "lower")
        told = terms.value(row[limit + "_drawn"])
        just = "just " if told == value else ""
        return f"{name}, at {value}, is {just}{side} the {limit} process limit of {told}"
    if "rising" in rule or "falling" in rule:
        count = max(row["trend_length"], profile.trend_length)
        return f"the last {count} {terms.nouns} {'rose' if above else 'fell'} one after the other, to {value}"
    if "two in three" in rule:
        side = "above" if above else "below"
        return (
            f"two of the last three {terms.nouns} lie far {side} the {centre}, beyond 2 sigma, on the same side of it"
        )
    side = "above" if above else "below"
    return f"the last {row['run_length']} {terms.nouns} are {side} the {centre} of {terms.value(row['mean'])}"


def _assurance(row: Mapping[str, Any], terms: Terms) -> str:
    icon = row["assurance_icon"]
    if icon is None:
        return ""
    target = terms.value(row["target"])
    if icon == "pass":
        return f"The target of {target} will be met consistently if the process does not change."
    if icon == "fail":
        return f"The target of {target} will not be met by this process: it must change first."
    return f"The target of {target} lies within the limits: some {terms.nouns} meet it and others miss it, by chance."
