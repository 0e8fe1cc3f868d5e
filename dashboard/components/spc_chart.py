"""The control chart: icons and sentence above, the figure, what its marks mean, its table and its file below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from html import escape
from itertools import groupby
from typing import Any, Final

import plotly.graph_objects as go
import streamlit as st
from streamlit.elements.lib.streamlit_plotly_theme import CATEGORY_0, CATEGORY_3, CATEGORY_5, CATEGORY_7

from dashboard import format as words
from dashboard.components.charts import CONFIG, INK, scale_axis, tick_format, tick_steps, with_table
from dashboard.components.html import put
from dashboard.components.spc_icons import icon, no_icon
from dashboard.viewmodels.charts import Reference
from dashboard.viewmodels.spc_advice import Advice
from dashboard.viewmodels.spc_terms import TERMS
from dashboard.viewmodels.spc_view import ControlChart, Mark, point_words
from dashboard.viewmodels.variation import SpcPoint

HEIGHT: Final = 400
_GREY: Final = CATEGORY_3
# Nature to colour, symbol and size: the shape says what the colour says, larger and outlined beside common cause.
_MARKERS: Final = {
    "common_cause": (_GREY, "circle", 6),
    "special_cause_improvement": (CATEGORY_0, "triangle", 11),
    "special_cause_concern": (CATEGORY_7, "diamond", 11),
    "special_cause_neutral_high": (CATEGORY_5, "square", 9),
    "special_cause_neutral_low": (CATEGORY_5, "square", 9),
}
_DENSE: Final = 70
_TOP: Final = 14
_MARK_ROW: Final = 22
_BOTTOM: Final = 34
_LABEL_ROOM: Final = 6.9  # pixels a character of a label takes
_LABEL_STEP: Final = 15  # pixels from one label to the next
_CROWDED: Final = 0.04


def spc_figure(chart: ControlChart) -> go.Figure:
    """Returns the figure: points by nature, mean, limits as drawn and targets, broken where a phase begins."""
    figure = go.Figure()
    levels = _levels(chart.marks, _reach(chart))
    top = _TOP + _MARK_ROW * (max(levels, default=-1) + 1)
    span = _span(chart)
    _older(figure, chart)
    _lines(figure, chart)
    for target in chart.targets:
        _target(figure, chart, target)
    _values(figure, chart)
    room = _labels(figure, chart, span, HEIGHT - top - _BOTTOM)
    for mark, level in zip(chart.marks, levels, strict=True):
        _mark(figure, chart, mark, level)
    figure.update_layout(
        height=HEIGHT, margin={"l": 8, "r": room, "t": top, "b": _BOTTOM}, showlegend=False, hovermode="closest"
    )
    scale_axis(figure, "y", chart.metric, span)
    figure.update_xaxes(
        tickfont={"color": INK, "size": 13}, showgrid=False, fixedrange=True, tickformat=tick_format(chart.grain),
        range=_ends(chart), **tick_steps(chart.grain, _periods(chart)),
    )  # fmt: skip
    figure.update_yaxes(showgrid=False)
    return figure


@st.cache_resource(show_spinner=False, max_entries=200)
def _figure(_chart: ControlChart, key: tuple[str, ...]) -> go.Figure:  # noqa: ARG001 - the key tells charts apart
    return spc_figure(_chart)


def draw(
    chart: ControlChart,
    *,
    source: str,
    key: tuple[str, ...],
    beneath: Callable[[], None] | None = None,
    level: int = 3,
) -> None:
    """Draws a control chart with its icons and sentence, words for screen readers, table, file and source.

    Args:
        chart: what to draw.
        source: the line under the chart: publication and licence.
        key: plain values that tell this chart from every other; the versions of data, definitions and journal among
            them.
        beneath: draws what stands between figure and table.
        level: the level of its heading.
    """
    name = f"chart-{chart.key}-{chart.metric.id}"
    figure = _figure(chart, (*key, chart.key, chart.metric.id))
    put(f'<div class="bw bw-verdict"><h{level} class="bw-title">{escape(chart.title)}</h{level}>{verdict(chart)}</div>')
    st.plotly_chart(figure, key=name, config=CONFIG, alt=chart.summary)
    put(f'<div class="bw">{marks_legend(chart)}{_said(chart, source)}</div>')
    if beneath:
        beneath()
    with_table(chart.table, chart.download, name)


def verdict(chart: ControlChart) -> str:
    """Returns the icons of variation and assurance with their words, and what the chart says."""
    variation = chart.variation
    kinds = [variation.variation_icon or variation.state]
    if variation.assurance_icon or variation.target is None:
        kinds.append(variation.assurance_icon or "")
    icons = "".join(
        f'<span class="bw-verdict-icon">{icon(kind) if kind else no_icon("No target")}'
        f'<span aria-hidden="true">{escape(TERMS[kind].short) if kind else "No target"}</span></span>'
        for kind in kinds
    )
    return (
        f'<div class="bw-verdict-row" data-testid="verdict"><div class="bw-verdict-icons">{icons}</div>'
        f'<p data-testid="narrative">{escape(variation.narrative.text)}</p></div>'
    )


def marks_legend(chart: ControlChart) -> str:
    """Returns what points and lines of the figure mean: those that are drawn."""
    judged = [point for point in chart.points if point.included and point.value is not None]
    items = []
    for nature, (tone, path, text) in _LEGEND.items():
        like = [point for point in judged if point.nature == nature]
        if like:
            turned = nature == "special_cause_improvement" and not any(_is_high(point) for point in like)
            items.append((f'<path class="bw-key-{tone}" d="{_DOWN if turned else path}"/>', text))
    if any(not point.included and point.value is not None for point in chart.points):
        items.append((f'<path class="bw-key-open" d="{_DISC}"/>', "Not final: not judged"))
    if chart.before:
        items.append(('<path class="bw-key-thin" d="M1 8H21"/>', "Older, without limits"))
    variation = chart.variation
    if variation.mean is not None:
        items.append(('<path class="bw-key-mean" d="M1 8H21"/>', "Mean"))
    if variation.lower is not None:
        items.append(('<path class="bw-key-limit" d="M1 8H21"/>', "Process limits"))
    if chart.targets:
        items.append(('<path class="bw-key-target" d="M1 8H21"/>', "Target"))
    if any(mark.event.kind == "phase" for mark in chart.marks):
        items.append(('<path class="bw-key-mean" d="M11 1V15"/>', "New phase"))
    shown = "".join(
        f'<li><svg class="bw-spc bw-key" viewBox="0 0 22 16" width="22" height="16" aria-hidden="true">{drawn}</svg>'
        f"{escape(text)}</li>"
        for drawn, text in items
    )
    return f'<ul class="bw-keys" aria-label="What points and lines mean">{shown}</ul>'


def care(advice: Advice) -> str:
    """Returns why to read a chart with care, and which other may suit better, closed; nothing without a doubt."""
    if not advice.reasons:
        return ""
    other = f" Another chart may suit it better: {advice.chart}." if advice.chart else ""
    return (
        f'<details class="bw bw-care" data-testid="care"><summary>Read with care: {escape(", ".join(advice.doubts))}'
        f"</summary><p>{escape(' '.join(advice.reasons) + other)}</p></details>"
    )


_DISC: Final = "M7 8a4 4 0 1 1 8 0a4 4 0 1 1-8 0Z"
_DOWN: Final = "M4 2H18L11 14.5Z"
_LEGEND: Final = {
    "common_cause": ("common", _DISC, "Common cause"),
    "special_cause_improvement": ("good", "M11 1.5L18 14H4Z", "Special cause: improvement"),
    "special_cause_concern": ("poor", "M11 0.5L18.5 8L11 15.5L3.5 8Z", "Special cause: concern"),
    "special_cause_neutral_high": ("neutral", "M5.5 2.5H16.5V13.5H5.5Z", "Special cause: change, high"),
    "special_cause_neutral_low": ("neutral", "M5.5 2.5H16.5V13.5H5.5Z", "Special cause: change, low"),
}


def _said(chart: ControlChart, source: str) -> str:
    low, _ = _span(chart) or (0.0, 0.0)
    axis = ""
    if low > 0:
        axis = f" The scale begins at {words.value_text(low, chart.metric)}, not at 0."
    if chart.grain in ("hour", "day") and not chart.before:
        axis += " Choose another history above to see what was before."
    return (
        f'<div class="bw-note"><p data-testid="made-of">{escape(f"{chart.made_of}{axis}".strip())}</p>'
        f'<p data-testid="profile-words">{escape(chart.kind_words)}. {escape(chart.variation.profile_words)}</p>'
        f"<p>Source: {escape(source)}</p></div>"
    )


def _older(figure: go.Figure, chart: ControlChart) -> None:
    """Adds the points older than the limits, with the first that is judged, so that the line does not break."""
    if not chart.before:
        return
    joined = chart.drawn[: len(chart.before) + 1]
    figure.add_scatter(
        x=[period for period, _ in joined], y=[value for _, value in joined], mode="lines", connectgaps=False,
        line={"color": _GREY, "width": 1}, name="Older",
        customdata=[
            f"{words.period_words(period, chart.grain)}: {words.value_words(value, chart.metric)}<br>"
            "Before the periods that the limits are made from"
            for period, value in joined
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip


def _lines(figure: go.Figure, chart: ControlChart) -> None:
    """Adds mean and limits of every phase."""
    kinds: Sequence[tuple[str, Callable[[SpcPoint], float | None], dict[str, Any]]] = (
        ("Mean", lambda point: point.mean, {"width": 1.5}),
        ("Lower limit", lambda point: point.lower, {"width": 1.5, "dash": "dash"}),
        ("Upper limit", lambda point: point.upper, {"width": 1.5, "dash": "dash"}),
    )
    for name, value, style in kinds:
        x: list[date | None] = []
        y: list[float | None] = []
        for points in _phases(chart.points):
            x += [*(point.period for point in points), points[-1].period]
            y += [*(value(point) for point in points), None]  # a null breaks the line
        if any(each is not None for each in y):
            figure.add_scatter(
                x=x, y=y, mode="lines", name=name, hoverinfo="skip", connectgaps=False,
                line={"color": INK, "shape": "hvh", **style},
            )  # fmt: skip


def _target(figure: go.Figure, chart: ControlChart, target: Reference) -> None:
    """Adds a target for as long as it was in force; the label of one that has ended stands at its end."""
    figure.add_scatter(
        x=[target.start, target.end], y=[target.value, target.value], mode="lines", hoverinfo="skip",
        line={"color": INK, "width": 2.25, "dash": "dot"}, name=target.label,
    )  # fmt: skip
    if not _is_in_force(chart, target):
        figure.add_annotation(
            x=target.end, y=target.value, text=escape(target.label), showarrow=False, xanchor="right",
            yanchor="bottom", font={"color": INK, "size": 12},
        )  # fmt: skip


def _is_in_force(chart: ControlChart, target: Reference) -> bool:
    """Returns whether a target holds at the end of the newest period."""
    return target.end is None or target.end >= words.period_end(chart.points[-1].period, chart.grain)


def _values(figure: go.Figure, chart: ControlChart) -> None:
    points, small = chart.points, len(chart.points) > _DENSE
    looks = [_look(point, small=small) for point in points]
    figure.add_scatter(
        x=[point.period for point in points], y=[point.value for point in points], mode="lines+markers",
        name=chart.name, connectgaps=False, cliponaxis=False, line={"color": _GREY, "width": 1.5 if small else 2},
        marker={
            "color": [colour for colour, _, _, _ in looks], "symbol": [symbol for _, symbol, _, _ in looks],
            "size": [size for _, _, size, _ in looks], "opacity": 1,
            "line": {"color": [_GREY if width > 1 else INK for *_, width in looks],
                     "width": [width for *_, width in looks]},
        },
        customdata=["<br>".join(escape(line) for line in point_words(chart, point)) for point in points],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip


def _look(point: SpcPoint, *, small: bool) -> tuple[str, str, float, float]:
    """Returns colour, symbol, size and width of the outline of a point."""
    if not point.included:
        return _GREY, "circle-open", 8, 2
    colour, symbol, size = _MARKERS[point.nature]
    if symbol == "triangle":
        symbol = "triangle-up" if _is_high(point) else "triangle-down"
    special = point.is_special
    return colour, symbol, size - 3 if small else size, 1 if special else 0


def _is_high(point: SpcPoint) -> bool:
    """Returns whether a special cause is one of high or rising values."""
    return any(word in point.label for word in ("Above", "Increasing"))


def _labels(figure: go.Figure, chart: ControlChart, span: tuple[float, float] | None, height: float) -> int:
    """Writes mean, limits and the target in force at the right end, apart from each other, and returns their room."""
    last, metric = chart.points[-1], chart.metric
    told = [
        (level, f"{name} {words.value_text(level, metric)}")
        for name, level in (("Upper", last.upper), ("Mean", last.mean), ("Lower", last.lower))
        if level is not None
    ]
    told += [(each.value, each.label) for each in chart.targets if _is_in_force(chart, each)]
    if not told or span is None:
        return 12
    pixel = height / (span[1] - span[0])
    at = spread_out([(level - span[0]) * pixel for level, _ in told], _LABEL_STEP)
    for (level, text), place in zip(told, at, strict=True):
        figure.add_annotation(
            x=1, xref="paper", y=level, text=escape(text), showarrow=False, xanchor="left", yanchor="middle", xshift=4,
            yshift=round(place - (level - span[0]) * pixel), font={"color": INK, "size": 12},
        )  # fmt: skip
    return round(10 + _LABEL_ROOM * max(len(text) for _, text in told))


def spread_out(places: Sequence[float], step: float) -> list[float]:
    """Returns places at least `step` apart, in the same order and as near to the wanted ones as they can be."""
    order = sorted(range(len(places)), key=places.__getitem__)
    groups: list[tuple[float, list[int]]] = []  # the middle of a group, and who is in it from below
    for each in order:
        group = (places[each], [each])
        while groups and group[0] - groups[-1][0] < step * (len(group[1]) + len(groups[-1][1])) / 2:
            middle, members = groups.pop()
            joined = [*members, *group[1]]
            centre = (middle * len(members) + group[0] * len(group[1])) / len(joined)
            group = (centre, joined)
        groups.append(group)
    found = [0.0] * len(places)
    for middle, members in groups:
        for rank, each in enumerate(members):
            found[each] = middle + (rank - (len(members) - 1) / 2) * step
    return found


def _mark(figure: go.Figure, chart: ControlChart, mark: Mark, level: int) -> None:
    at = _where(chart, mark)
    phase = mark.event.kind == "phase"
    figure.add_shape(
        type="line", xref="x", yref="paper", x0=at, x1=at, y0=0, y1=1, layer="below",
        line={"color": INK, "width": 1, "dash": "solid" if phase else "dot"},
    )  # fmt: skip
    figure.add_annotation(
        x=at, y=1, yref="paper", yanchor="bottom", yshift=2 + _MARK_ROW * level, showarrow=False,
        text=f"<b>{mark.number}</b>", bordercolor=INK, borderwidth=1.5, borderpad=2, font={"color": INK, "size": 12},
        hovertext=f"{mark.event.reason}",
    )  # fmt: skip


def _where(chart: ControlChart, mark: Mark) -> date:
    """Returns where a mark stands: that of a phase between its first period and the one before."""
    periods = _periods(chart)
    at = mark.at or periods[-1]
    place = periods.index(at)
    if mark.event.kind != "phase" or place == 0:
        return at
    return at - (at - periods[place - 1]) / 2


def _levels(marks: Sequence[Mark], reach: tuple[float, float]) -> list[int]:
    """Returns in which row each mark stands, so that near ones do not cover each other."""
    rows: list[float] = []
    found = []
    for mark in marks:
        at = _ordinal(mark.at) if mark.at else reach[1]
        room = (reach[1] - reach[0]) * _CROWDED
        level = next((row for row, taken in enumerate(rows) if at - taken > room), len(rows))
        rows[level : level + 1] = [at]
        found.append(level)
    return found


def _reach(chart: ControlChart) -> tuple[float, float]:
    periods = _periods(chart)
    return _ordinal(periods[0]), _ordinal(periods[-1])


def _ordinal(day: date) -> float:
    return day.toordinal() + getattr(day, "hour", 0) / 24


def _periods(chart: ControlChart) -> list[date]:
    return [period for period, _ in chart.drawn]


def _ends(chart: ControlChart) -> list[date] | None:
    """Returns the axis of time, with half a period to either side."""
    periods = _periods(chart)
    if len(periods) < 2:
        return None
    half = (periods[-1] - periods[0]) / (len(periods) - 1) / 2
    return [periods[0] - half, periods[-1] + half]


def _phases(points: Iterable[SpcPoint]) -> Iterable[list[SpcPoint]]:
    for _, members in groupby(points, key=lambda point: point.phase):
        yield list(members)


def _span(chart: ControlChart) -> tuple[float, float] | None:
    """Returns the value axis: all that is drawn, with room; from 0 where that is near."""
    points = chart.points
    levels = [value for _, value in chart.drawn]
    levels += [level for point in points for level in (point.lower, point.upper, point.mean)]
    levels += [target.value for target in chart.targets]
    held = [level for level in levels if level is not None]
    if not held:
        return None
    low, high = min(held), max(held)
    room = (high - low) * 0.08 or abs(high) * 0.05 or 0.05
    bottom, top = low - room, high + room
    if low >= 0 and low <= (high - low) * 0.25:
        bottom = -room / 2 if low == 0 else 0.0
    if chart.metric.unit == "percent" and high <= 1:
        top = min(top, 1.0 + room / 2)
    return bottom, top
