"""Percentiles from histograms: exact at the bins' resolution, straight lines within a bin."""

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
