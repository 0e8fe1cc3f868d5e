"""Systems and interfaces now: what is down, and which interfaces fail or hold messages back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.charts import Table
from dashboard.viewmodels.now import Now, instant_words
from dashboard.viewmodels.today import Tile, count_words
from metrics.query.request import Grain, Request

# A local convention: from this share of failed messages on, and not for one or two of them, an interface is failing.
FAILING_FROM: Final = 0.05
FAILING_LEAST: Final = 3
_DOWN: Final = "today_systems_down"
_MESSAGES: Final = ("today_messages", "today_messages_failed", "today_failing", "today_queued")


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface in the newest hour."""

    name: str
    sent: float | None
    failed: float | None
    share: float | None
    queued: float | None

    @property
    def failing(self) -> bool:
        """Returns whether so many messages failed that it is called failing."""
        return (self.share or 0.0) >= FAILING_FROM and (self.failed or 0.0) >= FAILING_LEAST


@dataclass(frozen=True, slots=True)
class Systems:
    """Systems and interfaces now.

    Attributes:
        down: systems that are down, the longest first.
        troubled: interfaces that fail or hold messages back, failing ones first, then the longest queue.
        interfaces: all of them, in the same order.
        note: which hour the interfaces are of.
    """

    tiles: tuple[Tile, ...]
    down: Table
    troubled: Table
    interfaces: Table
    note: str


def build(now: Now) -> Systems:
    """Returns systems and interfaces now."""
    outages = _outages(now)
    hour, held = _newest_hour(now)
    failing = sum(each.failing for each in held)
    tiles = (
        Tile("Systems down", words.number(len(outages)), "planned ones included" if outages else "none"),
        Tile(
            "Interfaces failing", words.number(failing) if held else words.NOT_REPORTED,
            f"of {len(held)}; {words.percentage(FAILING_FROM, 0)} or more of an hour's messages failed" if held else "",
        ),
    )  # fmt: skip
    down = Table("Systems down now", ("System", "Since", "Planned"), tuple(outages))
    columns = ("Interface", "Sent", "Failed", "Failed, share", "In the queue", "State")
    ordered = sorted(held, key=lambda each: (not each.failing, -(each.queued or 0.0), each.name))
    troubled = tuple(_row(each) for each in ordered if each.failing or each.failed or each.queued)
    if hour is None:
        note = "No messages of interfaces are held for the last two days."
    else:
        note = f"Interfaces in the hour from {instant_words(hour)}, the newest held."
    numeric = frozenset({1, 2, 3, 4})
    some = Table("Interfaces with failed or waiting messages in the newest hour", columns, troubled, numeric)
    every = Table("All interfaces in the newest hour", columns, tuple(map(_row, ordered)), numeric)
    return Systems(tiles, down, some, every, note)


def _row(each: Interface) -> tuple[str, ...]:
    return (
        each.name,
        count_words(each.sent),
        count_words(each.failed),
        "" if each.share is None else words.percentage(each.share, 1),
        count_words(each.queued),
        "Failing" if each.failing else "",
    )


def _outages(now: Now) -> list[tuple[str, str, str]]:
    cells = now.open(_DOWN, window="1 year", by=("system", "planned", "started"), sites=False)
    found = [
        (cells.name("system", system), _moment(started), cells.name("planned", planned))
        for system, planned, started in cells.members
        if cells.count(_DOWN, system, planned, started)
    ]
    return [
        (name, instant_words(since), planned) for name, since, planned in sorted(found, key=lambda each: each[1])
    ]  # fmt: skip


def _moment(text: str) -> datetime:
    return words.in_london(datetime.fromisoformat(text))


def _newest_hour(now: Now) -> tuple[datetime | None, list[Interface]]:
    """Returns the newest hour with messages and each interface in it."""
    request = Request(
        _MESSAGES, by=("interface",), grain=Grain.HOUR, period_from=now.day - timedelta(days=1), period_to=now.day
    )
    frame = now.layer.ask(request).frame.filter(pl.col("value").is_not_null() & (pl.col("period") <= now.at))
    sent = frame.filter((pl.col("metric") == _MESSAGES[0]) & (pl.col("value") > 0))
    if sent.is_empty():
        return None, []
    hour: datetime = sent.select(pl.col("period").max()).item()
    values = {
        (metric, name): value
        for metric, name, value in frame.filter(pl.col("period") == hour)
        .select("metric", "interface", "value").iter_rows()
    }  # fmt: skip
    names = sorted({name for _, name in values if name})
    return hour, [Interface(name, *(values.get((each, name)) for each in _MESSAGES)) for name in names]
