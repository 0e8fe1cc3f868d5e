"""`bellwether query`: any metric, as a table, CSV, JSON or Parquet."""

from __future__ import annotations

import io
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from dashboard import cli_asked as asked
from dashboard.cli_layer import beside, opened, refuse, told
from dashboard.format import change_words, value_text
from dashboard.stated import against_stated_totals
from metrics.query.engine import MetricsLayer
from metrics.query.ordering import COMPARED
from metrics.query.request import REMAINDER, Grain, Request
from metrics.query.result import Result, Status

ROWS_SHOWN = 400
PIPE_WIDTH = 160
PARTIAL = "partial"
PARTIAL_WORDS = (
    "Partial: too few organisations reported, and the value is of those that did. "
    "CSV, JSON and Parquet have the status 'missing' for it."
)


class Format(StrEnum):
    """How the answer is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def query(
    metrics: Annotated[list[str], typer.Argument(help="Metric ids, as `bellwether metrics` lists them.")],
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="Split by a dimension: region, icb, organisation, service ... Can be repeated."),
    ] = None,
    grain: Annotated[Grain | None, typer.Option(help="Length of the periods. The metric's own when left out.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First day, as 2026-03-01.", metavar="DATE")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day, as 2026-03-31.", metavar="DATE")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            help="Keep one value of a dimension, as region=Y62 or region='North West'. Repeat it for more values or "
            "more dimensions. region!=Y62 keeps all others, age=18..64 a range (either end may be open), service= the "
            "rows without one.",
            metavar="DIM=VALUE",
        ),
    ] = None,
    totals: Annotated[
        bool, typer.Option("--totals", help="Add a row over all of --by, queried and not summed.")
    ] = False,
    compare: Annotated[
        str | None,
        typer.Option(
            "--compare",
            help="Set every period beside an earlier one: previous, last-year, or how many periods back. One that "
            "still runs is compared by as many days.",
            metavar="PERIOD",
        ),
    ] = None,
    per_working_day: Annotated[
        bool, typer.Option("--per-working-day", help="Compare amounts per working day of England.")
    ] = False,
    keep: Annotated[
        int | None,
        typer.Option("--top", help="Keep the members of --of with the greatest values, and all others as one."),
    ] = None,
    of: Annotated[str | None, typer.Option("--of", help="The dimension of --top.", metavar="DIM")] = None,
    least: Annotated[bool, typer.Option("--least", help="Keep those with the least values.")] = False,
    sort: Annotated[
        list[str] | None,
        typer.Option(
            "--sort", help="Order by a column; -value has the greatest first. Can be repeated.", metavar="COL"
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Keep so many rows of each metric; totals are kept too.")] = None,
    window: Annotated[
        str | None,
        typer.Option(help="Accumulate over so long up to the end of each period: '28 days', '12 months'."),
    ] = None,
    to_date: Annotated[
        Grain | None, typer.Option("--to-date", help="Accumulate from the start of the week, month, quarter or year.")
    ] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Add columns for the organisations that report and those expected.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="How to write the answer.")] = Format.TABLE,
    out: Annotated[Path | None, typer.Option(help="Write to this file, in place of the screen.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what stands behind the numbers: definition, files and SQL.")
    ] = False,
    warehouse: Annotated[str | None, typer.Option(help="Database URL, in place of the settings' own.")] = None,
) -> None:
    """Answer metrics from the warehouse, with their parts and how far each period can be trusted.

    The columns are metric, period, the dimensions of --by, value, numerator, denominator, status; --compare, --coverage
    and --totals add theirs after them. JSON, CSV and Parquet end with definition_version, which changes when what the
    metric means can have changed; of a trust's own records they say in provenance whether they are simulated. A share
    is a fraction: 0.771 is 77.1 %. A status is final, provisional, incomplete, missing or no data; the table calls a
    missing one that has a value partial.

    For example:

        bellwether query ae_four_hour --grain month --from 2026-03-01 --to 2026-03-31

        bellwether query rtt_waiting_list --by region --from 2026-01-01 --format csv

        bellwether query sickness_absence --by organisation --where region="North West" --grain quarter

        bellwether query ae_attendances --compare last-year --per-working-day --from 2026-01-01

        bellwether query ae_four_hour --by icb --top 5 --of icb --least --sort value --from 2026-03-01
    """
    with told():
        layer = opened(warehouse)
        request = Request(
            metrics=tuple(dict.fromkeys(metrics)),
            by=tuple(by or ()),
            grain=grain,
            period_from=asked.day(first, "--from") if first else None,
            period_to=asked.day(last, "--to") if last else None,
            where=asked.filters(where or ()),
            totals=totals,
            compare=asked.comparison(compare, per_working_day=per_working_day),
            top=asked.top(keep, of, least=least),
            sort=asked.order(sort or ()),
            limit=limit,
            window=window,
            to_date=to_date,
        )
        result = layer.ask(request)
        _write(layer, result, form, out, coverage=coverage)
        for line in dict.fromkeys([note.text for note in result.notes] + against_stated_totals(layer, result)):
            beside.print(line, markup=False)
        if explain:
            _explain(layer, result)


def _write(layer: MetricsLayer, result: Result, form: Format, out: Path | None, *, coverage: bool) -> None:
    names = ["metric", "period", *result.request.by, "value", "numerator", "denominator", "status"]
    names += COMPARED if result.request.compare else []
    names += ["reporting", "expected"] if coverage else []
    # Beside rows of an unknown place a total would look like one of them.
    names += ["is_total"] if result.request.totals else []
    frame = result.frame.select(names)
    if form is Format.TABLE:
        if out is None:
            _print_table(layer, result, coverage=coverage)
            return
        with out.open("w", encoding="utf-8") as file:
            _print_table(layer, result, coverage=coverage, console=Console(file=file, width=160))
            file.writelines(f"{note.text}\n" for note in result.notes if note.code == "simulated")
        return
    version = pl.col("metric").replace_strict(dict(result.definitions), default=None, return_dtype=pl.String)
    whose = {name: layer.provenance(name) for name in result.definitions}
    if set(whose.values()) != {"published"}:  # no simulated number without the word
        frame = frame.with_columns(pl.col("metric").replace_strict(whose, return_dtype=pl.String).alias("provenance"))
    data = _encoded(frame.with_columns(version.alias("definition_version")), form)
    if out is not None:
        out.write_bytes(data)
        beside.print(f"Wrote {frame.height:,} rows to {out}.")
    elif form is Format.PARQUET and sys.stdout.isatty():
        refuse("Parquet is no text. Name a file with --out, or send the answer into a pipe.")
    else:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()


def _encoded(frame: pl.DataFrame, form: Format) -> bytes:
    if form is Format.CSV:
        return frame.write_csv().encode()
    if form is Format.PARQUET:
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        return buffer.getvalue()
    rows = frame.with_columns(_iso(frame, name) for name in ("period", "compared_period") if name in frame.columns)
    return (json.dumps(rows.to_dicts(), indent=2, ensure_ascii=False) + "\n").encode()


def _iso(frame: pl.DataFrame, name: str) -> pl.Series:
    return pl.Series(name, [each and each.isoformat() for each in frame[name]], dtype=pl.String)


def _print_table(layer: MetricsLayer, result: Result, *, coverage: bool, console: Console | None = None) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    by = result.request.by
    for name in ("metric", "period"):
        table.add_column(name, no_wrap=True)
    for name in by:
        table.add_column(name)
    for name in ("value", "numerator", "denominator"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("status")
    compare = result.request.compare
    if compare:
        table.add_column("compared", justify="right", no_wrap=True)
        table.add_column("change", no_wrap=True)
        table.add_column("basis")
    if coverage:
        table.add_column("reporting", justify="right")
    for row in result.frame.head(ROWS_SHOWN).iter_rows(named=True):
        metric = layer.catalogue.metric(row["metric"])
        dimensions = [
            "All" if row["is_total"] else _named(row[name], result.labels.get(name, {}).get(row[name] or ""))
            for name in by
        ]
        if compare and compare.per_working_day:
            metric = metric.model_copy(update={"decimals": max(metric.decimals, 1)})
        cells = [row["metric"], row["period"].isoformat(), *dimensions, value_text(row["value"], metric)]
        cells += ["" if row[part] is None else f"{row[part]:,.10g}" for part in ("numerator", "denominator")]
        cells.append(_status(row))
        if compare:
            change = "" if row["change"] is None else change_words(row["change"], metric)
            cells += [value_text(row["compared_value"], metric), change, row["basis"]]
        if coverage:
            cells.append(f"{row['reporting']} of {row['expected']}")
        table.add_row(*cells)
    # A pipe has no width of its own: leave room for long names.
    screen = console or Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    screen.print(table)
    if result.frame.height > ROWS_SHOWN:
        left = result.frame.height - ROWS_SHOWN
        beside.print(f"{left:,} more rows are not shown. Ask for --format csv to have them all.")
    if any(_status(row) == PARTIAL for row in result.frame.head(ROWS_SHOWN).iter_rows(named=True)):
        beside.print(PARTIAL_WORDS)


def _status(row: dict[str, Any]) -> str:
    """Returns the status in a word that goes with the value beside it."""
    return PARTIAL if row["status"] == Status.MISSING and row["value"] is not None else row["status"]


def _named(code: str | None, name: str | None) -> str:
    if code is None:
        return "not known"
    if code == REMAINDER:
        return name or "All others"
    return code if name is None or name == code else f"{name} ({code})"


def _explain(layer: MetricsLayer, result: Result) -> None:
    for metric_id in result.request.metrics:
        metric = layer.catalogue.metric(metric_id)
        place = layer.catalogue.places[f"metric:{metric_id}"]
        version = layer.catalogue.version_of(metric)
        beside.print(f"\n{metric.title} ({metric_id}), definition {version}", style="bold", markup=False)
        beside.print(f"{place.file.name}, line {place.line}", markup=False)
        beside.print(layer.catalogue.texts[metric_id], markup=False)
        for publication in layer.sources(metric_id):
            beside.print(f"Source: {publication.title}, {publication.publisher}. {publication.licence}.", markup=False)
    for each in result.queries:
        beside.print(f"\nSent to the warehouse ({each.model}, {each.rows:,} rows came back):", markup=False)
        beside.print(each.sql, markup=False)
        beside.print(f"with {dict(each.parameters)}", markup=False)
