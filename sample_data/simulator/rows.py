"""From numbers to rows: what components hand over as arrays becomes frames shaped as the operational tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import sqlalchemy as sa

from metrics.warehouse.tables.operational import metadata
from sample_data.simulator.trust import ORG_CODE

NONE: Final = -1
"""Stands for null in arrays of whole numbers, none of which is ever negative; in those of amounts, NaN does."""

Column = npt.NDArray[Any]
Codes = Mapping[str, Sequence[str]]

_TYPES: Final[tuple[tuple[type[Any], Any], ...]] = (
    (sa.SmallInteger, pl.Int16),
    (sa.BigInteger, pl.Int64),
    (sa.Integer, pl.Int32),
    (sa.Double, pl.Float64),
    (sa.Boolean, pl.Boolean),
    (sa.DateTime, pl.Datetime("us")),
    (sa.Date, pl.Date),
    (sa.String, pl.String),
)


@dataclass(slots=True)
class Out:
    """Rows that become final; arrays are kept apart until a frame is asked for.

    Attributes:
        codes: table.column to the texts that its whole numbers stand for.
        rows: how many were taken since the last frames.
    """

    codes: Codes
    parts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    rows: int = 0

    def add(self, table: str, count: int, **columns: Any) -> None:
        """Takes rows of a table: an array a column, or one value for all rows. `changed_at` is minutes UTC."""
        if count:
            self.parts.setdefault(table, []).append({"": count, **columns})
            self.rows += count

    def frames(self) -> dict[str, pl.DataFrame]:
        """Returns the rows taken so far, a frame a table, and forgets them."""
        self.rows = 0
        # Each table's arrays are let go as soon as its frame is there: a large trust's month is held once, not twice.
        return {name: self._frame(name, self.parts.pop(name)) for name in sorted(self.parts)}

    def _frame(self, name: str, parts: list[dict[str, Any]]) -> pl.DataFrame:
        table = metadata.tables[name]
        given = set(parts[0])
        unknown = given - set(table.columns.keys()) - {""}
        if unknown:
            raise KeyError(f"{name} has no column {min(unknown)}")
        series = []
        for column in table.columns:
            if column.name == "org_code":
                continue
            raw = np.concatenate([_full(part.get(column.name, NONE), part[""]) for part in parts])
            series.append(_series(raw, column, self.codes.get(f"{name}.{column.name}")))
        return pl.DataFrame(series).with_columns(org_code=pl.lit(ORG_CODE)).select(table.columns.keys())


def _full(value: Any, count: int) -> Column:
    array = np.asarray(value)
    return np.full(count, array) if array.ndim == 0 else array


def schema(table: sa.Table) -> dict[str, Any]:
    """Returns the Polars types of an operational table's columns."""
    return {column.name: _dtype(column) for column in table.columns}


def _dtype(column: sa.Column[Any]) -> Any:
    return next(dtype for kind, dtype in _TYPES if isinstance(column.type, kind))


def _series(raw: Column, column: sa.Column[Any], texts: Sequence[str] | None) -> pl.Series:
    dtype = _dtype(column)
    if texts is not None:
        codes = np.where(raw < 0, len(texts), raw)
        found = pl.Series(column.name, _lookup(tuple(texts))).gather(codes.astype(np.uint32))
    elif dtype == pl.Float64 or (dtype == pl.Boolean and raw.dtype == np.bool_):
        found = pl.Series(column.name, raw, dtype=dtype)
        found = found.fill_nan(None) if dtype == pl.Float64 and column.nullable else found
    else:
        whole = pl.Series(column.name, raw.astype(np.int64))
        known = pl.select(pl.when(whole >= 0).then(whole).alias(column.name)).to_series() if column.nullable else whole
        found = _cast(known, dtype)
    if not column.nullable and found.null_count():
        raise ValueError(f"{column.table.name}.{column.name} may not be null")
    return found


@lru_cache(maxsize=256)
def _lookup(texts: tuple[str, ...]) -> pl.Series:
    return pl.Series([*texts, None], dtype=pl.String)


def _cast(whole: pl.Series, dtype: Any) -> pl.Series:
    if dtype == pl.Datetime:
        return (whole * 60_000_000).cast(dtype)
    return whole.cast(pl.Int32).cast(dtype) if dtype == pl.Date else whole.cast(dtype)
