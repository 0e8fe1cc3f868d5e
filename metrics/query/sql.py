"""A scan as one SQLAlchemy statement: grouped by native period and dimensions, parts as conditional aggregates.

For a metric `m` the columns are
- `m__num`: the sum of the numerator (or the measure) over the rows that pass its filter; 0 when rows exist and
  none passes; null when those that pass are all unreported;
- `m__den`: likewise of the denominator; of a mean, the rows that were counted; of an index, the values met.
In a ratio a row adds to both parts or to neither: where one part is not reported, the row is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from metrics.catalogue import Model, Part, UnknownMetricError
from metrics.catalogue.expression import build, names
from metrics.query.plan import LEVELS, Scan, Source
from metrics.warehouse.tables import metadata
from metrics.warehouse.tables.dimensions import dim_organisation, dim_organisation_identity

Element = sa.ColumnElement[Any]

PERIOD = "period"
LOWER, UPPER = "bin_from", "bin_to"
_HIGHER = ("england", "region", "icb")


def statement(
    scan: Scan,
    *,
    first: date,
    last: date,
    as_at: date,
    by: tuple[str, ...] | None = None,
    overlaps: Mapping[str, Sequence[date]] | None = None,
) -> sa.Select[Any]:
    """Returns the statement of the scan for native periods that start from `first` to `last`.

    `overlaps` names, for the levels `england` and `region`, the periods in which their rows stand beside those of finer
    levels, and are left out.

    Columns: `period` Date, one per dimension of `by` (the scan's own when None), then the parts.
    """
    rows = _Rows(scan.model, as_at)
    by = scan.by if by is None else by
    keys = [rows.fact.c[PERIOD], *(rows.dimension(name).label(name) for name in by)]
    parts: Iterable[Element]
    if scan.binned:
        bins = scan.model.bins
        assert bins is not None  # noqa: S101 - linted: a percentile's model has bins
        lower, upper = rows.fact.c[bins.lower], rows.fact.c[bins.upper]
        keys += [lower.label(LOWER), upper.label(UPPER)]
        parts = [rows.part(source.numerator).label(f"{source.key}__num") for source in scan.sources]
        conditions: list[Element] = [lower.is_not(None)]
    else:
        parts = [part for source in scan.sources for part in rows.parts(source)]
        conditions = []
    conditions += rows.conditions(scan, by)
    if not any(source.metric.type == "index" for source in scan.sources):  # an index takes the rows of one level only
        conditions += rows.without_overlaps(overlaps or {}, first, last)
    within = rows.fact.c[PERIOD].between(first, last)
    return sa.select(*keys, *parts).select_from(rows.joined()).where(within, *conditions).group_by(*_ungrouped(keys))


def presence(model: Model, sources: Iterable[Source]) -> sa.Select[Any]:
    """Returns the statement for who reported when: `period`, `org_code`, and a number per metric.

    It is 0 where the metric was not reported, 1 where it was reported as nothing, and 2 where as something.
    """
    rows = _Rows(model, date.min)
    flags = [sa.func.max(rows.reported(source)).label(source.key) for source in sources]
    keys = [rows.fact.c[PERIOD], rows.fact.c.org_code]
    conditions = [rows.expression(model.filter)] if model.filter else []
    return sa.select(*keys, *flags).where(*conditions).group_by(*keys)


def _ungrouped(keys: Iterable[Element]) -> list[Element]:
    return [key.element if isinstance(key, sa.Label) else key for key in keys]


class _Rows:
    """The rows of a model's table, and the elements over them."""

    def __init__(self, model: Model, as_at: date) -> None:
        self.model = model
        self.fact = metadata.tables[model.table].alias("f")
        self.identity = dim_organisation_identity.alias("i")
        self.organisation = dim_organisation.alias("o")
        self.as_at = as_at
        self._joins_organisation = False
        self._columns: Mapping[str, Element] = {column.name: column for column in self.fact.columns}

    def expression(self, text: str) -> Element:
        return build(text, self._columns)

    def dimension(self, name: str) -> Element:
        if name in LEVELS:
            self._joins_organisation = True
            if name == "organisation":
                return sa.func.coalesce(self.identity.c.current_code, self.fact.c.org_code)
            return self.organisation.c[f"{name}_code"]
        for dimension in self.model.dimensions:
            if dimension.name == name:
                return self.fact.c[dimension.column]
        raise UnknownMetricError(name, ())  # planned: the model has the dimension

    def joined(self) -> sa.FromClause:
        if not self._joins_organisation:
            return self.fact
        answers = sa.and_(
            self.identity.c.org_code == self.fact.c.org_code,
            self.identity.c.valid_from <= self.as_at,
            self.identity.c.valid_to >= self.as_at,
        )
        current = sa.func.coalesce(self.identity.c.current_code, self.fact.c.org_code)
        return self.fact.outerjoin(self.identity, answers).outerjoin(
            self.organisation, self.organisation.c.org_code == current
        )

    def conditions(self, scan: Scan, by: tuple[str, ...]) -> list[Element]:
        found = [self.expression(self.model.filter)] if self.model.filter else []
        found += [self.dimension(each.dimension).in_(each.values) for each in scan.where]
        used = {*by, *(each.dimension for each in scan.where)} & set(LEVELS)
        index = any(source.metric.type == "index" for source in scan.sources)
        if used or index:
            found.append(self._level(used, index=index))
        return found

    def without_overlaps(self, overlaps: Mapping[str, Sequence[date]], first: date, last: date) -> list[Element]:
        found: list[Element] = []
        for level, periods in overlaps.items():
            within = [period for period in periods if first <= period <= last]
            if within:
                self._joins_organisation = True
                kind = sa.func.coalesce(self.organisation.c.org_type, "other")
                found.append(sa.not_(sa.and_(kind == level, self.fact.c[PERIOD].in_(within))))
        return found

    def _level(self, used: set[str], *, index: bool) -> Element:
        """Returns the condition for the rows of the level asked for.

        Rows that a publication states for England or a region stand apart from those of organisations. An index is
        never aggregated: its rows are exactly those of the level.
        """
        self._joins_organisation = True
        kind = sa.func.coalesce(self.organisation.c.org_type, "other")
        finest = next((level for level in reversed(LEVELS) if level in used), "england")
        if finest == "organisation":
            return kind.not_in(_HIGHER)
        if index:
            return kind == finest
        return kind != "england"

    def part(self, part: Part, also: Element | None = None) -> Element:
        """Returns the aggregate of the part over the rows that pass its filter (and `also`)."""
        value = self.expression(part.expr)
        passes = [self.expression(part.filter)] if part.filter else []
        if also is not None:
            passes.append(also)
        if part.agg in ("min", "max"):
            function = sa.func.min if part.agg == "min" else sa.func.max
            return function(sa.cast(sa.case((sa.and_(*passes), value)) if passes else value, sa.Double))
        amount: Element = sa.literal(1.0, sa.Double) if part.agg == "count" else sa.cast(value, sa.Double)
        counted = [*passes, value.is_not(None)] if part.agg == "count" else passes
        if not counted:
            return sa.func.sum(amount)
        total = sa.func.sum(sa.case((sa.and_(*counted), amount)))
        if part.filter is None:
            return total
        # No row passes the filter: nothing of the kind happened, which is 0. Rows that pass but are not reported
        # leave it null.
        passed = sa.func.sum(sa.case((self.expression(part.filter), 1), else_=0))
        return sa.case((passed == 0, 0.0), else_=total)

    def parts(self, source: Source) -> list[Element]:
        name = source.key
        if source.denominator is not None:
            halves = (source.numerator, source.denominator)
            both = sa.and_(*(self.expression(part.expr).is_not(None) for part in halves))
            return [
                self.part(source.numerator, both).label(f"{name}__num"),
                self.part(source.denominator, both).label(f"{name}__den"),
            ]
        if source.metric.type == "index" or source.numerator.agg == "mean":
            counted = Part(words="", expr=source.numerator.expr, filter=source.numerator.filter, agg="count")
            return [
                self.part(source.numerator).label(f"{name}__num"),
                self.part(counted).label(f"{name}__den"),
            ]
        return [self.part(source.numerator).label(f"{name}__num")]

    def reported(self, source: Source) -> Element:
        """Returns 0, 1 or 2: whether a row reports the metric, and whether as anything but nothing."""
        tests: list[Element] = [self.expression(source.numerator.expr).is_not(None)]
        whole = source.denominator or source.numerator
        tests.append(self.expression(whole.expr).is_not(None))
        # In a histogram without zero rows a filter on the edges picks what happened, not who reports.
        bins = self.model.bins
        edges = {bins.lower, bins.upper} if bins is not None else set()
        if whole.filter and not edges & names(whole.filter):
            tests.append(self.expression(whole.filter))
        something = sa.true() if whole.agg == "count" else self.expression(whole.expr) != 0
        return sa.case((sa.and_(something, *tests), 2), (sa.and_(*tests), 1), else_=0)
