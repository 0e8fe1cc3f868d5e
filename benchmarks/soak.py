"""An hour of a hospital in a hurry, with random kills, and a reader who checks: `python -m benchmarks.soak`.

A feed writes into an embedded warehouse, a dashboard serves the Today page to a real browser. Both are killed again
and again (`kill -9`) and started anew. For every state that is published, the numbers of the page are worked out
by SQL written by hand. What the browser shows must be one of those states, all of its numbers together. At the end
every cube is held against its rows, day by day.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Page

from benchmarks.measuring import RESULTS, machine
from metrics import MetricsLayer
from metrics.query.clock import clock_of
from metrics.query.periods import LONDON
from metrics.warehouse.connect import Snapshot, open_warehouse
from metrics.warehouse.settings import embedded_url
from sample_data.published.load import load_shipped
from sample_data.simulator.engine import usual_days
from sample_data.simulator.loading import write_warehouse
from sample_data.simulator.scenario import usual_scenario
from tests.browser.driving import chromium_browser, new_context
from tests.server import free_port

PROJECT = Path(__file__).parent.parent
FOLDER = PROJECT / "build" / "soak"
BELLWETHER = str(Path(sys.executable).with_name("bellwether"))
_SHOWN = """() => {
  const part = document.querySelector('[data-testid=part-ed]');
  const list = document.querySelector('.bw-now');
  if (!part || !list || document.querySelector('[data-stale="true"]')) return null;
  const values = [...list.querySelectorAll(':scope > div')].map(tile => tile.querySelector('dd').textContent);
  return [part.textContent, ...values];
}"""
_BANDS = (timedelta(hours=4), timedelta(hours=12))
_OPEN = """
SELECT count(*), count(*) FILTER (WHERE arrived_at >= $four),
       count(*) FILTER (WHERE arrived_at < $four AND arrived_at >= $twelve),
       count(*) FILTER (WHERE arrived_at < $twelve),
       count(*) FILTER (WHERE decided_at IS NOT NULL),
       count(*) FILTER (WHERE arrival_mode = 'ambulance' AND handed_over_at IS NULL)
FROM fact_ed_attendance
WHERE departed_at IS NULL AND CAST(timezone('Europe/London', timezone('UTC', arrived_at)) AS DATE) > $oldest
"""

State = tuple[str, ...]


@dataclass
class Found:
    """What was seen.

    Attributes:
        states: how many states of the data were published, and what each shows.
        looks: how often the page was read while it showed figures.
        wrong: what it showed that no state had.
    """

    states: dict[State, str] = field(default_factory=dict)
    looks: int = 0
    distinct: set[State] = field(default_factory=set)
    wrong: list[State] = field(default_factory=list)
    kills: dict[str, int] = field(default_factory=lambda: {"feed": 0, "dashboard": 0})
    faults: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


def home() -> Path:
    """Returns a new home with the shipped data and a year of a small trust."""
    kept, place = FOLDER / "kept", FOLDER / "home"
    if not (kept / "done").exists():
        url = embedded_url(kept / "warehouse")
        load_shipped(url=url)
        first, last = usual_days(1, datetime.now(UTC).date())
        write_warehouse(usual_scenario(first, last, scale=0.2), url)
        (kept / "done").touch()
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(kept, place)
    return place


def state_of(snapshot: Snapshot) -> State:
    """Returns what the page's first part shows in a state of the data, by SQL written by hand."""
    clock = clock_of(snapshot)
    assert clock is not None  # noqa: S101 - the warehouse has a trust
    now, london = clock.now.replace(tzinfo=None), clock.now.astimezone(LONDON)
    with snapshot.engine.connect() as connection:
        native: Any = connection.connection.driver_connection
        values = native.execute(
            _OPEN, {"four": now - _BANDS[0], "twelve": now - _BANDS[1], "oldest": london.date() - timedelta(days=30)}
        ).fetchone()
    return (f"{london.day} {london:%B %Y}, {london:%H:%M}", *(f"{value:,}" for value in values))


def follow(url: str, found: Found) -> None:
    """Works out what each published state shows, as soon as it is there."""
    warehouse = open_warehouse(url)
    while not found.ended.is_set():
        snapshot = warehouse.snapshot()
        try:
            found.states.setdefault(state_of(snapshot), snapshot.data_version)
        except sa.exc.DBAPIError as error:  # a state that was gone before it was read
            found.faults.append(str(error).splitlines()[0])
        while not warehouse.refresh() and not found.ended.is_set():
            time.sleep(0.05)


@contextmanager
def always(command: list[str], environment: dict[str, str], log: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Yields a list with the running process, which whoever kills it replaces by `again`."""
    running = [start(command, environment, log)]
    try:
        yield running
    finally:
        running[0].kill()
        running[0].wait()


def start(command: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Returns a process of its own group."""
    with log.open("ab") as out:
        return subprocess.Popen(
            command, cwd=PROJECT, env={**os.environ, **environment}, stdout=out, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kills a process and its children at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def look(page: Page, found: Found) -> None:
    """Reads the page and holds what it shows against the states that were published."""
    shown = page.evaluate(_SHOWN)
    if shown is None:
        return
    at = re.search(r"as of (\d+ \w+ \d{4}, \d\d:\d\d)", shown[0])
    if at is None:
        return
    state = (at.group(1), *shown[1:])
    found.looks += 1
    found.distinct.add(state)
    until = time.monotonic() + 5  # the one who works states out may be a moment behind
    while state not in found.states and time.monotonic() < until:
        time.sleep(0.05)
    if state not in found.states and state not in found.wrong:
        found.wrong.append(state)


def soak(minutes: float, seed: int) -> Found:
    """Runs it and returns what was seen."""
    place, dice, found = home(), random.Random(seed), Found()  # noqa: S311 - a repeatable order of kills
    environment, port = {"BELLWETHER_HOME": str(place)}, free_port()
    logs = {name: FOLDER / f"{name}.log" for name in ("feed", "dashboard")}
    for log in logs.values():
        log.write_bytes(b"")
    commands = {
        "feed": [BELLWETHER, "feed", "--accelerate", "300", "--commit-seconds", "1"],
        "dashboard": [BELLWETHER, "run", "--no-browser", "--no-trust", "--port", str(port)],
    }
    follower = threading.Thread(target=follow, args=(embedded_url(place / "warehouse"), found), daemon=True)
    follower.start()
    with (
        always(commands["dashboard"], environment, logs["dashboard"]) as dashboard,
        always(commands["feed"], environment, logs["feed"]) as feed,
        chromium_browser() as browser,
    ):
        page = new_context(browser).new_page()
        ends, next_kill = time.monotonic() + minutes * 60, time.monotonic() + 60
        while time.monotonic() < ends:
            try:
                if page.url == "about:blank":
                    page.goto(f"http://127.0.0.1:{port}/today", timeout=10_000)
                look(page, found)
            except BrowserError:
                time.sleep(1)
                try_again(page, port)
            if time.monotonic() > next_kill:
                name = dice.choice(["feed", "feed", "dashboard"])
                running = feed if name == "feed" else dashboard
                kill(running[0])
                found.kills[name] += 1
                running[0] = start(commands[name], environment, logs[name])
                next_kill = time.monotonic() + dice.uniform(5, 40)
            page.wait_for_timeout(100)
    found.ended.set()
    follower.join()
    found.faults += faults(place, logs)
    return found


def try_again(page: Page, port: int) -> None:
    """Opens the page again after its server went away; it may not be back yet."""
    try:
        page.goto(f"http://127.0.0.1:{port}/today", timeout=10_000)
    except BrowserError:
        time.sleep(1)


def faults(place: Path, logs: dict[str, Path]) -> list[str]:
    """Returns what is wrong at the end: days on which a cube is not what its rows give, and what servers mended."""
    found = [line for line in logs["dashboard"].read_text(errors="replace").splitlines() if "has been mended" in line]
    layer = MetricsLayer.open(embedded_url(place / "warehouse"))
    layer.keep_cubes(place / "cubes")  # those that the killed dashboards left, brought up to date
    while layer.build_cube():
        pass
    kept = layer.cubes
    for name, month in kept.partitions() if kept is not None else ():
        found += [f"{name} differs on {day}" for day in kept.differing(name, month)] if kept is not None else []
    return found


def main() -> None:
    """Runs it, writes what was seen, and fails when anything was wrong."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--minutes", type=float, default=60)
    given.add_argument("--seed", type=int, default=1)
    chosen = given.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = soak(chosen.minutes, chosen.seed)
    told = {
        "minutes": chosen.minutes, "seed": chosen.seed, "states_published": len(found.states),
        "looks_at_the_page": found.looks, "states_seen": len(found.distinct), "kills": found.kills,
        "states_shown_that_never_were": found.wrong, "faults": found.faults, **machine(),
    }  # fmt: skip
    (RESULTS / "soak.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(told, indent=2))
    if found.wrong or found.faults or not found.distinct:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
