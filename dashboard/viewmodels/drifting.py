"""Forecasts whose record has lately gone another way: the open alerts of some organisations, with where to look."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.filters import Filters, link
from metrics.catalogue import Catalogue
from models.alerts import DAY
from models.forecast_store import ForecastStore

_MOST: Final = 8
_SERIES: Final = ["metric", "organisation", "service", "measure"]


@dataclass(frozen=True, slots=True)
class Alert:
    """An open alert: whose forecast it is, what is said of it, and the address of the page that shows it."""

    title: str
    text: str
    address: str


@dataclass(frozen=True, slots=True)
class Drifting:
    """Open alerts, the newest first; `more` says how many others there are."""

    alerts: tuple[Alert, ...]
    more: str = ""


def build(
    catalogue: Catalogue, store: ForecastStore, organisations: Collection[str], services: Mapping[str, str]
) -> Drifting:
    """Returns the forecasts of some organisations that drift, one alert a series and measure.

    Raises:
        JournalUnusableError: the store cannot be read.
    """
    found = newest_open(store.alerts(organisations)).filter(
        pl.col("measure") != DAY, pl.col("metric").is_in(list(catalogue.metrics))
    )
    alerts = tuple(_alert(catalogue, row, services) for row in found.head(_MOST).iter_rows(named=True))
    left = found.height - len(alerts)
    return Drifting(alerts, f"And {words.number(left)} more." if left else "")


def newest_open(alerts: pl.DataFrame) -> pl.DataFrame:
    """Returns the newest open alert of each series and measure, with `since`: the period of the first open one."""
    still = alerts.filter(pl.col("ended_at").is_null()).with_columns(since=pl.col("period").min().over(_SERIES))
    newest = still.filter(pl.col("period") == pl.col("period").max().over(_SERIES))
    return newest.sort("period", "organisation", "service", "metric", "measure", descending=[True, *[False] * 4])


def said(row: Mapping[str, Any]) -> str:
    """Returns what an alert says: what drifts, by which rule, since when, and when it was raised."""
    at = row["at"].replace(tzinfo=UTC).astimezone(words.LONDON)
    raised = f"Raised {words.day_words(at.date())} by: {row['rules']}."
    if row["measure"] == DAY:
        return f"{words.day_words(row['period'])} was {row['side']} what was forecast. {raised}"
    value, usual = words.percentage(abs(row["value"])), words.percentage(abs(row["usual"]))
    month = f"{row['period']:%B %Y}"
    since = f" A signal stands since {row['since']:%B %Y}." if row["since"] < row["period"] else ""
    if row["measure"] == "bias":
        lean = "high" if row["value"] > 0 else "low"
        before = "high" if row["usual"] > 0 else "low"
        return f"Forecasts of {month} were {value} too {lean}, usually {usual} too {before}.{since} {raised}"
    return f"{value} of {month} came within the 80% interval, usually {usual}.{since} {raised}"


def _alert(catalogue: Catalogue, row: Mapping[str, Any], services: Mapping[str, str]) -> Alert:
    service = row["service"]
    name = catalogue.metric(row["metric"]).name
    title = f"{name}, {services.get(service, service)}" if service else name
    filters = Filters(row["organisation"], services=(service,) if service else ())
    return Alert(title, said(row), link("demand", filters, metric=row["metric"]))
