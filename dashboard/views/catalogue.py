"""The catalogue: search, definitions, provenance, and the definitions as a file."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import format as words
from dashboard.components import explain, states
from dashboard.components.html import badge, put, view_link
from dashboard.viewmodels.catalogue import Found, definitions, search
from dashboard.viewmodels.scorecard import GROUPS
from dashboard.visit import Visit
from metrics.catalogue import Metric

_ALL = "all"


def draw(visit: Visit) -> None:
    """Draws the page."""
    st.title("Catalogue", anchor=False)
    catalogue = visit.layer.catalogue
    put(
        '<p class="bw bw-headline">What every measure means: what is counted, which way is better, where it comes '
        "from. All pages, files and commands use these definitions and no others.</p>"
    )
    text, capability = _boxes(search(catalogue).by_capability)
    found = search(catalogue, text, () if capability == _ALL else (capability,))
    put(
        f'<p class="bw" role="status">{len(found.metrics)} of {words.counted(found.total, "measure")} '
        f"{'fits' if len(found.metrics) == 1 else 'fit'}.</p>"
    )
    if not found.metrics:
        states.empty("No measure fits", "Try fewer or other words, or all capabilities.")
        return
    st.download_button(
        "Download these definitions (YAML)", data=lambda: definitions(catalogue, found.metrics).encode(),
        file_name=f"bellwether-definitions-{catalogue.version}.yml", mime="application/yaml", key="definitions",
        on_click="ignore",
    )  # fmt: skip
    _entries(visit, found)


def _boxes(counts: dict[str, int]) -> tuple[str, str]:
    if "q" in st.query_params:
        st.session_state["catalogue_text"] = st.query_params["q"]
    asked = st.query_params.get("capability", _ALL)
    st.session_state["catalogue_capability"] = asked if asked in counts else _ALL
    words_box, capability_box = st.columns([3, 2], vertical_alignment="bottom")
    text = words_box.text_input("Search", key="catalogue_text", on_change=_searched, placeholder="For example: waiting")
    chosen = capability_box.selectbox(
        "Capability", [_ALL, *counts], key="catalogue_capability", on_change=_searched,
        format_func=lambda key: "All" if key == _ALL else f"{GROUPS[key]} ({counts[key]})",
    )  # fmt: skip
    return text or "", chosen


def _searched() -> None:
    for parameter, box, default in (("q", "catalogue_text", ""), ("capability", "catalogue_capability", _ALL)):
        value = st.session_state[box]
        if value and value != default:
            st.query_params[parameter] = value
        else:
            st.query_params.pop(parameter, None)


def _entries(visit: Visit, found: Found) -> None:
    for key, title in GROUPS.items():
        members = [metric for metric in found.metrics if metric.capability == key]
        if members:
            st.header(title, anchor=False)
            put("".join(_entry(visit, metric) for metric in members))


def _entry(visit: Visit, metric: Metric) -> str:
    link = view_link(visit.link("metric", metric=metric.id), metric.title)
    provenance = visit.layer.provenance(metric.id)
    mark = badge(provenance, "warn" if provenance == "simulated" else "plain")
    return (
        f'<div class="bw bw-entry"><h3>{link}</h3><p>{escape(metric.description)} {mark}</p>'
        f"<details><summary>Definition of {escape(metric.name)}</summary>"
        f"{explain.definition(visit.layer.catalogue, metric, provenance)}</details></div>"
    )
