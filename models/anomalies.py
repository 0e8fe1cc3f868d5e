"""Days that are not what was forecast of them: each against the newest forecast that was published before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

SCHEMA: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "series": pl.String, "period": pl.Date, "actual": pl.Float64, "mean": pl.Float64, "lo80": pl.Float64,
    "hi80": pl.Float64, "lo95": pl.Float64, "hi95": pl.Float64, "made_at": pl.Datetime("us"), "ahead": pl.Int64,
    "side": pl.String, "level": pl.Int64,
}  # fmt: skip


def beside(published: pl.DataFrame, actual: pl.DataFrame) -> pl.DataFrame:
    """Returns each period beside the interval that was published before it, for alerts and charts.

    The forecast is the newest whose cut-off is not after the period; of several from one cut-off, the first made. So
    nothing that happened in the period, or since, has a part in its interval.

    Args:
        published: `series` String, `made_at` Datetime, `cutoff`, `period` Date, `ahead` Int64, `mean`, `lo80`, `hi80`,
            `lo95`, `hi95` Float64; published forecasts only.
        actual: `series` String, `date` Date, `value` Float64 of final periods.

    Returns:
        `series`, `period`, `actual`, `mean`, the bounds, `made_at`, `ahead`, `side` String (`high`, `low`; null within
        the 80 % interval) and `level` Int64 (of the widest interval that it lies outside: 95 or 80; null within).
        Periods without a forecast before them have no row.
    """
    known = actual.drop_nulls("value").select("series", period="date", actual="value")
    before = (
        published.filter(pl.col("cutoff") <= pl.col("period"))
        .sort("series", "period", pl.col("cutoff").to_physical() * -1, "made_at")
        .unique(["series", "period"], keep="first", maintain_order=True)
    )
    value = pl.col("actual")
    outside = {level: (value < pl.col(f"lo{level}")) | (value > pl.col(f"hi{level}")) for level in (80, 95)}
    level = pl.when(outside[95]).then(95).when(outside[80]).then(80).cast(pl.Int64)
    side = pl.when(value > pl.col("mean")).then(pl.lit("high")).otherwise(pl.lit("low"))
    return (
        known.join(before, on=["series", "period"])
        .with_columns(level=level)
        .with_columns(side=pl.when(pl.col("level").is_not_null()).then(side))
        .select(*SCHEMA)
        .sort("series", "period")
    )


def anomalies(published: pl.DataFrame, actual: pl.DataFrame, level: int = 95) -> pl.DataFrame:
    """Returns the periods that lie outside the interval of a level, as of `beside`: what an alert is raised by.

    About 5 in 100 usual periods lie outside a 95 % interval: of many series some do every day.
    """
    return beside(published, actual).filter(pl.col("level") >= level)
