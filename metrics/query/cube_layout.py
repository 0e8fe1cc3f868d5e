"""What a cube of a model holds: its keys, the measures that its metrics are made of, and the statement that reads them.

A measure is an aggregate that adds up over rows (sums, counts, minima, maxima, bins of a histogram). Metrics that are
made of the same aggregate share one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Literal

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGDialect

from metrics.catalogue import Catalogue, Model, Part
from metrics.query.halves import columns_of_plain
from metrics.query.request import Grain
from metrics.query.rows import Element, Rows
from metrics.query.source import Source, sources_of
from metrics.query.sql import LOWER, PERIOD, UPPER, Half, also_reported, halves_of, reported, sums

ORG = "org_code"
How = Literal["sum", "min", "max"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One column of a cube.

    Attributes:
        how: how the values of several cells become one.
        kind: Int32 for counts, UInt8 for flags, Float64 for everything else.
        zero: null stands for 0: it is null only where no row counts.
    """

    name: str
    how: How
    kind: pl.DataType
    zero: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a half of a metric is found: the total, and the rows that passed its filter where that must be known."""

    total: Measure
    passed: Measure | None


@dataclass(frozen=True)
class Layout:
    """The shape of one cube.

    Attributes:
        values_of: of a cube that keeps every value of a percentile's measure apart, that part; None for others.
    """

    model: Model
    catalogue: Catalogue
    values_of: Part | None = None

    @property
    def name(self) -> str:
        """Returns the cube's name: the model's, and the measure's where values are kept apart."""
        if self.values_of is None:
            return self.model.name
        text = repr((self.values_of.expr, self.values_of.filter))
        return f"{self.model.name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Returns the names of the dimensions that cells are kept apart by, levels of organisations not among them."""
        settings = self.model.cube
        if settings is not None and settings.dimensions is not None:
            return settings.dimensions
        return tuple(each.name for each in self.model.dimensions)

    def dimension_of(self, column: str) -> str | None:
        """Returns the dimension that holds a column of the model's own table; None when no cell tells it apart."""
        held = (each for each in self.model.dimensions if each.name in self.dimensions)
        return next((each.name for each in held if each.column == column and each.join is None), None)

    @property
    def has_organisations(self) -> bool:
        """Returns whether rows are anybody's."""
        return self.model.organisation is not None

    @property
    def edges(self) -> tuple[str, ...]:
        """Returns the columns of a histogram's edges."""
        if self.values_of is not None:
            return (LOWER,)
        return (LOWER, UPPER) if self.model.bins is not None else ()

    @property
    def grain(self) -> Grain:
        """Returns the native grain."""
        return Grain(self.model.grain)

    @property
    def keys(self) -> tuple[str, ...]:
        """Returns the columns, after the period, that tell cells apart and are held as codes."""
        return (*((ORG,) if self.has_organisations else ()), *self.dimensions)

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Returns the metrics of the model."""
        return sources_of(self.model, self.catalogue)

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        """Returns the columns of the cells, in order."""
        return tuple(measure for measure, _ in self._elements(self._rows))

    @cached_property
    def text(self) -> str:
        """Returns the statement as it is written for PostgreSQL: a name of what is read, whatever the warehouse."""
        made = self.statement().compile(
            dialect=PGDialect(),  # type: ignore[no-untyped-call]
            compile_kwargs={"render_postcompile": True},
        )
        return f"{made} with {sorted(made.params.items(), key=str)}"

    @cached_property
    def kinds(self) -> dict[str, sa.types.TypeEngine[Any]]:
        """Returns the SQL type of each dimension."""
        return {name: self._rows.dimension(name).type for name in self.dimensions}

    @cached_property
    def _rows(self) -> Rows:
        return Rows(self.model, self.catalogue, date.min)

    @cached_property
    def _held(self) -> dict[object, Kept]:
        found: dict[object, Kept] = {}
        by_name = {measure.name: measure for measure in self.measures}
        for number, half in enumerate(self._halves):
            found[_identity(half)] = Kept(by_name[f"m{number}"], by_name.get(f"m{number}_passed"))
        return found

    @cached_property
    def _halves(self) -> tuple[Half, ...]:
        """Returns each aggregate that the metrics are made of, once."""
        if self.values_of is not None:
            return ()
        found = {
            _identity(half): half
            for source in self.sources
            if source.histogram != "values"
            for half in halves_of(source)
            if half.part.agg != "count_distinct"
        }
        return tuple(found.values())

    def kept(self, half: Half) -> Kept | None:
        """Returns where the half is found; None when the cube lacks it."""
        return self._held.get(_identity(half))

    def statement(self, days: Iterable[tuple[date, date]] | None = None) -> sa.Select[Any]:
        """Returns the statement that reads the cells, of the ranges of days or of all.

        Columns: `period`, `org_code` where rows are anybody's, the dimensions, the edges, the measures.
        """
        rows = Rows(self.model, self.catalogue, date.min)
        keys = [rows.period.label(PERIOD), *([rows.org_code.label(ORG)] if self.has_organisations else [])]
        keys += [rows.dimension(name).label(name) for name in self.dimensions]
        conditions = self._counting(rows)
        if self.values_of is not None:
            keys.append(rows.expression(self.values_of.expr).label(LOWER))
        elif self.model.bins is not None:
            lower, upper = rows.edges()
            keys += [lower.label(LOWER), upper.label(UPPER)]
        if days is not None:
            conditions.append(sa.or_(sa.false(), *(rows.from_to(first, last) for first, last in days)))
        columns = [element.label(measure.name) for measure, element in self._elements(rows)]
        return sa.select(*keys, *columns).select_from(rows.joined()).where(*conditions).group_by(*keys)

    def periods(self) -> sa.Select[Any]:
        """Returns the statement that reads every `period` in which the cube should have cells."""
        rows = Rows(self.model, self.catalogue, date.min)
        conditions = self._counting(rows)
        return sa.select(rows.period.label(PERIOD)).select_from(rows.joined()).where(*conditions).distinct()

    def _counting(self, rows: Rows) -> list[Element]:
        """Returns the conditions for the rows that cells are made of."""
        found = [rows.condition(self.model.filter)] if self.model.filter else []
        found.append(rows.time.is_not(None))
        if self.values_of is not None:
            found.append(rows.expression(self.values_of.expr).is_not(None))
            found += [rows.condition(self.values_of.filter)] if self.values_of.filter else []
        return found

    def _elements(self, rows: Rows) -> Iterator[tuple[Measure, Element]]:
        if self.values_of is not None:
            yield Measure("m0", "sum", pl.Int32(), zero=True), sa.func.count()
            return
        for number, half in enumerate(self._halves):
            made = sums(rows, half.part, also_reported(rows, half))
            sure = made.how == "sum" and all(_never_missing(rows, part) for part in (half.part, half.other) if part)
            kind = pl.Int32() if half.part.agg == "count" else pl.Float64()
            yield Measure(f"m{number}", made.how, kind, zero=sure), made.total
            if made.passed is not None and not sure:
                yield Measure(f"m{number}_passed", "sum", pl.Int32(), zero=True), made.passed
        if not self.model.absence_is_zero:
            for source in self.sources:
                yield Measure(flag_of(source), "max", pl.UInt8()), sa.func.max(reported(rows, source))


def flag_of(source: Source) -> str:
    """Returns the column that says whether a metric was reported; see `metrics.query.sql.presence`."""
    return f"r__{source.base.id}"


def ranges_of(days: Sequence[date]) -> list[tuple[date, date]]:
    """Returns the days as ranges from first to last, in order, none touching the next."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def _identity(half: Half) -> object:
    part, other = half.part, half.other
    return (part.agg, part.expr, part.filter, None if other is None else other.expr)


def _never_missing(rows: Rows, part: Part) -> bool:
    """Returns whether the part's expression has a value in every row."""
    told = columns_of_plain(part.expr)
    return told is not None and not any(getattr(rows.column(name), "nullable", True) for name in told)
