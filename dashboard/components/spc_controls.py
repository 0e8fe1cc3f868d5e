"""How a control chart is drawn, chosen by its reader and kept in the address."""

from __future__ import annotations

import streamlit as st

from dashboard.viewmodels.spc_choice import BASELINE, DEFINED, PROFILE, PROFILE_TITLES, SpcChoice
from dashboard.viewmodels.variation import BASELINES, HOUSE_PROFILE
from metrics.catalogue import Metric


def choices(choice: SpcChoice, metric: Metric) -> None:
    """Draws the boxes for profile and baseline, and the way back to how the definition has it."""
    own = (metric.chart.profile if metric.chart else None) or HOUSE_PROFILE
    titles = {"": f"{DEFINED}: {PROFILE_TITLES[own]}", **PROFILE_TITLES}
    st.session_state["spc_profile"], st.session_state["spc_baseline"] = choice.profile, choice.baseline
    with st.container(key="spc-choices"):
        profile, baseline, reset = st.columns([4, 4, 2], vertical_alignment="bottom")
        profile.selectbox(
            "Rules of the chart", list(titles), key="spc_profile", format_func=titles.__getitem__,
            on_change=_chosen, args=(PROFILE, "spc_profile", ""),
            help="Which points count as special cause, and from how many points on there are limits.",
        )  # fmt: skip
        baseline.selectbox(
            "Limits are made from", list(BASELINES), key="spc_baseline", format_func=BASELINES.__getitem__,
            on_change=_chosen, args=(BASELINE, "spc_baseline", "window"),
        )  # fmt: skip
        reset.button(DEFINED, key="spc_reset", on_click=_reset, disabled=choice.is_defined, width="stretch")


def _chosen(parameter: str, box: str, usual: str) -> None:
    value = str(st.session_state[box])
    if value == usual:
        st.query_params.pop(parameter, None)
    else:
        st.query_params[parameter] = value


def _reset() -> None:
    for parameter in (PROFILE, BASELINE):
        st.query_params.pop(parameter, None)
