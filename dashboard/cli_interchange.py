"""`bellwether export` and `bellwether import`: definitions to and from other formats, with every loss told."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from dashboard.cli_layer import beside, opened, refuse, told
from metrics.catalogue import Catalogue, folders_of, load
from metrics.interchange import cml, losses, metricflow, ossie, report
from metrics.query.engine import MetricsLayer
from metrics.query.request import Request
from metrics.warehouse.settings import load_settings

exporting = typer.Typer(help="Write the definitions in another format, and list what it cannot say.")
importing = typer.Typer(help="Read definitions of another format, and list what does not map.")

Metrics = Annotated[list[str] | None, typer.Argument(help="Metric ids; none is all of them.", metavar="[METRIC]...")]
Definitions = Annotated[
    list[Path] | None, typer.Option(help="Folder of definition files, in place of the settings'; may be repeated.")
]
Out = Annotated[Path | None, typer.Option(help="Write to this file, in place of standard output.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]


@exporting.command(name="cml")
def to_cml(
    metrics: Metrics = None,
    out: Out = None,
    losses_file: Annotated[
        Path | None, typer.Option("--losses", help="Write the losses to this file, as JSON.")
    ] = None,
    definitions: Definitions = None,
    warehouse: Annotated[str | None, typer.Option(help="Database URL, in place of the settings' own.")] = None,
    data: Annotated[bool, typer.Option(help="Ask the warehouse since when each metric has data.")] = True,
    proforma: Annotated[int, typer.Option(min=2, max=3, help="Version of the library's form.")] = 2,
    force: Force = False,
) -> None:
    """Write metadata for NHS England's Central Metrics Library, as JSON. Losses go to standard error.

    For example: `bellwether export cml --out cml.json --losses losses.json`, `bellwether export cml ae_four_hour`.
    """
    with told():
        catalogue = _catalogue(definitions)
        names = tuple(metrics or catalogue.metrics)
        wanted = [catalogue.metric(name).id for name in names]
        starts = _held_from(catalogue, wanted, warehouse) if data else {}
        found = cml.export(catalogue, wanted, starts, 3 if proforma == 3 else 2)
        _answer(found.as_json(), found.losses, out, losses_file, force=force)


@exporting.command(name="ossie")
def to_ossie(
    metrics: Metrics = None,
    out: Out = None,
    losses_file: Annotated[
        Path | None, typer.Option("--losses", help="Write the losses to this file, as JSON.")
    ] = None,
    definitions: Definitions = None,
    force: Force = False,
) -> None:
    """Write an Apache Ossie semantic model, as YAML. Losses go to standard error.

    For example: `bellwether export ossie --out bellwether.ossie.yaml`, `bellwether export ossie ae_four_hour`.
    """
    with told():
        found = ossie.export(_catalogue(definitions), metrics or ())
        _answer(found.as_yaml(), found.losses, out, losses_file, force=force)


def _catalogue(definitions: Sequence[Path] | None) -> Catalogue:
    return load(tuple(definitions) if definitions else folders_of(load_settings()))


def _held_from(catalogue: Catalogue, metrics: Sequence[str], warehouse: str | None) -> dict[str, date]:
    """Returns metric id to the first day of the first period with a value, which some metrics have by organisation."""
    layer = MetricsLayer(opened(warehouse).warehouse, catalogue)
    found: dict[str, date] = {}
    for by in ((), ("organisation",)):
        asked = tuple(name for name in metrics if name not in found)
        if asked:
            frame = layer.ask(Request(asked, by=by)).frame.filter(pl.col("value").is_not_null())
            found |= dict(frame.group_by("metric").agg(pl.col("period").min().cast(pl.Date)).iter_rows())
    return found


def _answer(text: str, lost: Sequence[losses.Loss], out: Path | None, losses_file: Path | None, *, force: bool) -> None:
    files = {path: content for path, content in ((out, text), (losses_file, losses.as_json(lost))) if path is not None}
    write_files(files, force=force)
    if out is None:
        print(text, end="")  # noqa: T201
    beside.print(losses.summary(lost), markup=False)
    for path in files:
        beside.print(f"Wrote {path}.", markup=False)


def write_files(files: dict[Path, str], *, force: bool) -> None:
    """Writes each file whole or not at all, and none where one is in the way.

    Raises:
        typer.Exit: a file is there already and `force` is false; or its folder is not there.
    """
    for path in files:
        if path.exists() and not force:
            refuse(f"{path} is there already. Name another file, or add --force to replace it.")
        if not path.parent.is_dir():
            refuse(f"There is no folder {path.parent}. Make it first.")
    for path, text in files.items():
        _write_whole(path, text, replace=force)


def _write_whole(path: Path, text: str, *, replace: bool) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    made = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        made.chmod(0o644)
        if replace:
            made.replace(path)
        else:
            path.hardlink_to(made)  # refuses where a file has come meanwhile
    finally:
        made.unlink(missing_ok=True)


@importing.callback()
def _formats() -> None:
    """Keeps the name of the format a word of the command, while there is one format."""


@importing.command(name="metricflow")
def from_metricflow(
    paths: Annotated[list[Path], typer.Argument(help="YAML files, or folders of them.", metavar="PATH...")],
    out: Annotated[Path | None, typer.Option(help="Write the definitions to this file.")] = None,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="Write what became of each thing to this file, as JSON.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Leave with code 1, and write nothing, unless all maps.")] = (
        False
    ),
    force: Force = False,
) -> None:
    """Read dbt MetricFlow YAML, in its legacy or its current form, as definitions, and report what did not map.

    For example: `bellwether import metricflow models/ --out definitions/from_dbt.yml`.
    """
    try:
        found = metricflow.read_project(paths)
    except metricflow.MetricFlowError as error:
        refuse(f"{error} Nothing was written.")
    except FileNotFoundError as error:
        refuse(f"There is no file or folder {error.filename}.")
    told_of = report.in_plain_text(found.notes)
    if not found.metrics:
        beside.print(told_of, markup=False)
        refuse("No metric in these files maps. Nothing was written.")
    if strict and not found.is_whole:
        beside.print(told_of, markup=False)
        beside.print("Something did not map. Nothing was written.")
        raise typer.Exit(1)
    with told():
        texts = ((out, found.as_yaml()), (report_file, report.as_json(found.notes)))
        files = {path: text for path, text in texts if path is not None}
        write_files(files, force=force)
    if out is None:
        print(found.as_yaml(), end="")  # noqa: T201
    beside.print(told_of, markup=False)
    for path in files:
        fill_in = f" Fill in what it asks for, then `bellwether check --definitions {path.parent}`."
        beside.print(f"Wrote {path}.{fill_in if path == out else ''}", markup=False)
