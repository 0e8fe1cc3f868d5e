"""A funnel plot on the page: its sentence above, the figure, its words, table and file below."""

from __future__ import annotations

from html import escape
from typing import Final

import plotly.graph_objects as go
import streamlit as st
from streamlit.elements.lib.streamlit_plotly_theme import CATEGORY_0, CATEGORY_1, CATEGORY_3, CATEGORY_5

from dashboard import format as words
from dashboard.components.charts import CONFIG, INK, in_lines, scale_axis, with_table
from dashboard.components.html import put
from dashboard.viewmodels.funnel_view import FunnelChart, FunnelPoint, standing

_HEIGHT: Final = 420
_PLOT: Final = 340.0  # pixels of it between the lowest and the highest value
_LINES: Final = (
    ("theta", "solid", 1.5), ("lower_95", "dot", 1.5), ("upper_95", "dot", 1.5), ("lower_998", "dash", 1.5),
    ("upper_998", "dash", 1.5),
)  # fmt: skip
_WITHIN, _BETWEEN, _OUTSIDE = CATEGORY_3, CATEGORY_0, CATEGORY_5


def funnel_figure(chart: FunnelChart) -> go.Figure:
    """Returns the figure: an organisation a point by its size, both pairs of limits, the chosen one named."""
    figure = go.Figure()
    for name, dash, width in _LINES:
        figure.add_scatter(
            x=chart.curve["denominator"], y=chart.curve[name], mode="lines", hoverinfo="skip", showlegend=False,
            line={"color": INK, "width": width, "dash": dash}, name=name,
        )  # fmt: skip
    shown = sorted((point for point in chart.points if point.value is not None), key=lambda point: point.chosen)
    looks = [_look(point) for point in shown]
    figure.add_scatter(
        x=[point.denominator for point in shown], y=[point.value for point in shown], mode="markers", showlegend=False,
        marker={
            "color": [colour for colour, _, _ in looks], "symbol": [symbol for _, symbol, _ in looks],
            "size": [size for *_, size in looks], "opacity": 1,
            "line": {"color": INK, "width": [1 if point.outside_95 or point.chosen else 0 for point in shown]},
        },
        customdata=[_words(chart, point) for point in shown],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    largest = max((point.denominator or 0.0 for point in shown), default=1.0)
    for point in shown:
        if point.chosen:
            left, span, up = (point.denominator or 0.0) < largest / 2, _span(chart), 40.0
            if not left and span and point.value is not None:  # few are large and high at once
                up = max(up, (span[1] - point.value) / (span[1] - span[0]) * _PLOT - 20)
            figure.add_annotation(
                x=point.denominator, y=point.value, text=f"<b>{in_lines(point.name)}</b>", showarrow=True,
                arrowcolor=INK, ax=30 if left else 0, ay=-up, xanchor="left" if left else "right", align="left",
                font={"color": INK, "size": 13},
            )  # fmt: skip
    for name, text, anchor in (("upper_998", "99.8%", "bottom"), ("upper_95", "95%", "top")):
        figure.add_annotation(
            x=chart.curve["denominator"][-1], y=chart.curve[name][-1], text=text, showarrow=False, xanchor="right",
            yanchor=anchor, font={"color": INK, "size": 12},
        )  # fmt: skip
    figure.update_layout(height=_HEIGHT, margin={"l": 8, "r": 8, "t": 12, "b": 8}, hovermode="closest")
    scale_axis(figure, "y", chart.metric, _span(chart))
    figure.update_yaxes(showgrid=False)
    figure.update_xaxes(
        tickfont={"color": INK, "size": 13}, fixedrange=True, showgrid=False, zeroline=False, tickformat=",",
        title={"text": "Size: the denominator", "font": {"color": INK, "size": 13}}, range=[0, largest * 1.03],
    )  # fmt: skip
    return figure


@st.cache_resource(show_spinner=False, max_entries=200)
def _figure(_chart: FunnelChart, key: tuple[str, ...]) -> go.Figure:  # noqa: ARG001 - the key tells charts apart
    return funnel_figure(_chart)


def draw(chart: FunnelChart, *, source: str, key: tuple[str, ...], level: int = 3) -> None:
    """Draws a funnel plot with its sentence, words for screen readers, table, file and source.

    Args:
        chart: what to draw.
        source: the line under the chart: publication and licence.
        key: plain values that tell this chart from every other; the data version among them.
        level: the level of its heading.
    """
    name = f"chart-{chart.key}-{chart.metric.id}"
    put(f'<div class="bw"><h{level} class="bw-title">{escape(chart.title)}</h{level}></div>')
    st.plotly_chart(
        _figure(chart, (*key, chart.key, chart.metric.id)),
        key=name,
        config=CONFIG,
        alt=f"{chart.title}. {chart.summary}",
    )
    items = "".join(
        f'<li><svg class="bw-spc bw-key" viewBox="0 0 22 16" width="22" height="16" aria-hidden="true">'
        f'<path class="{css}" d="{path}"/></svg>{escape(text)}</li>'
        for css, path, text in _KEYS
    )
    put(
        f'<div class="bw"><ul class="bw-keys" aria-label="What points and lines mean">{items}</ul>'
        f'<div class="bw-note"><p data-testid="funnel-words">{escape(chart.summary)}</p>'
        f"<p>The denominator: {escape(chart.denominator)}. {escape(chart.settings)}</p>"
        f"<p>Source: {escape(source)}</p></div></div>"
    )
    with_table(chart.table, chart.download, name)


_KEYS: Final = (
    ("bw-key-common", "M7 8a4 4 0 1 1 8 0a4 4 0 1 1-8 0Z", "Within the limits"),
    ("bw-key-good", "M11 2.5L16.5 8L11 13.5L5.5 8Z", "Outside 95%"),
    ("bw-key-neutral", "M11 1.5L18 14H4Z", "Above 99.8%"),
    ("bw-key-neutral", "M4 2H18L11 14.5Z", "Below 99.8%"),
    ("bw-key-mean", "M1 8H21", "All together"),
    ("bw-key-target", "M1 8H21", "95% limits"),
    ("bw-key-limit", "M1 8H21", "99.8% limits"),
)


def _look(point: FunnelPoint) -> tuple[str, str, int]:
    """Returns colour, symbol and size of a point: the shape says where it lies."""
    larger = 5 if point.chosen else 0
    if point.outside_998:
        return _OUTSIDE, "triangle-up" if point.is_above else "triangle-down", 10 + larger
    if point.outside_95:
        return _BETWEEN, "diamond", 9 + larger
    return (CATEGORY_1, "square", 12) if point.chosen else (_WITHIN, "circle", 7)


def _words(chart: FunnelChart, point: FunnelPoint) -> str:
    metric = chart.metric
    lines = [f"{point.name}: {words.value_words(point.value, metric)}"]
    if point.denominator is not None and point.numerator is not None:
        lines.append(f"{words.number(point.numerator)} of {words.number(point.denominator)}")
    if point.lower is not None and point.upper is not None:
        low, high = words.value_text(point.lower, metric), words.value_text(point.upper, metric)
        lines.append(f"{standing(point)} ({low} to {high} at its size)")
    return "<br>".join(escape(line) for line in lines)


def _span(chart: FunnelChart) -> tuple[float, float] | None:
    """Returns the axis of values: of what is measured, not of limits that widen without end at the smallest sizes."""
    values = [point.value for point in chart.points if point.value is not None]
    if not values:
        return None
    # The limits in the middle of the sizes still fit; towards nothing they may leave the figure.
    middle = len(chart.curve["denominator"]) // 4
    low = min(*values, chart.curve["lower_998"][middle], chart.curve["theta"][0])
    high = max(*values, chart.curve["upper_998"][middle], chart.curve["theta"][0])
    room = (high - low) * 0.08 or abs(high) * 0.05 or 0.05
    low, high = max(low - room, 0.0) if low >= 0 else low - room, high + room
    return (low, min(high, 1.0 + room / 2)) if chart.metric.unit == "percent" and high - room <= 1 else (low, high)
