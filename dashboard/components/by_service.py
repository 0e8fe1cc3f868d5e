"""A measure's services side by side, as small control charts."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard.components.html import put
from dashboard.components.multiples import grid
from dashboard.viewmodels import multiples, spc_choice
from dashboard.viewmodels.filters import link
from dashboard.viewmodels.metric import MetricView
from dashboard.viewmodels.saved import kept
from dashboard.visit import Visit
from metrics.catalogue import Metric

_SCALES = {"": "Each its own", multiples.SAME: "The same for all"}


def draw(visit: Visit, metric: Metric, view: MetricView) -> None:
    """Draws a small control chart of each service; the way back where the page is narrowed to one."""
    if len(visit.filters.services) == 1:
        address = link("metric", visit.filters.with_services(()), metric=metric.id, **kept(st.query_params))
        name = visit.services.get(visit.filters.services[0], visit.filters.services[0])
        put(f'<p class="bw bw-note">Narrowed to {escape(name)}. {_all(address)}</p>')
        return
    choice, _ = spc_choice.read(st.query_params)
    found = visit.answer(
        lambda: multiples.build(
            visit.layer, view, visit.filters, visit.context, names=visit.services, choice=choice
        ),
        "multiples", metric.id, view.series.grain, choice,
    )  # fmt: skip
    if found is None:
        return
    st.header("By service", anchor="services")
    scale = st.query_params.get(multiples.SCALE, "")
    st.session_state["scale_box"] = scale if scale in _SCALES else ""
    put(f'<p class="bw" data-testid="multiples-words">{escape(found.summary)}</p>')
    put("".join(f'<p class="bw bw-note">{escape(note)}</p>' for note in found.notes))
    st.radio(
        "Scale", list(_SCALES), key="scale_box", format_func=_SCALES.__getitem__, horizontal=True, on_change=_scaled
    )
    others = kept(st.query_params)
    put(
        grid(
            found,
            lambda code: link("metric", visit.filters.with_services((code,)), metric=metric.id, **others),
            same_scale=scale == multiples.SAME,
        )
    )


def _all(address: str) -> str:
    return f'<a data-view href="{escape(address)}" target="_self">All services</a>'


def _scaled() -> None:
    chosen = st.session_state["scale_box"]
    if chosen:
        st.query_params[multiples.SCALE] = chosen
    else:
        st.query_params.pop(multiples.SCALE, None)
