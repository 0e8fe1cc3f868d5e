"""Frames of series to draw charts of: monthly, from lists of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl


def months(count: int) -> pl.Series:
    """Returns the first days of so many months from January 2015."""
    return pl.Series("date", [date(2015 + at // 12, at % 12 + 1, 1) for at in range(count)], dtype=pl.Date)


def series(name: str = "a", **columns: Sequence[Any]) -> pl.DataFrame:
    """Returns one series with the columns given; a single entry holds for all rows."""
    count = max(len(each) for each in columns.values())
    frame = pl.DataFrame({"series": [name] * count}).with_columns(months(count))
    return frame.with_columns(
        (pl.lit(each[0]) if len(each) == 1 else pl.Series(each, strict=False)).alias(column)
        for column, each in columns.items()
    )


def random(seed: int, count: int = 40, name: str = "a") -> pl.DataFrame:
    """Returns a series with numerators, denominators and values above 0 that vary by chance."""
    made = np.random.default_rng(seed)
    den = made.integers(80, 400, count)
    return series(
        name, num=made.binomial(den, 0.2).tolist(), den=den.tolist(), value=(made.exponential(9, count) + 0.1).tolist()
    )
