"""A list whose weeks waited were counted last some months ago, brought up to later counts of its size and share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np

from models.demand_paths import Floats
from models.list_changes import Past
from models.waiting_list import WITHIN, Start, carried, steered
from models.waiting_list_calibration import Calibration

_DAYS: Final = 7.0


@dataclass(frozen=True, slots=True)
class Count:
    """A list of which the weeks waited are not held: when it was counted, its pathways, and those under 18 weeks."""

    on: date
    size: float
    within: float

    @property
    def odds(self) -> float:
        """Returns the logarithm of the odds of less than 18 weeks; half of one added."""
        return float(np.log((self.within + 0.5) / (self.size - self.within + 0.5)))


def brought_up(calibration: Calibration, later: Sequence[Count]) -> Calibration:
    """Returns how the list is worked, starting from the last of the later counts.

    Week by week the list takes the course that leads through each count: so many are treated, and so readily those of
    18 weeks or more, as brings size and share about. Within the two groups the ages come from the pattern, and are not
    known. What the counts changed by joins the past that outlooks go on from.

    Args:
        calibration: of a list with weeks waited.
        later: counts after it, oldest first, a month or more apart; none leaves everything as it is.

    Raises:
        ValueError: a count is not later than the one before it.
    """
    if not later:
        return calibration
    start = calibration.start
    young = float(start.waiting[:WITHIN].sum())
    counts = [Count(start.on, float(start.waiting.sum()), young), *later]
    if any(after.on <= before.on for before, after in pairwise(counts)):
        raise ValueError("Later counts must be in the order of their days, after the list by weeks waited.")
    weeks = max(round((counts[-1].on - start.on).days / _DAYS), 1)
    ends = start.on.toordinal() + (np.arange(1, weeks + 1) * (counts[-1].on - start.on).days / weeks)
    days = [float(each.on.toordinal()) for each in counts]
    size = np.interp(ends, days, [each.size for each in counts])[None, :]
    odds = np.interp(ends, days, [each.odds for each in counts])[None, :]
    referrals = np.full((1, weeks), calibration.referrals)
    reached = carried(start, steered(start, referrals, size, 1 / (1 + np.exp(-odds))))[0]
    waiting = _fitted(reached, counts[-1])
    return replace(
        calibration,
        start=Start(counts[-1].on, waiting, start.pattern, start.other_stops, start.longest_first),
        growth=_longer(
            calibration.growth, counts, [(a.size - b.size) / ((a.size + b.size) / 2) for b, a in _pairs(counts)]
        ),
        odds=_longer(calibration.odds, counts, [a.odds - b.odds for b, a in _pairs(counts)]),
    )


def _pairs(counts: Sequence[Count]) -> list[tuple[Count, Count]]:
    return list(pairwise(counts))


def _fitted(waiting: Floats, count: Count) -> Floats:
    """Returns the list with exactly as many below and above 18 weeks as were counted."""
    found = waiting.copy()
    for part, counted in ((slice(None, WITHIN), count.within), (slice(WITHIN, None), count.size - count.within)):
        there = float(found[part].sum())
        found[part] = found[part] * (counted / there) if there > 0 else counted / len(found[part])
    return found


def _longer(past: Past, counts: Sequence[Count], changes: Sequence[float]) -> Past:
    months = tuple((a.on.year - b.on.year) * 12 + a.on.month - b.on.month for b, a in _pairs(counts))
    kept = [(change, span) for change, span in zip(changes, months, strict=True) if span > 0]
    return Past(
        np.concatenate([past.changes, [change for change, _ in kept]]), (*past.spans, *(span for _, span in kept))
    )
