"""Which model to trust for a series, by what each would have done: a change of model must be earned.

A margin alone is no proof: the best of several on few tests is often luck, and cut-offs whose horizons overlap say the
same things. On published series a margin of 3 % by itself made forecasts worse, by up to a tenth. With the second rule,
that what is saved is twice its own standard error, errors stay within a hundredth of the usual model's, and fall where
another model is plainly better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from models.effects import EXACT

if TYPE_CHECKING:  # it loads all models, and the margin is wanted without them
    from models.backtest import Backtest

MARGIN = 0.03
"""How much lower another model's mean absolute error must be before it is preferred."""

FEWEST = 6
"""Cut-offs below which the usual model stays."""

SURE = 2.0
"""Standard errors that what is saved must be above nought, over cut-offs that do not overlap."""

_THEN: Final = "at"


def chosen(tested: Backtest, usual: str, margin: float = MARGIN) -> pl.DataFrame:
    """Returns the model to use for each series that was tested.

    The usual model stays unless another's mean absolute error is lower by the margin over at least six cut-offs, and
    surely so: by twice the standard error of what each cut-off says. Only days that every model forecast count.

    Args:
        tested: the back-test, all models at the same cut-offs.
        usual: name of the model that stays in doubt.
        margin: share of the usual model's error, such as 0.03.

    Returns:
        Columns `series` String, `model` String, `error`, `usual_error` Float64 in the series' unit, `cutoffs` UInt32.

    Raises:
        ValueError: the usual model was not tested.
    """
    return _preferred(_misses(tested, usual), usual, margin, ["series"])


def chosen_then(tested: Backtest, usual: str, margin: float = MARGIN, most: int = 12) -> pl.DataFrame:
    """Returns the model that would have been chosen for each series at each cut-off, by the tests before it alone.

    Args:
        tested: the back-test, all models at the same cut-offs.
        usual: name of the model that stays in doubt.
        margin: share of the usual model's error, such as 0.03.
        most: of the newest earlier cut-offs that count, of those whose whole horizon had happened.

    Returns:
        Columns `series` String, `cutoff` Date, `model` String; the usual model where there are too few earlier ones.

    Raises:
        ValueError: the usual model was not tested.
    """
    misses = _misses(tested, usual)
    then = tested.frame.select("series", pl.col("cutoff").alias(_THEN)).unique()
    ends = misses.group_by("series", "cutoff").agg(pl.col("end").max())
    known = (
        then.join(ends, on="series")
        .filter(pl.col("end") < pl.col(_THEN))
        .filter(pl.col("cutoff").rank(descending=True).over("series", _THEN) <= most)
        .select("series", _THEN, "cutoff")
    )
    best = _preferred(known.join(misses, on=["series", "cutoff"]), usual, margin, ["series", _THEN])
    return (
        then.join(best, on=["series", _THEN], how="left")
        .select("series", pl.col(_THEN).alias("cutoff"), pl.col("model").fill_null(usual))
        .sort("series", "cutoff")
    )


def _misses(tested: Backtest, usual: str) -> pl.DataFrame:
    """What each model missed by, summed over the days of a cut-off.

    Columns `series`, `model`, `cutoff`, `missed`, `usual` (what the usual model missed by), `points`, `end` (last day).
    """
    if usual not in tested.frame["model"].unique():
        held = ", ".join(sorted(tested.frame["model"].unique())) or "none"
        raise ValueError(f"'{usual}' was not tested; these were: {held}.")
    each = (
        tested.frame.drop_nulls("actual")
        .filter(pl.col("mean").is_not_null().all().over("series", "cutoff", "date"))
        .group_by("series", "model", "cutoff")
        .agg(
            # What arithmetic leaves over of a series that is known exactly is no error.
            missed=pl.when((pl.col("actual") - pl.col("mean")).abs().sum() > EXACT * pl.col("actual").abs().sum())
            .then((pl.col("actual") - pl.col("mean")).abs().sum())
            .otherwise(0.0),
            points=pl.len(),
            first=pl.col("date").min(),
            end=pl.col("date").max(),
        )
    )
    own = each.filter(pl.col("model") == usual).select("series", "cutoff", usual="missed")
    return each.join(own, on=["series", "cutoff"])


def _preferred(misses: pl.DataFrame, usual: str, margin: float, keys: list[str]) -> pl.DataFrame:
    saved = (pl.col("usual") - pl.col("missed")) / pl.col("points")
    # Cut-offs whose horizons overlap count as the fewer that would reach as far without.
    length = (pl.col("end") - pl.col("first")).dt.total_days() + 1
    reach = (pl.col("end").max() - pl.col("first").min()).dt.total_days() + 1
    apart = pl.min_horizontal(pl.len().cast(pl.Float64), reach / length.mean())
    errors = misses.group_by(*keys, "model").agg(
        error=pl.col("missed").sum() / pl.col("points").sum(),
        usual_error=pl.col("usual").sum() / pl.col("points").sum(),
        cutoffs=pl.col("cutoff").n_unique(),
        saved=saved.mean(),
        doubt=saved.std() / apart.sqrt(),
    )
    earned = (
        (pl.col("error") < (1 - margin) * pl.col("usual_error"))
        & (pl.col("cutoffs") >= FEWEST)
        & (pl.col("saved") >= SURE * pl.col("doubt"))
    )
    return (
        errors.filter(earned | (pl.col("model") == usual))
        .sort(*keys, "error", "model")
        .unique(keys, keep="first", maintain_order=True)
        .select(*keys, "model", "error", "usual_error", "cutoffs")
    )
