"""The series that are timed: months of made-up measures, some of which shift, drift, or miss a month."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from dashboard.viewmodels.series import Point, Series
from dashboard.viewmodels.variation import Subject
from metrics.catalogue import Metric

MONTHS = 36
FIRST = date(2023, 11, 1)


def series(count: int, seed: int = 4) -> pl.DataFrame:
    """Returns `count` series of 36 months as a chart takes them: 8 % shift, 8 % drift, 1 % of months are missing.

    Columns: `series` String, `date` Date, `value` and `target` Float64, `improvement_direction` String.
    """
    rng = np.random.default_rng(seed)
    level = rng.choice([0.85, 12.0, 340.0, 4_100.0], count)[:, None]
    noise = rng.normal(0, 0.06, (count, MONTHS))
    month = np.arange(MONTHS)[None, :]
    kind = rng.random(count)[:, None]
    shifted = np.where((kind < 0.08) & (month >= rng.integers(18, 34, count)[:, None]), 0.12, 0.0)
    drifted = np.where((kind > 0.92) & (month >= 26), (month - 26) * 0.04, 0.0)
    values = np.round(level * (1 + noise + shifted + drifted), 3)
    values[rng.random(values.shape) < 0.01] = np.nan
    values[:, -1] = np.where(np.isnan(values[:, -1]), np.round(level[:, 0], 3), values[:, -1])
    names = np.array([f"kpi_{i:05d}" for i in range(count)])
    target = np.round(level[:, 0] * rng.choice([0.7, 0.97, 1.05, 1.4], count), 3)
    directions = rng.choice(["increase", "decrease", "neutral"], count, p=[0.45, 0.45, 0.1])
    months = pl.date_range(FIRST, FIRST.replace(year=FIRST.year + 3), "1mo", closed="left", eager=True)
    return pl.DataFrame({
        "series": np.repeat(names, MONTHS),
        "date": pl.concat([months] * count),
        "value": pl.Series(values.ravel(), nan_to_null=True),
        "target": np.repeat(target, MONTHS),
        "improvement_direction": np.repeat(directions, MONTHS),
    })  # fmt: skip


def subjects(frame: pl.DataFrame) -> list[Subject]:
    """Returns the series as histories of measures with a plan, as a scorecard has them when its data are asked."""
    fields = {
        "title": "Share", "type": "ratio", "description": "A share.", "capability": "access", "unit": "ratio",
        "decimals": 1, "direction": "increase", "owner": "Nobody", "source": "None", "chart": {"unbounded": True},
        "targets": [{"value": 100, "kind": "plan", "valid_from": "2000-01-01", "source": "None"}],
    }  # fmt: skip
    found: list[Subject] = []
    for (name,), rows in frame.group_by("series", maintain_order=True):
        metric = Metric.model_validate({"id": f"m{len(found)}", **fields})
        points = tuple(Point(day, value) for day, value in rows.select("date", "value").iter_rows())
        found.append(Subject(str(name), Series(metric, "month", points), "RA1"))
    return found
