"""The pieces of the Today page: tiles, the bars of arrivals by hour, a part's frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final
from urllib.parse import quote

from dashboard.components.html import table
from dashboard.viewmodels.charts import Download, Table
from dashboard.viewmodels.today import Tile
from dashboard.viewmodels.today_ed import Arrivals, Hour

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 720.0, 190.0, 30.0, 22.0, 8.0
_EVERY: Final = 3  # hours between two labels, so that a phone can read them


def part_head(title: str, told: str = "") -> str:
    """Returns a part's heading, and beside it what is told of the instant that its figures hold for."""
    small = f" <small>{escape(told)}</small>" if told else ""
    return f'<h2 class="bw-part">{escape(title)}{small}</h2>'


def tiles(shown: Sequence[Tile]) -> str:
    """Returns figures side by side, each with its words."""
    cells = "".join(
        f"<div><dt>{escape(each.label)}</dt><dd>{escape(each.value)}</dd>"
        f'<dd class="bw-tile-note">{escape(each.note)}</dd></div>'
        for each in shown
    )
    return f'<dl class="bw-now">{cells}</dl>'


def file_link(download: Download, data_version: str, label: str) -> str:
    """Returns a link that saves a small file, which the page carries."""
    text = quote(download.text(data_version=data_version, read_at=datetime.now(UTC).isoformat(timespec="seconds")))
    return (
        f'<p class="bw-note"><a href="data:text/csv;charset=utf-8,{text}" download="{escape(download.file_name)}">'
        f"{escape(label)}</a></p>"
    )


def folded(content: Table, summary: str) -> str:
    """Returns a table behind a line that opens it."""
    return f'<details class="bw-folded"><summary>{escape(summary)}</summary>{shown(content)}</details>'


def shown(content: Table) -> str:
    """Returns a table whose headings take several lines, or nothing where it has no rows."""
    return f'<div class="bw-tight">{table(content)}</div>' if content.rows else ""


def arrivals(chart: Arrivals) -> str:
    """Returns the bars of the day beside what is usual, with their sentence and table."""
    return (
        f'<figure class="bw-arrivals"><figcaption>{escape(chart.title)}</figcaption>{_bars(chart)}'
        f'<p class="bw-key" aria-hidden="true"><span class="bw-key-bar"></span>Arrivals'
        f'<span class="bw-key-running"></span>Hour that runs'
        f'<span class="bw-key-band"></span>80 of 100 such hours<span class="bw-key-mean"></span>Usual</p></figure>'
        f'<p class="bw-note">{escape(chart.summary)}</p>{folded(chart.table, "View as table")}'
    )


def _bars(chart: Arrivals) -> str:
    hours = chart.hours
    if not hours:
        return ""
    top = max([each.arrivals or 0 for each in hours] + [each.high or 0.0 for each in hours] + [1.0]) * 1.05
    step = (_WIDTH - _LEFT) / len(hours)
    plot = _HEIGHT - _BOTTOM - _TOP

    def y(value: float) -> float:
        return _TOP + plot * (1 - value / top)

    drawn = [_scale(top, y)]
    for place, each in enumerate(hours):
        drawn.append(_hour(each, _LEFT + place * step, step, y))
        if place % _EVERY == 0:
            drawn.append(f'<text x="{_LEFT + (place + 0.5) * step:.1f}" y="{_HEIGHT - 6:.0f}">{each.label[:2]}</text>')
    return (
        f'<svg class="bw-bars" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" '
        f'aria-label="{escape(f"{chart.title}. {chart.summary}")}">{"".join(drawn)}</svg>'
    )


def _hour(each: Hour, x: float, step: float, y: Callable[[float], float]) -> str:
    parts = []
    if each.low is not None and each.high is not None and each.mean is not None:
        parts.append(
            f'<rect class="bw-usual" x="{x + 1:.1f}" y="{y(each.high):.1f}" width="{step - 2:.1f}" '
            f'height="{max(y(each.low) - y(each.high), 1):.1f}"/>'
        )
    if each.arrivals:
        kind = "bw-running" if each.running else "bw-came"
        parts.append(
            f'<rect class="{kind}" x="{x + step * 0.28:.1f}" y="{y(each.arrivals):.1f}" width="{step * 0.44:.1f}" '
            f'height="{y(0) - y(each.arrivals):.1f}"/>'
        )
    if each.mean is not None:
        parts.append(f'<path class="bw-usual-mean" d="M{x + 1:.1f} {y(each.mean):.1f}h{step - 2:.1f}"/>')
    return "".join(parts)


def _scale(top: float, y: Callable[[float], float]) -> str:
    step = next((each for each in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if top / each <= 4), 5000)
    marks = []
    for number in range(int(top // step) + 1):
        value = number * step
        marks.append(f'<path class="bw-grid" d="M{_LEFT:.0f} {y(value):.1f}H{_WIDTH:.0f}"/>')
        marks.append(f'<text class="bw-scale" x="{_LEFT - 6:.0f}" y="{y(value) + 4:.1f}">{value}</text>')
    return "".join(marks)
