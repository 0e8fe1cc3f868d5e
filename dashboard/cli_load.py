"""`bellwether load`: brings a newly downloaded publication, or all that ship, into the warehouse."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from dashboard.cli_layer import beside, refuse, told
from dashboard.format import day_words
from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.errors import WarehouseNotBuiltError
from metrics.warehouse.tables.meta import meta_load
from sample_data.published.load import LoadReport, ShippedReport, load_files, load_shipped, loaded_publications
from sample_data.published.reading import Rejection, UnreadableFileError
from sample_data.published.registry import PUBLICATIONS
from sample_data.published.revisions import Revision

REJECTIONS_SHOWN = 10
PERIODS_SHOWN = 6
WIDTH_IN_A_PIPE = 200

_TELLS_OF_ROWS_LEFT_OUT = re.compile(r"\b(?:are|is|were|was) left out|\bleaves? out")

console = Console(highlight=False, soft_wrap=True)

Tell = Callable[[str, int, int], None]


def load(
    publication: Annotated[
        str | None, typer.Argument(help="Which publication the files are of; --list names them.", show_default=False)
    ] = None,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files as downloaded from the publisher, the newest last.")
    ] = None,
    shipped: Annotated[bool, typer.Option("--shipped", help="Load the data that ship with Bellwether.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="With --shipped: empty the warehouse first, your own files included.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Load a file again, or an older edition over a newer one.")
    ] = False,
    allow_fewer: Annotated[
        bool, typer.Option("--allow-fewer", help="Let a file leave far fewer organisations in a month than are held.")
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the publications and what is loaded of each.")] = False,
    rejections: Annotated[
        Path | None, typer.Option(help="Write all rejected rows to this CSV file.", metavar="FILE.csv")
    ] = None,
    warehouse: Annotated[
        str | None, typer.Option(help="Database URL, in place of BELLWETHER_WAREHOUSE.", metavar="URL")
    ] = None,
) -> None:
    """Load a newly downloaded file into the warehouse, and say what it changes.

    The form of the file is recognised; rows of months that are held already are replaced, and the change is
    recorded. The same file again changes nothing. Several files are loaded all together or not at all: when one
    cannot be read, nothing is changed.

    For example: `bellwether load ae_attendances April-2026-AE.csv`, `bellwether load --list`,
    `bellwether load --shipped`.
    """
    with told():
        if listed:
            _list(warehouse)
        elif shipped:
            _load_shipped(warehouse, fresh=fresh)
        elif publication is None:
            refuse("Say which publication, and which files: bellwether load PUBLICATION FILE... See also --list.")
        else:
            _load_files(
                publication, files or [], warehouse, again=again, allow_fewer=allow_fewer, rejections=rejections
            )


def _load_files(
    publication: str,
    files: Sequence[Path],
    warehouse: str | None,
    *,
    again: bool,
    allow_fewer: bool,
    rejections: Path | None,
) -> None:
    if publication not in PUBLICATIONS:
        refuse(f"There is no publication '{publication}'.{_nearest(publication)} `bellwether load --list` names them.")
    if not files:
        refuse(f"Name the files to load: bellwether load {publication} FILE...")
    if rejections is not None:
        _refuse_unwritable(rejections)
    try:
        with _progress() as tell:
            reports = load_files(publication, files, url=warehouse, again=again, allow_fewer=allow_fewer, progress=tell)
    except UnreadableFileError as error:
        refuse(f"{error} Nothing was changed.")
    for report in reports:
        _say(report)
    if rejections is not None:
        _write_rejections(rejections, reports)


def _nearest(name: str) -> str:
    import difflib  # noqa: PLC0415  only for a mistake

    near = difflib.get_close_matches(name, PUBLICATIONS, n=1)
    return f" Did you mean '{near[0]}'?" if near else ""


def _say(report: LoadReport) -> None:
    source = report.source
    if not report.loaded:
        console.print(f"{source.file}: already loaded, nothing changed.", markup=False)
        return
    console.print(f"{source.file}: {source.era}.", markup=False, style="bold")
    rows = ", ".join(f"{count:,} rows in {table}" for table, count in report.rows.items())
    console.print(f"  Read {rows or 'no rows'}{_periods(source.period_from, source.period_to)}.")
    for warning in report.warnings:
        console.print(f"  Warning: {warning}", markup=False, style="bold yellow")
    if source.organisations:
        console.print(f"  {_counted(source.organisations, 'organisation')}.")
    for note in source.notes:
        console.print(f"  {note}", markup=False)
    if not report.rejections and not any(_TELLS_OF_ROWS_LEFT_OUT.search(note) for note in source.notes):
        console.print("  No row was left out.")
    _say_rejections(report.rejections)
    _say_revisions(report.revisions)
    for file in report.replaced:
        console.print(f"  Nothing of {file} remains: this file replaces it.", markup=False)


def _say_rejections(rejected: Sequence[Rejection]) -> None:
    if not rejected:
        return
    console.print(f"  {_counted(len(rejected), 'row')} {'was' if len(rejected) == 1 else 'were'} left out:")
    for row in rejected[:REJECTIONS_SHOWN]:
        place = ", ".join(
            part
            for part in (
                f"row {row.row}" if row.row is not None else "",
                f"column '{row.column}'" if row.column else "",
                f"'{row.value}'" if row.value else "",
            )
            if part
        )
        console.print(f"    {place}: {row.reason}" if place else f"    {row.reason}", markup=False)
    if len(rejected) > REJECTIONS_SHOWN:
        console.print(f"    and {len(rejected) - REJECTIONS_SHOWN:,} more (--rejections FILE.csv writes them all).")


def _say_revisions(revisions: Sequence[Revision]) -> None:
    replaced = [revision for revision in revisions if revision.measure is None]
    if not replaced:
        console.print("  All of it is new: no rows were replaced.")
        return
    periods = sorted({revision.period for revision in replaced})
    before = sum(revision.rows_before for revision in replaced)
    after = sum(revision.rows_after for revision in replaced)
    console.print(f"  Replaced {before:,} rows by {after:,}{_periods(periods[0], periods[-1])}.")
    console.print(
        f"  {_counted(sum(r.organisations_added for r in replaced), 'organisation')} added, "
        f"{sum(r.organisations_removed for r in replaced):,} removed, "
        f"{_counted(sum(r.cells_changed for r in replaced), 'cell')} changed."
    )
    changed = [revision for revision in revisions if revision.measure is not None]
    if not changed:
        console.print("  No sum changed.")
        return
    shown = {revision.period for revision in changed}
    last = sorted(shown)[-PERIODS_SHOWN:]
    table = Table(box=None, header_style="bold", padding=(0, 2))
    for name in ("period", "sum of", "before", "after", "change"):
        table.add_column(name, justify="left" if name in {"period", "sum of"} else "right")
    for revision in changed:
        if revision.period in last:
            old, new = revision.sum_before, revision.sum_after
            change = "" if old is None or new is None else f"{new - old:+,.10g}"
            table.add_row(day_words(revision.period), str(revision.measure), _number(old), _number(new), change)
    console.print(table)
    if len(shown) > len(last):
        console.print(f"  Sums changed in {len(shown) - len(last)} earlier periods too; meta_revision holds them all.")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _number(value: float | None) -> str:
    return "not reported" if value is None else f"{value:,.10g}"


def _periods(first: date | None, last: date | None) -> str:
    if first is None or last is None:
        return ""
    return f", {day_words(first)}" if first == last else f", {day_words(first)} to {day_words(last)}"


def _refuse_unwritable(path: Path) -> None:
    # Found out before anything is loaded, not after.
    existed = path.exists()
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        refuse(f"--rejections: {path} cannot be written ({error.strerror}). Nothing was changed.")
    if not existed:
        path.unlink()


def _write_rejections(path: Path, reports: Sequence[LoadReport]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "row", "column", "value", "reason"))
        for report in reports:
            for row in report.rejections:
                writer.writerow((report.source.file, row.row, row.column, row.value, row.reason))
    console.print(f"Wrote the rejected rows to {path}.", markup=False)


def _load_shipped(warehouse: str | None, *, fresh: bool) -> None:
    with _progress() as tell:
        reports = load_shipped(warehouse, fresh=fresh, progress=tell)
    _say_shipped(reports)


def _say_shipped(reports: Sequence[ShippedReport]) -> None:
    loaded = [report for report in reports if report.files]
    if not loaded:
        console.print(f"All {len(reports)} shipped publications are loaded already, nothing changed.")
        return
    rows, files = sum(report.rows for report in loaded), sum(report.files for report in loaded)
    console.print(f"Loaded {rows:,} rows of {len(loaded)} publications, from {files} files of their publishers.")
    kept = sum(report.kept for report in loaded)
    if kept:
        console.print(f"{kept:,} shipped rows were left out: files that you loaded hold those periods.")


def _list(warehouse: str | None) -> None:
    try:
        held = loaded_publications(open_warehouse(warehouse).frame(sa.select(meta_load)))
    except WarehouseNotBuiltError as error:
        beside.print(str(error), markup=False)
        held = {}
    table = Table(box=None, header_style="bold", padding=(0, 2))
    table.add_column("publication", no_wrap=True)
    for name in ("title", "last file loaded"):
        table.add_column(name, overflow="fold")
    for name in ("from", "to"):
        table.add_column(name, no_wrap=True)
    for publication in PUBLICATIONS.values():
        file, first, last = held.get(publication.id, ("nothing loaded", None, None))
        table.add_row(
            publication.id, publication.title, file, day_words(first) if first else "", day_words(last) if last else ""
        )
    wide = console if console.is_terminal else Console(width=WIDTH_IN_A_PIPE)
    wide.print(table)


@contextmanager
def _progress() -> Iterator[Tell]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=beside, transient=True) as bar:
        task = bar.add_task("Starting")
        yield lambda what, done, of: bar.update(task, description=what, completed=done, total=of)
