"""From an answer of the engine to what a model may learn from."""

from __future__ import annotations

from typing import Final

import polars as pl

from metrics.query.result import Result, Status

BETWEEN: Final = " / "
"""Stands between the codes in the name of a series of several dimensions."""


def training_frame(result: Result, metric: str) -> pl.DataFrame:
    """Returns the final periods of a metric as series: `series` String, `date` Date, `value` Float64.

    Periods that are provisional, incomplete, missing or without data never train. A series is named by its
    dimension codes, joined by `BETWEEN`; without dimensions by the metric. Total rows are left out.
    """
    keys = [pl.col(name) for name in result.request.by]
    name = pl.concat_str(keys, separator=BETWEEN) if keys else pl.lit(metric)
    return (
        result.frame.filter(
            pl.col("metric") == metric,
            pl.col("status") == Status.FINAL.value,
            ~pl.col("is_total"),
        )
        .select(name.alias("series"), pl.col("period").alias("date"), "value")
        .sort("series", "date")
    )
