"""The filter bar. The query string is the only truth: the boxes are set from it and write to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

import streamlit as st

from dashboard import format as words
from dashboard.viewmodels.filters import KEYS, MOST_SERVICES, SPANS, Filters, read
from dashboard.viewmodels.places import Places

LATEST: Final = "latest"
_FIRST_MONTH: Final = date(2016, 4, 1)


def current(
    places: Places, services: Mapping[str, str], today: date, oldest: date | None
) -> tuple[Filters, tuple[str, ...]]:
    """Returns the filters of this view and what in the link could not be used.

    A switch of page drops the query string; the session then gives the filters back and writes them again.
    """
    query = dict(st.query_params)
    if not any(key in query for key in KEYS):
        query |= st.session_state.get("filters", {})
    filters, messages = read(query, places=places, services=services, today=today, oldest=oldest)
    _write(filters)
    return filters, messages


def bar(filters: Filters, places: Places, services: Mapping[str, str], newest: date | None) -> None:
    """Draws the filter bar; the box for services only when some are given."""
    months = [LATEST, *_months(newest or _FIRST_MONTH, filters.month)]
    codes = list(places.offered)
    if filters.organisation not in codes:  # a closed one, from a link
        codes.append(filters.organisation)
    st.session_state["filter_org"] = filters.organisation
    st.session_state["filter_month"] = f"{filters.month:%Y-%m}" if filters.month else LATEST
    st.session_state["filter_span"] = filters.span
    with st.container(key="filters"):
        wide, month, span, reset = st.columns([5, 2.2, 2.2, 1.1], vertical_alignment="bottom")
        wide.selectbox(
            "Organisation", codes, key="filter_org", on_change=_chosen,
            format_func=lambda code: places.by_code[code].label, filter_mode="contains",
            help="Type a name or a code. England, regions, integrated care boards, trusts by type, then other "
            "providers. Listed are those that are open and reported in the last two years.",
        )  # fmt: skip
        month.selectbox("Up to", months, key="filter_month", on_change=_chosen, format_func=_month_words)
        span.selectbox(
            "History", list(SPANS), key="filter_span", on_change=_chosen, format_func=SPANS.__getitem__,
            help="How far back charts go. Yearly figures are always shown whole.",
        )  # fmt: skip
        reset.button("Reset", key="filter_reset", on_click=_reset, width="stretch")
        if services:
            st.session_state["filter_services"] = list(filters.services)
            st.multiselect(
                "Services", list(services), key="filter_services", on_change=_chosen, max_selections=MOST_SERVICES,
                format_func=lambda code: f"{services[code]} ({code})",
                placeholder=f"Choose up to {MOST_SERVICES} services",
            )  # fmt: skip


def _write(filters: Filters) -> None:
    wanted = filters.query()
    st.session_state["filters"] = wanted
    for key in KEYS:
        if key in wanted:
            if st.query_params.get(key) != wanted[key]:
                st.query_params[key] = wanted[key]
        elif key in st.query_params:
            del st.query_params[key]


def _chosen() -> None:
    state = st.session_state
    month = state["filter_month"]
    kept = state.get("filters", {}).get("service", "")
    services = tuple(state.get("filter_services", [part for part in kept.split(",") if part]))
    _write(
        replace(
            Filters(),
            organisation=state["filter_org"],
            month=None if month == LATEST else date.fromisoformat(f"{month}-01"),
            span=state["filter_span"],
            services=services,
        )
    )


def _reset() -> None:
    st.session_state.pop("filter_services", None)
    _write(Filters())


def _months(newest: date, chosen: date | None) -> list[str]:
    first = max(newest.replace(day=1), chosen) if chosen else newest.replace(day=1)
    count = (first.year - _FIRST_MONTH.year) * 12 + first.month - _FIRST_MONTH.month + 1
    months = [f"{words.months_after(first, -back):%Y-%m}" for back in range(max(count, 1))]
    if chosen and f"{chosen:%Y-%m}" not in months:
        months.append(f"{chosen:%Y-%m}")
    return months


def _month_words(month: str) -> str:
    return "Latest" if month == LATEST else words.period_words(date.fromisoformat(f"{month}-01"), "month")
