"""`bellwether cubes`: what is kept in memory of the warehouse, how much, and whether it holds."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dashboard.cli_layer import beside, opened, told
from metrics import MetricsLayer

_MEGABYTE = 2**20


def cubes(
    warehouse: Annotated[
        str | None, typer.Option(help="Database URL to read, in place of BELLWETHER_WAREHOUSE.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option("--model", help="Only this model; may be given again.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Hold every month against the rows. Exit code 1 when one differs.")
    ] = False,
) -> None:
    """Build the cubes that the dashboard answers from, and tell their cells, memory and time."""
    with told():
        layer = opened(warehouse)
        names = set(only or ())
        unknown = sorted(names - set(layer.catalogue.models))
        if unknown:
            beside.print(f"There is no model '{unknown[0]}'.", markup=False)
            raise typer.Exit(2)
        layer.keep_cubes(of=lambda model: model.name in names if names else model.keeps_cube)
        took = _built(layer)
        _print(layer, took)
        if (check and _differing(layer)) or layer.cube_failures:
            raise typer.Exit(1)


def _built(layer: MetricsLayer) -> dict[str, float]:
    """Builds every cube and returns the seconds that each took."""
    took: dict[str, float] = {}
    while layer.cubes is not None and layer.cubes.waiting:
        waiting, start = layer.cubes.waiting, time.perf_counter()
        with beside.status("Building the cubes"):
            if not layer.build_cube():
                break
        for name in set(waiting) - set(layer.cubes.waiting):
            took[name] = time.perf_counter() - start
    return took


def _print(layer: MetricsLayer, took: dict[str, float]) -> None:
    kept = layer.cubes
    for failure in layer.cube_failures:
        beside.print(failure, markup=False)
    if kept is None or (not took and not layer.cube_failures):
        beside.print("No model keeps a cube: published data are read from the warehouse.")
        return
    table = Table("Cube", "Cells", "Memory, MB", "Roll-ups", "Seconds", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, built in kept.held.items():
        cube = built.cube
        table.add_row(name, f"{cube.cells:,}", f"{cube.bytes / _MEGABYTE:,.1f}", str(len(cube.months) - 1),
                      f"{took.get(name, 0):,.1f}")  # fmt: skip
    whole = [built.cube for built in kept.held.values()]
    table.add_section()
    cells, size = sum(cube.cells for cube in whole), sum(cube.bytes for cube in whole) / _MEGABYTE
    table.add_row("all", f"{cells:,}", f"{size:,.1f}", "", f"{sum(took.values()):,.1f}")
    Console(highlight=False).print(table)
    for refused in kept.refused.values():
        beside.print(refused.words, markup=False)


def _differing(layer: MetricsLayer) -> int:
    """Says which days differ from their rows and returns how many."""
    count = 0
    kept = layer.cubes
    months = list(kept.partitions()) if kept is not None else []
    for number, (name, month) in enumerate(months, start=1):
        assert kept is not None  # noqa: S101 - it has months
        with beside.status(f"{number} of {len(months)}: {name}, {month:%B %Y}"):
            days = kept.differing(name, month)
        for day in days:
            beside.print(f"{name}: {day.day} {day:%B %Y} is not what its rows give.", markup=False)
        count += len(days)
    differ = "1 day differs" if count == 1 else f"{count or 'no'} days differ"
    beside.print(f"{len(months)} months held against their rows: {differ}.")
    return count
