"""What an open page depends on, and in which state that is: by this it is drawn again, in parts, when its data moved.

A page registers what it shows under a token. Its browser asks by the token how things stand, which costs the server a
comparison of names and no run of the page's script.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from dashboard import layer as data
from metrics import MetricsLayer

PAGE = "page"
_LAYER = "live_layer"


@dataclass(frozen=True, slots=True)
class Watched:
    """What a page is drawn from.

    Attributes:
        metrics: those that the page shows outside of its parts.
        parts: name of a part to the metrics that it shows. A part is a fragment of its name, drawn again alone.
        by_clock: the parts show how long ago things were: they move with the clock of the records too.
        every: seconds between two times that it is drawn again, at least.
    """

    metrics: tuple[str, ...] = ()
    parts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    by_clock: bool = False
    every: float = 5.0

    @property
    def token(self) -> str:
        """Returns the name under which browsers ask for it."""
        return _named(repr(self))


def of_place(layer: MetricsLayer, code: str) -> Watched:
    """Returns what a page about a place depends on: what is published, and a trust's own records where it has some."""
    clock, catalogue = layer.clock(), layer.catalogue
    own = clock is not None and code in clock.organisations
    return Watched(tuple(each.id for each in catalogue if own or catalogue.model_of(each).provenance == "published"))


def versions(layer: MetricsLayer, watched: Watched) -> dict[str, str]:
    """Returns the state that the page, and each of its parts, is in by this layer: another name when it moved."""
    lost = data.reachability().lost_at
    standing = data.standing(layer)
    own = layer.version_of(name for name in watched.metrics if name in layer.catalogue.metrics)
    found = {PAGE: _named(f"{own} {standing.definitions} {standing.problems} {lost} {data.today()}")}
    clock = layer.clock() if watched.by_clock else None
    at = f"{clock.now:%Y-%m-%d %H:%M}" if clock else ""
    return found | {name: _named(f"{layer.version_of(metrics)} {at}") for name, metrics in watched.parts}


def watch(watched: Watched) -> str:
    """Registers what an open page depends on, and returns its token."""
    _registered()[watched.token] = watched
    return watched.token


def standing_of(token: str) -> Mapping[str, object]:
    """Returns what an open page's browser wants to know: how its parts stand, and whether the warehouse answers.

    `versions` is null for a token that this process does not know, as after a restart: the page is then drawn anew.
    """
    watched = _registered().get(token)
    lost = data.reachability().lost_at
    return {
        "now": datetime.now(UTC).isoformat(),
        "lost": lost.isoformat() if lost else None,
        "versions": versions(data.metrics_layer(), watched) if watched else None,
    }


def stand(layer: MetricsLayer) -> None:
    """Keeps the state that this session's page is drawn from, for parts that are drawn again alone."""
    st.session_state[_LAYER] = layer


def layer() -> MetricsLayer:
    """Returns the state that this session's page is drawn from: all parts drawn in one go take the same."""
    found: MetricsLayer = st.session_state[_LAYER]
    return found


@st.cache_resource(show_spinner=False)
def _registered() -> dict[str, Watched]:
    return {}


def _named(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
