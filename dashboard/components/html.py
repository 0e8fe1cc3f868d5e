"""Small pieces of HTML: escaped text, badges, tables, small lines; and how they get onto the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Final

import streamlit as st

from dashboard.viewmodels.charts import Table

_WIDTH: Final = 120.0
_HEIGHT: Final = 32.0
_PAD: Final = 4.0
_ARROWS: Final = {
    "up": "M6 1 L11 7 H8 V11 H4 V7 H1 Z",
    "down": "M6 11 L1 5 H4 V1 H8 V5 H11 Z",
    "level": "M1 4 H11 V8 H1 Z",
}


def put(content: str) -> None:
    """Draws HTML. `st.html` would strip the small lines, as it allows no SVG."""
    st.markdown(re.sub(r"\s*\n\s*", " ", content), unsafe_allow_html=True, anchors=False)


def badge(text: str, tone: str = "plain") -> str:
    """Returns words in a frame. The tone (plain, good, poor, warn) repeats in shade what the words say."""
    return f'<span class="bw-badge bw-{tone}">{escape(text)}</span>'


def simulated_badge(whose: str = "") -> str:
    """Returns the mark of figures that are made up, whatever stands beside them; `whose` names the trust."""
    text = f"Simulated: {whose} is made up" if whose else "Simulated"
    return f'<span data-testid="simulated">{badge(text, "warn")}</span>'


def arrow(direction: str) -> str:
    """Returns a small arrow, hidden from screen readers as the words beside it say the same."""
    return (
        f'<svg class="bw-arrow" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">'
        f'<path d="{_ARROWS[direction]}"/></svg>'
    )


def spark(values: Sequence[float | None], text: str) -> str:
    """Returns a small line with a dot on its newest value, described by `text`; gaps stay gaps."""
    held = [value for value in values if value is not None]
    if len(held) < 2:
        return ""
    low, high = min(held), max(held)
    scale = (_HEIGHT - 2 * _PAD) / (high - low) if high > low else 0.0
    step = (_WIDTH - 2 * _PAD) / (len(values) - 1)
    path, broken, last = "", True, (0.0, 0.0)
    for place, value in enumerate(values):
        if value is None:
            broken = True
            continue
        x = _PAD + place * step
        y = _HEIGHT - _PAD - (value - low) * scale if scale else _HEIGHT / 2
        path += f"{'M' if broken else 'L'}{x:.1f} {y:.1f}"
        broken, last = False, (x, y)
    return (
        f'<svg class="bw-spark" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" width="{_WIDTH:.0f}" height="{_HEIGHT:.0f}" '
        f'role="img" aria-label="{escape(text)}">'
        f'<path d="{path}" fill="none"/><circle cx="{last[0]:.1f}" cy="{last[1]:.1f}" r="3"/></svg>'
    )


def table(content: Table) -> str:
    """Returns an HTML table in a frame that scrolls sideways by itself and can be reached by keyboard."""
    heads = "".join(
        f'<th scope="col"{_numeric(content, place)}>{escape(title)}</th>' for place, title in enumerate(content.columns)
    )
    links = content.links or ("",) * len(content.rows)
    rows = "".join(
        f"<tr>{''.join(_cell(content, place, cell, address) for place, cell in enumerate(row))}</tr>"
        for row, address in zip(content.rows, links, strict=True)
    )
    more = f'<p class="bw-note">{escape(content.more)}</p>' if content.more else ""
    return (
        f'<div class="bw bw-scroll" role="region" tabindex="0" aria-label="Table: {escape(content.caption)}">'
        f'<table class="bw-table"><caption>{escape(content.caption)}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{more}"
    )


def _cell(content: Table, place: int, text: str, address: str) -> str:
    if place == 0:
        return f'<th scope="row">{view_link(address, text) if address else escape(text)}</th>'
    return f"<td{_numeric(content, place)}>{escape(text)}</td>"


def _numeric(content: Table, place: int) -> str:
    return ' class="bw-number"' if place in content.numeric else ""


def view_link(address: str, text: str, css: str = "") -> str:
    """Returns a link to another page of the dashboard, followed without loading everything again."""
    kind = f' class="{css}"' if css else ""
    return f'<a data-view{kind} href="{escape(address)}" target="_self">{escape(text)}</a>'


def definition_list(pairs: Sequence[tuple[str, str]]) -> str:
    """Returns terms and their words; pairs without words are left out."""
    items = "".join(f"<div><dt>{escape(term)}</dt><dd>{escape(words)}</dd></div>" for term, words in pairs if words)
    return f'<dl class="bw bw-list">{items}</dl>'
