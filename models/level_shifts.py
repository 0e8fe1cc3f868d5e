"""Lasting changes of level, such as a ward that doubled: what came before them is moved to the level of now.

A value far from all others is drawn in before anything is learnt from it. After a lasting change every value is far
from those before, and would be drawn in for as long as the old level is the longer one. So changes are looked for
first: where the middle of the weeks after a point differs from that of the weeks before it by far more than such
middles usually differ, by a seventh of the level at least, and not as it did a year before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import pi, sqrt
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from models.calendar import Floats, Frequency
from models.effects import bridged

_NEARLY_NOTHING = 0.2
"""Of the level after a change: below it, the level before says nothing of proportions."""

_MAD_TO_SD = 1.4826
_STEP_TO_SD = sqrt(pi) / 2
"""Of mean absolute differences between neighbours."""
_MEDIAN_TO_MEAN = sqrt(pi / 2)
"""How much larger the error of a median is than that of a mean."""


@dataclass(frozen=True, slots=True)
class Shifts:
    """How lasting changes are told.

    Attributes:
        block: periods that are looked at as one, by their median: a week of days, so that weekdays are even.
        after, before: blocks on both sides of a point whose medians are compared.
        soonest: of the newest blocks, how many there must be after a point.
        year: blocks after which the season comes back, give or take `around`; what comes back with it is no change.
        episode: blocks within which a level that goes back has not changed, and that it must not leave again.
        sure: how many times as large as usual a difference must be.
        least: and which share of the level, on the models' scale.
        most: changes of one series that are followed, the newest first.
    """

    block: int
    after: int
    before: int
    soonest: int
    year: int
    around: int
    episode: int
    sure: float = 6.0
    least: float = 0.07
    most: int = 4


SHIFTS: Final[Mapping[Frequency, Shifts]] = {
    Frequency.DAILY: Shifts(block=7, after=3, before=4, year=52, around=2, episode=16, soonest=1),
    Frequency.WEEKLY: Shifts(block=1, after=5, before=8, year=52, around=2, episode=16, soonest=3),
    Frequency.MONTHLY: Shifts(block=1, after=4, before=6, year=12, around=1, episode=6, soonest=3),
}


def changes(past: Floats, rare: NDArray[np.bool_], how: Shifts) -> dict[int, list[int]]:
    """Returns the first periods after lasting changes, the newest first, by number of the series that have any.

    Args:
        past: values on the models' scale (periods x series); NaN where nothing was reported.
        rare: periods that say nothing of the level, such as Christmas.
        how: how changes are told.
    """
    if len(past) < how.block * (how.before + how.soonest):
        return {}
    even, far, size = _looked_at(bridged(past, ~np.isnan(past) & ~rare[:, None], how.block), how)
    found = {
        int(number): _begins(even[:, number], far[:, number], size[:, number], how)
        for number in np.flatnonzero(far.any(axis=0))
    }
    return {number: begins for number, begins in found.items() if begins}


def continued(past: Floats, rare: NDArray[np.bool_], signed: NDArray[np.bool_], how: Shifts) -> Floats:
    """Returns the past on the level of now (periods x series, on the models' scale; NaN where nothing was reported).

    What came before a lasting change is multiplied by what the level became of what it was; series with values below
    nought, and times at nearly nothing, have the difference added.

    Args:
        past: values on the models' scale.
        rare: periods that say nothing of the level, such as Christmas.
        signed: series with values below nought.
        how: how changes are told.
    """
    found = changes(past, rare, how)
    if not found:
        return past
    result = past.copy()
    for number, begins in found.items():
        own = past[:, [number]]
        known = bridged(own, ~np.isnan(own) & ~rare[:, None], how.block)[:, 0]
        result[:, number] = _moved(result[:, number], known, begins, bool(signed[number]), how)
    return result


def levels_around(values: Floats, begins: Sequence[int], how: Shifts) -> list[tuple[int, float, float]]:
    """Returns each change of one series with the median before and after it, in the values' unit, the newest first."""
    edges = [len(values), *begins, 0]
    near = how.before * how.block
    found = []
    for until, begin, start in zip(edges, edges[1:], edges[2:], strict=False):
        before, after = values[max(start, begin - near) : begin], values[begin : min(until, begin + near)]
        if np.isfinite(before).any() and np.isfinite(after).any():
            found.append((begin, float(np.nanmedian(before)), float(np.nanmedian(after))))
    return found


def _looked_at(known: Floats, how: Shifts) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """The values without weekdays, which points between blocks are far apart, and by how much."""
    even = known - _by_place(known, how.block)
    steps = np.abs(np.diff(even, axis=0))
    usual = _MAD_TO_SD / sqrt(2) * np.median(steps, axis=0)
    noise = np.where(usual > 0, usual, _STEP_TO_SD * steps.mean(axis=0))
    return even, *_beyond(_blocks(even, how), noise, how)


def _begins(even: Floats, far: NDArray[np.bool_], size: Floats, how: Shifts) -> list[int]:
    """The first periods after each lasting change of one series, the newest first."""
    found: list[int] = []
    places = np.flatnonzero(far)
    for run in np.split(places, np.flatnonzero((np.diff(places) > 1) | (np.diff(np.sign(size[places])) != 0)) + 1):
        point = int(run[np.argmax(np.abs(size[run]))]) + 1
        begin = _begin(even, point, how)
        if not found or found[-1] - begin >= how.block:
            found.append(begin)
    return _lasting(even, found, how)[: how.most]


def _begin(even: Floats, point: int, how: Shifts) -> int:
    """The period near a point, in blocks from the end, from which two levels fit best."""
    begin = len(even) - point * how.block
    first = max(begin - how.before * how.block, 0)
    until = len(even) - max(point - how.after, 0) * how.block
    aside = how.block if how.block > 1 else how.after - 1
    latest = min(until - 1, len(even) - how.soonest * how.block)
    tries = np.arange(max(begin - aside, first + aside), min(begin + aside, latest) + 1)
    if not len(tries):
        return begin
    spent = [_spent(even[first:each]) + _spent(even[each:until]) for each in tries]
    return int(tries[int(np.argmin(spent))])


def _lasting(even: Floats, begins: list[int], how: Shifts) -> list[int]:
    """The changes before and after which the level stayed, and that were not soon undone."""
    edges = [len(even), *begins, 0, 0]
    near, far = how.before * how.block, how.episode * how.block
    kept: list[int] = []
    is_undone = False
    for until, begin, start, earlier in zip(edges, edges[1:], edges[2:], edges[3:], strict=False):
        if is_undone:
            is_undone = False
            continue
        new = _middle(even[begin : min(until, begin + how.after * how.block)])
        old = _middle(even[max(start, begin - near) : begin])
        if start and begin - start <= far:
            is_undone = abs(new - _middle(even[max(start - near, earlier) : start])) < abs(new - old) / 3
        since, before = even[begin : min(until, begin + far)], even[max(start, begin - far) : begin]
        stayed = max(abs(_middle(since) - new), abs(_middle(before) - old)) < abs(new - old) / 2
        # A week of nothing is a closure or a feed that failed, before it is the end of a service.
        is_early = nearly_nothing(new, old) and len(even) - begin < how.after * how.block
        apart = _is_apart(even[max(start, begin - near) : begin], even[begin : min(until, begin + near)], how)
        if stayed and apart and not is_undone and not is_early:
            kept.append(begin)
    return kept


def _is_apart(before: Floats, after: Floats, how: Shifts) -> bool:
    """Whether means differ as well: medians of few small counts jump from one whole number to the next."""
    counts = len(before), len(after)
    spread = np.sqrt((counts[0] * before.var() + counts[1] * after.var()) / max(sum(counts) - 2, 1))
    return bool(abs(after.mean() - before.mean()) >= how.sure * spread * sqrt(1 / counts[0] + 1 / counts[1]))


def nearly_nothing(level: float, beside: float) -> bool:
    """Returns whether a level is nearly nothing beside another, both on the models' scale."""
    return level < _NEARLY_NOTHING * beside


def _moved(values: Floats, known: Floats, begins: list[int], signed: bool, how: Shifts) -> Floats:
    """The values of each time between changes on the level of the newest; `known` has no gaps."""
    result = values.copy()
    least = max(_NEARLY_NOTHING * _middle(known[begins[0] :]), 1e-9)
    ratio, added = 1.0, 0.0
    edges = [len(known), *begins, 0]
    for until, begin, start in zip(edges, edges[1:], edges[2:], strict=False):
        new = _middle(known[begin : min(until, begin + how.after * how.block)])
        old = _middle(known[max(start, begin - how.before * how.block) : begin])
        added += new - old
        ratio *= max(new, least) / max(old, least)
        if signed:
            result[start:begin] = values[start:begin] + added
        elif old < least:
            result[start:begin] = values[start:begin] + ratio * least - old
        else:
            result[start:begin] = values[start:begin] * ratio
    return result


def _middle(values: Floats) -> float:
    return float(np.median(values))


def _spent(values: Floats) -> float:
    return float(np.abs(values - np.median(values)).sum())


def _by_place(known: Floats, block: int) -> Floats:
    """How the median of each place in the block differs from that of all, counted from the end (periods x series)."""
    result = np.zeros_like(known)
    if block > 1:
        middle = np.median(known, axis=0)
        for place in range(block):
            result[::-1][place::block] = np.median(known[::-1][place::block], axis=0) - middle
    return result


def _blocks(even: Floats, how: Shifts) -> Floats:
    """Medians of whole blocks, the newest first (blocks x series).

    The newest stands alone, so it counts by its second nearest value to the level before: a strike is no change.
    """
    count = len(even) // how.block
    whole = even[len(even) - count * how.block :].reshape(count, how.block, even.shape[1])
    result = np.asarray(np.median(whole, axis=1)[::-1])
    if how.block > 1:
        before = np.median(result[1 : 1 + how.before], axis=0)
        away = whole[-1] - before
        second = np.argsort(np.abs(away), axis=0)[1]
        result[0] = before + np.take_along_axis(away, second[None, :], axis=0)[0]
    return result


def _beyond(blocks: Floats, noise: Floats, how: Shifts) -> tuple[NDArray[np.bool_], Floats]:
    """Which points between blocks, from the newest, are far apart, and by how much (points x series).

    `noise` is the standard deviation of single periods, which the medians of few cannot be surer than: a service that
    sees nobody on most days has blocks of 0, and would change with the first that is none.
    """
    block = noise * (_MEDIAN_TO_MEAN / sqrt(how.block) if how.block > 1 else 1.0)
    points = len(blocks) - how.before
    level = np.median(sliding_window_view(blocks[1:], how.before, axis=0), axis=-1)
    size, usual = np.zeros_like(level), np.zeros_like(level)
    for newer in range(how.soonest, min(how.after, points) + 1):
        # Few blocks vary more than many: each number of them is measured by its own.
        own = np.median(sliding_window_view(blocks, newer, axis=0), axis=-1)[: points - newer + 1] - level[newer - 1 :]
        here = slice(newer - 1, newer if newer < how.after else None)
        size[here] = own[: 1 if newer < how.after else None]
        least = block * _MEDIAN_TO_MEAN * sqrt(1 / newer + 1 / how.before)
        usual[here] = np.maximum(_MAD_TO_SD * np.median(np.abs(own), axis=0), least)
        if newer < how.after:
            # What went as far before, and back, says that this may go back too.
            before = np.where(np.sign(own[newer:]) == np.sign(own[0]), np.abs(own[newer:]), 0.0).max(axis=0, initial=0)
            usual[newer - 1] = np.maximum(usual[newer - 1], before / how.sure)
    beside = size
    for lag in range(how.year - how.around, min(how.year + how.around + 1, points)):
        for same in (_later(size, lag), _later(size[::-1], lag)[::-1]):
            is_alike = np.sign(same) == np.sign(size)
            rest = np.where(is_alike, np.sign(size) * np.maximum(np.abs(size) - np.abs(same), 0.0), size)
            beside = np.where(np.abs(rest) < np.abs(beside), rest, beside)
    far = (np.abs(beside) > how.sure * usual) & (np.abs(beside) > how.least * np.abs(level))
    return far, beside


def _later(values: Floats, lag: int) -> Floats:
    """The values with each in the place `lag` before its own; 0 where there is none."""
    result = np.zeros_like(values)
    result[:-lag] = values[lag:]
    return result
