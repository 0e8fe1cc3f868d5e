"""Charts: a sentence above, the figure, its table and its file below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from html import escape
from math import ceil, floor
from textwrap import wrap
from typing import Final

import plotly.graph_objects as go
import streamlit as st
from streamlit.elements.lib.streamlit_plotly_theme import CATEGORY_8

from dashboard import format as words
from dashboard.components.html import put, table
from dashboard.layer import metrics_layer
from dashboard.viewmodels.charts import HOLLOW, Download, Item, LineChart, RankChart, Reference, Table
from metrics.catalogue import Metric

CONFIG: Final = {"displayModeBar": False, "responsive": True, "scrollZoom": False, "doubleClick": False}
# Streamlit swaps these for the theme's chart colours in the browser, so that one figure serves both themes.
SERIES_COLOURS: Final = tuple(f"#0000{number:02d}" for number in range(1, 9))
INK: Final = CATEGORY_8
_SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star")
_DASHES: Final = ("solid", "dot", "dash", "longdash", "dashdot", "solid", "dot")
_MANY: Final = 120
_FEW_PERIODS: Final = 7
_ROW: Final = 22
_LINE: Final = 28  # characters of a name that a phone's figure has room for
_RANK_HEIGHT: Final = 320
_RANK_PLOT: Final = 240.0  # pixels of it between the lowest and the highest value
_CLOCK_STEPS: Final = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


def line_figure(chart: LineChart) -> go.Figure:
    """Returns the figure: not-final points hollow, unreported periods as gaps, references dashed."""
    figure = go.Figure()
    long = max((len(line.points) for line in chart.lines), default=0) > _MANY
    for place, line in enumerate(chart.lines):
        values = [point.value for point in line.points]
        hollow = [point.status in HOLLOW for point in line.points]
        colour, symbol = SERIES_COLOURS[place % len(SERIES_COLOURS)], _SYMBOLS[place % len(_SYMBOLS)]
        figure.add_scatter(
            x=[point.period for point in line.points],
            y=values,
            name=line.name,
            mode="lines" if long else "lines+markers",
            connectgaps=False,
            line={"color": colour, "width": 2, "dash": _DASHES[place % len(_DASHES)]},
            marker={"color": colour, "size": 7, "symbol": [f"{symbol}-open" if each else symbol for each in hollow]},
            customdata=[
                f"{words.period_words(point.period, chart.grain)}: {words.value_words(point.value, chart.metric)}"
                + ("" if not open_mark else f" ({point.status})")
                for point, open_mark in zip(line.points, hollow, strict=True)
            ],
            hovertemplate="%{customdata}<extra>%{fullData.name}</extra>",
        )
    for number, reference in enumerate(chart.references):
        _reference_line(figure, chart, reference, number)
    figure.update_layout(
        height=340,
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        showlegend=len(chart.lines) > 1,
        legend={"orientation": "h", "y": -0.18, "x": 0, "font": {"color": INK, "size": 13}},
        hovermode="x unified" if len(chart.lines) > 1 else "closest",
    )
    scale_axis(figure, "y", chart.metric, _range(chart))
    periods = sorted({point.period for line in chart.lines for point in line.points})
    figure.update_xaxes(
        tickfont={"color": INK, "size": 13}, showgrid=False, fixedrange=True, tickformat=tick_format(chart.grain),
        **tick_steps(chart.grain, periods),
    )  # fmt: skip
    return figure


def rank_figure(chart: RankChart) -> go.Figure:
    """Returns the figure: one dot an organisation, the chosen one larger, square and named."""
    shown = [item for item in chart.items if item.value is not None]
    names = [item.name for item in shown]
    positions: list[str] | list[int] = _distinct(names) if chart.named else list(range(1, len(shown) + 1))
    figure = go.Figure()
    figure.add_scatter(
        x=[item.value for item in shown] if chart.named else positions,
        y=positions if chart.named else [item.value for item in shown],
        mode="markers",
        marker={
            "color": [SERIES_COLOURS[1] if item.chosen else SERIES_COLOURS[0] for item in shown],
            "size": [15 if item.chosen else 9 if chart.named else 7 for item in shown],
            "opacity": 1,
            "symbol": ["square" if item.chosen else "circle" for item in shown],
        },
        customdata=[f"{item.name}: {words.value_words(item.value, chart.metric)}" for item in shown],
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
    )
    value_axis = "x" if chart.named else "y"
    for number, reference in enumerate(chart.references):
        draw = figure.add_vline if chart.named else figure.add_hline
        draw(reference.value, line={"color": INK, "width": 1.5, "dash": ("dash", "dot")[number % 2]})
        if not chart.named:
            figure.add_annotation(
                x=1, xref="paper", y=reference.value, text=escape(reference.label), showarrow=False, xanchor="right",
                yanchor="bottom" if number % 2 == 0 else "top", font={"color": INK, "size": 12},
            )  # fmt: skip
    for place, item in enumerate(shown):
        if item.chosen and not chart.named:
            _name_chosen(figure, chart, item, place)
    height = max(160, 60 + _ROW * len(shown)) if chart.named else _RANK_HEIGHT
    figure.update_layout(height=height, margin={"l": 8, "r": 8, "t": 12, "b": 8})
    scale_axis(figure, value_axis, chart.metric, _rank_range(chart))
    other = figure.update_yaxes if chart.named else figure.update_xaxes
    other(tickfont={"color": INK, "size": 13}, fixedrange=True, showgrid=chart.named, zeroline=False)
    if chart.named:
        figure.update_yaxes(autorange="reversed", automargin=True, ticklabeloverflow="allow")
    else:
        title = {"text": "Rank, highest value first", "font": {"color": INK, "size": 13}}
        figure.update_xaxes(title=title, range=[0, len(shown) + 1])
    return figure


def _name_chosen(figure: go.Figure, chart: RankChart, item: Item, place: int) -> None:
    """Writes the chosen one's name where no others are: right of the descending points, or far above them."""
    span, share = _rank_range(chart), place / len(chart.items)
    early, up = share < 0.5, 30.0
    if not early and span and item.value is not None:
        up = max(up, (span[1] - item.value) / (span[1] - span[0]) * _RANK_PLOT - 20)
    figure.add_annotation(
        x=place + 1, y=item.value, text=f"<b>{in_lines(item.name)}</b>", showarrow=True, arrowcolor=INK,
        ax=30 if early else 0, ay=-up, xanchor="left" if early else "center" if share < 0.7 else "right",
        yanchor="middle", align="left", font={"color": INK, "size": 13},
    )  # fmt: skip


def in_lines(name: str) -> str:
    """Returns a name in lines that a phone has room for, escaped."""
    return "<br>".join(escape(line) for line in wrap(name, _LINE))


@st.cache_resource(show_spinner=False, max_entries=300)
def _figure(_chart: LineChart | RankChart, key: tuple[str, ...]) -> go.Figure:  # noqa: ARG001
    return line_figure(_chart) if isinstance(_chart, LineChart) else rank_figure(_chart)


def draw(chart: LineChart | RankChart, *, source: str, key: tuple[str, ...], level: int = 3) -> None:
    """Draws a chart with its sentence, words for screen readers, table, file and source.

    Args:
        chart: what to draw.
        source: the line under the chart: publication and licence.
        key: plain values that tell this chart from every other; the data version among them.
        level: the level of its heading.
    """
    name = f"chart-{chart.key}-{chart.metric.id}"
    figure = _figure(chart, (*key, chart.key, chart.metric.id))
    put(f'<div class="bw"><h{level} class="bw-title">{escape(chart.title)}</h{level}></div>')
    st.plotly_chart(figure, key=name, config=CONFIG, alt=f"{chart.title}. {chart.summary}")
    put(f'<div class="bw bw-note"><p>{escape(chart.summary)}</p><p>Source: {escape(source)}</p></div>')
    with_table(chart.table, chart.download, name)


def in_pairs(drawing: Sequence[Callable[[], None]]) -> None:
    """Draws charts two by two, each pair level with its neighbour; one below the other on a phone."""
    for start in range(0, len(drawing), 2):
        columns = st.columns(2, gap="large")
        for column, one in zip(columns, drawing[start : start + 2], strict=False):
            with column:
                one()


def with_table(content: Table, download: Download, key: str) -> None:
    """Draws 'View as table' and the CSV button."""
    with st.expander("View as table", key=f"{key}-table"):
        put(table(content))
        download_csv(download, key)


def download_csv(download: Download, key: str, label: str = "Download CSV") -> None:
    """Draws a button that makes its file when it is pressed."""
    version = metrics_layer().data_version  # that of what is shown, whatever has come when the button is pressed
    st.download_button(
        label, data=lambda: _stamped(download, version).encode(), file_name=download.file_name, mime="text/csv",
        key=f"{key}-csv", on_click="ignore",
    )  # fmt: skip


def _stamped(download: Download, version: str) -> str:
    """Returns the file with the version of the data behind it and the moment of reading (UTC)."""
    read_at = datetime.now(UTC).isoformat(timespec="seconds")
    return download.text(data_version=version, read_at=read_at)


def _reference_line(figure: go.Figure, chart: LineChart, reference: Reference, number: int) -> None:
    points = chart.lines[0].points
    start, end = reference.start or points[0].period, reference.end or points[-1].period
    figure.add_scatter(
        x=[start, end], y=[reference.value, reference.value], mode="lines", hoverinfo="skip", showlegend=False,
        line={"color": INK, "width": 1.75, "dash": "dash" if number == 0 else "dot"}, name=reference.label,
    )  # fmt: skip
    figure.add_annotation(
        x=end, y=reference.value, text=escape(reference.label), showarrow=False, xanchor="right", yanchor="bottom",
        font={"color": INK, "size": 13},
    )  # fmt: skip


def scale_axis(figure: go.Figure, which: str, metric: Metric, span: tuple[float, float] | None) -> None:
    """Sets the axis of values ('x' or 'y') in the metric's unit; `span` are its ends."""
    settings: dict[str, object] = {
        "tickfont": {"color": INK, "size": 13}, "fixedrange": True, "zeroline": False, "automargin": True,
    }  # fmt: skip
    if span:
        settings["range"] = span
    bands = words.BANDS.get(metric.id)
    if bands:
        settings |= {"tickvals": list(bands), "ticktext": list(bands.values())}
    elif metric.unit == "percent":
        settings["tickformat"] = ",.2~%"  # as many digits as its steps need
    elif metric.unit == "gbp":
        settings |= {"tickprefix": words.POUND, "tickformat": ",.3~s"}
    elif metric.unit == "seconds" and span:
        step = next((each for each in _CLOCK_STEPS if span[1] - span[0] <= 6 * each), (span[1] - span[0]) / 5)
        marks = [step * number for number in range(ceil(span[0] / step), floor(span[1] / step) + 1)]
        settings |= {"tickvals": marks, "ticktext": [words.clock(mark) for mark in marks]}
    else:
        settings["tickformat"] = ",~r" if metric.unit == "score" else ","
    (figure.update_yaxes if which == "y" else figure.update_xaxes)(**settings)


def _range(chart: LineChart) -> tuple[float, float] | None:
    """Returns the value axis: from zero for counts and money, else the values and their standard with room."""
    values = [point.value for line in chart.lines for point in line.points if point.value is not None]
    values += [reference.value for reference in chart.references]
    return _span(values, chart.metric)


def _rank_range(chart: RankChart) -> tuple[float, float] | None:
    values = [item.value for item in chart.items if item.value is not None]
    return _span([*values, *(reference.value for reference in chart.references)], chart.metric)


def _span(values: list[float], metric: Metric) -> tuple[float, float] | None:
    if not values:
        return None
    low, high = min(values), max(values)
    if metric.unit in ("count", "gbp", "fte", "beds", "seconds") and low >= 0:
        return 0.0, high * 1.1 or 1.0
    room = (high - low) * 0.12 or abs(high) * 0.05 or 0.05
    low, high = low - room, high + room
    if metric.unit == "percent":
        low, high = max(low, 0.0), min(high, 1.0) if high - room <= 1 else high
    return low, high


def tick_format(grain: str) -> str:
    """Returns how periods of a grain are written on an axis."""
    return {"month": "%b %Y", "quarter": "%b %Y", "financial_year": "%Y"}.get(grain, "%-d %b %Y")


def tick_steps(grain: str, periods: Sequence[date]) -> dict[str, object]:
    """Returns one mark a period where there are few: else a period's name would stand at several marks."""
    length = {"month": 1, "quarter": 3, "financial_year": 12}.get(grain)
    if length is None or not 1 < len(periods) <= _FEW_PERIODS:
        return {}
    return {"dtick": f"M{length}", "tick0": periods[0]}


def _distinct(names: list[str]) -> list[str]:
    """Returns the names for an axis: shortened, and told apart where two would be the same."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        short = name if len(name) <= 34 else f"{name[:32].rstrip()}\N{HORIZONTAL ELLIPSIS}"
        seen[short] = seen.get(short, 0) + 1
        found.append(short if seen[short] == 1 else f"{short} ({seen[short]})")
    return found
