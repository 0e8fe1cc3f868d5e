"""Which native periods make up each period asked for, and how far each of those is along."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl

from metrics.query.grid import Places
from metrics.query.periods import HOURS, day_of, end_of, kind_of, midnight, sequence, start_of, step
from metrics.query.request import Grain
from metrics.query.source import Source

_INTERVALS = {
    Grain.HOUR: "1h", Grain.DAY: "1d", Grain.WEEK: "1w", Grain.MONTH: "1mo", Grain.QUARTER: "3mo",
    Grain.FINANCIAL_YEAR: "12mo",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """The days of the periods asked for, and today."""

    first: date
    last: date
    today: date


@dataclass(frozen=True)
class Buckets:
    """The periods asked for, and the native periods behind each.

    Statements need where the periods start and reach. The frames are made when rows are laid out on them, once.

    Attributes:
        starts: the periods asked for, in order.
        reaches: the first and the last native period of each.
        held: the native periods that the metric holds, in order; `column` likewise.
    """

    source: Source
    starts: list[date]
    reaches: list[tuple[date, date]]
    held: Sequence[date]
    column: pl.Series
    today: date

    @property
    def is_native(self) -> bool:
        """Returns whether every period asked for is one native period, itself."""
        return self.source.grain == self.source.native and not self.source.accumulates

    @property
    def first(self) -> date:
        """Returns the day from which rows are read."""
        return day_of(min(first for first, _ in self.reaches))

    @property
    def last(self) -> date:
        """Returns the day of the last native period that is read."""
        return day_of(max(last for _, last in self.reaches))

    @cached_property
    def made_of(self) -> pl.DataFrame:
        """Returns `bucket` and `period`: the native periods of each that the metric holds."""
        return self._wanted.filter(pl.col("held")).select("bucket", "period")

    @cached_property
    def shown(self) -> pl.DataFrame:
        """Returns likewise the one that a level shows; as `made_of` for flows."""
        if not self.source.picks_a_period:
            return self.made_of
        pick = pl.col("period").max() if self.source.combines == "last" else pl.col("period").min()
        return self.made_of.group_by("bucket", maintain_order=True).agg(pick)

    @cached_property
    def asked(self) -> Places:
        """Returns where the periods asked for stand among themselves."""
        starts = pl.Series(self.starts, dtype=kind_of(self.source.grain))
        return Places.of(starts, np.arange(len(self.starts)))

    @cached_property
    def natives(self) -> Places:
        """Returns for native periods the place of the period asked for that they are part of: none is of two."""
        return Places.of(self.made_of["period"], self.asked.at(self.made_of["bucket"]))

    @cached_property
    def spine(self) -> pl.DataFrame:
        """Returns `period`: every native period from where the first one asked for reaches back to, to the last."""
        native = self.source.native
        every = sequence(self.reaches[0][0], end_of(self.reaches[-1][1], native), native)
        return pl.DataFrame({"period": every}, schema={"period": kind_of(native)})

    @cached_property
    def calendar(self) -> pl.DataFrame:
        """Returns for each period how far along it is, in order.

        Columns: `period` (the bucket), `after` Boolean (beyond the data), `running` Boolean, `natives` Int64 (how many
        make it whole), `maturing` Boolean.
        """
        return _calendar(self.source, self.starts, self._wanted, self.held, self.today)

    @cached_property
    def _wanted(self) -> pl.DataFrame:
        held = self.column.to_frame("period")
        return _wanted(self.source, self.starts, self.reaches).join(
            held.with_columns(pl.lit(value=True).alias("held")), on="period", how="left", maintain_order="left"
        )


def lay_out(source: Source, span: Span, held: Sequence[date], column: pl.Series) -> Buckets:
    """Returns the periods of the span for a metric that holds the native periods `held`, in order; `column` is they."""
    native, starts = source.native, sequence(span.first, span.last, source.grain)
    newest = end_of(held[-1], native) if held else date.min
    reaches = [_reach(source, native, start, newest) for start in starts]
    return Buckets(source, starts, reaches, held, column, span.today)


def months_later(day: date, months: int) -> date:
    """Returns the same day so many months later, or the last of that month where it is too short."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _reach(source: Source, native: Grain, start: date, newest: date) -> tuple[date, date]:
    """Returns the first and last native period of the one asked for."""
    end = start if source.grain is Grain.DAY else end_of(start, source.grain)
    if not source.accumulates:
        return _native_bounds(native, start, start, end)
    if day_of(start) <= newest < end:
        end = newest  # what still runs reaches back from the newest day that is held
    if source.to_date is not None:
        return _native_bounds(native, start, start_of(end, source.to_date), end)
    window = source.window
    assert window is not None  # noqa: S101 - it accumulates, and not to date
    # A level that nobody has counted again is carried no further than it would be called stale.
    carried = end - timedelta(days=source.model.stale_after_days) if source.combines == "last" else date.min
    if window.months is not None:
        first = months_later(end + timedelta(days=1), -window.months)
        return _native_bounds(native, start, max(first, carried), end)
    if window.days is not None and source.grain is not Grain.HOUR:
        return _native_bounds(native, start, max(end - timedelta(days=window.days - 1), carried), end)
    hours = window.count if window.days is None else window.days * 24
    last = _native_bounds(native, start, end, end)[1]
    return step(last, Grain.HOUR, 1 - hours), last


def _native_bounds(native: Grain, asked: date, first: date, last: date) -> tuple[date, date]:
    if native is Grain.DAY:
        return first, last
    if native is not Grain.HOUR:
        return start_of(first, native), start_of(last, native)
    if isinstance(asked, datetime):
        return (asked if first == asked else midnight(day_of(first))), asked
    return midnight(first), step(midnight(last + timedelta(days=1)), Grain.HOUR, -1)


def _wanted(source: Source, starts: list[date], reaches: list[tuple[date, date]]) -> pl.DataFrame:
    """Returns `bucket` and `period`: every native period of the calendar that makes up each one asked for."""
    native, asked = kind_of(source.native), kind_of(source.grain)
    if all(first == last for first, last in reaches):
        each = [first for first, _ in reaches]
        return pl.DataFrame({"bucket": starts, "period": each}, schema={"bucket": asked, "period": native})
    frame = pl.DataFrame(
        {"bucket": starts, "first": [first for first, _ in reaches], "last": [last for _, last in reaches]},
        schema={"bucket": asked, "first": native, "last": native},
    )
    ranges = pl.datetime_ranges if native == HOURS else pl.date_ranges
    expanded = frame.select("bucket", ranges("first", "last", interval=_INTERVALS[source.native]).alias("period"))
    return expanded.explode("period")


def _calendar(
    source: Source, starts: list[date], wanted: pl.DataFrame, held_periods: Sequence[date], today: date
) -> pl.DataFrame:
    """Returns for each period whether it still runs, is yet to mature, and how much of it the metric holds."""
    newest = end_of(held_periods[-1], source.native) if held_periods else date.min
    last = held_periods[-1] if held_periods else None
    ends = [end_of(start, source.grain) for start in starts]
    held = pl.col("held").fill_null(value=False)
    if source.picks_a_period:
        whole = held.last() if source.combines == "last" else held.first()
        count = pl.lit(1, pl.Int64)
    else:
        whole, count = held.all(), pl.len().cast(pl.Int64)
    counted = wanted.group_by("bucket").agg(whole.alias("whole"), count.alias("natives"))
    maturity = timedelta(days=source.model.maturity_days)
    beyond = [day_of(start) > newest for start in starts]
    if source.window is not None and source.combines == "last":
        # A level stands until the next is counted, as long as the window reaches back to it.
        known = set(wanted.filter("held")["bucket"])
        beyond = [day_of(start) > newest and start not in known for start in starts]
    frame = pl.DataFrame(
        {
            "period": starts,
            "after": beyond,
            "runs": [_runs(source, start, end, today, last) for start, end in zip(starts, ends, strict=True)],
            "cut short": [source.accumulates and end > newest for end in ends],
            "maturing": [end + maturity >= today for end in ends],
        },
        schema={"period": kind_of(source.grain), "after": pl.Boolean, "runs": pl.Boolean, "cut short": pl.Boolean,
                "maturing": pl.Boolean},
    )  # fmt: skip
    joined = frame.join(counted, left_on="period", right_on="bucket", how="left", maintain_order="left")
    return joined.select(
        "period",
        "after",
        (pl.col("runs") | pl.col("cut short") | ~pl.col("whole").fill_null(value=False)).alias("running"),
        "natives",
        "maturing",
    )


def _runs(source: Source, start: date, end: date, today: date, newest: date | None) -> bool:
    if source.outcome is not None and (source.outcome.followed_to is None or end > source.outcome.followed_to):
        return True  # some of the cohort are still followed
    if isinstance(start, datetime):
        return end >= today and (newest is None or start >= newest)
    return end >= today
