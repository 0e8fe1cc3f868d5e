"""Answering a scan from a cube: the frame that its statement would give, or the reason why not."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from metrics.query.bounds import bound
from metrics.query.cube import Codes, Cube
from metrics.query.cube_layout import ORG, Kept
from metrics.query.plan import LEVELS, Scan
from metrics.query.request import Filter
from metrics.query.rows import counted_kinds, typed
from metrics.query.source import Source
from metrics.query.sql import LOWER, PERIOD, UPPER, Half, Reach, halves_of

_AS_WRITTEN = pl.QueryOptFlags.none()  # there is nothing to gain: of few cells, planning takes longer than adding up


class Miss(StrEnum):
    """Why a cube does not answer a scan. The request then goes to the warehouse as one grouped statement."""

    NOT_KEPT = "no cube is kept of the model"
    NOT_BUILT = "the cube is not built yet"
    UNREADABLE = "the warehouse lacks a table or a column of the model"
    TOO_LARGE = "the cube would have more cells than its definition allows"
    DISTINCT = "distinct values are counted anew for every period and group"
    CONVERSION = "a conversion follows each row to what it led to"
    ENTITY = "a level is taken for each entity, which the cube does not keep apart"
    VALUES = "the values of the percentile are not kept: there are too many of them"
    MEASURE = "the cube lacks an aggregate of the metric"
    DIMENSION = "a dimension asked for is none of the cube's"


def answered(cube: Cube, scan: Scan, by: tuple[str, ...], reach: Reach, located: pl.DataFrame) -> pl.DataFrame | Miss:
    """Returns the frame of `metrics.query.sql.statement` for the scan, or why the cube cannot give it.

    Its dimensions are texts, as Enum where the cube has their codes: those group and sort as numbers do.

    Args:
        cube: of the scan's model; for a percentile of values, the one that keeps them.
        scan: what is asked.
        by: the dimensions of this round.
        reach: what part of the table is read.
        located: `Organisations.at` of the reach's day.
    """
    found = missed(scan) or _lacking(cube, scan, by)
    if found is not None:
        return found
    return _Answer(cube, scan, by, reach, located).frame()


def missed(scan: Scan) -> Miss | None:
    """Returns why no cube can answer the scan, whatever it holds; None when one may."""
    if scan.sources[0].outcome is not None:
        return Miss.CONVERSION
    if any(source.counts_distinct for source in scan.sources):
        return Miss.DISTINCT
    return None


def _lacking(cube: Cube, scan: Scan, by: tuple[str, ...]) -> Miss | None:
    used = {*by, *(each.dimension for each in scan.where)} - set(LEVELS)
    if not used <= cube.finest:
        return Miss.DIMENSION
    if any(cube.layout.dimension_of(column) is None for column in scan.per):
        return Miss.ENTITY
    if scan.histogram != "values" and any(
        cube.layout.kept(half) is None for source in scan.sources for half in halves_of(source)
    ):
        return Miss.MEASURE
    return None


class _Answer:
    def __init__(self, cube: Cube, scan: Scan, by: tuple[str, ...], reach: Reach, located: pl.DataFrame) -> None:
        self.cube, self.scan, self.by, self.reach = cube, scan, by, reach
        self.layout, self.located = cube.layout, located
        self._single: dict[str, int] = {}  # dimensions of which a filter leaves one value, and its number

    def frame(self) -> pl.DataFrame:
        columns, used = self._columns(), frozenset(self._used())
        edges = self.scan.histogram is not None
        keys = [*([ORG] if self.layout.has_organisations else []), *sorted(used)]
        if edges:
            keys += self.layout.edges
        run = self.cube.run(used, edges=edges)
        held = run.between(self.reach.first, self.reach.last, self.layout.grain)
        conditions = self._conditions()
        per = [f"per__{name}" for name in self.scan.per]
        alone = not (edges or per) and self.cube.is_of_one and run.dimensions <= {*self.by, *self._single}
        if alone and len(conditions) == len(self._single) and self._is_plain():
            return self._of_cells(held)
        cells = held.lazy().select(list(dict.fromkeys((PERIOD, *keys, *columns))))
        cells = cells.filter(*conditions) if conditions else cells
        if edges:
            cells = cells.filter(pl.col(LOWER).is_not_null())
        grouped = [PERIOD, *self.by, *per, *(self.layout.edges if edges else ())]
        named = [self._level(name) for name in self.by if name in LEVELS]
        named += [pl.col(self._entity(name)).alias(f"per__{name}") for name in self.scan.per]
        made = cells.with_columns(named) if named else cells
        parts = made.group_by(grouped).agg(self._aggregates(columns))
        shown = [pl.col(PERIOD), *(self._shown(name) for name in self.by)]
        shown += [self.cube.codes[self._entity(name)].expression(f"per__{name}") for name in self.scan.per]
        if edges:
            upper = UPPER if UPPER in self.layout.edges else LOWER
            shown += [pl.col(LOWER), pl.col(upper).alias(UPPER)]
        return parts.select(*shown, *self._parts()).collect(optimizations=_AS_WRITTEN)

    def _used(self) -> set[str]:
        asked = {*self.by, *(each.dimension for each in self.scan.where)} - set(LEVELS)
        return asked | {self._entity(name) for name in self.scan.per}

    def _entity(self, column: str) -> str:
        """Returns the dimension that holds the column by which entities are kept apart."""
        return self.layout.dimension_of(column) or column

    def _kept(self, half: Half) -> Kept:
        kept = self.layout.kept(half)
        if kept is None:  # checked: the cube has every half
            raise KeyError(half.part.expr)
        return kept

    def _halves(self) -> list[tuple[Source, Half, Kept]]:
        if self.scan.histogram == "values":
            return []
        return [(source, half, self._kept(half)) for source in self.scan.sources for half in halves_of(source)]

    def _columns(self) -> list[str]:
        if self.scan.histogram == "values":
            return ["m0"]
        kept = [each for _, _, each in self._halves()]
        names = [each.total.name for each in kept] + [each.passed.name for each in kept if each.passed is not None]
        return list(dict.fromkeys(names))

    def _aggregates(self, columns: list[str]) -> list[pl.Expr]:
        measures = {measure.name: measure for measure in self.layout.measures}
        found = []
        for name in columns:
            measure, column = measures[name], pl.col(name)
            if measure.how != "sum":
                found.append(column.min() if measure.how == "min" else column.max())
            else:
                found.append(column.cast(pl.Float64).sum())
                if not measure.zero:
                    found.append(column.count().alias(f"{name} known"))
        return found

    def _is_plain(self) -> bool:
        """Returns whether parts of one cell are that cell's measures, and no dimension asked for is a level."""
        return not set(self.by) & set(LEVELS) and all(kept.passed is None for _, _, kept in self._halves())

    def _of_cells(self, held: pl.DataFrame) -> pl.DataFrame:
        """Returns the parts where no two cells are of one group: taken column by column, without a pool of threads."""
        if self._single:
            chosen = np.all([held[name].to_numpy() == number for name, number in self._single.items()], axis=0)
            rows = pl.Series(np.flatnonzero(chosen), dtype=pl.UInt32)
            taken = {name: held[name][rows] for name in (PERIOD, *self.by, *self._columns())}
        else:
            taken = {name: held[name] for name in (PERIOD, *self.by, *self._columns())}
        found = [taken[PERIOD], *(self.cube.codes[name].texts[taken[name]].alias(name) for name in self.by)]
        for source, half, kept in self._halves():
            found.append(taken[kept.total.name].cast(pl.Float64).alias(f"{source.key}__{half.suffix}"))
        return pl.DataFrame(found)

    def _parts(self) -> list[pl.Expr]:
        """Returns the columns of the parts: 0 where no row passes a filter, null where those that do tell nothing."""
        if self.scan.histogram == "values":
            return [pl.col("m0").alias(f"{self.scan.sources[0].key}__num")]
        found = []
        for source, half, kept in self._halves():
            name = kept.total.name
            value: Any = pl.col(name)
            if kept.total.how == "sum" and not kept.total.zero:
                value = pl.when(pl.col(f"{name} known") > 0).then(value)
            if kept.passed is not None:
                value = pl.when(pl.col(kept.passed.name) == 0).then(0.0).otherwise(value)
            found.append(value.alias(f"{source.key}__{half.suffix}"))
        return found

    def _conditions(self) -> list[pl.Expr]:
        found = []
        for each in self.scan.where:
            if each.dimension in LEVELS:
                found.append(_chosen(ORG, self._passing_places(each)))
            else:
                found.append(self._passing(each))
        if not self.layout.has_organisations:
            return found
        index = any(source.kind == "index" for source in self.scan.sources)
        used = {*self.by, *(each.dimension for each in self.scan.where)} & set(LEVELS)
        if used or index:
            found.append(_chosen(ORG, counted_kinds(used, index=index).of(self._kinds)))
        if not index:
            found += self._without_overlaps()
        return found

    def _without_overlaps(self) -> list[pl.Expr]:
        found = []
        for level, periods in self.reach.overlaps.items():
            within = [period for period in periods if self.reach.first <= period <= self.reach.last]
            if within:
                stated = _chosen(ORG, self._kinds == level)
                found.append(~(stated & pl.col(PERIOD).is_in(within)))
        return found

    def _passing_places(self, each: Filter) -> pl.Series:
        return passing(self.places[each.dimension], each, None)

    def _passing(self, each: Filter) -> pl.Expr:
        """Returns the condition of a filter on a dimension, noting which ones leave a single value of it."""
        name, codes, kind = each.dimension, self.cube.codes[each.dimension], self.layout.kinds[each.dimension]
        if not each.picks_values or codes.numbers is None:
            return _chosen(name, passing(codes.values, each, kind))
        numbers = {codes.numbers[value] for value in typed(kind, each.values) if value in codes.numbers}
        if len(numbers) != 1:
            return pl.col(name).is_in(sorted(numbers))
        self._single[name] = numbers.pop()
        return pl.col(name) == self._single[name]

    @cached_property
    def places(self) -> pl.DataFrame:
        """Returns `organisation`, `icb`, `region` and `org_type` of each number of an organisation's code."""
        codes = self.cube.codes.get(ORG, Codes.none(pl.String())).values.to_frame("org_code")
        return codes.join(self.located, on="org_code", how="left", maintain_order="left").with_columns(
            pl.coalesce("organisation", "org_code").alias("organisation")
        )

    @property
    def _kinds(self) -> pl.Series:
        return self.places["org_type"].fill_null("other")

    def _level(self, name: str) -> pl.Expr:
        return pl.lit(self.places[name]).gather(pl.col(ORG)).alias(name)

    def _shown(self, name: str) -> pl.Expr:
        return pl.col(name) if name in LEVELS else self.cube.codes[name].text(name)


def passing(values: pl.Series, each: Filter, kind: Any) -> pl.Series:
    """Returns for each value whether it passes the filter: as `metrics.query.rows.Rows.passes` puts it in SQL."""
    missing = values.is_null()
    kept = pl.Series([False] * values.len(), dtype=pl.Boolean)
    if each.values:
        wanted = list(each.values) if kind is None else typed(kind, each.values)
        kept |= values.is_in(pl.Series(wanted, dtype=values.dtype, strict=False).implode()).fill_null(value=False)
    if each.has_range:
        within = ~missing
        for value, is_low in ((each.low, True), (each.high, False)):
            if value is not None:
                held = str(value) if kind is None else bound(each.dimension, kind, value)
                within &= ((values >= held) if is_low else (values <= held)).fill_null(value=False)
        kept |= within
    if not each.negate:
        return kept | missing if each.null else kept
    return ~kept & ~missing if each.null else missing | ~kept


def _chosen(name: str, passes: pl.Series) -> pl.Expr:
    if passes.all():
        return pl.lit(value=True)
    return pl.lit(passes).gather(pl.col(name))
