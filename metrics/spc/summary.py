"""What a chart comes to: the state of each series, and its icons of variation and assurance."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from metrics.spc.frame import FINAL, Flags, Ordered, Whole
from metrics.spc.judging import COMMON, CONCERN, IMPROVEMENT, NEUTRAL_HIGH, NEUTRAL_LOW
from metrics.spc.lines import Lines
from metrics.spc.profile import Profile
from metrics.spc.rules import ROUNDING, Signals

OK: Final = "ok"
NO_VARIATION: Final = "no_variation"
TOO_FEW: Final = "too_few_points"
MISSING_LATEST: Final = "missing_latest"
STALE: Final = "stale"
NO_DATA: Final = "no_data"
STATES: Final = (OK, NO_VARIATION, TOO_FEW, MISSING_LATEST, STALE, NO_DATA)

_LATEST: Final = ("special_cause_type", "rules", "point_type")
_PHASE: Final = ("improvement_direction", "rebase_group", "mean", "lpl", "upl", "lower_drawn", "upper_drawn")
_COLUMNS: Final = (
    "series", "state", "improvement_direction", "points", "latest_date", "latest_value", "target", "rebase_group",
    "mean", "lpl", "upl", "lower_drawn", "upper_drawn", "special_cause_type", "rules", "variation_type",
    "variation_icon", "assurance_type", "assurance_icon", "near_constant", "run_length", "trend_length", "shift_from",
)  # fmt: skip
_TYPES: Final[dict[str, pl.DataType]] = {
    **dict.fromkeys(("points", "rebase_group", "run_length", "trend_length"), pl.Int64()),
    **dict.fromkeys(("latest_value", "target", "mean", "lpl", "upl", "lower_drawn", "upper_drawn"), pl.Float64()),
    "near_constant": pl.Boolean(),
}


def summary(
    rows: Ordered, lines: Lines, found: Signals, points: pl.DataFrame, profile: Profile, *, assured: bool = True
) -> pl.DataFrame:
    """Returns one row a series: its state, latest value, lines, and icons.

    The icon of variation is that of the newest final point, whatever rule it came from; that of assurance compares the
    newest target with the limits of the last phase. Source: Making Data Count.

    Args:
        rows: the rows.
        lines: centre and limits.
        found: which rules fired.
        points: the chart's points, row for row.
        profile: the profile.
        assured: whether a target says something about this kind of chart.
    """
    if not points.height:
        dates = dict.fromkeys(("latest_date", "shift_from"), points["date"].dtype)
        return pl.DataFrame(schema={name: (_TYPES | dates).get(name, pl.String()) for name in _COLUMNS})
    final = (points["status"] == FINAL).to_numpy()
    ends = np.append(rows.firsts[1:], points.height) - 1
    held = _last(rows, rows.included)
    told = held >= 0
    in_phase = rows.included & (rows.phase == rows.phase[ends][rows.series])
    target = _last(rows, points["target"].is_not_null().to_numpy())
    # Lines that follow a denominator are those of the newest final point, not of a provisional one after it.
    phase = points[np.where(told & (rows.phase[held] == rows.phase[ends]), held, ends)]
    whole = pl.DataFrame({
        "series": phase["series"],
        "points": np.bincount(rows.series[in_phase], minlength=len(ends)),
        "latest_date": _taken(points["date"], held),
        "latest_value": _taken(points["value"], held),
        "target": _taken(points["target"], target),
        "_state": _states(rows, lines, found, held, _last(rows, final)),
        "near_constant": lines.near[ends],
        "run_length": np.where(told, found.run_length[held], 0),
        "trend_length": np.where(told & (found.steps[held] > 0), found.steps[held] + 1, 0),
        "shift_from": _taken(points["date"], _run_starts(rows, found, held)),
    }).with_columns(
        *(_taken(points[name], held).alias(name) for name in _LATEST),
        *(phase[name] for name in _PHASE),
    )  # fmt: skip
    return _with_icons(whole.rename({"_state": "state"}), profile, assured=assured).select(_COLUMNS)


def _last(rows: Ordered, where: Flags) -> Whole:
    """Returns the last row of each series at which the flag holds, -1 where it holds at none; one entry a series."""
    place = np.where(where, np.arange(len(where)), -1)
    return np.asarray(np.maximum.reduceat(place, rows.firsts))


def _taken(column: pl.Series, at: Whole) -> pl.Series:
    """Returns the column's entries at some rows, null at -1."""
    return column.gather(pl.Series(at).cast(pl.Int64).replace(-1, None))


def _states(rows: Ordered, lines: Lines, found: Signals, held: Whole, final: Whole) -> pl.Series:
    ends = np.append(rows.firsts[1:], rows.frame.height) - 1
    frame = pl.DataFrame({
        "held": held, "final": final, "date": _taken(rows.frame["date"], held),
        "enough": lines.enough[ends] & (held >= 0), "current": rows.phase[held] == rows.phase[ends],
        "flat": lines.flat[held] & ~found.outside[held],
        "usual": lines.near[held] & (rows.value[held] == lines.usual[held]),
    })  # fmt: skip
    stale = pl.lit(value=False)
    if "due" in rows.frame.columns:
        due = _taken(rows.frame["due"], _last(rows, rows.frame["due"].is_not_null().to_numpy()))
        frame = frame.with_columns(due=due)
        stale = (pl.col("date") < pl.col("due")).fill_null(value=False)
    return frame.select(
        pl.when(pl.col("held") < 0).then(pl.lit(NO_DATA))
        .when(pl.col("final") != pl.col("held")).then(pl.lit(MISSING_LATEST))
        .when(stale).then(pl.lit(STALE))
        .when(~pl.col("enough") | ~pl.col("current")).then(pl.lit(TOO_FEW))
        .when(pl.col("flat") | pl.col("usual")).then(pl.lit(NO_VARIATION))
        .otherwise(pl.lit(OK))
        .alias("state")
    )["state"]  # fmt: skip


def _run_starts(rows: Ordered, found: Signals, held: Whole) -> Whole:
    """Returns the row at which the latest run on one side of the centre began, -1 without one; one entry a series."""
    counted = np.flatnonzero(rows.included)
    if not len(counted):
        return np.full(len(held), -1)
    length = found.run_length[held]
    at = np.cumsum(rows.included)[held] - 1 - (length - 1)
    return np.where((held >= 0) & (length > 0), counted[np.clip(at, 0, len(counted) - 1)], -1)


def _with_icons(whole: pl.DataFrame, profile: Profile, *, assured: bool) -> pl.DataFrame:
    state, nature, way = pl.col("state"), pl.col("point_type"), pl.col("improvement_direction")
    better = pl.when(way == "increase").then(pl.lit("high")).otherwise(pl.lit("low"))
    worse = pl.when(way == "increase").then(pl.lit("low")).otherwise(pl.lit("high"))
    judged = state.is_in([OK, NO_VARIATION])
    icon = (
        pl.when(state == NO_VARIATION).then(pl.lit(NO_VARIATION))
        .when(nature == COMMON).then(pl.lit(COMMON))
        .when(nature == IMPROVEMENT).then(pl.concat_str(pl.lit("improvement_"), better))
        .when(nature == CONCERN).then(pl.concat_str(pl.lit("concern_"), worse))
        .when(nature == NEUTRAL_HIGH).then(pl.lit("neutral_high"))
        .when(nature == NEUTRAL_LOW).then(pl.lit("neutral_low"))
    )  # fmt: skip
    target, low, high = pl.col("target"), pl.col("lpl"), pl.col("upl")
    on_upper, on_lower = _same(target, high), _same(target, low)
    if profile.target_on_limit == "decided":
        above, below = (target > high) | on_upper, (target < low) | on_lower
    else:
        above, below = (target > high) & ~on_upper, (target < low) & ~on_lower
    reached = pl.when(way == "increase").then(below).otherwise(above)
    failed = pl.when(way == "increase").then(above).otherwise(below)
    # What the process can do is known without its newest value.
    limited = state.is_in([OK, NO_VARIATION, MISSING_LATEST, STALE])
    decided = limited & target.is_not_null() & (way != "neutral") & low.is_not_null() & pl.lit(assured)
    # A series that does not vary and lies on its target meets it.
    assurance = pl.when(decided & reached).then(pl.lit("pass")).when(decided & failed).then(pl.lit("fail"))
    assurance = assurance.when(decided).then(pl.lit("inconsistent"))
    types = {"pass": "consistent_pass", "fail": "consistent_fail"}
    return whole.with_columns(
        pl.when(judged).then(icon).alias("variation_icon"),
        pl.when(judged).then(nature).alias("variation_type"),
        assurance.alias("assurance_icon"),
        assurance.replace(types).alias("assurance_type"),
    )


def _same(target: pl.Expr, limit: pl.Expr) -> pl.Expr:
    """Returns whether a target lies on a limit, up to rounding."""
    scale = pl.max_horizontal(target.abs(), limit.abs(), pl.col("mean").abs(), pl.col("upl").abs())
    return (target - limit).abs() <= ROUNDING * scale
