"""Random small worlds: tables, definitions over them, and what each metric must give, by slow and obvious loops.

Nothing here is taken from the engine: rows are dictionaries, days are found with `zoneinfo`, and every number is
computed from the rows of its own cell.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
Test = Callable[[Row], bool | None]
LONDON = ZoneInfo("Europe/London")
START, DAYS = date(2025, 9, 20), 240  # both changes of the clocks, a year's end, and a financial year's


def day_of(row: Row) -> date:
    """Returns the day of London on which a row counts."""
    moment = row["at"]
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=UTC).astimezone(LONDON).date()
    assert isinstance(moment, date)
    return moment


@dataclass(frozen=True)
class Condition:
    """A filter of a definition: as text, and as what it means; unknown counts as not met."""

    text: str
    test: Test


@dataclass(frozen=True)
class Measure:
    """What is aggregated of each row: as text, and as what it means."""

    text: str
    of: Callable[[Row], float | None]


@dataclass(frozen=True)
class Part:
    """One aggregate over the rows that pass a filter."""

    measure: Measure
    agg: str
    condition: Condition | None

    def yaml(self, *, aggregates: bool = True) -> str:
        """Returns it as written in a definition."""
        condition = f', filter: "{self.condition.text}"' if self.condition else ""
        agg = f", agg: {self.agg}" if aggregates else ""
        return f'{{words: w, expr: "{self.measure.text}"{agg}{condition}}}'

    def passing(self, rows: Sequence[Row]) -> list[Row]:
        """Returns the rows that pass the filter."""
        return [row for row in rows if self.condition is None or self.condition.test(row) is True]


@dataclass(frozen=True)
class Metric:
    """One metric of a world. `kind` decides which fields count."""

    name: str
    kind: str
    parts: tuple[Part, ...] = ()
    quantile: float = 0.5
    of: str = ""
    window: str = ""
    to_date: str = ""
    over_time: str = "last"
    per: tuple[str, ...] = ()
    formula: tuple[str, str, str] = ("", "", "")
    within: int = 0


@dataclass(frozen=True)
class World:
    """Tables, dimensions and metrics."""

    events: list[Row]
    people: list[Row]
    levels: list[Row]
    outcomes: list[Row]
    metrics: dict[str, Metric] = field(default_factory=dict)

    def rows_of(self, metric: Metric) -> list[Row]:
        """Returns the rows that a metric is read from, joined to the people they are about."""
        if metric.kind == "snapshot":
            return self.levels
        bands = {row["person"]: row["band"] for row in self.people}
        return [{**row, "band": bands.get(row["person"])} for row in self.events]


CONDITIONS = (
    Condition("kind = 'x'", lambda row: None if row["kind"] is None else row["kind"] == "x"),
    Condition("kind is null or kind <> 'x'", lambda row: row["kind"] is None or row["kind"] != "x"),
    Condition("size > 3", lambda row: None if row["size"] is None else row["size"] > 3),
    Condition("kind in ('x', 'y') and size between 1 and 6",
              lambda row: row["kind"] in ("x", "y") and row["size"] is not None and 1 <= row["size"] <= 6),
    Condition("not (kind = 'y')", lambda row: None if row["kind"] is None else row["kind"] != "y"),
)  # fmt: skip
MEASURES = (
    Measure("size", lambda row: row["size"]),
    Measure("size * 2 - 1", lambda row: None if row["size"] is None else row["size"] * 2 - 1),
    Measure("coalesce(size, 0)", lambda row: row["size"] or 0),
    Measure("case when kind = 'x' then size else 1 end", lambda row: row["size"] if row["kind"] == "x" else 1),
    Measure("event", lambda row: row["event"]),
)


def make(seed: int) -> World:
    """Returns the world of a seed."""
    dice = random.Random(seed)  # noqa: S311 - a repeatable table, not a secret
    span = dice.choice([40, 120, DAYS])
    people = [
        {"person": n, "band": dice.choice(["young", "old", None]) if n > 2 else ["young", "old"][n - 1]}
        for n in range(1, 9)
    ]
    events = []
    for event in range(1, dice.randrange(30, 150)):
        at = datetime.combine(START, datetime.min.time()) + timedelta(minutes=dice.randrange(span * 24 * 60))
        if dice.random() < 0.3:  # around midnight of London and of UTC
            at = at.replace(hour=dice.choice([22, 23, 0, 1]), minute=dice.choice([0, 30, 59]))
        size = None if dice.random() < 0.15 else dice.randrange(0, 9)
        kind = ["x", "y"][event - 1] if event < 3 else dice.choice(["x", "y", "z", None])
        events.append({"event": event, "person": dice.randrange(1, 11), "at": at, "kind": kind, "size": size})
    levels = [
        {"at": START + timedelta(days=day), "ward": ward, "site": site, "beds": None if dice.random() < 0.1 else dice.randrange(0, 30)}
        for day in range(span)
        for ward, site in (("W1", "N"), ("W2", "N"), ("W3", "S"))
        if dice.random() < 0.6
    ]  # fmt: skip
    outcomes = [
        {"outcome": n, "person": dice.randrange(1, 11), "at": START + timedelta(days=dice.randrange(span))}
        for n in range(1, dice.randrange(5, 60))
    ]
    return World(events, people, levels, outcomes, _metrics(dice))


def _metrics(dice: random.Random) -> dict[str, Metric]:
    def part(agg: str) -> Part:
        return Part(dice.choice(MEASURES), agg, dice.choice([None, *CONDITIONS]))

    made = [
        Metric(f"m_{agg}", "simple", (part(agg),)) for agg in ("sum", "count", "min", "max", "mean", "count_distinct")
    ]
    made += [Metric("ratio", "ratio", (part("sum"), part(dice.choice(["sum", "count"]))))]
    made += [Metric("quantile", "percentile", (part("sum"),), quantile=dice.choice([0.25, 0.5, 0.92]))]
    window = dice.choice(["7 days", "28 days", "2 weeks", "1 month", "2 months", "1 quarter"])
    for base in ("m_sum", "m_max", "m_count_distinct", "ratio", "quantile"):
        if dice.random() < 0.5:
            made.append(Metric(f"{base}_wide", "cumulative", of=base, window=window))
        else:
            reach = dice.choice(["week", "month", "quarter", "financial_year"])
            made.append(Metric(f"{base}_wide", "cumulative", of=base, to_date=reach))
    beds = Part(Measure("beds", lambda row: row["beds"]), "sum", None)
    over = dice.choice(["last", "first", "mean"])
    made.append(Metric("level", "snapshot", (beds,), over_time=over))
    made.append(
        Metric("level_per", "snapshot", (beds,), over_time=dice.choice(["last", "first", "mean"]), per=("ward",))
    )
    made.append(
        Metric(
            "made", "derived", formula=(dice.choice(["m_sum", "m_count"]), dice.choice(["-", "+", "/", "*"]), "m_mean")
        )
    )
    starts = Part(MEASURES[4], "count", dice.choice([None, *CONDITIONS]))
    made.append(Metric("starts", "simple", (starts,)))
    made.append(Metric("led_to", "conversion", (starts,), within=dice.choice([1, 7, 30])))
    return {metric.name: metric for metric in made}


def definitions(world: World) -> str:
    """Returns the world's definitions as YAML."""
    return _MODELS + "".join(_yaml(metric) for metric in world.metrics.values())


_MODELS = """
tables:
  - {name: events, title: Events, primary_key: [event],
     columns: {event: integer, person: integer, at: timestamp, kind: text, size: integer}}
  - {name: people, title: People, primary_key: [person], columns: {person: integer, band: text}}
  - {name: levels, title: Levels, columns: {at: date, ward: text, site: text, beds: integer}}
  - {name: outcomes, title: Outcomes, primary_key: [outcome], columns: {outcome: integer, person: integer, at: date}}
models:
  - name: events
    title: Events
    table: events
    provenance: operational
    grain: day
    time: {column: at}
    organisation: null
    primary_key: [event]
    joins: [{to: people, keys: {person: person}}]
    dimensions:
      - {name: kind, column: kind, title: Kind}
      - {name: size, column: size, title: Size}
      - {name: band, column: band, join: people, title: Band}
  - name: levels
    title: Levels
    table: levels
    provenance: operational
    grain: day
    time: {column: at}
    organisation: null
    dimensions: [{name: site, column: site, title: Site}, {name: ward, column: ward, title: Ward}]
  - {name: outcomes, title: Outcomes, table: outcomes, provenance: operational, grain: day, time: {column: at},
     organisation: null, primary_key: [outcome]}
metrics:
  - {id: outcomes, title: Outcomes, description: d, capability: operations, owner: o, source: s, interpretation: i,
     direction: neutral, unit: count, type: simple, model: outcomes, measure: {words: w, expr: outcome, agg: count}}
"""


def _yaml(metric: Metric) -> str:
    says = {
        "simple": lambda: f"type: simple, model: events, measure: {metric.parts[0].yaml()}",
        "percentile": lambda: (
            f"type: percentile, percentile: {metric.quantile}, model: events, measure: {metric.parts[0].yaml(aggregates=False)}"
        ),
        "ratio": lambda: (
            f"type: ratio, model: events, numerator: {metric.parts[0].yaml()}, denominator: {metric.parts[1].yaml()}"
        ),
        "cumulative": lambda: (
            f"type: cumulative, metric: {metric.of}, "
            + (f"window: {metric.window}" if metric.window else f"grain_to_date: {metric.to_date}")
        ),
        "snapshot": lambda: (
            f"type: snapshot, model: levels, over_time: {metric.over_time}, per: [{', '.join(metric.per)}], "
            f"measure: {metric.parts[0].yaml()}"
        ),
        "derived": lambda: f"type: derived, formula: {' '.join(metric.formula)}",
        "conversion": lambda: (
            "type: conversion, base_metric: starts, conversion_metric: outcomes, entity: person, "
            f"window: {metric.within} days"
        ),
    }[metric.kind]()
    return (
        f"  - {{id: {metric.name}, title: {metric.name}, description: d, capability: operations, owner: o, source: s, "
        f"interpretation: i, direction: neutral, unit: score, {says}}}\n"
    )


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
