"""How strong the evidence of a change at the newest point is, and which signals outlast the looking at many."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import polars as pl
from scipy import special

from metrics.spc.chart import Chart
from metrics.spc.frame import Floats
from metrics.spc.null_tables import LEAST_SHARES, RATIOS, SIZES
from metrics.spc.summary import OK

RULES: Final = 4
# A normal process moves by 1.128 standard deviations from one point to the next.
PER_STANDARD_DEVIATION: Final = 1.128
# The mean of n moving ranges is as sure of the standard deviation as 0.605 n independent squares (variance 0.826/n).
FREEDOM_PER_RANGE: Final = 0.605
# Bland, An Introduction to Medical Statistics (2015), 9.4.
STRENGTHS: Final = ((0.001, "very strong"), (0.01, "strong"), (0.05, "moderate"))


def latest_evidence(chart: Chart) -> pl.DataFrame:
    """Returns how surprising the newest final point of each series would be if nothing had changed.

    One row per series of the chart: `series` String, `p_value` Float64, `strength` String: very strong (below 0.001),
    strong (below 0.01), moderate (below 0.05), weak; null where the series is not judged.

    For each rule a probability under common cause: of a point so far out (Student's t of the point against the points
    before it, the spread from their moving ranges); of two of the last three so far out on one side; of a run so long
    on one side, `q^k + (1-q)^k` with `q` the share of points there, at least a half; of a trend so long, `2/k!`. The
    least of the four is what is seen. For XmR charts its distribution under common cause was simulated, by number of
    points (`python -m metrics.spc.false_signals`); for other kinds it is multiplied by the number of rules (Bonferroni)
    and the spread is that of their limits.

    The probabilities hold for independent, about normal values. Where values are skewed, far points are commoner than
    they say; where values follow their predecessors, all signals are.
    """
    seen = least_probability(chart)
    least, n = (seen[name].cast(pl.Float64).to_numpy() for name in ("least", "n"))
    p_value = _calibrated(least, n) if chart.kind == "xmr" else np.minimum(RULES * least, 1.0)
    seen = seen.with_columns(p_value=pl.Series(p_value, dtype=pl.Float64))
    judged = chart.series.select("series", judged=pl.col("state") == OK)
    known = judged.join(seen, on="series", how="left", maintain_order="left")
    known = known.select("series", p_value=pl.when("judged").then("p_value"))
    return known.with_columns(strength=strength(pl.col("p_value")))


def least_probability(chart: Chart) -> pl.DataFrame:
    """Returns the least of the four probabilities of each series with a final value in its last phase.

    `series` String, `n` Int64 final points of the phase, `least` Float64.
    """
    facts = _facts(chart)
    least = np.minimum.reduce([_far(facts), _two_of_three(facts), _run(facts), _trend(facts)])
    return facts.select("series", "n", pl.Series("least", least, dtype=pl.Float64))


def strength(p_value: pl.Expr) -> pl.Expr:
    """Returns the strength of evidence in words: very strong, strong, moderate, weak; null without a probability."""
    words = pl.when(p_value.is_not_null()).then(pl.lit("weak"))
    least = words.otherwise(pl.lit(None, pl.String))
    for below, word in reversed(STRENGTHS):
        least = pl.when(p_value < below).then(pl.lit(word)).otherwise(least)
    return least


def controlled(
    frame: pl.DataFrame, rate: float = 0.05, dependence: Literal["positive", "any"] = "positive"
) -> pl.DataFrame:
    """Returns the frame with which of its series outlast looking at all of them at once.

    Adds `q_value` Float64, the least rate at which the series would be kept, and `discovery` Boolean. Of the series
    kept, on average no more than the share `rate` have not changed: as far as the probabilities hold, which for skewed
    values they do not. Rows without a probability count for nothing.

    Args:
        frame: `p_value` Float64 and any other columns, as from `latest_evidence`.
        rate: the false discovery rate.
        dependence: `positive` where measures are independent or move together (Benjamini and Hochberg 1995), `any`
            where nothing is known of that (Benjamini and Yekutieli 2001; stricter).

    Raises:
        ValueError: the rate does not lie between 0 and 1, or a probability does not.
    """
    if not 0 < rate < 1:
        raise ValueError(f"The rate is {rate}; it must lie between 0 and 1.")
    p = frame["p_value"].cast(pl.Float64)
    if not p.drop_nulls().is_between(0.0, 1.0).all():
        raise ValueError("A p_value does not lie between 0 and 1.")
    held = np.flatnonzero(p.is_not_null().to_numpy())
    values = p.drop_nulls().to_numpy()
    order = np.argsort(values, kind="stable")
    count = len(values)
    ranks = np.arange(1, count + 1)
    factor = (1 / ranks).sum() if dependence == "any" else 1.0
    scaled = values[order] * count * factor / ranks
    q_value = np.full(frame.height, np.nan)
    q_value[held[order]] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    kept = pl.Series("q_value", q_value, dtype=pl.Float64, nan_to_null=True)
    return frame.with_columns(kept).with_columns(discovery=(pl.col("q_value") <= rate).fill_null(value=False))


def _facts(chart: Chart) -> pl.DataFrame:
    """Returns what the rules look at, one row per series with a final value in its last phase.

    `n` Int64 final points of the phase; `centre, spread, freedom, count` Float64 from the points before the newest;
    `last` list of the last three values, newest first; `share_above`; `run`, `trend` Int64 points.
    """
    # A baseline is frozen by rows, missing ones included; the newest point is not among those that judge it.
    points = (
        chart.points.filter(pl.col("rebase_group") == pl.col("rebase_group").max().over("series"))
        .with_columns(place=pl.int_range(1, pl.len() + 1).over("series"), side=pl.col("relative_to_mean"))
        .filter("included")
        .with_columns(newest=pl.col("place") == pl.col("place").max().over("series"))
    )
    frozen = pl.col("fix_after_n_points")
    sets = (frozen.is_null() | (pl.col("place") <= frozen)) & ~pl.col("newest")
    ranges = pl.col("moving_range").filter(sets).drop_nulls()
    lines = (
        {
            "centre": pl.col("value").filter(sets).mean(),
            "spread": ranges.mean() / PER_STANDARD_DEVIATION,
            "freedom": ranges.len() * FREEDOM_PER_RANGE,
            "count": sets.sum().cast(pl.Float64),
        }
        if chart.kind == "xmr"
        else _from_limits()
    )
    facts = points.group_by("series", maintain_order=True).agg(
        n=pl.len().cast(pl.Int64),
        last=pl.col("value").tail(3).reverse(),
        share_above=(pl.col("side") > 0).mean(),
        share_below=(pl.col("side") < 0).mean(),
        above=pl.col("side").last() > 0,
        **lines,
    )
    run_and_trend = chart.series.select("series", run="run_length", trend="trend_length")
    return facts.join(run_and_trend, on="series", how="left", maintain_order="left")


def _from_limits() -> dict[str, pl.Expr]:
    above = pl.col("value").last() > pl.col("mean").last()
    reach = pl.when(above).then(pl.col("upl").last() - pl.col("mean").last())
    return {
        "centre": pl.col("mean").last(),
        "spread": reach.otherwise(pl.col("mean").last() - pl.col("lpl").last()) / 3,
        "freedom": pl.lit(np.inf),
        "count": pl.lit(np.inf),
    }


def _scores(facts: pl.DataFrame) -> list[Floats]:
    """Returns the distance of the last three points from the centre in standard errors, newest first."""
    centre, spread, count = (facts[name].cast(pl.Float64).to_numpy() for name in ("centre", "spread", "count"))
    error = np.where(spread > 0, spread, np.nan) * np.sqrt(1 + 1 / np.maximum(count, 1.0))
    return [
        (facts["last"].list.get(at, null_on_oob=True).cast(pl.Float64).to_numpy() - centre) / error for at in range(3)
    ]


def _tail(distance: Floats, freedom: Floats) -> Floats:
    """Returns the probability of a value so far above the centre."""
    finite = np.where(np.isfinite(freedom), np.maximum(freedom, 0.5), 1.0)
    normal, student = special.ndtr(-distance), special.stdtr(finite, -distance)
    found: Floats = np.where(np.isfinite(freedom), student, normal)
    return found


def _far(facts: pl.DataFrame) -> Floats:
    newest = np.abs(_scores(facts)[0])
    return np.nan_to_num(2 * _tail(newest, facts["freedom"].cast(pl.Float64).to_numpy()), nan=1.0)


def _two_of_three(facts: pl.DataFrame) -> Floats:
    last = np.array(_scores(facts)).reshape(3, facts.height)
    same = (last > 0).all(axis=0) | (last < 0).all(axis=0)
    second = np.sort(np.abs(last), axis=0)[1] if facts.height else np.zeros(0)
    a = _tail(second, facts["freedom"].cast(pl.Float64).to_numpy())
    # Two beyond and the third on their side, or all three beyond; on either side.
    found: Floats = np.where(same, 2 * (3 * a**2 * (0.5 - a) + a**3), 1.0)
    return found


def _run(facts: pl.DataFrame) -> Floats:
    length = facts["run"].to_numpy()
    here = np.where(facts["above"].fill_null(value=False).to_numpy(), facts["share_above"], facts["share_below"])
    side = np.maximum(here.astype(np.float64), 0.5)
    found: Floats = np.where(length > 0, side**length + (1 - side) ** length, 1.0)
    return np.minimum(found, 1.0)


def _trend(facts: pl.DataFrame) -> Floats:
    found: Floats = np.minimum(2 / special.gamma(np.maximum(facts["trend"].to_numpy(), 1) + 1.0), 1.0)
    return found


def _calibrated(least: Floats, n: Floats) -> Floats:
    """Returns the probability of so small a least probability under common cause, by number of points.

    It is that of the next greater share that was simulated: a little too great, and not too small. Below the least of
    them it is multiplied by the number of rules.
    """
    shares = np.array(LEAST_SHARES)
    reached = np.minimum(np.searchsorted(shares * (1 + 1e-9), least), len(shares) - 1)
    # Between simulated numbers of points the ratio is interpolated; it changes with their inverse.
    inverse = 1 / np.array(SIZES, dtype=np.float64)
    at = np.interp(-1 / np.maximum(n, 1.0), -inverse, np.arange(len(SIZES), dtype=np.float64))
    low = np.floor(at).astype(np.int64)
    high = np.minimum(low + 1, len(SIZES) - 1)
    table = np.array(RATIOS)
    ratio = table[low, reached] * (1 - (at - low)) + table[high, reached] * (at - low)
    simulated = np.minimum(shares[reached] * ratio, 1.0)
    found: Floats = np.where(reached == 0, np.minimum(RULES * least, simulated), simulated)
    return found
