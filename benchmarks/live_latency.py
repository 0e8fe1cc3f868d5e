"""From a commit in the warehouse to changed pixels: `python -m benchmarks.live_latency HOME [--sessions 20]`.

HOME is copied, or with `--postgresql URL` that database is fed: both hold a simulated trust. `bellwether feed` writes
as it does anywhere, in a process of its own, and the dashboard serves the Today page to real Chromium tabs on the same
machine. Each page notes, two frames after its emergency departments were drawn again, which commit they show. A commit
counts for every page: it is shown by the first drawing that holds it, or a later one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.measuring import spread, write
from metrics.warehouse.embedded import current_version
from metrics.warehouse.notices import listen
from tests.browser.driving import chromium_browser, new_context, open_page
from tests.server import PROJECT, running_dashboard

WARM_UP_SECONDS = 20.0
COMMIT_SECONDS = 1.0
WATCH = """() => {
  window.shown = [];
  const part = () => document.querySelector('[data-testid="part-ed"]')?.dataset.received;
  let last = part();
  const look = () => {
    const now = part();
    if (!now || now === last) return;
    last = now;
    requestAnimationFrame(() => requestAnimationFrame(() => window.shown.push([now, Date.now()])));
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
}"""


def main() -> int:
    """Feeds, watches, prints and keeps the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="BELLWETHER_HOME with a simulated trust; it is copied")
    parser.add_argument("--postgresql", metavar="URL", help="feed and serve this database instead")
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--rate", type=int, default=500, help="events a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(options.home, home)
        environment = {**os.environ, "BELLWETHER_HOME": str(home)}
        if options.postgresql:
            environment["BELLWETHER_WAREHOUSE"] = options.postgresql
        commits, (began, ended), shown = measured(options, environment, home)
    taken = [each for drawn in shown for each in latencies(commits, drawn)]
    times = [1_000 * (at - commit) for commit, at in taken if began <= commit <= ended]
    if not times:
        print("No commit was shown. Look at the log of the feed and of the dashboard.", file=sys.stderr)
        return 1
    kind = "postgresql" if options.postgresql else "embedded"
    kept = write(
        f"live_latency_{kind}",
        f"From commit to changed pixels: {kind}",
        "From the moment a commit of the feed is there for readers to the second frame after the Today page's "
        "emergency departments were drawn with it, in every open tab of a headless Chromium on the machine that also "
        "feeds and serves, where the browser gives way to both. The aim is 1,000 ms at p50 and 2,000 ms at p95.",
        {f"{options.sessions} open pages": spread(times)},
        events_a_second=options.rate, seconds_between_commits=COMMIT_SECONDS, seconds=options.seconds,
        commits=sum(began <= each <= ended for each in commits),
        drawings_a_page=round(sum(map(len, shown)) / len(shown), 1),
    )  # fmt: skip
    print(kept.read_text(encoding="utf-8"))
    return 0


def measured(
    options: argparse.Namespace, environment: dict[str, str], home: Path
) -> tuple[list[float], tuple[float, float], list[list[tuple[float, float]]]]:
    """Returns when each commit was there, which time counts, and for each page which commit it showed when.

    All times are in seconds since 1970.
    """
    log = Path("test-artifacts") / "live-latency.log"
    log.parent.mkdir(exist_ok=True)
    with (
        running_dashboard(log, environment=environment) as dashboard,
        ThreadPoolExecutor(1) as apart,
        giving_way(apart),
        chromium_browser() as browser,
    ):
        pages: list[Page] = []
        for _ in range(options.sessions):
            pages.append(new_context(browser).new_page())
            open_page(pages[-1], f"{dashboard.url}/today", patience=180)
        with (
            feeding(apart, options.rate, environment, log),
            watching(home / "warehouse", options.postgresql) as commits,
        ):
            pages[0].wait_for_timeout(1_000 * WARM_UP_SECONDS)
            began = time.time()
            for page in pages:
                page.evaluate(WATCH)
            pages[0].wait_for_timeout(1_000 * options.seconds)
            ended = time.time()
            pages[0].wait_for_timeout(5_000)  # what was committed last is still drawn
        shown = [
            [(_seconds(received), drawn_at / 1_000) for received, drawn_at in page.evaluate("() => window.shown")]
            for page in pages
        ]
    return commits, (began, ended), shown


def latencies(commits: list[float], drawn: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Gives for each commit when it was there, and when a drawing first held it.

    A drawing names the commit it holds by the instant at which it was begun, which is before it was there and after
    the one before was.
    """
    place = 0
    for begun, at in drawn:
        holds = bisect_left(commits, begun)  # the first that was there after it was begun
        for number in range(place, min(holds + 1, len(commits))):
            if commits[number] <= at:
                yield commits[number], at
                place = number + 1


@contextmanager
def giving_way(apart: ThreadPoolExecutor) -> Iterator[None]:
    """Has what this thread starts meanwhile give way to others: in life readers' screens are other machines.

    What `apart` starts does not give way: priorities are each thread's own, and are passed on to what it starts.
    """
    apart.submit(time.sleep, 0).result()  # it is there, and of the priority that was
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, before + 10)
    yield


@contextmanager
def feeding(apart: ThreadPoolExecutor, rate: int, environment: dict[str, str], log: Path) -> Iterator[None]:
    """Runs the feed meanwhile."""
    pace = ["--rate", str(rate), "--commit-seconds", f"{COMMIT_SECONDS:g}"]
    command = [str(Path(sys.executable).with_name("bellwether")), "feed", *pace]
    with log.open("ab") as out:
        process = apart.submit(
            subprocess.Popen[bytes], command, cwd=PROJECT, env=environment, stdout=out, stderr=out
        ).result()
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


@contextmanager
def watching(warehouse: Path, postgresql: str | None) -> Iterator[list[float]]:
    """Notes meanwhile when a commit is there for readers: the pointer moves, or PostgreSQL tells."""
    commits: list[float] = []
    stop = threading.Event()

    def look() -> None:
        last = current_version(warehouse)
        while not stop.wait(0.005):
            now = current_version(warehouse)
            if now != last:
                commits.append(time.time())
                last = now

    def hear() -> None:
        listener = listen(postgresql)
        if listener is None:
            raise RuntimeError(f"{postgresql} does not tell of its changes.")
        with listener:
            while not stop.is_set():
                if listener.wait(0.5):
                    commits.append(time.time())

    thread = threading.Thread(target=hear if postgresql else look, daemon=True)
    thread.start()
    try:
        yield commits
    finally:
        stop.set()
        thread.join()


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).astimezone(UTC).timestamp()


if __name__ == "__main__":
    sys.exit(main())
