"""Forecasts made in the background of the server: what is due is found here, and made by a process of its own."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import streamlit as st

from dashboard import layer as data
from dashboard.forecast_parts import demand_metrics
from dashboard.training_process import NOT_RECORDED, Wanted
from dashboard.viewmodels.reach import is_of_own_records
from metrics import MetricsLayer
from metrics.catalogue import CatalogueError
from metrics.warehouse.errors import WarehouseError
from metrics.warehouse.settings import load_settings
from models.forecast_store import ForecastStore
from models.model_version import model_version

LOOK_SECONDS: Final = 10.0
BROKE_SECONDS: Final = 30.0
AGAIN_SECONDS: Final = 3600.0
"""After which own records are looked at for corrections of days that were final before."""
_log = logging.getLogger(__name__)
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the making of forecasts is.

    Attributes:
        running: forecasts are being made now.
        done, of: parts done and parts in all.
        metric, part: what is being made.
        failed: metric and part to why it could not be made.
        broke: the process ended before it was done; it is begun again by itself.
    """

    running: bool = False
    done: int = 0
    of: int = 0
    metric: str = ""
    part: str = ""
    failed: dict[tuple[str, str], str] = field(default_factory=dict)
    broke: bool = False


class Training:
    """Makes forecasts when final periods have come, the definition or the model is another, or somebody waits."""

    def __init__(self) -> None:
        self._progress = Progress()
        self._process: subprocess.Popen[str] | None = None
        self._wanted: list[Wanted] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._woken = threading.Event()
        self._not_before = 0.0
        self._elsewhere = False

    @property
    def is_stopped(self) -> bool:
        """Returns whether it has been ended."""
        return self._stopped.is_set()

    @property
    def progress(self) -> Progress:
        """Returns how far it is."""
        return self._progress

    def want(self, metric: str, place: str, *, by_service: bool = False, by_site: bool = False) -> None:
        """Puts a forecast that somebody waits for before all others."""
        asked = Wanted(metric, place, by_service, by_site)
        with self._lock:
            if self._process is None or not self._told(self._process, asked):
                self._wanted.append(asked)
        self._woken.set()

    def run(self, layer: MetricsLayer) -> None:
        """Follows the layer until it is stopped."""
        before: object = None
        while not self._stopped.is_set():
            try:
                now = due(layer)
                if (now != before or self._wanted) and time.monotonic() >= self._not_before:
                    before = now if self._make() else None
            except data.UNREACHABLE:
                pass  # whether the warehouse answers is for the refresher to say
            except Exception:  # noqa: BLE001
                _log.exception("Making forecasts failed; it is tried again")
            self._woken.wait(LOOK_SECONDS)
            self._woken.clear()

    def stop(self) -> None:
        """Ends it, and the process that it began."""
        self._stopped.set()
        self._woken.set()
        if self._process is not None:
            self._process.terminate()

    def _make(self) -> bool:
        environment = {**os.environ, **dict.fromkeys(_ONE_THREAD, "1"), "PYTHONPATH": _path()}
        command = [sys.executable, "-m", "dashboard.training_process"]
        with subprocess.Popen(  # noqa: S603 - our own module
            command, env=environment, text=True, encoding="utf-8", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        ) as process:  # fmt: skip
            with self._lock:
                self._process = process
                asked, self._wanted = self._wanted, []
                for each in asked:
                    self._told(process, each)
            self._progress, self._elsewhere = Progress(running=True), False
            assert process.stdout is not None  # noqa: S101 - it was asked for
            for line in process.stdout:
                self._hear(json.loads(line))
            with self._lock:
                self._process = None
        broke = bool(process.returncode) and not self._stopped.is_set()
        self._progress = replace(self._progress, running=False, metric="", part="", broke=broke)
        if broke:
            _log.error("The process that makes forecasts ended with %s; it is tried again", process.returncode)
        if broke or self._elsewhere:  # whoever is at it may end before it is done
            self._not_before = time.monotonic() + BROKE_SECONDS
        return not (broke or self._elsewhere)

    def _told(self, process: subprocess.Popen[str], asked: Wanted) -> bool:
        assert process.stdin is not None  # noqa: S101 - it was asked for
        with contextlib.suppress(OSError, ValueError):
            process.stdin.write(json.dumps(asdict(asked)) + "\n")
            process.stdin.flush()
            return True
        return False

    def _hear(self, said: dict[str, Any]) -> None:
        what = said["what"]
        if what == "unrecorded":
            _log.warning("%s %s", NOT_RECORDED, said["why"])
            self._elsewhere |= said["again"]
        if "metric" not in said:
            return
        name, now = (said["metric"], said["part"]), self._progress
        self._elsewhere |= what == "elsewhere"
        failed = {each: why for each, why in now.failed.items() if each != name}
        if what == "failed":
            failed[name] = said["why"]
            _log.error("The forecast of %s (%s) could not be made: %s", *name, said["why"])
        self._progress = Progress(
            running=True, done=said["done"] + (what != "begun"), of=said["of"], metric=name[0], part=name[1],
            failed=failed,
        )  # fmt: skip


def due(layer: MetricsLayer) -> object:
    """Returns a name of what forecasts are to be made from: they are made anew when it is another.

    Published figures by their version; own records, which move all the time, by their last day and the hour.
    """
    now = layer.as_it_stands()
    hour = int(time.time() // AGAIN_SECONDS)
    found: list[object] = [model_version(), now.definitions_version]
    for metric in demand_metrics(now.catalogue):
        own = is_of_own_records(now.catalogue, metric)
        found.append((metric.id, (now.last_day(metric.id), hour) if own else now.version_of((metric.id,))))
    return tuple(found)


def start() -> None:
    """Begins to make forecasts beside the server, unless its settings leave that to another."""
    if load_settings().forecasts:
        threading.Thread(target=_follow, args=(training(),), name="training", daemon=True).start()


def stop() -> None:
    """Ends what `start` began."""
    training().stop()


def _follow(made: Training) -> None:
    while not made.is_stopped:
        with contextlib.suppress(WarehouseError, CatalogueError, *data.UNREACHABLE):
            made.run(data.metrics_layer())
        time.sleep(LOOK_SECONDS)


def _path() -> str:
    """Returns where the new process finds this package, whatever folder it is begun in."""
    root, held = str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH")
    return f"{root}{os.pathsep}{held}" if held else root


@st.cache_resource(show_spinner=False)
def training() -> Training:
    """Returns what makes forecasts in this process, shared by all sessions."""
    return Training()


@st.cache_resource(show_spinner=False)
def store() -> ForecastStore:
    """Returns the store of published forecasts."""
    return ForecastStore.open()
