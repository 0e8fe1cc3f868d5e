"""Run charts: the median, no limits, and Anhøj's rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from metrics.spc.chart import Chart, finished
from metrics.spc.frame import Ordered
from metrics.spc.judging import COMMON, Judged, judged
from metrics.spc.lines import Lines, moving_ranges, phase_counts, phase_medians
from metrics.spc.parts import counted
from metrics.spc.profile import Profile, profile_of
from metrics.spc.rules import Signals, signals
from metrics.spc.runs import Runs, runs, with_runs

LEAST_USEFUL: Final = 10


def run(frame: pl.DataFrame, profile: str | Profile = "mdc") -> Chart:
    """Returns run charts, for series that have too few points for limits or too odd a shape.

    `mean` is the median. A run that is longer than chance would have it flags its points (`rule_shift`); points on the
    median are left out of runs. Too few crossings are a signal of the whole phase and flag no point: `runs_signal` says
    so. Neither is told of fewer than 10 points that are not on the median.

    A run chart has no icon of common cause: `variation_icon` is null unless the newest point is part of such a run. It
    has no limits, so a target decides nothing.

    Args:
        frame: as `xmr` takes it; `num`, or `num` by `den`, may stand for `value`.
        profile: the name of a profile, or one of your own; its rules and limits are not used.

    Raises:
        FrameError: the frame cannot be read so.
        ProfileError: the profile is not known.
    """
    settings = profile_of(profile)
    rows = counted(frame, settings, ratio=True)
    median = phase_medians(rows)[rows.phase]
    about = runs(rows, median)
    flat = (about.useful == 0) & (phase_counts(rows, rows.included) >= LEAST_USEFUL)
    enough = ((about.useful >= LEAST_USEFUL) | flat)[rows.phase]
    none = np.full(len(median), np.nan)
    nowhere = np.zeros(len(median), dtype=bool)
    lines = Lines(
        centre=median,
        lower=none,
        upper=none,
        lower_inner=none,
        upper_inner=none,
        moving_range=moving_ranges(rows, rows.value, rows.included),
        enough=enough,
        flat=flat[rows.phase],
        near=nowhere,
        usual=none,
    )
    fired = signals(rows, lines, settings)
    long = enough & (about.run > about.longest_max[rows.phase])
    found = replace(fired, shift=long, two_in_three=nowhere, trend=np.zeros_like(fired.trend))
    told = _told(judged(rows, found, settings), found, about, rows)
    chart = with_runs(finished("run", rows, lines, settings, assured=False, found=found, told=told), rows)
    return replace(chart, series=_series(chart, about))


def _told(plain: Judged, found: Signals, about: Runs, rows: Ordered) -> Judged:
    """Returns the same, the words naming the run's own length."""
    frame = pl.DataFrame({
        "label": plain.label, "rules": plain.rules, "long": found.shift, "run": about.run,
        "most": about.longest_max[rows.phase], "above": about.side > 0,
    })  # fmt: skip
    way = pl.when("above").then(pl.lit("above")).otherwise(pl.lit("below"))
    words = frame.select(
        pl.when("long")
        .then(pl.format("{} Points {} CL", "run", way.str.to_titlecase()))
        .otherwise("label")
        .alias("label"),
        pl.when("long")
        .then(pl.format("one of {} in a row {} the median, where chance would have {} at most", "run", way, "most"))
        .otherwise("rules")
        .alias("rules"),
    )
    return replace(plain, label=words["label"], rules=words["rules"])


def _series(chart: Chart, about: Runs) -> pl.DataFrame:
    """Returns the series without icons of common cause, with the newest run as these rules count it."""
    began = chart.points["date"].gather(pl.Series(about.began))
    newest = chart.points.select("series", pl.col("date").alias("latest_date")).with_columns(
        pl.Series("run_length", about.so_far),
        began.set(pl.Series(about.run == 0), None).alias("shift_from"),
    )
    shown = chart.series.drop("run_length", "shift_from").join(
        newest, on=["series", "latest_date"], how="left", maintain_order="left"
    )
    quiet = pl.col("variation_icon") == COMMON
    return shown.with_columns(
        pl.col("run_length").fill_null(0),
        *(pl.when(~quiet).then(name).alias(name) for name in ("variation_icon", "variation_type")),
    ).select(chart.series.columns)
