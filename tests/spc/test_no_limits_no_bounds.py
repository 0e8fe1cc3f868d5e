"""A bound holds a limit that is there, and makes none where too few points give none."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from metrics.spc import xmr


@pytest.mark.parametrize(("low", "high"), [(0.0, None), (None, 1.0), (0.0, 1.0), (None, None)])
def test_without_limits_none_are_drawn_whatever_the_bounds(low, high):
    frame = pl.DataFrame(
        {
            "series": ["a"] * 4,
            "date": [date(2026, month, 1) for month in range(1, 5)],
            "value": [0.1, 0.2, 0.3, 0.4],
            "lower_bound": [low] * 4,
            "upper_bound": [high] * 4,
        },
        schema_overrides={"lower_bound": pl.Float64, "upper_bound": pl.Float64},
    )
    chart = xmr(frame)
    row = chart.series.row(0, named=True)
    assert (row["state"], row["lower_drawn"], row["upper_drawn"]) == ("too_few_points", None, None)
    assert chart.points["lower_drawn"].null_count() == chart.points["upper_drawn"].null_count() == 4
