"""The rows of a model, as SQL: its table with what is joined to it, its dimensions, and the conditions they meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

import polars as pl
import sqlalchemy as sa

from metrics.catalogue import Catalogue, Join, Model, UnknownMetricError
from metrics.catalogue.expression import build, names
from metrics.query.bounds import bound
from metrics.query.errors import QueryError
from metrics.query.instants import local_date, utc_hour
from metrics.query.periods import midnight
from metrics.query.plan import LEVELS, Scan
from metrics.query.request import Filter, Grain
from metrics.warehouse.tables.dimensions import dim_organisation, dim_organisation_identity

Element = sa.ColumnElement[Any]

_HIGHER = ("england", "region", "icb")


class Rows:
    """The rows of a model's table, and the elements over them."""

    def __init__(self, model: Model, catalogue: Catalogue, as_at: date, alias: str = "f") -> None:
        self.model = model
        self.fact = catalogue.table_of(model).alias(alias)
        self.identity = dim_organisation_identity.alias("i")
        self.organisation = dim_organisation.alias("o")
        self.as_at = as_at
        self._prefix = "" if alias == "f" else alias  # two models' rows in one statement join tables of their own
        self._columns: Mapping[str, Element] = {column.name: column for column in self.fact.columns}
        self._catalogue = catalogue
        self._joined: dict[str, sa.FromClause] = {}
        self._joins_organisation = False

    @property
    def time(self) -> Element:
        """Returns the column that says when a row counts, as it is held."""
        return self.fact.c[self.model.time.column]

    @property
    def period(self) -> Element:
        """Returns the native period of a row: a date, or the UTC start of the hour."""
        return utc_hour(self.time) if Grain(self.model.grain) is Grain.HOUR else self.day

    @property
    def day(self) -> Element:
        """Returns the day of a row, in the model's time zone."""
        return local_date(self.time, self.model.time.zone) if isinstance(self.time.type, sa.DateTime) else self.time

    @property
    def org_code(self) -> Element:
        """Returns the code of the row's organisation, as published; nothing when rows are nobody's."""
        if self.model.organisation is None:
            return sa.literal("", sa.String)
        return self.fact.c[self.model.organisation]

    def column(self, name: str) -> Element:
        """Returns a column of the model's own table."""
        return self._columns[name]

    def expression(self, text: str) -> Element:
        """Returns the element of a definition's expression over the columns of the model's own table."""
        return build(text, self._columns)

    def condition(self, text: str) -> Element:
        """Returns the element of a definition's filter, and takes in the joined tables whose dimensions it names."""
        dimensions = {each.name for each in self.model.dimensions if each.join is not None}
        joined = names(text) & dimensions - self._columns.keys()
        return build(text, {**self._columns, **{name: self.dimension(name) for name in joined}})

    def edges(self) -> tuple[Element, Element]:
        """Returns the lower and upper edge of a row's bin, of a model that has bins; an open bin has no upper one."""
        bins = self.model.bins
        assert bins is not None  # noqa: S101 - linted: a percentile's model has bins
        lower = self.column(bins.lower)
        if bins.upper is not None:
            return lower, self.column(bins.upper)
        upper = sa.cast(lower, sa.Double) + sa.literal(bins.width, sa.Double)
        return lower, upper if bins.open_from is None else sa.case((lower < bins.open_from, upper))

    def from_to(self, first: date, last: date) -> Element:
        """Returns the condition for the rows of the days from `first` to `last`."""
        if not isinstance(self.time.type, sa.DateTime):
            return self.time.between(first, last)
        start, end = (midnight(day).astimezone(UTC).replace(tzinfo=None) for day in (first, last + timedelta(days=1)))
        return sa.and_(self.time >= start, self.time < end)

    def dimension(self, name: str) -> Element:
        """Returns the column of a level or of a dimension, and takes in the table that holds it."""
        if name in LEVELS:
            self._joins_organisation = True
            if name == "organisation":
                return sa.func.coalesce(self.identity.c.current_code, self.org_code)
            return self.organisation.c[f"{name}_code"]
        for dimension in self.model.dimensions:
            if dimension.name == name:
                return self._table(dimension.join).c[dimension.column]
        raise UnknownMetricError(name, ())  # planned: the model has the dimension

    def _table(self, name: str | None) -> sa.FromClause:
        if name is None:
            return self.fact
        if name not in self._joined:
            table = self._catalogue.table(name)
            if table is None:  # linted: a join names a table that is there
                raise KeyError(name)
            self._joined[name] = table.alias(f"{self._prefix}j{len(self._joined) + 1}")
        return self._joined[name]

    def joined(self) -> sa.FromClause:
        """Returns the table with everything that was taken in; call it last."""
        source: sa.FromClause = self.fact
        for name, table in self._joined.items():
            source = source.outerjoin(table, self._meets(self._join(name), table))
        if not self._joins_organisation:
            return source
        answers = sa.and_(
            self.identity.c.org_code == self.org_code,
            self.identity.c.valid_from <= self.as_at,
            self.identity.c.valid_to >= self.as_at,
        )
        current = sa.func.coalesce(self.identity.c.current_code, self.org_code)
        return source.outerjoin(self.identity, answers).outerjoin(
            self.organisation, self.organisation.c.org_code == current
        )

    def _join(self, name: str) -> Join:
        return next(join for join in self.model.joins if join.to == name)

    def _meets(self, join: Join, table: sa.FromClause) -> Element:
        return sa.and_(*(self.column(own) == table.c[theirs] for own, theirs in join.keys.items()))

    def conditions(self, scan: Scan, by: tuple[str, ...]) -> list[Element]:
        """Returns the conditions of the model, of the filters, and of the level that is asked for."""
        found = [self.condition(self.model.filter)] if self.model.filter else []
        found += [self.passes(each) for each in scan.where]
        if self.model.organisation is None:
            return found
        used = {*by, *(each.dimension for each in scan.where)} & set(LEVELS)
        index = any(source.kind == "index" for source in scan.sources)
        if used or index:
            found.append(self._level(used, index=index))
        return found

    def passes(self, each: Filter) -> Element:
        """Returns the condition of a filter: true or false of every row, never unknown."""
        column = self.dimension(each.dimension)
        kept: list[Element] = []
        if each.values:
            kept.append(column.in_(typed(column.type, each.values)))
        if each.has_range:
            low, high = (
                None if value is None else bound(each.dimension, column.type, value) for value in (each.low, each.high)
            )
            bounds = [column >= low] if low is not None else []
            bounds += [column <= high] if high is not None else []
            kept.append(sa.and_(*bounds))
        if not (kept or each.null):
            raise QueryError(
                f"The filter on '{each.dimension}' says nothing: name values, a range, or what is missing."
            )
        if not each.negate:
            return sa.or_(*kept, column.is_(None)) if each.null else sa.or_(*kept)
        if each.null:
            return sa.and_(*(sa.not_(one) for one in kept), column.is_not(None))
        return sa.or_(column.is_(None), sa.and_(*(sa.not_(one) for one in kept)))

    def without_overlaps(self, overlaps: Mapping[str, Sequence[date]], first: date, last: date) -> list[Element]:
        """Returns the conditions that leave out rows of a level in periods in which its parts report too."""
        found: list[Element] = []
        for level, periods in overlaps.items():
            within = [period for period in periods if first <= period <= last]
            if within:
                self._joins_organisation = True
                kind = sa.func.coalesce(self.organisation.c.org_type, "other")
                found.append(sa.not_(sa.and_(kind == level, self.period.in_(within))))
        return found

    def _level(self, used: set[str], *, index: bool) -> Element:
        """Returns the condition for the rows of the level asked for.

        Rows that a publication states for England or a region stand apart from those of organisations. An index is
        never aggregated: its rows are exactly those of the level.
        """
        self._joins_organisation = True
        kind = sa.func.coalesce(self.organisation.c.org_type, "other")
        kinds = counted_kinds(used, index=index)
        if kinds.only is not None:
            return kind == kinds.only
        return kind.not_in(kinds.without) if len(kinds.without) > 1 else kind != kinds.without[0]


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of organisations (`org_type`, or `other`) whose rows count: one alone, or all without some."""

    only: str | None = None
    without: tuple[str, ...] = ()

    def of(self, kinds: pl.Series) -> pl.Series:
        """Returns for each kind whether its rows count."""
        return kinds == self.only if self.only is not None else ~kinds.is_in(self.without)


def counted_kinds(used: Iterable[str], *, index: bool) -> Kinds:
    """Returns whose rows count where these levels are asked for or filtered by; see `Rows.conditions`."""
    finest = next((level for level in reversed(LEVELS) if level in set(used)), "england")
    if finest == "organisation":
        return Kinds(without=_HIGHER)
    return Kinds(only=finest) if index else Kinds(without=("england",))


def typed(kind: sa.types.TypeEngine[Any], values: Iterable[str]) -> list[Any]:
    """Returns filter values, which are written as text, as values of a column's type."""
    if isinstance(kind, sa.Boolean):
        return [value.casefold() == "true" for value in values]
    if isinstance(kind, sa.Integer):
        return [int(value) for value in values]
    if isinstance(kind, sa.Numeric | sa.Float):
        return [float(value) for value in values]
    if isinstance(kind, sa.Date):
        return [date.fromisoformat(value) for value in values]
    return list(values)
