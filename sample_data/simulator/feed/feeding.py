"""Writing the feed: stretch after stretch of events, each committed with the place at which the feed then stands."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.changing import Changes
from metrics.warehouse.errors import WarehouseBusyError, WarehouseError, WarehouseUnreachableError
from metrics.warehouse.live import Live
from metrics.warehouse.tables.operational.changes import meta_feed, meta_feed_state
from metrics.warehouse.tables.operational.provenance import meta_operational
from sample_data.simulator.feed.day import DayEvents, day_events
from sample_data.simulator.feed.place import Mishaps, Place, feed_row, place_of, state_row

COMMIT_SECONDS: Final = 0.5
MOST_EVENTS: Final = 5_000
_AGAIN_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


class Pace(Protocol):
    """How fast a feed goes."""

    def due(self, events: DayEvents, position: int) -> int:
        """Returns up to which position of a day events are to be written now."""
        ...


@dataclass(slots=True)
class AtOnce:
    """As fast as the warehouse takes them."""

    def due(self, events: DayEvents, position: int) -> int:
        """Returns the end of the day."""
        del position
        return len(events)


class AtRate:
    """So many events a second."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._since = clock()
        self._owed = 0.0

    def due(self, events: DayEvents, position: int) -> int:
        """Returns the position reached by now; of a warehouse that was away, two seconds are made up for."""
        now = self._clock()
        self._owed = min(self._owed + (now - self._since) * self._rate, 2 * self._rate)
        self._since = now
        take = min(int(self._owed), len(events) - position)
        self._owed -= take
        return position + take


class InTime:
    """So many simulated seconds a second, from the place at which the feed stands."""

    def __init__(self, times: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._times, self._clock = times, clock
        self._began: tuple[float, datetime] | None = None

    def due(self, events: DayEvents, position: int) -> int:
        """Returns the position of the simulated instant that it is now."""
        if self._began is None:
            self._began = (self._clock(), events.at(position))
        began, instant = self._began
        return max(position, events.until(instant + timedelta(seconds=(self._clock() - began) * self._times)))


class InRealTime:
    """As it is on the clock: what is past at once, the rest when it happens."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC).replace(tzinfo=None)) -> None:
        self._now = now

    def due(self, events: DayEvents, position: int) -> int:
        """Returns the position of now."""
        return max(position, events.until(self._now()))


@dataclass(frozen=True, slots=True)
class Progress:
    """What a feed tells after a commit: the simulated instant reached, and the events written so far by this run."""

    at: datetime
    events: int
    commits: int


class Feed:
    """A feed into an open warehouse.

    Attributes:
        until: the last day to write; None is for ever.
        written: what it told last.
    """

    def __init__(
        self,
        live: Live,
        pace: Pace,
        *,
        until: date | None = None,
        days: int | None = None,
        mishaps: Mishaps | None = None,
        tell: Callable[[Progress], None] = lambda _: None,
        commit_seconds: float = COMMIT_SECONDS,
        most_events: int = MOST_EVENTS,
    ) -> None:
        self.until = until
        self._live, self._pace, self._tell, self._days, self._mishaps = live, pace, tell, days, mishaps
        self._commit_seconds, self._most = commit_seconds, most_events
        self.written = Progress(datetime.min, 0, 0)  # noqa: DTZ901 (columns hold UTC without a zone)

    def run(self, stop: threading.Event | None = None) -> None:
        """Writes until the last day is written or it is told to stop.

        A warehouse that is busy or away is waited for. After any failure it goes on from what is committed.

        Raises:
            NoFeedError: there is no simulated trust in the warehouse.
            WarehouseError: the warehouse cannot be written to.
        """
        stop = stop or threading.Event()
        while not stop.is_set():
            try:
                if self._go_on(stop):
                    return
            except (
                WarehouseBusyError,
                WarehouseUnreachableError,
                sa.exc.OperationalError,
                sa.exc.InterfaceError,
            ) as error:
                _log.warning("The feed waits for the warehouse: %s", str(error).splitlines()[0])
                stop.wait(_AGAIN_SECONDS)

    def _go_on(self, stop: threading.Event) -> bool:
        """Writes from the place that is committed on; returns whether all is written."""
        place = self._place()
        if self._days is not None and self.until is None:
            self.until = place.day + timedelta(days=self._days - 1)
        while self.until is None or place.day <= self.until:
            events = day_events(place)
            place = _begun(place, events)
            while place.position < len(events) or not len(events):
                begun = time.monotonic()
                due = min(self._pace.due(events, place.position), place.position + self._most)
                if due > place.position or not len(events):
                    place = self._commit(place, events, due)
                    if place.day != events.after.day and stop.is_set():
                        return True
                    if place.day == events.after.day:
                        break
                if stop.wait(max(0.0, self._commit_seconds - (time.monotonic() - begun)) if not self._hurries else 0):
                    return True
        return True

    @property
    def _hurries(self) -> bool:
        return isinstance(self._pace, AtOnce)

    def _place(self) -> Place:
        with self._live.commit() as changes:
            place = _held(changes)
        if self._mishaps is not None and place.position == 0:
            return replace(place, mishaps=self._mishaps)
        return place

    def _commit(self, place: Place, events: DayEvents, due: int) -> Place:
        """Writes events up to a position, and with them where the feed then stands."""
        ended = due >= len(events)
        after = events.after if ended else replace(place, position=due)
        with self._live.commit() as changes:
            _check_place(changes, place)
            for stretch in events.stretch(place.position, due):
                changes.apply(stretch.table, stretch.insert, stretch.correct, stretch.delete)
            changes.put(meta_feed, feed_row(after))
            if ended:
                changes.put(meta_feed_state, state_row(after))
                held = changes.frame(sa.select(meta_operational))
                more = pl.col("rows") + events.more_rows
                changes.put(meta_operational, held.with_columns(more.alias("rows"), last_day=pl.lit(place.day)))
        so_far = self.written
        self.written = Progress(events.at(due), so_far.events + due - place.position, so_far.commits + 1)
        self._tell(self.written)
        return after


class OtherEventsError(WarehouseError):
    """A day of which a part is written was begun by another version of the simulator."""


class OvertakenError(WarehouseBusyError):
    """Somebody else wrote the feed's tables: another feed, or a new simulation. It goes on from what is there."""


def _begun(place: Place, events: DayEvents) -> Place:
    if place.position and place.events != events.name():
        raise OtherEventsError(
            f"The feed began {place.day:%d/%m/%Y} with another version of Bellwether, whose trust goes on otherwise. "
            "Run: bellwether simulate --warehouse"
        )
    return replace(place, events=events.name())


def _held(changes: Changes) -> Place:
    return place_of(changes.frame(sa.select(meta_feed)), changes.frame(sa.select(meta_feed_state)))


def _check_place(changes: Changes, place: Place) -> None:
    found = changes.frame(sa.select(meta_feed.c.next_day, meta_feed.c.position)).rows()
    if found != [(place.day, place.position)]:
        raise OvertakenError("Somebody else wrote to the tables of the feed. It goes on from what is there now.")
