"""About Bellwether, and its accessibility statement."""

from __future__ import annotations

from importlib.metadata import version

import streamlit as st

from dashboard.components.html import definition_list, put, view_link
from dashboard.visit import Visit

_READING = (
    ("Not reported", "Nobody gave a figure. It is never zero, and charts leave a gap."),
    (
        "Better, worse",
        (
            "The newest period against the same period a year before, by the measure's own direction. Two points "
            "are no trend: look at the history before you act."
        ),
    ),
    (
        "Met, not met",
        ("Against the national standard, or the plan where there is no standard, in force at the end of the period."),
    ),
    (
        "Provisional, incomplete, partial",
        ("The period may be revised, still runs, or too few organisations reported. Marks of such periods are hollow."),
    ),
    (
        "Newer data due",
        (
            "The age of every figure is shown. Some publications are slow, and their figures are old as soon as they "
            "come out. Only where a newer one should be out by the publication's own habit, and is not loaded here, "
            "the figure is marked."
        ),
    ),
    (
        "Middle of trusts",
        "Some indices have no figure for England. Half of the trusts lie below the middle, half above.",
    ),
    (
        "Ratings",
        (
            "Ratings and segments are told in words. For England, trusts are counted under each: a rating is never "
            "averaged."
        ),
    ),
    (
        "As reported by",
        (
            "The organisation has no figure of its own. You see that of its integrated care board or of England, "
            "and the label says so."
        ),
    ),
)


def draw(visit: Visit) -> None:
    """Draws the page."""
    st.title("About Bellwether", anchor=False)
    catalogue = view_link(visit.link("catalogue"), "the catalogue")
    sources = view_link(visit.link("sources"), "data and licences")
    put(
        '<div class="bw"><p class="bw-headline">Bellwether shows whether a healthcare organisation\'s digital '
        "transformation works: daily operations, what the programme promised, and the capabilities that carry it.</p>"
        "<p>The figures are published statistics. Most are read from the publishers' own files. Some come from "
        "extracts that others made of them and were not checked against the publication, such as the trust snapshot, "
        "the monthly totals of waiting lists by provider, the digital maturity scores and the ratings of the Care "
        "Quality Commission; what to know of each publication says so. Bellwether is not an NHS service "
        "and is not endorsed by NHS England. A figure shows what was reported, not why.</p>"
        f"<p>What each measure means stands in {catalogue}. Where it comes from stands in {sources}.</p></div>"
    )
    st.header("How to read the figures", anchor=False)
    put(definition_list(_READING))
    st.header("Accessibility statement", anchor=False)
    put(
        '<div class="bw"><p>Bellwether aims to meet the Web Content Accessibility Guidelines 2.2, level AA. Every page '
        "is checked by automatic tests at desktop and phone width, in the light and the dark theme.</p>"
        "<p>What we do: every chart has a sentence that states what it shows, a description for screen readers, a "
        "table and a file. Nothing is told by colour alone. All controls can be reached by keyboard. Text can be "
        "enlarged to 200% without loss.</p>"
        "<p>What does not work fully yet: points of a chart cannot be reached one by one by keyboard; use 'View as "
        "table'. Lists of organisations are long; type part of a name or a code. Automatic tests find only part of "
        "all barriers, and no audit by people with disabilities has been made.</p>"
        "<p>Tell whoever looks after Bellwether in your organisation about any barrier that you meet.</p></div>"
    )
    st.header("This installation", anchor=False)
    put(
        definition_list(
            [
                ("Version", version("bellwether")),
                ("Data version", visit.version),
                ("Definitions version", visit.layer.catalogue.version),
                ("Theme", "As your device is set, until you choose light or dark below the menu."),
            ]
        )
    )  # fmt: skip
