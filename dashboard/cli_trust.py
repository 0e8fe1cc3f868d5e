"""What `bellwether run` does about the simulated trust: builds it once, and lets it go on beside the dashboard."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

import sqlalchemy as sa
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from dashboard.format import day_words
from metrics.warehouse.connect import embedded_folder, open_warehouse
from metrics.warehouse.errors import WarehouseBusyError
from metrics.warehouse.tables.operational import fingerprint
from metrics.warehouse.tables.operational.provenance import meta_operational

if TYPE_CHECKING:
    from sample_data.simulator.scenario import Scenario

YEARS = 3
SCALE = 0.2
_STOP_SECONDS = 10.0


def build_trust(url: str, console: Console, *, filled: bool, scenario: Scenario | None = None) -> bool:
    """Simulates a trust beside the published data, where there is none, and returns whether it did.

    Three years up to yesterday, a fifth of the usual size, unless a scenario is given.

    Records of a trust's own are left alone. A server's database is only given a trust when it was filled just now: it
    belongs to more people than one. A simulation in tables of an older version is made anew, on this machine only.
    """
    embedded = embedded_folder(url) is not None
    if not (embedded or filled) or not _wants_trust(url, embedded=embedded):
        return False
    from sample_data.simulator.engine import usual_days  # noqa: PLC0415  only a first start pays for it
    from sample_data.simulator.loading import OwnRecordsError, write_warehouse  # noqa: PLC0415
    from sample_data.simulator.scenario import usual_scenario  # noqa: PLC0415

    wanted = scenario or usual_scenario(*usual_days(YEARS, date.today()), scale=SCALE)  # noqa: DTZ011  the user's day
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Simulating a trust", total=wanted.days)

        def tell(day: date, _rows: int) -> None:
            done = (day - wanted.first_day).days + 1
            bar.update(task, description=f"Simulating a trust: {day_words(day)}", completed=done)

        try:
            write_warehouse(wanted, url, tell)
        except (WarehouseBusyError, OwnRecordsError):
            return False  # somebody else writes; what is there can be shown meanwhile
    return True


def _wants_trust(url: str, *, embedded: bool) -> bool:
    engine = open_warehouse(url).engine
    if not sa.inspect(engine).has_table(meta_operational.name):
        return True
    with engine.connect() as connection:
        held = connection.execute(sa.select(meta_operational.c.provenance, meta_operational.c.fingerprint)).all()
    outdated = [name for name, made_with in held if name == "simulated" and made_with != fingerprint()]
    return not held or (embedded and len(outdated) == len(held))


@contextmanager
def feed_beside(url: str, *, wanted: bool) -> Iterator[subprocess.Popen[bytes] | None]:
    """Runs `bellwether feed` as a process of its own, which ends with this one, however this one ends."""
    if not wanted:
        yield None
        return
    command = [sys.executable, "-m", "dashboard.cli", "feed", "--attached", "--warehouse", url]
    feed = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603  our own command
    try:
        yield feed
    finally:
        if feed.stdin is not None:
            feed.stdin.close()  # at which it stops, as it also does when this process is killed
        try:
            feed.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            feed.kill()
            feed.wait()
