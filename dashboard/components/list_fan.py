"""The outlook of a waiting list as fans: its size, and the share of less than 18 weeks."""

from __future__ import annotations

from datetime import date
from typing import Final

import plotly.graph_objects as go
import streamlit as st

from dashboard import format as words
from dashboard.components.charts import INK, SERIES_COLOURS
from dashboard.viewmodels.waiting_list import ListView, Month, Outlook

BAND: Final = "rgba(76, 148, 220, 0.3)"
_TALL: Final = 360


@st.cache_resource(show_spinner=False, max_entries=200)
def size_figure(_view: ListView, key: tuple[str, ...]) -> go.Figure:  # noqa: ARG001 - the key tells figures apart
    """Returns the list's size: months held, the middle of the paths, and the band of 80 %."""
    return _figure(_view, of_size=True)


@st.cache_resource(show_spinner=False, max_entries=200)
def share_figure(_view: ListView, key: tuple[str, ...]) -> go.Figure:  # noqa: ARG001
    """Returns the share of less than 18 weeks, with the standard as a line."""
    return _figure(_view, of_size=False)


def _figure(view: ListView, *, of_size: bool) -> go.Figure:
    figure, learned = go.Figure(), view.learned
    history, since = learned.history, learned.since
    days = [view.changed.day(week) for week in range(view.weeks + 1)]
    low, middle, high = view.changed.size if of_size else view.changed.share

    def told(value: float) -> str:
        return f"{words.number(value)} waiting" if of_size else f"{words.percentage(value)} within 18 weeks"

    edge = {"color": INK, "width": 0.75}
    figure.add_scatter(x=days, y=low, mode="lines", line=edge, hoverinfo="skip", showlegend=False)
    figure.add_scatter(
        x=days, y=high, mode="lines", line=edge, fill="tonexty", fillcolor=BAND, name="80% interval", hoverinfo="skip",
        legendrank=3,
    )  # fmt: skip
    _marks(figure, history, "Reported", of_size=of_size, rank=1, hollow=False)
    if since:
        _marks(figure, since, "Reported since", of_size=of_size, rank=2, hollow=True)
    if view.choices.moved:
        usual = view.as_now.size[1] if of_size else view.as_now.share[1]
        figure.add_scatter(
            x=days, y=usual, mode="lines", name="As it went", line={"color": INK, "width": 1.5, "dash": "dot"},
            legendrank=5, customdata=[told(value) for value in usual],
            hovertemplate="%{customdata}<extra>As it went</extra>",
        )  # fmt: skip
    name = "With the changes" if view.choices.moved else "As it went"
    figure.add_scatter(
        x=days, y=middle, mode="lines", name=name, legendrank=4,
        line={"color": SERIES_COLOURS[0], "width": 2.5, "dash": "dash"},
        customdata=[
            f"{words.day_words(day)}: {told(value)}<br>80%: {told(least)} to {told(most)}"
            for day, value, least, most in zip(days, middle, low, high, strict=True)
        ],
        hovertemplate=f"%{{customdata}}<extra>{name}</extra>",
    )  # fmt: skip
    if not of_size:
        _line(figure, view, days)
    _laid_out(figure, view, of_size=of_size)
    return figure


def _marks(figure: go.Figure, months: tuple[Month, ...], name: str, *, of_size: bool, rank: int, hollow: bool) -> None:
    # A line between lists that lie far apart would claim what nobody counted.
    x: list[date | None] = []
    y: list[float | None] = []
    said: list[str] = []
    for before, each in zip((None, *months[:-1]), months, strict=True):
        if before and (each.on - before.on).days > 31:
            x, y, said = [*x, before.on], [*y, None], [*said, ""]
        x.append(each.on)
        y.append(each.size if of_size else each.share)
        shown = f"{words.number(each.size)} waiting" if of_size else f"{words.percentage(each.share)} within 18 weeks"
        said.append(f"{words.day_words(each.on)}: {shown}")
    figure.add_scatter(
        x=x, y=y, name=name, legendrank=rank, mode="lines+markers", connectgaps=False,
        line={"color": SERIES_COLOURS[0] if not hollow else INK, "width": 2},
        marker={"size": 6, "symbol": "circle-open" if hollow else "circle"},
        customdata=said, hovertemplate=f"%{{customdata}}<extra>{name}</extra>",
    )  # fmt: skip


def _line(figure: go.Figure, view: ListView, days: list[date]) -> None:
    share = view.choices.standard
    first = view.learned.history[0].on
    figure.add_scatter(
        x=[first, days[-1]], y=[share, share], mode="lines", hoverinfo="skip", legendrank=6,
        name=f"Standard {words.percentage(share, 0)}", line={"color": INK, "width": 1.75, "dash": "longdash"},
    )  # fmt: skip


def _laid_out(figure: go.Figure, view: ListView, *, of_size: bool) -> None:
    figure.update_layout(
        height=_TALL, margin={"l": 8, "r": 8, "t": 12, "b": 8}, hovermode="closest",
        legend={"orientation": "h", "traceorder": "normal", "y": -0.14, "x": 0, "font": {"color": INK, "size": 13}},
    )  # fmt: skip
    ticks = {"color": INK, "size": 13}
    figure.update_xaxes(tickfont=ticks, showgrid=False, fixedrange=True, tickformat="%b %Y")
    span = [0.0, _top(view.changed, view)] if of_size else [0.0, 1.0]
    figure.update_yaxes(
        tickfont=ticks, fixedrange=True, zeroline=False, automargin=True, tickformat="," if of_size else ".0%",
        range=span,
    )  # fmt: skip


def _top(outlook: Outlook, view: ListView) -> float:
    months = (*view.learned.history, *view.learned.since)
    return max(float(outlook.size[2].max()), float(view.as_now.size[1].max()), *(each.size for each in months)) * 1.08
