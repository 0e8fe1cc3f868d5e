"""The timings, in a process of one thread on one core; prints JSON. Started by `python -m benchmarks.spc`."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.spc import recipe, table
from dashboard.viewmodels.variation import variations
from metrics.spc import xmr

SIZES = {"all": 10_000, "package": 130, "scorecard": 2_000}
PROFILES = {"all": "mdc", "package": "plotthedots", "scorecard": "mdc"}
RECIPE_SIZE = 500  # a quarter of a scorecard, as the recipe takes a while


def main() -> int:
    """Prints what was taken: clock and processor milliseconds by size and contestant, and how far the two agree."""
    rounds, python, folder = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    frames = {name: table.series(count) for name, count in SIZES.items()}
    works: dict[str, Callable[[], Any]] = {
        f"ours {name}": partial(xmr, frame, PROFILES[name]) for name, frame in frames.items()
    }
    works["ours board"] = partial(variations, table.subjects(frames["scorecard"]))
    beside = table.series(RECIPE_SIZE)
    in_pandas = beside.to_pandas()
    works["ours beside"] = partial(xmr, beside, "mdc")
    works["recipe beside"] = partial(recipe.icons, in_pandas)
    works["recipe package"] = partial(recipe.icons, frames["package"].to_pandas())
    for work in works.values():
        work()
    gc.collect()
    gc.freeze()  # nobody's turn pays for looking through the others' data
    taken: dict[str, list[list[float]]] = {name: [] for name in works}
    with ExitStack() as stack:
        versions = {name: metadata.version(name) for name in ("numpy", "pandas", "polars")}
        asked: Callable[[], Any] | None = None
        if python:
            asked, its_versions = stack.enter_context(_peer(python, beside, folder))
            taken["abspc beside"] = []
            versions["abspc"] = its_versions["abspc"]
        for _ in range(rounds):
            for name, work in works.items():
                clock, cpu = time.perf_counter(), time.process_time()
                work()
                taken[name].append([1e3 * (time.perf_counter() - clock), 1e3 * (time.process_time() - cpu)])
            if asked:
                taken["abspc beside"].append(asked())
    print(json.dumps({
        "rounds": rounds,
        "taken": taken,
        "sizes": {**SIZES, "board": SIZES["scorecard"], "beside": RECIPE_SIZE},
        "differ": recipe.agreement(counted(beside), recipe.icons(in_pandas)),
        "threads": pl.thread_pool_size(),
        "versions": versions,
    }))  # fmt: skip
    return 0


@contextmanager
def _peer(python: str, frame: pl.DataFrame, folder: Path) -> Iterator[tuple[Callable[[], Any], dict[str, str]]]:
    """Gives what asks abspc for a round, and its versions."""
    table_file = folder / "series.csv"
    frame.write_csv(table_file)
    command = [python, str(Path(__file__).parent / "peer.py"), str(table_file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None  # noqa: S101 - piped above
        assert stdout is not None  # noqa: S101 - piped above

        def asked() -> Any:
            print("again", file=stdin, flush=True)
            return json.loads(stdout.readline())

        yield asked, json.loads(stdout.readline())
        stdin.close()


def counted(frame: pl.DataFrame) -> pl.DataFrame:
    """Returns our icons and the number of rows on which each rule fired, with the recipe's columns."""
    drawn = xmr(frame, "mdc")
    fired = drawn.points.group_by("series").agg(pl.col(rule).cast(pl.Int64).sum() for rule in recipe.RULES)
    return drawn.series.select("series", "variation_icon", "assurance_icon").join(fired, on="series")


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    sys.exit(main())
