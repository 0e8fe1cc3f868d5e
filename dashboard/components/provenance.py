"""Where figures come from, said where they stand: no simulated one without the word."""

from __future__ import annotations

from dataclasses import replace
from html import escape

from dashboard.components.html import put, simulated_badge, view_link
from dashboard.viewmodels.filters import Filters, link
from dashboard.viewmodels.places import Place
from dashboard.visit import Visit
from metrics.catalogue import Metric

_MADE_UP = "Every figure of it is made up by a model of a hospital. None says anything about a real organisation."


def told(place: Place) -> None:
    """Draws, of a simulated trust, that it is one."""
    if place.is_simulated or place.own_records == "simulated":
        put(f'<p class="bw">{simulated_badge(place.name)} {escape(_MADE_UP)}</p>')


def elsewhere(visit: Visit, page: str) -> None:
    """Draws the way to the trusts whose own records are held, from a page of figures published by others."""
    owners = [place for place in visit.places.owners if place.code != visit.place.code]
    if not owners:
        return
    # The trust's own page shows its own newest figures, whatever month was chosen here.
    links = ", ".join(view_link(link(page, _of(visit, place)), place.name) for place in owners)
    put(f'<p class="bw bw-note" data-testid="own-records">With records of its own, day by day: {links}.</p>')


def of_metric(visit: Visit, metric: Metric) -> None:
    """Draws whether a metric's figures are simulated, and the way to its twin: the published one, or the own."""
    catalogue = visit.layer.catalogue
    if visit.layer.provenance(metric.id) == "simulated":
        whose = ", ".join(place.name for place in visit.places.owners)
        put(f'<p class="bw">{simulated_badge(whose)} {escape(_MADE_UP)}</p>')
    if metric.twin in catalogue.metrics:
        twin = catalogue.metric(metric.twin or "")
        put(f'<p class="bw bw-note">Published twin: {view_link(visit.link("metric", metric=twin.id), twin.title)}.</p>')
    own = [each for each in catalogue if each.twin == metric.id]
    if own and visit.places.owners:
        place = visit.place if visit.place.own_records else visit.places.owners[0]
        links = ", ".join(view_link(link("metric", _of(visit, place), metric=each.id), each.title) for each in own)
        put(f'<p class="bw bw-note">The same from the own records of {escape(place.name)}: {links}.</p>')


def _of(visit: Visit, place: Place) -> Filters:
    return replace(visit.filters, organisation=place.code, month=None)
