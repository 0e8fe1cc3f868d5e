"""`bellwether feed`: the simulated trust goes on, event by event, in a process of its own."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from dashboard.cli_layer import beside, refuse, told
from dashboard.format import day_words
from metrics.warehouse.live import opened
from sample_data.simulator.feed.feeding import COMMIT_SECONDS, AtOnce, AtRate, Feed, InRealTime, InTime, Pace
from sample_data.simulator.feed.feeding import Progress as Written
from sample_data.simulator.feed.place import NO_MISHAPS, Mishaps

USUAL_TIMES = 60.0
console = Console(highlight=False, soft_wrap=True)


def feed(
    rate: Annotated[
        float | None, typer.Option(min=0.01, help="So many events a second.", metavar="EVENTS", show_default=False)
    ] = None,
    accelerate: Annotated[
        float | None,
        typer.Option(
            min=0.01, help=f"So many times as fast as the clock. Left out: {USUAL_TIMES:.0f}.", metavar="TIMES"
        ),
    ] = None,
    real_time: Annotated[
        bool, typer.Option("--real-time", help="As fast as the clock, after catching up with it.")
    ] = False,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="As fast as the warehouse takes it. Say how far with --days or --until.")
    ] = False,
    warehouse: Annotated[
        str | None, typer.Option(help="Database URL, in place of BELLWETHER_WAREHOUSE.", metavar="URL")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Stop after so many days of the trust.")] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Stop after this day.", metavar="DATE")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Another number lets other records go wrong; holds from the next day on.")
    ] = None,
    mishaps: Annotated[
        bool, typer.Option(help="Whether records are late, wrong and amended, or entered in error and taken away.")
    ] = True,
    commit_seconds: Annotated[
        float, typer.Option(min=0.01, max=60, help="How often to commit, at most.")
    ] = COMMIT_SECONDS,
    attached: Annotated[
        bool, typer.Option("--attached", hidden=True, help="Stop when the standard input ends; say nothing meanwhile.")
    ] = False,
) -> None:
    """Go on with the simulated trust in the warehouse: its records come in as they would in a hospital.

    A row is put in when its event happens and corrected as more becomes known. Stop it with Ctrl+C; started again, also
    after it was killed, it goes on where it was. It needs a trust in the warehouse: bellwether simulate --warehouse.

    For example: `bellwether feed --accelerate 60`, `bellwether feed --rate 500`, `bellwether feed --at-once --days 7`.
    """
    if sum((rate is not None, accelerate is not None, real_time, at_once)) > 1:
        refuse("Say one of --rate, --accelerate, --real-time and --at-once.")
    if at_once and days is None and until is None:
        refuse("Say how far with --days or --until.")
    pace: Pace = InTime(accelerate or USUAL_TIMES)
    if rate is not None:
        pace = AtRate(rate)
    elif real_time:
        pace = InRealTime()
    elif at_once:
        pace = AtOnce()
    odds = NO_MISHAPS if not mishaps else None if seed is None else Mishaps(seed=seed)
    last = None if until is None else until.date()
    with _stopped_by_signals() as stop, told(), opened(warehouse) as live, _progress(quiet=attached) as tell:
        if attached:
            threading.Thread(target=_stop_at_end_of_input, args=(stop,), daemon=True).start()
        run = Feed(live, pace, until=last, days=days, mishaps=odds, tell=tell, commit_seconds=commit_seconds)
        run.run(stop)
        if attached:
            return
        said = f"The feed wrote {run.written.events:,} events in {run.written.commits:,} commits"
        console.print(f"{said}, up to {_instant(run.written.at)}." if run.written.commits else f"{said}.", markup=False)


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Gives an event that is set when the process is asked to end: what is begun is committed first, and all put away.

    Asked again, it is still ending.
    """
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop_at_end_of_input(stop: threading.Event) -> None:
    while os.read(0, 4096):  # not through sys.stdin, whose lock a thread may not hold when the process ends
        pass
    stop.set()


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[Written], None]]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=beside, transient=True, disable=quiet) as bar:
        task = bar.add_task("Getting ready")

        def tell(written: Written) -> None:
            bar.update(task, description=f"{_instant(written.at)} in the trust, {written.events:,} events written")

        yield tell


def _instant(at: datetime) -> str:
    return f"{day_words(at.date())}, {at:%H:%M} UTC"
