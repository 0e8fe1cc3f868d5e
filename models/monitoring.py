"""Published forecasts beside what then happened: error, bias and coverage by month and distance, and their drift.

wMAPE is the sum of absolute errors over the sum of actual values (`models.measures.wape`). A measure drifts when its
control chart has a signal of special cause at its newest month (`metrics.spc`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from metrics import spc
from models import measures
from models.forecast_run import Kind

LEVELS: Final = (80, 95)
FEWEST_MONTHS: Final = 13
"""Months below which a control chart sets no limits, so nothing drifts."""

_ABOVE, _BELOW = "above", "below"


def stood(standing: pl.DataFrame, definition: str) -> pl.DataFrame:
    """Returns the forecast that counts from each cut-off: the first that was published, else the newest replay.

    Forecasts made again from the same cut-off, after a correction, do not count: nobody may choose among them later.

    Args:
        standing: as of `ForecastStore.standing`, of one series; or of many, with a column `series`.
        definition: version of the metric's definition; forecasts of another definition are of another number.
    """
    told = standing.filter(pl.col("definition_version") == definition, pl.col("cutoff").is_not_null())
    one = [*_series_of(told), "cutoff"]
    published = told.filter(pl.col("kind") == Kind.PUBLISHED).sort("series_id").unique(one, keep="first")
    replayed = told.filter(pl.col("kind") == Kind.REPLAYED).sort("series_id").unique(one, keep="last")
    rest = replayed.join(published, on=one, how="anti")
    return pl.concat([published, rest]).sort(one)


def outcomes(stood: pl.DataFrame, values: pl.DataFrame, actual: pl.DataFrame) -> pl.DataFrame:
    """Returns what was forecast beside what happened, one row a cut-off and period that has happened.

    Args:
        stood: as of `stood`.
        values: as of `ForecastStore.values`.
        actual: `date` Date and `value` Float64 of final periods, as of `training_frame`; `series` where `stood` has it.

    Returns:
        `series` where given, `cutoff` Date, `kind` String, `ahead` Int64, `period` Date, `actual`, `mean`, `lo80`,
        `hi80`, `lo95`, `hi95`, `naive` Float64; by cut-off and period.
    """
    keys = _series_of(stood)
    known = actual.drop_nulls("value").select(*keys, period="date", actual="value")
    bounds = [f"{end}{level}" for level in LEVELS for end in ("lo", "hi")]
    return (
        values.join(stood.select("series_id", "cutoff", "kind", *keys), on="series_id")
        .join(known, on=[*keys, "period"])
        .select(*keys, "cutoff", "kind", "ahead", "period", "actual", "mean", *bounds, "naive")
        .sort(*keys, "cutoff", "period")
    )


def _series_of(frame: pl.DataFrame) -> list[str]:
    return ["series"] if "series" in frame.columns else []


def scores(outcomes: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Returns how wrong forecasts were, one row for each of `by`, in order.

    Columns: `by`, `points` UInt32, `forecasts` UInt32 (cut-offs), `wmape`, `naive_wmape`, `bias` (positive: too high),
    `coverage80`, `coverage95` Float64; shares, null where nothing was reported.
    """
    ours = _by(outcomes, by, (
        pl.len().alias("points"), pl.col("cutoff").n_unique().alias("forecasts"), measures.wape().alias("wmape"),
        measures.bias().alias("bias"), *(measures.coverage(level).alias(f"coverage{level}") for level in LEVELS),
    ))  # fmt: skip
    naive = outcomes.with_columns(mean="naive").drop_nulls("mean")
    theirs = _by(naive, by, (measures.wape().alias("naive_wmape"),))
    both = ours.join(theirs, on=list(by), how="left", nulls_equal=True).sort(by) if by else ours.hstack(theirs)
    return both.select(*by, "points", "forecasts", "wmape", "naive_wmape", "bias", "coverage80", "coverage95")


def _by(frame: pl.DataFrame, by: Sequence[str], measured: Sequence[pl.Expr]) -> pl.DataFrame:
    return frame.group_by(by).agg(measured) if by else frame.select(measured)


def monthly(outcomes: pl.DataFrame, first: int = 1, last: int | None = None) -> pl.DataFrame:
    """Returns the parts of error, bias and coverage by the month of the forecast periods, for control charts.

    Args:
        outcomes: as of `outcomes`, perhaps with a column `series`.
        first: of the periods ahead that count.
        last: of them; None counts all from the first on.

    Returns:
        `series` where given, `month` Date, `published` Boolean (every forecast was made before), `actual` (sum),
        `missed` (sum of absolute errors), `over` (sum of forecast less actual) Float64, `points`, `within80`,
        `within95` UInt32 (with an interval, and of those within it), in order.
    """
    keys = _series_of(outcomes)
    miss = pl.col("mean") - pl.col("actual")
    within = [
        pl.col("actual").is_between(pl.col(f"lo{level}"), pl.col(f"hi{level}")).sum().alias(f"within{level}")
        for level in LEVELS
    ]
    return (
        outcomes.filter(pl.col("ahead") >= first, pl.col("ahead") <= (last or pl.col("ahead")))
        .group_by(*keys, month=pl.col("period").dt.truncate("1mo"))
        .agg(
            (pl.col("kind") == Kind.PUBLISHED).all().alias("published"),
            pl.col("actual").abs().sum(), miss.abs().sum().alias("missed"), miss.sum().alias("over"),
            pl.col("lo80").count().alias("points"), *within,
        )
        .sort(*keys, "month")
    )  # fmt: skip


def drift(months: pl.DataFrame) -> pl.DataFrame:
    """Returns which measures of which series have a signal of special cause at their newest month.

    Args:
        months: as of `monthly`, with a column `series`.

    Returns:
        `series` String, `measure` String (`bias` or `coverage80`), `month` Date, `value` Float64, `mean` Float64 (of
        the chart), `side` String (`above` or `below` it), `rules` String, `outside` Boolean (beyond a process limit);
        empty where nothing drifts.
    """
    enough = months.filter(pl.len().over("series") >= FEWEST_MONTHS)
    bias = enough.filter(pl.col("actual") > 0).with_columns(value=pl.col("over") / pl.col("actual"))
    covered = enough.filter(pl.col("points") > 0).with_columns(num=pl.col("within80"), den=pl.col("points"))
    found = []
    for measure, frame, draw in (("bias", bias, spc.xmr), ("coverage80", covered, spc.pp)):
        if frame.is_empty():
            continue
        columns = [name for name in ("value", "num", "den") if name in frame.columns]
        drawn = draw(
            frame.select("series", pl.col("month").alias("date"), *columns).with_columns(
                pl.col(columns).cast(pl.Float64)
            )
        )
        newest = drawn.points.filter(pl.col("date") == pl.col("date").max().over("series"))
        special = newest.filter(pl.col("rules").fill_null("") != "")
        side = pl.when(pl.col("value") > pl.col("mean")).then(pl.lit(_ABOVE)).otherwise(pl.lit(_BELOW))
        found.append(
            special.select(
                "series", pl.lit(measure).alias("measure"), month="date", value="value", mean="mean", side=side,
                rules="rules", outside="rule_outside",
            )
        )  # fmt: skip
    schema = {"series": pl.String, "measure": pl.String, "month": pl.Date, "value": pl.Float64, "mean": pl.Float64,
              "side": pl.String, "rules": pl.String, "outside": pl.Boolean}  # fmt: skip
    return pl.concat(found).sort("series", "measure") if found else pl.DataFrame(schema=schema)
