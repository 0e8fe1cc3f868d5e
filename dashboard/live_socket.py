"""The line to an open page's browser: it says what it shows, and is answered once something of it moved.

A WebSocket, asked and answered in turn. Pages that show the same are answered from one look at the data.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Self
from urllib.parse import urlsplit

import anyio
import streamlit as st
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard import live
from dashboard.refresher import UNREACHABLE
from metrics.catalogue import CatalogueError
from metrics.warehouse.errors import WarehouseError

HELD_SECONDS: Final = 2.0
"""An answer comes after this at the latest, so that a page knows that it is still told."""
_LOOK_SECONDS: Final = 0.03
_AGAIN_SECONDS: Final = 0.2
_NOT_FROM_HERE: Final = 1008  # RFC 6455: policy violation
_FAILED: Final = 1011  # RFC 6455: what was not foreseen kept it from an answer
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a browser says of its page.

    Attributes:
        token: under which the page registered.
        told: the name of the standing that it was told last; empty before the first.
        shown: by part, the version that it shows, and in how many seconds it may be drawn again.
    """

    token: str
    told: str
    shown: Mapping[str, tuple[str, float]]

    @classmethod
    def of(cls, said: Any) -> Self:
        """Returns what a message says.

        Raises:
            ValueError: it is not such a message.
        """
        try:
            shown = {str(part): (str(version), float(rest) / 1000) for part, (version, rest) in said["shown"].items()}
            return cls(str(said["watch"]), str(said["told"]), shown)
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"Not a page's message: {error!r}") from error

    def due(self, after: float) -> dict[str, str]:
        """Returns the parts that may be drawn again so many seconds after it was asked, with their versions."""
        return {part: version for part, (version, rest) in self.shown.items() if rest <= after}

    def next_due(self, after: float) -> float:
        """Returns in how many seconds the next part may be drawn again; infinite when all may."""
        return min((rest - after for _, rest in self.shown.values() if rest > after), default=float("inf"))


@dataclass(slots=True)
class Line:
    """What all open pages of this process wait for, and the looks at the data that they share."""

    _moved: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: int = 0
    _looks: dict[tuple[object, ...], asyncio.Task[tuple[str, str, bool]]] = field(default_factory=dict)
    _threads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(4))

    async def watch(self) -> None:
        """Wakes those who wait whenever something may have moved."""
        last: tuple[object, ...] = ()
        while True:
            try:
                now = live.pulse()
            except (WarehouseError, CatalogueError, *UNREACHABLE):
                now = ("no layer",)
            except Exception:  # noqa: BLE001 - whatever happens to one look, the next one is taken
                _log.exception("Looking whether open pages moved failed; it is tried again")
                now = ("failed",)
            if now != last:
                last = now
                self._turn += 1
                self._moved.set()
                self._moved = asyncio.Event()
            await asyncio.sleep(_LOOK_SECONDS)

    async def answer(self, asked: Asked) -> str:
        """Returns what a page is told, once there is something, or it has waited long enough."""
        began = time.monotonic()
        while True:
            moved, after = self._moved, time.monotonic() - began
            name, text, has_parts = await self._look(asked.token, asked.due(after))
            left = HELD_SECONDS - (time.monotonic() - began)
            if has_parts or name != asked.told or left <= 0:
                return text
            try:
                await asyncio.wait_for(moved.wait(), min(left, asked.next_due(after)))
            except TimeoutError:
                continue

    async def _look(self, token: str, due: dict[str, str]) -> tuple[str, str, bool]:
        # A look that was begun before something moved may not have seen it: each turn has its own.
        key = (self._turn, token, frozenset(due.items()))
        look = self._looks.get(key)
        if look is None:
            look = asyncio.create_task(anyio.to_thread.run_sync(_looked, token, due, limiter=self._threads))
            self._looks[key] = look
            look.add_done_callback(lambda _: self._looks.pop(key))
        return await asyncio.shield(look)  # who leaves does not end it for the others


def _looked(token: str, due: dict[str, str]) -> tuple[str, str, bool]:
    """Returns the name of how a page stands, what it is told, and whether parts come with it."""
    standing = live.standing_of(token, due)
    name = sha256(repr((standing["versions"], standing["lost"])).encode()).hexdigest()[:16]
    return name, json.dumps({**standing, "told": name}), bool(standing["drawn"])


def _is_from_here(origin: str | None, host: str | None) -> bool:
    """Returns whether a page of this server opened the line: other sites' pages could else read along."""
    return (
        origin is None
        or urlsplit(origin).netloc == host
        or origin in st.get_option("server.corsAllowedOrigins")
        or not st.get_option("server.enableCORS")
    )


_line: Line | None = None


@asynccontextmanager
async def open_line() -> AsyncIterator[None]:
    """Follows the data for open pages while the server runs."""
    global _line  # noqa: PLW0603 - one for the server's one event loop
    _line = Line()
    watching = asyncio.create_task(_line.watch())
    try:
        yield
    finally:
        watching.cancel()


async def follow(socket: WebSocket) -> None:
    """Serves one open page until it is closed."""
    if not _is_from_here(socket.headers.get("origin"), socket.headers.get("host")):
        await socket.close(_NOT_FROM_HERE)
        return
    await socket.accept()
    try:
        while _line is not None:
            try:
                asked = Asked.of(await socket.receive_json())
            except (ValueError, KeyError, RecursionError):  # a frame of bytes has no text; nested too deep to be read
                await socket.close(_NOT_FROM_HERE, "Not a page's message")
                return
            try:
                text = await _line.answer(asked)
            except Exception as error:  # noqa: BLE001 - one page's trouble is no other's
                _told(error)
                await asyncio.sleep(_AGAIN_SECONDS)
                await socket.close(_FAILED)  # the page counts it as a failure, and comes again
                return
            await socket.send_text(text)
    except WebSocketDisconnect:
        return


def _told(error: Exception) -> None:
    if isinstance(error, (WarehouseError, CatalogueError, *UNREACHABLE)):
        _log.warning("An open page cannot be told how it stands: %s", str(error).splitlines()[0])
    else:
        _log.error("An open page cannot be told how it stands", exc_info=error)
