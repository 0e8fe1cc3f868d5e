"""What an open page depends on, and in which state that is: by this it is drawn again, in parts, when its data moved.

A page registers what it shows under a token. Its browser asks by the token how things stand and is answered once
something moved (see `live_socket`), which costs no run of the page's script. Parts of a board that moved come with the
answer, drawn once for all who look at the same.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

import streamlit as st

from dashboard import layer as data
from metrics import MetricsLayer

PAGE: Final = "page"
_DRAWING: Final = threading.Lock()
_PATIENCE_SECONDS: Final = 1.0
_FAILED_SECONDS: Final = 30.0
_MOST_REGISTERED: Final = 5_000


class Board(Protocol):
    """The parts of a page that are drawn again alone. Two that show the same are equal, and have the same repr."""

    def html(self, layer: MetricsLayer, part: str) -> str:
        """Returns a part, drawn from a state of the data.

        Raises:
            whatever keeps it from being drawn: that the warehouse does not answer, or what was not foreseen.
        """
        ...

    def failed(self, part: str, error: Exception) -> str:
        """Returns what stands in the place of a part that could not be drawn, and logs why."""
        ...

    def unanswered(self, part: str) -> str:
        """Returns what stands in the place of a part of which nothing was read before the warehouse fell silent."""
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
        version: the state that it shows; empty where it shows none, as the warehouse does not answer.
        html: what it looks like.
        as_of, received: the instant that it holds for and when the newest records were written; None of a board that
            does not move with the clock of the records.
        until: by the process's own clock, when it is drawn again though nothing moved: it could not be drawn.
    """

    version: str
    html: str
    as_of: str | None
    received: str | None
    until: float | None = None


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

    While the warehouse does not answer, a part is as it was drawn last, with what that said of its state.

    Args:
        watched: what the page registered.
        shown: of an open page, part to the version that it shows. What is in another state and there already is
            returned; where nothing is, the first that moved is drawn: the page asks again for the next. None is for a
            page that shows nothing yet: every part is returned.
    """
    if watched.board is None:
        return {}
    now = versions(data.metrics_layer(), watched)
    if shown is None:
        return _all_of(watched, watched.board, now)
    moved = [part.name for part in watched.parts if shown.get(part.name, now[part.name]) != now[part.name]]
    standing = {name: _as_it_stands(watched, name, now) for name in moved}
    there = {name: one for name, one in standing.items() if one is not None and one.version != shown[name]}
    waiting = [name for name, one in standing.items() if one is None]
    if there or not waiting or data.reachability().lost_at is not None:
        return there
    one = _drawn_anew(watched, watched.board, waiting[0], patience=_PATIENCE_SECONDS)
    return {} if one is None or one.version == shown[waiting[0]] else {waiting[0]: one}


def _all_of(watched: Watched, board: Board, now: Mapping[str, str]) -> dict[str, Drawn]:
    found, answers = {}, True
    for part in watched.parts:
        earlier = _drawn().get((watched.token, part.name))
        one = _as_it_stands(watched, part.name, now)
        known_lost = earlier is not None and data.reachability().lost_at is not None
        if one is None and answers and not known_lost:  # once it did not, it is not waited for again by each part
            one = _drawn_anew(watched, board, part.name)
            answers = one is not None
        found[part.name] = one or earlier or Drawn("", board.unanswered(part.name), None, None)
    return found


def _as_it_stands(watched: Watched, part: str, now: Mapping[str, str]) -> Drawn | None:
    one = _drawn().get((watched.token, part))
    if one is None or (one.until is not None and one.until < time.monotonic()):
        return None
    return one if one.until is not None or one.version == now[part] else None


def _drawn_anew(watched: Watched, board: Board, part: str, *, patience: float = -1) -> Drawn | None:
    """Returns a part drawn now, and kept; None when the warehouse does not answer, or others draw for too long."""
    lost = data.reachability().lost_at
    if not _DRAWING.acquire(timeout=patience):  # one at a time is drawn in this process: several would all be late
        return None
    try:
        if data.reachability().lost_at not in {None, lost}:
            return None  # whoever drew before found that it does not answer
        one = _as_it_stands(watched, part, versions(data.metrics_layer(), watched))
        if one is None:
            one = _drawn()[watched.token, part] = _draw(watched, board, part)
    except data.UNREACHABLE:
        data.reachability().lost()
        return None
    finally:
        _DRAWING.release()
    return one


def _draw(watched: Watched, board: Board, part: str) -> Drawn:
    layer = data.metrics_layer().as_it_stands()  # with the lock held: what is drawn later is of no earlier state
    clock = layer.clock() if watched.by_clock else None
    version, until = versions(layer, watched)[part], None
    try:
        html = board.html(layer, part)
    except Exception as error:
        if data.is_silence(error):
            raise
        html, until = board.failed(part, error), time.monotonic() + _FAILED_SECONDS
        version = f"failed {version} {until}"  # of no state: once it can be drawn, every page is told
    return Drawn(
        version,
        html,
        clock.now.isoformat() if clock else None,
        clock.received_at.isoformat() if clock else None,
        until,
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
        shown: part to the version that the browser shows; some that are in another come drawn with the answer.

    Raises:
        WarehouseError, CatalogueError, sqlalchemy.exc.DBAPIError: nothing can be said of the data.
    """
    watched = _registered().get(token)
    lost = data.reachability().lost_at
    parts = drawn(watched, shown) if watched and shown else {}
    clock = data.metrics_layer().clock() if watched else None
    return {
        "lost": lost.isoformat() if lost else None,
        "received": clock.received_at.isoformat() if clock else None,
        "versions": versions(data.metrics_layer(), watched) if watched else None,
        "drawn": {name: asdict(one) for name, one in parts.items()},
        "now": datetime.now(UTC).isoformat(),
    }


def pulse() -> tuple[object, ...]:
    """Returns something else whenever an open page may have moved. Costs nothing: it compares what is in memory."""
    if not _registered():
        return ()
    layer = data.metrics_layer()
    return (data.standing(layer), data.reachability().lost_at, data.today())


@st.cache_resource(show_spinner=False)
def _drawn() -> dict[tuple[str, str], Drawn]:
    return {}


@st.cache_resource(show_spinner=False)
def _registered() -> dict[str, Watched]:
    return {}


def _named(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
