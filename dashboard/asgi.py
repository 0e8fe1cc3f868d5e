"""The server: preloads what pages need, answers /healthz, then serves the dashboard."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = str(Path(__file__).parent.parent)
if ROOT not in sys.path:  # `streamlit run` starts here, and the packages beside this one must be found
    sys.path.insert(0, ROOT)

# Frames of pages are small: threads that wait for each other cost more than they bring. Read when Polars is imported.
os.environ.setdefault("POLARS_MAX_THREADS", str(max(1, (os.cpu_count() or 2) // 2)))

# Imported here, before anybody comes: two first visitors who import at once can find a half-made module.
import anyio  # noqa: E402
import pandas as pd  # noqa: E402, F401
import plotly.graph_objects  # noqa: E402
import plotly.io  # noqa: E402, F401
import polars as pl  # noqa: E402, F401
import sklearn.ensemble  # noqa: E402, F401
import streamlit as st  # noqa: E402
from starlette.requests import Request  # noqa: E402
from starlette.responses import JSONResponse  # noqa: E402
from starlette.routing import Route, WebSocketRoute  # noqa: E402
from starlette.websockets import WebSocket  # noqa: E402

from dashboard import page_shell  # noqa: E402
from metrics.catalogue import CatalogueError  # noqa: E402
from metrics.warehouse.errors import WarehouseError  # noqa: E402

_log = logging.getLogger("dashboard")


def health() -> tuple[dict[str, str | None], int]:
    """Returns the body and the status code of /healthz: 200 when the warehouse answers, else 503."""
    from dashboard import layer as data  # noqa: PLC0415 - caches are chosen once the server runs

    try:
        version = data.refreshed()
    except (WarehouseError, CatalogueError, *data.UNREACHABLE) as error:
        detail = str(error).splitlines()[0]
        return {"status": "not ready", "data_version": None, "definitions_version": None, "detail": detail}, 503
    layer = data.metrics_layer()
    body: dict[str, str | None] = {
        "status": "ok", "data_version": version, "definitions_version": layer.definitions_version, "detail": None,
    }  # fmt: skip
    if data.reachability().lost_at is not None:
        return body | {"status": "warehouse unreachable", "detail": "showing last good answers"}, 503
    if layer.definition_problems:
        return body | {"detail": f"newest definitions not in use: {layer.definition_problems[0]}"}, 200
    return body, 200


async def healthz(_request: Request) -> JSONResponse:
    """Answers whether this process can answer. Probe the body: unknown paths answer 200 with a page."""
    body, code = await anyio.to_thread.run_sync(health)
    return JSONResponse(body, status_code=code, headers={"Cache-Control": "no-store"})


async def followed(socket: WebSocket) -> None:
    """Tells an open page's browser what moved; see `dashboard.live_socket`."""
    from dashboard.live_socket import follow  # noqa: PLC0415 - caches are chosen once the server runs

    await follow(socket)


def warm() -> None:
    """Opens the warehouse and asks for the first page, so that the first visitor does not wait for it.

    From then on the definitions and the data are followed, whether or not anybody comes.
    """
    from dashboard import layer as data  # noqa: PLC0415
    from dashboard.viewmodels import holdings  # noqa: PLC0415
    from dashboard.viewmodels.filters import Filters  # noqa: PLC0415
    from dashboard.views.scorecard import view_model  # noqa: PLC0415
    from dashboard.visit import Visit  # noqa: PLC0415
    from dashboard.written import written  # noqa: PLC0415

    try:
        metrics, today = data.metrics_layer().as_it_stands(), data.today()
        held = data.answer(metrics, lambda: holdings.build(metrics, today), "holdings")
        view_model(Visit(metrics, data.places(metrics), data.services(metrics), Filters(), held, today, written()))
    except (WarehouseError, CatalogueError) as error:
        _log.warning("Started without data: %s", error)
    except Exception:  # noqa: BLE001 - a page that fails must not keep the server from starting
        _log.exception("The first page could not be prepared; it will be tried again when somebody comes")


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Warms up beside the server: whoever comes before it is done is told so, and gets the answers as they come."""
    from dashboard import training  # noqa: PLC0415
    from dashboard.live_socket import open_line  # noqa: PLC0415

    threading.Thread(target=warm, name="warm", daemon=True).start()
    training.start()
    async with open_line():
        yield {}
    training.stop()


def in_words(error: BaseException) -> bool:
    """Draws words in place of what the entry script itself raised."""
    from dashboard.components import states  # noqa: PLC0415

    states.failed("app", error)
    return True


app = st.App(
    Path(__file__).parent / "app.py",
    routes=[Route("/healthz", healthz), WebSocketRoute("/live", followed), *page_shell.ROUTES],
    lifespan=lifespan,
    on_script_error=in_words,
)
