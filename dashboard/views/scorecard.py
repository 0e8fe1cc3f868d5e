"""The scorecard: every headline measure of the chosen organisation and period."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard.components import states
from dashboard.components.html import put, view_link
from dashboard.components.scorecard import group_table, summary_tiles
from dashboard.menu import ENTRIES
from dashboard.viewmodels import scorecard
from dashboard.viewmodels.scorecard import STALE_WORDS
from dashboard.visit import Visit

CAPABILITIES = tuple((entry.path, entry.title) for entry in ENTRIES if entry.section == "Capabilities")


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
    put(f'<p class="bw bw-headline">{escape(card.headline)}</p>{summary_tiles(card.summary)}')
    stale = f" {STALE_WORDS}" if card.stale else ""
    put(
        '<p class="bw bw-note">Better and worse compare the newest final period with the same one a year before; two '
        f"points are no trend.{escape(stale)}</p>"
    )
    for group in card.groups:
        if group.rows or group.unreported:
            st.subheader(group.title, anchor=False)
            put(group_table(group, visit.filters))
    links = ", ".join(view_link(visit.link(path), title) for path, title in CAPABILITIES)
    put(
        '<p class="bw bw-note">Not measured in any national publication: what your own programme delivers, how staff '
        f"take up each change, how systems perform. Each capability says what is missing: {links}.</p>"
    )
