"""The lines of a chart: its centre and limits at every point, and what a phase lacks when it has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from metrics.spc.frame import Flags, Floats, Ordered
from metrics.spc.profile import Profile

SCREEN: Final = 3.267
FLAT: Final = 1e-9  # a moving range that is smaller, beside the values, is rounding
_USUAL_SHARE: Final = 0.75


@dataclass(frozen=True, slots=True)
class Lines:
    """Centre and limits at every row; NaN where there are none.

    Attributes:
        lower_inner, upper_inner: two thirds of the way to the limits.
        moving_range: distance to the row before, NaN at a phase's start and beside a gap.
        enough: whether the row's phase has the points that limits need.
        flat: whether the phase's values do not vary, so that no rule applies.
        near: whether most of the phase's values are one and the same, so that only the limits apply.
        usual: that value, NaN where `near` is not.
    """

    centre: Floats
    lower: Floats
    upper: Floats
    lower_inner: Floats
    upper_inner: Floats
    moving_range: Floats
    enough: Flags
    flat: Flags
    near: Flags
    usual: Floats


def phase_sums(rows: Ordered, what: Floats, where: Flags) -> Floats:
    """Returns the sum by phase over the rows where a flag holds, one entry a phase."""
    return np.bincount(rows.phase[where], weights=what[where], minlength=rows.phases).astype(np.float64)


def phase_counts(rows: Ordered, where: Flags) -> Floats:
    """Returns the number of rows by phase where a flag holds, one entry a phase."""
    return np.bincount(rows.phase[where], minlength=rows.phases).astype(np.float64)


def phase_means(rows: Ordered, what: Floats, where: Flags) -> Floats:
    """Returns the mean by phase over the rows where a flag holds, NaN without such rows; one entry a phase."""
    count = phase_counts(rows, where)
    with np.errstate(invalid="ignore", divide="ignore"):
        first = phase_sums(rows, what, where) / count
        # A second pass takes the rounding away, so that a value that is the mean equals it.
        return first + phase_sums(rows, what - first[rows.phase], where) / count


def phase_medians(rows: Ordered) -> Floats:
    """Returns the median by phase of its baseline, NaN without one; one entry a phase."""
    order = np.flatnonzero(rows.baseline)
    order = order[np.lexsort((rows.value[order], rows.phase[order]))]
    count = phase_counts(rows, rows.baseline).astype(np.int64)
    starts = np.cumsum(count) - count
    found = np.full(rows.phases, np.nan)
    held = count > 0
    low, high = (rows.value[order[(starts + at)[held]]] for at in ((count - 1) // 2, count // 2))
    found[held] = low + (high - low) / 2
    return found


def moving_ranges(rows: Ordered, what: Floats, where: Flags) -> Floats:
    """Returns the distance of every row to the one before; NaN where either does not count or a phase begins."""
    found = np.full(len(what), np.nan)
    beside = where[1:] & where[:-1] & (rows.phase[1:] == rows.phase[:-1])
    found[1:][beside] = np.abs(what[1:] - what[:-1])[beside]
    return found


def mean_moving_ranges(rows: Ordered, ranges: Floats) -> tuple[Floats, Flags]:
    """Returns the mean moving range by phase, screened where asked for, and whether the screen would leave zeros only.

    A screen that leaves only zeros is not applied: limits of no width would make every point a signal.
    """
    where = ~np.isnan(ranges)
    held = np.where(where, ranges, 0.0)
    plain = phase_means(rows, held, where)
    kept = where & (held < SCREEN * plain[rows.phase])
    screened = phase_means(rows, held, kept)
    collapsed = ~(np.nan_to_num(screened) > 0) & (plain > 0)
    asked = np.zeros(rows.phases, dtype=bool)
    asked[rows.phase] = rows.screened
    return np.where(asked & ~collapsed & ~np.isnan(screened), screened, plain), collapsed


def enough_points(rows: Ordered, profile: Profile) -> Flags:
    """Returns by phase whether it has the points that limits need; a frozen baseline needs no more than its length."""
    needed = np.full(rows.phases, profile.minimum_points)
    frozen = rows.fix > 0
    needed[rows.phase[frozen]] = np.minimum(profile.minimum_points, rows.fix[frozen])
    return np.asarray(phase_counts(rows, rows.baseline) >= needed)


def usual_values(rows: Ordered, asked: Flags) -> Floats:
    """Returns the value that three quarters of a phase's baseline share, NaN where none does or the phase is not asked.

    One entry a phase.
    """
    where = rows.baseline & asked[rows.phase]
    order = np.flatnonzero(where)
    order = order[np.lexsort((rows.value[order], rows.phase[order]))]
    count = phase_counts(rows, where).astype(np.int64)
    starts = np.cumsum(count) - count
    found = np.full(rows.phases, np.nan)
    held = count > 0
    found[held] = rows.value[order[(starts + count // 2)[held]]]
    same = where & (rows.value == found[rows.phase])
    return np.where(phase_counts(rows, same) >= _USUAL_SHARE * count, found, np.nan)


def xmr_lines(rows: Ordered, profile: Profile) -> Lines:
    """Returns mean and natural process limits of individual values.

    The limits are the mean and `limit_factor` mean moving ranges to either side, by phase. Moving ranges cross neither
    a gap nor a phase. Source: the XmR chart as Making Data Count and NHSRplotthedots draw it.
    """
    mean = phase_means(rows, np.nan_to_num(rows.value), rows.baseline)
    shown = moving_ranges(rows, rows.value, rows.included)
    average, collapsed = mean_moving_ranges(rows, moving_ranges(rows, rows.value, rows.baseline))
    scale = np.zeros(rows.phases)
    np.maximum.at(scale, rows.phase[rows.baseline], np.abs(rows.value[rows.baseline]))
    flat = average <= FLAT * scale
    average = np.where(flat, 0.0, average)
    enough = enough_points(rows, profile) & ~np.isnan(average)
    usual = usual_values(rows, collapsed & ~flat)
    width = np.where(enough, profile.limit_factor * average, np.nan)[rows.phase]
    centre = mean[rows.phase]
    return Lines(
        centre=centre,
        lower=centre - width,
        upper=centre + width,
        lower_inner=centre - width * 2 / 3,
        upper_inner=centre + width * 2 / 3,
        moving_range=shown,
        enough=enough[rows.phase],
        flat=(flat & enough)[rows.phase],
        near=(~np.isnan(usual) & enough)[rows.phase],
        usual=usual[rows.phase],
    )
