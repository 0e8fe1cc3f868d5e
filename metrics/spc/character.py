"""What kind of numbers a series is made of: its trend, seasons, neighbours, denominators and zeros."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from scipy import stats

from metrics.spc.attribute import D2

SHORTEST_PART: Final = 4
LEAST_FOR_TREND: Final = 12
LEAST_FOR_NEIGHBOURS: Final = 20
WHOLE_SEASONS: Final = 2
# Days from one point to the next, and the seasons that such points may have.
_CADENCES: Final = ((1, 1, "weekday", 7), (28, 31, "month", 12), (89, 92, "quarter", 4))


def character(points: pl.DataFrame) -> pl.DataFrame:
    """Returns one row a series, of its final points in its last phase.

    `series` String; `n` Int64; `mean`, `least`, `most` Float64; `zeros` Float64, the share of points at 0; `counts`
    Boolean, whether all are whole numbers from 0 on.

    - Trend: `slope` Float64 a point, `line_explains` Float64, the share of the variation that a straight line explains,
      `line_p` Float64, its probability by chance; `step_explains` Float64, the share that the best single step does.
    - Seasons, from two whole years (weeks) on, after the better of the two is taken out: `season` String (month,
      weekday, quarter), `season_explains`, `season_p` Float64 (one-way analysis of variance), `season_high`,
      `season_low` Int64 the seasons with the highest and the lowest mean.
    - Neighbours, after seasons are taken out too when they are there: `neighbours` Float64, the correlation of each
      point with the one before, null under 20 points.
    - Parts: `events` Float64, the median count of events that the denominator lets expect, `failures` Float64 the same
      of the rest; `den_least`, `den_most` Float64; `den_far` Float64, the share of denominators more than 25 % from
      their mean; `chance_share` Float64, the share of the variance that chance at these denominators explains; `share`
      Boolean, whether no numerator is above its denominator; `sigma_z_share`, `sigma_z_rate` Float64, how much more
      the points vary than chance by the binomial and the Poisson distribution, and `sigma_z_count` of values as counts.

    Args:
        points: `series`, `date`, `value`, `included`, `rebase_group` of a chart, and `num`, `den`, null where there
            are none.
    """
    kept = points.filter("included").filter(pl.col("rebase_group") == pl.col("rebase_group").max().over("series"))
    kept = kept.with_columns(
        pl.col("value").count().over("series").alias("n"), _at=pl.int_range(pl.len()).over("series")
    )
    plain = kept.group_by("series", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("n"),
        pl.col("value").mean().alias("mean"),
        pl.col("value").min().alias("least"),
        pl.col("value").max().alias("most"),
        (pl.col("value") == 0).mean().alias("zeros"),
        ((pl.col("value") >= 0) & (pl.col("value") == pl.col("value").floor())).all().alias("counts"),
        pl.when(pl.col("value").mean() > 0)
        .then(pl.col("value").diff().abs().mean() / D2 / pl.col("value").mean().sqrt())
        .alias("sigma_z_count"),
    )
    levelled, trend = _levelled(kept)
    deseasoned, season = _deseasoned(levelled)
    whole = plain
    for part in (trend, season, _neighbours(deseasoned), _denominators(kept)):
        whole = whole.join(part, on="series", how="left", maintain_order="left")
    return whole


def _levelled(kept: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Returns the points less a straight line or a step, whichever fits better, and how well each did."""
    n, at, k = pl.col("n"), pl.col("_at"), pl.col("_at") + 1
    kept = kept.with_columns(_c=pl.col("value") - pl.col("value").mean().over("series"), _t=at - (n - 1) / 2)
    kept = kept.with_columns(
        _sum=pl.col("_c").cum_sum().over("series"),
        _slope=(pl.col("_c") * pl.col("_t")).sum().over("series") / (pl.col("_t") ** 2).sum().over("series"),
        _all=(pl.col("_c") ** 2).sum().over("series"),
    )
    inside = (k >= SHORTEST_PART) & (k <= n - SHORTEST_PART)
    kept = kept.with_columns(
        _between=pl.when(inside).then(pl.col("_sum") ** 2 * n / (k * (n - k))).otherwise(0.0),
        _line=pl.col("_slope") ** 2 * (pl.col("_t") ** 2).sum().over("series"),
    ).with_columns(_step=pl.col("_between").max().over("series"))
    kept = kept.with_columns(
        _cut=pl.when((pl.col("_between") == pl.col("_step")) & inside).then(at).min().over("series").fill_null(n)
    ).with_columns(_part=at > pl.col("_cut"))
    kept = kept.with_columns(
        _left=pl.when(pl.col("_line") >= pl.col("_step"))
        .then(pl.col("_c") - pl.col("_slope") * pl.col("_t"))
        .otherwise(pl.col("_c") - pl.col("_c").mean().over("series", "_part"))
    )
    trend = kept.group_by("series", maintain_order=True).agg(
        pl.col("n").first(),
        pl.col("_slope").first().alias("slope"),
        *(
            pl.when(pl.col("_all").first() > 0).then(pl.col(part).first() / pl.col("_all").first()).alias(name)
            for part, name in (("_line", "line_explains"), ("_step", "step_explains"))
        ),
    )
    count, explained = trend["n"].to_numpy().astype(np.float64), _floats(trend, "line_explains")
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = explained / (1 - explained) * (count - 2)
    chance = stats.f.sf(ratio, 1, np.maximum(count - 2, 1))
    chance = np.where(count >= LEAST_FOR_TREND, chance, np.nan)
    return kept, trend.drop("n").with_columns(pl.Series("line_p", chance, nan_to_null=True))


def _deseasoned(kept: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Returns the points less the means of their seasons, where those differ by more than chance, and how they do."""
    day = pl.col("date").cast(pl.Date)
    gap = day.diff().over("series").dt.total_days().median().over("series")
    kind = pl.lit(None, pl.String)
    for least, most, name, rounds in _CADENCES:
        here = gap.is_between(least, most) & (pl.col("n") >= WHOLE_SEASONS * rounds)
        kind = pl.when(here).then(pl.lit(name)).otherwise(kind)
    kept = kept.with_columns(season=kind).with_columns(
        _season=pl.when(pl.col("season") == "weekday").then(day.dt.weekday())
        .when(pl.col("season") == "month").then(day.dt.month())
        .when(pl.col("season") == "quarter").then(day.dt.quarter())
        .cast(pl.Int64)
    ).with_columns(_high=pl.col("_left").mean().over("series", "_season"))  # fmt: skip
    seasons = kept.filter(pl.col("season").is_not_null()).group_by("series", maintain_order=True).agg(
        pl.col("season").first(),
        pl.col("n").first().alias("_n"),
        pl.col("_season").n_unique().alias("_k"),
        (pl.col("_high") ** 2).sum().alias("_between"),
        (pl.col("_left") ** 2).sum().alias("_whole"),
        pl.col("_season").get(pl.col("_high").arg_max()).alias("season_high"),
        pl.col("_season").get(pl.col("_high").arg_min()).alias("season_low"),
    )  # fmt: skip
    between, whole = _floats(seasons, "_between"), _floats(seasons, "_whole")
    groups, count = _floats(seasons, "_k"), _floats(seasons, "_n")
    with np.errstate(invalid="ignore", divide="ignore"):
        explained = np.where(whole > 0, between / whole, np.nan)
        ratio = (explained / (groups - 1)) / ((1 - explained) / (count - groups))
    known = ~np.isnan(ratio)
    chance = np.where(known, stats.f.sf(np.where(known, ratio, 0.0), groups - 1, count - groups), np.nan)
    seasons = seasons.with_columns(
        pl.Series("season_explains", explained, nan_to_null=True), pl.Series("season_p", chance, nan_to_null=True)
    ).select("series", "season", "season_explains", "season_p", "season_high", "season_low")
    kept = kept.drop("season").join(
        seasons.select("series", "season_p"), on="series", how="left", maintain_order="left"
    )
    seasonal = (pl.col("season_p") < SEASON_P).fill_null(value=False)
    return kept.with_columns(
        _left=pl.when(seasonal).then(pl.col("_left") - pl.col("_high")).otherwise("_left")
    ), seasons


SEASON_P: Final = 0.001


def _neighbours(kept: pl.DataFrame) -> pl.DataFrame:
    left = pl.col("_left")
    return kept.group_by("series", maintain_order=True).agg(
        pl.when((pl.len() >= LEAST_FOR_NEIGHBOURS) & ((left**2).sum() > 0))
        .then((left * left.shift(1)).sum() / (left**2).sum())
        .alias("neighbours")
    )


def _denominators(kept: pl.DataFrame) -> pl.DataFrame:
    held = kept.filter(pl.col("den") > 0).with_columns(num=pl.col("num").fill_null(pl.col("value") * pl.col("den")))
    num, den = pl.col("num"), pl.col("den")
    mean = num.sum() / den.sum()
    score = ((num / den - mean) * den.sqrt()).diff().abs().mean() / D2
    share = (num <= den).all()
    chance = (pl.when(share).then(mean * (1 - mean)).otherwise(mean) / den).mean()
    spread = pl.col("value").diff().abs().mean() / D2
    return held.group_by("series", maintain_order=True).agg(
        (den.median() * mean).alias("events"),
        (den.median() * (1 - mean)).alias("failures"),
        den.min().alias("den_least"),
        den.max().alias("den_most"),
        ((den / den.mean() - 1).abs() > 0.25).mean().alias("den_far"),
        pl.when(spread > 0).then(chance / spread**2).alias("chance_share"),
        share.alias("share"),
        pl.when(share & (mean > 0) & (mean < 1)).then(score / (mean * (1 - mean)).sqrt()).alias("sigma_z_share"),
        pl.when(mean > 0).then(score / mean.sqrt()).alias("sigma_z_rate"),
    )


def _floats(frame: pl.DataFrame, column: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return frame[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
