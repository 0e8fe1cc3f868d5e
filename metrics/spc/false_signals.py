"""Simulates what chance alone does on a control chart: `python -m metrics.spc.false_signals` writes the tables."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from metrics.spc.chart import Chart
from metrics.spc.evidence import least_probability
from metrics.spc.judging import COMMON
from metrics.spc.profile import PROFILES, Profile
from metrics.spc.xmr import xmr

SEED: Final = 20261122
TRIED: Final = 100_000
AT_ONCE: Final = 10_000
SIZES: Final = (3, 5, 7, 10, 13, 16, 20, 24, 30, 36, 48, 60, 84, 120)
TABLE_SIZES: Final = (5, 8, 13, 16, 20, 24, 36, 60, 120)
LEAST_SHARES: Final = tuple(round(10 ** (-3.5 + 0.1 * step), 7) for step in range(36))


def stable(profile: Profile, points: int, count: int, seed: int) -> Iterator[Chart]:
    """Yields charts of `count` series in all, of independent normal values that do not change, however few."""
    rng = np.random.default_rng((SEED, seed))
    for done in range(0, count, AT_ONCE):
        values = rng.normal(size=(min(AT_ONCE, count - done), points))
        yield xmr(in_rows(values), dataclasses.replace(profile, minimum_points=2))


def in_rows(values: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> pl.DataFrame:
    """Returns the values, one series a row, as a frame of `series, date, value` that a chart takes."""
    series, points = values.shape
    start = np.datetime64("2000-01-01")
    return pl.DataFrame({
        "series": pl.Series(np.repeat(np.arange(series), points)).cast(pl.String).str.zfill(6),
        "date": pl.Series(np.tile(start + np.arange(points), series)).cast(pl.Date),
        "value": values.ravel(),
    })  # fmt: skip


def rate(profile: Profile, points: int, count: int, seed: int = 0) -> float:
    """Returns the share of stable series whose newest point is a special cause."""
    charts = stable(profile, points, count, seed)
    return sum(int((chart.series["variation_type"] != COMMON).sum()) for chart in charts) / count


def ratios(points: int, count: int, seed: int = 0) -> list[float]:
    """Returns how many times as often as it says the least probability of the rules comes about, at `LEAST_SHARES`."""
    charts = stable(PROFILES["mdc"], points, count, seed)
    least = np.sort(np.concatenate([least_probability(chart)["least"].to_numpy() for chart in charts]))
    # Rounding must not take out what lies on a share.
    found = np.searchsorted(least, np.array(LEAST_SHARES) * (1 + 1e-9), side="right") / len(least)
    return [round(float(each), 3) for each in found / np.array(LEAST_SHARES)]


def tables() -> str:
    """Returns the text of `null_tables.py`."""
    shares = {
        name: {points: round(rate(profile, points, TRIED, seed=points), 5) for points in SIZES}
        for name, profile in PROFILES.items()
    }
    rows = [ratios(points, TRIED, seed=1000 + points) for points in TABLE_SIZES]
    lines = [
        '"""What chance alone does on a control chart, simulated: written by `python -m metrics.spc.false_signals`."""',
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import Mapping",
        "from typing import Final",
        "",
        "# Share of stable series whose newest point is a special cause, by profile and number of points.",
        "FALSE_SIGNALS: Final[Mapping[str, Mapping[int, float]]] = {",
        *(line for name, held in shares.items() for line in _wrapped(f'"{name}": {held},')),
        "}  # fmt: skip",
        "",
        "# How many times as often as it says the least probability of the rules comes about at the newest point of",
        "# stable series: a row for each number of points, a column for each of the shares.",
        f"SIZES: Final = {TABLE_SIZES}",
        "LEAST_SHARES: Final = (",
        *_wrapped(str(LEAST_SHARES)[1:-1] + ","),
        ")  # fmt: skip",
        "RATIOS: Final = (",
        *(line for row in rows for line in _wrapped(f"{tuple(row)},")),
        ")  # fmt: skip",
        "",
    ]
    return "\n".join(lines)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 120, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)


if __name__ == "__main__":
    Path(__file__).with_name("null_tables.py").write_text(tables(), "utf-8")
