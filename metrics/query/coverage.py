"""Who reported, who was expected to, and which native periods a metric holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from metrics.query.periods import start_column
from metrics.query.plan import LEVELS
from metrics.query.request import Filter, Grain


@dataclass(frozen=True)
class Presence:
    """Which organisations reported a metric in which native period, after succession.

    Attributes:
        rows: columns `period` Date, `organisation`, `icb`, `region` String (today's codes): distinct.
        submitted: likewise, who sent the return at all, of those that ever reported the metric.
        within: how many native periods an organisation stays expected after it last reported.
        closed: organisation to the day it closed without a successor.
    """

    rows: pl.DataFrame
    submitted: pl.DataFrame
    within: int
    closed: Mapping[str, date]

    @cached_property
    def periods(self) -> list[date]:
        """Returns the native periods in which anybody reported, in order."""
        return self.rows["period"].unique().sort().to_list()

    @cached_property
    def expected(self) -> pl.DataFrame:
        """Returns the rows of everybody expected to report.

        These are who did, who had in one of the periods before, and who sent the return without this metric although
        they report it at other times.
        """
        index = pl.DataFrame({"period": self.periods}, schema={"period": pl.Date}).with_columns(
            pl.int_range(pl.len(), dtype=pl.Int64).alias("at")
        )
        seen = self.rows.join(index, on="period")
        later = pl.concat([seen.with_columns(pl.col("at") + ahead) for ahead in range(self.within + 1)])
        recent = later.drop("period").join(index, on="at").select("period", *LEVELS)
        rows = pl.concat([recent, self.submitted.filter(pl.col("period").is_in(self.periods))]).unique()
        if not self.closed:
            return rows
        ends = pl.DataFrame(
            {"organisation": list(self.closed), "closed": list(self.closed.values())},
            schema={"organisation": pl.String, "closed": pl.Date},
        )
        return (
            rows.join(ends, on="organisation", how="left")
            .filter(pl.col("closed").is_null() | (pl.col("closed") >= pl.col("period")))
            .drop("closed")
        )

    def counts(self, by: Iterable[str], where: Iterable[Filter]) -> pl.DataFrame:
        """Returns `period`, the levels of `by`, `reporting` and `expected` Int64, per native period."""
        levels = [name for name in by if name in LEVELS]
        filters = [pl.col(each.dimension).is_in(list(each.values)) for each in where if each.dimension in LEVELS]
        keys = ["period", *levels]

        def number(rows: pl.DataFrame, name: str) -> pl.DataFrame:
            kept = rows.filter(*filters) if filters else rows
            return kept.group_by(keys).agg(pl.col("organisation").n_unique().cast(pl.Int64).alias(name))

        reporting, expected = number(self.rows, "reporting"), number(self.expected, "expected")
        return (
            expected.join(reporting, on=keys, how="full", coalesce=True, nulls_equal=True)
            .with_columns(pl.col("reporting", "expected").fill_null(0))
            .with_columns(pl.max_horizontal("reporting", "expected").alias("expected"))
        )

    def absent(self, first: date, last: date, where: Iterable[Filter]) -> list[str]:
        """Returns the organisations expected in some native period of the range that did not report in it."""
        filters = [pl.col(each.dimension).is_in(list(each.values)) for each in where if each.dimension in LEVELS]
        span = pl.col("period").is_between(first, last)
        wanted = self.expected.filter(span, *filters)
        missing = wanted.join(self.rows, on=["period", "organisation"], how="anti")
        return missing["organisation"].unique().sort().to_list()


def worst(counts: pl.DataFrame, keys: list[str], native: Grain, grain: Grain, combines: str) -> pl.DataFrame:
    """Returns the coverage of each longer period: `bucket`, keys, `reporting`, `expected`, `share` Float64, `held`.

    A flow is as complete as its least complete native period; a snapshot as its last (or first) one. `held` is the
    number of native periods with anybody expected.
    """
    shared = counts.with_columns(
        start_column("period", grain).alias("bucket"),
        pl.when(pl.col("expected") > 0).then(pl.col("reporting") / pl.col("expected")).alias("share"),
    )
    if grain == native:
        return shared.with_columns(pl.lit(1, pl.Int64).alias("held")).drop("period")
    order = {"last": ("period", True), "first": ("period", False)}.get(combines, ("share", False))
    return (
        shared.sort(order[0], "period", descending=[order[1], True], nulls_last=True)  # of equals, the newest
        .group_by("bucket", *keys, maintain_order=True)
        .agg(
            pl.col("reporting", "expected", "share").first(),
            pl.len().cast(pl.Int64).alias("held"),
        )
    )
