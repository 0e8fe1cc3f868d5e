"""Today: what holds now in a trust's own records, drawn again in parts as they change."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

import streamlit as st

from dashboard.components import board, states
from dashboard.components.html import put
from dashboard.live import Part, Watched
from dashboard.today_board import TodayBoard
from dashboard.viewmodels import today as model
from dashboard.viewmodels.now import Chosen, Now
from dashboard.visit import Visit

_ALL = "all"
# Seconds between two drawings of a part, at least: what a reader acts on by the hour need not move every second.
_RESTS: Final = {"ed": 0.0, "alerts": 2.0, "beds": 3.0}
_OTHERS_SECONDS: Final = 5.0
_ROWS: Final = ((("ed",),), (("arrivals", "clinics", "alerts"), ("beds", "systems")))


def watched(visit: Visit) -> Watched:
    """Returns what the page depends on: each part on its own records; while there are none, on whether some came."""
    clock = visit.layer.clock()
    if clock is None:
        return Watched(metrics=tuple(visit.layer.catalogue.metrics))
    return _watched(model.read(st.query_params, clock.sites, visit.services)[0])


def _watched(chosen: Chosen) -> Watched:
    parts = tuple(Part(name, metrics, _RESTS.get(name, _OTHERS_SECONDS)) for name, metrics in model.PARTS.items())
    return Watched(parts=parts, board=TodayBoard(chosen), by_clock=True, every=0.0)


def draw(visit: Visit) -> None:
    """Draws the page."""
    clock = visit.layer.clock()
    if clock is None:
        st.title("Today", anchor=False)
        states.state(
            "No records of a trust are held",
            "This page shows what happens now in a trust's own records. There are none in this warehouse. A simulated "
            "trust shows what it does.",
            command="bellwether simulate --warehouse",
        )
        return
    names = visit.answer(lambda: dict(visit.layer.organisations().select("org_code", "name").iter_rows()), "names")
    chosen, messages = model.read(st.query_params, clock.sites, visit.services)
    head = model.head(Now(visit.layer, clock, chosen), names)
    st.title(head.title, anchor=False)
    if head.note:
        put(f'<p class="bw bw-headline" data-testid="today-note">{escape(head.note)}</p>')
    states.messages(messages)
    _filters(visit, chosen, clock.sites)
    board.draw(_watched(chosen), _ROWS)


def _filters(visit: Visit, chosen: Chosen, sites: Mapping[str, str]) -> None:
    st.session_state["today_site"] = chosen.site or _ALL
    st.session_state["today_service"] = chosen.service or _ALL
    with st.container(key="filters"):
        site, service = st.columns(2, vertical_alignment="bottom")
        site.selectbox(
            "Site", [_ALL, *sites], key="today_site", on_change=_choose, args=(model.SITE, "today_site"),
            format_func=lambda code: sites.get(code, "All sites"),
        )  # fmt: skip
        service.selectbox(
            "Service of the clinics", [_ALL, *visit.services], key="today_service", on_change=_choose,
            args=(model.SERVICE, "today_service"),
            format_func=lambda code: f"{visit.services[code]} ({code})" if code in visit.services else "All services",
        )  # fmt: skip


def _choose(parameter: str, box: str) -> None:
    value = str(st.session_state[box])
    if value == _ALL:
        st.query_params.pop(parameter, None)
    else:
        st.query_params[parameter] = value
