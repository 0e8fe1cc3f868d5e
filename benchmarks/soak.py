"""An hour of a hospital in a hurry, with random kills, and a reader who checks: `python -m benchmarks.soak`.

A feed writes into an embedded warehouse, or into a PostgreSQL of its own (`--postgresql`); a dashboard serves the Today
page to a real browser. Both, and that database, are killed again and again (`kill -9`) and started anew. For every
state that is published, numbers of the page's parts are worked out by SQL written by hand. What a part shows in the
browser must be one of those states, all of its numbers and the instant that it says together. At the end every cube is
held against its rows, day by day.
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
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import sqlalchemy as sa
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Page

from benchmarks.measuring import RESULTS, machine
from metrics import MetricsLayer
from metrics.query.clock import clock_of
from metrics.query.periods import LONDON
from metrics.warehouse.connect import Snapshot, embedded_folder, open_warehouse, read_only_engine
from metrics.warehouse.embedded import current_version
from metrics.warehouse.errors import WarehouseError
from metrics.warehouse.settings import embedded_url
from sample_data.published.load import load_shipped
from sample_data.simulator.engine import usual_days
from sample_data.simulator.loading import write_warehouse
from sample_data.simulator.scenario import usual_scenario
from tests.browser.driving import chromium_browser, new_context
from tests.postgresql import Mortal, new_server
from tests.server import QUIET, free_port

PROJECT = Path(__file__).parent.parent
FOLDER = PROJECT / "build" / "soak"
BELLWETHER = str(Path(sys.executable).with_name("bellwether"))
_SHOWN = """(parts) => {
  if (document.querySelector('[data-stale="true"]')) return {};
  const found = {};
  for (const [name, labels] of Object.entries(parts)) {
    const part = document.querySelector(`[data-testid=part-${name}]`);
    const said = part?.querySelector('h2 small');
    const tiles = part ? [...part.querySelectorAll('.bw-now > div')] : [];
    const tile = (label) => tiles.find(each => each.querySelector('dt').textContent === label);
    const value = (label) => tile(label)?.querySelector('dd').textContent;
    if (said && tiles.length) found[name] = [said.textContent, ...labels.map(value)];
  }
  return found;
}"""
_BANDS = (timedelta(hours=4), timedelta(hours=12))
_LONDON_DAY = "CAST(timezone('Europe/London', timezone('UTC', {})) AS DATE)"
_PARTS = {
    "ed": (
        ("In the department", "Up to 4 hours", "4 to 12 hours", "Over 12 hours", "Waiting for a bed",
         "Ambulances waiting"),
        f"""
        SELECT count(*), count(*) FILTER (WHERE arrived_at >= :four),
               count(*) FILTER (WHERE arrived_at < :four AND arrived_at >= :twelve),
               count(*) FILTER (WHERE arrived_at < :twelve),
               count(*) FILTER (WHERE decided_at IS NOT NULL),
               count(*) FILTER (WHERE arrival_mode = 'ambulance' AND handed_over_at IS NULL)
        FROM fact_ed_attendance
        WHERE departed_at IS NULL AND {_LONDON_DAY.format("arrived_at")} > :month_ago
        """,
    ),
    "beds": (
        ("Beds occupied", "No criteria to reside"),
        """
        SELECT count(*), count(*) FILTER (WHERE ready_on < :day)
        FROM fact_spell WHERE discharged_at IS NULL AND ward_code IS NOT NULL
        """,
    ),
    "clinics": (
        ("Booked", "Cancelled"),
        """
        SELECT count(*), count(*) FILTER (WHERE attended IN ('2', '4'))
        FROM fact_appointment WHERE appointment_on = :day
        """,
    ),
    "alerts": (
        ("Not acknowledged",),
        f"""
        SELECT count(*) FROM fact_alert
        WHERE acknowledged_at IS NULL AND {_LONDON_DAY.format("raised_at")} > :month_ago
        """,
    ),
}  # fmt: skip
_KILLED_AGAIN = 0.002  # of ten looks a second: who has not come back yet is killed again now and then
State = tuple[str, ...]
"""A part of the page, the instant that it says, and the values of its tiles."""


@dataclass
class Found:
    """What was seen.

    Attributes:
        versions: states of the data that were published.
        states: what parts show in them, in order, and the state in which each is shown first.
        looks: how often the page was read while it showed figures.
        missed: states that were gone before they were read: what they showed is not known.
        wrong: what it showed that no state had.
    """

    versions: set[str] = field(default_factory=set)
    states: dict[State, str] = field(default_factory=dict)
    looks: int = 0
    distinct: set[State] = field(default_factory=set)
    missed: int = 0
    wrong: list[State] = field(default_factory=list)
    kills: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


def fill(url: str) -> None:
    """Writes the shipped data and a year of a trust."""
    load_shipped(url=url)
    first, last = usual_days(1, datetime.now(UTC).date())
    write_warehouse(usual_scenario(first, last), url)


def home(*, embedded: bool) -> Path:
    """Returns a new home, with an embedded warehouse that is filled or without any."""
    kept, place = FOLDER / "kept", FOLDER / "home"
    shutil.rmtree(place, ignore_errors=True)
    if not embedded:
        place.mkdir(parents=True)
        return place
    if not (kept / "done").exists():
        fill(embedded_url(kept / "warehouse"))
        (kept / "done").touch()
    shutil.copytree(kept, place)
    return place


@contextmanager
def database() -> Iterator[Mortal]:
    """Yields a new PostgreSQL that survives being killed, filled."""
    place = FOLDER / "postgresql"
    shutil.rmtree(place, ignore_errors=True)
    server = new_server(place)
    try:
        fill(server.url)
        yield server
    finally:
        server.kill()


def states_of(snapshot: Snapshot) -> list[State]:
    """Returns what parts of the page show in a state of the data, by SQL written by hand."""
    clock = clock_of(snapshot)
    assert clock is not None  # noqa: S101 - the warehouse has a trust
    now, london = clock.now.replace(tzinfo=None), clock.now.astimezone(LONDON)
    given = {
        "four": now - _BANDS[0], "twelve": now - _BANDS[1], "day": london.date(),
        "month_ago": london.date() - timedelta(days=30),
    }  # fmt: skip
    at, found = f"{london.day} {london:%B %Y}, {london:%H:%M}", []
    with snapshot.engine.connect() as connection:
        for part, (_, question) in _PARTS.items():
            asked = sa.text(question)
            values = connection.execute(asked, {name: given[name] for name in asked.compile().params}).one()
            found.append((part, at, *(f"{value:,}" for value in values)))
    return found


def follow(url: str, found: Found) -> None:
    """Works out what each published state shows, as soon as it is there."""
    folder = embedded_folder(url)
    if folder is not None:
        follow_files(folder, found)
        return
    warehouse = open_warehouse(url)
    while not found.ended.is_set():
        try:
            note(warehouse.snapshot(), found)
            while not warehouse.refresh() and not found.ended.is_set():
                time.sleep(0.05)
        except (sa.exc.DBAPIError, WarehouseError):
            time.sleep(0.05)  # the database was killed


def follow_files(folder: Path, found: Found) -> None:
    """Works out what each published snapshot shows; the last few are kept, so that a slow look loses none."""
    seen = int((current_version(folder) or "1").split("-")[0]) - 1
    while not found.ended.is_set():
        newest = int((current_version(folder) or "0").split("-")[0])
        numbered = {int(path.stem.split("-")[0]): path for path in (folder / "snapshots").glob("*.duckdb")}
        for number in range(seen + 1, newest + 1):
            try:
                engine = read_only_engine(numbered[number])
                note(Snapshot(engine, numbered[number].stem), found)
                engine.dispose()
            except (KeyError, OSError, sa.exc.DBAPIError):
                found.missed += 1  # cleared away before it was read
        seen = max(seen, newest)
        time.sleep(0.02)


def note(snapshot: Snapshot, found: Found) -> None:
    """Keeps what a state shows."""
    for state in states_of(snapshot):
        found.states.setdefault(state, snapshot.data_version)
    found.versions.add(snapshot.data_version)


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


def was(state: State, found: Found, *, embedded: bool) -> bool:
    """Returns whether the page may show this.

    A server answers of now: the clock that the page says may be of one of the two commits before.
    """
    if state in found.states:
        return True
    published = [each for each in list(found.states) if each[0] == state[0]]
    since = [place for place, each in enumerate(published) if each[1] == state[1]]
    return not embedded and bool(since) and state[2:] in {each[2:] for each in published[since[0] : since[-1] + 3]}


def look(page: Page, found: Found, *, embedded: bool) -> None:
    """Reads the page and holds what its parts show against the states that were published."""
    shown = page.evaluate(_SHOWN, {name: list(labels) for name, (labels, _) in _PARTS.items()})
    states = [
        (part, at.group(1), *values)
        for part, (said, *values) in shown.items()
        if (at := re.match(r"as of (\d+ \w+ \d{4}, \d\d:\d\d)", said))
    ]
    if not states:
        return
    found.looks += 1
    until = time.monotonic() + 15  # the one who works states out may be a moment behind
    for state in states:
        found.distinct.add(state)
        while not was(state, found, embedded=embedded) and time.monotonic() < until:
            time.sleep(0.05)
        if not was(state, found, embedded=embedded) and state not in found.wrong:
            found.wrong.append(state)


def soak(minutes: float, seed: int, server: Mortal | None) -> Found:
    """Runs it and returns what was seen."""
    place, dice, found = home(embedded=server is None), random.Random(seed), Found()  # noqa: S311 - repeatable kills
    environment, port = {"BELLWETHER_HOME": str(place), **QUIET}, free_port()
    url = embedded_url(place / "warehouse") if server is None else server.url
    if server is not None:
        environment["BELLWETHER_WAREHOUSE"] = url
    logs = {name: FOLDER / f"{name}.log" for name in ("feed", "dashboard")}
    for log in logs.values():
        log.write_bytes(b"")
    commands = {
        "feed": [BELLWETHER, "feed", "--accelerate", "120", "--commit-seconds", "1"],
        "dashboard": [BELLWETHER, "run", "--no-browser", "--no-trust", "--port", str(port)],
    }
    victims = ["feed", "feed", "dashboard"] + (["database"] if server is not None else [])
    follower = threading.Thread(target=follow, args=(url, found), daemon=True)
    follower.start()
    with (
        always(commands["dashboard"], environment, logs["dashboard"]) as dashboard,
        always(commands["feed"], environment, logs["feed"]) as feed,
        chromium_browser() as browser,
    ):
        page, since = new_context(browser).new_page(), dict.fromkeys(victims, 0)
        ends, next_kill = time.monotonic() + minutes * 60, time.monotonic() + 60
        while time.monotonic() < ends:
            try:
                if page.url == "about:blank":
                    page.goto(f"http://127.0.0.1:{port}/today", timeout=10_000)
                look(page, found, embedded=server is None)
            except BrowserError:
                time.sleep(1)
                try_again(page, port)
            name = dice.choice(victims)
            if time.monotonic() > next_kill and (is_up(name, port, found, since) or dice.random() < _KILLED_AGAIN):
                found.kills[name] = found.kills.get(name, 0) + 1
                if name == "database" and server is not None:
                    server.kill()
                    time.sleep(dice.uniform(0, 5))
                    server.start()
                else:
                    running = feed if name == "feed" else dashboard
                    kill(running[0])
                    running[0] = start(commands[name], environment, logs[name])
                since[name] = len(found.versions)
                next_kill = time.monotonic() + dice.uniform(5, 40)
            page.wait_for_timeout(100)
    found.ended.set()
    follower.join()
    found.faults += faults(url, place, logs)
    return found


def is_up(name: str, port: int, found: Found, since: dict[str, int]) -> bool:
    """Returns whether a victim has come back: the feed has published, the server answers. A database always has."""
    if name == "feed":
        return len(found.versions) > since[name]
    if name == "database":
        return True
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as answer:
        return bool(answer.status == HTTPStatus.OK)
    return False


def try_again(page: Page, port: int) -> None:
    """Opens the page again after its server went away; it may not be back yet."""
    try:
        page.goto(f"http://127.0.0.1:{port}/today", timeout=10_000)
    except BrowserError:
        time.sleep(1)


def faults(url: str, place: Path, logs: dict[str, Path]) -> list[str]:
    """Returns what is wrong at the end: days on which a cube is not what its rows give, and what servers mended."""
    found = [line for line in logs["dashboard"].read_text(errors="replace").splitlines() if "has been mended" in line]
    layer = MetricsLayer.open(url)
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
    given.add_argument("--postgresql", action="store_true", help="in a PostgreSQL of its own, which is killed too")
    chosen = given.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with database() if chosen.postgresql else nullcontext() as server:
        found = soak(chosen.minutes, chosen.seed, server)
    kind = "postgresql" if chosen.postgresql else "embedded"
    seen = {part: sum(each[0] == part for each in found.distinct) for part in _PARTS}
    told = {
        "warehouse": kind, "minutes": chosen.minutes, "seed": chosen.seed, "states_published": len(found.versions),
        "states_missed": found.missed,
        "looks_at_the_page": found.looks, "states_seen": seen,  "kills": found.kills,
        "states_shown_that_never_were": found.wrong, "faults": found.faults, **machine(),
    }  # fmt: skip
    (RESULTS / f"soak_{kind}.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(told, indent=2))
    if found.wrong or found.faults or not found.distinct:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
