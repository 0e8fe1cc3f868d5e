"""Sums of forecasts over periods and series, with intervals of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from models.calendar import Days, Floats

FEWEST = 20
"""Paths below which no interval is given."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Ways that series may go together.

    Attributes:
        names: of the series.
        periods: first days.
        values: paths x periods x series; NaN for a series with too few earlier forecasts to tell how it may go.
        mean: periods x series.
        refused: series that are not forecast to the reason why: no sum has them.
    """

    names: tuple[str, ...]
    periods: Days
    values: Floats
    mean: Floats
    refused: Mapping[str, str] = field(default_factory=dict)

    def summed(
        self,
        groups: Mapping[str, Sequence[str]] | None = None,
        every: int | None = None,
        levels: Sequence[float] = (80, 95),
    ) -> pl.DataFrame:
        """Returns forecasts of sums over series and over periods, with intervals of the sums.

        The bounds are those of summed paths: sums of bounds would be too wide, as not all series and days are high
        at once, and bounds as of independent errors too narrow, as many are.

        Args:
            groups: name to the series that it sums; None sums all as 'Total', but for those that are refused.
            every: periods to a sum, from the first on; None sums them all.
            levels: of the intervals, in per cent.

        Returns:
            `series` String, `date` Date (the sum's first period), `periods` Int64, `mean` and `lo`, `hi` of each
            level Float64; bounds are null with fewer than 20 paths of any of its series.

        Raises:
            KeyError: a group has a series that is not forecast; the message says why.
        """
        wanted = groups if groups is not None else {"Total": self.names}
        place = {name: number for number, name in enumerate(self.names)}
        length = every or len(self.periods)
        rows = []
        for name, members in wanted.items():
            if lacking := [member for member in members if member not in place]:
                why = self.refused.get(lacking[0], "There is no such series.")
                raise KeyError(f"Series '{lacking[0]}' of '{name}' is not forecast. {why}")
            chosen = [place[member] for member in members]
            ways, middle = self.values[:, :, chosen].sum(axis=2), self.mean[:, chosen].sum(axis=1)
            for first in range(0, len(self.periods), length):
                last = min(first + length, len(self.periods))
                together = ways[:, first:last].sum(axis=1)
                row: dict[str, object] = {
                    "series": name,
                    "date": self.periods[first].astype(object),
                    "periods": last - first,
                    "mean": float(middle[first:last].sum()),
                }
                for level in levels:
                    low, high = _bounds(together, level)
                    row |= {f"lo{level:g}": low, f"hi{level:g}": high}
                rows.append(row)
        bounds = [f"{end}{level:g}" for level in levels for end in ("lo", "hi")]
        schema = {"series": pl.String, "date": pl.Date, "periods": pl.Int64, "mean": pl.Float64}
        return pl.DataFrame(rows, schema={**schema, **dict.fromkeys(bounds, pl.Float64)})


def _bounds(ways: Floats, level: float) -> tuple[float | None, float | None]:
    if len(ways) < FEWEST or np.isnan(ways).any():
        return None, None
    tail = (1 - level / 100) / 2
    low, high = np.quantile(ways, [tail, 1 - tail], method="weibull")
    return float(low), float(high)
