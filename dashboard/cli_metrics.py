"""`bellwether metrics`: what can be asked for, and what it means."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from dashboard.cli_layer import refuse, told
from dashboard.format import value_text
from metrics.catalogue import Catalogue, Metric, folders_of, load, suggest
from metrics.query.periods import NESTS
from metrics.query.plan import dimensions_of
from metrics.query.request import Grain
from metrics.warehouse.settings import load_settings

console = Console(highlight=False, soft_wrap=True)


def metrics(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="One metric id to read it whole, or words to search for.", metavar="[ID|WORDS]"),
    ] = None,
    capability: Annotated[
        str | None, typer.Option(help="Only this capability: roadmap, people, operations, technology, data, change ...")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write as JSON.")] = False,
) -> None:
    """List the metrics, search them, or read one whole.

    For example: `bellwether metrics`, `bellwether metrics waiting list`, `bellwether metrics ae_four_hour`.
    """
    with told():
        catalogue = load(folders_of(load_settings()))
    wanted = [word.casefold() for word in words or ()]
    if len(wanted) == 1 and wanted[0] in catalogue.metrics:
        _whole(catalogue, catalogue.metrics[wanted[0]], as_json=as_json)
        return
    found = [metric for metric in catalogue if _matches(metric, wanted) and capability in (None, metric.capability)]
    if not found:
        capabilities = {metric.capability for metric in catalogue}
        unknown = capability is not None and capability not in capabilities
        hint = suggest(capability or "", capabilities) if unknown else suggest(" ".join(wanted), catalogue.metrics)
        refuse(f"No metric matches. {hint} `bellwether metrics` lists them all.".replace("  ", " "))
    if as_json:
        print(json.dumps([_plain(catalogue, metric) for metric in found], indent=2, ensure_ascii=False))  # noqa: T201
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("id", "title", "capability", "type", "periods"):
        table.add_column(name)
    for metric in sorted(found, key=lambda each: (each.capability, each.id)):
        grain = catalogue.model_of(metric).grain.replace("_", " ")
        table.add_row(metric.id, metric.title, metric.capability.replace("_", " "), metric.type, grain)
    console.print(table)
    console.print(f"\n{len(found)} metrics. `bellwether metrics ID` reads one whole.")


def _matches(metric: Metric, words: list[str]) -> bool:
    text = " ".join((metric.id, metric.title, metric.description, metric.capability, *metric.tags)).casefold()
    return all(word in text for word in words)


def _whole(catalogue: Catalogue, metric: Metric, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_plain(catalogue, metric), indent=2, ensure_ascii=False))  # noqa: T201
        return
    model, place = catalogue.model_of(metric), catalogue.places[f"metric:{metric.id}"]
    lines = [("Meaning", metric.description)]
    if metric.measure:
        lines.append(("Counts", metric.measure.words))
    if metric.numerator and metric.denominator:
        lines += [("Numerator", metric.numerator.words), ("Denominator", metric.denominator.words)]
    if metric.formula:
        lines.append(("Formula", metric.formula))
    lines += [("How to read it", metric.interpretation or ""), ("Better is", _better(metric))]
    for target in metric.targets:
        until = f" to {target.valid_to:%d %B %Y}" if target.valid_to else ""
        since = f"from {target.valid_from:%d %B %Y}{until}"
        lines.append(("Target", f"{value_text(target.value, metric)}{target.whose} {since} ({target.source})"))
    dimensions = dict.fromkeys(dimensions_of(model))
    for alternate in metric.alternates:
        dimensions |= dict.fromkeys(dimensions_of(catalogue.models[alternate.model]))
    lines += [
        ("Split by", ", ".join(dimensions) or "nothing: England only"),
        ("Periods", ", ".join(str(grain) for grain in NESTS[Grain(model.grain)])),
        ("Source", metric.source),
        ("Owner", metric.owner),
        ("Definition version", catalogue.version_of(metric)),
        ("Defined in", f"{place.name}, line {place.line}"),
    ]
    console.print(f"[bold]{metric.title}[/]  {metric.id}\n")
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, text in lines:
        table.add_row(name, text)
    console.print(table)
    console.print(f"\nAsk for it: bellwether query {metric.id} --by region", markup=False)


def _plain(catalogue: Catalogue, metric: Metric) -> dict[str, Any]:
    return {**metric.model_dump(mode="json"), "definition_version": catalogue.version_of(metric)}


def _better(metric: Metric) -> str:
    return {"increase": "higher", "decrease": "lower", "neutral": "neither; it is context"}[metric.direction]
