"""One size, in a process of its own: `python -m benchmarks.cubes.timed ROWS`. Writes what it found as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import polars as pl
import sqlalchemy as sa
from polars.testing import assert_frame_equal

from benchmarks.cubes.appointments import LAST, commit, url_of
from benchmarks.cubes.asked import Asked, asked
from metrics import MetricsLayer
from metrics.query.engine import forget
from metrics.warehouse.tables.operational.elective import fact_appointment

_ROUNDS, _SQL_ROUNDS, _REFRESHES = 7, 3, 5
_MODEL = "local_appointments"


def measured(rows: int) -> dict[str, Any]:
    """Returns the times in milliseconds, memory in bytes, cells."""
    url = url_of(rows)
    layer = MetricsLayer.open(url, today=lambda: LAST)
    held = layer.warehouse.frame(sa.select(sa.func.count().label("n")).select_from(fact_appointment))["n"].item()
    before = _peak()
    start = time.perf_counter()
    layer.keep_cubes(of=lambda model: model.name == _MODEL)
    while layer.build_cube():
        pass
    built = time.perf_counter() - start
    cubes = layer.cubes
    assert cubes is not None  # noqa: S101 - they were just asked for
    cube = cubes.held[_MODEL].cube
    found: dict[str, Any] = {
        "rows": held, "build_s": round(built, 2), "peak_before": before, "peak_after_build": _peak(),
        "cells": cube.cells, "cube_bytes": cube.bytes, "answers": {}, "sql": {}, "refresh_ms": [], "commit_ms": [],
    }  # fmt: skip
    for each in asked(LAST):
        _check(layer, each)
        found["answers"][each.name] = [_timed(lambda each=each: _cold(layer, each)) for _ in range(_ROUNDS)]
        found["sql"][each.name] = [_timed(lambda each=each: _by_hand(layer, each)) for _ in range(_SQL_ROUNDS)]
    for turn in range(_REFRESHES):
        found["commit_ms"].append(_timed(lambda turn=turn: commit(url, LAST, turn)))
        found["refresh_ms"].append(_timed(lambda: _refreshed(layer)))
    for each in asked(LAST):
        _check(layer, each)
    found["peak_at_end"] = _peak()
    return found


def _cold(layer: MetricsLayer, each: Asked) -> None:
    forget(layer)
    query = layer.ask(each.request).queries[0]
    assert query.from_cube, query.miss  # noqa: S101


def _refreshed(layer: MetricsLayer) -> None:
    """Takes in the newest state; the cube itself takes its changes in when it is asked for."""
    layer.refresh()
    assert layer.cubes is not None  # noqa: S101
    assert layer.cubes.current(_MODEL) is not None, "the cube was given up in place of being refreshed"  # noqa: S101


def _by_hand(layer: MetricsLayer, each: Asked) -> pl.DataFrame:
    with layer.warehouse.engine.connect() as connection:
        native: Any = connection.connection.driver_connection
        frame = pl.from_arrow(native.sql(each.sql).to_arrow_table())
    assert isinstance(frame, pl.DataFrame)  # noqa: S101
    return frame


def _check(layer: MetricsLayer, each: Asked) -> None:
    """Checks that the cube and hand-written SQL give the same numbers."""
    keys = ["period", *each.request.by]
    ours = layer.ask(each.request).frame.filter(pl.col("value").is_not_null()).select(*keys, "value").sort(keys)
    theirs = _by_hand(layer, each).filter(pl.col("value").is_not_null()).select(*keys, "value").sort(keys)
    joined = theirs.join(ours, on=keys, how="left", suffix="_ours").select(*keys, pl.col("value_ours").alias("value"))
    assert_frame_equal(joined, theirs, rel_tol=1e-12)


def _timed(do: Any) -> float:
    start = time.perf_counter()
    do()
    return (time.perf_counter() - start) * 1000


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    json.dump(measured(int(sys.argv[1])), sys.stdout)
