"""The rules of special cause, each over all series at once. No rule spans two series, nor two phases but where said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from metrics.spc.frame import Flags, Floats, Ordered, Whole
from metrics.spc.lines import FLAT, Lines
from metrics.spc.profile import Profile

Kind = TypeVar("Kind", bound=np.generic)
ROUNDING: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Signals:
    """What fired at every row.

    Attributes:
        side: 1 above the centre, -1 below it, 0 on it or without a value that counts.
        outside: beyond a limit; a point on a limit is inside.
        close: inside the limits and beyond two sigma.
        shift: one of a run on one side of the centre.
        trend: 1 rising, -1 falling, 0 none.
        two_in_three: one of two points out of three beyond two sigma on one side.
        run_length: points in a row on the same side of the centre, up to and with this one.
        steps: steps in a row in the same direction, up to and with this point.
    """

    side: Whole
    outside: Flags
    close: Flags
    shift: Flags
    trend: Whole
    two_in_three: Flags
    run_length: Whole
    steps: Whole


def signals(rows: Ordered, lines: Lines, profile: Profile) -> Signals:
    """Returns what every rule of the profile says of every row. Source: the four rules of Making Data Count."""
    counted, scale = rows.included & lines.enough, scales(rows)
    side = np.where(rows.included, compared(rows.value, lines.centre, scale), 0)
    above = compared(rows.value, lines.upper, scale) > 0
    below = compared(rows.value, lines.lower, scale) < 0
    # Where nothing varies the limits are the mean: what differs from it is beyond them, but for rounding.
    moved = ~lines.flat | (np.abs(rows.value - lines.centre) > FLAT * scale)
    usual = lines.near & (rows.value == lines.usual)
    outside = counted & moved & ~usual & (above | below)
    far = (compared(rows.value, lines.upper_inner, scale) > 0) | (compared(rows.value, lines.lower_inner, scale) < 0)
    beyond = counted & ~usual & far
    plain = counted & ~lines.flat & ~lines.near
    at = np.flatnonzero(rows.included) if profile.gaps == "skip" else np.arange(len(side))
    phase, valid = rows.phase[at], rows.included[at]
    shift_run, shift_so_far = runs_of(side[at], phase)
    chain = rows.series[at] if profile.trend_crosses_phases else phase
    step = _steps(rows.value[at], chain, valid)
    trend = _trend(step, chain, profile)
    close_enough = beyond if profile.two_in_three == "mdc" else beyond & ~outside
    thirds = _two_in_three(side[at], phase, close_enough[at], profile)
    return Signals(
        side=side,
        outside=outside,
        close=beyond & ~outside & ~lines.flat,
        shift=_spread(at, (shift_run >= profile.shift_length) & (side[at] != 0), side) & plain,
        trend=np.where(plain, _spread(at, trend, side), 0),
        two_in_three=_spread(at, thirds, side) & plain,
        run_length=_spread(at, np.where(side[at] == 0, 0, shift_so_far), side),
        steps=_spread(at, np.where(step == 0, 0, runs_of(step, chain)[1]), side),
    )


def scales(rows: Ordered) -> Floats:
    """Returns the largest absolute value of each row's phase: what rounding is measured by."""
    largest = np.zeros(rows.phases)
    np.maximum.at(largest, rows.phase[rows.included], np.abs(rows.value[rows.included]))
    return largest[rows.phase]


def compared(value: Floats, line: Floats, scale: Floats) -> Whole:
    """Returns 1 above the line, -1 below it, 0 on it up to rounding, or where either is missing."""
    with np.errstate(invalid="ignore"):
        difference = value - line
        same = np.abs(difference) <= ROUNDING * np.fmax(scale, np.fmax(np.abs(value), np.abs(line)))
        return np.where(np.isnan(difference) | same, 0, np.sign(np.nan_to_num(difference))).astype(np.int64)


def _spread(at: Whole, found: npt.NDArray[Kind], like: Whole) -> npt.NDArray[Kind]:
    """Returns what was found at some rows as an array over all; nothing elsewhere."""
    whole = np.zeros(len(like), dtype=found.dtype)
    whole[at] = found
    return whole


def runs_of(what: Whole, group: Whole) -> tuple[Whole, Whole]:
    """Returns, for every entry, how long its run of equal entries is, and how far into it the entry stands."""
    count = len(what)
    if not count:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    starts = np.ones(count, dtype=bool)
    starts[1:] = (what[1:] != what[:-1]) | (group[1:] != group[:-1])
    run = np.cumsum(starts) - 1
    first = np.flatnonzero(starts)
    return np.diff(np.append(first, count))[run], np.arange(count) - first[run] + 1


def _steps(value: Floats, chain: Whole, valid: Flags) -> Whole:
    """Returns the direction of the step to every entry; 0 where a chain begins or either value is missing."""
    found = np.zeros(len(value), dtype=np.int64)
    linked = (chain[1:] == chain[:-1]) & valid[1:] & valid[:-1]
    found[1:][linked] = np.sign(value[1:][linked] - value[:-1][linked]).astype(np.int64)
    return found


def _trend(step: Whole, chain: Whole, profile: Profile) -> Whole:
    """Returns the direction of the trend that every entry is part of, 0 where it is part of none."""
    if not len(step):
        return step
    long = np.where(runs_of(step, chain)[0] >= profile.trend_length - 1, step, 0)
    onward = np.append(np.where(chain[1:] == chain[:-1], long[1:], 0), 0)  # the trend that begins with this entry
    if profile.trend_direction == "later":
        return np.where(onward != 0, onward, long)
    part = (long != 0) | (onward != 0)
    followed = np.append(part[1:] & (chain[1:] == chain[:-1]), False)
    direction = np.where(followed, np.append(step[1:], 0), step)
    return np.where(part, np.where(direction > 0, 1, -1), 0)


def _two_in_three(side: Whole, phase: Whole, close: Flags, profile: Profile) -> Flags:
    """Returns the entries beyond two sigma within any three in a row on one side of which two are."""
    found = np.zeros(len(side), dtype=bool)
    if profile.two_in_three == "none" or len(side) < 3:
        return found
    same = (side[2:] != 0) & (side[2:] == side[1:-1]) & (side[2:] == side[:-2]) & (phase[2:] == phase[:-2])
    near = close.astype(np.int64)
    window = same & (near[2:] + near[1:-1] + near[:-2] >= 2)
    for offset in range(3):
        found[offset : len(found) - 2 + offset] |= window
    return found & close
