"""The six capabilities and the impact: one page each, drawn alike."""

from __future__ import annotations

from functools import partial
from html import escape

import streamlit as st

from dashboard.components import charts, provenance, states
from dashboard.components.html import badge, put
from dashboard.components.scorecard import group_table
from dashboard.viewmodels import capability as model
from dashboard.viewmodels.charts import LineChart
from dashboard.visit import Visit


def draw(visit: Visit, capability: str) -> None:
    """Draws the page of a capability."""
    # The heading stands before the figures are asked for: a page that fails keeps its own.
    st.title(f"{model.CAPABILITIES[capability].title}: {visit.place.name}", anchor=False)
    provenance.told(visit.place)
    view = visit.answer(
        lambda: model.build(
            visit.layer, visit.places, visit.filters, capability, visit.today, entries=visit.written.entries
        ),
        "capability", capability,
    )  # fmt: skip
    put(f'<p class="bw bw-headline">{escape(view.about.intro)}</p><p class="bw">{escape(view.measured)}</p>')
    if not view.card.rows:
        states.empty(
            f"No measure of this capability is reported for {visit.place.name}",
            "Choose another organisation or a later period. What is not measured anywhere yet is listed below.",
        )
    for group in view.card.groups:
        if len(view.card.groups) > 1:
            st.subheader(group.title.removeprefix("Impact: ").capitalize(), anchor=False)
        put(group_table(group, visit.filters))
    if view.charts:
        st.header("Over time", anchor=False)
        charts.in_pairs([partial(_chart, visit, chart, view.whose[chart.metric.id]) for chart in view.charts])
    if visit.place.own_records:
        return
    provenance.elsewhere(visit, capability)
    items = "".join(f"<li>{escape(each)}</li>" for each in view.about.not_measured)
    st.header("Not measured yet", anchor=False)
    put(
        '<div class="bw"><p>No national publication holds these. They need records of the organisation itself, which '
        f"Bellwether does not have of {escape(visit.place.name)}.</p><ul>{items}</ul></div>"
    )


def _chart(visit: Visit, chart: LineChart, whose: str) -> None:
    if whose:
        put(f'<p class="bw">{badge(whose, "warn")}</p>')
    charts.draw(chart, source=visit.source_of(chart.metric.id), key=visit.key)
