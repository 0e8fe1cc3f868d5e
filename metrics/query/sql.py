"""A scan as one SQLAlchemy statement: grouped by native period and dimensions, parts as conditional aggregates.

For a metric `m` the columns are
- `m__num`: the sum of the numerator (or the measure) over the rows that pass its filter; 0 when rows exist and
  none passes; null when those that pass are all unreported;
- `m__den`: likewise of the denominator; of a mean, the rows that were counted; of an index, the values met.
In a ratio a row adds to both parts or to neither: where one part is not reported, the row is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa

from metrics.catalogue import Catalogue, Model, Part
from metrics.catalogue.expression import names
from metrics.query.elapsed import later
from metrics.query.halves import reported_too
from metrics.query.plan import Scan
from metrics.query.rows import Element, Rows
from metrics.query.source import Outcome, Source

PERIOD = "period"
LOWER, UPPER = "bin_from", "bin_to"


@dataclass(frozen=True, slots=True)
class Reach:
    """What part of the table a statement reads.

    Attributes:
        first, last: native periods that start from `first` to `last`.
        as_at: the day as whose organisations the codes are read.
        overlaps: for the levels `england` and `region`, the periods in which their rows stand beside those of finer
            levels, and are left out.
        buckets: for distinct counts, the periods asked for: first day, and the days from which to which rows count.
    """

    first: date
    last: date
    as_at: date
    overlaps: Mapping[str, Sequence[date]] = field(default_factory=dict)
    buckets: tuple[tuple[date, date, date], ...] = ()


def statement(scan: Scan, catalogue: Catalogue, reach: Reach, by: tuple[str, ...] | None = None) -> sa.Select[Any]:
    """Returns the statement of the scan.

    Columns: `period` Date (of hours: the start in UTC), one per dimension of `by` (the scan's own when None), the
    scan's `per` columns, the edges of a histogram, then the parts.
    """
    rows = Rows(scan.model, catalogue, reach.as_at)
    by = scan.by if by is None else by
    if scan.sources[0].outcome is not None:
        return _conversion(scan, rows, catalogue, reach, by)
    if scan.counts_distinct:
        return _distinct(scan, rows, reach, by)
    # Grouped by as labelled: BigQuery's dialect groups by the names of labels, all others by what they stand for.
    keys = [rows.period.label(PERIOD), *(rows.dimension(name).label(name) for name in by)]
    keys += [rows.column(name).label(f"per__{name}") for name in scan.per]
    conditions = [rows.from_to(reach.first, reach.last)]
    parts: list[Element]
    if scan.histogram == "bins":
        lower, upper = rows.edges()
        keys += [lower.label(LOWER), upper.label(UPPER)]
        parts = [_part(rows, source.numerator).label(f"{source.key}__num") for source in scan.sources]
        conditions.append(lower.is_not(None))
    elif scan.histogram == "values":
        (source,) = scan.sources
        value = rows.expression(source.numerator.expr)
        keys += [value.label(LOWER), value.label(UPPER)]
        parts = [sa.cast(sa.func.count(), sa.Double).label(f"{source.key}__num")]
        conditions.append(value.is_not(None))
        conditions += [rows.condition(source.numerator.filter)] if source.numerator.filter else []
    else:
        parts = [part for source in scan.sources for part in _parts(rows, source)]
    conditions += _conditions(scan, rows, reach, by)
    return sa.select(*keys, *parts).select_from(rows.joined()).where(*conditions).group_by(*keys)


def presence(model: Model, catalogue: Catalogue, sources: Iterable[Source]) -> sa.Select[Any]:
    """Returns the statement for who reported when: `period`, `org_code`, and a number per metric.

    It is 0 where the metric was not reported, 1 where it was reported as nothing, and 2 where as something.
    """
    rows = Rows(model, catalogue, date.min)
    flags = [sa.func.max(reported(rows, source)).label(source.key) for source in sources]
    keys = [rows.period.label(PERIOD), rows.org_code.label("org_code")]
    conditions = [rows.condition(model.filter)] if model.filter else []
    grouped = keys if model.organisation is not None else keys[:1]
    return sa.select(*keys, *flags).select_from(rows.joined()).where(*conditions).group_by(*grouped)


def extent(model: Model, catalogue: Catalogue) -> sa.Select[Any]:
    """Returns the statement for the first and last moment of each organisation: `org_code`, `first`, `last`."""
    rows = Rows(model, catalogue, date.min)
    conditions = [rows.condition(model.filter)] if model.filter else []
    moments = (sa.func.min(rows.time).label("first"), sa.func.max(rows.time).label("last"))
    grouped = [] if model.organisation is None else [rows.org_code]
    selected = sa.select(rows.org_code.label("org_code"), *moments).select_from(rows.joined())
    return selected.where(*conditions).group_by(*grouped)


def repeats(table: sa.Table, columns: Iterable[str]) -> sa.Select[Any]:
    """Returns the statement for how many keys stand on several rows of a table: `keys`."""
    rows = table.alias("f")  # BigQuery knows no column by its schema, table and name
    keys = [rows.c[name] for name in columns]
    twice = sa.select(*keys).where(*(key.is_not(None) for key in keys)).group_by(*keys).having(sa.func.count() > 1)
    return sa.select(sa.func.count().label("keys")).select_from(twice.subquery())


def _conditions(scan: Scan, rows: Rows, reach: Reach, by: tuple[str, ...]) -> list[Element]:
    found = rows.conditions(scan, by)
    # An index takes the rows of one level only.
    if scan.model.organisation is not None and not any(source.kind == "index" for source in scan.sources):
        found += rows.without_overlaps(reach.overlaps, reach.first, reach.last)
    return found


def _distinct(scan: Scan, rows: Rows, reach: Reach, by: tuple[str, ...]) -> sa.Select[Any]:
    """Returns the statement that counts within each period asked for, whose rows may belong to several of them."""
    spans = [
        sa.select(
            _moment(bucket).label(PERIOD), _moment(start).label("first_period"), _moment(end).label("last_period")
        )
        for bucket, start, end in reach.buckets
    ]
    spine = sa.union_all(*spans).subquery("s") if len(spans) > 1 else spans[0].subquery("s")
    keys = [spine.c[PERIOD], *(rows.dimension(name).label(name) for name in by)]
    parts = [part for source in scan.sources for part in _parts(rows, source)]
    conditions = [rows.from_to(reach.first, reach.last), *_conditions(scan, rows, reach, by)]
    within = rows.period.between(spine.c.first_period, spine.c.last_period)
    joined = rows.joined().join(spine, within)
    return sa.select(*keys, *parts).select_from(joined).where(*conditions).group_by(*keys)


def _moment(period: date) -> Element:
    return sa.literal(period, sa.DateTime if isinstance(period, datetime) else sa.Date)


def _conversion(scan: Scan, rows: Rows, catalogue: Catalogue, reach: Reach, by: tuple[str, ...]) -> sa.Select[Any]:
    """Returns the statement that counts, by the day of the start, the rows followed for the whole window.

    `m__den` counts those, `m__num` those of them that had the outcome within the window.
    """
    (source,) = scan.sources
    outcome = source.outcome
    assert outcome is not None  # noqa: S101 - chosen by the caller
    theirs = Rows(outcome.source.model, catalogue, reach.as_at, alias="c")
    keys = [rows.period.label(PERIOD), *(rows.dimension(name).label(name) for name in by)]
    own = [rows.column(name).label(f"own__{name}") for name in scan.model.primary_key]
    conditions = [rows.from_to(reach.first, reach.last), *_conditions(scan, rows, reach, by)]
    conditions += _counted(rows, source.numerator)
    led_to = _led_to(rows, theirs, outcome)  # takes in what its filters name
    joined = rows.joined().outerjoin(theirs.joined(), led_to)
    led = sa.func.max(sa.case((theirs.column(outcome.entity).is_not(None), 1), else_=0)).label("led")
    starts = (sa.select(*keys, *own, led).select_from(joined).where(*conditions).group_by(*keys, *own)).subquery("b")
    grouped = [starts.c[PERIOD], *(starts.c[name] for name in by)]
    return sa.select(
        *grouped,
        sa.cast(sa.func.sum(starts.c.led), sa.Double).label(f"{source.key}__num"),
        sa.cast(sa.func.count(), sa.Double).label(f"{source.key}__den"),
    ).group_by(*grouped)


def _led_to(rows: Rows, theirs: Rows, outcome: Outcome) -> Element:
    model = outcome.source.model
    exact = isinstance(rows.time.type, sa.DateTime) and isinstance(theirs.time.type, sa.DateTime)
    start, end = (rows.time, theirs.time) if exact else (rows.day, theirs.day)  # days are counted where one is a day
    conditions = [
        theirs.column(outcome.entity) == rows.column(outcome.entity),
        end >= start,
        end <= later(start, outcome.within),
        *_counted(theirs, outcome.source.numerator),
    ]
    conditions += [theirs.condition(model.filter)] if model.filter else []
    return sa.and_(*conditions)


def _counted(rows: Rows, part: Part) -> list[Element]:
    """Returns the conditions for the rows that a count counts."""
    passes = [rows.condition(part.filter)] if part.filter else []
    return [*passes, rows.expression(part.expr).is_not(None)]


@dataclass(frozen=True, slots=True)
class Sums:
    """The aggregates that one part is made of.

    Attributes:
        total: over the rows that count; null where there are none.
        passed: how many rows pass the part's filter; None for a part without one.
        how: how totals of several groups become one.
    """

    total: Element
    passed: Element | None
    how: Literal["sum", "min", "max"]


def sums(rows: Rows, part: Part, also: Element | None = None) -> Sums:
    """Returns the aggregates of the part over the rows that pass its filter (and `also`)."""
    value = rows.expression(part.expr)
    passes = [rows.condition(part.filter)] if part.filter else []
    if also is not None:
        passes.append(also)
    if part.agg in ("min", "max"):
        function = sa.func.min if part.agg == "min" else sa.func.max
        kept = function(sa.cast(sa.case((sa.and_(*passes), value)) if passes else value, sa.Double))
        return Sums(kept, None, "min" if part.agg == "min" else "max")
    amount: Element = sa.literal(1.0, sa.Double) if part.agg == "count" else sa.cast(value, sa.Double)
    counted = [*passes, value.is_not(None)] if part.agg == "count" else passes
    total = sa.func.sum(sa.case((sa.and_(*counted), amount))) if counted else sa.func.sum(amount)
    passed = sa.func.sum(sa.case((sa.and_(rows.condition(part.filter)), 1), else_=0)) if part.filter else None
    return Sums(total, passed, "sum")


def _part(rows: Rows, part: Part, also: Element | None = None) -> Element:
    """Returns the part as one element."""
    if part.agg == "count_distinct":
        value = rows.expression(part.expr)
        passes = [rows.condition(part.filter)] if part.filter else []
        passes += [] if also is None else [also]
        kept = sa.case((sa.and_(*passes), value)) if passes else value
        return sa.cast(sa.func.count(sa.distinct(kept)), sa.Double)
    made = sums(rows, part, also)
    if made.passed is None:
        return made.total
    # No row passes the filter: nothing of the kind happened, which is 0. Rows that pass but are not reported
    # leave it null.
    return sa.case((made.passed == 0, 0.0), else_=made.total)


@dataclass(frozen=True, slots=True)
class Half:
    """One of the columns that a metric is computed from.

    Attributes:
        suffix: of the column: `num` or `den`.
        other: the other half of a ratio, which a row must report too to count.
    """

    suffix: Literal["num", "den"]
    part: Part
    other: Part | None = None


def halves_of(source: Source) -> tuple[Half, ...]:
    """Returns the columns that the source's metric is computed from."""
    first, second = source.numerator, source.denominator
    if second is not None:
        return Half("num", first, second), Half("den", second, first)
    if source.kind == "index" or first.agg == "mean":
        return Half("num", first), Half("den", Part(words="", expr=first.expr, filter=first.filter, agg="count"))
    return (Half("num", first),)


def also_reported(rows: Rows, half: Half) -> Element | None:
    """Returns the condition for the rows that report the other half too; None where none is needed."""
    return None if half.other is None else reported_too(rows, half.part, half.other)


def _parts(rows: Rows, source: Source) -> list[Element]:
    return [
        _part(rows, half.part, also_reported(rows, half)).label(f"{source.key}__{half.suffix}")
        for half in halves_of(source)
    ]


def reported(rows: Rows, source: Source) -> Element:
    """Returns 0, 1 or 2: whether a row reports the metric, and whether as anything but nothing."""
    tests: list[Element] = [rows.expression(source.numerator.expr).is_not(None)]
    whole = source.denominator or source.numerator
    tests.append(rows.expression(whole.expr).is_not(None))
    # In a histogram without zero rows a filter on the edges picks what happened, not who reports.
    bins = rows.model.bins
    edges = set(bins.columns.values()) if bins is not None else set()
    if whole.filter and not edges & names(whole.filter):
        tests.append(rows.condition(whole.filter))
    counts = whole.agg in ("count", "count_distinct") or source.histogram == "values"
    something = sa.true() if counts else rows.expression(whole.expr) != 0
    return sa.case((sa.and_(something, *tests), 2), (sa.and_(*tests), 1), else_=0)
