"""What view models need of the metrics layer, and how they ask for many metrics at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.places import Place, Places
from dashboard.viewmodels.reach import Reach, levels_of, reach
from dashboard.viewmodels.scope import widening_of
from dashboard.viewmodels.series import Series, Spread, points_of, spread_of, values_of
from metrics.catalogue import Catalogue, Metric
from metrics.query.errors import QueryError
from metrics.query.request import Filter, Grain, Request
from metrics.query.result import Result


class Layer(Protocol):
    """The part of the metrics layer that pages use."""

    @property
    def catalogue(self) -> Catalogue: ...

    def ask(self, request: Request) -> Result: ...

    def successions(self) -> pl.DataFrame: ...


@dataclass(frozen=True, slots=True)
class History:
    """A metric over time for a place, whose figure it is, and what a reader must know of it."""

    reach: Reach
    series: Series
    notes: tuple[str, ...] = ()

    @property
    def metric(self) -> Metric:
        return self.series.metric


def board_grain(catalogue: Catalogue, metric: Metric) -> Grain | None:
    """Returns the grain for board reading: months for hourly, daily and weekly data, else the metric's own (None)."""
    return Grain.MONTH if catalogue.model_of(metric).grain in ("hour", "day", "week") else None


def filters_of(place: Place, services: Sequence[str] = ()) -> tuple[Filter, ...]:
    """Returns the request filters for a place and services."""
    kept = [Filter(name, codes) for name, codes in place.where]
    return (*kept, Filter("service", tuple(services))) if services else tuple(kept)


def notes_for(result: Result, metric: Metric, catalogue: Catalogue) -> tuple[str, ...]:
    """Returns the result's notes that concern a metric or what it is made from, each once."""
    about = {None, *_made_from(metric, catalogue)}
    return tuple(dict.fromkeys(note.text for note in result.notes if note.metric in about))


def _made_from(metric: Metric, catalogue: Catalogue) -> set[str]:
    inputs = catalogue.inputs(metric) if metric.model is None else ()
    return {metric.id}.union(*(_made_from(each, catalogue) for each in inputs))


def histories(
    layer: Layer, metrics: Iterable[Metric], place: Place, places: Places, period_to: date | None
) -> Mapping[str, History]:
    """Returns each metric's history at the nearest level to the place, asked in as few requests as there are levels.

    Every history ends with the last period that begins on or before `period_to`.
    """
    batches: dict[tuple[str, Grain | None], list[tuple[Metric, Reach]]] = defaultdict(list)
    for metric in metrics:
        found = reach(layer.catalogue, metric, place, places)
        batches[found.shown.code, board_grain(layer.catalogue, metric)].append((metric, found))
    answers: dict[str, History] = {}
    for (_, grain), members in batches.items():
        ids = tuple(metric.id for metric, _ in members)
        shown = members[0][1].shown
        request = Request(ids, grain=grain, where=filters_of(shown), period_to=period_to)
        try:
            result = layer.ask(request)
        except QueryError as error:
            answers |= _one_by_one(layer, members, request, error)
            continue
        for metric, found in members:
            points = points_of(result.frame, metric.id)
            widening = widening_of(layer.catalogue, metric, shown)
            series = Series(metric, str(result.grains[metric.id]), points, widening)
            answers[metric.id] = History(found, series, notes_for(result, metric, layer.catalogue))
    return answers


def _one_by_one(
    layer: Layer, members: Sequence[tuple[Metric, Reach]], request: Request, error: QueryError
) -> dict[str, History]:
    """Returns the histories of metrics of which some cannot be answered: those say why, the others are shown."""
    answers: dict[str, History] = {}
    for metric, found in members:
        said = error
        if len(members) > 1:
            try:
                result = layer.ask(replace(request, metrics=(metric.id,)))
            except QueryError as own:
                said = own
            else:
                series = Series(metric, str(result.grains[metric.id]), points_of(result.frame, metric.id))
                answers[metric.id] = History(found, series, notes_for(result, metric, layer.catalogue))
                continue
        grain = request.grain or layer.catalogue.model_of(metric).grain
        answers[metric.id] = History(found, Series(metric, str(grain), ()), (str(said),))
    return answers


def spreads(layer: Layer, metrics: Sequence[Metric], place: Place, period_to: date | None) -> Mapping[str, Spread]:
    """Returns the middle of the organisations' newest values within a place, for indices that have no total.

    A metric that no organisation reported is left out.
    """
    batches: dict[tuple[bool, Grain | None], list[Metric]] = defaultdict(list)
    for metric in metrics:
        levels = levels_of(layer.catalogue, metric)
        if "organisation" in levels:
            batches[place.level in levels, board_grain(layer.catalogue, metric)].append(metric)
    found: dict[str, Spread] = {}
    for (inside, grain), members in batches.items():
        ids = tuple(metric.id for metric in members)
        where = filters_of(place) if inside else ()
        result = layer.ask(
            Request(
                ids,
                by=("organisation",),
                grain=grain,
                where=where,
                period_to=period_to,
            )
        )
        for metric in members:
            held = [point for point in points_of(result.frame, metric.id) if point.value is not None]
            if not held:
                continue
            newest = held[-1].period
            period = words.period_words(newest, str(result.grains[metric.id]))
            spread = spread_of(values_of(point for point in held if point.period == newest), period, metric)
            if spread:
                found[metric.id] = spread
    return found
