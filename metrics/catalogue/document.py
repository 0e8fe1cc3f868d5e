"""The list of all metrics as a page of the docs: `python -m metrics.catalogue.document` writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.definition import Alternate, Metric, Model
from metrics.catalogue.loading import load

PATH = Path(__file__).parents[2] / "docs" / "metrics.md"

CAPABILITIES = {
    "roadmap": "Roadmap", "people": "People", "operations": "Operations", "technology": "Technology", "data": "Data",
    "change": "Change management", "impact_cost": "Impact: cost", "impact_outcomes": "Impact: outcomes",
    "impact_staff": "Impact: staff", "access": "Access", "demand": "Demand",
}  # fmt: skip
_TYPES = {
    "simple": "a sum", "ratio": "a ratio of sums", "snapshot": "a stock at a point in time",
    "percentile": "a percentile of a histogram", "index": "an index, shown as published",
    "derived": "made of other metrics", "cumulative": "accumulated over a window or to date",
    "conversion": "the share that led to another thing in time",
}  # fmt: skip
_BETTER = {"increase": "higher", "decrease": "lower", "neutral": "neither by itself"}
_OVER_TIME = {"sum": "added up", "last": "the last one", "first": "the first one", "mean": "their mean"}
_KINDS = {"national_standard": "national standard", "plan": "plan", "ambition": "ambition", "benchmark": "benchmark"}


def text(catalogue: Catalogue) -> str:
    """Returns the page: every metric with numerator, denominator and source, by capability."""
    metrics = list(catalogue)
    lines = [
        "# Metrics",
        "",
        "Made from `metrics/definitions/` by `python -m metrics.catalogue.document`; a test keeps it current.",
        f"{len(metrics)} metrics over {len(catalogue.models)} models. Those marked ● are on the scorecard.",
        "",
    ]
    for capability, title in CAPABILITIES.items():
        chosen = sorted((each for each in metrics if each.capability == capability), key=lambda each: not each.headline)
        lines += [f"## {title}", ""]
        for metric in chosen:
            lines += [*_metric(catalogue, metric), ""]
    return "\n".join(lines).rstrip() + "\n"


def _metric(catalogue: Catalogue, metric: Metric) -> Iterator[str]:
    yield f"### {'● ' if metric.headline else ''}{metric.title} (`{metric.id}`)"
    yield ""
    yield metric.description
    yield ""
    yield from _parts(metric)
    yield f"- Kind: {_TYPES[metric.type]}, unit {metric.unit}. Better: {_BETTER[metric.direction]}."
    if metric.type != "derived":
        model = catalogue.model_of(metric)
        yield f"- Held: {_held(model, england=metric.type != 'index')}{_longer(metric, model)}"
        for alternate in metric.alternates:
            yield f"- Also: {_alternate(catalogue.models[alternate.model], alternate)}"
    for target in metric.targets:
        until = f" to {_day(target.valid_to)}" if target.valid_to else ""
        since = f"{_KINDS[target.kind]}{target.whose} from {_day(target.valid_from)}{until}"
        yield f"- Target: {_amount(target.value, metric)}, {since} ({target.source})."
    if metric.benchmark:
        other = metric.benchmark
        yield f"- Compared with: {_amount(other.value, metric)}, {other.words} ({other.source})."
    if metric.twin:
        yield f"- Published twin: `{metric.twin}`, the benchmark."
    yield f"- Source: {metric.source}. Owner: {metric.owner}."
    if metric.interpretation:
        yield f"- How to read it: {metric.interpretation}"
    if metric.shown_with:
        yield f"- Read with: {', '.join(f'`{name}`' for name in metric.shown_with)}."


def _parts(metric: Metric) -> Iterator[str]:
    if metric.formula:
        paired = ", of the organisations that have both" if metric.paired else ""
        yield f"- Formula: `{metric.formula}`{paired}."
    if metric.numerator:
        yield f"- Numerator: {metric.numerator.words}."
    if metric.denominator:
        yield f"- Denominator: {metric.denominator.words}."
    if metric.measure:
        yield f"- Measure: {metric.measure.words}."


def _held(model: Model, *, england: bool = True) -> str:
    levels = [level for level in model.levels if level != "england"]
    england = (england or not levels) and model.provenance == "published"
    places = [*(["England"] if england else []), *(f"each {_joined([level])}" for level in levels)]
    places = places if model.provenance == "published" else ["each trust that has them"]
    others = f", also by {_joined([each.name for each in model.dimensions])}" if model.dimensions else ""
    names = [f"`{name}`" for name in (model.publication, *model.also_from) if name is not None]
    held = f"by {model.grain.replace('_', ' ')}, for {_joined(places)}{others}"
    return f"{held}, from {_joined(names)}." if names else f"{held}, from the trust's own records (`{model.table}`)."


def _longer(metric: Metric, model: Model) -> str:
    if model.grain == "financial_year":
        return ""
    return f" Longer periods show {_OVER_TIME[metric.combines_over_time]}."


def _alternate(model: Model, alternate: Alternate) -> str:
    return f"{_held(model)} {alternate.note}"


def _joined(names: Iterable[str]) -> str:
    *others, last = [
        "board" if name == "icb" else name.replace("_", " ") if "`" not in name else name for name in names
    ]
    return f"{', '.join(others)} and {last}" if others else last


def _amount(value: float, metric: Metric) -> str:
    return f"{value * 100:g}%" if metric.unit == "percent" else f"{value:g} {metric.unit}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(text(load()), encoding="utf-8")
