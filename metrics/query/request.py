"""What a page, an export or a notebook asks of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import TypeAlias


class Grain(StrEnum):
    """The length of the periods of a result, from the shortest to the longest. Weeks are ISO weeks."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    FINANCIAL_YEAR = "financial_year"


Bound: TypeAlias = str | int | float | date


@dataclass(frozen=True, slots=True)
class Filter:
    """Keeps the rows whose dimension is one of the values, within the range, or missing where `null` says so.

    A filter is true or false of every row: what `negate` keeps are all rows that the same filter without it leaves
    out, those of a missing value too.

    Attributes:
        values: codes, as published or current, or names.
        low, high: both inclusive; None is open.
        null: rows whose dimension is missing are kept too.
    """

    dimension: str
    values: tuple[str, ...] = ()
    negate: bool = False
    low: Bound | None = None
    high: Bound | None = None
    null: bool = False

    def __invert__(self) -> Filter:
        return replace(self, negate=not self.negate)

    @property
    def picks_values(self) -> bool:
        """Returns whether it only names the values to keep."""
        return bool(self.values) and not (self.negate or self.null or self.has_range)

    @property
    def has_range(self) -> bool:
        """Returns whether it has a lower or an upper bound."""
        return self.low is not None or self.high is not None


class Against(StrEnum):
    """What a period is compared with."""

    PREVIOUS = "previous"
    LAST_YEAR = "last_year"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Sets every period beside an earlier one.

    Attributes:
        to: the period before, or the same period of the year before; or the number of periods back, such as 4. Weeks
            of last year are those that hold the same ISO week number; the 53rd is held against the 52nd, which it says.
        like_for_like: a period that still runs is compared with as many days of the earlier one; needs days.
        per_working_day: amounts of flows are compared per working day of England.
    """

    to: Against | int = Against.PREVIOUS
    like_for_like: bool = True
    per_working_day: bool = False


@dataclass(frozen=True, slots=True)
class Top:
    """Keeps the members of a dimension with the greatest (or least) values of a metric over the whole period.

    Attributes:
        metric: what they are ranked by; None is the first metric of the request.
        remainder: all others are asked for as one more member, with the code `REMAINDER`.
    """

    count: int
    dimension: str
    metric: str | None = None
    least: bool = False
    remainder: bool = True


REMAINDER = "(others)"


@dataclass(frozen=True, slots=True)
class Sort:
    """Orders rows by a column of the result: `period`, `value`, or a dimension. What is missing comes last."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. Everything the engine answers is answered to somebody."""

    name: str
    roles: tuple[str, ...] = ()


LOCAL = Caller("local user", ("analyst",))

Written: TypeAlias = "str | Sequence[str] | Mapping[str, object] | None"


@dataclass(frozen=True, slots=True)
class Request:
    """Which metrics, by which dimensions, at which grain, for which period and filters; and who asks.

    Attributes:
        metrics: metric ids; each is answered in its own native grain when `grain` is None.
        by: dimension names, such as `region`, `icb`, `organisation`, `service`.
        period_from, period_to: the first and last day, both inclusive. Every period of the grain that overlaps them
            is answered, and answered whole. None is the first or last period that the model holds.
        where: filters; all must hold. Several that name values of one dimension keep the values of each.
        totals: adds a row per period over all of `by`, queried and never summed from the rows shown.
        as_at: mergers of organisations are followed as they stood on this day; None is today. Boards and regions are
            always today's.
        compare: sets every period beside an earlier one.
        subtotals: adds a row per period for each of these subsets of `by`, queried likewise.
        top: keeps the greatest members of one dimension, and the remainder.
        sort: the order of the rows of each metric; the default is totals last, then dimensions, then period.
        limit: how many rows of each metric are kept after sorting; totals are kept beside them.
        window: every metric is accumulated over so long a time up to the end of each period: `28 days`.
        to_date: likewise from the start of the week, month, quarter or financial year.
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    grain: Grain | None = None
    period_from: date | None = None
    period_to: date | None = None
    where: tuple[Filter, ...] = ()
    totals: bool = False
    as_at: date | None = None
    who: Caller = LOCAL
    compare: Comparison | None = None
    subtotals: tuple[tuple[str, ...], ...] = ()
    top: Top | None = None
    sort: tuple[Sort, ...] = ()
    limit: int | None = None
    window: str | None = None
    to_date: Grain | None = None

    @classmethod
    def of(cls, *metrics: str, where: Mapping[str, Written] | None = None, **others: object) -> Request:
        """Returns a request with the filters written as a mapping.

        A filter is a value, a list of values, None for the rows without one, or a mapping of `in`, `not_in`, `from`,
        `to` and `null`: `Request.of("x", where={"region": "Y56", "age": {"from": 18, "to": 64}})`.
        """
        filters = tuple(each for name, written in (where or {}).items() for each in filters_of(name, written))
        return cls(metrics=metrics, where=filters, **others)  # type: ignore[arg-type]


_WORDS = ("in", "not_in", "from", "to", "null")


def filters_of(dimension: str, written: Written) -> tuple[Filter, ...]:
    """Returns the filters that are written for a dimension; see `Request.of`.

    Raises:
        ValueError: a word that no filter knows, or a list that names nothing.
    """
    if written is None:
        return (Filter(dimension, null=True),)
    if isinstance(written, str):
        return (Filter(dimension, (written,)),)
    if not isinstance(written, Mapping):
        return (Filter(dimension, _values(dimension, written)),)
    unknown = sorted(set(written) - set(_WORDS))
    if unknown:
        raise ValueError(f"A filter knows {', '.join(_WORDS)}, not '{unknown[0]}' (of '{dimension}').")
    found = []
    if "in" in written or written.get("null") is True:
        values = _values(dimension, written["in"]) if "in" in written else ()
        found.append(Filter(dimension, values, null=written.get("null") is True))
    if "not_in" in written:
        found.append(Filter(dimension, _values(dimension, written["not_in"]), negate=True))
    if written.get("null") is False:
        found.append(Filter(dimension, null=True, negate=True))
    if "from" in written or "to" in written:
        found.append(Filter(dimension, low=written.get("from"), high=written.get("to")))  # type: ignore[arg-type]
    return tuple(found)


def _values(dimension: str, written: object) -> tuple[str, ...]:
    values = (written,) if isinstance(written, str) else tuple(map(str, written))  # type: ignore[call-overload]
    if not values:
        raise ValueError(f"The filter on '{dimension}' names no value: leave it out, or name some.")
    return values
