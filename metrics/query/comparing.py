"""Every period set beside an earlier one, where both can be compared.

Two periods compare when both are final or provisional. One that still runs compares, like for like, by as many whole
days as it has and the earlier one has too: both sides are then asked for those days alone. Where they do not compare,
the change is missing and the basis says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from metrics.catalogue import Catalogue, Metric, parse_window
from metrics.query.change import CELL, changed
from metrics.query.earlier import Earlier, before, days_named, named
from metrics.query.earlier import compared as earlier_than
from metrics.query.errors import QueryError
from metrics.query.holdings import Holdings
from metrics.query.ordering import COMPARED
from metrics.query.periods import HOURS, day_of, end_of, kind_of, midnight, start_of
from metrics.query.ranking import leaves, native_grain
from metrics.query.request import Comparison, Grain, Request
from metrics.query.result import Result, Status
from metrics.query.working_days import WorkingDays, no_amount, working_days

Ask = Callable[[Request], Result]
_ONE_DAY = timedelta(days=1)


def compared(ask: Ask, found: Result, to: Comparison, holdings: Holdings, today: date) -> pl.DataFrame:
    """Returns the rows of the result with those of the earlier periods beside them; see `Result` for the columns.

    `ask` answers the requests for the earlier periods, as it answered the result's own. A series that is gone is kept
    when the earlier periods have any of it. Where a part of a period is compared, or amounts per working day, `value`,
    `numerator` and `denominator` are those that the change is between: amounts per working day have the amount as
    numerator and the working days as denominator.

    Raises:
        QueryError: a comparison that reaches less than 1 period back, or hours per working day.
    """
    names = found.frame["metric"].unique(maintain_order=True).to_list()
    groups: dict[Grain, list[str]] = {}
    for name in names:
        groups.setdefault(Grain(found.grains[name]), []).append(name)
    if to.per_working_day and Grain.HOUR in groups:
        raise QueryError("Hours are not compared per working day: ask for days or longer, or leave it out.")
    comparing = _Comparing(ask, found, to, holdings, today)
    frames = [comparing.of_grain(grain, tuple(each)) for grain, each in groups.items()]
    if any(frame["period"].dtype == HOURS for frame in frames):
        frames = [_as_hours(frame) for frame in frames]
    whole = pl.concat(frames) if frames else found.frame.with_columns(pl.lit(None).alias(name) for name in COMPARED)
    return whole.sort(pl.col("metric").cast(pl.Enum(names)), maintain_order=True)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A period of a metric, the earlier one, and how many days of both are compared when it still runs."""

    metric: Metric
    period: date
    earlier: Earlier
    part: int | None

    @property
    def lasts(self) -> tuple[date, date]:
        """Returns the last days that are compared of both, when it still runs."""
        ahead = timedelta(days=(self.part or 1) - 1)
        return self.period + ahead, self.earlier.start + ahead


@dataclass(frozen=True, slots=True)
class _Comparing:
    ask: Ask
    found: Result
    to: Comparison
    holdings: Holdings
    today: date

    @property
    def request(self) -> Request:
        return self.found.request

    @property
    def catalogue(self) -> Catalogue:
        return self.holdings.catalogue

    @property
    def keys(self) -> list[str]:
        """Returns the columns that name a series."""
        return ["metric", *self.request.by, "is_total", *(["over"] if self.request.subtotals else [])]

    def of_grain(self, grain: Grain, names: tuple[str, ...]) -> pl.DataFrame:
        rows = self.found.frame.filter(pl.col("metric").is_in(names))
        if rows["period"].dtype == HOURS and grain is not Grain.HOUR:
            rows = rows.with_columns(pl.col("period").dt.date())
        periods = rows.select("metric", "period").unique().sort("period")
        pairs = [self._pair(name, period, grain) for name, period in periods.iter_rows()]
        first = min(day_of(pair.earlier.start) for pair in pairs)
        last = max(end_of(pair.period, grain) for pair in pairs)
        # One answer for both sides: what has rows on one side only is 0 or missing on the other, as its model says.
        both = self.ask(replace(self.request, metrics=names, grain=grain, period_from=first, period_to=last)).frame
        said = self._said(pairs, grain)
        then = said.select("metric", "period", "compared_period").join(
            _of_side(both.rename({"period": "compared_period"}), "compared_"), on=["metric", "compared_period"]
        )
        there = then.filter(pl.col("compared_value") != 0)
        series = pl.concat([rows.select(self.keys), there.select(self.keys)]).unique()
        frame = (
            both.join(periods, on=["metric", "period"], how="semi")
            .join(series, on=self.keys, how="semi", nulls_equal=True)
            .join(said, on=["metric", "period"])
            .join(then.drop("compared_period"), on=[*self.keys, "period"], how="left", nulls_equal=True)
            .with_columns(pl.col("compared_status").fill_null(Status.NO_DATA.value))
        )
        parts = self._parts([pair for pair in pairs if pair.part is not None], frame, grain)
        frame = frame.join(parts, on=[*self.keys, "period"], how="left", nulls_equal=True)
        return changed(frame, per_working_day=self.to.per_working_day).select(*both.columns, *COMPARED)

    def _pair(self, name: str, period: date, grain: Grain) -> _Pair:
        metric, earlier = self.catalogue.metric(name), earlier_than(period, self.to.to, grain)
        days = self._whole_days(metric, period, grain) if self.to.like_for_like else None
        if days is not None:
            days = min(days, (end_of(earlier.start, grain) - earlier.start).days + 1)
        return _Pair(metric, period, earlier, days)

    def _whole_days(self, metric: Metric, period: date, grain: Grain) -> int | None:
        """Returns how many whole days are held of a period that still runs; None when it cannot be asked by day."""
        newest = self.found.as_of.get(metric.id)
        if newest is None or grain in (Grain.HOUR, Grain.DAY):
            return None
        newest = min(newest, self.today - _ONE_DAY)  # today is not over
        if not period <= newest < end_of(period, grain):
            return None
        kinds = {leaf.type for leaf in leaves(metric, self.catalogue)}
        accumulates = self._accumulates(metric) or "cumulative" in kinds
        if kinds & {"index", "conversion"} or (metric.type == "derived" and accumulates):
            return None
        native = native_grain(self.request, metric, self.catalogue)
        return (newest - period).days + 1 if native in (Grain.DAY, Grain.HOUR) else None

    def _accumulates(self, metric: Metric) -> bool:
        return metric.type == "cumulative" or bool(self.request.window or self.request.to_date)

    def _said(self, pairs: Iterable[_Pair], grain: Grain) -> pl.DataFrame:
        """Returns for each pair of periods their names, working days, and what is uneven about them."""
        pairs = list(pairs)
        kinds_of = {pair.metric.id: no_amount(pair.metric, self.catalogue) for pair in pairs}
        divides = self.to.per_working_day and None in kinds_of.values()
        days = working_days(self.holdings) if divides else None
        rows = []
        for pair in pairs:
            newest = self.found.as_of.get(pair.metric.id)
            starts = (pair.period, pair.earlier.start)
            row: dict[str, object] = {
                "metric": pair.metric.id,
                "period": pair.period,
                "compared_period": pair.earlier.start,
                "said": pair.earlier.said,
                "no_amount": kinds_of[pair.metric.id],
            }
            for side, start, part_end in zip(("", "compared_"), starts, pair.lasts, strict=True):
                end = end_of(start, grain)
                held = end if newest is None else min(end, newest)
                row |= {
                    f"{side}name": named(start, grain),
                    f"{side}runs": end >= self.today,
                    f"{side}days": self._working(days, pair.metric, start, held),
                    f"part_{side}name": self._part_name(pair.metric, start, part_end),
                    f"part_{side}runs": False,
                    f"part_{side}days": self._working(days, pair.metric, start, part_end),
                }
            rows.append(row)
        kinds = {
            name: {"runs": pl.Boolean, "days": pl.Int64}.get(name.rpartition("_")[2], pl.String) for name in rows[0]
        }
        return pl.DataFrame(rows, schema={**kinds, "period": kind_of(grain), "compared_period": kind_of(grain)})

    def _part_name(self, metric: Metric, first: date, last: date) -> str:
        return f"up to {days_named(last, last)}" if self._accumulates(metric) else days_named(first, last)

    def _working(self, days: WorkingDays | None, metric: Metric, first: date, last: date) -> int | None:
        """Returns the working days behind a cell: those of its period, or of all that it accumulates."""
        if days is None:
            return None
        to_date = self.request.to_date or metric.grain_to_date
        window = self.request.window or metric.window
        if to_date is not None:
            first = start_of(last, Grain(to_date))
        elif window is not None:
            first = before(last + _ONE_DAY, parse_window(window), Grain.DAY)
        return days.between(first, last)

    def _parts(self, pairs: Iterable[_Pair], like: pl.DataFrame, grain: Grain) -> pl.DataFrame:
        """Returns the cells of both sides (`part_...` and `part_compared_...`) for as many days of each."""
        groups: dict[tuple[date, date, bool], list[_Pair]] = {}
        for pair in pairs:
            groups.setdefault((*pair.lasts, self._accumulates(pair.metric)), []).append(pair)
        cells = [f"part_{side}{name}" for side in ("", "compared_") for name in CELL]
        none = like.clear().select(
            *self.keys, "period", *(pl.col(name.removeprefix("part_")).alias(name) for name in cells)
        )
        frames = [none]
        for (now, then, accumulates), group in groups.items():
            asked = replace(self.request, metrics=tuple(pair.metric.id for pair in group), grain=Grain.DAY)
            if not accumulates:
                asked = replace(asked, to_date=grain)
            sides = self._of_days(asked, now, then)
            frames.append(sides.with_columns(pl.lit(group[0].period).alias("period")).select(none.columns))
        return pl.concat(frames)

    def _of_days(self, request: Request, now: date, then: date) -> pl.DataFrame:
        """Returns both sides of the series, accumulated up to the two days."""
        sides = [self.ask(replace(request, period_from=day, period_to=day)).frame for day in (now, then)]
        series = [side.select(self.keys).sort(self.keys) for side in sides]
        if not series[0].equals(series[1]):
            both = self.ask(replace(request, period_from=then, period_to=now)).frame
            sides = [both.filter(pl.col("period") == day) for day in (now, then)]
        return _of_side(sides[0].drop("period"), "part_").join(
            _of_side(sides[1].drop("period"), "part_compared_"), on=self.keys, nulls_equal=True
        )


def _of_side(frame: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """Returns the frame with the columns of its cells under names of the side."""
    return frame.rename({name: f"{prefix}{name}" for name in CELL})


def _as_hours(frame: pl.DataFrame) -> pl.DataFrame:
    """Returns the frame with days as the hours at which they begin, beside metrics that have hours."""
    columns = [name for name in ("period", "compared_period") if frame[name].dtype != HOURS]
    return frame.with_columns(
        pl.Series(name, [None if day is None else midnight(day) for day in frame[name]], dtype=HOURS)
        for name in columns
    )
