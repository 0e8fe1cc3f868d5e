"""The metrics layer of this process, and answers kept per version of the data and of the definitions.

Answers are kept under plain values (names, codes, days, versions), never under frames: two frames can share a hash,
and a reader would be given another's number.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import sqlalchemy as sa
import streamlit as st

from dashboard.format import LONDON
from dashboard.viewmodels.places import Places
from metrics import MetricsLayer
from metrics.catalogue import CatalogueError, Finding
from metrics.query.errors import QueryError
from metrics.warehouse.errors import WarehouseError, WarehouseUnreachableError

UNREACHABLE = (WarehouseUnreachableError, sa.exc.DBAPIError)
# How often one thread, for all sessions, looks for changed definitions (a listing of folders) and for newer data.
LOOK_SECONDS = 0.1
DATA_LOOK_SECONDS = 5.0
_log = logging.getLogger(__name__)
Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Standing:
    """What an open page was drawn from: it is drawn again when this is another."""

    data: str
    definitions: str
    problems: tuple[Finding, ...]


@dataclass(slots=True)
class Reachability:
    """Since when the warehouse has not answered; None while it does."""

    lost_at: datetime | None = None


@st.cache_resource(show_spinner=False)
def metrics_layer() -> MetricsLayer:
    """Returns the one layer of this process, which from then on follows its definitions and its data.

    A page takes `as_it_stands()` of it once, so that all that it shows belongs together.

    Raises:
        WarehouseError, CatalogueError: see `MetricsLayer.open`.
    """
    layer = MetricsLayer.open()
    _follow(layer, reachability())
    return layer


@st.cache_resource(show_spinner=False)
def reachability() -> Reachability:
    """Returns whether the warehouse answers, shared by all sessions."""
    return Reachability()


@st.cache_resource(show_spinner=False)
def _last_good() -> dict[tuple[str, ...], tuple[str, Any]]:
    """Returns the name of the definitions and the last good answer to each question."""
    return {}


def today() -> date:
    """Returns the day in London."""
    return datetime.now(LONDON).date()


@st.cache_resource(show_spinner=False, max_entries=600)
def _kept(_build: Callable[[], Any], key: tuple[str, ...], data: str, definitions: str) -> Any:  # noqa: ARG001
    return _build()


def answer(layer: MetricsLayer, build: Callable[[], Kept], *key: object) -> Kept:
    """Returns what `build` asks of the layer, made once for the key, the day, and its data and definitions.

    When the warehouse does not answer, the last good answer to the same question by the same definitions is given, and
    pages show a banner.

    Args:
        layer: a layer as it stands, which does not move on while `build` asks it.
        build: asks that layer and no other.
        key: plain values that tell this question from every other.

    Raises:
        whatever `build` raises, when there is no earlier answer to give.
    """
    named = tuple(str(part) for part in key)
    state, definitions = reachability(), definitions_of(layer)
    try:
        value: Kept = _kept(build, (*named, str(today())), layer.data_version, definitions)
    except UNREACHABLE:
        if state.lost_at is None:
            state.lost_at = datetime.now(LONDON)
            _log.exception("The warehouse does not answer")
        known, kept = _last_good().get(named, ("", None))
        if known != definitions:
            raise
        return kept  # type: ignore[no-any-return]
    _last_good()[named] = (definitions, value)
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
    _refresh(layer, reachability())
    return layer.data_version


def _refresh(layer: MetricsLayer, state: Reachability) -> None:
    try:
        layer.refresh()
    except UNREACHABLE:
        if state.lost_at is None:
            state.lost_at = datetime.now(LONDON)
            _log.warning("The warehouse does not answer; pages show the last good answers")
    else:
        state.lost_at = None


def _follow(layer: MetricsLayer, state: Reachability) -> None:
    """Starts the thread that looks for changed definitions and newer data as long as the layer is in use."""
    threading.Thread(target=_look, args=(weakref.ref(layer), state), name="look", daemon=True).start()


def _look(followed: weakref.ref[MetricsLayer], state: Reachability) -> None:
    data_due = time.monotonic() + DATA_LOOK_SECONDS
    while True:
        time.sleep(LOOK_SECONDS)
        layer = followed()
        if layer is None:
            return
        try:
            if layer.reload():
                _log.info("Definitions %s are in use", layer.definitions_version)
            if time.monotonic() >= data_due:
                data_due = time.monotonic() + DATA_LOOK_SECONDS
                _refresh(layer, state)
        except Exception:  # noqa: BLE001 - whatever happens to one look, the next one is taken
            _log.exception("Looking for changed definitions or newer data failed; it is tried again")
        del layer  # while it sleeps, the thread keeps nothing alive


def holds_records() -> bool:
    """Returns whether the warehouse holds a trust's own records; no while that cannot be told."""
    try:
        return metrics_layer().clock() is not None
    except (WarehouseError, CatalogueError, *UNREACHABLE):
        return False


def places(layer: MetricsLayer) -> Places:
    """Returns all organisations that can be chosen."""
    return answer(layer, lambda: Places.of(layer.organisations()), "places")


def services(layer: MetricsLayer) -> dict[str, str]:
    """Returns treatment function code to name; none when no metric is held by service."""

    def read() -> dict[str, str]:
        try:
            return dict(layer.members("service").select("code", "name").iter_rows())
        except QueryError:
            return {}

    return answer(layer, read, "services")
