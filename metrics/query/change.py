"""The change between two cells, and in words how they were made comparable, or why they are not."""

from __future__ import annotations

import polars as pl

from metrics.query.result import Status

PARTS = ("value", "numerator", "denominator")
CELL = (*PARTS, "status", "reporting", "expected")
_COMPARABLE = [Status.FINAL.value, Status.PROVISIONAL.value]
_SIDES = ("", "compared_")


def changed(frame: pl.DataFrame, *, per_working_day: bool) -> pl.DataFrame:
    """Returns the frame with `change`, `change_share` Float64 and `basis` String.

    Args:
        frame: for each of the prefixes '', 'compared_', 'part_' and 'part_compared_' the columns of a cell (`value`,
            `numerator`, `denominator`, `status`, `reporting`, `expected`), the `name` of its period, its working `days`
            Int64 and whether it `runs`. The parts are of a period that still runs, and null of all others. `said` is
            what is uneven about the two periods, `no_amount` what the metric is when working days do not carry it.
        per_working_day: amounts become amounts a working day, with the amount as numerator and the days as denominator.
    """
    if per_working_day:
        amounts = pl.col("no_amount").is_null()
        for prefix in (each + side for each in ("", "part_") for side in _SIDES):
            days = pl.col(f"{prefix}days")
            value = pl.when(days > 0).then(pl.col(f"{prefix}value") / days)
            new = {"value": value, "numerator": pl.col(f"{prefix}value"), "denominator": days.cast(pl.Float64)}
            frame = frame.with_columns(
                pl.when(amounts).then(each).otherwise(pl.col(f"{prefix}{name}")).alias(f"{prefix}{name}")
                for name, each in new.items()
            )
    by_part = (pl.col("status") == Status.INCOMPLETE.value) & pl.col("part_status").is_not_null()
    whole, part = (_reason(prefix, per_working_day=per_working_day) for prefix in ("", "part_"))
    frame = frame.with_columns(pl.when(by_part).then(part).otherwise(whole).alias("_reason"))
    frame = frame.with_columns((by_part & (pl.col("_reason") == "")).alias("_by_part"))
    frame = frame.with_columns(
        pl.when("_by_part").then(pl.col(f"part_{side}{name}")).otherwise(pl.col(f"{side}{name}")).alias(f"{side}{name}")
        for side in _SIDES
        for name in (*PARTS, "name", "days", *(["status"] if side else []))
    )
    change = pl.when(pl.col("_reason") == "").then(pl.col("value") - pl.col("compared_value"))
    share = pl.when(pl.col("compared_value") != 0).then(pl.col("change") / pl.col("compared_value"))
    basis = pl.when(pl.col("_reason") == "").then(_words(per_working_day=per_working_day)).otherwise(pl.col("_reason"))
    return frame.with_columns(change.alias("change"), basis.alias("basis")).with_columns(share.alias("change_share"))


def _reason(prefix: str, *, per_working_day: bool) -> pl.Expr:
    """Returns why the two sides do not compare; empty when they do."""
    sides = [_why_not(f"{prefix}{side}", per_working_day=per_working_day) for side in _SIDES]
    return pl.concat_str(sides, separator="; ", ignore_nulls=True)


def _why_not(prefix: str, *, per_working_day: bool) -> pl.Expr:
    name, status = pl.col(f"{prefix}name"), pl.col(f"{prefix}status")
    reporting, expected = pl.col(f"{prefix}reporting"), pl.col(f"{prefix}expected")
    days = pl.col(f"{prefix}days")
    divided = pl.lit(per_working_day) & pl.col("no_amount").is_null()
    return (
        pl.when(status == Status.NO_DATA.value)
        .then(pl.format("there are no data for {}", name))
        .when((status == Status.MISSING.value) & (expected > 1) & (reporting < expected))
        .then(pl.format("{}: {} of {} organisations missing", name, expected - reporting, expected))
        .when(status == Status.MISSING.value)
        .then(pl.format("{} was not reported", name))
        .when(~status.is_in(_COMPARABLE) & pl.col(f"{prefix}runs"))
        .then(pl.format("{} is still running", name))
        .when(~status.is_in(_COMPARABLE))
        .then(pl.format("{} is not complete", name))
        .when(divided & days.is_null())
        .then(pl.format("the working days of {} are not known", name))
        .when(divided & (days == 0))
        .then(pl.format("{} has no working day", name))
        .when(pl.col(f"{prefix}value").is_null())
        .then(pl.format("{} has no value", name))
    )


def _words(*, per_working_day: bool) -> pl.Expr:
    said = [pl.format("{} against {}", "name", "compared_name"), pl.col("said")]
    if per_working_day:
        days = pl.format("per working day, of which there are {} and {}", "days", "compared_days")
        apart = pl.format("{} is not divided by working days", pl.col("no_amount"))
        said.append(pl.when(pl.col("no_amount").is_null()).then(days).otherwise(apart))
    return pl.concat_str(said, separator="; ", ignore_nulls=True)
