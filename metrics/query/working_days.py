"""The working days of England, and which numbers are amounts that they carry."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

import sqlalchemy as sa

from metrics.catalogue import Catalogue, Metric
from metrics.query.errors import QueryError
from metrics.query.forms import Sum, form_of
from metrics.query.holdings import Holdings
from metrics.warehouse.tables.dimensions import dim_date

_WORDS = {
    "ratio": "a ratio", "snapshot": "a level", "percentile": "a percentile", "index": "an index",
    "derived": "this formula", "conversion": "a rate of conversion",
}  # fmt: skip
_AGGREGATES = {"min": "a minimum", "max": "a maximum", "mean": "a mean", "count_distinct": "a distinct count"}


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The days of the warehouse's calendar in order, and how many working days there are up to each."""

    days: tuple[date, ...]
    counts: tuple[int, ...]

    def between(self, first: date, last: date) -> int | None:
        """Returns the working days from `first` to `last`, both inclusive; None where the calendar lacks a day."""
        start, end = bisect_left(self.days, first), bisect_right(self.days, last)
        if first > last or end - start != (last - first).days + 1:
            return None
        return self.counts[end - 1] - (self.counts[start - 1] if start else 0)


def working_days(holdings: Holdings) -> WorkingDays:
    """Returns the working days that the warehouse's calendar names.

    Raises:
        QueryError: the calendar is empty.
    """

    def read() -> WorkingDays:
        frame = holdings.snapshot.frame(sa.select(dim_date.c.day, dim_date.c.is_working_day).order_by(dim_date.c.day))
        return WorkingDays(tuple(frame["day"]), tuple(accumulate(map(int, frame["is_working_day"]))))

    found = holdings.keep(("working days",), read)
    if not found.days:
        raise QueryError("The warehouse holds no calendar of working days: `dim_date` is empty. Load the data again.")
    return found


def no_amount(metric: Metric, catalogue: Catalogue) -> str | None:
    """Returns what the metric is when working days do not carry it ('a ratio'); None for a sum or a count over time."""
    if metric.type == "cumulative":
        return no_amount(catalogue.metric(metric.metric or ""), catalogue)
    if metric.type == "derived":
        terms = catalogue.terms(metric).values()
        form = form_of(metric.formula or "")
        adds = isinstance(form, Sum) and not form.constant
        adds &= all(term.offset_window is None for term in terms)
        adds &= all(no_amount(catalogue.metric(term.metric), catalogue) is None for term in terms)
        return None if adds else _WORDS["derived"]
    if metric.type != "simple" or metric.measure is None:
        return _WORDS[metric.type]
    if metric.combines_over_time != "sum":
        return "a level"
    return _AGGREGATES.get(metric.measure.agg)
