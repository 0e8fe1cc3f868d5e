"""`bellwether journal`: the annotations and phases that people wrote down, and writing them."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from dashboard import cli_asked as asked
from dashboard.cli_layer import beside, refuse, told
from dashboard.format import day_words, in_london
from dashboard.local_user import os_user
from dashboard.viewmodels.places import Places
from metrics import MetricsLayer
from metrics.catalogue import Catalogue, folders_of, load, suggest
from metrics.catalogue.rules.scope import dimensions_of
from metrics.journal import Entry, Journal
from metrics.warehouse.errors import WarehouseError
from metrics.warehouse.settings import load_settings

PIPE_WIDTH = 160

keeping = typer.Typer(help="Read and write annotations and phases. Nothing that is written is ever changed or deleted.")


class Kind(StrEnum):
    """What can be written down."""

    PHASE = "phase"
    ANNOTATION = "annotation"


class Format(StrEnum):
    """How the list is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


EntryId = Annotated[
    int, typer.Argument(help="The entry's number, as `bellwether journal list` shows it.", metavar="ID")
]
Why = Annotated[str, typer.Option("--why", help="Why, in words: it is kept with your name and the time.")]


@keeping.command(name="list")
def listed(
    metric: Annotated[list[str] | None, typer.Option("--metric", help="Only of this metric. Can be repeated.")] = None,
    retracted: Annotated[bool, typer.Option("--retracted", help="Also what was retracted, by whom and why.")] = False,
    form: Annotated[Format, typer.Option("--format", help="How to write the list.")] = Format.TABLE,
) -> None:
    """List what is written in the journal, by day.

    For example: `bellwether journal list --metric ae_four_hour --retracted`, `bellwether journal list --format csv`.
    """
    with told():
        settings = load_settings()
        journal = Journal.open(settings)
        found = journal.everything(metric, with_retracted=retracted)
        for name in set(metric or ()) - set(found["metric"]):  # what is no longer defined may still have entries
            load(folders_of(settings)).metric(name)
        _write(found, form, journal.place, retracted=retracted)


@keeping.command()
def add(
    kind: Annotated[Kind, typer.Argument(help="A phase sets mean and limits anew; an annotation says something.")],
    metric: Annotated[str, typer.Option("--metric", help="The metric's id, as `bellwether metrics` lists it.")],
    on: Annotated[str, typer.Option("--on", help="The day, as 2026-03-31; of a phase, its first.", metavar="DATE")],
    reason: Annotated[str, typer.Option("--reason", help="What happened, in words a later reader will understand.")],
    organisation: Annotated[
        str | None, typer.Option("--organisation", help="Only for this organisation's code. Everywhere when left out.")
    ] = None,
    service: Annotated[
        str | None, typer.Option("--service", help="Only for this service's code. For all when left out.")
    ] = None,
    baseline_points: Annotated[
        int | None,
        typer.Option(
            "--baseline-points",
            help="Of a phase: its first so many points, 12 at least, set limits that are frozen. Every point when "
            "left out.",
            metavar="N",
        ),
    ] = None,
) -> None:
    """Write an annotation or a phase under the name of the operating system's user.

    For example:

        bellwether journal add phase --metric ae_four_hour --on 2025-10-01 --organisation R0A --reason "New front door"

        bellwether journal add annotation --metric ae_attendances --on 2026-01-05 --reason "Heavy snow"
    """
    with told():
        settings = load_settings()
        catalogue = load(folders_of(settings))
        catalogue.metric(metric)
        entry = Entry(
            kind.value,
            metric,
            asked.day(on, "--on"),
            reason,
            organisation=organisation,
            service=service,
            baseline_points=baseline_points,
        )
        _check_codes(catalogue, entry)
        journal = Journal.open(settings)
        number = journal.write(entry, _author(), known_metrics=catalogue.metrics)
        beside.print(f"Entry {number} is written: {kind.value} of {metric}, {day_words(entry.on_day)}.", markup=False)


@keeping.command()
def retract(entry: EntryId, why: Why) -> None:
    """Take an entry off the charts. It stays in the journal and can be restored.

    For example: `bellwether journal retract 12 --why "The day was wrong"`.
    """
    with told():
        Journal.open(load_settings()).retract(entry, _author(), why)
        beside.print(f"Entry {entry} is retracted. `bellwether journal restore {entry}` brings it back.", markup=False)


@keeping.command()
def restore(entry: EntryId, why: Why) -> None:
    """Bring a retracted entry back onto the charts.

    For example: `bellwether journal restore 12 --why "It was right after all"`.
    """
    with told():
        Journal.open(load_settings()).restore(entry, _author(), why)
        beside.print(f"Entry {entry} is restored.", markup=False)


def _author() -> str:
    return os_user() or refuse("The operating system does not say who you are. Run this as a user that has a name.")


def _check_codes(catalogue: Catalogue, entry: Entry) -> None:
    """Refuses codes that the warehouse does not know: the entry would be on no chart. Without data nothing is known."""
    if entry.organisation is None and entry.service is None:
        return
    if entry.service is not None and "service" not in (dimensions_of(catalogue, catalogue.metric(entry.metric)) or ()):
        refuse(f"{entry.metric} is not held by service. Leave --service out.")
    try:
        layer = MetricsLayer.open()
        places = Places.of(layer.organisations())
    except WarehouseError as error:
        beside.print(f"The codes are not checked: {error}", markup=False)
        return
    code = entry.organisation
    if code is not None and code in places.successors:
        refuse(f"{places.successors[code]} answers for {code} today. Write --organisation {places.successors[code]}.")
    if code is not None and code not in places:
        refuse(f"There is no organisation '{code}'. {suggest(code, places.by_code)}".strip())
    known = layer.members("service")["code"].to_list() if entry.service is not None else []
    if entry.service is not None and entry.service not in known:
        refuse(f"There is no service '{entry.service}'. {suggest(entry.service, known)}".strip())


def _write(entries: pl.DataFrame, form: Format, place: str, *, retracted: bool) -> None:
    if form is Format.TABLE:
        _print_table(entries, place, retracted=retracted)
        return
    plain = entries.with_columns(
        pl.col("on_day").dt.to_string("%Y-%m-%d"),
        pl.col("written_at", "changed_at").dt.to_string("%Y-%m-%dT%H:%M:%SZ"),
    )
    if form is Format.JSON:
        text = json.dumps(plain.to_dicts(), indent=2, ensure_ascii=False) + "\n"
    else:
        text = plain.write_csv()
    sys.stdout.write(text)
    sys.stdout.flush()


def _print_table(entries: pl.DataFrame, place: str, *, retracted: bool) -> None:
    if entries.is_empty():
        beside.print(f"Nothing is written in {place}.", markup=False)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("id", "day", "kind", "metric", "organisation", "service"):
        table.add_column(name, no_wrap=True)
    for name in ("reason", "written by", *(["retracted"] if retracted else [])):
        table.add_column(name)
    for row in entries.iter_rows(named=True):
        points = row["baseline_points"]
        kind = f"phase, first {points}" if points else row["kind"]
        cells = [str(row["id"]), row["on_day"].isoformat(), kind, row["metric"], row["organisation"] or "all"]
        cells += [row["service"] or "all", row["reason"], f"{row['author']}, {_london_day(row['written_at'])}"]
        if retracted:
            cells.append(_gone(row) if row["is_retracted"] else "")
        table.add_row(*(cell.replace("[", "\\[") for cell in cells))
    # A pipe has no width of its own: leave room for reasons.
    Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


def _gone(row: dict[str, Any]) -> str:
    return f"{row['changed_by']}, {_london_day(row['changed_at'])}: {row['changed_why']}"


def _london_day(at: datetime) -> str:
    return in_london(at).date().isoformat()
