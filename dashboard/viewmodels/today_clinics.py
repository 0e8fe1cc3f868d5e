"""Clinics of the day: booked, seen, missed and cancelled, by service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from dashboard import format as words
from dashboard.viewmodels.charts import Table
from dashboard.viewmodels.now import Now
from dashboard.viewmodels.today import Tile
from metrics.query.request import Filter, Grain, Request

_BOOKED: Final = "today_appointments"
_SHOWN: Final = ("today_seen", "today_dna", "today_cancelled", "today_to_come")
_DAYS_AHEAD: Final = 7


@dataclass(frozen=True, slots=True)
class Clinics:
    """Clinics of the day. `none` says so where there are none, and when the next are."""

    tiles: tuple[Tile, ...]
    services: Table
    none: str = ""


def build(now: Now) -> Clinics:
    """Returns clinics of the day."""
    narrowed = (Filter("service", (now.chosen.service,)),) if now.chosen.service else ()
    cells = now.today(_BOOKED, *_SHOWN, by=("service",), where=narrowed)
    booked = cells.count(_BOOKED)
    columns = ("Service", "Booked", "Seen", "Did not attend", "Cancelled", "Still to come")
    caption = "Outpatient appointments of the day, by service"
    if not booked:
        return Clinics((), Table(caption, columns, ()), _none(now, narrowed))

    def row(title: str, *members: str) -> tuple[str, ...]:
        return (title, *(words.number(cells.count(each, *members)) for each in (_BOOKED, *_SHOWN)))

    rows = [row(cells.name("service", code), code) for (code,) in cells.members if cells.count(_BOOKED, code)]
    rows.sort()
    if len(rows) > 1:
        rows.append(row("All services"))
    notes = ("at any time before", "without an outcome yet")
    tiles = (
        Tile("Booked", words.number(booked)),
        Tile("Seen", words.number(cells.count("today_seen"))),
        Tile("Did not attend", words.number(cells.count("today_dna"))),
        Tile("Cancelled", words.number(cells.count("today_cancelled")), notes[0]),
        Tile("Still to come", words.number(cells.count("today_to_come")), notes[1]),
    )
    return Clinics(tiles, Table(caption, columns, tuple(rows), frozenset(range(1, 6))))


def _none(now: Now, narrowed: tuple[Filter, ...]) -> str:
    said = f"No clinics on {now.at:%A} {words.day_words(now.day)}."
    site = (Filter("site", (now.chosen.site,)),) if now.chosen.site else ()
    ahead = now.layer.ask(
        Request(
            (_BOOKED,), grain=Grain.DAY, period_from=now.day + timedelta(days=1),
            period_to=now.day + timedelta(days=_DAYS_AHEAD), where=(*narrowed, *site),
        )
    )  # fmt: skip
    for day, value in ahead.frame.select("period", "value").iter_rows():
        if value:
            return f"{said} Next: {day:%A} {words.day_words(day)}, {words.counted(int(value), 'appointment')} booked."
    return said
