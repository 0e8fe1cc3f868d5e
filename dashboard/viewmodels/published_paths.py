"""Paths of demand from the last published forecast, for the pages that work out what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl

from dashboard.forecast_parts import part_of
from dashboard.viewmodels.asking import Layer
from dashboard.viewmodels.forecast_record import Context, record_of
from dashboard.viewmodels.places import Place
from dashboard.viewmodels.published_forecast import Published, State, standing_of
from models.demand_paths import DemandPaths, paths_of
from models.forecast_store import ForecastStore
from models.monitoring import outcomes

PERSISTENCE: Final = 0.3
"""Correlation of the errors of neighbouring days."""

_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class PublishedPaths:
    """Demand to come, as it was published.

    Attributes:
        paths: None while there are none, which `refused` explains, or `waits`.
        waits: the first forecast has not been made yet.
        since: the last day that the forecast knew.
        made: when it was made, in words.
        record: how such forecasts did, in sentences; empty where none can be checked.
    """

    paths: DemandPaths | None
    refused: str = ""
    waits: bool = False
    since: date = date.min
    made: str = ""
    record: tuple[str, ...] = ()


def published_paths(
    layer: Layer, store: ForecastStore, context: Context, place: Place, training: pl.DataFrame, *, days: int,
    draws: int, seed: int, until: date | None = None,
) -> PublishedPaths:  # fmt: skip
    """Returns paths of the days after the last that the newest forecast knew.

    Args:
        layer: by whose definitions.
        store: where forecasts are published.
        context: whose demand it is.
        place: the same.
        training: final days, as of `training_frame`: what happened, for the record.
        days: how many.
        draws: how many paths.
        seed: the same seed gives the same paths.
        until: the last day that the forecast may have known; None is the newest.

    Raises:
        JournalUnusableError: the store cannot be read.
    """
    part = part_of(layer.catalogue, context.metric, place)
    standing = standing_of(store, layer.catalogue, part, organisation=place.code, until=until)
    if standing.forecast is None:
        return PublishedPaths(None, standing.refused, waits=standing.state is State.WAITING)
    frame = _on_every_day(standing.forecast, days)
    record = record_of(context, outcomes(standing.stood, standing.values, training.drop_nulls("value")))
    try:
        paths = paths_of(frame, draws, persistence=PERSISTENCE, seed=seed)
    except ValueError as error:
        return PublishedPaths(None, str(error))
    return PublishedPaths(
        paths, since=standing.forecast.cutoff - timedelta(days=1), made=standing.forecast.made_words,
        record=(*record.drift, *record.sentences) if record else (),
    )  # fmt: skip


def _on_every_day(published: Published, days: int) -> pl.DataFrame:
    """The forecast of each of the days after its cut-off; nothing comes on those that it leaves out."""
    names = ("mean", "lo80", "hi80", "lo95", "hi95")
    told = {each.period: [getattr(each, name) for name in names] for each in published.expected}
    # Forecasts reach whole weeks, of which the last days may be closed.
    reach = -(-published.expected[-1].ahead // _WEEK) * _WEEK
    every = [published.cutoff + timedelta(days=number) for number in range(min(days, reach))]
    rows = [(day, *told.get(day, [0.0] * len(names))) for day in every]
    return pl.DataFrame(rows, schema=["date", *names], orient="row")
