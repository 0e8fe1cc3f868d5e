"""Demand: history, what is expected next with intervals, and the record of such forecasts."""

from __future__ import annotations

from html import escape
from typing import Final

import streamlit as st

from dashboard.components import charts, fan, states
from dashboard.components.html import badge, definition_list, put, table
from dashboard.viewmodels import demand as model
from dashboard.visit import Visit
from metrics.catalogue import Metric, suggest

DEFAULT: Final = "ae_attendances"


def draw(visit: Visit) -> None:
    """Draws the page."""
    st.title(f"Demand: {visit.place.name}", anchor=False)
    known = model.demand_metrics(visit.layer.catalogue)
    if not known:
        states.empty("There is no demand to forecast", "No measure of demand by day, week or month is defined.")
        return
    left, right = st.columns([5, 2], vertical_alignment="bottom")
    with left:
        metric = _chosen_metric(known)
    asked = st.query_params.get("ahead", "")
    ahead = int(asked) if asked.isdigit() else None
    view = visit.answer(
        lambda: model.build(visit.layer, visit.places, visit.filters, metric.id, visit.today, ahead=ahead),
        "demand",
        metric.id,
        ahead,
    )
    with right:
        _ahead_box(view)
    if not view.reach.is_own:
        put(f'<p class="bw">{badge(view.reach.label, "warn")}</p>')
    source = visit.source_of(metric.id)
    if view.chart is None:
        states.empty(
            f"{metric.name} is not forecast for {view.reach.shown.name}",
            f"{view.refused} Choose another organisation or another measure.",
        )
        st.header("What there is to learn from", anchor=False)
        put(definition_list(view.seen))
        _notes(view)
        return
    tone = "bw-banner" if view.passed else "bw-note"
    put(f'<div class="bw {tone}" role="status" data-testid="forecast-age">{escape(view.age)}</div>')
    fan.draw(view.chart, source=source, key=(*visit.key, metric.id, str(view.ahead)))
    _notes(view)
    _record(view)
    st.header("What the forecast saw", anchor=False)
    put(definition_list(view.seen))


def _notes(view: model.DemandView) -> None:
    for note in view.notes:
        put(f'<p class="bw bw-note">{escape(note)}</p>')


def _chosen_metric(known: tuple[Metric, ...]) -> Metric:
    by_id = {metric.id: metric for metric in known}
    asked = st.query_params.get("metric") or st.session_state.get("demand_shown", DEFAULT)
    chosen = asked if asked in by_id else DEFAULT if DEFAULT in by_id else known[0].id
    if asked != chosen:
        text = f"There is no forecast of '{asked}'. {suggest(asked, by_id)}".strip()
        states.messages((f"{text} {by_id[chosen].title} is shown.",))
    st.session_state["demand_box"] = st.session_state["demand_shown"] = chosen
    if st.query_params.get("metric") != chosen:
        st.query_params["metric"] = chosen
    st.selectbox(
        "Demand", list(by_id), key="demand_box", on_change=_choose, args=("metric", "demand_box"),
        format_func=lambda name: by_id[name].title, filter_mode="contains",
    )  # fmt: skip
    return by_id[chosen]


def _ahead_box(view: model.DemandView) -> None:
    st.session_state["ahead_box"] = view.ahead
    st.selectbox(
        "Ahead", sorted(view.choices), key="ahead_box", on_change=_choose, args=("ahead", "ahead_box"),
        format_func=lambda count: f"{count} {view.unit}s",
    )  # fmt: skip


def _choose(parameter: str, box: str) -> None:
    st.query_params[parameter] = str(st.session_state[box])
    if parameter == "metric":
        st.query_params.pop("ahead", None)


def _record(view: model.DemandView) -> None:
    st.header("How such forecasts did", anchor=False)
    if view.record is None:
        put('<p class="bw">The history is too short to test a forecast on the past. Treat it with caution.</p>')
        return
    first, *rest = view.record.sentences
    more = "".join(f"<p>{escape(sentence)}</p>" for sentence in rest)
    put(f'<div class="bw bw-headline" data-testid="record"><p><strong>{escape(first)}</strong></p>{more}</div>')
    put(table(view.record.table))
    charts.download_csv(view.record.download, "forecast-tests", "Download the tests as CSV")
