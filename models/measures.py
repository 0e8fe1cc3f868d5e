"""How wrong forecasts were: one small expression or function per measure.

They take the long frame of `models.backtest`: one row per model, series, cut-off and period ahead, with
`actual`, `mean`, `lo80` ... `hi95`, and the scales `step` and `step_squared` of the training window
(mean absolute and mean squared change over one season). Rows without an actual value do not count.

Sources: Hyndman & Koehler 2006 (MASE), Makridakis et al. 2022 (RMSSE), Gneiting & Raftery 2007 (interval score).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from models.calendar import Floats

_MISS = pl.col("actual") - pl.col("mean")


def seasonal_steps(training: Floats, season: int) -> tuple[Floats, Floats]:
    """Returns the mean absolute and the mean squared change over one season, per series (NaN if undefined)."""
    change = training[season:] - training[:-season]
    known = ~np.isnan(change)
    count = np.maximum(known.sum(axis=0), 1)
    absolute = np.where(known, np.abs(change), 0).sum(axis=0) / count
    squared = np.where(known, change**2, 0).sum(axis=0) / count
    undefined = (known.sum(axis=0) == 0) | (absolute == 0)
    return np.where(undefined, np.nan, absolute), np.where(undefined, np.nan, squared)


def mae() -> pl.Expr:
    """Returns the mean absolute error, in the series' unit."""
    return _MISS.abs().mean()


def mase() -> pl.Expr:
    """Returns the mean absolute error in units of the training window's seasonal change."""
    return (_MISS.abs() / pl.col("step")).mean()


def wape() -> pl.Expr:
    """Returns the sum of absolute errors over the sum of actual values; null when that is nought."""
    total = pl.col("actual").abs().sum()
    return pl.when(total > 0).then(_MISS.abs().sum() / total)


def bias() -> pl.Expr:
    """Returns forecast less actual over actual, all summed: positive when forecasts are too high."""
    total = pl.col("actual").abs().sum()
    return pl.when(total > 0).then(-_MISS.sum() / total)


def coverage(level: float) -> pl.Expr:
    """Returns the share of actual values within the interval, of those that had one."""
    return pl.col("actual").is_between(pl.col(f"lo{level:g}"), pl.col(f"hi{level:g}")).mean()


def interval_score(level: float) -> pl.Expr:
    """Returns the mean interval score in units of the training window's seasonal change: small is good."""
    low, high, missed = pl.col(f"lo{level:g}"), pl.col(f"hi{level:g}"), 2 / (1 - level / 100)
    below = (low - pl.col("actual")).clip(lower_bound=0)
    above = (pl.col("actual") - high).clip(lower_bound=0)
    return ((high - low + missed * (below + above)) / pl.col("step")).mean()


def rmsse(forecasts: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Returns the root mean scaled squared error of each series and cut-off, averaged: `by` and `rmsse`."""
    keys = list(dict.fromkeys([*by, "series", "cutoff"]))
    each = forecasts.group_by(keys).agg(((_MISS**2).mean() / pl.col("step_squared").first()).sqrt().alias("rmsse"))
    return each.group_by(by).agg(pl.col("rmsse").mean())


def summary(forecasts: pl.DataFrame, by: Sequence[str] = ("model",)) -> pl.DataFrame:
    """Returns every measure, one row for each of `by`, in order.

    Columns: `by`, then `points` UInt32, `mase`, `rmsse`, `wape`, `mae`, `bias`, and `coverage` and `interval_score` of
    each level that the forecasts have (`coverage80`), Float64; shares are 0..1.
    """
    levels = [float(name[2:]) for name in forecasts.columns if re.fullmatch(r"lo\d+(\.\d+)?", name)]
    coverages = [coverage(level).alias(f"coverage{level:g}") for level in levels]
    scores = [interval_score(level).alias(f"interval_score{level:g}") for level in levels]
    scored = forecasts.drop_nulls("actual")
    table = scored.group_by(by).agg(
        pl.len().alias("points"),
        mase().alias("mase"),
        wape().alias("wape"),
        mae().alias("mae"),
        bias().alias("bias"),
        *coverages,
        *scores,
    )
    joined = table.join(rmsse(scored, by), on=list(by), how="left", nulls_equal=True)
    return joined.select(
        *by,
        "points",
        "mase",
        "rmsse",
        "wape",
        "mae",
        "bias",
        *(f"coverage{level:g}" for level in levels),
        *(f"interval_score{level:g}" for level in levels),
    ).sort(*by)
