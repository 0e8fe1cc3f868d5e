"""The metrics layer of this process, and answers kept per version of the data and of the definitions.

Answers are kept under plain values (names, codes, days, versions), never under frames: two frames can share a hash,
and a reader would be given another's number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import streamlit as st

from dashboard.format import LONDON
from dashboard.last_good import Good, LastGood
from dashboard.refresher import UNREACHABLE, Reachability, follow, is_silence, refresh
from dashboard.viewmodels.places import SIMULATED, Places
from metrics import MetricsLayer
from metrics.catalogue import CatalogueError, Finding, Model
from metrics.query.errors import QueryError
from metrics.query.own_records import is_own
from metrics.warehouse.errors import WarehouseError
from metrics.warehouse.settings import load_settings

Kept = TypeVar("Kept")

__all__ = [
    "UNREACHABLE",
    "Reachability",
    "Standing",
    "answer",
    "definitions_of",
    "holds_real_records",
    "holds_records",
    "is_silence",
    "metrics_layer",
    "places",
    "reachability",
    "refreshed",
    "services",
    "services_of",
    "standing",
    "today",
]


@dataclass(frozen=True, slots=True)
class Standing:
    """What an open page was drawn from: it is drawn again when this is another."""

    data: str
    definitions: str
    problems: tuple[Finding, ...]


@st.cache_resource(show_spinner=False)
def metrics_layer() -> MetricsLayer:
    """Returns the one layer of this process, which from then on follows its definitions and its data.

    A page takes `as_it_stands()` of it once, so that all that it shows belongs together.

    Raises:
        WarehouseError, CatalogueError: see `MetricsLayer.open`.
    """
    layer = MetricsLayer.open()
    layer.keep_cubes(load_settings().home / "cubes")
    follow(layer, reachability())
    return layer


@st.cache_resource(show_spinner=False)
def reachability() -> Reachability:
    """Returns whether the warehouse answers, shared by all sessions."""
    return Reachability()


@st.cache_resource(show_spinner=False)
def _last_good() -> LastGood:
    return LastGood()


def today() -> date:
    """Returns the day in London."""
    return datetime.now(LONDON).date()


@st.cache_resource(show_spinner=False, max_entries=600)
def _kept(_build: Callable[[], Any], key: tuple[str, ...], data: str, definitions: str) -> Any:  # noqa: ARG001
    return _build()


def answer(layer: MetricsLayer, build: Callable[[], Kept], *key: object, or_earlier: bool = True) -> Kept:
    """Returns what `build` asks of the layer, made once for the key, the day, and its data and definitions.

    When the warehouse does not answer, the last good answer to the same question by the same definitions is given, and
    pages show a banner.

    Args:
        layer: a layer as it stands, which does not move on while `build` asks it.
        build: asks that layer and no other.
        key: plain values that tell this question from every other.
        or_earlier: gives the last good answer; what says itself of when it is cannot be given as of another state.

    Raises:
        whatever `build` raises, when there is no earlier answer to give.
    """
    named = tuple(str(part) for part in key)
    state, definitions = reachability(), definitions_of(layer)
    try:
        value: Kept = _kept(build, (*named, str(today())), layer.data_version, definitions)
    except UNREACHABLE as error:
        if or_earlier or is_silence(error):
            state.lost()
        good = _last_good().to(named, definitions) if or_earlier else None
        if good is None:
            raise
        return good.value  # type: ignore[no-any-return]
    if or_earlier:
        _last_good().note(named, Good(definitions, value))
    return value


def definitions_of(layer: MetricsLayer) -> str:
    """Returns a name of the definitions as read: a comment alone changes no version, but the lines that pages quote."""
    return f"{layer.definitions_version} {layer.definitions_read_at}"


def standing(layer: MetricsLayer) -> Standing:
    """Returns what a page is drawn from now. Costs nothing: it compares what is in memory."""
    return Standing(layer.data_version, definitions_of(layer), layer.definition_problems)


def refreshed() -> str:
    """Returns the data version after looking for newer data; the one held when the warehouse does not answer."""
    layer = metrics_layer()
    refresh(layer, reachability())
    return layer.data_version


def holds_records() -> bool:
    """Returns whether the warehouse holds a trust's own records; no while that cannot be told."""
    try:
        return metrics_layer().clock() is not None
    except (WarehouseError, CatalogueError, *UNREACHABLE):
        return False


def holds_real_records() -> bool:
    """Returns whether the warehouse holds records of a trust that is not simulated; no while that cannot be told."""
    try:
        layer = metrics_layer()
        return any(place.own_records not in (None, SIMULATED) for place in places(layer).by_code.values())
    except (QueryError, WarehouseError, CatalogueError, *UNREACHABLE):
        return False


def places(layer: MetricsLayer) -> Places:
    """Returns all organisations that can be chosen."""
    return answer(layer, lambda: Places.of(layer.organisations()), "places")


def services(layer: MetricsLayer) -> dict[str, str]:
    """Returns treatment function code to name, by name; none when no metric is held by service."""
    return answer(layer, lambda: services_of(layer), "services")


def services_of(layer: MetricsLayer) -> dict[str, str]:
    """Returns the services of published lists, and of the demand in a trust's own records, which has more of them."""
    models = layer.catalogue.models
    own = {metric.model for metric in layer.catalogue if metric.capability == "demand" and metric.model}
    held = [name for name in sorted(own) if is_own(models[name]) and _is_by_service(models[name])]
    try:
        found: dict[str, str] = dict(layer.members("service").select("code", "name").iter_rows())
    except QueryError:
        return {}
    for name in held:
        found = dict(layer.members("service", name).select("code", "name").iter_rows()) | found
    return dict(sorted(found.items(), key=lambda pair: (pair[1], pair[0])))


def _is_by_service(model: Model) -> bool:
    return any(dimension.name == "service" for dimension in model.dimensions)
