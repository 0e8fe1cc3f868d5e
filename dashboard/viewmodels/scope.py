"""Where a publication begins to cover more than before, so that values on either side do not compare."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from dashboard.viewmodels.places import Place
from dashboard.viewmodels.series import Widening
from metrics.catalogue import Catalogue, Metric

# A trust's own figures are on both sides; totals of many organisations are not the same total.
WIDENED: Final[Mapping[str, Widening]] = {
    "rtt_bands": Widening(
        date(2026, 1, 1),
        "From January 2026 the figures are of every provider and commissioner, before of NHS trusts and English "
        "commissioners only: the two are not compared.",
    ),
}


def widening_of(catalogue: Catalogue, metric: Metric, place: Place, *, by_service: bool = False) -> Widening | None:
    """Returns where a metric's totals for a place begin to cover more, None where they do not or it is no total.

    `by_service` says that services are chosen: some metrics are then read from another model.
    """
    if place.level == "organisation":
        return None
    models = [metric.model, *(alternate.model for alternate in metric.alternates)]
    if not by_service:
        return WIDENED.get(metric.model or "")
    held = [
        name for name in models if name and any(each.name == "service" for each in catalogue.models[name].dimensions)
    ]
    return WIDENED.get(held[0]) if held else None
