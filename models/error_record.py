"""Which errors of earlier forecasts say how well the level of now is forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from models.calendar import Floats
from models.effects import EXACT
from models.level_shifts import Shifts

SELDOM = 2
"""Lasting changes among the earlier forecasts that are no reason to expect another."""


def without_changes(
    errors: Floats, ladder: Sequence[int], found: Mapping[int, Sequence[int]], how: Shifts, level: Floats
) -> tuple[Floats, Floats]:
    """Returns the errors without what forecasts made before a lasting change missed by after it.

    That says how far off the next change will be, not how well the level of now is forecast. Where changes come often,
    and where nothing would be left, it stays.

    Args:
        errors: truth less forecast at earlier cut-offs (origins x horizon x series); NaN where not known.
        ladder: the cut-offs, ascending.
        found: the first periods after lasting changes, by number of the series.
        how: how changes are told.
        level: mean absolute values by series.

    Returns:
        The errors, and the mean absolute error of series that never missed but at a change; 0 of all others.
    """
    lone = np.zeros(errors.shape[2])
    if not found or not ladder:
        return errors, lone
    result = errors.copy()
    origins = np.array(ladder)[:, None]
    targets = origins + np.arange(errors.shape[1])
    for series, begins in found.items():
        recent = [begin for begin in begins if begin > ladder[0]]
        if len(recent) > SELDOM:
            continue
        for begin in recent:
            # A change is only known a while after it began.
            result[(origins < begin + how.block * how.soonest) & (targets >= begin), series] = np.nan
        own = errors[:, :, series]
        if np.isnan(result[:, :, series]).all():
            result[:, :, series] = own
        elif not (np.nan_to_num(np.abs(result[:, :, series])) > EXACT * level[series]).any():
            lone[series] = np.nanmean(np.abs(own))
    return result, lone
