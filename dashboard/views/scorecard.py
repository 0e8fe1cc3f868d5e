"""The scorecard: every headline measure of the chosen organisation and period."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard.components import states
from dashboard.components.html import put
from dashboard.components.scorecard import group_table
from dashboard.viewmodels import scorecard
from dashboard.visit import Visit

PAGES = {
    "operations": "operations", "people": "people", "technology": "technology", "data": "data", "roadmap": "roadmap",
    "change": "change", "impact_cost": "impact", "impact_outcomes": "impact", "impact_staff": "impact",
    "demand": "demand", "access": "service",
}  # fmt: skip


def view_model(visit: Visit) -> scorecard.Scorecard:
    """Returns the scorecard for the visit."""
    return visit.answer(lambda: scorecard.build(visit.layer, visit.places, visit.filters, visit.today), "scorecard")


def draw(visit: Visit) -> None:
    """Draws the page."""
    st.title(f"Scorecard: {visit.place.name}", anchor=False)
    card = view_model(visit)
    if not card.rows:
        states.empty(
            f"Nothing is reported for {visit.place.name} in this period",
            "Choose a later period, or the integrated care board or region that the organisation belongs to.",
        )
        return
    put(f'<p class="bw bw-headline">{escape(card.headline)}</p>')
    for group in card.groups:
        if group.rows or group.unreported:
            st.subheader(group.title, anchor=False)
            put(group_table(group, visit.filters))
