"""Which model to trust for a series, by what each would have done: a change of model must be earned by a margin."""

from __future__ import annotations

import polars as pl

from models.backtest import Backtest

MARGIN = 0.03
"""How much lower another model's mean absolute error must be before it is preferred."""

FEWEST = 6
"""Cut-offs below which the usual model stays."""


def chosen(tested: Backtest, usual: str, margin: float = MARGIN) -> pl.DataFrame:
    """Returns the model to use for each series that was tested.

    The usual model stays unless another's mean absolute error is lower by the margin over at least six cut-offs: the
    best of several on few tests is often luck.

    Args:
        tested: the back-test, all models at the same cut-offs.
        usual: name of the model that stays in doubt.
        margin: share of the usual model's error, such as 0.03.

    Returns:
        Columns `series` String, `model` String, `error`, `usual_error` Float64 in the series' unit, `cutoffs` UInt32.

    Raises:
        ValueError: the usual model was not tested.
    """
    if usual not in tested.frame["model"].unique():
        held = ", ".join(sorted(tested.frame["model"].unique())) or "none"
        raise ValueError(f"'{usual}' was not tested; these were: {held}.")
    errors = (
        tested.frame.drop_nulls("actual")
        .group_by("series", "model")
        .agg(error=(pl.col("actual") - pl.col("mean")).abs().mean(), cutoffs=pl.col("cutoff").n_unique())
    )
    own = errors.filter(pl.col("model") == usual).select("series", usual_error="error")
    earned = (pl.col("error") < (1 - margin) * pl.col("usual_error")) & (pl.col("cutoffs") >= FEWEST)
    return (
        errors.join(own, on="series")
        .filter(earned | (pl.col("model") == usual))
        .sort("series", "error", "model")
        .unique("series", keep="first", maintain_order=True)
        .select("series", "model", "error", "usual_error", "cutoffs")
    )
