"""Random small worlds: tables as lists of dictionaries, and definitions over them, as text and as what it means.

What each metric must give stands in `loops.py`. Nothing here is taken from the engine.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

Row = dict[str, Any]
Test = Callable[[Row], bool | None]
START, DAYS = date(2025, 9, 20), 240  # both changes of the clocks, a year's end, and a financial year's


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
