"""The greatest members of a dimension, and all others as one: each asked of the warehouse, none added up or taken away.

Members are ranked by one figure for the whole of the period asked for: flows, and ratios from their parts, over all of
it; levels, percentiles of levels, indices, conversions and whatever is accumulated already, as they stand at its end.
Of equals, the first code comes first; members without a figure come last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from metrics.catalogue import Catalogue, Metric
from metrics.query.errors import QueryError
from metrics.query.periods import NESTS, day_of, end_of, sequence, start_of
from metrics.query.plan import ALIASES, plan
from metrics.query.request import REMAINDER, Filter, Grain, Request, Top
from metrics.query.result import Result

Ask = Callable[[Request], Result]
_UNITS = {
    Grain.DAY: "days", Grain.WEEK: "weeks", Grain.MONTH: "months", Grain.QUARTER: "quarters",
    Grain.FINANCIAL_YEAR: "years",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Members:
    """The members of a dimension that are shown by themselves.

    Attributes:
        kept: their codes, the first of the ranking first.
        others: metric id to whether anything is left for a remainder: more members, or rows without one.
        count: how many members the remainder stands for.
    """

    dimension: str
    kept: tuple[str, ...]
    others: Mapping[str, bool]
    count: int

    @property
    def label(self) -> str:
        """Returns the name of the remainder."""
        return f"All others ({self.count:,})" if self.count else "All others"


def members(ask: Ask, request: Request, top: Top, catalogue: Catalogue) -> Members:
    """Returns the members of the dimension that have the greatest (or least) values.

    `request` is the request without its top, with plain names of dimensions.

    Raises:
        QueryError: the dimension is not one that the request splits by, or the count is below 1.
    """
    dimension = ALIASES.get(top.dimension, top.dimension)
    if dimension not in request.by:
        text = f"The top is of '{top.dimension}', which the request does not split by."
        raise QueryError(f"{text} Add it to 'by', or name one of: {', '.join(request.by) or 'none is there yet'}.")
    if top.count < 1:
        raise QueryError(f"A top keeps 1 member or more, not {top.count}.")
    metric = catalogue.metric(top.metric or request.metrics[0])
    alone = replace(request, by=(dimension,), totals=False, subtotals=())
    held = ask(replace(alone, metrics=tuple(dict.fromkeys((*request.metrics, metric.id)))))
    ranked = (
        _figures(ask, replace(alone, metrics=(metric.id,)), held, catalogue)
        .filter(pl.col(dimension).is_not_null())
        .sort("value", dimension, descending=[not top.least, False], nulls_last=True)
    )
    kept = tuple(ranked[dimension].head(top.count))
    rest = held.frame.filter(
        pl.col("metric").is_in(request.metrics), ~pl.col(dimension).is_in(kept).fill_null(value=False)
    )
    return Members(
        dimension=dimension,
        kept=kept,
        others={name: bool((rest["metric"] == name).any()) for name in request.metrics},
        count=rest[dimension].drop_nulls().n_unique(),
    )


def split(ask: Ask, request: Request, chosen: Members, *, remainder: bool) -> Result:
    """Returns the answer to the request for the members, and for all others as the member `REMAINDER`.

    `request` has plain names of dimensions and no top. Totals and subtotals that do not tell the members apart are
    those of all. See `Result` for the frame.
    """
    name = chosen.dimension
    apart = tuple(each for each in request.subtotals if name in each)
    where = _only(request.where, chosen) if chosen.kept else request.where
    results = [ask(replace(request, where=where, totals=False, subtotals=apart))]
    # Where nobody is ranked, whoever has rows (of an earlier period, or of no member) is among all others.
    frames = [results[0].frame if chosen.kept else results[0].frame.clear()]
    if remainder and any(chosen.others.values()):
        results.append(ask(_of_others(request, chosen, apart)))
        frames.append(results[-1].frame.with_columns(pl.lit(REMAINDER).alias(name)))
    together = tuple(each for each in request.subtotals if name not in each)
    if request.totals or together:
        results.append(ask(replace(request, subtotals=together)))
        frames.append(results[-1].frame.filter(pl.col("is_total")))
    labels = {key: dict(each) for key, each in results[0].labels.items()}
    labels.setdefault(name, {})[REMAINDER] = chosen.label
    asked = replace(results[0].request, where=request.where, totals=request.totals, subtotals=request.subtotals)
    return replace(
        results[0], request=asked, frame=pl.concat(_over(each, asked) for each in frames), labels=labels,
        queries=tuple(query for each in results for query in each.queries),
        notes=tuple(dict.fromkeys(note for each in results for note in each.notes)),
    )  # fmt: skip


def leaves(metric: Metric, catalogue: Catalogue) -> tuple[Metric, ...]:
    """Returns the metrics that a formula comes down to; of any other metric, itself."""
    if metric.type != "derived":
        return (metric,)
    return tuple(leaf for each in catalogue.inputs(metric) for leaf in leaves(each, catalogue))


def native_grain(request: Request, metric: Metric, catalogue: Catalogue) -> Grain | None:
    """Returns the shortest grain in which the metric can be answered as the request splits and filters it."""
    asked = replace(request, grain=None, window=None, to_date=None)
    natives = [
        plan(replace(asked, metrics=(leaf.id,)), catalogue).sources[leaf.id].native
        for leaf in leaves(metric, catalogue)
    ]
    return next((grain for grain in Grain if all(grain in NESTS[native] for native in natives)), None)


def _figures(ask: Ask, request: Request, held: Result, catalogue: Catalogue) -> pl.DataFrame:
    """Returns one row a member, with the `value` that it is ranked by. `held` has its figures per period."""
    (name,), (dimension,) = request.metrics, request.by
    metric = catalogue.metric(name)
    cells = held.frame.filter(pl.col("metric") == name)
    newest, native = held.as_of.get(name), native_grain(request, metric, catalogue)
    if cells.is_empty() or newest is None or native is None:
        return cells.unique(dimension)
    if metric.type == "conversion":  # every start belongs to one period, so that the parts add up
        share = pl.when(pl.col("denominator") > 0).then(pl.col("numerator") / pl.col("denominator"))
        return cells.group_by(dimension).agg(pl.col("numerator", "denominator").sum()).with_columns(value=share)
    first, last = _bounds(cells, Grain(held.grains[name]), newest)
    kinds = {leaf.type for leaf in leaves(metric, catalogue)}
    if request.window or request.to_date or kinds & {"index", "cumulative", "conversion"} or last < first:
        shown = cells.filter(pl.col("value").is_not_null())["period"].max()
        return cells.filter(pl.col("period") == (cells["period"].max() if shown is None else shown))
    grain = Grain.DAY if native is Grain.HOUR else native
    if end_of(start_of(last, grain), grain) > last and start_of(last, grain) > first:
        last = start_of(last, grain) - timedelta(days=1)  # some input of a formula ends within the period
    window = f"{len(sequence(first, last, grain))} {_UNITS[grain]}"
    whole = ask(replace(request, grain=grain, period_from=last, period_to=last, window=window))
    return whole.frame


def _bounds(cells: pl.DataFrame, grain: Grain, newest: date) -> tuple[date, date]:
    """Returns the first and the last day that the metric holds of the periods."""
    periods = cells["period"].unique().sort().to_list()
    first, last = (start_of(day_of(each), Grain.DAY) for each in (periods[0], periods[-1]))
    return first, min(newest, end_of(last, Grain.DAY if grain is Grain.HOUR else grain))


def _only(where: tuple[Filter, ...], chosen: Members) -> tuple[Filter, ...]:
    """Returns the filters that keep the members: these passed what the filters on their dimension name."""
    others = [each for each in where if not (each.dimension == chosen.dimension and each.picks_values)]
    return (*others, Filter(chosen.dimension, chosen.kept))


def _of_others(request: Request, chosen: Members, apart: tuple[tuple[str, ...], ...]) -> Request:
    name = chosen.dimension
    return replace(
        request,
        metrics=tuple(each for each in request.metrics if chosen.others[each]),
        by=tuple(each for each in request.by if each != name),
        where=(*request.where, *((Filter(name, chosen.kept, negate=True),) if chosen.kept else ())),
        totals=False,
        subtotals=tuple(tuple(part for part in each if part != name) for each in apart),
    )


def _over(frame: pl.DataFrame, request: Request) -> pl.DataFrame:
    """Returns the rows with the columns of the whole request."""
    columns = ["metric", "period", *request.by, "value", "numerator", "denominator", "status", "reporting", "expected"]
    if request.subtotals and "over" not in frame.columns:
        everything = pl.lit(",".join(request.by))
        frame = frame.with_columns(pl.when(pl.col("is_total")).then(everything).otherwise(pl.lit("")).alias("over"))
    return frame.select(*columns, "is_total", *(["over"] if request.subtotals else []))
