"""Rules of control charts: kinds that fit the metric, bounds in their order, phases with a day and a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.definition import Metric
from metrics.catalogue.rules.rule import Fault, Path, rule
from metrics.catalogue.rules.scope import dimensions_of, made_of

LEAST_BASELINE = 12
_TIMES = ("weeks", "days", "hours", "minutes", "seconds")
_SHARES = ("p", "pp")
_RATES = ("u", "up", "i")
# What a kind of chart is of, in words, by kind.
_SUITS: Mapping[str, str] = {
    "p": "a share: a ratio of the unit percent, with numerator and denominator",
    "pp": "a share: a ratio of the unit percent, with numerator and denominator",
    "u": "a rate: a ratio, with numerator and denominator",
    "up": "a rate: a ratio, with numerator and denominator",
    "i": "a ratio, whose denominator says how much each point weighs",
    "c": "a count of events: a simple metric of the unit count",
    "t": "the time between rare events: a unit of time",
    "g": "how many cases lie between rare events: the unit count",
}


@rule(
    "E084",
    "A kind of control chart is of a metric that it can be drawn for.",
    "Write kind: xmr, which suits every metric, or choose another kind.",
)
def chart_kinds_fit(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        if not _fits(metric):
            kind = metric.chart.kind
            message = f"chart: '{kind}' is of {_SUITS[kind]}; this is a {metric.type} metric of the unit {metric.unit}."
            yield Fault(f"metric:{metric.id}", ("chart", "kind"), message)


def _fits(metric: Metric) -> bool:
    kind = metric.chart.kind
    if kind in (*_SHARES, *_RATES):
        return metric.type == "ratio" and (kind not in _SHARES or metric.unit == "percent")
    if kind == "c":
        return metric.type == "simple" and metric.unit == "count"
    if kind == "t":
        return metric.unit in _TIMES
    return kind != "g" or metric.unit == "count"


@rule(
    "E085",
    "The bounds of a chart leave room between them.",
    "Write the lower one below the upper one; null is worked out from the unit.",
)
def chart_bounds_leave_room(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        lower, upper = metric.bounds
        if lower is not None and upper is not None and lower >= upper:
            name = "upper_bound" if metric.chart.upper_bound is not None else "lower_bound"
            message = f"chart: no value lies between the bounds {lower:g} and {upper:g}."
            yield Fault(f"metric:{metric.id}", ("chart", name), message)


@rule(
    "E086",
    f"A baseline that is frozen has {LEAST_BASELINE} points at least.",
    f"Write {LEAST_BASELINE} or more, or leave it out: limits then come from every point of the phase.",
)
def baselines_are_long_enough(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        for index, phase in enumerate(metric.phases):
            if phase.baseline_points is not None and phase.baseline_points < LEAST_BASELINE:
                message = f"phases: {phase.baseline_points} points give no sound limits."
                yield Fault(f"metric:{metric.id}", ("phases", index, "baseline_points"), message)


@rule("E087", "Phases stand in the order of their days.", "Move the earlier one up.")
def phases_are_in_order(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        for index, phase in enumerate(metric.phases[1:], 1):
            before = metric.phases[index - 1].from_day
            if phase.from_day < before:
                message = f"phases: {_day(phase.from_day)} stands after {_day(before)}."
                yield Fault(f"metric:{metric.id}", ("phases", index, "from_day"), message)


@rule(
    "E088",
    "A phase begins at a day that has been, or lies within a year.",
    "Correct the day.",
)
def phases_are_not_far_ahead(catalogue: Catalogue) -> Iterator[Fault]:
    today = datetime.now(UTC).date()
    for metric in catalogue:
        for index, phase in enumerate(metric.phases):
            if (phase.from_day - today).days > 366:
                message = f"phases: {_day(phase.from_day)} is more than a year away."
                yield Fault(f"metric:{metric.id}", ("phases", index, "from_day"), message)


@rule(
    "E089",
    "On one day one phase begins for an organisation and service.",
    "Keep one of them, with both reasons, or correct the day.",
)
def phases_are_one_a_day(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        seen: set[tuple[date, str | None, str | None]] = set()
        for index, phase in enumerate(metric.phases):
            key = (phase.from_day, phase.organisation, phase.service)
            if key in seen:
                message = f"phases: two begin on {_day(phase.from_day)}."
                yield Fault(f"metric:{metric.id}", ("phases", index, "from_day"), message)
            seen.add(key)


@rule(
    "E090",
    "A target or a phase of one service is of a metric that has services: a dimension 'service'.",
    "Leave 'service' out, or give the model, or an alternate, a dimension named 'service'.",
)
def services_are_there(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        said: list[tuple[Path, str | None]] = [
            (("targets", index, "service"), target.service) for index, target in enumerate(metric.targets)
        ]
        said += [(("phases", index, "service"), phase.service) for index, phase in enumerate(metric.phases)]
        said = [(path, service) for path, service in said if service is not None]
        known = dimensions_of(catalogue, metric) if said else None
        if known is None or "service" in known:
            continue
        for path, service in said:
            message = f"{path[0]}: '{service}' is one service, and the metric is not held by service."
            yield Fault(f"metric:{metric.id}", path, message)


@rule(
    "W115",
    "A metric that is made of values that can fall below 0 says so itself.",
    "Write chart: {unbounded: true}, or the bounds that hold.",
)
def signs_are_passed_on(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        if metric.type != "derived" or metric.chart.lower_bound is not None or metric.bounds[0] is None:
            continue
        for path, name in made_of(metric):
            inner = catalogue.metrics.get(name)
            if inner is not None and inner.type != "index" and inner.bounds[0] is None and inner.unit != "score":
                message = f"'{name}' can fall below 0, and control limits of this are cut off there."
                yield Fault(f"metric:{metric.id}", path, message)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


RULES = (
    chart_kinds_fit, chart_bounds_leave_room, baselines_are_long_enough, phases_are_in_order,
    phases_are_not_far_ahead, phases_are_one_a_day, services_are_there, signs_are_passed_on,
)  # fmt: skip
