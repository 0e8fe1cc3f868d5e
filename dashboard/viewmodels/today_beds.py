"""Beds now: occupied and available by site and sector, escalation, who is ready to leave, discharges of the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from dashboard import format as words
from dashboard.viewmodels.charts import Table
from dashboard.viewmodels.now import Now
from dashboard.viewmodels.today import Tile, count_words
from metrics.query.request import Grain
from models.hourly import expected_of_day, first_day_needed

_REACH: Final = "3 years"
_OCCUPIED, _READY, _OPEN = "today_inpatients", "today_ready_to_leave", "today_beds_open"
_ESCALATION, _AVAILABLE, _SHARE = "today_beds_escalation", "today_beds_available", "today_occupancy"
_DISCHARGES: Final = "today_discharges"


@dataclass(frozen=True, slots=True)
class Beds:
    """Beds now."""

    tiles: tuple[Tile, ...]
    sectors: Table
    note: str


def build(now: Now) -> Beds:
    """Returns beds now."""
    cells = now.open(
        _OCCUPIED, _READY, _OPEN, _ESCALATION, _AVAILABLE, _SHARE, window=_REACH, by=("site", "sector")
    )  # fmt: skip
    share = cells.value(_SHARE)
    occupied = "" if share is None else f"{words.percentage(share, 0)} of {count_words(cells.value(_OPEN))} open"
    tiles = (
        Tile("Beds occupied", words.number(cells.count(_OCCUPIED)), occupied),
        Tile("Beds available", count_words(cells.value(_AVAILABLE)), "open and not occupied"),
        Tile("Escalation beds", count_words(cells.value(_ESCALATION)), "open at the last midnight"),
        Tile("No criteria to reside", words.number(cells.count(_READY)), "ready to leave and still here"),
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
                words.number(cells.count(_READY, site, sector)),
            )
        )
    columns = ("Site", "Sector", "Occupied", "Open", "Available", "Escalation", "No criteria to reside")
    table = Table("Beds now, by site and sector", columns, tuple(rows), frozenset(range(2, 7)))
    return Beds(tiles, table, "Occupied is counted now; open and escalation beds are those of the last midnight.")


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
