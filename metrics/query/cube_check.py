"""Holding a cube against the rows that it stands for: which months there are, and on which days it differs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
from polars.testing import assert_frame_equal

from metrics.query.cube import Cube, day_of, encoded, rolled_up
from metrics.query.sql import PERIOD

if TYPE_CHECKING:
    from metrics.warehouse.reading import Reading


def months_to_hold(cube: Cube, told: Reading) -> tuple[date, ...]:
    """Returns the first days of the months in which any frame of the cube has cells, or its table has rows."""
    grain = cube.layout.grain
    stand = told.frame(cube.layout.periods()).select(day_of(grain).dt.truncate("1mo"))[PERIOD].unique()
    return tuple(sorted({*stand.to_list(), *(month for months in cube.months.values() for month in months)}))


def days_differing(cube: Cube, month: date, read: pl.DataFrame) -> tuple[date, ...]:
    """Returns the days of a month on which the finest cells or a roll-up are not what the rows give, in order.

    `read` is the frame of `Layout.statement` for the days of the month.
    """
    coded, _ = encoded(cube.layout, read, cube.codes)
    found: set[date] = set()
    for dimensions, months in cube.months.items():
        expected = coded if dimensions == cube.finest else rolled_up(cube.layout, coded, dimensions)
        held = months.get(month, expected.clear())
        keys = [PERIOD, *(name for name in (*cube.layout.keys, *cube.layout.edges) if name in expected.columns)]
        if not _same(held, expected, keys):
            found |= _differing_days(held, expected, keys, day_of(cube.layout.grain))
    return tuple(sorted(found))


def last_of(month: date) -> date:
    """Returns the last day of a month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _differing_days(held: pl.DataFrame, expected: pl.DataFrame, keys: list[str], day: pl.Expr) -> set[date]:
    days = pl.concat([held.select(day), expected.select(day)])[PERIOD].unique()
    return {each for each in days if not _same(held.filter(day == each), expected.filter(day == each), keys)}


def _same(held: pl.DataFrame, expected: pl.DataFrame, keys: list[str]) -> bool:
    if held.height != expected.height:
        return False
    try:
        assert_frame_equal(held.sort(keys), expected.sort(keys), rel_tol=1e-9, abs_tol=1e-9)
    except AssertionError:
        return False
    return True
