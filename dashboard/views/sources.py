"""Data and licences: every publication, its files, its licence, its age and its caveats."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import format as words
from dashboard.components.html import badge, definition_list, put, table, view_link
from dashboard.layer import in_london
from dashboard.viewmodels.charts import Table
from dashboard.viewmodels.holdings import Held
from dashboard.visit import Visit


def draw(visit: Visit) -> None:
    """Draws the page."""
    st.title("Data and licences", anchor=False)
    put(
        '<div class="bw"><p class="bw-headline">Every figure comes from a published file that was read as it was '
        "issued. Contains public sector information licensed under the Open Government Licence v3.0.</p>"
        f"<p>{words.counted(len(visit.holdings.held), 'publication')} feed "
        f"{words.counted(len(visit.layer.catalogue.metrics), 'measure')}. "
        f"Data version {escape(visit.version)}.</p></div>"
    )
    put(table(_overview(visit)))
    for held in visit.holdings.held:
        _publication(visit, held)


def _overview(visit: Visit) -> Table:
    rows = tuple(
        (
            held.publication.title,
            held.publication.publisher,
            held.covers,
            f"{words.age_words(held.last_day, visit.today)}{', stale' if held.stale else ''}" if held.last_day else "",
            held.publication.cadence.capitalize(),
            held.publication.licence,
        )
        for held in visit.holdings.held
    )
    columns = ("Publication", "Publisher", "Covers", "Age", "Issued", "Licence")
    return Table("All publications", columns, rows)


def _publication(visit: Visit, held: Held) -> None:
    publication = held.publication
    st.header(publication.title, anchor=False)
    loaded = words.moment_words(in_london(publication.loaded_at)) if publication.loaded_at else ""
    put(
        definition_list(
            [
                ("Publisher", publication.publisher),
                ("Licence", publication.licence),
                ("Source", publication.source),
                ("Covers", held.covers),
                ("Loaded", loaded),
                ("Rows left out", f"{words.number(held.rows_rejected)} (totals, blanks and rows that fail checks)"),
                ("Know before you use it", publication.caveats),
            ]
        )
    )
    links = ", ".join(view_link(visit.link("metric", metric=each.id), each.name) for each in held.metrics)
    stale = f" {badge('stale: newer data should be out', 'warn')}" if held.stale else ""
    put(f'<p class="bw">Feeds: {links}.{stale}</p>')
    behind = st.expander(f"Files of {publication.title} ({len(publication.files)})", key=f"files-{publication.id}",
                         on_change="rerun")  # fmt: skip
    if behind.open:
        with behind:
            put(table(held.files))
