"""The catalogue as a reader searches it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.viewmodels.scorecard import GROUPS
from metrics.catalogue import Catalogue, Metric


@dataclass(frozen=True, slots=True)
class Found:
    """The metrics that fit a search, and how many there are in all."""

    metrics: tuple[Metric, ...]
    total: int
    by_capability: dict[str, int]


def search(catalogue: Catalogue, text: str = "", capabilities: Sequence[str] = ()) -> Found:
    """Returns the metrics of the capabilities (all without any) that hold every word of the text, by title."""
    wanted = text.casefold().split()
    found = [
        metric
        for metric in catalogue
        if (not capabilities or metric.capability in capabilities)
        and all(word in _text(catalogue, metric) for word in wanted)
    ]
    order = list(GROUPS)
    found.sort(key=lambda metric: (order.index(metric.capability), metric.title.casefold()))
    counts = {key: sum(metric.capability == key for metric in catalogue) for key in GROUPS}
    return Found(tuple(found), len(catalogue.metrics), {key: count for key, count in counts.items() if count})


def definitions(catalogue: Catalogue, metrics: Sequence[Metric]) -> str:
    """Returns the metrics as written in YAML, one after another."""
    return "metrics:\n" + "\n".join(catalogue.texts[metric.id].rstrip() for metric in metrics) + "\n"


def _text(catalogue: Catalogue, metric: Metric) -> str:
    model = catalogue.model_of(metric)
    parts = (metric.id, metric.title, metric.description, metric.source, model.title, *metric.tags)
    return " ".join(parts).casefold()
