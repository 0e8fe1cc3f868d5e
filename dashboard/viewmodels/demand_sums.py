"""Whether a forecast adds up with those of other levels, and what it is the sum of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.charts import Table
from dashboard.viewmodels.forecast_record import UNIT, Context
from dashboard.viewmodels.places import LEVEL_PLURALS, Places
from dashboard.viewmodels.published_forecast import Published
from models.coherence import OTHER
from models.forecast_run import Kind
from models.forecast_store import ForecastStore

ALONE: Final = "It was made by itself: it need not add up with forecasts of other levels."
_MOST: Final = 15
_NOTHING: Final = 0.5
_COLUMNS: Final = ("Forecast of", "Expected", "Share")


@dataclass(frozen=True, slots=True)
class Summing:
    """Whether a forecast adds up with others.

    Attributes:
        sentences: what it is the sum of, and of what it is a part.
        table: what it is the sum of, the largest first; without rows where it is no sum.
    """

    sentences: tuple[str, ...]
    table: Table


@dataclass(frozen=True, slots=True)
class Names:
    """What organisations and services are called."""

    places: Places
    services: Mapping[str, str]

    def of(self, row: Mapping[str, str]) -> str:
        """Returns the name of a series of the store, by its `part`, `organisation` and `service`."""
        if row["part"].endswith(OTHER):
            return "Not forecast by itself"
        service = row["service"]
        return self.services.get(service, service) if service else self.places.name_of(row["organisation"])


def summing_of(store: ForecastStore, context: Context, names: Names, published: Published, ahead: int) -> Summing:
    """Returns whether the first `ahead` periods of a published forecast add up with those of other levels.

    Raises:
        JournalUnusableError: the store cannot be read.
    """
    empty = Table("", _COLUMNS, ())
    if published.kind != Kind.PUBLISHED:
        return Summing((), empty)
    told = store.summed(published.series_id)
    if told is None:
        coherence = store.coherence(published.run_id)
        why = f" {coherence[2]}" if coherence and coherence[2] else ""
        return Summing((f"{ALONE}{why}",), empty)
    above, below = told
    sums = store.means(below["series_id"].to_list()).filter(pl.col("ahead") <= ahead).group_by("series_id")
    below = below.join(sums.agg(pl.col("mean").sum()), on="series_id", maintain_order="left").filter(
        ~pl.col("part").str.ends_with(OTHER) | (pl.col("mean") >= _NOTHING)
    )
    said = []
    if below.height:
        said.append(f"the sum of {_kinds(below)}")
    for row in above.iter_rows(named=True):
        others = store.summed(row["series_id"])
        count = others[1].height if others else 0
        said.append(f"one of {words.counted(count, 'forecast')} that sum to that of {names.of(row)}")
    return Summing(
        (f"It adds up: it is {', and '.join(said)}.",), _table(context, names, below, ahead) if below.height else empty
    )


def _kinds(below: pl.DataFrame) -> str:
    own = below.filter(~pl.col("part").str.ends_with(OTHER))
    told = []
    for part in own["part"].unique(maintain_order=True):
        count = own.filter(pl.col("part") == part).height
        noun = "services" if part.startswith("service") else LEVEL_PLURALS.get(part, "forecasts")
        told.append(
            f"the forecasts of {count:,} {noun}" if count > 1 else f"the forecast of 1 {noun.removesuffix('s')}"
        )
    if own.height < below.height:
        told.append("what is not forecast by itself")
    return " and ".join((", ".join(told[:-1]), told[-1]) if len(told) > 1 else told)


def _table(context: Context, names: Names, below: pl.DataFrame, ahead: int) -> Table:
    found = below.sort("mean", descending=True)
    whole = float(found["mean"].sum())
    rows = tuple(
        (names.of(row), context.text(row["mean"]),
         words.percentage(row["mean"] / whole) if whole else "Not stated")
        for row in found.head(_MOST).iter_rows(named=True)
    )  # fmt: skip
    left = found.height - len(rows)
    rest = float(found["mean"].slice(_MOST).sum())
    more = f"And {words.counted(left, 'smaller one')}, together {context.text(rest)}." if left else ""
    unit = words.counted(ahead, UNIT[context.grain])
    return Table(f"What sums to it in the {unit} ahead", _COLUMNS, rows, frozenset({1, 2}), more)
