"""The parts of the Today page as HTML, each drawn from one state of a trust's own records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Final

import polars as pl
import streamlit as st

from dashboard.components import drifting as drifting_list
from dashboard.components import states
from dashboard.components import today as pieces
from dashboard.layer import answer, definitions_of
from dashboard.training import store
from dashboard.viewmodels import (
    drifting,
    today_alerts,
    today_beds,
    today_clinics,
    today_ed,
    today_systems,
    today_unusual,
)
from dashboard.viewmodels.now import Chosen, Now, instant_words
from metrics import MetricsLayer
from metrics.journal import JournalError
from metrics.query.errors import QueryError
from metrics.warehouse.tables.operational.flow import fact_ed_attendance, fact_spell


@dataclass(frozen=True, slots=True)
class TodayBoard:
    """What the Today page shows beneath its head, narrowed to what a reader chose."""

    chosen: Chosen

    def html(self, layer: MetricsLayer, part: str) -> str:
        """Returns a part with its heading; where it cannot be answered, why not. Empty without records."""
        clock = layer.clock()
        if clock is None:
            return ""
        state = _state() if part == "alerts" else ""
        return answer(layer, lambda: self._made(layer, part), f"today-{part}", self.chosen, state, or_earlier=False)

    def failed(self, part: str, error: Exception) -> str:
        """Returns that a part could not be drawn, under the reference that the log has it by."""
        return _instead(part, states.told_of_failure(f"today, {part}", error))

    def unanswered(self, part: str) -> str:
        """Returns that the warehouse does not answer, in the place of a part."""
        return _instead(part, "The warehouse does not answer. This part is drawn as soon as it does.")

    def _made(self, layer: MetricsLayer, part: str) -> str:
        clock = layer.clock()
        assert clock is not None  # noqa: S101 - asked for just before, of the same state
        title, draw = _PARTS[part]
        version = definitions_of(layer)
        now = Now(layer, clock, self.chosen, lambda name, make: _kept_usual(make, name, version))
        try:
            content = draw(now)
        except QueryError as error:
            content = _note(str(error))
        told = now.newest_words(_FOLLOWED[part]) if part in _FOLLOWED else ""
        return (
            f'<div class="bw" data-testid="part-{part}" data-received="{clock.received_at.isoformat()}">'
            f"{pieces.part_head(title, f'as of {instant_words(now.at)}{told}')}{content}</div>"
        )


def _state() -> str:
    """Returns a name of what is published of forecasts: alerts of them come without any newer record."""
    try:
        return store().version
    except JournalError:
        return ""


def _instead(part: str, text: str) -> str:
    head = pieces.part_head(_PARTS[part][0])
    return f'<div class="bw" data-testid="part-{part}" data-received="">{head}{_note(text)}</div>'


def _note(text: str) -> str:
    return f'<p class="bw-note">{escape(text)}</p>' if text else ""


@st.cache_resource(show_spinner=False, max_entries=50)
def _kept_usual(_make: Callable[[], pl.DataFrame], name: tuple[str, ...], definitions: str) -> pl.DataFrame:  # noqa: ARG001
    return _make()


def _ed(now: Now) -> str:
    found = today_ed.build(now)
    return f"{pieces.tiles(found.tiles)}{pieces.shown(found.sites)}{_note(found.note)}"


def _arrivals(now: Now) -> str:
    found = today_ed.arrivals(now)
    link = pieces.file_link(found.download, now.layer.data_version, "Download arrivals by hour (CSV)")
    return f"{pieces.arrivals(found)}{link}"


def _beds(now: Now) -> str:
    found = today_beds.build(now)
    return f"{pieces.tiles(found.tiles)}{pieces.shown(found.sectors)}{_note(found.note)}"


def _clinics(now: Now) -> str:
    found = today_clinics.build(now)
    if found.none:
        return f"<p>{escape(found.none)}</p>"
    return f"{pieces.tiles(found.tiles)}{pieces.shown(found.services)}"


def _systems(now: Now) -> str:
    found = today_systems.build(now)
    return (
        f"{pieces.tiles(found.tiles)}{pieces.shown(found.down)}{pieces.shown(found.troubled)}"
        f"{pieces.folded(found.interfaces, 'All interfaces')}{_note(found.note)}"
    )


def _alerts(now: Now) -> str:
    found = today_alerts.build(now)
    return f"{pieces.tiles(found.tiles)}{pieces.shown(found.listed)}{_drifting(now)}{_unusual(now)}"


def _drifting(now: Now) -> str:
    try:
        found = drifting.build(now.layer.catalogue, store(), now.clock.organisations, {})
    except JournalError:
        return ""  # the days beside their forecasts say so
    return drifting_list.listed(found)


def _unusual(now: Now) -> str:
    try:
        found = today_unusual.build(now, store())
    except JournalError as error:
        return _note(f"Days are not set beside their forecasts: {error}")
    return f'{pieces.shown(found.days)}<p class="bw-note" data-testid="unusual-note">{escape(found.note)}</p>'


_PARTS: Final[dict[str, tuple[str, Callable[[Now], str]]]] = {
    "ed": ("Emergency departments", _ed),
    "arrivals": ("Arrivals today", _arrivals),
    "beds": ("Beds", _beds),
    "clinics": ("Clinics today", _clinics),
    "systems": ("Systems and interfaces", _systems),
    "alerts": ("Alerts", _alerts),
}
# Whose newest instant is said beside a part: of these tables something comes all day long.
_FOLLOWED: Final = {"ed": fact_ed_attendance, "arrivals": fact_ed_attendance, "beds": fact_spell}
