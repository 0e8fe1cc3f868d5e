"""What a reader sees: a metric's control chart as pages make it, its step at a go-live, and when it signalled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import sqrt
from typing import Final

from benchmarks.effects.looks import Look, settled
from dashboard.viewmodels.events import Event
from dashboard.viewmodels.series import Series, points_of
from dashboard.viewmodels.variation import SpcPoint, Subject, Variation, variations
from metrics import Grain, MetricsLayer, Request
from metrics.catalogue import Metric
from metrics.journal import LEAST_BASELINE
from metrics.query.periods import day_of
from sample_data.simulator.scenario import Initiative
from sample_data.simulator.trust import ORG_CODE

_D2: Final = 1.128
_LONG_AGO: Final = date(1948, 7, 5)


@dataclass(frozen=True, slots=True)
class Step:
    """What a chart with phases says of an effect.

    Attributes:
        change: of the mean line, relative.
        error: its standard error, from each phase's moving ranges.
        before, after: final points of the two phases.
    """

    change: float
    error: float
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Signal:
    """What a chart says whose limits are frozen at the go-live.

    Attributes:
        periods: whole periods from that of the go-live to the first special cause on the side of the effect; None
            where there is none.
        rules: what fired there.
        before: points that fired on that side before the go-live.
    """

    periods: int | None
    rules: str
    before: int


def series_of(layer: MetricsLayer, look: Look, initiative: Initiative, grain: Grain, *, others: bool = False) -> Series:
    """Returns the metric of what the initiative reaches, or of all that it does not."""
    result = layer.ask(Request((look.metric,), grain=grain, where=look.where(initiative, others=others)))
    return Series(
        layer.catalogue.metric(look.metric), str(result.grains[look.metric]), points_of(result.frame, look.metric)
    )


def page_series(layer: MetricsLayer, look: Look, initiative: Initiative) -> tuple[Series, ...]:
    """Returns the metric as the Metric page narrows it: a series a service that is reached, or that of the trust.

    Pages narrow to services and no further: an effect at one of two sites, or of one of many systems, is thinner there.
    """
    organisation, reached = look.where(initiative)
    metric = layer.catalogue.metric(look.metric)
    if look.dimension != "service":
        result = layer.ask(Request((metric.id,), grain=Grain.MONTH, where=(organisation,)))
        return (Series(metric, str(result.grains[metric.id]), points_of(result.frame, metric.id)),)
    result = layer.ask(Request((metric.id,), by=("service",), grain=Grain.MONTH, where=(organisation, reached)))
    return tuple(
        Series(metric, str(result.grains[metric.id]), points_of(result.frame, metric.id, service=code))
        for code in initiative.services
    )


def step(series: Series, look: Look, initiative: Initiative) -> Step:
    """Returns the step between the phase before the go-live and that of its full effect.

    The journal has two phases: from the period of the go-live on, and from the first period on that is wholly at the
    full effect. What lies between is in neither mean.

    Raises:
        ValueError: a phase has fewer than two final points.
    """
    from_day = day_of(max(point.period for point in series.points if day_of(point.period) <= initiative.go_live))
    drawn = charted(series, (_phase(from_day), _phase(settled(initiative)))).points
    last = max(point.phase for point in drawn)
    (before, error_before, n_before), (after, error_after, n_after) = (
        _level([point for point in drawn if point.phase == phase and point.included], of_rest=look.of_rest)
        for phase in (0, last)
    )
    ratio = after / before
    return Step(ratio - 1, ratio * sqrt(error_before**2 + error_after**2), n_before, n_after)


def signal(series: Series, look: Look, initiative: Initiative) -> Signal:
    """Returns when a reader was told: limits of the points before the go-live, frozen, and every rule of the profile.

    Of an effect of nothing it is told whether an improvement was seen. A baseline has 12 points at least, as the
    journal demands: where fewer came before, the first since are among them.
    """
    wanted = initiative.effect * (-1 if look.of_rest else 1) or _better(series.metric)
    periods = [point.period for point in series.trimmed().points]
    at = periods.index(max(period for period in periods if day_of(period) <= initiative.go_live))
    fired = [
        point
        for point in charted(series, (_phase(_LONG_AGO, max(at, LEAST_BASELINE)),)).points
        if point.is_special and point.value is not None and point.mean is not None
        and (point.value - point.mean) * wanted > 0
    ]  # fmt: skip
    since = [point for point in fired if point.period >= periods[at]]
    before = len(fired) - len(since)
    if not since:
        return Signal(None, "", before)
    return Signal(periods.index(since[0].period) - at, since[0].rules, before)


def charted(series: Series, events: Sequence[Event] = ()) -> Variation:
    """Returns the control chart of a series, as pages make it, with everything held."""
    return variations([Subject("it", series, ORG_CODE, events=tuple(events), baseline="all")])["it"]


def _phase(day: date, baseline: int | None = None) -> Event:
    return Event("phase", day, "A go-live", "Programme office", "journal", baseline_points=baseline)


def _level(points: Sequence[SpcPoint], *, of_rest: bool) -> tuple[float, float, int]:
    """Returns a phase's mean line, the relative standard error of a mean of so many points, and their number."""
    values = [point.value for point in points if point.value is not None]
    if len(values) < 2 or points[0].mean is None:
        raise ValueError(f"A phase has {len(values)} final points.")
    moved = [abs(later - earlier) for earlier, later in pairwise(values)]
    sigma = sum(moved) / len(moved) / _D2
    mean = 1 - points[0].mean if of_rest else points[0].mean
    return mean, sigma / sqrt(len(values)) / mean, len(values)


def _better(metric: Metric) -> int:
    return {"increase": 1, "decrease": -1}.get(metric.direction, 0)
