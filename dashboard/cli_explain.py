"""`bellwether explain`: everything behind one number, and why it moved."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

import polars as pl
import sqlalchemy as sa
import typer
from rich.console import Console
from rich.table import Table as Grid

from dashboard.cli_layer import opened, refuse, told
from dashboard.viewmodels.charts import Table
from dashboard.viewmodels.explained import pairs_of, statement_titles
from dashboard.viewmodels.why import why_of
from metrics.catalogue import Metric
from metrics.query.dialects import TARGETS
from metrics.query.engine import MetricsLayer
from metrics.query.explaining import Explanation
from metrics.query.request import Against, Filter, Grain
from metrics.query.result import Query
from metrics.query.why import Movement

AS_SENT = "sent"
FEW, MANY = 5, 20
PIPE_WIDTH = 140
_YEAR = re.compile(r"(\d{4})/(\d{2})")
_MONTH = re.compile(r"\d{4}-\d{1,2}")
_WITHIN_A_MONTH = (Grain.HOUR, Grain.DAY, Grain.WEEK)
_UNKNOWN = "?"


class Versus(StrEnum):
    """Named periods to compare with."""

    PREVIOUS = "previous"
    LAST_YEAR = "last-year"


def explain(
    metric: Annotated[str, typer.Argument(help="A metric id, as `bellwether metrics` lists them.")],
    at: Annotated[
        str | None,
        typer.Option(help="The period: 2026-03, 2026-03-31 or 2025/26. The newest final one when left out."),
    ] = None,
    grain: Annotated[Grain | None, typer.Option(help="Length of the period. The metric's own when left out.")] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            help="With a value it picks the cell: --by region=Y56 (region=? is the one that is not known). Without "
            "one it asks why the number moved, shared out over the dimension: --by service. Can be repeated.",
            metavar="DIM[=CODE]",
        ),
    ] = None,
    against: Annotated[
        str, typer.Option(help="What it moved since: previous, last-year, or a period such as 2025-03.")
    ] = Versus.PREVIOUS.value,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where", help="Keep one value of a dimension, as region=Y62. Repeat it for more.", metavar="DIM=VALUE"
        ),
    ] = None,
    sql: Annotated[
        str | None,
        typer.Option(
            "--sql",
            help=f"Show the SQL: '{AS_SENT}' as it was sent, or as written for {', '.join(TARGETS)}.",
            metavar="NAME",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write everything as JSON.")] = False,
    warehouse: Annotated[str | None, typer.Option(help="Database URL, in place of the settings' own.")] = None,
) -> None:
    """Explain one number: its parts, rows, coverage, definition, files and SQL, and why it moved.

    The change of a ratio is shared out into what members' own rates did, what the mix did, and who reports; the
    effects add up to the change exactly. Sums and formulas have the difference of each member or input.

    For example:

        bellwether explain ae_four_hour --at 2026-03 --by region

        bellwether explain ae_four_hour --at 2026-03 --by region=Y56 --by organisation --against last-year

        bellwether explain rtt_p92_wait --sql postgresql
    """
    if sql is not None and sql not in (AS_SENT, *TARGETS):
        refuse(f"--sql '{sql}' is not known. Write one of: {', '.join((AS_SENT, *TARGETS))}.")
    cell, dimensions = _members(by or ())
    period = None if at is None else _period(at, "--at")
    if at is not None and grain is None and _YEAR.fullmatch(at.strip()):
        grain = Grain.FINANCIAL_YEAR
    if at is not None and grain is not None:
        _same_length(at, grain, "--at")
    versus = _versus(against)
    with told():
        layer = opened(warehouse)
        definition = layer.catalogue.metric(metric)
        if at is not None and grain is None and Grain(layer.catalogue.model_of(definition).grain) in _WITHIN_A_MONTH:
            grain = Grain.MONTH if _MONTH.fullmatch(at.strip()) else None
        found = layer.explain(metric, period=period, grain=grain, where=_filters(where or ()), at=cell)
        _same_length(against, Grain(found.grain), "--against")
        moved = layer.why(
            metric, period=found.period, grain=Grain(found.grain), where=found.filters, against=versus,
            by=dimensions or None,
        )  # fmt: skip
        if as_json:
            _write_json(found, moved, sql)
        else:
            _print(layer, definition, found, moved, sql, shown=MANY if dimensions else FEW)


def _members(pairs: Sequence[str]) -> tuple[dict[str, str | None], list[str]]:
    """Returns the members that make the cell, and the dimensions to share the change out over."""
    cell: dict[str, str | None] = {}
    dimensions = []
    for pair in pairs:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not name or (equals and not value):
            refuse(f"--by '{pair}' is neither a dimension nor a member. Write --by region, or --by region=Y56.")
        if equals:
            cell[name] = None if value == _UNKNOWN else value
        else:
            dimensions.append(name)
    return cell, dimensions


def _filters(pairs: Sequence[str]) -> tuple[Filter, ...]:
    values: dict[str, list[str]] = {}
    for pair in pairs:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or not name or not value:
            refuse(f"--where '{pair}' is no filter. Write it as dimension=value: region=Y62.")
        values.setdefault(name, []).append(value)
    return tuple(Filter(name, tuple(each)) for name, each in values.items())


def _versus(text: str) -> Against | date:
    named = {Versus.PREVIOUS.value: Against.PREVIOUS, Versus.LAST_YEAR.value: Against.LAST_YEAR}
    return named.get(text.strip()) or _period(text, "--against")


def _period(text: str, option: str) -> date:
    """Returns the first day of what is written: a day, a month, or a financial year."""
    found = _read(text.strip())
    if found is None:
        refuse(f"{option} '{text}' is no period. Write 2026-03 for a month, 2026-03-31 for a day, or 2025/26.")
    return found


def _same_length(text: str, grain: Grain, option: str) -> None:
    """Refuses a year where a shorter period is asked for, and a month where a day is: the first of them is not it."""
    length = grain.replace("_", " ")
    if _YEAR.fullmatch(text.strip()) and grain is not Grain.FINANCIAL_YEAR:
        refuse(
            f"{option} '{text}' is a financial year, and not a {length}. Name the {length} by its first day, as in "
            f"{option} {text.strip()[:4]}-04-01, or ask for years with --grain financial_year."
        )
    if _MONTH.fullmatch(text.strip()) and grain in _WITHIN_A_MONTH:
        refuse(
            f"{option} '{text}' is a month, and not a {length}. Name the {length} by its first day, as in "
            f"{option} {text.strip()}-01, or ask for months with --grain month."
        )


def _read(text: str) -> date | None:
    year = _YEAR.fullmatch(text)
    if year and (int(year[1]) + 1) % 100 == int(year[2]):
        return date(int(year[1]), 4, 1)
    for form in ("%Y-%m-%d", "%Y-%m"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day of the calendar
        except ValueError:
            continue
    return None


def _print(
    layer: MetricsLayer, metric: Metric, found: Explanation, moved: Movement, sql: str | None, *, shown: int
) -> None:
    # A pipe has no width of its own: leave room for long names.
    screen = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    screen.print(f"{found.title} ({found.metric})", style="bold", markup=False)
    _print_pairs(screen, pairs_of(found, metric))
    screen.print("\nWhy it moved", style="bold")
    whole = why_of(moved, metric, None)
    for sentence in whole.sentences:
        screen.print(sentence, markup=False)
    if whole.inputs:
        _print_table(screen, whole.inputs)
    notes: dict[str, None] = {}
    for name in (*moved.splits, *moved.not_split):
        view = why_of(moved, metric, name, shown)
        said = [each for each in view.sentences if each not in whole.sentences]
        screen.print("\n".join(["", *said]) if said else "", markup=False, end="\n" if said else "")
        if view.table:
            _print_table(screen, view.table)
        notes |= dict.fromkeys(view.notes)
    for note in notes:
        screen.print(f"\n{note}", style="dim", markup=False)
    for name, each in found.inputs.items():
        screen.print(f"\nMade of {name}: {each.title}", style="bold", markup=False)
        _print_pairs(screen, pairs_of(each, layer.catalogue.metric(each.metric)))
    screen.print("\nAs written", style="bold")
    screen.print(found.definition_text, markup=False, soft_wrap=True)
    if sql is not None:
        _print_sql(screen, found, sql)


def _print_pairs(screen: Console, pairs: Sequence[tuple[str, str]]) -> None:
    grid = Grid(box=None, show_header=False, pad_edge=False)
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column()
    for term, said in pairs:
        if said:
            grid.add_row(term, said.replace("[", "\\["))
    screen.print(grid)


def _print_table(screen: Console, content: Table) -> None:
    screen.print(content.caption, style="italic", markup=False)
    grid = Grid(box=None, header_style="bold", pad_edge=False)
    for place, title in enumerate(content.columns):
        grid.add_column(title, justify="right" if place in content.numeric else "left", no_wrap=place > 0)
    for row in content.rows:
        grid.add_row(*row)
    screen.print(grid)


def _print_sql(screen: Console, found: Explanation, name: str) -> None:
    title = "as it was sent" if name == AS_SENT else f"for {TARGETS[name].title}"
    screen.print(f"\nSQL, {title}", style="bold")
    for line in _sql_of(found, name):
        screen.print(f"{line}\n", markup=False, soft_wrap=True)


def _sql_of(found: Explanation, name: str) -> list[str]:
    if name != AS_SENT:
        try:
            return list(found.sql(name))
        except sa.exc.CompileError as error:
            refuse(f"{TARGETS[name].title} cannot say this: {error}")
    lines = zip(statement_titles(found), found.queries, strict=True)
    return [f"-- {title}\n{query.sql}\n-- with {dict(query.parameters)}" for title, query in lines]


def _write_json(found: Explanation, moved: Movement, sql: str | None) -> None:
    said = {"explanation": _plain(found), "movement": _plain(moved)}
    if sql is not None:
        said["sql"] = _sql_of(found, sql)
    sys.stdout.write(json.dumps(said, indent=2, ensure_ascii=False) + "\n")


_OF_A_QUERY = ("model", "sql", "parameters", "rows", "from_cube", "miss")


def _plain(value: Any) -> Any:
    """Returns the value as JSON knows it: frames as rows, days as text; statements are left to `--sql`."""
    if isinstance(value, pl.DataFrame):
        return [_plain(row) for row in value.iter_rows(named=True)]
    if is_dataclass(value) and not isinstance(value, type):
        names = _OF_A_QUERY if isinstance(value, Query) else [each.name for each in fields(value)]
        return {name: _plain(getattr(value, name)) for name in names if name != "statements"}
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    return value
