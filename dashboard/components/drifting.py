"""Forecasts that drift, as a list of links to the page that shows each."""

from __future__ import annotations

from html import escape

from dashboard.components.html import view_link
from dashboard.viewmodels.drifting import Drifting


def listed(found: Drifting) -> str:
    """Returns the open alerts behind a line that opens them; nothing where there are none."""
    if not found.alerts:
        return ""
    count = len(found.alerts)
    items = "".join(f"<li>{view_link(each.address, each.title)}: {escape(each.text)}</li>" for each in found.alerts)
    more = f'<p class="bw-note">{escape(found.more)}</p>' if found.more else ""
    line = f"Forecasts that drift: {count}{' and more' if found.more else ''}"
    return (
        f'<details class="bw-folded" data-testid="drifting"><summary>{line}</summary><ul>{items}</ul>{more}</details>'
    )
