"""The forecast that a page shows: the last one published, or the honest reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

import polars as pl

from dashboard import format as words
from metrics.catalogue import Catalogue, Metric
from models.forecast_run import Kind
from models.forecast_store import ForecastStore
from models.monitoring import stood
from models.publishing import Part


class State(StrEnum):
    """What there is to show."""

    PUBLISHED = "published"
    REFUSED = "refused"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Expected:
    """One period ahead, and which. A bound of None cannot be stated."""

    ahead: int
    period: date
    mean: float
    lo80: float | None
    hi80: float | None
    lo95: float | None
    hi95: float | None
    naive: float | None


@dataclass(frozen=True, slots=True)
class Published:
    """A forecast as it was published.

    Attributes:
        series_id, run_id: its numbers in the store.
        cutoff: the first period that was not known.
        made_at: UTC.
        expected: its periods; days on whose weekday nothing comes are not among them.
        kind: published, or replayed.
        parts: what the means are made of, as of `ForecastStore.parts`; empty where there are none.
    """

    series_id: int
    run_id: int
    cutoff: date
    made_at: datetime
    kind: str
    model_version: str
    definition_version: str
    data_version: str
    data_as_of: date | None
    notes: tuple[str, ...]
    expected: tuple[Expected, ...]
    parts: pl.DataFrame

    def within(self, ahead: int) -> tuple[Expected, ...]:
        """Returns what is expected of the first periods, so many; closed days count and have none."""
        return tuple(each for each in self.expected if each.ahead <= ahead)

    @property
    def made_words(self) -> str:
        """Returns '23 November 2026, 08:38'."""
        local = self.made_at.replace(tzinfo=UTC).astimezone(words.LONDON)
        return f"{words.day_words(local.date())}, {local:%H:%M}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the store says of a series.

    Attributes:
        forecast: None unless the state is published.
        refused: why there is none.
        stood: the forecasts that count, as of `models.monitoring.stood`.
        values: all that was forecast, as of `ForecastStore.values`.
    """

    state: State
    forecast: Published | None
    refused: str
    stood: pl.DataFrame
    values: pl.DataFrame


NOTHING_FINAL = "There is no final period to learn from."
NOT_KEPT = "No forecast is kept that was made from figures up to then."


def standing_of(
    store: ForecastStore,
    catalogue: Catalogue,
    part: Part,
    *,
    organisation: str,
    service: str = "",
    site: str = "",
    until: date | None = None,
) -> Standing:
    """Returns the last forecast of a series, or why there is none.

    Args:
        store: where forecasts are published.
        catalogue: by whose definition of the metric; forecasts of another definition are of another number.
        part: the part that holds the series.
        organisation: whose it is.
        service: its service; empty for all.
        site: its site; empty for all.
        until: the last day that it may have been made from; None is the newest.

    Raises:
        JournalUnusableError: the store cannot be read.
    """
    metric: Metric = catalogue.metric(part.metric)
    definition = catalogue.version_of(metric)
    told = store.standing(metric.id, organisation, service, site).filter(pl.col("definition_version") == definition)
    values = store.values(metric.id, organisation, service, site)
    counted = stood(told, definition)
    if until is not None:
        return _looking_back(store, told, counted, values, until)
    published = told.filter(pl.col("kind") == Kind.PUBLISHED)
    if published.height:
        row = published.row(-1, named=True)
        if row["cutoff"] is None:
            return Standing(State.REFUSED, None, row["refused"], counted, values)
        return Standing(State.PUBLISHED, _published(store, row, values), "", counted, values)
    runs = store.runs(metric.id).filter(
        pl.col("part") == part.name, pl.col("definition_version") == definition, pl.col("kind") == Kind.PUBLISHED
    )
    state = State.REFUSED if runs.height else State.WAITING
    return Standing(state, None, NOTHING_FINAL if runs.height else "", counted, values)


def _looking_back(
    store: ForecastStore, told: pl.DataFrame, counted: pl.DataFrame, values: pl.DataFrame, until: date
) -> Standing:
    """What was forecast from figures up to a day of the past; what is waited for would not be of that day."""
    then = counted.filter(pl.col("cutoff") <= pl.lit(until).dt.offset_by("1d"))
    if then.is_empty():
        state = State.REFUSED if told.height else State.WAITING
        return Standing(state, None, NOT_KEPT if told.height else "", counted, values)
    row = told.filter(pl.col("series_id") == then["series_id"][-1]).row(0, named=True)
    return Standing(State.PUBLISHED, _published(store, row, values), "", counted, values)


def _published(store: ForecastStore, row: dict[str, object], values: pl.DataFrame) -> Published:
    series_id = int(str(row["series_id"]))
    own = values.filter(pl.col("series_id") == series_id).sort("ahead")
    columns = ("ahead", "period", "mean", "lo80", "hi80", "lo95", "hi95", "naive")
    return Published(
        series_id, int(str(row["run_id"])), row["cutoff"], row["made_at"], row["kind"], row["model_version"],  # type: ignore[arg-type]
        row["definition_version"], row["data_version"], row["data_as_of"], tuple(str(row["notes"]).splitlines()),  # type: ignore[arg-type]
        tuple(Expected(*each) for each in own.select(columns).iter_rows()), store.parts(series_id),
    )  # fmt: skip
