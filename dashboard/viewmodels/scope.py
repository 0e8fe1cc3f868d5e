"""Where a publication begins to cover more than before, so that values on either side do not compare."""

from __future__ import annotations

from dashboard.viewmodels.places import Place
from dashboard.viewmodels.series import Widening
from metrics.catalogue import Catalogue, Metric


def widening_of(catalogue: Catalogue, metric: Metric, place: Place, *, by_service: bool = False) -> Widening | None:
    """Returns where a metric's totals for a place begin to cover more, None where they do not or it is no total.

    A trust's own figures are on both sides, unless the definition says otherwise; totals of many organisations are not
    the same total. `by_service` says that services are chosen: some metrics are then read from another model.
    """
    models = [metric.model, *(alternate.model for alternate in metric.alternates)]
    held = [catalogue.models[name] for name in models if name]
    if by_service:
        held = [model for model in held if any(each.name == "service" for each in model.dimensions)]
    change = held[0].scope_change if held else None
    if change is None or place.level not in change.levels:
        return None
    return Widening(change.from_day, change.words)
