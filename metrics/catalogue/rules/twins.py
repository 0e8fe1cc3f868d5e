"""Rules of twins: the published metric that a metric of own records is held against."""

from __future__ import annotations

from collections.abc import Iterator

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.definition import Metric
from metrics.catalogue.finding import suggest
from metrics.catalogue.rules.rule import Fault, rule
from metrics.catalogue.rules.scope import main_model


def _twins(catalogue: Catalogue) -> Iterator[tuple[Metric, Metric]]:
    for metric in catalogue:
        if metric.twin in catalogue.metrics:
            yield metric, catalogue.metrics[metric.twin or ""]


@rule("E091", "The twin of a metric is defined.", "Define the metric, or correct the name.")
def twins_are_defined(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        known = metric.twin in catalogue.metrics or f"metric:{metric.twin}" in catalogue.unsound
        if metric.twin is not None and not known:
            fix = suggest(metric.twin, catalogue.metrics)
            yield Fault(f"metric:{metric.id}", ("twin",), f"there is no metric '{metric.twin}'.", fix)


@rule(
    "E092",
    "A twin is of published data, and the metric that names it is not: own records are held against it.",
    "Name a published metric as the twin of one of own records.",
)
def twins_are_published(catalogue: Catalogue) -> Iterator[Fault]:
    for metric, twin in _twins(catalogue):
        own, theirs = main_model(catalogue, metric), main_model(catalogue, twin)
        if own is None or theirs is None:
            continue
        if theirs.provenance != "published":
            yield Fault(f"metric:{metric.id}", ("twin",), f"'{twin.id}' is of {theirs.provenance} data.")
        elif own.provenance == "published":
            yield Fault(f"metric:{metric.id}", ("twin",), "the metric is of published data itself.", "Remove it.")


@rule(
    "E093",
    "A metric and its twin have one unit and one direction.",
    "Bring them to one unit and direction, or name another twin.",
)
def twins_are_alike(catalogue: Catalogue) -> Iterator[Fault]:
    for metric, twin in _twins(catalogue):
        for name in ("unit", "direction"):
            own, theirs = getattr(metric, name), getattr(twin, name)
            if own != theirs:
                message = f"the {name} is {own}, and that of its twin '{twin.id}' is {theirs}."
                yield Fault(f"metric:{metric.id}", ("twin",), message)


RULES = (twins_are_defined, twins_are_published, twins_are_alike)
