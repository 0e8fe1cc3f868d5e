"""What a page says while the first forecast of something is being made, and that it draws itself anew when one came."""

from __future__ import annotations

from html import escape
from typing import Final

import streamlit as st

from dashboard.components import states
from dashboard.components.html import put
from dashboard.layer import metrics_layer
from dashboard.training import Progress, store, training
from metrics.catalogue import Catalogue, Metric
from metrics.journal import JournalError
from metrics.warehouse.settings import load_settings
from models.publishing import Part

Mark = tuple[str, str, str, str]
"""Metric, organisation, service and site of a series in the store; empty for all."""

_WAITING_SECONDS: Final = 2
_SHOWN_SECONDS: Final = 20


def waiting(metric: Metric, part: Part, place: str, mark: Mark, state: str) -> None:
    """Draws that the first forecast of a series is waited for, and how far it is; and the page anew when it is there.

    Args:
        metric: what is to be forecast.
        part: the part that holds the series.
        place: code of the organisation.
        mark: names the series.
        state: of the store when the page was drawn, as of `ForecastStore.state_of`.
    """
    if not load_settings().forecasts:
        states.state(
            "No forecast is published yet",
            "This server makes no forecasts (setting 'forecasts'); another, or the command, does.",
            command=f"bellwether forecast {metric.id} --publish",
        )
        return
    _waits(metric, part, place, mark, state)


@st.fragment(run_every=_WAITING_SECONDS)
def _waits(metric: Metric, part: Part, place: str, mark: Mark, state: str) -> None:
    _look(mark, state)
    progress = training().progress
    failed = progress.failed.get((part.metric, part.name), "")
    if failed:
        states.state("The forecast could not be made", f"{failed} It is tried again when newer figures come.")
        return
    training().want(metric.id, place, by_service=bool(mark[2]), by_site=bool(mark[3]))
    far = escape(said(progress, metrics_layer().catalogue))
    put(
        '<div class="bw bw-state" role="status" data-testid="forecast-waits"><h2>The first forecast is being made</h2>'
        f"<p>{escape(metric.name)}: no forecast has been made here yet. It is made in the background; this page shows "
        f"it by itself, usually within a minute.</p><p>{far}</p>{_bar(progress)}</div>"
    )


@st.fragment(run_every=_SHOWN_SECONDS)
def follow(mark: Mark, state: str) -> None:
    """Draws nothing, and the page anew when a newer forecast of the series has been published."""
    _look(mark, state)


def said(progress: Progress, catalogue: Catalogue) -> str:
    """Returns how far the making of forecasts is, in words."""
    if progress.broke:
        return "The making of forecasts broke off, which the server's log explains. It begins again in half a minute."
    if not progress.running or not progress.of:
        return "It is about to begin."
    metric = catalogue.metrics.get(progress.metric)
    now = f", now {metric.name}, {_part_words(progress.part)}" if metric else ""
    return f"{progress.done:,} of {progress.of:,} parts of all forecasts are looked at{now}."


def _part_words(part: str) -> str:
    level = part.partition(" of ")[0].replace(" by ", " and ")
    return "England" if level == "england" else f"by {'ICB' if level == 'icb' else level}"


def _bar(progress: Progress) -> str:
    if not progress.running or not progress.of:
        return ""
    return (
        f'<progress class="bw-progress" aria-label="Forecasts looked at" max="{progress.of}" '
        f'value="{progress.done}"></progress>'
    )


def _look(mark: Mark, state: str) -> None:
    try:
        now = store().state_of(*mark)
    except JournalError:
        return  # the page has said so, and says it again when it is drawn anew
    if now != state:
        st.rerun()
