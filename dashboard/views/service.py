"""Services: a clinician picks treatment functions and sees their waiting lists."""

from __future__ import annotations

from functools import partial
from html import escape

import streamlit as st

from dashboard.components import charts, provenance, states
from dashboard.components.html import badge, put, table, view_link
from dashboard.viewmodels import service as model
from dashboard.viewmodels.charts import LineChart
from dashboard.viewmodels.filters import link
from dashboard.visit import Visit
from metrics.catalogue import Catalogue


def offers_services(_catalogue: Catalogue) -> bool:
    """Returns that the page is about services."""
    return True


def draw(visit: Visit) -> None:
    """Draws the page."""
    st.title(f"Services: {visit.place.name}", anchor=False)
    provenance.told(visit.place)
    more = ", with clinics, letters and stays from its own records" if visit.place.own_records else ""
    put(
        f'<p class="bw bw-headline">Waiting lists for consultant-led treatment (referral to treatment){more}. Choose '
        "up to five services above; without a choice the service with the longest list is shown.</p>"
    )
    view = visit.answer(lambda: model.build(visit.layer, visit.places, visit.filters, dict(visit.services)), "service")
    if view.overview is None:
        states.empty(
            f"No waiting list by service is held for {visit.place.name}{_until(visit)}",
            view.reason,
        )
        return
    if view.reach and not view.reach.is_own:
        put(f'<p class="bw">{badge(view.reach.label, "warn")}</p>')
    put("".join(f'<p class="bw bw-note">{escape(note)}</p>' for note in view.notes))
    source = visit.source_of(*(chart.metric.id for chart in view.charts))
    charts.in_pairs([partial(_chart, visit, chart, view.chosen, source) for chart in view.charts])
    st.header("All services", anchor=False)
    put(f'<p class="bw">{escape(view.title)}</p>{table(view.overview)}')


def _chart(visit: Visit, chart: LineChart, services: tuple[str, ...], source: str) -> None:
    """Draws a measure of the chosen services, with the way to the control chart of each."""
    charts.draw(chart, source=source, key=visit.key, level=2)
    links = ", ".join(
        view_link(
            link("metric", visit.filters.with_services((code,)), metric=chart.metric.id) + "#chart",
            visit.services.get(code, code),
        )
        for code in services
    )
    hidden = f'<span class="bw-hidden"> of {escape(chart.metric.name)}</span>'
    put(f'<p class="bw bw-note">Control chart{hidden}: {links}</p>')


def _until(visit: Visit) -> str:
    return f" up to {visit.filters.month:%B %Y}" if visit.filters.month else ""
