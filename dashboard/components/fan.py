"""The forecast fan: history, expected values, two intervals and the seasonal naive line."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any, Final

import plotly.graph_objects as go
import streamlit as st

from dashboard import format as words
from dashboard.components.charts import CONFIG, INK, SERIES_COLOURS, with_table
from dashboard.components.html import put
from dashboard.viewmodels.charts import HOLLOW
from dashboard.viewmodels.demand_chart import FanChart
from dashboard.viewmodels.published_forecast import Expected

# One blue for both themes: light enough over white, strong enough over the dark page.
_BANDS: Final = {"95": "rgba(76, 148, 220, 0.22)", "80": "rgba(76, 148, 220, 0.38)"}
_MANY: Final = 120


def fan_figure(chart: FanChart) -> go.Figure:
    """Returns the figure: not-final points hollow, unreported periods as gaps, intervals as two bands."""
    figure = go.Figure()
    runs = _runs(chart)
    ahead = [each.period for each in chart.expected]
    for level, colour in _BANDS.items():
        for number, run in enumerate(runs):
            _band(figure, run, level, colour, named=number == 0)
    _history(figure, chart)
    figure.add_scatter(
        x=_apart(runs, lambda each: each.period), y=_apart(runs, lambda each: each.naive), name=chart.naive_name,
        legendrank=5, mode="lines",
        connectgaps=False,
        line={"color": INK, "width": 1.5, "dash": "dot"},
        hovertemplate="%{y:,.0f}<extra>%{fullData.name}</extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=_apart(runs, lambda each: each.period), y=_apart(runs, lambda each: each.mean), name="Expected", legendrank=2,
        mode="lines" if len(ahead) > 14 and len(runs) == 1 else "lines+markers", connectgaps=False,
        line={"color": SERIES_COLOURS[0], "width": 2.5, "dash": "dash"},
        marker={"color": SERIES_COLOURS[0], "size": 7, "symbol": "diamond"},
        customdata=_apart(runs, lambda each: _words(chart, each)),
        hovertemplate="%{customdata}<extra>Expected</extra>",
    )  # fmt: skip
    figure.update_layout(
        height=400, margin={"l": 8, "r": 8, "t": 12, "b": 8}, hovermode="closest",
        legend={"orientation": "h", "traceorder": "normal", "y": -0.14, "x": 0, "font": {"color": INK, "size": 13}},
    )  # fmt: skip
    ticks = {"color": INK, "size": 13}
    figure.update_yaxes(tickfont=ticks, fixedrange=True, zeroline=False, automargin=True, tickformat=",",
                        range=_span(chart))  # fmt: skip
    shown = "%b %Y" if chart.grain == "month" else "%-d %b %Y"
    figure.update_xaxes(tickfont=ticks, showgrid=False, fixedrange=True, tickformat=shown)
    return figure


@st.cache_resource(show_spinner=False, max_entries=200)
def _figure(_chart: FanChart, key: tuple[str, ...]) -> go.Figure:  # noqa: ARG001 - the key tells charts apart
    return fan_figure(_chart)


def draw(chart: FanChart, *, source: str, key: tuple[str, ...]) -> None:
    """Draws the fan with its sentence, words for screen readers, table, file and source."""
    name = f"chart-{chart.key}-{chart.metric.id}"
    put(f'<div class="bw"><h2 class="bw-title">{escape(chart.title)}</h2></div>')
    st.plotly_chart(_figure(chart, key), key=name, config=CONFIG, alt=f"{chart.title}. {chart.summary}")
    put(f'<div class="bw bw-note"><p>{escape(chart.summary)}</p><p>Source: {escape(source)}</p></div>')
    with_table(chart.table, chart.download, name)


def _runs(chart: FanChart) -> list[tuple[Expected, ...]]:
    """The periods ahead without those between that are closed; as one where most would be of a single day."""
    runs: list[list[Expected]] = []
    for each in chart.expected:
        if runs and each.ahead == runs[-1][-1].ahead + 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    single = sum(1 for run in runs if len(run) == 1)
    return [chart.expected] if 2 * single >= len(runs) else [tuple(run) for run in runs]


def _apart(runs: list[tuple[Expected, ...]], part: Callable[[Expected], Any]) -> list[Any]:
    """A part of each period, and None between two runs, so that no line crosses closed days."""
    found: list[Any] = []
    for run in runs:
        found += ([None] if found else []) + [part(each) for each in run]
    return found


def _band(figure: go.Figure, expected: tuple[Expected, ...], level: str, colour: str, *, named: bool) -> None:
    stated = [
        (each.period, low, high)
        for each in expected
        if (low := getattr(each, f"lo{level}")) is not None and (high := getattr(each, f"hi{level}")) is not None
    ]
    if not stated:
        return
    periods = [period for period, _, _ in stated]
    # Thin lines at the edges keep the band visible where its shade alone has little contrast.
    edge = {"color": INK, "width": 0.75}
    figure.add_scatter(
        x=periods,
        y=[low for _, low, _ in stated],
        mode="lines",
        line=edge,
        hoverinfo="skip",
        showlegend=False,
        legendgroup=level,
    )
    figure.add_scatter(
        x=periods, y=[high for _, _, high in stated], mode="lines", line=edge, fill="tonexty", fillcolor=colour,
        name=f"{level}% interval", legendrank=3 if level == "80" else 4, hoverinfo="skip", showlegend=named,
        legendgroup=level,
    )  # fmt: skip


def _history(figure: go.Figure, chart: FanChart) -> None:
    hollow = [point.status in HOLLOW for point in chart.history]
    colour = SERIES_COLOURS[0]
    figure.add_scatter(
        x=[point.period for point in chart.history], y=[point.value for point in chart.history], name="Reported",
        legendrank=1, mode="lines" if len(chart.history) > _MANY else "lines+markers", connectgaps=False,
        line={"color": colour, "width": 2},
        marker={"color": colour, "size": 6, "symbol": ["circle-open" if each else "circle" for each in hollow]},
        customdata=[
            f"{words.period_words(point.period, chart.grain)}: {words.value_words(point.value, chart.metric)}"
            + (f" ({point.status})" if each else "")
            for point, each in zip(chart.history, hollow, strict=True)
        ],
        hovertemplate="%{customdata}<extra>Reported</extra>",
    )  # fmt: skip


def _words(chart: FanChart, each: Expected) -> str:
    text = f"{words.period_words(each.period, chart.grain)}: {words.value_words(each.mean, chart.metric)}"
    for level, low, high in (("80", each.lo80, each.hi80), ("95", each.lo95, each.hi95)):
        if low is not None and high is not None:
            text += f"<br>{level}%: {words.value_text(low, chart.metric)} to {words.value_text(high, chart.metric)}"
    return text


def _span(chart: FanChart) -> tuple[float, float]:
    values = [point.value for point in chart.history if point.value is not None]
    values += [high for each in chart.expected if (high := each.hi95 or each.hi80 or each.mean) is not None]
    return 0.0, max(values, default=1.0) * 1.1 or 1.0
