"""A finished chart: every point with its lines and the rules that fired, and what each series comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from metrics.spc.frame import Floats, Ordered
from metrics.spc.judging import Judged, judged
from metrics.spc.lines import Lines, phase_counts
from metrics.spc.profile import Profile
from metrics.spc.rules import Signals, signals
from metrics.spc.summary import summary

SHORT: Final = 13


@dataclass(frozen=True, slots=True)
class Chart:
    """Control charts of one kind over many series.

    Attributes:
        kind: `xmr` and the like.
        profile: the settings that it was judged by.
        points: one row a point: `series` String, `date`, `value`, `target` Float64, `improvement_direction` String,
            `fix_after_n_points` Int64, `screen_outliers` Boolean, `status` String, `rebase_group` Int64 from 0,
            `moving_range`, `mean`, `lpl`, `upl`, `lower_inner`, `upper_inner`, `lower_drawn`, `upper_drawn` Float64,
            `included` Boolean, `relative_to_mean` Int8, `outside_limits`, `close_to_limits` Boolean, `rule_outside`,
            `rule_trend`, `rule_two_in_three`, `rule_shift`, `trend_direction` Int8, `rules`, `special_cause_type`
            String, `special_cause_flag` Boolean, `point_type` String, `short_group_warning` Boolean; and `num`, `den`
            Float64 of charts that divide them. Charts other than XmR have the figures of `runs.with_runs` too, here and
            in `series`.
        series: one row a series: `series` String, `state` String, `improvement_direction` String, `points` Int64,
            `latest_date`, `latest_value`, `target` Float64, `rebase_group` Int64, `mean`, `lpl`, `upl`, `lower_drawn`,
            `upper_drawn` Float64 of the last phase, `special_cause_type`, `rules`, `variation_type`,
            `variation_icon`, `assurance_type`, `assurance_icon` String (null where nothing is judged),
            `near_constant` Boolean, `run_length`, `trend_length` Int64, `shift_from` of the run's first point.
    """

    kind: str
    profile: Profile
    points: pl.DataFrame
    series: pl.DataFrame


def finished(
    kind: str,
    rows: Ordered,
    lines: Lines,
    profile: Profile,
    *,
    assured: bool = True,
    divided: bool = False,
    found: Signals | None = None,
    told: Judged | None = None,
) -> Chart:
    """Returns the chart of ordered rows and their lines: rules, labels, natures and icons.

    Args:
        kind: the chart's name.
        rows: the rows, whose `value` is what is plotted.
        lines: centre and limits.
        profile: how to judge.
        assured: whether a target says something about this kind of chart.
        divided: whether numerators and denominators belong to the points.
        found: which rules fired, where they are not those of the profile.
        told: what they come to, where their words are other ones.
    """
    found = signals(rows, lines, profile) if found is None else found
    told = judged(rows, found, profile) if told is None else told
    points = _points(rows, lines, found, told, divided=divided)
    return Chart(kind, profile, points, summary(rows, lines, found, points, profile, assured=assured))


def _points(rows: Ordered, lines: Lines, found: Signals, told: Judged, *, divided: bool) -> pl.DataFrame:
    frame = rows.frame
    low, high = (frame[name].to_numpy() for name in ("lower_bound", "upper_bound"))
    short = phase_counts(rows, np.ones(frame.height, dtype=bool))[rows.phase] < SHORT
    sideless = ~rows.included | np.isnan(lines.centre)
    unjudged = ~rows.included | np.isnan(lines.lower) | np.isnan(lines.upper)
    kept = ("series", "date", "target", "improvement_direction", "fix_after_n_points", "screen_outliers", "status")
    points = frame.select(kept).with_columns(
        _numbers("value", rows.value),
        pl.Series("rebase_group", rows.phase_of_series),
        _numbers("moving_range", lines.moving_range),
        _numbers("mean", lines.centre),
        _numbers("lpl", lines.lower),
        _numbers("upl", lines.upper),
        _numbers("lower_inner", lines.lower_inner),
        _numbers("upper_inner", lines.upper_inner),
        _numbers("lower_drawn", _clipped(lines.lower, low, high)),
        _numbers("upper_drawn", _clipped(lines.upper, low, high)),
        pl.Series("included", rows.included),
        pl.Series("relative_to_mean", found.side, dtype=pl.Int8).set(pl.Series(sideless), None),
        pl.Series("outside_limits", found.outside).set(pl.Series(unjudged), None),
        pl.Series("close_to_limits", found.close).set(pl.Series(unjudged), None),
        pl.Series("rule_outside", found.outside.astype(np.int8)),
        pl.Series("rule_trend", (found.trend != 0).astype(np.int8)),
        pl.Series("rule_two_in_three", found.two_in_three.astype(np.int8)),
        pl.Series("rule_shift", found.shift.astype(np.int8)),
        pl.Series("trend_direction", found.trend, dtype=pl.Int8),
        told.rules.alias("rules"),
        told.label.alias("special_cause_type"),
        pl.Series("special_cause_flag", told.special),
        told.nature.alias("point_type"),
        pl.Series("short_group_warning", short),
    )
    if divided:
        points = points.with_columns(frame["num"], frame["den"])
    return points.select("series", "date", "value", pl.exclude("series", "date", "value"))


def _numbers(name: str, what: Floats) -> pl.Series:
    return pl.Series(name, what, dtype=pl.Float64, nan_to_null=True)


def _clipped(line: Floats, low: Floats, high: Floats) -> Floats:
    """Returns a limit held to what the measure can be, none where there is none; bounds that are NaN hold nothing."""
    return np.where(np.isnan(line), np.nan, np.fmin(np.fmax(line, low), high)) if line.size else line
