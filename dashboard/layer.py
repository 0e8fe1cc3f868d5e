"""The metrics layer of this process, and answers kept per data version.

Answers are kept under plain values (names, codes, days, the data version), never under frames: two frames can
share a hash, and a reader would be given another's number.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import sqlalchemy as sa
import streamlit as st

from dashboard.format import LONDON
from dashboard.viewmodels.places import Places
from metrics import MetricsLayer
from metrics.query.errors import QueryError
from metrics.warehouse.errors import WarehouseUnreachableError

UNREACHABLE = (WarehouseUnreachableError, sa.exc.DBAPIError)
_log = logging.getLogger(__name__)
Kept = TypeVar("Kept")


@dataclass(slots=True)
class Reachability:
    """Since when the warehouse has not answered; None while it does."""

    lost_at: datetime | None = None


@st.cache_resource(show_spinner=False)
def metrics_layer() -> MetricsLayer:
    """Returns the one layer of this process.

    Raises:
        WarehouseError, CatalogueError: see `MetricsLayer.open`.
    """
    return MetricsLayer.open()


@st.cache_resource(show_spinner=False)
def reachability() -> Reachability:
    """Returns whether the warehouse answers, shared by all sessions."""
    return Reachability()


@st.cache_resource(show_spinner=False)
def _last_good() -> dict[tuple[str, ...], Any]:
    return {}


def today() -> date:
    """Returns the day in London."""
    return datetime.now(LONDON).date()


@st.cache_resource(show_spinner=False, max_entries=600)
def _kept(_build: Callable[[], Any], key: tuple[str, ...], version: str) -> Any:  # noqa: ARG001
    return _build()


def answer(build: Callable[[], Kept], *key: object) -> Kept:
    """Returns what `build` gives, made once for the key, the day and the data version.

    When the warehouse does not answer, the last good answer to the same question is given, and pages show a banner.

    Raises:
        whatever `build` raises, when there is no earlier answer to give.
    """
    named = tuple(str(part) for part in key)
    state = reachability()
    try:
        value: Kept = _kept(build, (*named, str(today())), metrics_layer().data_version)
    except UNREACHABLE:
        if state.lost_at is None:
            state.lost_at = datetime.now(LONDON)
            _log.exception("The warehouse does not answer")
        if named not in _last_good():
            raise
        kept: Kept = _last_good()[named]
        return kept
    _last_good()[named] = value
    return value


def refreshed() -> str:
    """Returns the data version after looking for newer data; the one held when the warehouse does not answer."""
    layer, state = metrics_layer(), reachability()
    try:
        layer.refresh()
    except UNREACHABLE:
        if state.lost_at is None:
            state.lost_at = datetime.now(LONDON)
            _log.warning("The warehouse does not answer; pages show the last good answers")
    else:
        state.lost_at = None
    return layer.data_version


def places() -> Places:
    """Returns all organisations that can be chosen."""
    return answer(lambda: Places.of(metrics_layer().organisations()), "places")


def services() -> dict[str, str]:
    """Returns treatment function code to name; none when no metric is held by service."""

    def read() -> dict[str, str]:
        try:
            return dict(metrics_layer().members("service").select("code", "name").iter_rows())
        except QueryError:
            return {}

    return answer(read, "services")
