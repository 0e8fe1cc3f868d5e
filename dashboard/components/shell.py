"""What every page stands in: styles, the line that says how fresh the data are, the watch for newer data."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard import format as words
from dashboard.components.html import put
from dashboard.layer import in_london, refreshed
from dashboard.viewmodels.holdings import Holdings

_HERE: Final = Path(__file__).parent
_WATCH_SECONDS: Final = 5
STYLE: Final = (_HERE / "style.css").read_text(encoding="utf-8")
SCRIPT: Final = (_HERE / "links.js").read_text(encoding="utf-8")


def dress() -> None:
    """Puts the styles and the link handling into the page."""
    st.html(f"<style>{STYLE}</style>")
    st.html(f"<script>{SCRIPT}</script>", unsafe_allow_javascript=True)


def header(holdings: Holdings) -> None:
    """Draws the line that is on every page: how new, when loaded, what kind, whose licence."""
    parts = ["Bellwether"]
    if holdings.newest:
        parts.append(f"Data to {holdings.newest:%B %Y}")
    if holdings.loaded_at:
        parts.append(f"loaded {words.moment_words(in_london(holdings.loaded_at))}")
    if holdings.provenance:
        parts.append(holdings.provenance)
    parts += holdings.licences
    name, *rest = parts
    spans = f"<span><b>{escape(name)}</b></span>" + "".join(f"<span>{escape(part)}</span>" for part in rest)
    put(f'<div class="bw bw-slim" data-testid="freshness">{spans}</div>')


@st.fragment(run_every=_WATCH_SECONDS)
def watch(shown_version: str) -> None:
    """Draws the page again when the data moved on from the version that it shows."""
    if refreshed() != shown_version:
        st.rerun()
