"""Rows laid out on a grid of series and periods, and added up there.

A series is a combination of dimension values. Rows find their cell by number, so that periods are put together by
adding up arrays: for the few thousand cells of a page that costs a tenth of joining and grouping frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Numbers: TypeAlias = npt.NDArray[np.int64]
Truths: TypeAlias = npt.NDArray[np.bool_]
_HOUR = 3_600_000_000  # microseconds
_TABLE = 1 << 16  # numbers that are looked up in a table, however few rows there are


@dataclass(frozen=True)
class Places:
    """Where periods stand among others.

    Attributes:
        first: the earliest that is known, as Polars holds it: in days, or in microseconds of UTC.
        unit: from one number to the next.
        numbers: of each period from the first on its place; -1 where it has none.
    """

    first: int
    unit: int
    numbers: Numbers

    @classmethod
    def of(cls, periods: pl.Series, numbers: Numbers) -> Places:
        """Returns the places that are given to periods, days or hours."""
        unit = _HOUR if isinstance(periods.dtype, pl.Datetime) else 1
        if not periods.len():
            return cls(0, unit, np.full(1, -1, dtype=np.int64))
        raw = _raw(periods)
        first = int(raw.min())
        found = np.full((int(raw.max()) - first) // unit + 1, -1, dtype=np.int64)
        found[(raw - first) // unit] = numbers
        return cls(first, unit, found)

    def at(self, periods: pl.Series) -> Numbers:
        """Returns the place of each period; -1 where it has none."""
        offsets = (_raw(periods) - self.first) // self.unit
        within = (offsets >= 0) & (offsets < len(self.numbers))
        if within.all():
            return self.numbers[offsets]
        return np.where(within, self.numbers[np.where(within, offsets, 0)], -1)


def _raw(periods: pl.Series) -> Numbers:
    return periods.cast(pl.Int64).to_numpy()


@dataclass(frozen=True)
class _Step:
    """How one more dimension tells the members so far apart.

    Attributes:
        kind: its values, in the order of their texts.
        texts: likewise, after one that is missing.
        stand: which pairs of a member so far and a value stand, as numbers in order.
        table: of every such number its place among `stand`; None where a table would be too long.
    """

    kind: pl.Enum
    texts: tuple[str | None, ...]
    stand: Numbers
    table: Numbers | None

    @property
    def width(self) -> int:
        """Returns how many values there are, one that is missing among them."""
        return len(self.texts)

    def numbers(self, pairs: Numbers) -> Numbers:
        """Returns the place of each pair, all of which stand."""
        return np.searchsorted(self.stand, pairs) if self.table is None else self.table[pairs]


@dataclass(frozen=True)
class Members:
    """The series of a scan, in the order of their dimensions' values as texts; a missing value comes first."""

    by: tuple[str, ...]
    steps: tuple[_Step, ...]

    @classmethod
    def of(
        cls, frame: pl.DataFrame, by: tuple[str, ...], named: Mapping[str, Sequence[str]]
    ) -> tuple[Members, Numbers]:
        """Returns the members that rows have, and the number of each row's.

        `frame` holds the dimensions as String, or as Enum in the order of its texts. What a filter names (`named`) is
        a member without any row, where it is asked for by that dimension alone.
        """
        steps: list[_Step] = []
        numbers, count = np.zeros(frame.height, dtype=np.int64), 1
        for name in by:
            wanted = named.get(name, ()) if len(by) == 1 else ()
            kind, column = _kind(frame[name], wanted)
            texts = (None, *kind.categories.to_list())
            pairs = numbers * len(texts) + _codes(column)
            standing = pairs
            if wanted:
                standing = np.concatenate([pairs, [texts.index(text) for text in wanted]])
            step = _step(kind, texts, standing, count * len(texts))
            numbers, count = step.numbers(pairs), len(step.stand)
            steps.append(step)
        return cls(by, tuple(steps)), numbers

    @property
    def count(self) -> int:
        """Returns how many there are: without dimensions one, the whole."""
        return len(self.steps[-1].stand) if self.steps else 1

    def numbers(self, frame: pl.DataFrame) -> Numbers:
        """Returns the number of each row's member; every row has one."""
        found = np.zeros(frame.height, dtype=np.int64)
        for name, step in zip(self.by, self.steps, strict=True):
            column = frame[name]
            column = column if column.dtype == step.kind else column.cast(pl.String).cast(step.kind)
            found = step.numbers(found * step.width + _codes(column))
        return found

    @cached_property
    def frame(self) -> pl.DataFrame:
        """Returns the dimensions as String, a row for each member."""
        columns: list[pl.Series] = []
        numbers = np.arange(self.count)
        for name, step in zip(reversed(self.by), reversed(self.steps), strict=True):
            numbers, codes = np.divmod(step.stand[numbers], step.width)
            columns.append(pl.Series(name, [step.texts[code] for code in codes.tolist()], dtype=pl.String))
        return pl.DataFrame(columns[::-1])


def _kind(column: pl.Series, wanted: Iterable[str]) -> tuple[pl.Enum, pl.Series]:
    """Returns the values of a dimension, those that are wanted among them, in order; and the column of that kind."""
    kind = column.dtype
    if isinstance(kind, pl.Enum):
        if not wanted or set(wanted) <= set(kind.categories):
            return kind, column
        column = column.cast(pl.String)
    kind = pl.Enum(sorted({*column.unique().drop_nulls(), *wanted}))
    return kind, column.cast(kind)


def _codes(column: pl.Series) -> Numbers:
    """Returns the number of each value among those of its kind, from 1; 0 for one that is missing."""
    codes = column.to_physical()
    if not codes.null_count():
        return codes.to_numpy().astype(np.int64) + 1
    return codes.cast(pl.Int64).fill_null(-1).to_numpy() + 1


def _step(kind: pl.Enum, texts: tuple[str | None, ...], pairs: Numbers, size: int) -> _Step:
    if size > max(_TABLE, 4 * len(pairs)):
        return _Step(kind, texts, np.unique(pairs), None)
    table = np.zeros(size, dtype=np.int64)
    table[pairs] = 1
    stand = np.flatnonzero(table)
    return _Step(kind, texts, stand, np.cumsum(table) - 1)


@dataclass(frozen=True)
class Amounts:
    """A number for each cell of a grid, and where it is known; what is not known is any number."""

    values: npt.NDArray[np.float64]
    known: Truths

    def column(self, name: str, shown: Truths) -> pl.Series:
        """Returns the numbers, null where they are not known or not shown."""
        held = self.known & shown
        return pl.Series(name, self.values if held.all() else pa.array(self.values, mask=~held))

    def with_zero(self, at: Truths) -> Amounts:
        """Returns the numbers with a known 0 in some cells."""
        return self if not at.any() else Amounts(np.where(at, 0.0, self.values), self.known | at)

    def over(self, other: Amounts) -> Amounts:
        """Returns these divided by others where those are above 0."""
        known = self.known & other.known & (other.values > 0)
        return Amounts(np.divide(self.values, other.values, out=np.zeros_like(self.values), where=known), known)


class Grid:
    """Rows on their cells; those that have none are left out."""

    def __init__(self, cells: Numbers, size: int) -> None:
        """Takes the number of each row's cell, -1 for none, and how many cells there are."""
        self.size = size
        self._kept: Truths | None = None if not len(cells) or cells.min() >= 0 else cells >= 0
        self._cells = cells if self._kept is None else cells[self._kept]
        self._stands: Truths = np.bincount(self._cells, minlength=size) > 0

    @property
    def stands(self) -> Truths:
        """Returns for each cell whether it has a row."""
        return self._stands

    @property
    def nothing(self) -> Amounts:
        """Returns a number that is known of no cell."""
        return Amounts(np.zeros(self.size), np.zeros(self.size, dtype=np.bool_))

    def added_up(self, column: pl.Series) -> Amounts:
        """Returns the sum of the rows of each cell; where all of them are missing it is not known."""
        amounts: Any = column.cast(pl.Float64).to_numpy() if column.dtype != pl.Float64 else column.to_numpy()
        amounts = amounts if self._kept is None else amounts[self._kept]
        if not column.null_count():
            return Amounts(_sums(self._cells, amounts, self.size), self._stands)
        known = column.is_not_null().to_numpy()
        known = known if self._kept is None else known[self._kept]
        cells = self._cells[known]
        counts = np.bincount(cells, minlength=self.size)
        return Amounts(_sums(cells, amounts[known], self.size), counts > 0)


def _sums(cells: Numbers, amounts: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.float64]:
    found = np.bincount(cells, weights=amounts, minlength=size)
    return found.astype(np.float64, copy=False)  # of no rows at all it counts
