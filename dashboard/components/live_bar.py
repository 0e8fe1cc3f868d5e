"""The live line of every page: as of when its figures are, how old, whether they follow the data, and Pause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard import live
from dashboard.live import PAGE, Watched
from dashboard.viewmodels.now import second_words
from dashboard.visit import Visit
from metrics import MetricsLayer

_COMPONENT: Final = "live"
_HTML: Final = """
<div class="bw bw-live" data-live="live" data-testid="live" role="group" aria-label="How current this page is">
  <strong>
    <span class="bw-live-dot" aria-hidden="true"></span><span data-word data-testid="live-word">Live</span>
  </strong>
  <span data-as-of data-testid="live-as-of"></span>
  <span data-age data-testid="live-age"></span>
  <span data-note data-testid="live-note"></span>
  <button type="button" data-pause data-testid="live-pause">Pause</button>
  <span class="bw-hidden" role="status" data-told></span>
</div>
"""
_SCRIPT: Final = (Path(__file__).parent / "live.js").read_text(encoding="utf-8")
_line = st.components.v2.component("bellwether-live", html=_HTML, js=_SCRIPT, isolate_styles=False)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the line says of pages whose data come by publication.

    Attributes:
        as_of: up to when the data are, in words.
        received_at: when the newest were loaded; None is not said.
    """

    as_of: str
    received_at: datetime | None


def stamp_of(visit: Visit, watched: Watched) -> Stamp | None:
    """Returns what the line says of a page of published data; None of one that shows a trust's own records too."""
    catalogue = visit.layer.catalogue
    shown = [name for part in watched.parts for name in part.metrics] + list(watched.metrics)
    known = [catalogue.metrics[name] for name in shown if name in catalogue.metrics]
    if any(catalogue.model_of(each).provenance != "published" for each in known):
        return None
    newest = visit.holdings.newest
    return Stamp(f"Data to {newest:%B %Y}" if newest else "", visit.holdings.loaded_at)


def draw(layer: MetricsLayer, watched: Watched, stamp: Stamp | None) -> None:
    """Draws the line; without a stamp it is that of the trust's own records."""
    shown = stamp or _own(layer)
    received = shown.received_at.replace(tzinfo=shown.received_at.tzinfo or UTC) if shown.received_at else None
    _line(
        key=_COMPONENT,
        data={
            "token": live.watch(watched),
            "drawn": live.versions(layer, watched)[PAGE],
            "every": watched.every * 1000,
            "as_of": shown.as_of,
            "received": received.isoformat() if received else None,
            "followed": stamp is None,
            "now": datetime.now(UTC).isoformat(),
        },
        on_moved_change=_moved,
    )


def _own(layer: MetricsLayer) -> Stamp:
    clock = layer.clock()
    return Stamp("", None) if clock is None else Stamp(f"Data as of {second_words(clock.now)}", clock.received_at)


def _moved() -> None:
    """Does nothing: that the line tells of it has the page drawn again."""
