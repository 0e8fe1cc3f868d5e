"""Moving range charts: how far each point lies from the one before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from metrics.spc.chart import Chart, finished
from metrics.spc.lines import SCREEN, Lines, enough_points, mean_moving_ranges, moving_ranges
from metrics.spc.parts import counted, revalued
from metrics.spc.profile import Profile, profile_of
from metrics.spc.rules import signals
from metrics.spc.runs import with_runs


def mr(frame: pl.DataFrame, profile: str | Profile = "mdc") -> Chart:
    """Returns mR charts: moving ranges, their mean, and 3.267 times their mean as the upper limit.

    The value plotted is the moving range: a phase's first point and one beside a gap have none. Neighbouring ranges
    share a point, so no rule but the upper limit applies. A wide range is neither better nor worse: the direction is
    neutral, and there is no target.

    Args:
        frame: as `xmr` takes it; `num`, or `num` by `den`, may stand for `value`.
        profile: the name of a profile, or one of your own.

    Raises:
        FrameError: the frame cannot be read so.
        ProfileError: the profile is not known.
    """
    settings = profile_of(profile)
    held = counted(frame, settings, ratio=True)
    neither = held.frame.with_columns(improvement_direction=pl.lit("neutral"), target=pl.lit(None, pl.Float64))
    # Bounds are of the measure; those of its ranges are not stated.
    unbounded = neither.with_columns(lower_bound=pl.lit(0.0), upper_bound=pl.lit(None, pl.Float64))
    plotted = revalued(replace(held, frame=unbounded), moving_ranges(held, held.value, ~np.isnan(held.value)))
    counts = ~np.isnan(moving_ranges(held, held.value, held.included))
    setting = moving_ranges(held, held.value, held.baseline)
    rows = replace(plotted, included=counts, baseline=~np.isnan(setting))
    average, _ = mean_moving_ranges(rows, setting)
    enough = enough_points(held, settings) & ~np.isnan(average)
    mean = average[rows.phase]
    none = np.full(len(mean), np.nan)
    lines = Lines(
        centre=mean,
        lower=np.where(enough[rows.phase], 0.0, np.nan),
        upper=np.where(enough[rows.phase], SCREEN * mean, np.nan),
        lower_inner=none,
        upper_inner=none,
        moving_range=rows.value,
        enough=enough[rows.phase],
        flat=((average == 0) & enough)[rows.phase],
        near=np.zeros(len(mean), dtype=bool),
        usual=none,
    )
    fired = signals(rows, lines, settings)
    nowhere = np.zeros(len(mean), dtype=bool)
    found = replace(fired, shift=nowhere, two_in_three=nowhere, trend=np.zeros_like(fired.trend))
    return with_runs(finished("mr", rows, lines, settings, assured=False, found=found), rows, told=False)
