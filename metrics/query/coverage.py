"""Who reported, who was expected to, and which native periods a metric holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TypeVar

import polars as pl

from metrics.query.buckets import Buckets, Span, lay_out
from metrics.query.grid import Truths
from metrics.query.plan import LEVELS
from metrics.query.request import Filter
from metrics.query.result import Status
from metrics.query.source import Source

Kept = TypeVar("Kept")
CODES = ("period", "org_code", *LEVELS)
# What is laid out once for all who ask alike: long calendars take memory, and are rarely asked for twice.
_MOST_KEPT, _LONGEST_KEPT = 64, 800


@dataclass(frozen=True)
class Presence:
    """Which organisations reported a metric in which native period.

    Codes are kept as published, beside the organisation that answers for them today: an organisation made of several
    has reported when all of them have.

    Attributes:
        rows: columns `period` Date, `org_code` (as published), `organisation`, `icb`, `region` (today's) String,
            `rank` Int64 (2 where the publication states a figure for England, 1 for a region, else 0): who reported.
            Distinct, and of one rank in a period.
        submitted: likewise, who sent the return at all, of those that ever had any of what the metric counts.
        had: the codes that ever had any of it: only they are missed when they are silent.
        within: how many native periods a code stays expected after it last reported.
        ends: `org_code` String and `end` Date: the last day that a code stood for itself.
        owed: columns as `rows`: codes that were divided, under each organisation that took a part of them. What they
            reported cannot be shared out, so that each of those is short of it.
    """

    rows: pl.DataFrame
    submitted: pl.DataFrame
    had: pl.Series
    within: int
    ends: pl.DataFrame
    owed: pl.DataFrame
    # What several requests share, as most ask for the same periods; see `laid_out` and `ground`.
    _laid: dict[object, Buckets] = field(default_factory=dict, init=False, repr=False, compare=False)
    _grounds: dict[object, Ground] = field(default_factory=dict, init=False, repr=False, compare=False)

    def laid_out(self, source: Source, span: Span, definitions: str) -> Buckets:
        """Returns the periods of the span for the metric; `definitions` names those that `source` is of."""
        if source.outcome is not None:
            return lay_out(source, span, self.periods, self.period_column)
        key = (source.metric.id, source.base.id, source.grain, source.window, source.to_date, span, definitions)
        found = self._laid.get(key)
        if found is None:
            found = lay_out(source, span, self.periods, self.period_column)
            if len(found.starts) <= _LONGEST_KEPT:
                _kept(self._laid, key, found)
        return found

    def ground(self, buckets: Buckets, levels: tuple[str, ...], where: tuple[Filter, ...]) -> Ground:
        """Returns what values are laid out on: the periods, of the places that the filters of levels name."""
        placed = tuple(each for each in where if each.dimension in LEVELS)
        key = (id(buckets), levels, placed)  # what is kept holds its periods, so that no other has their id
        found = self._grounds.get(key)
        if found is None or found.buckets is not buckets:
            found = Ground(self, buckets, levels, placed)
            if len(buckets.starts) <= _LONGEST_KEPT:
                _kept(self._grounds, key, found)
        return found

    @cached_property
    def periods(self) -> list[date]:
        """Returns the native periods in which anybody reported, in order."""
        return self.period_column.to_list()

    @cached_property
    def period_column(self) -> pl.Series:
        """Returns likewise, as a column."""
        return self.rows["period"].unique().sort()

    @cached_property
    def expected(self) -> pl.DataFrame:
        """Returns `period`, `org_code`, `organisation`, `icb`, `region`, `reported` Boolean of every code expected.

        These are the codes that reported, that had in one of the periods before, and that sent the return without
        this metric although they report it at other times. A code is not expected after its end. Where England's or a
        region's figure stands in for organisations, only such are expected, and the other way round.
        """
        index = self.period_column.to_frame("period").with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("at"))
        seen = self.rows.join(index, on="period").drop("period")
        later = pl.concat(
            [seen.with_columns(pl.col("at") + ahead, pl.lit(ahead).alias("ahead")) for ahead in range(self.within + 1)]
        )
        columns = [*CODES, "rank"]
        missed = later.filter((pl.col("ahead") == 0) | pl.col("org_code").is_in(self.had.implode(), nulls_equal=True))
        recent = missed.join(index, on="at").select(columns)
        sent = self.submitted.filter(pl.col("period").is_in(self.period_column.implode())).select(columns)
        kinds = self.rows.group_by("period").agg(pl.col("rank").min().alias("rank of all"))
        reported = self.rows.select("period", "org_code", pl.lit(value=True).alias("reported"))
        codes = (
            pl.concat([recent, sent])
            .unique()
            .join(kinds, on="period")
            .filter(pl.col("rank") == pl.col("rank of all"))
            .join(reported, on=["period", "org_code"], how="left", nulls_equal=True)
            .join(self.ends, on="org_code", how="left")
            .filter(pl.col("reported") | pl.col("end").is_null() | (pl.col("end") >= pl.col("period").dt.date()))
        )
        return codes.select(*CODES, pl.col("reported").fill_null(value=False))

    def counts(self, by: Iterable[str], where: Iterable[Filter]) -> pl.DataFrame:
        """Returns `period`, the levels of `by`, and per native period how many report, all Int64.

        `reporting` and `expected` count organisations, `heard` the codes as published that reported anything.
        """
        levels = [name for name in by if name in LEVELS]
        where = tuple(where)
        whole = (
            self._expected_of(levels, where)
            .group_by("period", *dict.fromkeys((*levels, "organisation")))
            .agg(pl.col("reported").all(), pl.col("reported").sum().alias("heard"))
        )
        return whole.group_by("period", *levels).agg(
            pl.col("reported").sum().cast(pl.Int64).alias("reporting"),
            pl.len().cast(pl.Int64).alias("expected"),
            pl.col("heard").sum().cast(pl.Int64),
        )

    def absent(self, first: date, last: date, where: Iterable[Filter]) -> list[str]:
        """Returns the codes expected in some native period of the range that did not report in it."""
        span = pl.col("period").dt.date().is_between(first, last)
        missing = self._expected_of((), tuple(where)).filter(span, ~pl.col("reported"))
        return missing["org_code"].unique().sort().to_list()

    def _expected_of(self, levels: Iterable[str], where: tuple[Filter, ...]) -> pl.DataFrame:
        """Returns the codes expected of the places that pass the filters.

        What is owed by a divided board matters where single boards are looked at; the whole has its figures.
        """
        rows = self.expected
        if "icb" in {*levels, *(each.dimension for each in where)}:
            rows = pl.concat([rows, self.owed.with_columns(pl.lit(value=False).alias("reported"))])
        return rows.filter(*kept(where))


def _kept(these: dict[object, Kept], key: object, value: Kept) -> None:
    if len(these) >= _MOST_KEPT:
        these.clear()
    these[key] = value


def worst(counts: pl.DataFrame, keys: list[str], shown: pl.DataFrame, *, is_native: bool) -> pl.DataFrame:
    """Returns the coverage of each period asked for.

    Columns: `bucket`, keys, `reporting`, `expected`, `heard`, `held` Int64, `share` Float64.

    `shown` names the native periods behind each one (`bucket`, `period`). A flow is as complete as its least complete
    native period; a level as the one that it shows. `held` is the number of native periods with anybody expected.
    """
    shared = counts.with_columns(
        pl.when(pl.col("expected") > 0).then(pl.col("reporting") / pl.col("expected")).alias("share"),
    )
    if is_native:
        return shared.with_columns(pl.lit(1, pl.Int64).alias("held")).rename({"period": "bucket"})
    return (
        shared.join(shown, on="period")
        .sort("share", "period", descending=[False, True], nulls_last=True)  # of equals, the newest
        .group_by("bucket", *keys, maintain_order=True)
        .agg(
            pl.col("reporting", "expected", "share").first(),
            pl.col("heard").sum(),
            pl.len().cast(pl.Int64).alias("held"),
        )
    )


@dataclass(frozen=True)
class Ground:
    """What the values of a metric are laid out on: the periods asked for, and how complete each is.

    Attributes:
        levels: the levels of organisations among the dimensions asked for.
    """

    presence: Presence
    buckets: Buckets
    levels: tuple[str, ...]
    where: tuple[Filter, ...]

    @cached_property
    def periods(self) -> pl.DataFrame:
        """Returns a row for each period asked for: the buckets' calendar, and without levels the coverage beside it."""
        if self.levels:
            return self.buckets.calendar
        return self.with_coverage(self.buckets.calendar)

    @cached_property
    def outcomes(self) -> Outcomes:
        """Returns what figures of each period are worth; without levels it is the same for every series."""
        return Outcomes.of(self.periods)

    def with_coverage(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Returns the frame with how complete each row's period and place are, and what its figures are then worth.

        Columns: `reporting`, `expected` Int64 (0 where nobody is expected); `is heard` Boolean: whether figures are
        anybody's; `status of a value` and `status of nothing` String, see `Status`.
        """
        counts = self.presence.counts(self.levels, self.where)
        coverage = worst(counts, list(self.levels), self.buckets.shown, is_native=self.buckets.is_native)
        keys = ["period", *self.levels]
        joined = frame.join(
            coverage.rename({"bucket": "period"}), on=keys, how="left", nulls_equal=True, maintain_order="left"
        )
        filled = joined.with_columns(pl.col("reporting", "expected", "heard", "held").fill_null(0))
        heard = (pl.col("heard") > 0) & ~pl.col("after")
        return filled.with_columns(
            heard.alias("is heard"),
            _status_of_a_value(self.buckets.source.model.coverage.threshold).alias("status of a value"),
            _status_of_nothing().alias("status of nothing"),
        ).drop("heard", "held", "share", "after", "running", "natives", "maturing")


@dataclass(frozen=True)
class Outcomes:
    """What figures of each row of a calendar are worth.

    Attributes:
        is_heard: whether figures are anybody's.
        rows: `period`, `status`, `reporting`, `expected`, of each row where it has a value, then of each where it has
            none.
    """

    is_heard: Truths
    rows: pl.DataFrame

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Outcomes:
        """Returns the outcomes of the rows of `Ground.with_coverage`."""
        either = [
            frame.select("period", pl.col(f"status of {what}").alias("status"), "reporting", "expected")
            for what in ("a value", "nothing")
        ]
        return cls(frame["is heard"].to_numpy(), pl.concat(either).rechunk())


def _status_of_a_value(threshold: float) -> pl.Expr:
    return (
        pl.when("after").then(pl.lit(Status.NO_DATA.value))
        .when(pl.col("running") | (pl.col("held") < pl.col("natives"))).then(pl.lit(Status.INCOMPLETE.value))
        .when(pl.col("share") < threshold).then(pl.lit(Status.MISSING.value))
        .when("maturing").then(pl.lit(Status.PROVISIONAL.value))
        .otherwise(pl.lit(Status.FINAL.value))
    )  # fmt: skip


def _status_of_nothing() -> pl.Expr:
    missed = ~pl.col("after") & (pl.col("expected") > 0) & (pl.col("reporting") == 0)
    return pl.when(missed).then(pl.lit(Status.MISSING.value)).otherwise(pl.lit(Status.NO_DATA.value))


def kept(where: Iterable[Filter]) -> list[pl.Expr]:
    """Returns the conditions of the filters on levels, over columns of today's codes."""
    return [_passes(each) for each in where if each.dimension in LEVELS]


def _passes(each: Filter) -> pl.Expr:
    """Returns the condition of a filter as `metrics.query.rows` puts it in SQL: true or false, never unknown."""
    column = pl.col(each.dimension)
    found = pl.lit(value=False)
    if each.values:
        found |= column.is_in(list(each.values))
    if each.has_range:
        within = pl.lit(value=True)
        within &= column >= str(each.low) if each.low is not None else pl.lit(value=True)
        within &= column <= str(each.high) if each.high is not None else pl.lit(value=True)
        found |= within
    if each.null:
        found |= column.is_null()
    found = found.fill_null(value=False)
    return ~found if each.negate else found
