"""How wrong forecasts were, from the quantiles that each gave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from models.calendar import Frequency, bank_holidays
from models.rolling import holiday_periods

QUANTILES = (0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975)
NAMES = tuple(f"q{each:g}" for each in QUANTILES)


def scales(known: pl.DataFrame, season: int) -> pl.DataFrame:
    """Returns the mean absolute and mean squared seasonal change before an origin: series, step, step_squared."""
    dated = known.sort("series", "date")
    change = pl.col("value") - pl.col("value").shift(season).over("series")
    return (
        dated.upsample("date", every="1d" if season == 7 else "1mo", group_by="series", maintain_order=True)
        .with_columns(pl.col("series").forward_fill())
        .with_columns(change=change)
        .group_by("series")
        .agg(step=pl.col("change").abs().mean(), step_squared=(pl.col("change") ** 2).mean())
    )


def judged(forecasts: pl.DataFrame, actual: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Returns one row per forecast that can be judged, with its errors."""
    rows = forecasts.join(actual.rename({"value": "actual"}), on=["series", "date"]).join(steps, on="series")
    rows = rows.drop_nulls("actual").filter(pl.col("step") > 0)
    miss = pl.col("actual") - pl.col("q0.5")
    pinballs = [
        pl.max_horizontal(each * (pl.col("actual") - pl.col(name)), (each - 1) * (pl.col("actual") - pl.col(name)))
        for each, name in zip(QUANTILES, NAMES, strict=True)
    ]
    days = rows["date"].to_numpy().astype("datetime64[D]")
    near = holiday_periods(days, Frequency.DAILY, bank_holidays(2015, 2030)) if rows.height else np.zeros(0, bool)
    return rows.with_columns(
        scaled=miss.abs() / pl.col("step"),
        missed=miss.abs(),
        squared=miss**2 / pl.col("step_squared"),
        pinball=2 * pl.mean_horizontal(pinballs),
        in80=pl.col("actual").is_between("q0.1", "q0.9"),
        in95=pl.col("actual").is_between("q0.025", "q0.975"),
        is80=_interval("q0.1", "q0.9", 0.2) / pl.col("step"),
        is95=_interval("q0.025", "q0.975", 0.05) / pl.col("step"),
        bias=-miss,
        holiday=pl.Series(near),
    )


def _interval(low: str, high: str, alpha: float) -> pl.Expr:
    below = (pl.col(low) - pl.col("actual")).clip(lower_bound=0)
    above = (pl.col("actual") - pl.col(high)).clip(lower_bound=0)
    return pl.col(high) - pl.col(low) + 2 / alpha * (below + above)


def summary(rows: pl.DataFrame, by: Sequence[str] = ("model",)) -> pl.DataFrame:
    """Returns every measure for each of `by`, the least MASE first."""
    parts = rows.group_by([*by, "panel", "series", "origin"] if "panel" not in by else [*by, "series", "origin"]).agg(
        pl.col("squared").mean().sqrt().alias("rmsse")
    )
    table = rows.group_by(by).agg(
        points=pl.len(),
        mase=pl.col("scaled").mean(),
        wape=pl.col("missed").sum() / pl.col("actual").abs().sum(),
        bias=pl.col("bias").sum() / pl.col("actual").abs().sum(),
        wql=pl.col("pinball").sum() / pl.col("actual").abs().sum(),
        crps=(pl.col("pinball") / pl.col("step")).mean(),
        is80=pl.col("is80").mean(),
        is95=pl.col("is95").mean(),
        cov80=pl.col("in80").mean(),
        cov95=pl.col("in95").mean(),
        cpu=pl.col("cpu").mean(),
    )
    return table.join(parts.group_by(by).agg(pl.col("rmsse").mean()), on=list(by), nulls_equal=True).sort("mase")


def coverage_by_series(rows: pl.DataFrame) -> pl.DataFrame:
    """Returns, for each model, the share of series whose coverage is within 5 points of what was promised."""
    each = rows.group_by("model", "panel", "series").agg(pl.col("in80").mean(), pl.col("in95").mean())
    return each.group_by("model").agg(
        near80=((pl.col("in80") - 0.8).abs() <= 0.05).mean(), near95=((pl.col("in95") - 0.95).abs() <= 0.05).mean()
    )
