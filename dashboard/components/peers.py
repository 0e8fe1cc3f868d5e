"""How a place compares with its likes: ranked, or as a funnel by their size."""

from __future__ import annotations

from typing import Final

import streamlit as st

from dashboard import format as words
from dashboard.components import charts, funnel_chart
from dashboard.viewmodels.charts import Scope
from dashboard.viewmodels.funnel_view import FunnelChart
from dashboard.viewmodels.funnel_view import funnel_chart as made
from dashboard.viewmodels.metric import MetricView
from dashboard.visit import Visit

PEERS: Final = "peers"
FUNNEL: Final = "funnel"
_VIEWS: Final = {"rank": "Ranked", FUNNEL: "Funnel, by size"}


def draw(visit: Visit, view: MetricView, source: str, key: tuple[str, ...]) -> None:
    """Draws the ranked chart or the funnel; the choice only where there is a funnel."""
    ranked = view.peers
    if ranked is None:
        return
    st.header("How it compares", anchor=False)
    funnel = visit.answer(lambda: _funnel(visit, view), "funnel", ranked.metric.id, view.period, view.series.grain)
    asked = st.query_params.get(PEERS, "")
    if funnel is None:
        charts.draw(ranked, source=source, key=key)
        return
    st.session_state["peers_box"] = asked if asked in _VIEWS else "rank"
    st.radio(
        "Shown as", list(_VIEWS), key="peers_box", format_func=_VIEWS.__getitem__, horizontal=True, on_change=_chosen,
        help="A funnel shows who differs by more than chance explains at their size; a rank alone does not.",
    )  # fmt: skip
    if asked == FUNNEL:
        funnel_chart.draw(funnel, source=source, key=key)
    else:
        charts.draw(ranked, source=source, key=key)


def _funnel(visit: Visit, view: MetricView) -> FunnelChart | None:
    ranked, period = view.peers, view.period
    if ranked is None or period is None:
        return None
    noun = ranked.table.columns[0]
    services = visit.filters.services if "service" in view.splits else ()
    said = {"organisation": visit.places.england.code} | ({"service": "+".join(services)} if services else {})
    grain = view.series.grain
    return made(
        ranked, noun[0].lower() + noun[1:], words.period_words(period, grain),
        visit.layer.catalogue.version_of(ranked.metric), Scope(period, grain, said),
    )  # fmt: skip


def _chosen() -> None:
    chosen = st.session_state["peers_box"]
    if chosen == FUNNEL:
        st.query_params[PEERS] = chosen
    else:
        st.query_params.pop(PEERS, None)
