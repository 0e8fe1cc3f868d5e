"""One peer in a process of its own, which does what it is told, line by line.

A line in is JSON: `do` (`compile`, `answer`, `hand` or `write`), `query`, and for `hand` the SQL, for `write` the file.
A line out is JSON: `clock` and `cpu`, in milliseconds. This module runs in the peer's environment, so that it needs
Polars alone.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import polars as pl


@dataclass(frozen=True, slots=True)
class Query:
    """How the peer is asked: `compile` gives SQL, `answer` a frame with `period`, `service` and `value`."""

    words: str
    compile: Callable[[], str]
    answer: Callable[[], pl.DataFrame]


def serve(native: Any, queries: Mapping[str, Query], packages: tuple[str, ...]) -> None:
    """Answers lines until there are none; `native` is the DuckDB connection that the peer itself uses."""
    out, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints is no answer
    versions = {name: metadata.version(name) for name in (*packages, "duckdb", "polars")}
    words = {name: query.words for name, query in queries.items()}
    print(json.dumps({"versions": {**versions, "python": platform.python_version()}, "queries": words}), file=out)
    out.flush()
    for line in sys.stdin:
        asked = json.loads(line)
        query = queries.get(asked.get("query", ""))
        clock, cpu = time.perf_counter(), time.process_time()
        match asked["do"], query:
            case "compile", Query() as known:
                known.compile()
            case "answer", Query() as known:
                known.answer()
            case "hand", _:
                native.sql(asked["sql"]).pl()
            case "write", Query() as known:
                known.answer().write_parquet(asked["to"])
            case _:
                raise SystemExit(f"There is nothing to do for {line}")
        taken = {"clock": 1000 * (time.perf_counter() - clock), "cpu": 1000 * (time.process_time() - cpu)}
        print(json.dumps(taken), file=out)
        out.flush()
