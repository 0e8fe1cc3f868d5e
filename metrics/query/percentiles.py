"""Percentiles of distributions: from histograms, exact at the bins' resolution, and from every value itself."""

from __future__ import annotations

import polars as pl

from metrics.query.sql import LOWER, UPPER


def from_bins(bins: pl.DataFrame, keys: list[str], count: str, quantile: float) -> pl.DataFrame:
    """Returns keys, `value` Float64, `count` Float64 (all in the histogram) and `is_open` Boolean.

    `bins` has the keys, `bin_from` and `bin_to` (null: no upper edge) and the count column. The value is where the
    cumulative count reaches `quantile` of the total, counting evenly within a bin. When that falls in the open bin
    there is no value, and `is_open` is true.
    """
    reached = pl.col(count).cum_sum().over(keys, order_by=LOWER)
    total = pl.col(count).sum().over(keys)
    rows = (
        bins.filter(pl.col(count) > 0)
        .with_columns(reached.alias("_reached"), total.alias("_total"))
        .with_columns((pl.col("_total") * quantile).alias("_wanted"))
        .filter(pl.col("_reached") >= pl.col("_wanted") - 1e-9)
    )
    share = (pl.col("_wanted") - (pl.col("_reached") - pl.col(count))) / pl.col(count)
    return (
        rows.sort(LOWER)
        .group_by(keys, maintain_order=True)
        .first()
        .select(
            *keys,
            (pl.col(LOWER) + share * (pl.col(UPPER) - pl.col(LOWER))).cast(pl.Float64).alias("value"),
            pl.col("_total").cast(pl.Float64).alias("count"),
            pl.col(UPPER).is_null().alias("is_open"),
        )
    )


def from_values(values: pl.DataFrame, keys: list[str], count: str, quantile: float) -> pl.DataFrame:
    """Returns keys, `value` Float64, `count` Float64 (of all values) and `is_open` Boolean (never).

    `values` has the keys, `bin_from` (a value) and how many rows have it. The value stands at rank
    `quantile` times (count - 1) from 0, in a straight line between its neighbours, as `percentile_cont` of SQL does.
    """
    total = pl.col(count).sum().over(keys)
    ranked = (
        values.filter(pl.col(count) > 0)
        .with_columns(pl.col(count).cum_sum().over(keys, order_by=LOWER).alias("_reached"), total.alias("_total"))
        .with_columns(((pl.col("_total") - 1) * quantile).alias("_rank"))
        .sort(*keys, LOWER)
    )
    at = [
        pl.col(LOWER).filter(pl.col("_reached") > function).first().cast(pl.Float64)
        for function in (pl.col("_rank").floor(), pl.col("_rank").ceil())
    ]
    found = ranked.group_by(keys, maintain_order=True).agg(
        at[0].alias("_below"), at[1].alias("_above"), pl.col("_rank").first(), pl.col("_total").first()
    )
    part = pl.col("_rank") - pl.col("_rank").floor()
    return found.select(
        *keys,
        (pl.col("_below") + part * (pl.col("_above") - pl.col("_below"))).alias("value"),
        pl.col("_total").cast(pl.Float64).alias("count"),
        pl.lit(value=False).alias("is_open"),
    )
