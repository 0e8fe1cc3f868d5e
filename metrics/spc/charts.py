"""Every kind of control chart by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import polars as pl

from metrics.spc.attribute import c, i, p, pp, u, up
from metrics.spc.chart import Chart
from metrics.spc.moving_range import mr
from metrics.spc.profile import Profile, profile_of
from metrics.spc.rare import g, t
from metrics.spc.run_chart import run
from metrics.spc.xmr import xmr


class KindError(ValueError):
    """A kind of chart that is not known."""


class Draws(Protocol):
    """A chart function."""

    def __call__(self, frame: pl.DataFrame, profile: str | Profile = "mdc") -> Chart:
        """Returns the charts of all series of a frame."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of control chart.

    Attributes:
        name: as it is asked for.
        title: as it is called on charts.
        draws: the function that draws it.
        needs: the columns that it needs besides series and date: one of these sets.
        plots: what each point is.
        lines: what its centre and limits are.
    """

    name: str
    title: str
    draws: Draws
    needs: tuple[frozenset[str], ...]
    plots: str
    lines: str


_VALUE: Final = (frozenset({"value"}), frozenset({"num"}))
_PARTS: Final = (frozenset({"num", "den"}), frozenset({"value", "den"}))

KINDS: Final[Mapping[str, Kind]] = {
    each.name: each
    for each in (
        Kind("xmr", "XmR", xmr, (frozenset({"value"}),), "values", "the mean, and limits by the mean moving range"),
        Kind(
            "p", "P", p, _PARTS, "shares of a denominator",
            "the share of all, and 3 sigma of the binomial distribution at each point's denominator",
        ),
        Kind(
            "pp", "P'", pp, _PARTS, "shares of a denominator",
            "the share of all, and 3 sigma of the binomial distribution at each point's denominator, times how much "
            "more the points vary than chance",
        ),
        Kind(
            "u", "U", u, _PARTS, "events per unit of exposure",
            "the rate of all, and 3 sigma of the Poisson distribution at each point's exposure",
        ),
        Kind(
            "up", "U'", up, _PARTS, "events per unit of exposure",
            "the rate of all, and 3 sigma of the Poisson distribution at each point's exposure, times how much more "
            "the points vary than chance",
        ),
        Kind("c", "C", c, _VALUE, "counts of events", "the mean, and 3 sigma of the Poisson distribution"),
        Kind(
            "i", "I'", i, (*_VALUE, *_PARTS), "values, of so many units each",
            "the weighted mean, and 3 sigma by moving ranges at each point's denominator",
        ),
        Kind(
            "t", "T", t, _VALUE, "time since the event before",
            "the mean and 3 sigma of the times' 3.6th roots, drawn back to times",
        ),
        Kind(
            "g", "G", g, _VALUE, "cases since the event before",
            "the median, and the mean and 3 sigma of the geometric distribution",
        ),
        Kind("mr", "mR", mr, _VALUE, "moving ranges", "their mean, and 3.267 times their mean"),
        Kind("run", "Run", run, _VALUE, "values", "the median, and no limits"),
    )
}  # fmt: skip


def chart(frame: pl.DataFrame, kind: str = "xmr", profile: str | Profile = "mdc") -> Chart:
    """Returns the charts of one kind of all series of a frame.

    Args:
        frame: what that kind takes.
        kind: a name in `KINDS`.
        profile: the name of a profile, or one of your own.

    Raises:
        KindError: the kind is not known.
        FrameError: the frame is not what the kind needs.
        ProfileError: the profile is not known.
    """
    return kind_of(kind).draws(frame, profile)


def kind_of(kind: str) -> Kind:
    """Returns a kind of chart by its name.

    Raises:
        KindError: no chart is called so.
    """
    if kind not in KINDS:
        raise KindError(f"There is no chart '{kind}'. Write one of {', '.join(KINDS)}.")
    return KINDS[kind]


def settings_words(kind: str, profile: str | Profile = "mdc") -> str:
    """Returns how a chart of a kind is drawn and judged, in a sentence, as printed beside it."""
    settings, drawn = profile_of(profile), kind_of(kind)
    if kind == "xmr":
        return settings.words
    rules = {
        "run": "a run about the median longer, or crossings fewer, than chance would have (Anhøj), from 10 points on",
        "mr": "a range above the upper limit",
    }.get(kind, settings.rules)
    least = "" if kind == "run" else f" Limits from {settings.minimum_points} points on."
    ranged = kind in ("pp", "up", "i", "t", "mr")
    kept = "outlying moving ranges left out" if settings.screen_outliers else "all moving ranges kept"
    return (
        f"{settings.title}, {drawn.title} chart of {drawn.plots}: {drawn.lines}{', ' + kept if ranged else ''}.{least} "
        f"Special cause: {rules}."
    )
