"""A cube: the additive parts of a model at its native grain, by its dimensions, in memory.

Cells are held by month in frames of codes and numbers; beside the finest cells stand roll-ups by fewer dimensions. A
cube never changes: taking in days that were read again gives another cube, which shares all that stayed the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from metrics.query.cube_layout import ORG, Layout
from metrics.query.grid import Numbers
from metrics.query.periods import midnight
from metrics.query.request import Grain
from metrics.query.sql import PERIOD

_PAIRS_FROM = 200_000
_WORTH_KEEPING = 0.5
_EPOCH = date(1970, 1, 1).toordinal()
_MOST_LOOKED_UP = 10_000
_WHOLE = (pl.Int8, pl.Int16, pl.Int32, pl.Int64)
_SLACK = 20_000  # values that no cell has any more, which a key may hold before they are let go
Months = Mapping[date, pl.DataFrame]


@dataclass(frozen=True)
class Codes:
    """The values of a key, each with its number; number 0 is a value that is not known."""

    values: pl.Series

    @classmethod
    def none(cls, kind: pl.DataType) -> Codes:
        """Returns codes of no value yet."""
        return cls(pl.Series("value", [None], dtype=kind))

    def grown(self, column: pl.Series) -> Codes:
        """Returns the codes with those of new values of a column after them."""
        seen = column.unique().drop_nulls()
        if seen.dtype != self.values.dtype:
            return Codes(self.values.cast(seen.dtype)).grown(column)
        new = seen.filter(~seen.is_in(self.values.implode()))
        return Codes(pl.concat([self.values, new.sort().alias("value")])) if new.len() else self

    def of(self, column: pl.Series) -> pl.Series:
        """Returns the numbers of the values, UInt32."""
        known = self.values.slice(1)
        numbers = pl.Series(range(1, known.len() + 1), dtype=pl.UInt32)
        if not known.len():
            return pl.Series(column.name, [0] * column.len(), dtype=pl.UInt32)
        return column.replace_strict(known, numbers, default=0, return_dtype=pl.UInt32)

    def expression(self, name: str) -> pl.Expr:
        """Returns the values of a column of numbers."""
        return _looked_up(self.values, name)

    @cached_property
    def numbers(self) -> Mapping[Any, int] | None:
        """Returns the number of each value; None where there are too many to look up, or they are no plain ones."""
        if self.values.len() > _MOST_LOOKED_UP or self.values.dtype not in (pl.String, pl.Boolean, *_WHOLE):
            return None
        return {value: number for number, value in enumerate(self.values.to_list()) if number}

    @cached_property
    def texts(self) -> pl.Series:
        """Returns the values as texts: an Enum in the order of its texts, which groups and sorts as numbers do."""
        texts = self.values.cast(pl.String)
        return texts.cast(pl.Enum(texts.drop_nulls().unique().sort()))

    def text(self, name: str) -> pl.Expr:
        """Returns the values of a column of numbers as texts."""
        return _looked_up(self.texts, name)


@dataclass(frozen=True)
class Run:
    """The cells of one set of dimensions, of all months one after the other; it shares their memory.

    Attributes:
        moments: the period of each, as Polars holds it, in order.
    """

    dimensions: frozenset[str]
    cells: pl.DataFrame
    moments: Numbers

    @classmethod
    def of(cls, dimensions: frozenset[str], nothing: pl.DataFrame, months: Months) -> Run:
        """Returns the run of the months."""
        cells = pl.concat([nothing, *(frame for _, frame in sorted(months.items()))])
        return cls(dimensions, cells, cells[PERIOD].cast(pl.Int64).to_numpy())

    def between(self, first: date, last: date, grain: Grain) -> pl.DataFrame:
        """Returns the cells of the days."""
        start, end = np.searchsorted(self.moments, _bounds(first, last, grain)).tolist()
        return self.cells.slice(start, max(end - start, 0))


@dataclass(frozen=True)
class Cube:
    """The cells of one model.

    Attributes:
        codes: the values of each key.
        months: of each set of dimensions that is kept, the cells by month: `period`, the keys as UInt32, the edges of a
            histogram as Float64 (of the finest cells only), the measures.
    """

    layout: Layout
    codes: Mapping[str, Codes]
    months: Mapping[frozenset[str], Months]

    @property
    def finest(self) -> frozenset[str]:
        """Returns the dimensions of the finest cells."""
        return frozenset(self.layout.dimensions)

    @cached_property
    def cells(self) -> int:
        """Returns how many finest cells there are."""
        return sum(frame.height for frame in self.months[self.finest].values())

    @cached_property
    def bytes(self) -> int:
        """Returns the memory of all cells, roll-ups included."""
        return sum(int(frame.estimated_size()) for months in self.months.values() for frame in months.values())

    @cached_property
    def heights(self) -> Mapping[frozenset[str], int]:
        """Returns how many cells each roll-up has."""
        return {
            dimensions: sum(frame.height for frame in months.values()) for dimensions, months in self.months.items()
        }

    @property
    def days(self) -> tuple[date, date] | None:
        """Returns the first and last day with cells; None when there are none."""
        frames = [frame for frame in self.months[frozenset()].values() if frame.height]
        if not frames:
            return None
        days = pl.concat([frame.select(day_of(self.layout.grain)) for frame in frames]).to_series()
        return days.min(), days.max()  # type: ignore[return-value]

    def members(self, dimension: str) -> pl.Series:
        """Returns the values of a dimension that cells have, in order."""
        months = self.months.get(frozenset((dimension,)), self.months[self.finest])
        numbers = pl.concat([self._nothing(frozenset((dimension,))).select(dimension),
                             *(frame.select(dimension) for frame in months.values())])[dimension].unique()  # fmt: skip
        return self.codes[dimension].values.gather(numbers).drop_nulls().sort() if numbers.len() else (
            pl.Series(dimension, [], dtype=pl.String)
        )  # fmt: skip

    def extent(self) -> pl.DataFrame:
        """Returns `org_code`, `first` and `last`: the periods from which and to which each organisation has cells."""
        whole = self._whole()
        moments = (pl.col(PERIOD).min().alias("first"), pl.col(PERIOD).max().alias("last"))
        if not self.layout.has_organisations:
            return whole.select(pl.lit("").alias(ORG), *moments)
        return whole.group_by(ORG).agg(*moments).with_columns(self._org_code())

    def presence(self) -> pl.DataFrame:
        """Returns `period`, `org_code`, and a number per metric: as `metrics.query.sql.presence`."""
        whole = self._whole()
        flags = [name for name in whole.columns if name.startswith("r__")]
        org = self._org_code() if self.layout.has_organisations else pl.lit("").alias(ORG)
        return whole.select(PERIOD, org, *(pl.col(name).cast(pl.Int64).alias(name[3:]) for name in flags))

    def _whole(self) -> pl.DataFrame:
        nothing = frozenset[str]()
        return pl.concat([self._nothing(nothing), *self.months[nothing].values()])

    def _org_code(self) -> pl.Expr:
        return self.codes[ORG].expression(ORG) if ORG in self.codes else pl.lit(None, pl.String).alias(ORG)

    def run(self, dimensions: frozenset[str], *, edges: bool) -> Run:
        """Returns the fewest cells that tell the dimensions apart, and the edges of a histogram where asked for."""
        chosen = self.finest
        if not edges:
            able = (kept for kept in self.months if dimensions <= kept)
            chosen = min(able, key=lambda kept: (self.heights[kept], len(kept)))
        found = self._runs.get(chosen)
        if found is None:
            found = self._runs[chosen] = Run.of(chosen, self._nothing(chosen), self.months[chosen])
        return found

    @cached_property
    def is_of_one(self) -> bool:
        """Returns whether all cells are of one organisation, or of nobody."""
        return not self.layout.has_organisations or self.run(frozenset(), edges=False).cells[ORG].n_unique() <= 1

    @cached_property
    def _runs(self) -> dict[frozenset[str], Run]:
        return {}

    def _nothing(self, dimensions: frozenset[str]) -> pl.DataFrame:
        return empty(self.layout, dimensions)

    def with_days(self, days: Iterable[date], read: pl.DataFrame) -> Cube:
        """Returns the cube with the cells of the days replaced by those that were read.

        `read` is the frame of `Layout.statement` for these days.
        """
        coded, codes = encoded(self.layout, read, self.codes)
        wanted = pl.Series(sorted(set(days)), dtype=pl.Date)
        found: dict[frozenset[str], Months] = {}
        for dimensions, months in self.months.items():
            cells = coded if dimensions == self.finest else rolled_up(self.layout, coded, dimensions)
            found[dimensions] = _spliced(self.layout.grain, months, wanted, cells)
        changed = replace(self, codes=codes, months=found)
        longest = max((each.values.len() for each in codes.values()), default=0)
        return changed if longest <= 2 * changed.cells + _SLACK else changed.with_fewest_codes()

    def with_fewest_codes(self) -> Cube:
        """Returns the cube with codes for the values that cells still have, and none for those that are gone."""
        frames = [self._nothing(self.finest), *self.months[self.finest].values()]
        values = [self.codes[name].expression(name) for name in self.layout.keys if name in self.codes]
        coded, codes = encoded(self.layout, pl.concat(frames).with_columns(values), {})
        return cube_of(self.layout, coded, codes)


def cube_of(layout: Layout, coded: pl.DataFrame, codes: Mapping[str, Codes]) -> Cube:
    """Returns the cube of finest cells, with the roll-ups that are worth their memory."""
    finest = frozenset(layout.dimensions)
    wanted = [frozenset[str](), *(frozenset((name,)) for name in layout.dimensions)]
    if coded.height > _PAIRS_FROM:
        wanted += [frozenset(pair) for pair in combinations(layout.dimensions, 2)]
    months: dict[frozenset[str], Months] = {finest: _by_month(layout.grain, coded)}
    for dimensions in dict.fromkeys(wanted):
        if dimensions == finest:
            continue
        cells = rolled_up(layout, coded, dimensions)
        if not dimensions or layout.edges or cells.height <= coded.height * _WORTH_KEEPING:
            months[dimensions] = _by_month(layout.grain, cells)
    return Cube(layout, codes, months)


def encoded(layout: Layout, read: pl.DataFrame, codes: Mapping[str, Codes]) -> tuple[pl.DataFrame, dict[str, Codes]]:
    """Returns cells as read, with numbers for their keys and compact measures, and the codes that stand for them."""
    found = dict(codes)
    columns = [read[PERIOD]]
    for name in layout.keys:
        known = found.get(name, Codes.none(read.schema[name])).grown(read[name])
        found[name] = known
        columns.append(known.of(read[name]).alias(name))
    columns += [read[name].cast(pl.Float64) for name in layout.edges]
    for measure in layout.measures:
        held = read[measure.name].fill_null(0) if measure.zero else read[measure.name]
        columns.append(held.cast(measure.kind))
    return pl.DataFrame(columns), found


def empty(layout: Layout, dimensions: frozenset[str]) -> pl.DataFrame:
    """Returns no cells, in the columns of the cells of these dimensions."""
    period = pl.Datetime("us") if layout.grain is Grain.HOUR else pl.Date()
    keys = {name: pl.UInt32() for name in layout.keys if name in dimensions or name not in layout.dimensions}
    edges = {name: pl.Float64() for name in layout.edges} if dimensions == frozenset(layout.dimensions) else {}
    measures = {measure.name: measure.kind for measure in layout.measures}
    return pl.DataFrame(schema={PERIOD: period, **keys, **edges, **measures})


def rolled_up(layout: Layout, cells: pl.DataFrame, dimensions: frozenset[str]) -> pl.DataFrame:
    """Returns the cells added up over every dimension but these, and over the edges of a histogram."""
    keys = [PERIOD, *(name for name in layout.keys if name in dimensions or name not in layout.dimensions)]
    summed = cells.group_by(keys).agg(aggregate(layout, measure.name) for measure in layout.measures)
    return summed.select(empty(layout, dimensions).columns) if dimensions else summed


def aggregate(layout: Layout, name: str) -> pl.Expr:
    """Returns the expression for a measure of several cells, of the measure's own type."""
    measure = next(each for each in layout.measures if each.name == name)
    column = pl.col(name)
    if measure.how != "sum":
        return column.min() if measure.how == "min" else column.max()
    if measure.zero or measure.kind == pl.Int32():
        return column.cast(pl.Float64).sum().cast(measure.kind)
    return pl.when(column.count() > 0).then(column.sum()).alias(name)


def day_of(grain: Grain) -> pl.Expr:
    """Returns the day in London of a cell's period."""
    if grain is not Grain.HOUR:
        return pl.col(PERIOD)
    return pl.col(PERIOD).dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London").dt.date()


def _looked_up(values: pl.Series, name: str) -> pl.Expr:
    return pl.lit(values).gather(pl.col(name)).alias(name)


def _bounds(first: date, last: date, grain: Grain) -> tuple[int, int]:
    """Returns the first moment of the days and the one after the last, as Polars holds them."""
    days = first, last + timedelta(days=1)
    if grain is not Grain.HOUR:
        return days[0].toordinal() - _EPOCH, days[1].toordinal() - _EPOCH
    start, end = (int(midnight(day).timestamp()) * 1_000_000 for day in days)
    return start, end


def _by_month(grain: Grain, cells: pl.DataFrame) -> Months:
    if not cells.height:
        return {}
    marked = cells.with_columns(day_of(grain).dt.truncate("1mo").alias("month"))
    parts = marked.partition_by("month", as_dict=True, include_key=False)
    return {month: part.sort(PERIOD).rechunk() for (month,), part in parts.items()}


def _spliced(grain: Grain, months: Months, days: pl.Series, cells: pl.DataFrame) -> Months:
    """Returns the months with the cells of the days taken out and the new ones put in."""
    found = dict(months)
    new = _by_month(grain, cells)
    for month in dict.fromkeys([*days.dt.truncate("1mo").to_list(), *new]):
        kept = [found[month].filter(~day_of(grain).is_in(days.implode()))] if month in found else []
        kept += [new[month]] if month in new else []
        whole = pl.concat(kept).sort(PERIOD).rechunk() if kept else None
        if whole is not None and whole.height:
            found[month] = whole
        else:
            found.pop(month, None)
    return found
