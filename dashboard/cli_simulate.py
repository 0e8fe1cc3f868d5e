"""`bellwether simulate`: a fictional trust's records, as Parquet files or in the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from dashboard.cli_layer import beside, refuse, told
from dashboard.format import day_words
from sample_data.simulator.engine import usual_days
from sample_data.simulator.folder import FolderTakenError, write_folder
from sample_data.simulator.folder import Progress as Tell
from sample_data.simulator.loading import write_warehouse
from sample_data.simulator.scenario import Scenario, usual_scenario

console = Console(highlight=False, soft_wrap=True)


def simulate(
    years: Annotated[int, typer.Option(min=1, max=30, help="How many years.")] = 3,
    scale: Annotated[
        float, typer.Option(help="Size of the trust; 1 has 60,000 emergency attendances a year, 100 a hundred times.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Another number gives another course of the same trust.")] = 1,
    begin: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], help="First day. Left out: so many years up to yesterday.", metavar="DATE"
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write Parquet files into this new folder.", metavar="FOLDER")
    ] = None,
    warehouse: Annotated[
        bool, typer.Option("--warehouse", help="Write into the warehouse, beside what is loaded there.")
    ] = False,
    url: Annotated[
        str | None, typer.Option(help="Database URL, in place of BELLWETHER_WAREHOUSE.", metavar="URL")
    ] = None,
) -> None:
    """Simulate a fictional trust: emergency care, beds, waiting lists, clinics, letters, staff and costs.

    The same seed, scale and days give the same rows. What the trust's initiatives really do stands in truth.json.
    Files appear all together at the end; a run that was stopped goes on when it is started again.

    For example: `bellwether simulate --out trust`, `bellwether simulate --years 1 --warehouse`.
    """
    if (out is None) == (not warehouse):
        refuse("Say where to: --out FOLDER for Parquet files, or --warehouse.")
    first, last = usual_days(years, date.today())  # noqa: DTZ011  the user's own day
    if begin is not None:
        first = begin.date()
        if (first.month, first.day) == (2, 29):
            refuse("Begin on another day than 29 February, which most years do not have.")
        last = first.replace(year=first.year + years) - timedelta(days=1)
    try:
        scenario = usual_scenario(first, last, seed=seed, scale=scale)
    except ValueError as error:
        refuse(str(error))
    with told():
        _write(scenario, out, url)


def _write(scenario: Scenario, out: Path | None, url: str | None) -> None:
    days = f"{day_words(scenario.first_day)} to {day_words(scenario.last_day)}"
    if out is None:
        with _progress(scenario) as tell:
            rows = write_warehouse(scenario, url, tell)
        console.print(f"Simulated {sum(rows.values()):,} rows, {days}, into the warehouse.", markup=False)
        return
    try:
        with _progress(scenario) as tell:
            written = write_folder(scenario, out, tell)
    except FolderTakenError as error:
        refuse(str(error))
    if written.was_there:
        console.print(f"{out} holds this simulation already; nothing was changed.", markup=False)
        return
    for name, count in written.rows.items():
        console.print(f"  {name:<24}{count:>14,}", markup=False)
    console.print(f"Simulated {sum(written.rows.values()):,} rows, {days}, into {out}.", markup=False)


@contextmanager
def _progress(scenario: Scenario) -> Iterator[Tell]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=beside, transient=True) as bar:
        task = bar.add_task("Warming up", total=scenario.days)

        def tell(day: date, rows: int) -> None:
            done = (day - scenario.first_day).days + 1
            bar.update(task, description=f"{day_words(day)}, {rows:,} rows", completed=done)

        yield tell
