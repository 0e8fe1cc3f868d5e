"""What the server forecasts: which metrics, and which of their series together, what most readers look at first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dashboard.viewmodels.places import ENGLAND, Place
from dashboard.viewmodels.reach import is_of_own_records, levels_of
from metrics.catalogue import Catalogue, Metric
from metrics.query.request import Filter, Grain
from models.publishing import FREQUENCIES, Part

ALSO: Final = ("discharges_daily", "nhs_app_logins")
"""Flows that belong to another capability and are planned for all the same."""

SERVICE: Final = "service"
_LEVELS: Final = ("organisation", "icb", "region")


def demand_metrics(catalogue: Catalogue) -> tuple[Metric, ...]:
    """Returns the metrics that can be forecast: counts of what came, by day, week or month; by title.

    Stocks, such as waiting lists, are not demand that comes; they are left out.
    """
    found = [
        metric
        for metric in catalogue
        if metric.unit == "count"
        and metric.type in ("simple", "derived")
        and metric.combines_over_time == "sum"
        and (metric.capability == "demand" or metric.id in ALSO)
        and Grain(catalogue.model_of(metric).grain) in FREQUENCIES
    ]
    return tuple(sorted(found, key=lambda metric: metric.title))


def part_of(catalogue: Catalogue, metric: Metric, place: Place, *, by_service: bool = False) -> Part:
    """Returns the part that holds the forecast of a place: all places of its level, or its services."""
    grain = Grain(catalogue.model_of(metric).grain)
    if by_service:
        where = tuple(Filter(name, codes) for name, codes in place.where)
        return Part(metric.id, f"service of {place.code}", grain, SERVICE, place.code, where)
    if place.kind == "england":
        return Part(metric.id, "england", grain, organisation=ENGLAND)
    return Part(metric.id, place.level, grain, place.level)


def splits_by_service(catalogue: Catalogue, metric: Metric) -> bool:
    """Returns whether a metric is held by service."""
    return metric.model is not None and any(
        dimension.name == SERVICE for dimension in catalogue.model_of(metric).dimensions
    )


def parts_of(catalogue: Catalogue, owners: Iterable[Place]) -> tuple[Part, ...]:
    """Returns all parts that are kept forecast: own records, England, the levels below it, services of own records.

    Services of other places are forecast when somebody asks for them.
    """
    owners = tuple(owners)
    own: list[Metric] = []
    published: list[Metric] = []
    for metric in demand_metrics(catalogue):
        (own if is_of_own_records(catalogue, metric) else published).append(metric)
    found = []
    if owners:  # own records are of the trusts that have them, and of nobody above them
        found += [Part(metric.id, "organisation", _grain(catalogue, metric), "organisation") for metric in own]
    found += [Part(metric.id, "england", _grain(catalogue, metric), organisation=ENGLAND) for metric in published]
    levels = {metric.id: levels_of(catalogue, metric) for metric in published}
    found += [
        Part(metric.id, level, _grain(catalogue, metric), level)
        for level in _LEVELS
        for metric in published
        if level in levels[metric.id]
    ]
    found += [
        part_of(catalogue, metric, owner, by_service=True)
        for owner in owners
        for metric in own
        if splits_by_service(catalogue, metric)
    ]
    return tuple(found)


def _grain(catalogue: Catalogue, metric: Metric) -> Grain:
    return Grain(catalogue.model_of(metric).grain)
