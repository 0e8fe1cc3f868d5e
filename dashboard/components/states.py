"""What a page shows when it has nothing to show: empty, not built, unreachable, failed."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import format as words
from dashboard.layer import reachability


def state(title: str, text: str, *, command: str = "", level: int = 2) -> None:
    """Draws a framed message with, where there is one, the command that puts things right."""
    shown = f"<p>Run: <code>{escape(command)}</code></p>" if command else ""
    st.html(
        f'<div class="bw bw-state" role="status"><h{level}>{escape(title)}</h{level}><p>{escape(text)}</p>{shown}</div>'
    )


def empty(title: str, text: str) -> None:
    """Draws that there is nothing for the chosen filters, and what to try."""
    state(title, text)


def messages(texts: tuple[str, ...]) -> None:
    """Draws what in the link could not be used."""
    for text in texts:
        st.html(f'<div class="bw bw-banner" role="status">{escape(text)}</div>')


def unreachable_banner() -> None:
    """Draws since when the warehouse has not answered; nothing while it does."""
    lost = reachability().lost_at
    if lost is not None:
        st.html(
            '<div class="bw bw-banner" role="alert">The warehouse has not answered since '
            f"{words.moment_words(lost)}. You see the last good answers; they are renewed as soon as it answers.</div>"
        )
