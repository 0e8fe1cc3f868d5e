"""All initiatives of one simulation, read off their charts and held against its truth file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import hypot

import sqlalchemy as sa

from benchmarks.effects.looks import NEAREST, RIGHT
from benchmarks.effects.reading import Signal, Step, page_series, series_of, signal, step
from metrics import Grain, MetricsLayer
from metrics.warehouse.tables.operational.provenance import meta_operational
from sample_data.simulator.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Read:
    """One initiative in one simulation: what is true, and what charts say.

    Attributes:
        size, low, high, error: the truth file's size in the measure, its interval and its standard error.
        own: the step on the right chart.
        others: the step on the same chart of all that the initiative does not reach.
        signal: of the right chart.
        nearest: the signal of the measure that ships and comes nearest, where the right one does not ship.
        page: charts of the Metric page with a signal, and how many they are: one a service, or that of the trust.
    """

    seed: int
    initiative: str
    title: str
    metric: str
    of_rest: bool
    effect: float
    size: float
    low: float
    high: float
    error: float
    own: Step
    others: Step
    signal: Signal
    nearest: Signal | None
    page: tuple[int, int]

    @property
    def is_within(self) -> bool:
        """Returns whether the chart's step lies in the interval that the truth file states."""
        return self.low <= self.own.change <= self.high

    @property
    def beside(self) -> float:
        """Returns the step over that of the others: what both share cancels out."""
        return (1 + self.own.change) / (1 + self.others.change) - 1

    @property
    def is_within_beside(self) -> bool:
        """Returns whether that lies in the interval, widened by how sure the others' step is."""
        apart = (self.high - self.low) / 2 / self.error
        both = hypot(self.error, (1 + self.size) * self.others.error / (1 + self.others.change))
        return abs(self.beside - self.size) <= apart * both


def read_off(layer: MetricsLayer) -> Iterator[Read]:
    """Gives what the monthly charts of a simulation's warehouse say of each of its initiatives."""
    held = layer.warehouse.snapshot().frame(sa.select(meta_operational.c.scenario, meta_operational.c.truth))
    scenario, truth = Scenario.from_json(held["scenario"][0]), json.loads(held["truth"][0])
    for initiative, said in zip(scenario.initiatives, truth, strict=True):
        look, nearest = RIGHT[initiative.lever], NEAREST.get(initiative.lever)
        own, others = (series_of(layer, look, initiative, Grain.MONTH, others=which) for which in (False, True))
        shown = nearest or look
        page = [signal(each, shown, initiative) for each in page_series(layer, shown, initiative)]
        uncertainty = said["uncertainty"]
        yield Read(
            seed=scenario.seed,
            initiative=initiative.id,
            title=initiative.title,
            metric=look.metric,
            of_rest=look.of_rest,
            effect=initiative.effect,
            size=said["size_in_measure"],
            low=uncertainty["interval_95"][0],
            high=uncertainty["interval_95"][1],
            error=uncertainty["standard_error"],
            own=step(own, look, initiative),
            others=step(others, look, initiative),
            signal=signal(own, look, initiative),
            nearest=signal(series_of(layer, nearest, initiative, Grain.MONTH), nearest, initiative)
            if nearest
            else None,
            page=(sum(each.periods is not None for each in page), len(page)),
        )
