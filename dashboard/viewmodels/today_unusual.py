"""The newest final day of each measure of demand, beside the interval that was published before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from dashboard import format as words
from dashboard.forecast_parts import demand_metrics
from dashboard.viewmodels.charts import Table
from dashboard.viewmodels.now import Layer, Now
from dashboard.viewmodels.reach import is_of_own_records
from metrics.catalogue import Catalogue, Metric
from metrics.query.request import Filter, Grain, Request
from metrics.query.result import Status
from models.anomalies import SCHEMA, beside
from models.forecast_run import Kind
from models.forecast_store import ForecastStore

_REACH: Final = timedelta(days=7)
_NAMES: Final = {
    (95, "high"): "Unusually high", (95, "low"): "Unusually low", (80, "high"): "High", (80, "low"): "Low",
    (None, None): "As expected",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unusual:
    """The newest final day beside its forecast.

    Attributes:
        days: one row a measure, the most unusual first; none where no forecast was published before the day.
        note: how to read them, or why there are none.
    """

    days: Table
    note: str


def build(now: Now, store: ForecastStore) -> Unusual:
    """Returns the newest final day of each measure beside its forecast, for the whole trust.

    Raises:
        JournalUnusableError: the store cannot be read.
    """
    known = {metric.id: metric for metric in _measures(now.layer.catalogue)}
    state = store.version
    found = now.keep(
        ("unusual", f"{now.at:%Y-%m-%d %H}", state),
        lambda: newest_days(now.layer, store, now.clock.organisations, known.values(), now.day),
    )
    columns = ("Measure", "Day", "Counted", "Expected", "95 of 100 such days", "Said")
    order = found.sort(pl.col("level").fill_null(0), "series", descending=[True, False])
    rows = tuple(_row(known[row["series"].partition(" ")[0]], row) for row in order.iter_rows(named=True))
    if not rows:
        why = "No forecast of the newest final day was published before it. From tomorrow on the days stand here."
        return Unusual(Table("", columns, ()), why if known else "")
    note = "Whole trust. Of usual days 1 in 20 lies outside too: look twice before you act on a single one."
    return Unusual(Table("The newest final day beside its forecast", columns, rows, frozenset({2, 3})), note)


def newest_days(
    layer: Layer, store: ForecastStore, organisations: Iterable[str], metrics: Iterable[Metric], day: date
) -> pl.DataFrame:
    """Returns the newest final day of each measure of each organisation, as of `models.anomalies.beside`.

    `series` is metric and organisation with a space between. Only days of the last week count.
    """
    frames = [pl.DataFrame(schema=dict(SCHEMA))]
    for code in organisations:
        for metric in metrics:
            asked = Request(
                (metric.id,), grain=Grain.DAY, period_from=day - _REACH, period_to=day,
                where=(Filter("organisation", (code,)),),
            )  # fmt: skip
            final = layer.ask(asked).frame.filter(pl.col("status") == Status.FINAL.value).drop_nulls("value")
            newest = final.filter(pl.col("period") == pl.col("period").max())
            name = pl.lit(f"{metric.id} {code}").alias("series")
            actual = newest.select(name, pl.col("period").alias("date"), "value")
            frames.append(beside(_published(layer.catalogue, store, metric, code).with_columns(name), actual))
    return pl.concat(frames)


def _published(catalogue: Catalogue, store: ForecastStore, metric: Metric, code: str) -> pl.DataFrame:
    standing = store.standing(metric.id, code).filter(
        pl.col("kind") == Kind.PUBLISHED, pl.col("definition_version") == catalogue.version_of(metric)
    )
    made = standing.select("series_id", "made_at", "cutoff")
    return store.values(metric.id, code).join(made, on="series_id")


def _measures(catalogue: Catalogue) -> tuple[Metric, ...]:
    return tuple(
        metric
        for metric in demand_metrics(catalogue)
        if is_of_own_records(catalogue, metric) and catalogue.model_of(metric).grain == "day"
    )


def _row(metric: Metric, row: dict[str, Any]) -> tuple[str, ...]:
    def told(value: float | None) -> str:
        return "Not stated" if value is None else words.value_text(value, metric)

    return (
        metric.name, words.day_words(row["period"]), told(row["actual"]), told(row["mean"]),
        f"{told(row['lo95'])} to {told(row['hi95'])}", _NAMES[row["level"], row["side"]],
    )  # fmt: skip
