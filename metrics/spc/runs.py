"""Anhøj's rules: whether the longest run is longer, or the crossings fewer, than chance would have them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
from scipy import stats

from metrics.spc.chart import Chart
from metrics.spc.frame import Flags, Floats, Ordered, Whole
from metrics.spc.rules import compared, runs_of, scales

TAIL: Final = 0.05


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs about the centre. Points on the centre are left out: they neither end nor lengthen a run.

    Attributes:
        side: 1 above the centre, -1 below it, 0 on it or without a final value; one entry a row.
        run: how long the row's run is, 0 where it is in none; one entry a row.
        so_far: the same up to and with the row.
        began: the row at which its run began, 0 where it is in none; one entry a row.
        useful: points that are not on the centre. This and all that follow have one entry a phase.
        longest: the longest run.
        longest_max: the longest that chance would have: log2 of the useful points, rounded, and 3.
        crossings: how often the line crosses the centre.
        crossings_min: the fewest that chance would have, by the binomial distribution at 5 %.
    """

    side: Whole
    run: Whole
    so_far: Whole
    began: Whole
    useful: Whole
    longest: Whole
    longest_max: Whole
    crossings: Whole
    crossings_min: Whole

    @property
    def signal(self) -> Flags:
        """Returns by phase whether either figure lies beyond what chance would have."""
        return (self.longest > self.longest_max) | (self.crossings < self.crossings_min)


def runs(rows: Ordered, centre: Floats) -> Runs:
    """Returns the runs of every phase about a centre, one entry a row. Source: Anhøj and Olesen 2014 (PLoS ONE 9)."""
    side = np.where(rows.included, compared(rows.value, centre, scales(rows)), 0)
    at = np.flatnonzero(side)
    phase = rows.phase[at]
    lengths, into = runs_of(side[at], phase)
    run, so_far, began = (np.zeros(len(side), dtype=np.int64) for _ in range(3))
    run[at], so_far[at] = lengths, into
    began[at] = at[np.arange(len(at)) - (into - 1)]
    longest = np.zeros(rows.phases, dtype=np.int64)
    np.maximum.at(longest, phase, lengths)
    useful = np.bincount(phase, minlength=rows.phases)
    # Rounded to even, as R does; no whole number's logarithm ends in a half.
    longest_max = np.where(useful > 0, np.rint(np.log2(np.maximum(useful, 1))) + 3, 0).astype(np.int64)
    crossings = np.maximum(np.bincount(phase[into == 1], minlength=rows.phases) - 1, 0)
    fewest = np.where(useful > 1, stats.binom.ppf(TAIL, np.maximum(useful - 1, 1), 0.5), 0).astype(np.int64)
    return Runs(side, run, so_far, began, useful, longest, longest_max, crossings, fewest)


def with_runs(chart: Chart, rows: Ordered, *, told: bool = True) -> Chart:
    """Returns the chart with the figures of Anhøj's rules at every point.

    They are `longest_run`, `longest_run_max`, `crossings`, `crossings_min` Int64 and `runs_signal` Boolean of its
    phase (in `series` those of the last one), and `sigma_signal` Boolean, whether the point is outside the limits.

    Args:
        chart: the chart.
        rows: its rows.
        told: whether runs say something of this kind of chart; `runs_signal` is false where they do not.
    """
    points = chart.points
    found = runs(rows, points["mean"].fill_null(np.nan).to_numpy())
    by_phase = {
        "longest_run": found.longest, "longest_run_max": found.longest_max, "crossings": found.crossings,
        "crossings_min": found.crossings_min, "runs_signal": found.signal & told,
    }  # fmt: skip
    whole = points.with_columns(
        *(pl.Series(name, each[rows.phase]) for name, each in by_phase.items()),
        (pl.col("rule_outside") == 1).alias("sigma_signal"),
    )
    last = rows.phase[np.append(rows.firsts[1:], points.height) - 1] if points.height else rows.phase
    series = chart.series.with_columns(pl.Series(name, each[last]) for name, each in by_phase.items())
    return replace(chart, points=whole, series=series)
