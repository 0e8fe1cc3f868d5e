"""How wrong forecasts were, from the quantiles that each gave."""

from __future__ import annotations

from collections.abc import Sequence
from math import erf, sqrt

import numpy as np
import polars as pl

from models.calendar import Frequency, bank_holidays
from models.rolling import holiday_periods

QUANTILES = (0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975)
NEAR = 0.05
"""How far a series' coverage may be from what was promised to count as near."""

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
    given = forecasts.with_columns(pl.col(NAMES).fill_nan(None))
    rows = given.join(actual.rename({"value": "actual"}), on=["series", "date"]).join(steps, on="series")
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
        # A model that gives no interval has no score of one.
        pinball=pl.when(pl.all_horizontal(pl.col(NAMES).is_not_null())).then(2 * pl.mean_horizontal(pinballs)),
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
        wql=pl.when(pl.col("pinball").is_not_null().any()).then(
            pl.col("pinball").sum() / pl.col("actual").filter(pl.col("pinball").is_not_null()).abs().sum()
        ),
        intervals=pl.col("in80").is_not_null().mean(),
        crps=(pl.col("pinball") / pl.col("step")).mean(),
        is80=pl.col("is80").mean(),
        is95=pl.col("is95").mean(),
        cov80=pl.col("in80").mean(),
        cov95=pl.col("in95").mean(),
        cpu=pl.col("cpu").mean(),
    )
    return table.join(parts.group_by(by).agg(pl.col("rmsse").mean()), on=list(by), nulls_equal=True).sort("mase")


def coverage_by_series(rows: pl.DataFrame, by: Sequence[str] = ("model",)) -> pl.DataFrame:
    """Returns the share of series whose coverage is within 5 points of what was promised: `near80`, `near95`.

    `chance80` and `chance95` are what a model would have whose series are all right in the long run, as coverage
    differs from cut-off to cut-off; less where cut-offs overlap, and more where intervals answer to their own misses.
    """
    inside = pl.col("in80", "in95").cast(pl.Float64).mean()
    origins = rows.group_by(*by, "panel", "series", "origin", maintain_order=True).agg(inside)
    spread = origins.group_by(*by, "panel", "series").agg(
        (pl.col("in80", "in95").std() / pl.len().sqrt()).name.prefix("se_")
    )
    each = rows.group_by(*by, "panel", "series").agg(inside).join(spread, on=[*by, "panel", "series"], nulls_equal=True)
    names = {"80": 0.8, "95": 0.95}
    return each.group_by(by).agg(
        *(((pl.col(f"in{name}") - level).abs() <= NEAR).mean().alias(f"near{name}") for name, level in names.items()),
        *(
            pl.col(f"se_in{name}").map_elements(_within, return_dtype=pl.Float64).mean().alias(f"chance{name}")
            for name in names
        ),
    )


def _within(error: float) -> float:
    """The chance that a normal error of this size stays within what counts as near."""
    return erf(NEAR / (error * sqrt(2))) if error > 0 else 1.0
