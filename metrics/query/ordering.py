"""The order of a result's rows, and how many of them are kept."""

from __future__ import annotations

import polars as pl

from metrics.catalogue import suggest
from metrics.query.errors import QueryError
from metrics.query.plan import ALIASES
from metrics.query.request import REMAINDER, Request

_COLUMNS = ("period", "value", "numerator", "denominator", "status", "reporting", "expected")
COMPARED = (
    "compared_period", "compared_value", "compared_numerator", "compared_denominator", "compared_status", "change",
    "change_share", "basis",
)  # fmt: skip


def check(request: Request) -> None:
    """Raises when the rows cannot be ordered or counted as asked.

    Raises:
        QueryError: a column that the result will not have, or a limit below 1.
    """
    if request.limit is not None and request.limit < 1:
        raise QueryError(f"A limit is 1 row or more, not {request.limit}.")
    by = [ALIASES.get(name, name) for name in request.by]
    known = [*_COLUMNS, *by, *(COMPARED if request.compare is not None else ())]
    for each in request.sort:
        if ALIASES.get(each.column, each.column) in known:
            continue
        if each.column in COMPARED:
            raise QueryError(f"'{each.column}' is there to sort by when the request compares.")
        raise QueryError(f"The result has no column '{each.column}' to sort by. {suggest(each.column, known)}".strip())


def ordered(frame: pl.DataFrame, request: Request) -> pl.DataFrame:
    """Returns the rows of each metric in the order asked for, and no more of them than the limit.

    Metrics stay in the order asked. Within a metric the rows of all periods are sorted together by the columns, and
    those that are equal by dimensions, then period. What is missing comes after what is there, the remainder of a top
    after its members, and totals and subtotals last. The limit counts the rows of each metric but totals and subtotals,
    which are all kept.
    """
    by = list(request.by)
    metrics = frame["metric"].unique(maintain_order=True).to_list()
    frame = frame.with_columns(
        pl.col("metric").cast(pl.Enum(metrics)).to_physical().alias("_metric"),
        _is_over(frame).alias("_over"),
        (pl.any_horizontal(pl.col(name) == REMAINDER for name in by) if by else pl.lit(value=False))
        .fill_null(value=False)
        .alias("_others"),
    )
    columns = [ALIASES.get(each.column, each.column) for each in request.sort]
    keys = ["_metric", "_over", "is_total", "_others", *columns, *by, "period"]
    descending = [*[False] * 4, *(each.descending for each in request.sort), *[False] * (len(by) + 1)]
    nulls_last = [False] * 4 + [True] * len(columns) + [False] * (len(by) + 1)
    frame = frame.sort(keys, descending=descending, nulls_last=nulls_last, maintain_order=True)
    if request.limit is not None:
        place = pl.int_range(pl.len()).over("_metric")  # totals come after all others
        frame = frame.filter(pl.col("_over") | (place < request.limit))
    return frame.drop("_metric", "_over", "_others")


def _is_over(frame: pl.DataFrame) -> pl.Expr:
    """Returns which rows are totals or subtotals."""
    if "over" in frame.columns:
        return pl.col("is_total") | (pl.col("over") != "")
    return pl.col("is_total")
