"""One reader of a Streamlit page, reduced to what its browser tab says to the server.

A virtual user speaks Streamlit's own protocol (protobuf `BackMsg` and `ForwardMsg` on `/_stcore/stream`): it opens a
session, waits for the first run of the script, remembers widgets and cacheable messages, and interacts.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

MEGABYTE = 1024 * 1024
WIDGET_KINDS = ("button", "selectbox", "slider", "checkbox", "radio", "multiselect", "button_group")
STREAM_PATH = "/_stcore/stream"

Widget = tuple[str, Any]
Change = tuple[str, str, object]


@dataclass(slots=True)
class Tally:
    """What one virtual user saw: milliseconds, bytes, and what went wrong."""

    first_run_ms: float | None = None
    rerun_ms: list[float] = field(default_factory=list)
    live_ms: list[float] = field(default_factory=list)
    rerun_bytes: list[int] = field(default_factory=list)
    first_run_bytes: int = 0
    errors: list[str] = field(default_factory=list)


class VirtualUser:
    """One browser tab. Use it as an async context manager: it holds the connection."""

    def __init__(self, url: str, page: str, *, seed: int, patience: float) -> None:
        parts = urlsplit(url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        self._stream = f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}{STREAM_PATH}"
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._query = parts.query
        self._page = page
        self._page_hash = ""
        self._patience = patience
        self._random = random.Random(seed)  # noqa: S311  a choice of widgets, not a secret
        self._widgets: dict[str, Widget] = {}
        self._widgets_next: dict[str, Widget] = {}
        self._values: dict[str, tuple[str, object]] = {}
        self._cached: set[str] = set()
        self._finished: asyncio.Queue[tuple[int, float]] = asyncio.Queue()
        self._live_tasks: dict[str, asyncio.Task[None]] = {}
        self._live_pending: dict[str, float] = {}
        self._bytes = 0
        self.live = False
        self.tally = Tally()

    async def __aenter__(self) -> Self:
        self._socket = await websockets.connect(
            self._stream,
            origin=websockets.Origin(self._origin),
            subprotocols=[websockets.Subprotocol("streamlit")],
            max_size=256 * MEGABYTE,
            compression=None,
            open_timeout=self._patience,
        )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in [*self._live_tasks.values(), self._reader]:
            task.cancel()
        await self._socket.close()

    async def first_run(self) -> None:
        """Opens the page and waits until its script has finished."""
        self.tally.first_run_ms = await self._run(change=None)
        self.tally.first_run_bytes, self._bytes = self._bytes, 0

    async def rerun(self, *, interact: bool) -> None:
        """Runs the script again, changing one widget at random first when `interact`."""
        self._bytes = 0
        change = self._pick_change() if interact else None
        self.tally.rerun_ms.append(await self._run(change))
        self.tally.rerun_bytes.append(self._bytes)

    async def think(self, mean_seconds: float) -> None:
        """Waits as a reader does: half to one and a half times the mean."""
        await asyncio.sleep(self._random.uniform(0.5, 1.5) * mean_seconds)

    async def _run(self, change: Change | None) -> float:
        while not self._finished.empty():
            self._finished.get_nowait()
        start = time.perf_counter()
        await self._send(change=change)
        deadline = start + self._patience
        while True:
            status, at = await asyncio.wait_for(self._finished.get(), deadline - time.perf_counter())
            if status == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                self.tally.errors.append("compile error")
            if status not in {ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY, ForwardMsg.FINISHED_EARLY_FOR_RERUN}:
                return (at - start) * 1000

    async def _send(self, change: Change | None = None, fragment: str = "") -> None:
        back = BackMsg()
        state = back.rerun_script
        state.query_string = self._query
        state.page_script_hash = self._page_hash
        if not self._page_hash:
            state.page_name = self._page
        state.fragment_id = fragment
        state.is_auto_rerun = bool(fragment)
        state.cached_message_hashes.extend(self._cached)
        state.context_info.timezone = "Europe/London"
        state.context_info.locale = "en-GB"
        state.context_info.url = f"{self._origin}/{self._page}"
        if change is not None:
            widget, value_field, value = change
            if value_field == "trigger_value":
                state.widget_states.widgets.add(id=widget, trigger_value=True)
            else:
                self._values[widget] = (value_field, value)
        for widget, (value_field, value) in self._values.items():
            if widget in self._widgets:
                _set(state.widget_states.widgets.add(id=widget), value_field, value)
        await self._socket.send(back.SerializeToString())

    def _pick_change(self) -> Change | None:  # noqa: PLR0911  a return for each kind of widget
        choices = [(widget, kind, proto) for widget, (kind, proto) in self._widgets.items()]
        if not choices:
            return None
        pick = self._random.choice
        widget, kind, proto = pick(choices)
        match kind:
            case "button":
                return widget, "trigger_value", True
            case "checkbox":
                return widget, "bool_value", pick([True, False])
            case "selectbox" | "radio":
                return widget, "string_value", pick(list(proto.options))
            case "slider":
                steps = int((proto.max - proto.min) / (proto.step or 1)) + 1
                points = sorted(proto.min + proto.step * self._random.randrange(steps) for _ in proto.default)
                return widget, "double_array_value", points
            case "multiselect":
                options = list(proto.options)
                return widget, "string_array_value", self._random.sample(options, min(2, len(options)))
            case _:
                return widget, "string_array_value", [pick(list(proto.options)).content]

    async def _read(self) -> None:
        try:
            async for payload in self._socket:
                self._bytes += len(payload)
                message = ForwardMsg()
                message.ParseFromString(payload if isinstance(payload, bytes) else payload.encode())
                self._handle(message)
        except websockets.ConnectionClosed as closed:
            self.tally.errors.append(f"closed: {closed}")
            self._finished.put_nowait((ForwardMsg.FINISHED_SUCCESSFULLY, time.perf_counter()))

    def _handle(self, message: Any) -> None:
        if message.metadata.cacheable and message.hash:
            self._cached.add(message.hash)
        match message.WhichOneof("type"):
            case "new_session":
                self._page_hash = message.new_session.page_script_hash
                self._widgets_next = {}
            case "navigation":
                self._page_hash = message.navigation.page_script_hash
            case "delta":
                self._handle_delta(message.delta)
            case "auto_rerun":
                self._schedule(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            case "stop_auto_rerun":
                self._unschedule(message.stop_auto_rerun.fragment_id)
            case "page_not_found":
                self.tally.errors.append(f"page not found: {self._page}")
            case "script_finished":
                self._handle_finished(message)

    def _handle_delta(self, delta: Any) -> None:
        if delta.WhichOneof("type") != "new_element":
            return
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.tally.errors.append(f"{element.exception.type}: {element.exception.message[:200]}")
        elif kind in WIDGET_KINDS:
            proto = getattr(element, kind)
            if not proto.disabled and not proto.form_id:
                self._widgets_next[proto.id] = self._widgets[proto.id] = (kind, proto)

    def _handle_finished(self, message: Any) -> None:
        now = time.perf_counter()
        if message.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY:
            self._settle_live(list(message.metadata.run.fragment_ids) or list(self._live_pending), now)
        elif message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            self._widgets = dict(self._widgets_next)
            self._settle_live(list(self._live_pending), now)  # a fragment that asked for a full run ends here
        self._finished.put_nowait((message.script_finished, now))

    def _settle_live(self, fragments: list[str], now: float) -> None:
        for fragment in fragments:
            if fragment in self._live_pending:
                self.tally.live_ms.append((now - self._live_pending.pop(fragment)) * 1000)

    def _schedule(self, fragment: str, interval: float) -> None:
        self._unschedule(fragment)
        if self.live:
            self._live_tasks[fragment] = asyncio.create_task(self._tick(fragment, interval))

    def _unschedule(self, fragment: str) -> None:
        if task := self._live_tasks.pop(fragment, None):
            task.cancel()

    async def _tick(self, fragment: str, interval: float) -> None:
        await asyncio.sleep(interval * self._random.random())  # spreads the users over the interval
        while True:
            self._live_pending.setdefault(fragment, time.perf_counter())
            await self._send(fragment=fragment)
            await asyncio.sleep(interval)


def _set(entry: Any, value_field: str, value: object) -> None:
    if isinstance(value, list):
        getattr(entry, value_field).data.extend(value)
    else:
        setattr(entry, value_field, value)
