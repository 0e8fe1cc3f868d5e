"""Beds now: occupied and available by site and sector, escalation, who is ready to leave, discharges of the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from dashboard import format as words
from dashboard.viewmodels.charts import Table
from dashboard.viewmodels.now import Now
from dashboard.viewmodels.today import Tile, count_words
from metrics.query.request import Filter, Grain
from metrics.warehouse.tables.operational.flow import fact_spell
from models.hourly import expected_of_day, first_day_needed

_REACH: Final = "3 years"
_OCCUPIED, _READY, _OPEN = "today_inpatients", "today_ready_to_leave", "today_beds_open"
_ESCALATION, _AVAILABLE, _SHARE = "today_beds_escalation", "today_beds_available", "today_occupancy"
_DISCHARGES: Final = "today_discharges"
_SILENT: Final = timedelta(hours=24)  # nothing for longer, and who is on the wards now is not known


@dataclass(frozen=True, slots=True)
class Beds:
    """Beds now."""

    tiles: tuple[Tile, ...]
    sectors: Table
    note: str


def build(now: Now) -> Beds:
    """Returns beds now."""
    silence = now.silence(fact_spell, "the wards", _SILENT)
    if silence:
        labels = ("Beds occupied", "Beds available", "Escalation beds", "No criteria to reside", "Discharged today")
        return Beds(tuple(Tile(each, words.NOT_REPORTED) for each in labels), Table("", (), ()), silence)
    by = ("site", "sector")
    cells = now.open(_OCCUPIED, _OPEN, _ESCALATION, _AVAILABLE, _SHARE, window=_REACH, by=by)
    # A day is held, no time of it: who becomes ready in the course of today is counted from tomorrow on.
    ready_before = Filter("ready", high=now.day - timedelta(days=1))
    ready = now.open(_READY, window=_REACH, by=by, where=(ready_before,))
    share = cells.value(_SHARE)
    occupied = "" if share is None else f"{words.percentage(share, 0)} of {count_words(cells.value(_OPEN))} open"
    tiles = (
        Tile("Beds occupied", words.number(cells.count(_OCCUPIED)), occupied),
        Tile("Beds available", count_words(cells.value(_AVAILABLE)), "open and not occupied"),
        Tile("Escalation beds", count_words(cells.value(_ESCALATION)), "open when last counted"),
        Tile("No criteria to reside", words.number(ready.count(_READY)), "ready before today and still here"),
        _discharges(now),
    )
    rows = []
    for site, sector in cells.members:
        opened = cells.value(_OPEN, site, sector)
        occupied_here = cells.count(_OCCUPIED, site, sector)
        if opened is None and not occupied_here:  # the site has no such ward
            continue
        rows.append(
            (
                cells.name("site", site),
                cells.name("sector", sector),
                words.number(occupied_here),
                *(count_words(cells.value(each, site, sector)) for each in (_OPEN, _AVAILABLE, _ESCALATION)),
                words.number(ready.count(_READY, site, sector)),
            )
        )
    columns = ("Site", "Sector", "Occupied", "Open", "Available", "Escalation", "No criteria to reside")
    table = Table("Beds now, by site and sector", columns, tuple(rows), frozenset(range(2, 7)))
    counted = now.layer.last_day(_OPEN)
    at = f"the midnight that ended {words.day_words(min(counted, now.day))}" if counted else "no midnight yet"
    return Beds(tiles, table, f"Occupied is counted now; open and escalation beds are those of {at}.")


def _discharges(now: Now) -> Tile:
    so_far = now.today(_DISCHARGES).count(_DISCHARGES)
    first, yesterday = first_day_needed(now.day), now.day - timedelta(days=1)
    expected = now.usual(
        "discharges",
        lambda: expected_of_day(now.history(_DISCHARGES, first, yesterday, Grain.DAY), now.day),
    )
    if expected.is_empty():
        return Tile("Discharged today", words.number(so_far), "too little history to say what is usual")
    row = expected.row(0, named=True)
    band = f"{words.number(row['low'])} to {words.number(row['high'])}"
    note = f"{words.number(row['mean'])} expected by midnight, {band} in 80 of 100 such days"
    return Tile("Discharged today", words.number(so_far), note)
