"""Derived metrics: arithmetic over the values of other metrics, cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl
from sqlglot import exp

from metrics.catalogue import Metric
from metrics.catalogue.expression import ExpressionError, names, parse
from metrics.query.result import Status

# From the least to the most trusted: a derived value is as good as its worst input.
_RANK = (Status.NO_DATA, Status.MISSING, Status.INCOMPLETE, Status.PROVISIONAL, Status.FINAL)
_RANKS = {status.value: rank for rank, status in enumerate(_RANK)}


def derive(
    metric: Metric, inputs: Mapping[str, pl.DataFrame], by: tuple[str, ...], *, over: bool = False
) -> pl.DataFrame:
    """Returns the derived metric's frame, with the columns of its inputs' frames.

    `inputs` maps each name in the formula to a frame of `period`, `by`, `value`, `status`, `reporting`, `expected`,
    `is_total`, and with `over` the column of that name.
    A value is missing when any input is, or where it would divide by zero.
    """
    formula = metric.formula or ""
    marks = ("is_total", "over") if over else ("is_total",)
    keys = ["period", *by, *marks]
    joined: pl.DataFrame | None = None
    used = sorted(names(formula))
    for name in used:
        frame = inputs[name].select(
            *keys,
            pl.col("value").alias(f"value:{name}"),
            pl.col("status").replace_strict(_RANKS, return_dtype=pl.Int64).alias(f"rank:{name}"),
            pl.col("reporting").alias(f"reporting:{name}"),
            pl.col("expected").alias(f"expected:{name}"),
        )
        joined = frame if joined is None else joined.join(frame, on=keys, how="full", coalesce=True, nulls_equal=True)
    if joined is None:
        raise ExpressionError(f"'{formula}' names no metric.")
    rank = pl.min_horizontal(pl.col(f"rank:{name}").fill_null(0) for name in used)
    return joined.select(
        "period",
        *by,
        _polars(parse(formula), formula).cast(pl.Float64).alias("value"),
        pl.lit(None, pl.Float64).alias("numerator"),
        pl.lit(None, pl.Float64).alias("denominator"),
        rank.replace_strict(dict(enumerate(s.value for s in _RANK)), return_dtype=pl.String).alias("status"),
        pl.min_horizontal(f"reporting:{name}" for name in used).alias("reporting"),
        pl.max_horizontal(f"expected:{name}" for name in used).alias("expected"),
        *marks,
    )


def running(frames: Iterable[pl.DataFrame], keys: list[str]) -> pl.DataFrame:
    """Returns keys and `floor` String: the worst of the inputs' statuses that tell how far a period is along."""
    told = [status.value for status in (Status.INCOMPLETE, Status.PROVISIONAL)]
    each = [frame.select(*keys, "status").filter(pl.col("status").is_in(told)) for frame in frames]
    rank = pl.col("status").replace_strict(_RANKS, return_dtype=pl.Int64).min()
    named = rank.replace_strict(dict(enumerate(s.value for s in _RANK)), return_dtype=pl.String)
    return pl.concat(each).group_by(keys).agg(named.alias("floor"))


def divide_paired(metric: Metric, finest: pl.DataFrame, by: tuple[str, ...]) -> pl.DataFrame:
    """Returns the ratio over two models of the organisations that have both, so that both parts are about the same.

    `finest` holds both inputs by organisation. An organisation whose denominator is below the metric's
    `minimum_denominator` is left out of both parts. Columns: `period`, `by`, `value`, `numerator`, `denominator`
    Float64, `reporting` and `expected` Int64: organisations with both, and those and the ones that lack one that was
    due.
    """
    tree = parse(metric.formula or "")
    if not isinstance(tree, exp.Div):  # linted: a paired formula divides one metric by another
        raise ExpressionError(f"'{metric.formula}' is not one metric divided by another.")
    keys = list(dict.fromkeys(("period", *by, "organisation")))
    above, below = (
        finest.filter(pl.col("metric") == name).select(
            *keys, pl.col("value").alias(part), (pl.col("status") == Status.MISSING.value).alias(f"{part} is due")
        )
        for name, part in ((tree.left.name, "numerator"), (tree.right.name, "denominator"))
    )
    # Who reported only some of the months behind one part would be set against all of those behind the other.
    whole = [~pl.col(f"{part} is due").fill_null(value=False) for part in ("numerator", "denominator")]
    has = [pl.col(part).is_not_null() & at for part, at in zip(("numerator", "denominator"), whole, strict=True)]
    due = [pl.col(f"{part} is due").fill_null(value=False) for part in ("numerator", "denominator")]
    enough = pl.col("denominator").fill_null(0) >= (metric.minimum_denominator or 0)
    sides = above.join(below, on=keys, how="full", coalesce=True, nulls_equal=True).with_columns(
        (has[0] & has[1] & enough).alias("both"), ((has[0] & due[1]) | (has[1] & due[0])).alias("short")
    )
    grouped = sides.group_by("period", *by).agg(
        pl.col("numerator", "denominator").filter(pl.col("both")).sum(),
        pl.col("both").sum().cast(pl.Int64).alias("reporting"),
        (pl.col("both") | pl.col("short")).sum().cast(pl.Int64).alias("expected"),
    )
    share = pl.when(pl.col("denominator") > 0).then(pl.col("numerator") / pl.col("denominator"))
    return grouped.select("period", *by, share.alias("value"), "numerator", "denominator", "reporting", "expected")


def _polars(node: exp.Expr, text: str) -> pl.Expr:  # noqa: PLR0911 - one case a construct
    def inner(child: exp.Expr) -> pl.Expr:
        return _polars(child, text)

    match node:
        case exp.Column():
            return pl.col(f"value:{node.name}")
        case exp.Literal() if not node.is_string:
            return pl.lit(float(node.this))
        case exp.Paren():
            return inner(node.this)
        case exp.Neg():
            return -inner(node.this)
        case exp.Add():
            return inner(node.left) + inner(node.right)
        case exp.Sub():
            return inner(node.left) - inner(node.right)
        case exp.Mul():
            return inner(node.left) * inner(node.right)
        case exp.Div():
            below = inner(node.right)
            return pl.when(below != 0).then(inner(node.left) / below)
    raise ExpressionError(f"'{node.sql()}' in '{text}': a formula holds + - * / and metric ids only.")
