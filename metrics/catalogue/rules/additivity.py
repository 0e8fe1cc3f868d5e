"""Rules of what may be added up: never levels over time, percentiles, indexes or distinct counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from sqlglot import exp

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.definition import Metric
from metrics.catalogue.rules.rule import Fault, rule
from metrics.catalogue.rules.scope import arithmetic_of, holders_of, parts_of, terms_of

# What a sum of two values of a metric is: the whole's value, no value at all, or a figure that means little.
Nature = Literal["adds up", "never adds up", "is a share"]


def adds_up(catalogue: Catalogue, metric: Metric) -> bool:
    """Returns whether values of the metric's members add up to the whole's."""
    return nature_of(catalogue, metric) == "adds up"


def nature_of(catalogue: Catalogue, metric: Metric, seen: frozenset[str] = frozenset()) -> Nature:  # noqa: PLR0911 - one case a type
    """Returns what becomes of the metric's values when they are added."""
    match metric.type:
        case "simple" | "snapshot":
            agg = "sum" if metric.measure is None else metric.measure.agg
            return "adds up" if agg in ("sum", "count") else "is a share" if agg == "mean" else "never adds up"
        case "percentile" | "index":
            return "never adds up"
        case "ratio" | "conversion":
            return "is a share"
    if metric.id in seen:
        return "is a share"  # a circle, which another rule finds
    if any(sign in (metric.formula or "") for sign in "*/"):
        return "is a share"
    names = [metric.metric or ""] if metric.type == "cumulative" else list(terms_of(metric).values())
    inner = [catalogue.metrics[name] for name in names if name in catalogue.metrics]
    natures = [nature_of(catalogue, each, seen | {metric.id}) for each in inner]
    if not natures or len(inner) < len(names):
        return "is a share"
    return next((each for each in ("never adds up", "is a share") if each in natures), "adds up")


@rule(
    "E021",
    "A level, an index and a distinct count are never summed over time; a percentile's 'sum' adds up its histograms.",
    "Use last, first or mean.",
)
def levels_are_not_summed_over_time(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        subject, path = f"metric:{metric.id}", ("over_time",)
        # Histograms of what happened add up over time, as those of what waits do not: the definition says which.
        if metric.type in ("snapshot", "index") and metric.over_time == "sum":
            yield Fault(subject, path, f"a {metric.type} is not summed over time.")
        elif metric.over_time is not None and "count_distinct" in _aggregates(catalogue, metric):
            message = f"a distinct count of a longer period is counted anew, never made by {metric.over_time}."
            yield Fault(subject, path, message, "Remove 'over_time'.")


def _aggregates(catalogue: Catalogue, metric: Metric) -> set[str]:
    return {held.part.agg for held in parts_of(catalogue, metric)}


def _added(catalogue: Catalogue, metric: Metric) -> Iterator[Metric]:
    """Yields the metrics that the formula adds to another, each once."""
    tree, terms = arithmetic_of(metric), terms_of(metric)
    seen = {metric.id}
    for node in tree.find_all(exp.Add) if tree is not None else ():
        if not all(side.find(exp.Column) for side in (node.left, node.right)):
            continue  # a number is added to a metric
        for side in (node.left, node.right):
            for name in _addends(side):
                other = catalogue.metrics.get(terms.get(name, ""))
                if other is not None and other.id not in seen:
                    seen.add(other.id)
                    yield other


def _addends(node: exp.Expr) -> Iterator[str]:
    """Yields the names that stand in a sum by themselves, or times a number."""
    match node:
        case exp.Column():
            yield node.name
        case exp.Paren() | exp.Neg():
            yield from _addends(node.this)
        case exp.Mul():
            sides = (node.left, node.right)
            if any(isinstance(side, exp.Literal) for side in sides):
                for side in sides:
                    yield from _addends(side)


@rule(
    "E054",
    "A formula never adds percentiles, indexes, distinct counts, minima or maxima.",
    "Show them side by side, or count anew over all of the rows.",
)
def formulas_add_what_adds_up(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        for each in _added(catalogue, metric):
            if nature_of(catalogue, each) == "never adds up":
                what = each.type if each.type in ("percentile", "index") else _aggregate(each)
                yield Fault(
                    f"metric:{metric.id}", ("formula",), f"formula: '{each.id}' is {what}, which does not add up."
                )


def _aggregate(metric: Metric) -> str:
    agg = metric.measure.agg if metric.measure is not None else ""
    return {"count_distinct": "a distinct count", "min": "a minimum", "max": "a maximum"}.get(agg, "made of such")


@rule(
    "W103",
    "A formula does not add ratios or means.",
    "Define a ratio over both: the sum of numerators over the sum of denominators.",
)
def formulas_do_not_add_shares(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        for each in _added(catalogue, metric):
            if nature_of(catalogue, each) == "is a share":
                message = f"formula: '{each.id}' is a ratio or a mean, and sums of those mean little."
                yield Fault(f"metric:{metric.id}", ("formula",), message)


@rule(
    "E057",
    "The parts of a ratio add up: they are sums or counts.",
    "Use sum or count; for a mean, write the sum over the count.",
)
def ratio_parts_add_up(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        for held in parts_of(catalogue, metric):
            if held.path[-1] in ("numerator", "denominator") and held.part.agg not in ("sum", "count"):
                message = f"{held.label}: '{held.part.agg}' does not add up over organisations and periods."
                yield Fault(f"metric:{metric.id}", (*held.path, "agg"), message)


@rule(
    "E058",
    "Distinct values are counted the same way by a metric and all of its alternates.",
    "Count distinct values in both, or make two metrics.",
)
def alternates_count_alike(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        main = metric.measure
        for path, _, holder in holders_of(metric):
            other = holder.measure
            if path and main is not None and other is not None:
                kinds = {main.agg == "count_distinct", other.agg == "count_distinct"}
                if len(kinds) > 1:
                    message = (
                        f"the metric's agg is {main.agg}, the alternate's {other.agg}: they count different things."
                    )
                    yield Fault(f"metric:{metric.id}", (*path, "measure"), message)


@rule(
    "W111",
    "What is accumulated is more than a level: the last level of a window is the level itself.",
    "Accumulate a flow, or a snapshot with 'over_time: mean' for its rolling mean.",
)
def levels_are_not_accumulated(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        inner = catalogue.metrics.get(metric.metric or "")
        if metric.type != "cumulative" or inner is None or inner.type not in ("snapshot", "ratio", "simple"):
            continue
        if inner.combines_over_time in ("last", "first"):
            message = f"'{inner.id}' shows its {inner.combines_over_time} level over any window."
            yield Fault(f"metric:{metric.id}", ("metric",), message)


RULES = (
    levels_are_not_summed_over_time, formulas_add_what_adds_up, ratio_parts_add_up, alternates_count_alike,
    formulas_do_not_add_shares, levels_are_not_accumulated,
)  # fmt: skip
