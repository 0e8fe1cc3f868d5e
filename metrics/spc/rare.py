"""Charts of rare events, which plot what lies between one event and the next: time (t) or cases (g).

A longer gap is better when fewer events are better. `improvement_direction` is read as of what is plotted, the gap:
write `increase` for harm, `decrease` for what ought to come often. A target of a rate says nothing about a gap, so
neither chart judges assurance.

Sources of the formulae: Nelson 1994 (Journal of Quality Technology 26:239) for t; Benneyan 2001 for g; constants and
the median as centre of g as in qicharts2 0.8.1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

import numpy as np
import polars as pl

from metrics.spc.attribute import D2, sigma_lines
from metrics.spc.chart import Chart, finished
from metrics.spc.frame import Floats, Ordered
from metrics.spc.lines import Lines, mean_moving_ranges, moving_ranges, phase_means, phase_medians
from metrics.spc.parts import bounded, counted, refuse, revalued
from metrics.spc.profile import Profile, profile_of
from metrics.spc.runs import with_runs

ROOT: Final = 3.6
_NONE: Final = 1e-9


def t(frame: pl.DataFrame, profile: str | Profile = "mdc", *, zero: Literal["half", "zero"] = "half") -> Chart:
    """Returns t charts: the time between an event and the one before, one row an event.

    The time's 3.6th root is nearly normal; limits are set there as on an I chart, and drawn back.

    Args:
        frame: as `xmr` takes it; `num` may stand for `value`.
        profile: the name of a profile, or one of your own; its `limit_factor` is of XmR charts alone.
        zero: a time of 0 is two events on one day. `half` judges it as half of the shortest other time of its phase,
            since it was some part of the unit; `zero` as 0. It is plotted as 0.

    Raises:
        FrameError: the frame cannot be read so, or a time is negative.
        ProfileError: the profile is not known.
    """
    settings = profile_of(profile)
    rows = bounded(counted(frame, settings), low=0.0)
    refuse(rows, rows.value < 0, "value", "A time between two events cannot be negative")
    judged = revalued(rows, _lifted(rows)) if zero == "half" else rows
    root = judged.value ** (1 / ROOT)
    mean = phase_means(rows, np.nan_to_num(root), rows.baseline)
    average, collapsed = mean_moving_ranges(rows, moving_ranges(rows, root, rows.baseline))
    sigma = average[rows.phase] / D2
    flat = average <= _NONE * mean
    lines = _powered(sigma_lines(judged, settings, mean[rows.phase], sigma, flat=flat, collapsed=collapsed))
    chart = with_runs(finished("t", judged, lines, settings, assured=False), judged)
    return _plotted(chart, rows)


def g(frame: pl.DataFrame, profile: str | Profile = "mdc") -> Chart:
    """Returns g charts: the number of cases between an event and the one before, one row an event.

    The limits are the mean and three sigma of a geometric distribution; the centre is the median, so that runs have
    equal chances on either side of it although the distribution is skew.

    Args:
        frame: as `xmr` takes it; `num` may stand for `value`.
        profile: the name of a profile, or one of your own; its `limit_factor` is of XmR charts alone.

    Raises:
        FrameError: the frame cannot be read so, or a number of cases is negative.
        ProfileError: the profile is not known.
    """
    settings = profile_of(profile)
    rows = bounded(counted(frame, settings), low=0.0)
    refuse(rows, rows.value < 0, "value", "A number of cases cannot be negative")
    mean = phase_means(rows, np.nan_to_num(rows.value), rows.baseline)
    with np.errstate(invalid="ignore"):
        sigma = np.sqrt(mean * (mean + 1))
    around = sigma_lines(rows, settings, mean[rows.phase], sigma[rows.phase], flat=~(mean > 0))
    lines = replace(around, centre=phase_medians(rows)[rows.phase])
    return with_runs(finished("g", rows, lines, settings, assured=False), rows)


def _lifted(rows: Ordered) -> Floats:
    """Returns the values, those of 0 as half of the shortest other value that sets the limits of their phase."""
    least = np.full(rows.phases, np.inf)
    above = rows.baseline & (rows.value > 0)
    np.minimum.at(least, rows.phase[above], rows.value[above])
    least = np.where(np.isinf(least), 0.0, least)
    return np.where(rows.value == 0, least[rows.phase] / 2, rows.value)


def _powered(lines: Lines) -> Lines:
    """Returns the lines of roots as lines of the values; below a root of 0 there is no value."""

    def back(line: Floats) -> Floats:
        return np.maximum(line, 0.0) ** ROOT

    return replace(
        lines,
        centre=back(lines.centre),
        lower=back(lines.lower),
        upper=back(lines.upper),
        lower_inner=back(lines.lower_inner),
        upper_inner=back(lines.upper_inner),
    )


def _plotted(chart: Chart, rows: Ordered) -> Chart:
    """Returns the chart with the values as they were reported."""
    points = chart.points.with_columns(
        pl.Series("value", rows.value, nan_to_null=True),
        pl.Series("moving_range", moving_ranges(rows, rows.value, rows.included), nan_to_null=True),
    )
    latest = points.select("series", pl.col("date").alias("latest_date"), pl.col("value").alias("latest_value"))
    series = chart.series.drop("latest_value").join(
        latest, on=["series", "latest_date"], how="left", maintain_order="left"
    )
    return replace(chart, points=points, series=series.select(chart.series.columns))
