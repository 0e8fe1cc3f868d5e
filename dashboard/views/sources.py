"""Data and licences: every publication, its files, its licence, its age, its caveats and what was left out of it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from dashboard import format as words
from dashboard.components.charts import download_csv
from dashboard.components.html import badge, definition_list, put, table, view_link
from dashboard.viewmodels import holdings
from dashboard.viewmodels.charts import Table
from dashboard.viewmodels.holdings import Held
from dashboard.viewmodels.scorecard import STALE_WORDS
from dashboard.visit import Visit


def draw(visit: Visit) -> None:
    """Draws the page."""
    st.title("Data and licences", anchor=False)
    stale = f"<p>{escape(STALE_WORDS)}</p>" if any(held.stale for held in visit.holdings.held) else ""
    put(
        '<div class="bw"><p class="bw-headline">Every figure comes from a published file, or from an extract that '
        "others made of one: 'Know before you use it' says which. Files are read as they are. Contains "
        "public sector information licensed under the "
        f'<a href="{holdings.OPEN_LICENCE_ADDRESS}">Open Government Licence v3.0</a>.</p>'
        f"<p>{words.counted(len(visit.holdings.held), 'publication')} feed "
        f"{words.counted(len(visit.layer.catalogue.metrics), 'measure')} and the list of organisations. "
        f"Data version {escape(visit.version)}.</p>{stale}</div>"
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
            f"{words.age_words(held.last_day, visit.today)}{'; newer data due' if held.stale else ''}"
            if held.last_day
            else "",
            held.publication.cadence.capitalize(),
            words.number(len(held.metrics)) if held.metrics else "Reference",
        )
        for held in visit.holdings.held
    )
    columns = ("Publication", "Publisher", "Covers", "Age", "Issued", "Measures")
    licences = ", ".join(visit.holdings.licences)
    return Table(f"All publications, under the {licences}", columns, rows, frozenset({5}))


def _publication(visit: Visit, held: Held) -> None:
    publication = held.publication
    st.header(publication.title, anchor=False)
    loaded = words.moment_words(words.in_london(publication.loaded_at)) if publication.loaded_at else ""
    changed = visit.answer(lambda: holdings.changes(visit.layer, publication.id), "changes", publication.id)
    put(
        definition_list(
            [
                ("Publisher", publication.publisher),
                ("Licence", publication.licence),
                ("Attribution", holdings.attribution(publication)),
                ("Covers", held.covers),
                ("Loaded", f"{loaded}, UK time" if loaded else ""),
                ("Rows left out", words.number(held.rows_rejected) if held.rows_rejected else "None"),
                ("Changed by later files", words.counted(len(changed), "period") if changed else "Nothing"),
                ("Know before you use it", publication.caveats),
            ]
        )
    )
    links = ", ".join(view_link(visit.link("metric", metric=each.id), each.name) for each in held.metrics)
    stale = f" {badge('newer data due')}" if held.stale else ""
    feeds = f"Feeds: {links}." if links else "Feeds: names, places and calendars behind all measures."
    source = f'<a href="{escape(publication.source)}">Where it is published</a>'
    put(f'<p class="bw">{source}. {feeds}{stale}</p>')
    title, name = publication.title, publication.id
    _behind(f"Files of {title} ({len(publication.files)})", f"files-{name}", lambda: put(table(held.files)))
    if held.rows_rejected:
        _behind(f"Rows left out of {title}", f"left-out-{name}", lambda: _left_out(visit, held))
    if changed:
        items = "".join(f"<li>{escape(each)}</li>" for each in changed)
        _behind(f"What later files changed in {title}", f"changes-{name}", lambda: put(f'<ul class="bw">{items}</ul>'))


def _behind(title: str, key: str, draw_content: Callable[[], None]) -> None:
    """Draws a section that is closed, and its content only once it is opened."""
    behind = st.expander(title, key=key, on_change="rerun")
    if behind.open:
        with behind:
            draw_content()


def _left_out(visit: Visit, held: Held) -> None:
    found = visit.answer(lambda: holdings.left_out(visit.layer, held), "left out", held.publication.id)
    if found is None:
        put('<p class="bw">The file does not list them one by one.</p>')
        return
    put(table(found.table))
    download_csv(found.download, f"left-out-{held.publication.id}", "Download all as CSV")
