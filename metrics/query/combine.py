"""From parts per native period to values per period asked for: divide last, fill the calendar, mark the status."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from metrics.query.buckets import Buckets
from metrics.query.coverage import Ground, Outcomes, Presence
from metrics.query.grid import Amounts, Grid, Members, Numbers
from metrics.query.percentiles import from_bins, from_values
from metrics.query.periods import end_of, kind_of
from metrics.query.request import Grain
from metrics.query.result import Note
from metrics.query.source import Source
from metrics.query.sql import LOWER, UPPER

_PARTS = ("numerator", "denominator")


def values(
    parts: pl.DataFrame, source: Source, by: tuple[str, ...], buckets: Buckets
) -> tuple[pl.DataFrame, list[Note]]:
    """Returns `period` (of the grain asked for), `by`, `value`, `numerator`, `denominator` Float64, and notes.

    `parts` is the scan's frame: native `period`, `by`, the source's part columns (and the bins' edges).
    """
    key = source.key
    edges = [LOWER, UPPER] if source.histogram else []
    per = [f"per__{name}" for name in source.base.per]
    has_denominator = f"{key}__den" in parts.columns
    denominator = pl.col(f"{key}__den") if has_denominator else pl.lit(None, pl.Float64)
    halves = (pl.col(f"{key}__num").alias("numerator"), denominator.alias("denominator"))
    frame = parts.select("period", *by, *edges, *per, *halves)
    combined = _combined(frame, source, ["period", *by, *edges], buckets, per)
    if source.histogram:
        return _percentile(combined, source, by)
    if source.kind == "index":
        return _index(combined, source, by)
    if source.has_denominator:
        return combined.with_columns(_share().alias("value")), []
    return combined.with_columns(pl.col("numerator").alias("value")), []


def _share() -> pl.Expr:
    return pl.when(pl.col("denominator") > 0).then(pl.col("numerator") / pl.col("denominator"))


def _combined(
    frame: pl.DataFrame, source: Source, keys: list[str], buckets: Buckets, per: Sequence[str]
) -> pl.DataFrame:
    """Returns the parts per period asked for, one row for each of the keys."""
    if per:
        return _of_entities(frame, source, keys, buckets, per)
    if buckets.is_native or source.counts_distinct:  # those are counted period by period as asked for
        return frame
    if source.picks_a_period:
        chosen = frame.join(buckets.shown, on="period")
        return chosen.with_columns(pl.col("bucket").alias("period")).drop("bucket")
    if _rolls(frame, source, buckets):
        return _rolled(frame, keys, buckets)
    return _grouped(frame.join(_made_of(source, buckets), on="period"), source, keys[1:])


def _made_of(source: Source, buckets: Buckets) -> pl.DataFrame:
    """Returns the native periods of each one asked for; for means, with how many it holds."""
    if source.combines != "mean":
        return buckets.made_of
    return buckets.made_of.with_columns(pl.len().over("bucket").alias("natives"))


def _mean(name: str, source: Source) -> pl.Expr:
    """Returns the mean over native periods; those without a row are 0 where no row means that nothing was there."""
    if not source.model.absence_is_zero:
        return pl.col(name).mean()
    known = pl.col("natives").first() - pl.col(name).null_count()
    return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum() / known).alias(name)


def _grouped(frame: pl.DataFrame, source: Source, keys: list[str]) -> pl.DataFrame:
    grouped = frame.group_by(pl.col("bucket").alias("period"), *keys)
    if source.combines == "mean":
        return grouped.agg(_mean(name, source) for name in _PARTS)
    if source.numerator.agg in ("min", "max"):
        column = pl.col(*_PARTS)
        return grouped.agg(column.min() if source.numerator.agg == "min" else column.max())
    # A sum over nothing reported is not reported. Polars is twice as quick when that is counted beside the sum.
    known = {name: pl.col(name).count().alias(f"known {name}") for name in _PARTS}
    summed = grouped.agg(pl.col(*_PARTS).sum(), *known.values())
    shown = (pl.when(pl.col(f"known {name}") > 0).then(pl.col(name)).alias(name) for name in known)
    return summed.select("period", *keys, *shown)


def _known_sum(name: str) -> pl.Expr:
    return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name)


def _of_entities(
    frame: pl.DataFrame, source: Source, keys: list[str], buckets: Buckets, per: Sequence[str]
) -> pl.DataFrame:
    """Returns the level of each entity (its last, first or mean within the period), added up."""
    grouped = (
        frame.join(_made_of(source, buckets), on="period")
        .sort("period")
        .group_by("bucket", *keys[1:], *per, maintain_order=True)
    )
    known = pl.col("numerator").drop_nulls()
    level = {"last": known.last(), "first": known.first()}.get(source.combines)
    level = _mean("numerator", source) if level is None else level
    summed = grouped.agg(level).group_by("bucket", *keys[1:]).agg(_known_sum("numerator"))
    return summed.rename({"bucket": "period"}).with_columns(pl.lit(None, pl.Float64).alias("denominator"))


def _rolls(frame: pl.DataFrame, source: Source, buckets: Buckets) -> bool:
    """Returns whether a window of equal length moves along whole numbers, which running sums add without error."""
    uniform = source.window is not None and source.grain == source.native and not source.histogram
    if not uniform or source.combines != "sum" or source.numerator.agg in ("min", "max"):
        return False
    if buckets.calendar["natives"].n_unique() != 1:
        return False
    return all(frame.select(((pl.col(*_PARTS) % 1 == 0) | pl.col(*_PARTS).is_null()).all()).row(0))


def _rolled(frame: pl.DataFrame, keys: list[str], buckets: Buckets) -> pl.DataFrame:
    """Returns the windows of equal length, as running sums along every series made dense."""
    dimensions = keys[1:]
    series = frame.select(dimensions).unique() if dimensions else pl.DataFrame(height=1)
    marked = frame.with_columns(pl.lit(1, pl.Int64).alias("rows"))
    dense = series.join(buckets.spine, how="cross", maintain_order="left_right").join(
        marked, on=["period", *dimensions], how="left", nulls_equal=True, maintain_order="left"
    )
    # Each series starts as far before the first period asked for as a window reaches: none reaches into another.
    rolling = pl.col(*_PARTS, "rows").rolling_sum(buckets.calendar["natives"][0], min_samples=1)
    kind = kind_of(buckets.source.grain)
    wanted = pl.col("period").is_between(pl.lit(buckets.starts[0], kind), pl.lit(buckets.starts[-1], kind))
    # A window without rows stands for nothing, as a period without rows does; one of unreported rows stands.
    return dense.with_columns(rolling).filter(wanted, pl.col("rows").is_not_null()).select(*keys, *_PARTS)


def _percentile(bins: pl.DataFrame, source: Source, by: tuple[str, ...]) -> tuple[pl.DataFrame, list[Note]]:
    quantile = source.base.percentile or 0.5
    read = from_bins if source.histogram == "bins" else from_values
    found = read(bins, ["period", *by], "numerator", quantile)
    notes = []
    if found["is_open"].any():
        top = bins.filter(pl.col(UPPER).is_null())[LOWER].to_list()[0]
        unit = source.model.bins.unit if source.model.bins else ""
        text = f"Where no value is shown, it lies above {top} {unit}."
        notes.append(Note("open-band", text, source.metric.id))
    return found.select(
        "period", *by, "value", pl.lit(None, pl.Float64).alias("numerator"), pl.col("count").alias("denominator")
    ), notes


def _index(frame: pl.DataFrame, source: Source, by: tuple[str, ...]) -> tuple[pl.DataFrame, list[Note]]:
    single = pl.col("denominator") == 1
    notes = []
    if frame.filter(pl.col("denominator") > 1).height:
        text = "An index is shown as published and never added up or averaged; choose one organisation."
        notes.append(Note("index-not-aggregated", text, source.metric.id))
    return frame.with_columns(
        pl.when(single).then(pl.col("numerator")).alias("value"), pl.lit(None, pl.Float64).alias("denominator")
    ).with_columns(pl.col("value").alias("numerator")).select("period", *by, "value", "numerator", "denominator"), notes


def shown(
    parts: pl.DataFrame, source: Source, members: Members, numbers: Numbers, ground: Ground
) -> tuple[list[pl.Series], list[Note]]:
    """Returns every series on every period asked for, and notes.

    Columns: `period`, the dimensions, `value`, `numerator`, `denominator`, `status`, `reporting` and `expected` Int64.
    `parts` is the scan's frame; `members` are the series that it holds in the periods read, or that a filter names,
    and `numbers` says which each row is of.
    """
    buckets = ground.buckets
    if _adds_up(source, buckets):
        places = buckets.asked if _is_as_asked(source, buckets) else buckets.natives
        grid = _grid(members, numbers, places.at(parts["period"]), buckets)
        above = grid.added_up(parts[f"{source.key}__num"])
        has_denominator = f"{source.key}__den" in parts.columns
        below = grid.added_up(parts[f"{source.key}__den"]) if has_denominator else grid.nothing
        value = above.over(below) if source.has_denominator else above
        return _laid_out(source, members, ground, grid, (value, above, below)), []
    frame, notes = values(parts, source, members.by, buckets)
    grid = _grid(members, members.numbers(frame), buckets.asked.at(frame["period"]), buckets)
    found = tuple(grid.added_up(frame[name]) for name in ("value", *_PARTS))
    return _laid_out(source, members, ground, grid, found), notes


def _is_as_asked(source: Source, buckets: Buckets) -> bool:
    """Returns whether the rows of the scan are of the periods asked for already."""
    return buckets.is_native or source.counts_distinct


def _adds_up(source: Source, buckets: Buckets) -> bool:
    """Returns whether each row of the scan is added to one period asked for, and to no other."""
    if source.base.per or source.histogram or source.kind == "index":
        return False
    adds = source.combines == "sum" and source.numerator.agg not in ("min", "max")
    return _is_as_asked(source, buckets) or (adds and not source.accumulates)


def _grid(members: Members, numbers: Numbers, places: Numbers, buckets: Buckets) -> Grid:
    width = len(buckets.starts)
    return Grid(np.where(places < 0, -1, numbers * width + places), members.count * width)


def _laid_out(
    source: Source, members: Members, ground: Ground, grid: Grid, found: tuple[Amounts, ...]
) -> list[pl.Series]:
    width = len(ground.buckets.starts)
    rows = np.arange(grid.size)
    keys = _taken(members.frame, rows // width) if members.by else []
    if ground.levels:
        full = pl.DataFrame([*keys, *_taken(ground.periods, rows % width)])
        outcomes, cells = Outcomes.of(ground.with_coverage(full)), rows
    else:
        outcomes, cells = ground.outcomes, rows % width
    heard = outcomes.is_heard[cells]
    zero = _zero_where_nothing_stands(source)
    # A 0 of those who did not report, or are not expected to, is nobody's figure; nor is one beyond the data.
    amounts = [
        each.with_zero(~grid.stands) if name in zero else each
        for name, each in zip(("value", *_PARTS), found, strict=True)
    ]
    nothing = ~(amounts[0].known & heard)
    if source.kind == "percentile":
        # In the open band a percentile is known to lie above it: reported, though without a value.
        nothing &= ~(amounts[2].known & heard & (amounts[2].values != 0))
    period, *stated = _taken(outcomes.rows, np.where(nothing, cells + len(outcomes.is_heard), cells))
    shown = [each.column(name, heard) for name, each in zip(("value", *_PARTS), amounts, strict=True)]
    return [period, *keys, *shown, *stated]


def _taken(frame: pl.DataFrame, rows: Numbers) -> list[pl.Series]:
    """Returns the columns of some rows: taken one by one, they wait for no pool of threads."""
    wanted = pl.Series(rows, dtype=pl.UInt32)
    return [column[wanted] for column in frame.get_columns()]


def _zero_where_nothing_stands(source: Source) -> tuple[str, ...]:
    """Returns the columns that are 0 where no row stands, for tables in which that means that nothing happened."""
    if not source.model.absence_is_zero:
        return ()
    if source.histogram or source.kind == "index" or source.numerator.agg in ("min", "max"):
        return ()
    return _PARTS if source.has_denominator else ("numerator", "value")


def last_day(presence: Presence, native: Grain) -> date | None:
    """Returns the last day that the metric's data cover."""
    periods = presence.periods
    return end_of(periods[-1], native) if periods else None
