"""One day of the feed: all its events in the order in which they are written, and any stretch of them as changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.tables.operational import metadata
from sample_data.simulator.days import day_of, number_of
from sample_data.simulator.engine import simulate, unfinished
from sample_data.simulator.feed.mishaps import Luck
from sample_data.simulator.feed.place import Frames, Place
from sample_data.simulator.feed.unfolding import AT, CORRECT, DELETE, FINAL, INSERT, KIND, versions
from sample_data.simulator.rows import schema

_TABLE, _ROW = "table", "row"
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 (columns hold UTC without a zone)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a stretch of events changes in one table: whole rows to put in, whole rows to correct, rows to delete."""

    table: sa.Table
    insert: pl.DataFrame
    correct: pl.DataFrame
    delete: pl.DataFrame


@dataclass(frozen=True, slots=True)
class DayEvents:
    """A day's events.

    Attributes:
        events: by table: the table's columns, `AT` and `KIND`, in the order of writing.
        order: of all of them: number of the table in `events`, row there, `AT`.
        after: where the feed stands once all are written.
    """

    events: Frames
    order: pl.DataFrame
    after: Place

    def __len__(self) -> int:
        """Returns how many there are."""
        return self.order.height

    def name(self) -> str:
        """Returns a name of them, by which to tell that they are the same when they are worked out again."""
        found = sha256(str(list(self.events)).encode())
        found.update(self.order.hash_rows(seed=1).to_numpy().tobytes())
        return found.hexdigest()[:16]

    @property
    def more_rows(self) -> int:
        """Returns by how many the rows of all tables are more once all are written."""
        kinds = pl.concat([frame[KIND] for frame in self.events.values()])
        return int((kinds == INSERT).sum()) - int((kinds == DELETE).sum())

    def at(self, position: int) -> datetime:
        """Returns the simulated instant of an event; that of the day's end after the last."""
        if position < self.order.height:
            found: datetime = self.order[AT][position]
            return found
        return _instant(day_of(number_of(self.after.day)).midnight)

    def until(self, instant: datetime) -> int:
        """Returns how many events there are up to an instant."""
        return int(self.order[AT].search_sorted(instant, side="right"))

    def stretch(self, begin: int, end: int) -> list[Stretch]:
        """Returns what the events from one position up to another one change, taken together."""
        part = self.order[begin:end]
        found = []
        for number, name in enumerate(self.events):
            rows = part.filter(pl.col(_TABLE) == number)[_ROW]
            if rows.len():
                found.append(_together(metadata.tables[name], self.events[name][rows]))
        return found


def day_events(place: Place) -> DayEvents:
    """Returns the events of the day in which a feed stands: the same ones whenever it is asked."""
    day = place.day
    scenario = replace(place.scenario, last_day=max(place.scenario.last_day, day))
    evening = place.morning.copy()
    evening.scenario = scenario.to_json()
    old = unfinished(scenario, evening)
    (batch,) = simulate(scenario, evening, until=day, days=1)
    new = unfinished(scenario, evening)
    here = day_of(number_of(day))
    span = (_instant(here.midnight), _instant(here.end))
    luck = Luck(place.mishaps)
    events: Frames = {}
    pending: Frames = {}
    for name in sorted({*old, *batch.tables, *new, *place.pending}):
        table = metadata.tables[name]
        nothing = pl.DataFrame(schema=schema(table))
        final = batch.tables.get(name, nothing).with_columns(pl.lit(value=True).alias(FINAL))
        still = new.get(name, nothing).with_columns(pl.lit(value=False).alias(FINAL))
        found = versions(table, old.get(name, nothing), pl.concat([final, still]), span, luck)
        if name in place.pending:
            found = pl.concat([place.pending[name], found])
        keys = [column.name for column in table.primary_key.columns]
        found = found.sort(AT, *keys, maintain_order=True)
        events[name] = found.filter(pl.col(AT) <= span[1])
        held_back = found.filter(pl.col(AT) > span[1])
        if held_back.height:
            pending[name] = held_back
    after = Place(day + timedelta(days=1), 0, place.mishaps, scenario, evening, pending)
    return DayEvents(events, _order(events), after)


def _order(events: Frames) -> pl.DataFrame:
    parts = [
        frame.select(pl.lit(number, pl.Int32).alias(_TABLE), pl.int_range(pl.len()).alias(_ROW), AT)
        for number, frame in enumerate(events.values())
    ]
    return pl.concat(parts).sort(AT, _TABLE, _ROW)


def _together(table: sa.Table, events: pl.DataFrame) -> Stretch:
    """Returns the changes that a table's events, in order, come to."""
    keys = [column.name for column in table.primary_key.columns]
    last = events.group_by(keys, maintain_order=True).agg(
        pl.exclude(KIND).last(), pl.col(KIND).last(), (pl.col(KIND) == INSERT).any().alias("new")
    )
    names = table.columns.keys()
    is_new, away = pl.col("new"), pl.col(KIND) == DELETE
    return Stretch(
        table,
        last.filter(is_new & ~away).select(names),
        last.filter(~is_new & (pl.col(KIND).is_in([INSERT, CORRECT]))).select(names),
        last.filter(~is_new & away).select(keys),
    )


def _instant(minutes: int) -> datetime:
    return _EPOCH + timedelta(minutes=minutes)
