"""Asking what holds now: rows that are open, bands of waiting, and what happened today, by the clock of the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

import polars as pl
import sqlalchemy as sa

from dashboard.format import LONDON, day_words
from metrics.catalogue import Catalogue
from metrics.query.clock import Clock
from metrics.query.request import Filter, Grain, Request
from metrics.query.result import Result

MICROSECOND = timedelta(microseconds=1)


class Layer(Protocol):
    """The part of the metrics layer that the Today page uses."""

    @property
    def catalogue(self) -> Catalogue: ...

    def ask(self, request: Request) -> Result: ...

    def last_day(self, metric: str) -> date | None: ...

    def clock(self) -> Clock | None: ...

    @property
    def data_version(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the reader narrows the page to.

    Attributes:
        site: a site's code; None for all.
        service: a treatment function code; None for all.
    """

    site: str | None = None
    service: str | None = None


class Keep(Protocol):
    """Keeps what is slow to make and hardly changes, under a name of plain values."""

    def __call__(self, name: tuple[str, ...], make: Callable[[], pl.DataFrame], /) -> pl.DataFrame: ...


def made_anew(_name: tuple[str, ...], make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """Returns what is made; keeps nothing."""
    return make()


@dataclass(frozen=True, slots=True)
class Now:
    """The layer at one state of it, the instant that its records stand at, and the filters.

    Attributes:
        keep: keeps what is usual, which is asked anew every hour of the records: what is corrected in past weeks is
            seen that late.
    """

    layer: Layer
    clock: Clock
    chosen: Chosen = Chosen()
    keep: Keep = made_anew

    @property
    def at(self) -> datetime:
        """Returns the instant."""
        return self.clock.now.astimezone(LONDON)

    def usual(self, name: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """Returns what is usual, kept for these records, their hour and the site."""
        return self.keep((name, str(self.clock.written_at), f"{self.at:%Y-%m-%d %H}", self.chosen.site or ""), make)

    @property
    def day(self) -> date:
        """Returns the day in London."""
        return self.at.date()

    def longer_than(self, minutes: int) -> Filter:
        """Returns the filter for who arrived more than so many minutes ago."""
        return Filter("arrived", high=self._before(minutes) - MICROSECOND)

    def between(self, longer_than: int, up_to: int) -> Filter:
        """Returns the filter for who arrived more than some and up to other minutes ago."""
        return Filter("arrived", low=self._before(up_to), high=self._before(longer_than) - MICROSECOND)

    def within(self, minutes: int) -> Filter:
        """Returns the filter for who arrived up to so many minutes ago."""
        return Filter("arrived", low=self._before(minutes))

    def since(self, dimension: str, hours: int) -> Filter:
        """Returns the filter for what happened in the last hours."""
        return Filter(dimension, low=self._before(60 * hours))

    def _before(self, minutes: int) -> datetime:
        return (self.clock.now - timedelta(minutes=minutes)).astimezone(UTC).replace(tzinfo=None)

    def silence(self, table: sa.Table, of: str, limit: timedelta) -> str:
        """Returns why nothing is known of now: no record of a table is held, or none is newer than the limit."""
        newest = self.clock.newest.get(table.name)
        if newest is None:
            return f"No record of {of} is held."
        if self.clock.now - newest > limit:  # both in UTC: the clocks may have changed in between
            return f"No record of {of} is newer than {instant_words(newest.astimezone(LONDON))}."
        return ""

    def newest(self, table: sa.Table) -> datetime | None:
        """Returns the newest instant that the rows of a table hold; None without any, or of a table not followed."""
        newest = self.clock.newest.get(table.name)
        return None if newest is None else newest.astimezone(LONDON)

    def newest_words(self, table: sa.Table) -> str:
        """Returns '; newest record 23:54', with the day where it is an earlier one; '' of a table not followed."""
        newest = self.newest(table)
        if newest is None:
            return ""
        at = min(newest, self.at)
        where = " of all sites" if self.chosen.site and len(self.clock.sites) > 1 else ""
        return f"; newest record{where} {f'{at:%H:%M}' if at.date() == self.day else instant_words(at)}"

    def open(
        self, *metrics: str, window: str, by: Sequence[str] = (), where: Sequence[Filter] = (), sites: bool = True
    ) -> Cells:
        """Returns counts of what is open now, among rows that began within the window, and levels as last counted.

        They are asked at the newest day that has rows of the first metric: on a later one there is nothing to count,
        and the window ends there without losing any.
        """
        newest = self.layer.last_day(metrics[0])
        if newest is None:
            return Cells({}, tuple(by))
        day = min(self.day, newest)
        return self._asked(metrics, by, where, day, sites=sites, window=window)

    def today(self, *metrics: str, by: Sequence[str] = (), where: Sequence[Filter] = (), sites: bool = True) -> Cells:
        """Returns what is counted of the day."""
        return self._asked(metrics, by, where, self.day, sites=sites)

    def history(self, metric: str, first: date, last: date, grain: Grain) -> pl.DataFrame:
        """Returns `period` and `value` of a metric by hour or day, null where nothing is known."""
        where = self._where((), sites=True)
        result = self.layer.ask(Request((metric,), grain=grain, period_from=first, period_to=last, where=where))
        return result.frame.select("period", "value")

    def _where(self, where: Sequence[Filter], *, sites: bool) -> tuple[Filter, ...]:
        site = self.chosen.site if sites else None
        return (*where, *((Filter("site", (site,)),) if site else ()))

    def _asked(
        self, metrics: Sequence[str], by: Sequence[str], where: Sequence[Filter], day: date, *, sites: bool,
        window: str | None = None,
    ) -> Cells:  # fmt: skip
        request = Request(
            tuple(metrics), by=tuple(by), grain=Grain.DAY, period_from=day, period_to=day, totals=bool(by),
            where=self._where(where, sites=sites), window=window,
        )  # fmt: skip
        return Cells.of(self.layer.ask(request), tuple(by))


@dataclass(frozen=True, slots=True)
class Cells:
    """The answer to one question of now: by metric and members its value; no members for the total."""

    values: Mapping[tuple[str, tuple[str | None, ...]], float | None]
    by: tuple[str, ...]
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, result: Result, by: tuple[str, ...]) -> Cells:
        """Returns the cells of a result of one period."""
        values: dict[tuple[str, tuple[str | None, ...]], float | None] = {}
        for row in result.frame.select("metric", *by, "is_total", "value").iter_rows():
            metric, *members, is_total, value = row
            values[metric, () if is_total or not by else tuple(members)] = value
        return cls(values, by, result.labels)

    @property
    def members(self) -> tuple[tuple[str, ...], ...]:
        """Returns the members that have a name in every dimension, in order."""
        found = {key for _, key in self.values if key and None not in key}
        return tuple(sorted(found))  # type: ignore[arg-type]

    def value(self, metric: str, *members: str) -> float | None:
        """Returns a value; None where it is not known."""
        return self.values.get((metric, members))

    def count(self, metric: str, *members: str) -> int:
        """Returns a count of rows: none of the kind is 0, as the records are complete up to now."""
        return int(self.value(metric, *members) or 0)

    def name(self, dimension: str, code: str) -> str:
        """Returns the words for a member."""
        return self.labels.get(dimension, {}).get(code, code)


def instant_words(at: datetime) -> str:
    """Returns '22 November 2026, 23:59'."""
    return f"{day_words(at.date())}, {at:%H:%M}"


def second_words(at: datetime) -> str:
    """Returns '22 November 2026, 23:59:59' of an instant, as a clock in London shows it."""
    local = at.astimezone(LONDON)
    return f"{day_words(local.date())}, {local:%H:%M:%S}"
