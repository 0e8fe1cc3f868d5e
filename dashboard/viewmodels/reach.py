"""At which level a metric can be shown for a place: its own figure, or that of the board or country it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.viewmodels.places import Place, Places
from metrics.catalogue import Catalogue, Metric


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a metric's figure for a place comes from.

    Attributes:
        asked: the place that the reader chose.
        shown: the place whose figure is shown.
        below: the levels below England at which the metric is held.
    """

    asked: Place
    shown: Place
    below: frozenset[str] = frozenset()

    @property
    def is_own(self) -> bool:
        """Returns whether the figure is the chosen place's own."""
        return self.asked.code == self.shown.code

    @property
    def label(self) -> str:
        """Returns whose figure it is when it is not the place's own, empty otherwise."""
        if self.is_own:
            return ""
        if self.shown.kind == "england":
            if not self.below:
                return "England figure: not held below England"
            if self.below == {"organisation"}:
                return "England: shown for single organisations only"
            return f"England figure: no figure is held that {self.asked.name} belongs to"
        level = {"icb": "integrated care board", "region": "region"}[self.shown.kind]
        return f"{self.shown.name}, as reported by {level}"


def levels_of(catalogue: Catalogue, metric: Metric) -> frozenset[str]:
    """Returns the levels that a metric, or an alternate of it, can be grouped by; of a derived one, those all share."""
    if metric.model is not None:
        models = [metric.model, *(alternate.model for alternate in metric.alternates)]
        return frozenset(level for model in models for level in catalogue.models[model].levels)
    shared: frozenset[str] | None = None
    for each in catalogue.inputs(metric):
        levels = levels_of(catalogue, each)
        shared = levels if shared is None else shared & levels
    return shared or frozenset()


def reach(catalogue: Catalogue, metric: Metric, place: Place, places: Places) -> Reach:
    """Returns the nearest place, from the chosen one upwards, at which the metric is published."""
    levels = levels_of(catalogue, metric)
    for candidate in (place, *places.above(place)):
        if candidate.kind == "england" or candidate.level in levels:
            return Reach(place, candidate, levels - {"england"})
    return Reach(place, places.england, levels - {"england"})


def next_levels(catalogue: Catalogue, metric: Metric, place: Place) -> tuple[str, ...]:
    """Returns the levels below the place by which the metric can be broken down, the next one first."""
    order = ("region", "icb", "organisation")
    below = {"england": order, "region": order[1:], "icb": order[2:]}.get(place.kind, ())
    levels = levels_of(catalogue, metric)
    return tuple(level for level in below if level in levels)
