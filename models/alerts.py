"""Alerts of the forecasts' record: what drifts, and the newest day that was not as forecast, raised once and ended.

An alert is raised once for each series, measure and period, and ended when the newest period has no signal any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import polars as pl

from models.anomalies import beside
from models.forecast_run import Kind
from models.forecast_store import ForecastStore
from models.monitoring import drift, monthly
from models.publishing import Learnt
from models.seen import WHOSE, seen_of, split

SIGNALS: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "organisation": pl.String, "service": pl.String, "measure": pl.String, "period": pl.Date, "value": pl.Float64,
    "usual": pl.Float64, "side": pl.String, "rules": pl.String,
}  # fmt: skip
"""One row a signal: `measure` is bias, coverage80 or day; `usual` the chart's mean, or what was forecast of the day."""

DAY: Final = "day"
OUTSIDE: Final = "outside the 95% interval"


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the record of a metric's series found.

    Attributes:
        series: those that were looked at: (organisation, service). Alerts of others stay as they are.
        signals: as of `SIGNALS`.
    """

    series: frozenset[tuple[str, str]]
    signals: pl.DataFrame


def look(store: ForecastStore, learnt: Sequence[Learnt]) -> Looked:
    """Returns which series of some parts of one metric drift, and whose newest final day was not as forecast.

    Args:
        store: whose forecasts are judged.
        learnt: the parts with their final periods: what happened. Those of sites raise none: the same patients would
            be told of at each level.

    Raises:
        JournalUnusableError: the store cannot be read.
    """
    seen, definition = seen_of(store, learnt), learnt[0].key.definition_version
    found = [_drifting(seen.outcomes)]
    if learnt[0].part.grain == DAY:
        found.append(_unusual(seen.standing, seen.values, seen.actual, definition))
    return Looked(seen.whose, split(pl.concat(found)).select(*SIGNALS).sort(*WHOSE, "measure"))


def keep(store: ForecastStore, metric: str, found: Looked, at: datetime | None = None) -> int:
    """Raises the alerts that are new and ends those whose series have no signal any more; returns how many it wrote.

    Raises:
        JournalUnusableError: the store cannot be written.
    """
    return store.note_alerts(metric, found.series, found.signals, at or datetime.now(UTC).replace(tzinfo=None))


def _drifting(seen: pl.DataFrame) -> pl.DataFrame:
    """What a reader should act on: a month beyond its limits, of coverage only one with too little of it.

    One forecast reaches into neighbouring months, so that several points in a row are less of a sign than elsewhere.
    """
    urgent = (pl.col("measure") == "bias") | (pl.col("side") == "below")
    return (
        drift(monthly(seen))
        .filter("outside", urgent)
        .select("series", "measure", period="month", value="value", usual="mean", side="side", rules="rules")
    )


def _unusual(standing: pl.DataFrame, values: pl.DataFrame, actual: pl.DataFrame, definition: str) -> pl.DataFrame:
    """The newest final day of each series where it lies outside the 95% interval that was published before it."""
    published = standing.filter(
        pl.col("kind") == Kind.PUBLISHED, pl.col("definition_version") == definition
    ).select("series_id", "series", "made_at", "cutoff")  # fmt: skip
    newest: date | None = actual["date"].max()  # type: ignore[assignment]
    last = actual.filter(pl.col("date") == newest).select("series", "date", "value")
    found = beside(values.join(published, on="series_id"), last).filter(pl.col("level") == 95)
    return found.select(
        "series", pl.lit(DAY).alias("measure"), "period", value="actual", usual="mean",
        side=pl.when(pl.col("side") == "high").then(pl.lit("above")).otherwise(pl.lit("below")),
        rules=pl.lit(OUTSIDE),
    )  # fmt: skip
