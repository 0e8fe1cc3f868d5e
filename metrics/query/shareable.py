"""Which changes can be shared out exactly, by which method and by which dimensions; and why others cannot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from metrics.catalogue import Catalogue, Metric, Model
from metrics.query.forms import form_of
from metrics.query.plan import LEVELS, dimensions_of
from metrics.query.request import Filter
from metrics.query.sides import models_of

Method = Literal["ratio", "sum", "formula"]
LEVEL_TITLES = {"region": "Region", "icb": "Integrated care board", "organisation": "Organisation"}
_TYPES_AGAINST = {
    "percentile": "A percentile is not made up of its members' percentiles: its change cannot be shared out to them.",
    "index": "An index is shown as published, without its parts: its change cannot be shared out.",
}
_AGGREGATES_AGAINST = {
    "count_distinct": "One person or thing can be counted under several members: a change of a distinct count is not "
    "the sum of theirs.",
    "min": "The smallest value belongs to one member alone: its change is not made up of the members' changes.",
    "max": "The greatest value belongs to one member alone: its change is not made up of the members' changes.",
}


def method_of(metric: Metric) -> Method:
    """Returns how a change of the metric is shared out, where it can be."""
    if metric.type == "derived":
        return "ratio" if metric.paired else "formula"
    part = metric.numerator or metric.measure
    shares = metric.denominator is not None or metric.type in ("ratio", "conversion")
    return "ratio" if shares or (part is not None and part.agg == "mean") else "sum"


def reason_against(metric: Metric, catalogue: Catalogue) -> str | None:
    """Returns why a change of the metric cannot be shared out to members; None when it can."""
    if metric.type == "cumulative":
        return reason_against(catalogue.inputs(metric)[0], catalogue)
    if metric.type == "derived" and not metric.paired and form_of(metric.formula or "") is None:
        return (
            f"'{metric.formula}' is neither a sum of metrics nor one divided by another: "
            "no method shares out its change exactly."
        )
    parts = [part for part in (metric.measure, metric.numerator, metric.denominator) if part is not None]
    found = [_TYPES_AGAINST.get(metric.type), *(_AGGREGATES_AGAINST.get(part.agg) for part in parts)]
    return next((reason for reason in found if reason is not None), None)


def all_dimensions(metric: Metric, catalogue: Catalogue) -> list[str]:
    """Returns every dimension that the metric can be asked by; of one made of others, those that all of them have."""
    if metric.type in ("derived", "cumulative", "conversion"):
        each = [all_dimensions(made_of, catalogue) for made_of in catalogue.inputs(metric)]
        return [name for name in each[0] if all(name in others for others in each)]
    return list(dict.fromkeys(name for model in models_of(metric, catalogue) for name in dimensions_of(model)))


def dimensions_to_split(metric: Metric, where: Sequence[Filter], catalogue: Catalogue) -> list[str]:
    """Returns the dimensions in which a cell has more than one member, as far as its filters tell."""
    single = {each.dimension for each in where if each.picks_values and len(each.values) == 1}
    finest = max((LEVELS.index(name) for name in single if name in LEVELS), default=-1)
    above = set(LEVELS[: finest + 1])
    return [name for name in all_dimensions(metric, catalogue) if name not in single | above]


def titles_of(metric: Metric, dimensions: Sequence[str], catalogue: Catalogue) -> dict[str, str]:
    """Returns the dimensions with their titles."""
    models = [model for each in _read(metric, catalogue) for model in models_of(each, catalogue)]
    return {name: title_of(name, models) for name in dimensions}


def _read(metric: Metric, catalogue: Catalogue) -> list[Metric]:
    made_of = catalogue.inputs(metric)
    return [each for one in made_of for each in _read(one, catalogue)] if made_of else [metric]


def title_of(dimension: str, models: Sequence[Model]) -> str:
    """Returns the dimension's title."""
    titles = {each.name: each.title for model in models for each in model.dimensions}
    return LEVEL_TITLES.get(dimension) or titles.get(dimension, dimension)
