"""Beds needed by day as a fan, with those open."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from dashboard import format as words
from dashboard.components.charts import INK, SERIES_COLOURS
from dashboard.components.list_fan import BAND
from dashboard.viewmodels.capacity_whatif import CapacityView


@st.cache_resource(show_spinner=False, max_entries=200)
def beds_figure(_view: CapacityView, key: tuple[str, ...]) -> go.Figure:  # noqa: ARG001 - the key tells figures apart
    """Returns beds needed, the middle of the paths and the band of 80 %, against beds open."""
    view, figure = _view, go.Figure()
    days = list(view.days)
    low, middle, high = view.changed.quantiles
    edge = {"color": INK, "width": 0.75}
    figure.add_scatter(x=days, y=low, mode="lines", line=edge, hoverinfo="skip", showlegend=False)
    figure.add_scatter(
        x=days, y=high, mode="lines", line=edge, fill="tonexty", fillcolor=BAND, name="80% interval", hoverinfo="skip"
    )
    if view.choices.moved:
        figure.add_scatter(
            x=days, y=view.as_now.quantiles[1], mode="lines", name="As it is",
            hovertemplate="%{y:,.0f} beds<extra></extra>", line={"color": INK, "width": 1.5, "dash": "dot"},
        )  # fmt: skip
    figure.add_scatter(
        x=days, y=middle, mode="lines+markers", name="Needed", line={"color": SERIES_COLOURS[0], "width": 2.5},
        marker={"size": 6},
        customdata=[
            f"{day:%A} {words.day_words(day)}: {words.number(value)} beds<br>80%: {words.number(least)} to "
            f"{words.number(most)}<br>Chance of too few: {words.percentage(float(risk), 0)}"
            for day, value, least, most, risk in zip(days, middle, low, high, view.changed.exceeds, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[days[0], days[-1]], y=[view.changed.capacity] * 2, mode="lines", name="Open", hoverinfo="skip",
        line={"color": INK, "width": 1.75, "dash": "longdash"},
    )  # fmt: skip
    figure.update_layout(
        height=380, margin={"l": 8, "r": 8, "t": 12, "b": 8}, hovermode="closest",
        legend={"orientation": "h", "traceorder": "normal", "y": -0.14, "x": 0, "font": {"color": INK, "size": 13}},
    )  # fmt: skip
    ticks = {"color": INK, "size": 13}
    span = [min(float(low.min()), view.changed.capacity), max(float(high.max()), view.changed.capacity)]
    pad = max((span[1] - span[0]) * 0.1, 1.0)
    figure.update_yaxes(tickfont=ticks, fixedrange=True, zeroline=False, automargin=True, tickformat=",",
                        range=[max(span[0] - pad, 0.0), span[1] + pad], title="Beds")  # fmt: skip
    figure.update_xaxes(tickfont=ticks, showgrid=False, fixedrange=True, tickformat="%-d %b")
    return figure
