"""What every page stands in: styles, the menu, the line that says how new the published data are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import streamlit as st

from dashboard import format as words
from dashboard.components.html import put
from dashboard.menu import Entry
from dashboard.viewmodels.filters import KEYS
from dashboard.viewmodels.holdings import Holdings

_HERE: Final = Path(__file__).parent
STYLE: Final = (_HERE / "style.css").read_text(encoding="utf-8")
ICON: Final = _HERE / "icon.svg"
SCRIPT: Final = (_HERE / "links.js").read_text(encoding="utf-8")


def dress() -> None:
    """Puts the styles and the link handling into the page."""
    st.html(f"<style>{STYLE}</style>")
    st.html(f"<script>{SCRIPT}</script>", unsafe_allow_javascript=True)


def header(holdings: Holdings) -> None:
    """Draws the line that is on every page: how new, when loaded, what kind, whose licence."""
    parts = []
    if holdings.newest:
        parts.append(f"Data to {holdings.newest:%B %Y}")
    if holdings.loaded_at:
        parts.append(f"loaded {words.moment_words(words.in_london(holdings.loaded_at))}")
    if holdings.provenance:
        parts.append(holdings.provenance)
    parts += holdings.licences
    spans = "".join(f"<span>{escape(part)}</span>" for part in parts)
    put(f'<div class="bw bw-slim" data-testid="freshness">{spans}</div>')


def menu(entries: Sequence[Entry], shown: Entry, query: Mapping[str, str]) -> None:
    """Draws the menu in the sidebar, every link with the filters kept.

    It takes the place of Streamlit's own, whose lists are none to a screen reader and whose links drop the filters.
    """
    kept = urlencode({key: query[key] for key in KEYS if key in query}, safe=",")
    parts = []
    for section in dict.fromkeys(entry.section for entry in entries):
        links = "".join(_menu_link(entry, entry is shown, kept) for entry in entries if entry.section == section)
        parts.append(f"<h2>{escape(section)}</h2><ul>{links}</ul>")
    themes = "".join(
        f'<button type="button" data-theme-choice="{choice}" aria-pressed="false">{text}</button>'
        for choice, text in (("System", "Device"), ("Light", "Light"), ("Dark", "Dark"))
    )
    with st.sidebar:
        put(f'<nav class="bw bw-menu" aria-label="Pages"><p>Bellwether</p>{"".join(parts)}</nav>')
        put(f'<div class="bw bw-theme" role="group" aria-label="Theme"><p>Theme</p>{themes}</div>')


def _menu_link(entry: Entry, current: bool, kept: str) -> str:
    mark = ' aria-current="page"' if current else ""
    address = f"{entry.path}?{kept}" if kept else entry.path
    return f'<li><a data-view href="{escape(address)}" target="_self"{mark}>{escape(entry.title)}</a></li>'
