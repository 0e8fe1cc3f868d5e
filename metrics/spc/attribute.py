"""Charts of counts and of ratios with denominators: p, u, their primed forms, c and I'.

Sources of the formulae: Shewhart for p, u and c; Laney 2002 (Quality Engineering 14:531) for p' and u'; Taylor 2017 for
I'. Constants as in qicharts2 0.8.1, whose unscreened lines these are: 3 sigma, sigma of moving ranges by 1.128.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl

from metrics.spc.chart import Chart, finished
from metrics.spc.frame import Flags, Floats, Ordered
from metrics.spc.lines import (
    Lines,
    enough_points,
    mean_moving_ranges,
    moving_ranges,
    phase_means,
    phase_sums,
    usual_values,
)
from metrics.spc.parts import bounded, counted, denominated, divided, number, refuse, revalued
from metrics.spc.profile import Profile, profile_of
from metrics.spc.runs import with_runs

SIGMAS: Final = 3.0
D2: Final = 1.128
_NONE: Final = 1e-9

Spread = Callable[[Floats, Floats], Floats]


def p(frame: pl.DataFrame, profile: str | Profile = "mdc") -> Chart:
    """Returns p charts: shares of units that have something, each with limits by its own denominator.

    Args:
        frame: as `xmr` takes it, with `num` and `den` in place of `value` (or `value` and `den`). A denominator that
            is missing or 0 makes the point a gap.
        profile: the name of a profile, or one of your own; its `limit_factor` is of XmR charts alone.

    Raises:
        FrameError: the frame cannot be read so, or a numerator is more than its denominator.
        ProfileError: the profile is not known.
    """
    return _ratio("p", frame, profile, _binomial, share=True)


def pp(frame: pl.DataFrame, profile: str | Profile = "mdc") -> Chart:
    """Returns p' charts (Laney): p charts whose limits also hold the variation between points. Takes what `p` takes."""
    return _ratio("pp", frame, profile, _binomial, share=True, laney=True)


def u(frame: pl.DataFrame, profile: str | Profile = "mdc") -> Chart:
    """Returns u charts: events per unit of exposure, each with limits by its own exposure.

    Takes what `p` takes; there may be more events than units.
    """
    return _ratio("u", frame, profile, _poisson)


def up(frame: pl.DataFrame, profile: str | Profile = "mdc") -> Chart:
    """Returns u' charts (Laney): u charts whose limits also hold the variation between points. Takes what `u` takes."""
    return _ratio("up", frame, profile, _poisson, laney=True)


def c(frame: pl.DataFrame, profile: str | Profile = "mdc") -> Chart:
    """Returns c charts: counts of events over equal periods. Takes what `xmr` takes; `num` counts before `value`."""
    settings = profile_of(profile)
    rows = bounded(counted(frame, settings, first="num"), low=0.0)
    refuse(rows, rows.value < 0, "value", "A count cannot be negative")
    mean = phase_means(rows, np.nan_to_num(rows.value), rows.baseline)
    sigma = np.sqrt(mean)[rows.phase]
    lines = sigma_lines(rows, settings, mean[rows.phase], sigma, flat=~(mean > 0))
    return with_runs(finished("c", rows, lines, settings, divided=True), rows)


def i(frame: pl.DataFrame, profile: str | Profile = "mdc") -> Chart:
    """Returns I' charts (Taylor): any measure of units whose number differs from point to point.

    A series without any denominator is drawn as an I chart: XmR with limits at 3 sigma, sigma being the mean moving
    range by 1.128 (2.6596 of them, where Making Data Count has 2.66).

    Args:
        frame: as `xmr` takes it, with `num` and `den`, or `value` and `den`, or `value` (or `num`) alone.
        profile: the name of a profile, or one of your own; its `limit_factor` is of XmR charts alone.

    Raises:
        FrameError: the frame cannot be read so.
        ProfileError: the profile is not known.
    """
    settings = profile_of(profile)
    rows, size, weighted = _sized(frame, settings)
    held = np.where(rows.baseline, size, 0.0)
    total = phase_sums(rows, held, rows.baseline)
    with np.errstate(invalid="ignore", divide="ignore"):
        first = phase_sums(rows, rows.value * held, rows.baseline) / total
        # A second pass takes the rounding away, so that a value that is the mean equals it.
        mean = first + phase_sums(rows, (rows.value - first[rows.phase]) * held, rows.baseline) / total
        ranges = moving_ranges(rows, rows.value, rows.baseline)
        apart = 1 / size + 1 / np.append(np.nan, size[:-1]) if len(size) else size
        ranges = np.where(weighted, np.sqrt(np.pi / 2) * ranges / np.sqrt(apart), ranges)
        average, collapsed = mean_moving_ranges(rows, ranges)
        sigma = average[rows.phase] / np.where(weighted, np.sqrt(size), D2)
    scale = phase_means(rows, np.nan_to_num(np.abs(rows.value) * np.sqrt(size)), rows.baseline)
    flat = average <= _NONE * scale
    lines = sigma_lines(rows, settings, mean[rows.phase], sigma, flat=flat, collapsed=collapsed)
    return with_runs(finished("i", rows, lines, settings, divided=True), rows)


def sigma_lines(
    rows: Ordered, profile: Profile, centre: Floats, sigma: Floats, *, flat: Flags, collapsed: Flags | None = None
) -> Lines:
    """Returns lines at two and three sigma around the centre.

    Args:
        rows: the rows.
        profile: says how many points limits need.
        centre: one entry a row.
        sigma: one entry a row, NaN where there are no limits.
        flat: by phase, whether values do not vary at all.
        collapsed: by phase, whether a screen of moving ranges would leave zeros only.
    """
    known = np.zeros(rows.phases, dtype=bool)
    known[rows.phase[rows.baseline & ~np.isnan(sigma)]] = True
    enough = enough_points(rows, profile) & known
    flat = flat & enough
    usual = np.full(rows.phases, np.nan) if collapsed is None else usual_values(rows, collapsed & ~flat & enough)
    width = np.where(flat[rows.phase], 0.0, sigma)
    width = np.where(enough[rows.phase] & ~np.isnan(sigma), width, np.nan)
    return Lines(
        centre=centre,
        lower=centre - SIGMAS * width,
        upper=centre + SIGMAS * width,
        lower_inner=centre - 2 * width,
        upper_inner=centre + 2 * width,
        moving_range=moving_ranges(rows, rows.value, rows.included),
        enough=enough[rows.phase],
        flat=flat[rows.phase],
        near=~np.isnan(usual)[rows.phase],
        usual=usual[rows.phase],
    )


def _ratio(
    kind: str, frame: pl.DataFrame, profile: str | Profile, spread: Spread, *, share: bool = False, laney: bool = False
) -> Chart:
    settings = profile_of(profile)
    rows = bounded(divided(frame, settings, share=share), low=0.0, high=1.0 if share else None)
    centre, sigma, flat = chance(rows, spread)
    collapsed = None
    if laney:
        beyond, collapsed = dispersion(rows, centre, sigma)
        # Without any event, or with events only, points cannot vary more than chance.
        sigma = np.where(flat[rows.phase], sigma, sigma * beyond[rows.phase])
        flat = flat | (beyond <= _NONE)
    lines = sigma_lines(rows, settings, centre, sigma, flat=flat, collapsed=collapsed)
    return with_runs(finished(kind, rows, lines, settings, divided=True), rows)


def chance(rows: Ordered, spread: Spread) -> tuple[Floats, Floats, Flags]:
    """Returns the centre and the sigma of chance at every row, and by phase whether chance leaves no room at all."""
    num, den = number(rows, "num"), number(rows, "den")
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = phase_sums(rows, num, rows.baseline) / phase_sums(rows, den, rows.baseline)
        sigma = spread(mean[rows.phase], np.where(den > 0, den, np.nan))
    flat = np.ones(rows.phases, dtype=bool)
    flat[rows.phase[sigma > 0]] = False
    return mean[rows.phase], sigma, flat


def dispersion(rows: Ordered, centre: Floats, sigma: Floats) -> tuple[Floats, Flags]:
    """Returns Laney's sigma z by phase: how much more points vary than chance, 1 being not at all; below 1, less.

    Screened where asked for; beside it whether a screen would leave zeros only.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = (rows.value - centre) / np.where(sigma > 0, sigma, np.nan)
    average, collapsed = mean_moving_ranges(rows, moving_ranges(rows, scores, rows.baseline))
    return average / D2, collapsed


def _binomial(mean: Floats, den: Floats) -> Floats:
    return np.sqrt(np.maximum(mean * (1 - mean), 0.0) / den)


def _poisson(mean: Floats, den: Floats) -> Floats:
    return np.sqrt(mean / den)


def _sized(frame: pl.DataFrame, profile: Profile) -> tuple[Ordered, Floats, Flags]:
    """Returns the rows, how many units each is of, and whether its series states that."""
    rows = counted(frame, profile)
    size, num = number(rows, "den"), number(rows, "num")
    refuse(rows, size < 0, "den", "A denominator cannot be negative")
    weighted = denominated(rows)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(weighted & ~np.isnan(num), num / size, rows.value)
    value = np.where(weighted & ~(size > 0), np.nan, value)
    return revalued(rows, value), np.where(weighted, np.where(size > 0, size, np.nan), 1.0), weighted
