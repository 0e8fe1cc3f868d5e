"""One cell of an answer: which metric, which period, which members, under which filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeAlias

import polars as pl

from metrics.catalogue import Catalogue, Metric
from metrics.query.errors import QueryError
from metrics.query.periods import day_of, start_of
from metrics.query.plan import ALIASES, dimensions_of
from metrics.query.request import REMAINDER, Filter, Grain, Request, Written, filters_of
from metrics.query.result import Result, Status

Where: TypeAlias = "Mapping[str, Written] | Sequence[Filter] | None"


@dataclass(frozen=True, slots=True)
class Cell:
    """One number that can be asked for again.

    Attributes:
        at: dimension to the code (or the name) of the member; None for what is not known.
        where: the filters, those of `at` among them.
    """

    metric: Metric
    period: date
    grain: Grain
    at: Mapping[str, str | None]
    where: tuple[Filter, ...]
    as_at: date | None

    @property
    def request(self) -> Request:
        """Returns the request whose only row of the period is the cell."""
        return Request(
            (self.metric.id,), grain=self.grain, period_from=day_of(self.period), period_to=day_of(self.period),
            where=self.where, as_at=self.as_at,
        )  # fmt: skip


def cell_at(
    metric: str,
    ask: Callable[[Request], Result],
    catalogue: Catalogue,
    *,
    period: date | None = None,
    grain: Grain | None = None,
    where: Where = None,
    at: Mapping[str, str | None] | None = None,
    as_at: date | None = None,
) -> Cell:
    """Returns the cell; without a period that of the newest final one, or the newest with a value when none is.

    Raises:
        UnknownMetricError: there is no such metric.
        QueryError: it cannot be asked like this, or no period holds a value.
    """
    found = catalogue.metric(metric)
    members = {ALIASES.get(name, name): code for name, code in (at or {}).items()}
    if REMAINDER in members.values():
        raise QueryError("What is left beside the top members is no member: name the others in 'where' instead.")
    filters = [replace(each, dimension=ALIASES.get(each.dimension, each.dimension)) for each in _filters(where)]
    # A member narrows what a filter on the same dimension keeps.
    kept = tuple(each for each in filters if each.dimension not in members)
    kept += tuple(each for name, code in members.items() for each in filters_of(name, code))
    if period is None or grain is None:
        result = ask(Request((metric,), grain=grain, where=kept, as_at=as_at, period_from=period, period_to=period))
        grain = Grain(result.grains[metric])
        if period is None and not kept and result.frame["value"].is_null().all():
            raise _by_organisation_only(found, ask, catalogue, grain, as_at)
        period = period or newest_period(result.frame, metric)
    return Cell(found, start_of(period, grain), grain, members, kept, as_at)


def cell_of(result: Result, row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what to give to `MetricsLayer.explain` or `why` for a row of a result's frame.

    A total row is over all dimensions, a subtotal over some of them: those are no part of its cell.
    """
    over = result.request.by if row.get("is_total") else tuple(filter(None, str(row.get("over") or "").split(",")))
    over = tuple(name.strip() for name in over)
    return {
        "metric": row["metric"],
        "period": row["period"],
        "grain": Grain(result.grains[row["metric"]]),
        "where": result.request.where,
        "at": {name: row[name] for name in result.request.by if name not in over},
        "as_at": result.request.as_at,
    }


def newest_period(frame: pl.DataFrame, metric: str) -> date:
    """Returns the newest final period of a frame without dimensions, or the newest with a value when none is final.

    Raises:
        QueryError: no period holds a value.
    """
    held = frame.filter(pl.col("value").is_not_null()).sort("period")
    final = held.filter(pl.col("status") == Status.FINAL.value)
    chosen = final if final.height else held
    if chosen.is_empty():
        raise QueryError(f"'{metric}' holds no value here. Leave out a filter, or choose another metric.")
    period: date = chosen["period"][-1]
    return period


def _by_organisation_only(
    metric: Metric, ask: Callable[[Request], Result], catalogue: Catalogue, grain: Grain, as_at: date | None
) -> QueryError:
    """Returns the error of a metric that England has no value of, with an organisation that has one to pick."""
    said = f"'{metric.id}' holds no value for England as a whole"
    if "organisation" in dimensions_of(catalogue.model_of(metric)):
        frame = ask(Request((metric.id,), by=("organisation",), grain=grain, as_at=as_at)).frame
        held = frame.filter(pl.col("value").is_not_null() & pl.col("organisation").is_not_null())
        if held.height:
            code = held.sort("period", "organisation", descending=[True, False])["organisation"][0]
            return QueryError(f"{said}. Pick an organisation, as in `--by organisation={code}`.")
    return QueryError(f"{said}. Pick a member of a dimension, or choose another metric.")


def _filters(where: Where) -> tuple[Filter, ...]:
    if isinstance(where, Mapping):
        return tuple(each for name, written in where.items() for each in filters_of(name, written))
    return tuple(where or ())
