"""The units of funnels, each with its rows added up, and the centre of each set."""

from __future__ import annotations

from typing import Final

import polars as pl

from metrics.spc.frame import FrameError
from metrics.spc.funnel_limits import Kind

FEWEST_UNITS: Final = 3
_ALIKE: Final = 1e-12


def units_of(frame: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """Returns one row per set and group, its rows added up.

    `set, group` String, `numerator, denominator, value` Float64, `missing_rows` Int64 (rows without both numbers, which
    add to neither), and `state` String: missing, no_denominator, or null where the unit can be judged.

    Raises:
        FrameError: as `funnel`.
    """
    rows = _typed(frame)
    both = pl.col("numerator").is_not_null() & pl.col("denominator").is_not_null()
    units = (
        rows.group_by("set", "group")
        .agg(
            pl.when(both.any()).then(pl.col("numerator").filter(both).sum()).alias("numerator"),
            pl.when(both.any()).then(pl.col("denominator").filter(both).sum()).alias("denominator"),
            missing_rows=(~both).sum().cast(pl.Int64),
        )
        .sort("set", "group")
    )
    if kind == "proportion":
        _refuse(
            units.filter(pl.col("numerator") > pl.col("denominator")),
            "the numerator is above the denominator, and a proportion is at most 1; other ratios are of kind 'ratio'",
        )
    state = pl.when(pl.col("denominator").is_null()).then(pl.lit("missing"))
    return units.with_columns(
        state=state.when(pl.col("denominator") == 0).then(pl.lit("no_denominator")),
        value=pl.when(pl.col("denominator") > 0).then(pl.col("numerator") / pl.col("denominator")),
    )


def centres(units: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """Returns one row per set: `set, units, judged, theta, state`; `theta` is null where no limits can be drawn."""
    events = pl.col("numerator").sum()
    own = events / pl.col("denominator").sum()
    # The logarithm of a ratio without any event has no limits.
    theta = {"proportion": own, "ratio": pl.when(events > 0).then(own), "standardised": pl.lit(1.0)}[kind]
    centre = (
        units.filter(pl.col("state").is_null())
        .group_by("set")
        .agg(
            judged=pl.len().cast(pl.Int64),
            theta=theta,
            events=events,
            spread=pl.col("value").max() - pl.col("value").min(),
            greatest=pl.col("value").max(),
        )
    )
    counted = units.group_by("set").agg(units=pl.len().cast(pl.Int64)).join(centre, on="set", how="left")
    # A standardised ratio has its centre from outside, so that even one unit can be judged.
    inward = kind != "standardised"
    state = (
        pl.when(pl.col("judged").is_null())
        .then(pl.lit("no_data"))
        .when((pl.col("events") == 0) & inward)
        .then(pl.lit("no_events"))
        .when((pl.col("judged") < FEWEST_UNITS) & inward)
        .then(pl.lit("too_few_units"))
        .when((pl.col("judged") > 1) & inward & (pl.col("spread") <= _ALIKE * pl.col("greatest")))
        .then(pl.lit("all_equal"))
        .otherwise(pl.lit("ok"))
    )
    return (
        counted.with_columns(state=state)
        .with_columns(pl.col("judged").fill_null(0))
        .drop("events", "spread", "greatest")
    )


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    for name in ("group", "numerator", "denominator"):
        if name not in frame.columns:
            raise FrameError(f"The frame has no column '{name}'; it has {', '.join(frame.columns) or 'none'}.")
    for name in ("numerator", "denominator"):
        if not (frame.schema[name].is_numeric() or frame.schema[name] == pl.Null):
            raise FrameError(f"Column '{name}' holds {frame.schema[name]}; it must hold numbers.")
    rows = frame.select(
        pl.col("set").cast(pl.String) if "set" in frame.columns else pl.lit("").alias("set"),
        pl.col("group").cast(pl.String),
        pl.col("numerator", "denominator").cast(pl.Float64).fill_nan(None),
    )
    for name in ("set", "group"):
        if rows[name].null_count():
            raise FrameError(f"Column '{name}' is empty in {rows[name].null_count():,} row(s). Every row needs one.")
    for name in ("numerator", "denominator"):
        _refuse(rows.filter(pl.col(name) < 0), f"the {name} is negative")
        _refuse(rows.filter(pl.col(name).is_infinite()), f"the {name} is infinite")
    return rows


def _refuse(wrong: pl.DataFrame, why: str) -> None:
    if wrong.is_empty():
        return
    first = wrong.sort("set", "group").row(0, named=True)
    of_set = f" of set '{first['set']}'" if first["set"] else ""
    held = " and ".join(f"{name} {first[name]:g}" for name in ("numerator", "denominator") if first[name] is not None)
    more = f" {wrong.height - 1:,} more are like it." if wrong.height > 1 else ""
    raise FrameError(f"Group '{first['group']}'{of_set}: {why} ({held}).{more}")
