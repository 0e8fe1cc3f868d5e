"""Random series for control charts, of the kinds that break them: ties, gaps, constant stretches, steps, phases."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from metrics.spc import Profile
from tests.spc.oracle_rows import Row

START = date(2021, 1, 1)
SCHEMA = {
    "series": pl.String,
    "date": pl.Date,
    "value": pl.Float64,
    "target": pl.Float64,
    "rebase": pl.Boolean,
    "improvement_direction": pl.String,
    "fix_after_n_points": pl.Int64,
    "screen_outliers": pl.Boolean,
    "status": pl.String,
    "lower_bound": pl.Float64,
    "upper_bound": pl.Float64,
    "due": pl.Date,
}


def _normal(rng: random.Random, n: int) -> list[float]:
    return [rng.gauss(100, 10) for _ in range(n)]


def _decimals(rng: random.Random, n: int) -> list[float]:
    return [round(rng.gauss(0.85, 0.05), 3) for _ in range(n)]


def _coarse(rng: random.Random, n: int) -> list[float]:
    return [float(rng.randint(0, 4)) for _ in range(n)]


def _counts(rng: random.Random, n: int) -> list[float]:
    return [float(max(0, round(rng.gauss(30, 6)))) for _ in range(n)]


def _constant(rng: random.Random, n: int) -> list[float]:
    return [rng.choice([0.0, 0.1, 100.0, -3.0, 0.7])] * n


def _nearly_constant(rng: random.Random, n: int) -> list[float]:
    usual, odd = rng.choice([(100.0, 90.0), (0.0, 1.0), (0.1, 0.3), (-5.0, 5.0)])
    values = [usual] * n
    for _ in range(rng.randint(1, 3)):
        values[rng.randrange(n)] = odd
    return values


def _trends(rng: random.Random, n: int) -> list[float]:
    values, level = [], 50.0
    while len(values) < n:
        slope = rng.choice([-2.0, -1.0, 0.0, 1.0, 2.0])
        for _ in range(rng.randint(3, 11)):
            values.append(level)
            level += slope
    return values[:n]


def _steps(rng: random.Random, n: int) -> list[float]:
    values: list[float] = []
    while len(values) < n:
        level, spread = rng.choice([0.0, 5.0, 20.0, 22.0]), rng.choice([0, 1, 3])
        values += [level + rng.randint(-spread, spread) for _ in range(rng.randint(2, 12))]
    return values[:n]


def _drifting(rng: random.Random, n: int) -> list[float]:
    values, level = [], 0.0
    for _ in range(n):
        level = 0.8 * level + rng.gauss(0, 3)
        values.append(round(level, 1))
    return values


def _heavy(rng: random.Random, n: int) -> list[float]:
    return [round(rng.expovariate(0.2) ** 1.5, 2) for _ in range(n)]


def _balanced(rng: random.Random, n: int) -> list[float]:
    """Decimals whose mean is one of them, as written; floats only come near it."""
    middle = rng.choice([0, 0, 3, 848, -71])
    apart = [rng.randint(1, 60) for _ in range(n // 2)]
    thousandths = [middle + d for d in apart] + [middle - d for d in apart] + [middle] * (n % 2)
    for _ in range(rng.randint(0, n // 3)):
        thousandths[rng.randrange(0, len(thousandths) // 2 or 1)] = middle
    total = sum(thousandths) - middle * n
    thousandths[-1] -= total
    rng.shuffle(thousandths)
    return [one / 1000 for one in thousandths]


def _alternating(rng: random.Random, n: int) -> list[float]:
    low, apart = rng.randint(-50, 999), rng.choice([0, 1, 7, 30, 200])
    return [(low + apart * (i % 2)) / 100 for i in range(n)]


FAMILIES: dict[str, Callable[[random.Random, int], list[float]]] = {
    "normal": _normal,
    "decimals": _decimals,
    "coarse": _coarse,
    "counts": _counts,
    "constant": _constant,
    "nearly_constant": _nearly_constant,
    "trends": _trends,
    "steps": _steps,
    "drifting": _drifting,
    "heavy": _heavy,
    "balanced": _balanced,
    "alternating": _alternating,
}


def series(seed: str) -> list[Row]:
    """Returns the rows of one series, sorted by date; the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - not a secret
    n = rng.choice([1, 2, 3, 8, 12, 13, 14, *range(15, 61)])
    values: list[float | None] = [*FAMILIES[rng.choice(list(FAMILIES))](rng, n)]
    rows = [Row(START + timedelta(days=30 * i + rng.randint(0, 20)), value) for i, value in enumerate(values)]
    _gaps(rng, rows)
    _tail(rng, rows)
    _phases(rng, rows)
    _whole_series(rng, rows)
    _targets(rng, rows)
    return rows


def _gaps(rng: random.Random, rows: list[Row]) -> None:
    if rng.random() < 0.4:
        share = rng.choice([0.02, 0.1, 0.3, 0.9])
        for row in rows:
            if rng.random() < share:
                row.value = None
    if rng.random() < 0.15:
        for row in rows:
            if rng.random() < 0.1:
                row.status = rng.choice(["provisional", "incomplete", "missing"])


def _tail(rng: random.Random, rows: list[Row]) -> None:
    if rng.random() < 0.25:
        for row in rows[-rng.randint(1, 3) :]:
            row.status = rng.choice(["provisional", "incomplete"])


def _phases(rng: random.Random, rows: list[Row]) -> None:
    if rng.random() < 0.35:
        for _ in range(rng.randint(1, 3)):
            rows[rng.randrange(len(rows))].rebase = True
    if rng.random() < 0.3:
        of_all, fix = rng.random() < 0.5, rng.choice([12, 13, 14, 15, 20, 50])
        for i, row in enumerate(rows):
            if row.rebase and i and not of_all:
                fix = rng.choice([None, 12, 13, 15, 20])
            row.fix = fix


def _whole_series(rng: random.Random, rows: list[Row]) -> None:
    direction = rng.choice(["increase", "decrease", "neutral", None])
    screen = rng.choice([True, False, None, None])
    known = [row.value for row in rows if row.value is not None] or [0.0]
    possible = [(None, None), (0.0, None), (0.0, 1.0), (0.0, 100.0), (-5.0, 105.0)]
    lower, upper = rng.choice(possible)
    lower = lower if lower is not None and lower <= min(known) else None
    upper = upper if upper is not None and upper >= max(known) else None
    due = rows[-1].date + timedelta(days=rng.randint(-60, 20)) if rng.random() < 0.15 else None
    for row in rows:
        row.direction, row.screen, row.due = direction, screen, due
        row.lower_bound, row.upper_bound = lower, upper


def _targets(rng: random.Random, rows: list[Row]) -> None:
    known = [row.value for row in rows if row.value is not None]
    if not known or rng.random() < 0.3:
        return
    spread = (max(known) - min(known)) or 1.0
    middle, ranges = (max(known) + min(known)) / 2, 2.66 * (max(known) - min(known))
    on_limit = round(middle + rng.choice([-1, 1]) * ranges, 8)  # where two values take turns, it is exactly there
    near = round(rng.choice(known) + rng.uniform(-2, 2) * spread, 2)
    target = rng.choice([rng.choice(known), near, near, on_limit])
    for row in rows:
        row.target = target
    if rng.random() < 0.3:
        for row in rows:
            row.target = None if rng.random() < 0.4 else round(target + rng.choice([-1, 0, 1]) * spread, 2)


def profile(base: Profile, seed: str) -> Profile:
    """Returns a profile of one's own, with every setting drawn anew."""
    rng = random.Random(seed)  # noqa: S311 - not a secret
    settings: dict[str, Any] = {
        "shift_length": rng.randint(5, 9),
        "trend_length": rng.randint(4, 8),
        "two_in_three": rng.choice(["mdc", "plotthedots", "none"]),
        "screen_outliers": rng.random() < 0.5,
        "limit_factor": rng.choice([2.66, 2.659574, 3.0, 2.0]),
        "minimum_points": rng.choice([2, 3, 10, 13, 20]),
        "conflict": rng.choice(["improvement", "priority"]),
        "target_on_limit": rng.choice(["decided", "open"]),
        "gaps": rng.choice(["skip", "break"]),
        "trend_crosses_phases": rng.random() < 0.5,
        "trend_direction": rng.choice(["later", "next_row"]),
        "default_direction": rng.choice(["increase", "decrease", "neutral"]),
    }
    return replace(base, name=f"own {seed}", **settings)


def frame(many: dict[str, list[Row]]) -> pl.DataFrame:
    """Returns the series as a chart takes them in."""
    rows = [
        (
            *(name, row.date, row.value, row.target, row.rebase, row.direction, row.fix, row.screen, row.status),
            *(row.lower_bound, row.upper_bound, row.due),
        )
        for name, rows in many.items()
        for row in rows
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
