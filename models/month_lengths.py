"""Whether longer months have more: counts of events grow with the days, stocks, means and shares do not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.calendar import Days, Floats, Frequency, days_in

FEWEST = 6
"""Changes from month to month below which a series is taken as it is."""

LIKELY, CLEAR = 2.0, 3.0
"""Standard errors from which a series counts for a kind of its own, and from which it goes against all others."""

ODD = 0.1
"""Series of one kind may have so many among them that seem to be of the other."""

_CONSTANT = 1e-9
_WAVES = ((24, 2), (0, 1))
"""Months of history to the waves of the year that are taken away first: shorter ones cannot tell so many apart."""


def grows_with_days(scaled: Floats, months: Days) -> NDArray[np.bool_]:
    """Returns which series are steadier per day than as they are, once trend and season are taken away.

    February is a tenth shorter than its neighbours, so one of the two bends every year. The mean absolute change from
    month to month decides. Where the series go one way, as those of one metric do, one that is not clear goes with
    them; where they differ, as in a file of many kinds, each decides for itself. A tie is taken as it is, and so is a
    constant.

    Args:
        scaled: values on a scale on which a rate is one over the root of the days (months x series); NaN is no value.
        months: their first days.
    """
    length, series = scaled.shape
    if length < FEWEST:
        return np.zeros(series, dtype=bool)
    root = np.sqrt(days_in(months, Frequency.MONTHLY).astype(float))
    rate = scaled / (root / root.mean())[:, None]
    changes = np.diff(np.stack([scaled, rate], axis=2), axis=0)
    shape = _shape(months)
    gain, moves = np.zeros(series), np.zeros(series, dtype=bool)
    for number in range(series):
        known = ~np.isnan(changes[:, number, 0])
        if known.sum() >= FEWEST:
            own = changes[known, number]
            effect = np.linalg.lstsq(shape[known], own, rcond=None)[0]
            left = np.abs(own - shape[known] @ effect)
            # A constant is one as it is, and says nothing of its companions.
            moves[number] = left[:, 0].mean() > _CONSTANT * np.nanmean(np.abs(scaled[:, number]))
            gain[number] = _gain(left) if moves[number] else 0.0
    longer = gain > 0
    sides = (gain >= LIKELY).sum(), (gain <= -LIKELY).sum()
    if min(sides) <= ODD * series:
        together = np.clip(gain, -LIKELY, LIKELY).sum() > 0
        longer = np.where(np.abs(gain) >= CLEAR, longer, together)
    return np.asarray(moves & longer)


def _gain(left: Floats) -> float:
    """How much less changes are per day than as they are (changes x both), in standard errors."""
    less = left[:, 0] - left[:, 1]
    error = float(less.std() / np.sqrt(len(less)))
    return float(less.mean()) / error if error > 0 else 0.0


def _shape(months: Days) -> Floats:
    """The changes of a straight trend and of the year's longest waves (months less one x columns)."""
    number = months.astype("datetime64[M]").astype(np.int64)
    orders = next(waves for least, waves in _WAVES if len(months) >= least)
    angles = [2 * np.pi * order * number / 12 for order in range(1, orders + 1)]
    waves = [wave for angle in angles for wave in (np.sin(angle), np.cos(angle))]
    return np.diff(np.column_stack([number - number[0], *waves]).astype(np.float64), axis=0)
