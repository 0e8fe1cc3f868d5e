"""What the server forecasts: which metrics, and which of their series together, what most readers look at first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dashboard.viewmodels.places import ENGLAND, Place, Places
from dashboard.viewmodels.reach import is_of_own_records, levels_of
from metrics.catalogue import Catalogue, Metric
from metrics.query.request import Filter, Grain
from models.coherence import Node
from models.families import Family
from models.publishing import FREQUENCIES, SERVICE, SITE, Part

ALSO: Final = ("discharges_daily", "nhs_app_logins")
"""Flows that belong to another capability and are planned for all the same."""

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


def part_of(
    catalogue: Catalogue, metric: Metric, place: Place, *, by_service: bool = False, by_site: bool = False
) -> Part:
    """Returns the part that holds the forecast of a place: all places of its level, its services or its sites.

    Both together are the services within each site.
    """
    grain = Grain(catalogue.model_of(metric).grain)
    if by_service or by_site:
        where = tuple(Filter(name, codes) for name, codes in place.where)
        by = SERVICE if by_service else SITE
        within = SITE if by_service and by_site else ""
        name = f"{by} {'by site ' if within else ''}of {place.code}"
        return Part(metric.id, name, grain, by, place.code, where, within)
    if place.kind == "england":
        return Part(metric.id, "england", grain, organisation=ENGLAND)
    return Part(metric.id, place.level, grain, place.level)


def splits_by_service(catalogue: Catalogue, metric: Metric) -> bool:
    """Returns whether a metric is held by service."""
    return _is_held_by(catalogue, metric, SERVICE)


def splits_by_site(catalogue: Catalogue, metric: Metric) -> bool:
    """Returns whether a metric of own records is held by site: only those are forecast by site."""
    return _is_held_by(catalogue, metric, SITE) and is_of_own_records(catalogue, metric)


def parts_of(catalogue: Catalogue, owners: Iterable[Place]) -> tuple[Part, ...]:
    """Returns all parts that are kept forecast: own records, England, the levels below it, own sites and services.

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
    for owner in owners:
        for metric in own:
            sites, services = splits_by_site(catalogue, metric), splits_by_service(catalogue, metric)
            # What others are summed to stands before them.
            if sites:
                found.append(part_of(catalogue, metric, owner, by_site=True))
            if services:
                found.append(part_of(catalogue, metric, owner, by_service=True))
            if sites and services:
                found.append(part_of(catalogue, metric, owner, by_service=True, by_site=True))
    return tuple(found)


def families_of(catalogue: Catalogue, places: Places) -> tuple[Family, ...]:
    """Returns all parts that are kept forecast, with those of a metric that may add up together, parents first."""
    order = {name: number for number, name in enumerate(("england", "region", "icb", "organisation"))}
    together: dict[str, list[Part]] = {}
    for part in parts_of(catalogue, places.owners):
        together.setdefault(part.metric, []).append(part)
    found = []
    for metric, parts in together.items():
        parts.sort(key=lambda part: order.get(part.name, len(order)))
        names = [part.name for part in parts]
        named = {(part.organisation, part.dimensions): part.name for part in parts}
        crossed = {
            part.name: (named[part.organisation, (part.within,)], named[part.organisation, (part.by,)])
            for part in parts
            if part.within
        }
        usual = {part.name: Node("organisation", part.organisation) for part in parts if part.by in (SITE, SERVICE)}
        parents = {}
        if "england" in names:
            top = Node("england", metric)
            # Organisations of other kinds, as parts of boards, are no places: nobody is known to be their sum.
            usual |= dict.fromkeys((name for name in names[1:] if name != "organisation"), top)
            for place in places:
                over = next((each for each in places.above(place) if each.level in names[1:]), None)
                parents[Node(place.level, place.code)] = top if over is None else Node(over.level, over.code)
        found.append(Family(tuple(parts), parents, usual, crossed))
    return tuple(found)


def family_with(families: Iterable[Family], part: Part) -> Family:
    """Returns the family that a part belongs to; one of its own where nothing else is kept forecast with it."""
    same = (each for each in families if part in each.parts)
    return next(same, Family((part,)))


def _is_held_by(catalogue: Catalogue, metric: Metric, name: str) -> bool:
    return metric.model is not None and any(each.name == name for each in catalogue.model_of(metric).dimensions)


def _grain(catalogue: Catalogue, metric: Metric) -> Grain:
    return Grain(catalogue.model_of(metric).grain)
