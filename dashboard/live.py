"""What an open page depends on, and in which state that is: by this it is drawn again, in parts, when its data moved.

A page registers what it shows under a token. Its browser asks by the token how things stand, which costs the server a
comparison of names and no run of the page's script. Parts of a board that moved come with the answer, drawn once for
all who look at the same.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

import streamlit as st

from dashboard import layer as data
from metrics import MetricsLayer

PAGE: Final = "page"
_DRAWING: Final = threading.Lock()
_MOST_REGISTERED: Final = 5_000


class Board(Protocol):
    """The parts of a page that are drawn again alone. Two that show the same are equal, and have the same repr."""

    def html(self, layer: MetricsLayer, part: str) -> str:
        """Returns a part, drawn from a state of the data."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a board.

    Attributes:
        name: of the part.
        metrics: those that it shows.
        every: seconds between two times that it is drawn again, at least.
    """

    name: str
    metrics: tuple[str, ...]
    every: float = 0.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A part as it was drawn.

    Attributes:
        version: the state that it shows.
        html: what it looks like.
        as_of, received: the instant that it holds for and when the newest records were written; None of a board that
            does not move with the clock of the records.
    """

    version: str
    html: str
    as_of: str | None
    received: str | None


@dataclass(frozen=True, slots=True)
class Watched:
    """What a page is drawn from.

    Attributes:
        metrics: those that the page shows outside of its parts.
        parts: those of its board.
        board: what draws the parts; None for a page without any.
        by_clock: the parts show how long ago things were: they move with the clock of the records too.
        every: seconds between two times that the page is drawn again, at least.
    """

    metrics: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    board: Board | None = None
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
    return found | {part.name: _named(f"{layer.version_of(part.metrics)} {at}") for part in watched.parts}


def drawn(watched: Watched, shown: Mapping[str, str] | None = None) -> dict[str, Drawn]:
    """Returns the parts of a board, each drawn once for all who look at the same.

    Args:
        watched: what the page registered.
        shown: of an open page, part to the version that it shows: only parts in another state are returned, and nobody
            waits for a part that is being drawn. None is for a page that shows nothing yet: every part is returned.
    """
    board, known, token = watched.board, _drawn(), watched.token
    if board is None:
        return {}
    found, may_draw = {}, True
    for part in watched.parts:
        if shown is not None and part.name not in shown:
            continue
        now = versions(data.metrics_layer(), watched)[part.name]
        one = known.get((token, part.name))
        # One part at a time is drawn in this process: several at once would all be late.
        if (one is None or one.version != now) and may_draw and _DRAWING.acquire(blocking=shown is None):
            try:
                one = known[token, part.name] = _draw(watched, board, part.name)
            finally:
                _DRAWING.release()
            may_draw = shown is None  # who asks again and again has what is there at once
        if one is not None and (shown is None or one.version != shown[part.name]):
            found[part.name] = one
    return found


def _draw(watched: Watched, board: Board, part: str) -> Drawn:
    layer = data.metrics_layer().as_it_stands()  # with the lock held: what is drawn later is of no earlier state
    clock = layer.clock() if watched.by_clock else None
    return Drawn(
        versions(layer, watched)[part],
        board.html(layer, part),
        clock.now.isoformat() if clock else None,
        clock.received_at.isoformat() if clock else None,
    )


def watch(watched: Watched) -> str:
    """Registers what an open page depends on, and returns its token."""
    known, token = _registered(), watched.token
    known.pop(token, None)
    known[token] = watched
    while len(known) > _MOST_REGISTERED:  # whoever still asks for an old one draws its page anew
        oldest = next(iter(known))
        for part in known.pop(oldest).parts:
            _drawn().pop((oldest, part.name), None)
    return token


def standing_of(token: str, shown: Mapping[str, str] | None = None) -> Mapping[str, object]:
    """Returns what an open page's browser wants to know: how its parts stand, and whether the warehouse answers.

    `versions` is null for a token that this process does not know, as after a restart: the page is then drawn anew.

    Args:
        token: of the page.
        shown: part to the version that the browser shows; those that are in another come drawn with the answer.
    """
    watched = _registered().get(token)
    lost = data.reachability().lost_at
    parts = drawn(watched, shown) if watched and shown else {}
    return {
        "now": datetime.now(UTC).isoformat(),
        "lost": lost.isoformat() if lost else None,
        "versions": versions(data.metrics_layer(), watched) if watched else None,
        "drawn": {name: asdict(one) for name, one in parts.items()},
    }


@st.cache_resource(show_spinner=False)
def _drawn() -> dict[tuple[str, str], Drawn]:
    return {}


@st.cache_resource(show_spinner=False)
def _registered() -> dict[str, Watched]:
    return {}


def _named(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
