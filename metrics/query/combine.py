"""From parts per native period to values per period asked for: divide last, fill the calendar, mark the status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from metrics.query.coverage import Presence, worst
from metrics.query.percentiles import from_bins
from metrics.query.periods import end_of, sequence, start_column
from metrics.query.plan import LEVELS, Source
from metrics.query.request import Filter, Grain
from metrics.query.result import Note, Status
from metrics.query.sql import LOWER, UPPER


@dataclass(frozen=True, slots=True)
class Span:
    """The periods asked for, the native periods that the metric holds, and today."""

    first: date
    last: date
    today: date


def values(
    parts: pl.DataFrame, source: Source, by: tuple[str, ...], presence: Presence
) -> tuple[pl.DataFrame, list[Note]]:
    """Returns `period` (of the grain asked for), `by`, `value`, `numerator`, `denominator` Float64, and notes.

    `parts` is the scan's frame: native `period`, `by`, the source's part columns (and the bins' edges).
    """
    key, metric = source.key, source.metric
    renamed = {f"{key}__num": "numerator"}
    has_denominator = f"{key}__den" in parts.columns
    if has_denominator:
        renamed[f"{key}__den"] = "denominator"
    frame = parts.rename(renamed)
    if not has_denominator:
        frame = frame.with_columns(pl.lit(None, pl.Float64).alias("denominator"))
    edges = [LOWER, UPPER] if metric.type == "percentile" else []
    frame = frame.select("period", *by, *edges, "numerator", "denominator")
    combined = _over_time(frame, source, ["period", *by, *edges], presence)
    if metric.type == "percentile":
        return _percentile(combined, source, by)
    if metric.type == "index":
        return _index(combined, source, by)
    if source.denominator is not None or source.numerator.agg == "mean":
        share = pl.when(pl.col("denominator") > 0).then(pl.col("numerator") / pl.col("denominator"))
        return combined.with_columns(share.alias("value")), []
    return combined.with_columns(pl.col("numerator").alias("value")), []


def _over_time(frame: pl.DataFrame, source: Source, keys: list[str], presence: Presence) -> pl.DataFrame:
    native, grain = Grain(source.model.grain), source.grain
    if native == grain:
        return frame
    combines = source.metric.combines_over_time
    bucketed = frame.with_columns(start_column("period", grain).alias("_bucket"))
    if combines in ("last", "first"):
        chosen = _chosen(source, presence)
        assert chosen is not None  # noqa: S101 - it combines by choosing
        return (
            bucketed.join(chosen.rename({"bucket": "_bucket"}), on=["_bucket", "period"], how="semi")
            .with_columns(pl.col("_bucket").alias("period"))
            .drop("_bucket")
        )
    grouped = bucketed.drop("period").rename({"_bucket": "period"}).group_by(keys)
    if combines == "mean":
        return grouped.agg(pl.col("numerator", "denominator").mean())
    if source.numerator.agg in ("min", "max"):
        column = pl.col("numerator", "denominator")
        return grouped.agg(column.min() if source.numerator.agg == "min" else column.max())
    # A sum over nothing reported is not reported.
    return grouped.agg(
        pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in ("numerator", "denominator")
    )


def _chosen(source: Source, presence: Presence) -> pl.DataFrame | None:
    """Returns `bucket` and `period`: the native period that a snapshot shows for each longer one; None for flows."""
    combines = source.metric.combines_over_time
    if combines not in ("last", "first"):
        return None
    held = pl.DataFrame({"period": presence.periods}, schema={"period": pl.Date}).with_columns(
        start_column("period", source.grain).alias("bucket")
    )
    pick = pl.col("period").max() if combines == "last" else pl.col("period").min()
    return held.group_by("bucket").agg(pick)


def _percentile(bins: pl.DataFrame, source: Source, by: tuple[str, ...]) -> tuple[pl.DataFrame, list[Note]]:
    quantile = source.metric.percentile or 0.5
    found = from_bins(bins, ["period", *by], "numerator", quantile)
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


def dense(
    frame: pl.DataFrame,
    source: Source,
    by: tuple[str, ...],
    *,
    where: tuple[Filter, ...],
    presence: Presence,
    span: Span,
) -> pl.DataFrame:
    """Returns every series on every period of the span, with `status`, `reporting` and `expected` Int64.

    A series is a combination of dimension values that the warehouse holds in the span, or that a filter names.
    """
    buckets = pl.DataFrame({"period": sequence(span.first, span.last, source.grain)}, schema={"period": pl.Date})
    series = _series(frame, by, where)
    full = series.join(buckets, how="cross").join(frame, on=["period", *by], how="left", nulls_equal=True)
    levels = [name for name in by if name in LEVELS]
    native = Grain(source.model.grain)
    chosen = _chosen(source, presence)
    coverage = worst(presence.counts(by, where), levels, native, source.grain, chosen).rename({"bucket": "period"})
    full = full.join(coverage, on=["period", *levels], how="left", nulls_equal=True).with_columns(
        pl.col("reporting", "expected", "heard", "held").fill_null(0)
    )
    calendar = _calendar(buckets["period"].to_list(), source, presence, span)
    return (
        full.join(calendar, on="period", how="left")
        # A 0 of those who did not report, or are not expected to, is nobody's figure.
        .with_columns(pl.when(pl.col("heard") > 0).then(pl.col("value", "numerator", "denominator")))
        .with_columns(_status(source).alias("status"))
        .select("period", *by, "value", "numerator", "denominator", "status", "reporting", "expected")
    )


def _series(frame: pl.DataFrame, by: tuple[str, ...], where: tuple[Filter, ...]) -> pl.DataFrame:
    if not by:
        return pl.DataFrame(height=1)
    series = frame.select(by).unique()
    named = {each.dimension: each.values for each in where if each.dimension in by}
    if len(by) == 1 and by[0] in named:
        wanted = pl.DataFrame({by[0]: list(named[by[0]])}, schema={by[0]: pl.String})
        series = pl.concat([series, wanted]).unique()
    return series.sort(by)


def _calendar(buckets: list[date], source: Source, presence: Presence, span: Span) -> pl.DataFrame:
    """Returns for each period whether it still runs, is yet to mature, and how much of it the metric holds."""
    native = Grain(source.model.grain)
    held = set(presence.periods)
    newest = end_of(max(held), native) if held else date.min
    snapshot = source.metric.combines_over_time in ("last", "first")
    rows = []
    for bucket in buckets:
        end = end_of(bucket, source.grain)
        if native == source.grain:
            whole = bucket in held
        elif snapshot:
            last = sequence(bucket, end, native)
            whole = (last[-1] if source.metric.combines_over_time == "last" else last[0]) in held
        else:
            whole = all(each in held for each in sequence(bucket, end, native))
        mature = end + timedelta(days=source.model.maturity_days)
        rows.append(
            {
                "period": bucket,
                "after": bucket > newest,
                "running": end >= span.today or not whole,
                "natives": 1 if snapshot else len(sequence(bucket, end, native)),
                "maturing": mature >= span.today,
            }
        )
    kinds = {"after": pl.Boolean, "running": pl.Boolean, "natives": pl.Int64, "maturing": pl.Boolean}
    return pl.DataFrame(rows, schema={"period": pl.Date, **kinds})


def _status(source: Source) -> pl.Expr:
    short = pl.col("share") < source.model.coverage.threshold
    nothing = pl.col("value").is_null()
    if source.metric.type == "percentile":
        # In the open band a percentile is known to lie above it: reported, though without a value.
        nothing &= pl.col("denominator").fill_null(0) == 0
    expected = pl.col("expected") > 0
    return (
        pl.when(pl.col("after") | (nothing & ~expected)).then(pl.lit(Status.NO_DATA.value))
        .when(nothing & (pl.col("reporting") == 0)).then(pl.lit(Status.MISSING.value))
        .when(nothing).then(pl.lit(Status.NO_DATA.value))
        .when(pl.col("running") | (pl.col("held") < pl.col("natives"))).then(pl.lit(Status.INCOMPLETE.value))
        .when(short).then(pl.lit(Status.MISSING.value))
        .when(pl.col("maturing")).then(pl.lit(Status.PROVISIONAL.value))
        .otherwise(pl.lit(Status.FINAL.value))
    )  # fmt: skip


def last_day(presence: Presence, native: Grain) -> date | None:
    """Returns the last day that the metric's data cover."""
    periods = presence.periods
    return end_of(periods[-1], native) if periods else None
