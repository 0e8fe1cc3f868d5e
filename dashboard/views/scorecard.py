"""The scorecard: every headline measure of the chosen organisation and period, as a board reads it."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard.components import charts, provenance, states
from dashboard.components.html import put, view_link
from dashboard.components.matrix import chance, listing, matrix_table, order_links
from dashboard.components.scorecard import folded_table, group_table, summary_tiles
from dashboard.components.spc_icons import legend
from dashboard.menu import ENTRIES
from dashboard.viewmodels import board, scorecard
from dashboard.viewmodels.scorecard import NOT_JUDGED, STALE_WORDS
from dashboard.viewmodels.scorecard_file import scorecard_file
from dashboard.viewmodels.signals import signals_of
from dashboard.visit import Visit

CAPABILITIES = tuple((entry.path, entry.title) for entry in ENTRIES if entry.section == "Capabilities")


def view_model(visit: Visit) -> scorecard.Scorecard:
    """Returns the scorecard for the visit."""
    return visit.answer(
        lambda: scorecard.build(visit.layer, visit.places, visit.filters, visit.today, entries=visit.written.entries),
        "scorecard",
    )


def draw(visit: Visit) -> None:
    """Draws the page."""
    st.title(f"Scorecard: {visit.place.name}", anchor=False)
    provenance.told(visit.place)
    card = view_model(visit)
    if not card.rows:
        states.empty(
            f"Nothing is reported for {visit.place.name} in this period",
            "Choose a later period, or the integrated care board or region that the organisation belongs to.",
        )
        return
    reading, messages = board.read(st.query_params)
    states.messages(messages)
    signals = signals_of(card.rows)
    weak = signals.weak if reading.controlled else None
    oldest = f"Oldest figure: {card.oldest}. " if card.oldest else ""
    put(
        f'<div class="bw bw-top"><div><p class="bw-headline">{escape(card.headline)}</p>'
        f"{summary_tiles(card.summary, reading, visit.filters)}"
        f"{chance(signals, reading, visit.filters)}"
        f'<p class="bw-note">{escape(oldest + (STALE_WORDS if card.stale else ""))}</p></div>'
        f"{matrix_table(card.matrix, reading, visit.filters)}</div>"
    )
    with st.expander("What the icons mean", key="icons"):
        put(legend())
    groups = card.listed(reading)
    shown = sum(len(group.rows) for group in groups)
    put(
        f'<div class="bw bw-bar">{listing(reading, shown, len(card.rows), visit.filters)}'
        f"{order_links(reading, visit.filters)}</div>"
    )
    for group in groups:
        if group.title == NOT_JUDGED and not reading.cell:
            put(folded_table(group, visit.filters, weak or frozenset()))
            continue
        st.subheader(group.title, anchor=False)
        put(group_table(group, visit.filters, weak or frozenset()))
    charts.download_csv(
        scorecard_file(card, visit.layer.catalogue, visit.filters, weak), "scorecard", "Download the scorecard (CSV)"
    )
    if visit.place.own_records:
        return
    links = ", ".join(view_link(visit.link(path), title) for path, title in CAPABILITIES)
    provenance.elsewhere(visit, "scorecard")
    put(
        '<p class="bw bw-note">Not measured in any national publication: what your own programme delivers, how staff '
        f"take up each change, how systems perform. Each capability says what is missing: {links}.</p>"
    )
