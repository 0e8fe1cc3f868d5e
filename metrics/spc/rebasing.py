"""Where limits may be due to be set anew, with the evidence. Nothing here sets them: people do who know why."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import polars as pl

from metrics.spc.character import SHORTEST_PART
from metrics.spc.chart import Chart
from metrics.spc.charts import KINDS

ON_ONE_SIDE: Final = 9
LEAST_SINCE: Final = 12
MOSTLY: Final = 0.9
# Standard errors between the two means; chance reaches 4 at its best place in hardly any stable series (simulated).
APART: Final = 4.0
LEAST_SIGMAS: Final = 1.0
UNSETTLED: Final = 5
BETTER: Final = 1.1
MAY_BE_OUTSIDE: Final = 20
WITHOUT: Final = ("mr", "run")
_OWN: Final = ("_at", "_before", "_step")
_SCHEMA: Final[dict[str, pl.DataType]] = {
    "points_since": pl.Int64(), "mean_before": pl.Float64(), "mean_after": pl.Float64(),
    "sigmas": pl.Float64(), "nature": pl.String(), "evidence": pl.String(),
}  # fmt: skip


def suggested(
    chart: Chart, *, on_one_side: int = ON_ONE_SIDE, since: int = LEAST_SINCE, starts: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Returns the series whose limits may be due to be set anew, and from when.

    One row per such series: `series` String, `from_date` as the chart's dates, `points_since` Int64, `mean_before`,
    `mean_after` Float64, `sigmas` Float64 (how far the mean moved, in sigmas of the earlier limits), `nature` String
    (improvement, concern, or change where neither is better), `evidence` String, in words.

    The last phase is parted where its two levels differ most. A new phase is suggested when all of these hold:

    - Sustained: the first 9 final points since then lie on one side of the mean before, so do 9 in 10 of all since, and
      the newest. Chance gives 9 in a row at a given place in 1 of 256; the rule of 7, 1 in 64, is for noticing a change
      and not for acting on it.
    - Established: both parts have 12 final points, and as many as the profile's limits need.
    - Apart: the means differ by a sigma of the earlier limits, and by 4 standard errors.
    - Settled: judged by limits of its own, the newer part has no shift and no trend at its newest 12 points and on at
      most a fifth of all, and at most 1 point in 20 outside.
    - A step: two levels explain 1.1 times what one straight line does, as a process that still moves has no level.

    That is Making Data Count's teaching in numbers: limits are set anew for a change that lasts and is understood.
    The cause cannot be seen in the numbers, and a fall that is not understood is no new normal.

    Args:
        chart: a chart of any kind; of moving range and run charts nothing is suggested, as they have no such limits.
        on_one_side: how many points in a row since the start must lie on one side.
        since: how many final points each part must have, at least.
        starts: `series`, `date`: where a new phase may start, as known events have it; anywhere when left out.
    """
    dates = chart.points["date"].dtype
    empty = pl.DataFrame(schema={"series": pl.String(), "from_date": dates, **_SCHEMA})
    if chart.kind in WITHOUT:
        return empty
    kept = _last_phase(chart)
    least = max(since, chart.profile.minimum_points)
    parted = _parted(kept, least, starts)
    if not parted.height:
        return empty
    profile = replace(chart.profile, minimum_points=min(chart.profile.minimum_points, least))
    draws = KINDS[chart.kind].draws
    at_start = parted.with_columns(rebase=pl.col("_at") == pl.col("_before"), fix_after_n_points=pl.lit(None, pl.Int64))
    anew = draws(at_start.drop(_OWN), profile).points
    frozen = draws(parted.with_columns(fix_after_n_points=pl.col("_before")).drop(_OWN), profile).points
    return _judged(parted, anew, frozen, on_one_side).select(empty.columns)


def _last_phase(chart: Chart) -> pl.DataFrame:
    kept = chart.points.filter("included")
    kept = kept.filter(pl.col("rebase_group") == pl.col("rebase_group").max().over("series"))
    taken = ["series", "date", "value", "improvement_direction", "screen_outliers", "fix_after_n_points"]
    return kept.select(taken + [name for name in ("num", "den") if name in kept.columns])


def _parted(kept: pl.DataFrame, least: int, starts: pl.DataFrame | None) -> pl.DataFrame:
    """Returns the points of series that can be parted: `_at` counts them, `_before` those of the first part."""
    n, k = pl.len().over("series"), pl.int_range(pl.len()).over("series")
    allowed = (k >= SHORTEST_PART) & (n - k >= SHORTEST_PART)
    if starts is not None:
        known = kept.select("series", "date").sort("date").join_asof(
            starts.select("series", pl.col("date").cast(kept["date"].dtype).alias("_event")).sort("_event"),
            left_on="date", right_on="_event", by="series", check_sortedness=False,
        )  # fmt: skip
        # The first point on or after an event is where its phase would start.
        first = known.filter(pl.col("_event").is_not_null()).group_by("series", "_event").agg(pl.col("date").min())
        kept = kept.join(
            first.select("series", "date", _starts=pl.lit(value=True)),
            on=["series", "date"],
            how="left",
            maintain_order="left",
        )
        allowed = allowed & pl.col("_starts").fill_null(value=False)
    centred = (pl.col("value") - pl.col("value").mean()).over("series")
    before = centred.cum_sum().over("series") - centred
    place = k - (n - 1) / 2
    line = (centred * place).sum().over("series") ** 2 / (place**2).sum().over("series")
    between = pl.when(allowed).then(before**2 * n / (k * (n - k)))
    kept = kept.with_columns(_between=between, _line=line, _at=k.cast(pl.Int64))
    best = pl.col("_between").max().over("series")
    cut = pl.when(pl.col("_between") == best).then("_at").min().over("series")
    kept = kept.with_columns(_before=cut, _step=best >= BETTER * pl.col("_line"))
    # The best place decides, so that a change too young or too early is not taken for one beside it.
    parted = kept.filter((pl.col("_before") >= least) & (n - pl.col("_before") >= least))
    return parted.drop("_between", "_line", "_starts", strict=False)


def _judged(parted: pl.DataFrame, anew: pl.DataFrame, frozen: pl.DataFrame, on_one_side: int) -> pl.DataFrame:
    """Returns what holds of every series that can be parted, those that are suggested."""
    beside = anew.select(
        "series", "date", "improvement_direction", "mean", "upl", "rule_outside", "rule_shift", "rule_trend",
    ).with_columns(
        parted["_at"], parted["_before"], parted["_step"], frozen["relative_to_mean"].alias("_side"),
        frozen["lpl"].alias("_lower"), frozen["upl"].alias("_upper"), frozen["rule_outside"].alias("_beyond"),
    )  # fmt: skip
    later = pl.col("_at") >= pl.col("_before")
    side = pl.col("_side").filter(later)
    moving = (pl.col("rule_shift") == 1) | (pl.col("rule_trend") == 1)
    whole = beside.group_by("series", maintain_order=True).agg(
        pl.col("date").filter(later).first().alias("from_date"),
        later.sum().cast(pl.Int64).alias("points_since"),
        pl.col("_before").first().alias("points_before"),
        pl.col("mean").filter(~later).first().alias("mean_before"),
        pl.col("mean").filter(later).first().alias("mean_after"),
        ((pl.col("upl") - pl.col("mean")).filter(~later).mean() / 3).alias("sigma_before"),
        ((pl.col("upl") - pl.col("mean")).filter(later).mean() / 3).alias("sigma_after"),
        side.head(on_one_side).sum().alias("head"),
        side.last().alias("newest"),
        (side == side.last()).sum().alias("on_side"),
        pl.col("rule_outside").filter(later).sum(),
        moving.filter(later).sum().alias("moving"),
        moving.tail(LEAST_SINCE).sum().alias("moving_lately"),
        pl.col("_step").first(),
        pl.col("_beyond").filter(later).sum().alias("beyond"),
        pl.col("_lower").last().alias("lower"),
        pl.col("_upper").last().alias("upper"),
        pl.col("improvement_direction").last(),
    )
    moved = pl.col("mean_after") - pl.col("mean_before")
    error = (
        pl.col("sigma_before") ** 2 / pl.col("points_before") + pl.col("sigma_after") ** 2 / pl.col("points_since")
    ).sqrt()
    sustained = (
        (pl.col("head").cast(pl.Int64) == pl.col("newest").cast(pl.Int64) * on_one_side)
        & (pl.col("newest") != 0)
        & (pl.col("on_side") >= MOSTLY * pl.col("points_since"))
    )
    settled = (
        (pl.col("moving_lately") == 0)
        & (pl.col("moving") <= pl.col("points_since") // UNSETTLED)
        & (pl.col("rule_outside") <= pl.col("points_since") // MAY_BE_OUTSIDE)
    )
    apart = (moved.abs() >= LEAST_SIGMAS * pl.col("sigma_before")) & (moved.abs() >= APART * error)
    whole = whole.filter(sustained & settled & apart & pl.col("_step")).with_columns(
        sigmas=moved.abs() / pl.col("sigma_before"),
        nature=pl.when(pl.col("improvement_direction") == "neutral").then(pl.lit("change"))
        .when((moved > 0) == (pl.col("improvement_direction") == "increase")).then(pl.lit("improvement"))
        .otherwise(pl.lit("concern")),
    )  # fmt: skip
    return whole.with_columns(evidence=_words())


def _words() -> pl.Expr:
    day = pl.col("from_date")
    month = pl.format("{} {}", day.dt.day(), day.dt.strftime("%B %Y"))
    return pl.format(
        "From {} on {} of {} final points lie {} the mean before, {}. Their own mean is {}, {} sigmas away. By the "
        "limits before ({} to {}) {} of them are outside; by limits of their own they are settled. "
        "Set the limits anew only if the cause is known and the change is meant to stay.",
        month, "on_side", "points_since",
        pl.when(pl.col("newest") > 0).then(pl.lit("above")).otherwise(pl.lit("below")),
        _number("mean_before"), _number("mean_after"), pl.col("sigmas").round(1),
        _number("lower"), _number("upper"), "beyond",
    )  # fmt: skip


def _number(column: str) -> pl.Expr:
    return pl.col(column).round_sig_figs(3).cast(pl.String).str.strip_suffix(".0")
