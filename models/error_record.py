"""Which errors of earlier forecasts say how well the level of now is forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from models.calendar import Floats
from models.effects import EXACT
from models.level_shifts import Shifts, levels_around, nearly_nothing

FEW = 8
"""Earlier forecasts below which the spread of the values themselves counts."""

_OF_SD = 0.8
"""Mean absolute error of a standard deviation."""

SELDOM = 2
"""Lasting changes among the earlier forecasts that are no reason to expect another."""


def without_changes(
    errors: Floats, ladder: Sequence[int], found: Mapping[int, Sequence[int]], how: Shifts, known: Floats
) -> tuple[Floats, Floats]:
    """Returns the errors without what forecasts made before a lasting change missed by after it.

    That says how far off the next change will be, not how well the level of now is forecast. Where changes come often,
    and where nothing would be left, it stays.

    Args:
        errors: truth less forecast at earlier cut-offs (origins x horizon x series); NaN where not known.
        ladder: the cut-offs, ascending.
        found: the first periods after lasting changes, by number of the series.
        how: how changes are told.
        known: values before the cut-off, on the models' scale (periods x series).

    Returns:
        The errors, and a mean absolute error that they are taken to have at least: of series that never missed but at a
        change, and of those that only just came up from nothing; 0 of all others.
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
        newest = levels_around(known[:, series], begins, how)[:1]
        if newest and nearly_nothing(newest[0][1], newest[0][2]):
            # Nothing was forecast and nothing came: that is no record of how well it is forecast now.
            result[targets < newest[0][0], series] = np.nan
            if (~np.isnan(result[:, :, series])).any(axis=1).sum() < FEW:
                lone[series] = _OF_SD * np.nanstd(known[newest[0][0] :, series])
        elif np.isnan(result[:, :, series]).all():
            result[:, :, series] = own
        elif not (np.nan_to_num(np.abs(result[:, :, series])) > EXACT * np.nanmean(np.abs(known[:, series]))).any():
            lone[series] = np.nanmean(np.abs(own))
    return result, lone
