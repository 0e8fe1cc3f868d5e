"""What each metric of a random world must give, by slow and obvious loops over its rows.

Nothing here is taken from the engine: days are found with `zoneinfo`, and every number is computed from the rows of its
own cell.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.soundness.worlds import Metric, Part, Row, World

LONDON = ZoneInfo("Europe/London")


def day_of(row: Row) -> date:
    """Returns the day of London on which a row counts."""
    moment = row["at"]
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=UTC).astimezone(LONDON).date()
    assert isinstance(moment, date)
    return moment


@dataclass(frozen=True)
class Cell:
    """One cell to compute: the first and last day of its period, and which rows belong to it."""

    first: date
    last: date
    belongs: Callable[[Row], bool]


class Oracle:
    """What every metric of a world must give."""

    def __init__(self, world: World) -> None:
        self.world = world

    def newest(self, metric: Metric) -> date:
        """Returns the last day with any row of the metric's table."""
        return max(day_of(row) for row in self.world.rows_of(self._read(metric)))

    def oldest(self, metric: Metric) -> date:
        """Returns the first day with any row of the metric's table: nothing is known of the days before."""
        return min(day_of(row) for row in self.world.rows_of(self._read(metric)))

    def _read(self, metric: Metric) -> Metric:
        if metric.kind == "cumulative":
            return self.world.metrics[metric.of]
        return self.world.metrics[metric.formula[0]] if metric.kind == "derived" else metric

    def value(self, metric: Metric, cell: Cell) -> float | None:
        """Returns the value of a cell."""
        if metric.kind == "derived":
            left, sign, right = metric.formula
            a, b = (self.value(self.world.metrics[name], cell) for name in (left, right))
            if a is None or b is None or (sign == "/" and b == 0):
                return None
            return {"-": a - b, "+": a + b, "*": a * b, "/": a / b if b else 0.0}[sign]
        if cell.first > self.newest(metric) or cell.last < self.oldest(metric):
            return None
        if metric.kind == "cumulative":
            return self._accumulated(metric, cell)
        if metric.kind == "conversion":
            return self._conversion(metric, cell)
        rows = [row for row in self.world.rows_of(metric) if cell.belongs(row)]
        return self._of(metric, rows, cell.first, cell.last)

    def _accumulated(self, metric: Metric, cell: Cell) -> float | None:
        end = min(cell.last, self.newest(metric))
        base = self.world.metrics[metric.of]
        rows = [row for row in self.world.rows_of(base) if cell.belongs(row)]
        return self._of(base, rows, reaches_from(end, metric.window, metric.to_date), end)

    def _of(self, metric: Metric, rows: list[Row], first: date, last: date) -> float | None:
        inside = [row for row in rows if first <= day_of(row) <= last]
        if metric.kind == "snapshot":
            return _level(metric, inside, first, last, {day_of(row) for row in self.world.levels})
        if metric.kind == "percentile":
            (part,) = metric.parts
            values = [part.measure.of(row) for row in part.passing(inside)]
            return _quantile([value for value in values if value is not None], metric.quantile)
        if metric.kind == "ratio":
            counted = [row for row in inside if all(part.measure.of(row) is not None for part in metric.parts)]
            above, below = (_by_day(part, counted) or 0 for part in metric.parts)
            return above / below if below > 0 else None
        return _simple(metric.parts[0], inside)

    def _conversion(self, metric: Metric, cell: Cell) -> float | None:
        last_outcome = max(day_of(row) for row in self.world.outcomes)
        starts = [
            row for row in self.world.rows_of(metric) if cell.belongs(row) and cell.first <= day_of(row) <= cell.last
        ]
        starts = [
            row
            for row in metric.parts[0].passing(starts)
            if day_of(row) + timedelta(days=metric.within) <= last_outcome
        ]
        led = [
            row
            for row in starts
            if any(
                each["person"] == row["person"]
                and day_of(row) <= each["at"] <= day_of(row) + timedelta(days=metric.within)
                for each in self.world.outcomes
            )
        ]
        return len(led) / len(starts) if starts else None


def _simple(part: Part, rows: list[Row]) -> float | None:
    passing = part.passing(rows)
    known = [value for row in passing if (value := part.measure.of(row)) is not None]
    if part.agg == "count_distinct":
        return len(set(known))
    if part.agg in ("min", "max", "mean"):
        return {"min": min, "max": max, "mean": statistics.fmean}[part.agg](known) if known else None
    return 0 if not rows else _by_day(part, rows)


def _by_day(part: Part, rows: list[Row]) -> float | None:
    """Returns the sum over days: of a day whose rows pass and are all unknown nothing is known."""
    sums = []
    for day in sorted({day_of(row) for row in rows}):
        of_day = [row for row in rows if day_of(row) == day]
        passing = part.passing(of_day)
        known = [value for row in passing if (value := part.measure.of(row)) is not None]
        if part.agg == "count":
            if part.condition is not None or known:
                sums.append(len(known) if known or not passing else None)
            else:
                sums.append(None)
        elif known:
            sums.append(sum(known))
        else:
            sums.append(0 if part.condition is not None and not passing else None)
    told = [value for value in sums if value is not None]
    return sum(told) if told else None


def _level(metric: Metric, rows: list[Row], first: date, last: date, held: set[date]) -> float | None:
    known = [row for row in rows if row["beds"] is not None]
    days = [first + timedelta(days=each) for each in range((last - first).days + 1)]
    extent = [day for day in days if min(held) <= day <= max(held)]
    if metric.per:
        wards: dict[str, list[Row]] = {}
        for row in sorted(rows, key=day_of):
            wards.setdefault(row["ward"], []).append(row)
        told = [each for each in (_of_ward(metric, ward, extent) for ward in wards.values()) if each is not None]
        return sum(told) if told else None if rows else 0
    if metric.over_time == "mean":
        return _mean_of_days(rows, extent) if known else None if rows else 0
    shown = max(extent) if metric.over_time == "last" else min(extent)
    of_day = [row for row in rows if day_of(row) == shown]
    return _total(rows, shown) if of_day else 0


def _of_ward(metric: Metric, rows: list[Row], extent: list[date]) -> float | None:
    known = [row for row in rows if row["beds"] is not None]
    if not known:
        return None
    if metric.over_time == "mean":
        return _mean_of_days(rows, extent)
    return known[-1]["beds"] if metric.over_time == "last" else known[0]["beds"]


def _mean_of_days(rows: list[Row], extent: list[date]) -> float:
    """Returns the mean over days: nothing is there on a day without rows, and a day of unknown ones is left out."""
    sums = [_total(rows, day) if any(day_of(row) == day for row in rows) else 0 for day in extent]
    return statistics.fmean(value for value in sums if value is not None)


def _total(rows: list[Row], day: date) -> float | None:
    known = [row["beds"] for row in rows if day_of(row) == day and row["beds"] is not None]
    return sum(known) if known else None


def _quantile(values: list[float], quantile: float) -> float | None:
    if not values:
        return None
    ordered, rank = sorted(values), (len(values) - 1) * quantile
    low = int(rank)
    high = min(low + 1, len(values) - 1)
    return ordered[low] + (rank - low) * (ordered[high] - ordered[low])


def reaches_from(end: date, window: str, to_date: str) -> date:
    """Returns the first day of a window, or of the period to date, that ends on `end`."""
    if to_date:
        return period_of(end, to_date)[0]
    count, unit = int(window.split(maxsplit=1)[0]), window.split()[1].rstrip("s")
    if unit in ("day", "week"):
        return end - timedelta(days=count * (7 if unit == "week" else 1) - 1)
    months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
    after = end + timedelta(days=1)
    year, month = divmod(after.year * 12 + after.month - 1 - months, 12)
    day = after.day
    while True:
        try:
            return date(year, month + 1, day)
        except ValueError:
            day -= 1


def period_of(day: date, grain: str) -> tuple[date, date]:
    """Returns the first and last day of the period that holds the day."""
    if grain == "day":
        return day, day
    if grain == "week":
        first = day - timedelta(days=day.isoweekday() - 1)
        return first, first + timedelta(days=6)
    length = {"month": 1, "quarter": 3, "financial_year": 12}[grain]
    offset = (day.month - 4) % 12 % length if length > 1 else 0
    year, month = divmod(day.year * 12 + day.month - 1 - offset, 12)
    first = date(year, month + 1, 1)
    year, month = divmod(first.year * 12 + first.month - 1 + length, 12)
    return first, date(year, month + 1, 1) - timedelta(days=1)
