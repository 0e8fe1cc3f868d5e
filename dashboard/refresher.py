"""Keeping the layer of this process up with its definitions and its data, for all sessions: a few threads, no page.

Each thread ends when nobody uses the layer any more. Whatever happens to one look, the next one is taken.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from dashboard.format import LONDON
from metrics import MetricsLayer
from metrics.warehouse.errors import WarehouseNotBuiltError, WarehouseUnreachableError
from metrics.warehouse.notices import listen
from metrics.warehouse.spark.url import DIALECT as SPARK

UNREACHABLE: Final = (WarehouseUnreachableError, sa.exc.DBAPIError)
# What the database itself says of a question: it answers, though not this.
_ANSWERED: Final = (sa.exc.ProgrammingError, sa.exc.DataError, sa.exc.NotSupportedError, sa.exc.InternalError)
# A listing of folders.
DEFINITIONS_SECONDS: Final = 0.1
# A small file; or a small query, which a server that tells of changes is asked rarely.
EMBEDDED_SECONDS: Final = 0.1
SERVER_SECONDS: Final = 0.5
TOLD_SECONDS: Final = 2.0
SPARK_SECONDS: Final = 5.0
BELIEVED_SECONDS: Final = 2.0
LISTEN_AGAIN_SECONDS: Final = 10.0
SWEEP_SECONDS: Final = 20.0
CATCH_UP_SECONDS: Final = 10.0
BETWEEN_SECONDS: Final = 0.1
STORE_SECONDS: Final = 300.0
_log = logging.getLogger(__name__)


def is_silence(error: Exception) -> bool:
    """Returns whether an error is that the warehouse does not answer, and not its answer to a question."""
    return isinstance(error, UNREACHABLE) and not isinstance(error, _ANSWERED)


@dataclass(slots=True)
class Reachability:
    """Since when the warehouse has not answered; None while it does."""

    lost_at: datetime | None = None
    _failed: float = 0.0

    def lost(self) -> None:
        """Notes that it did not answer; the first time counts."""
        self._failed = time.monotonic()
        if self.lost_at is None:
            self.lost_at = datetime.now(LONDON)
            _log.warning("The warehouse does not answer; pages show the last good answers")

    def answers(self) -> None:
        """Notes that it answers: believed once nothing has failed for a while, so that pages do not flicker."""
        if self.lost_at is not None and time.monotonic() - self._failed >= BELIEVED_SECONDS:
            self.lost_at = None


@dataclass(slots=True)
class Refresher:
    """Follows one layer.

    Attributes:
        state: whether the warehouse answers, for all sessions.
        url: of the warehouse; None is that of the settings.
        listens: the warehouse tells when something is new.
    """

    layer: weakref.ref[MetricsLayer]
    state: Reachability
    url: str | None = None
    _woken: threading.Event = field(default_factory=threading.Event)
    listens: bool = False

    def start(self) -> None:
        """Starts looking for newer definitions and data, and keeping cubes."""
        loops = {"look": self._look, "listen": self._listen, "cubes": self._cubes, "catch-up": self._catch_up}
        for name, run in loops.items():
            threading.Thread(target=run, name=name, daemon=True).start()

    def _look(self) -> None:
        due = time.monotonic()
        while True:
            told = self._woken.wait(DEFINITIONS_SECONDS)
            layer = self.layer()
            if layer is None:
                return
            try:
                if layer.reload():
                    _log.info("Definitions %s are in use", layer.definitions_version)
                if told or time.monotonic() >= due:
                    self._woken.clear()
                    refresh(layer, self.state)
                    due = time.monotonic() + self._pause(layer)
            except Exception:  # noqa: BLE001
                _log.exception("Looking for changed definitions or newer data failed; it is tried again")
            del layer  # while it sleeps, the thread keeps nothing alive

    def _pause(self, layer: MetricsLayer) -> float:
        dialect = layer.warehouse.dialect
        if dialect == "duckdb":
            return EMBEDDED_SECONDS
        if dialect == SPARK:
            return SPARK_SECONDS
        return TOLD_SECONDS if self.listens else SERVER_SECONDS

    def _listen(self) -> None:
        """Wakes the look as soon as the warehouse tells of a change, where it does."""
        while (layer := self.layer()) is not None:
            if layer.warehouse.dialect != "postgresql":
                return
            del layer
            try:
                with_listener = listen(self.url)
                if with_listener is not None:
                    with with_listener as listener:
                        self.listens = True
                        self._woken.set()  # what was written before it listened was told to nobody
                        while listener.alive and self.layer() is not None:
                            if listener.wait(1.0):
                                self._woken.set()
            except Exception:  # noqa: BLE001
                _log.exception("Listening to the warehouse failed; it is looked at now and then instead")
            self.listens = False
            self._sleep(LISTEN_AGAIN_SECONDS)

    def _cubes(self) -> None:
        """Builds the cubes, then holds them against their rows, month by month, round and round."""
        stored = time.monotonic()
        while (layer := self.layer()) is not None:
            built = False
            try:
                built = layer.build_cube()
                if not built:
                    for fault in layer.sweep_cubes():
                        _log.error("The cube %s was wrong on %s and has been mended", fault.cube, fault.day)
                    if time.monotonic() - stored >= STORE_SECONDS:
                        layer.store_cubes()
                        stored = time.monotonic()
            except Exception:  # noqa: BLE001 - whether the warehouse answers is for the look to say
                _log.exception("Keeping cubes failed; it is tried again")
            del layer
            if not built:
                self._sleep(SWEEP_SECONDS)

    def _catch_up(self) -> None:
        """Brings cubes up that no page asks for, one at a time, so that whoever opens one does not wait for it."""
        while (layer := self.layer()) is not None:
            one_was = False
            try:
                one_was = layer.catch_up()
            except Exception:  # noqa: BLE001 - whether the warehouse answers is for the look to say
                _log.exception("Bringing a cube up failed; it is tried again")
            del layer
            self._sleep(BETWEEN_SECONDS if one_was else CATCH_UP_SECONDS)

    def _sleep(self, seconds: float) -> None:
        """Waits, and no longer than the layer is used."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.layer() is not None:
            time.sleep(min(seconds, 0.2))


def refresh(layer: MetricsLayer, state: Reachability) -> None:
    """Takes newer data when there are any, and notes whether the warehouse answers."""
    try:
        layer.refresh()
        if layer.warehouse.dialect == "duckdb" and not layer.warehouse.is_built():
            state.lost()  # its folder is gone; what was opened before still answers
            return
        layer.clock()  # read here once, so that no page waits for it
    except (WarehouseNotBuiltError, *UNREACHABLE):
        state.lost()
    else:
        state.answers()


def follow(layer: MetricsLayer, state: Reachability, url: str | None = None) -> Refresher:
    """Returns what keeps the layer up from now on, started."""
    refresher = Refresher(weakref.ref(layer), state, url)
    refresher.start()
    return refresher
