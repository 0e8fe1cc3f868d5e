"""At which level a metric can be shown for a place: its own figure, or that of the board or country it belongs to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dashboard.viewmodels.places import Place, Places
from metrics.catalogue import Catalogue, Metric, Model
from metrics.query.own_records import is_own


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a metric's figure for a place comes from.

    Attributes:
        asked: the place that the reader chose.
        shown: the place whose figure is shown.
        below: the levels below England at which the metric is held.
        of_nobody: the rows are no organisation's: the figure is that of all of them.
    """

    asked: Place
    shown: Place
    below: frozenset[str] = frozenset()
    of_nobody: bool = False

    @property
    def is_own(self) -> bool:
        """Returns whether the figure is the chosen place's own."""
        return self.asked.code == self.shown.code

    @property
    def label(self) -> str:
        """Returns whose figure it is when it is not the place's own, empty otherwise."""
        if self.of_nobody:
            return "Not held by organisation"
        if self.is_own:
            return ""
        if self.shown.own_records and self.shown.level == "organisation":
            return f"{self.shown.name}: from its own records, which {self.asked.name} has none of"
        if self.shown.kind == "england":
            return self._of_england
        level = {"icb": "integrated care board", "region": "region"}[self.shown.kind]
        return f"{self.shown.name}, as reported by {level}"

    @property
    def _of_england(self) -> str:
        if self.asked.is_simulated:
            return "England figure: nothing is published of a simulated trust"
        if not self.below:
            return "England figure: not held below England"
        if self.below == {"organisation"}:
            return "England: shown for single organisations only"
        return f"England figure: no figure is held that {self.asked.name} belongs to"


def levels_of(catalogue: Catalogue, metric: Metric) -> frozenset[str]:
    """Returns the levels that a metric, or an alternate of it, can be grouped by; of a derived one, those all share."""
    if metric.model is not None:
        models = [metric.model, *(alternate.model for alternate in metric.alternates)]
        return frozenset(level for name in models for level in _levels(catalogue.models[name]))
    shared: frozenset[str] | None = None
    for each in made_from(catalogue, metric):
        levels = levels_of(catalogue, each)
        shared = levels if shared is None else shared & levels
    return shared or frozenset()


def made_from(catalogue: Catalogue, metric: Metric) -> tuple[Metric, ...]:
    """Returns the metrics whose rows a metric made of others is split and filtered by; of a cohort, what began it."""
    inputs = catalogue.inputs(metric)
    return inputs[:1] if metric.type == "conversion" else inputs


def _levels(model: Model) -> tuple[str, ...]:
    return model.levels if model.organisation is not None else ()


def _is_nobodys(catalogue: Catalogue, metric: Metric) -> bool:
    if metric.model is not None:
        return catalogue.models[metric.model].organisation is None
    return any(_is_nobodys(catalogue, each) for each in made_from(catalogue, metric))


def is_of_own_records(catalogue: Catalogue, metric: Metric) -> bool:
    """Returns whether a metric, or anything that it is made of, is read from trusts' own records."""
    if metric.model is not None:
        return is_own(catalogue.models[metric.model])
    return any(is_of_own_records(catalogue, each) for each in catalogue.inputs(metric))


def concerns(catalogue: Catalogue, metric: Metric, place: Place) -> bool:
    """Returns whether a metric is one to list for a place.

    Own records are of the trusts that have them, never of what these belong to; nothing is published of a simulated
    trust. What the Today page shows of the moment is listed nowhere else.
    """
    if is_of_own_records(catalogue, metric):
        return place.own_records is not None and "today" not in metric.tags
    return not place.is_simulated


def reach(catalogue: Catalogue, metric: Metric, place: Place, places: Places) -> Reach:
    """Returns the nearest place, from the chosen one upwards, at which the metric is published.

    A metric of own records is shown for a trust that has them, whoever was asked for: under no other name.
    """
    levels = levels_of(catalogue, metric)
    if is_of_own_records(catalogue, metric) and places.owners:
        return Reach(place, place if place.own_records else places.owners[0], levels - {"england"})
    if place.is_simulated:
        return Reach(place, places.england, levels - {"england"})
    if _is_nobodys(catalogue, metric):
        whole = replace(places.england, name=f"All of {catalogue.model_of(metric).title.lower()}")
        return Reach(place, whole, of_nobody=True)
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
