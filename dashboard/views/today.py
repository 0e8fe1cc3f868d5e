"""Today: what holds now in a trust's own records, drawn again in parts as they change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import TypeVar

import polars as pl
import streamlit as st

from dashboard import live
from dashboard.components import charts, states
from dashboard.components import today as pieces
from dashboard.components.html import put
from dashboard.layer import answer, definitions_of
from dashboard.live import Watched
from dashboard.viewmodels import today as model
from dashboard.viewmodels import today_alerts, today_beds, today_clinics, today_ed, today_systems
from dashboard.viewmodels.now import Chosen, Now, instant_words
from dashboard.visit import Visit
from metrics.query.errors import QueryError

_ALL = "all"
Shown = TypeVar("Shown")


def watched(visit: Visit) -> Watched:
    """Returns what the page depends on: each part on its own records; while there are none, on whether some came."""
    if visit.layer.clock() is None:
        return Watched(metrics=tuple(visit.layer.catalogue.metrics))
    return Watched(parts=tuple(model.PARTS.items()), by_clock=True, every=0.0)


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
    _ed(chosen)
    left, right = st.columns(2, gap="large")
    with left:
        _beds(chosen)
        _alerts(chosen)
    with right:
        _clinics(chosen)
        _systems(chosen)


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


@st.fragment(key="ed")
def _ed(chosen: Chosen) -> None:
    found = _part("ed", "Emergency departments", chosen, today_ed.build)
    if found is None:
        return
    put(
        f'<div class="bw">{pieces.tiles(found.tiles)}<div class="bw-today-ed">'
        f"<div>{pieces.arrivals(found.arrivals)}</div><div>{pieces.shown(found.sites)}</div></div></div>"
    )
    charts.download_csv(found.arrivals.download, "today-arrivals", "Download arrivals by hour (CSV)")


@st.fragment(key="beds")
def _beds(chosen: Chosen) -> None:
    found = _part("beds", "Beds", chosen, today_beds.build)
    if found is not None:
        put(
            f'<div class="bw">{pieces.tiles(found.tiles)}{pieces.shown(found.sectors)}'
            f'<p class="bw-note">{escape(found.note)}</p></div>'
        )


@st.fragment(key="clinics")
def _clinics(chosen: Chosen) -> None:
    found = _part("clinics", "Clinics today", chosen, today_clinics.build)
    if found is not None and found.none:
        put(f'<p class="bw">{escape(found.none)}</p>')
    elif found is not None:
        put(f'<div class="bw">{pieces.tiles(found.tiles)}{pieces.shown(found.services)}</div>')


@st.fragment(key="systems")
def _systems(chosen: Chosen) -> None:
    found = _part("systems", "Systems and interfaces", chosen, today_systems.build)
    if found is not None:
        put(
            f'<div class="bw">{pieces.tiles(found.tiles)}{pieces.shown(found.down)}{pieces.shown(found.troubled)}'
            f'{pieces.folded(found.interfaces, "All interfaces")}<p class="bw-note">{escape(found.note)}</p></div>'
        )


@st.fragment(key="alerts")
def _alerts(chosen: Chosen) -> None:
    found = _part("alerts", "Alerts", chosen, today_alerts.build)
    if found is not None:
        put(f'<div class="bw">{pieces.tiles(found.tiles)}{pieces.shown(found.listed)}</div>')


@st.cache_resource(show_spinner=False, max_entries=50)
def _kept_usual(_make: Callable[[], pl.DataFrame], name: tuple[str, ...], definitions: str) -> pl.DataFrame:  # noqa: ARG001
    return _make()


def _part(name: str, title: str, chosen: Chosen, build: Callable[[Now], Shown]) -> Shown | None:
    """Draws a part's heading and returns what it shows; None, and why, when it cannot be answered."""
    layer = live.layer()
    clock = layer.clock()
    if clock is None:
        return None
    version = definitions_of(layer)
    now = Now(layer, clock, chosen, lambda name, make: _kept_usual(make, name, version))
    put(
        f'<div class="bw" data-testid="part-{name}" data-received="{clock.received_at.isoformat()}">'
        f"{pieces.part_head(title, instant_words(now.at))}</div>"
    )
    try:
        return answer(layer, lambda: build(now), f"today-{name}", chosen)
    except QueryError as error:
        put(f'<p class="bw bw-note">{escape(str(error))}</p>')
        return None
