"""Small control charts side by side, one a service, those that stand out first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dashboard import format as words
from dashboard.viewmodels.asking import History, Layer, filters_of
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.matrix import Verdict, verdict_of
from dashboard.viewmodels.metric import MetricView
from dashboard.viewmodels.scope import widening_of
from dashboard.viewmodels.series import Point, Series, points_of
from dashboard.viewmodels.spc_choice import SpcChoice
from dashboard.viewmodels.subjects import Context, subject_of
from dashboard.viewmodels.variation import Variation, variations
from metrics.catalogue import Metric
from metrics.query.errors import QueryError
from metrics.query.request import Grain, Request

SCALE: Final = "scale"
SAME: Final = "same"
MOST: Final = 30


@dataclass(frozen=True, slots=True)
class Small:
    """One service's control chart.

    Attributes:
        code: the service.
        latest: its newest point with a value.
        verdict: how its chart is sorted.
    """

    code: str
    name: str
    latest: Point
    period: str
    value: str
    variation: Variation
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Multiples:
    """The services of a place.

    Attributes:
        charts: those that stand out first, at most `MOST`.
        services: how many there are.
        span: the lowest and highest level of all that are drawn, for one scale.
        summary: what they come to, in a sentence.
        notes: what the engine says of the figures.
    """

    metric: Metric
    charts: tuple[Small, ...]
    services: int
    span: tuple[float, float]
    summary: str
    notes: tuple[str, ...] = ()


def build(
    layer: Layer,
    view: MetricView,
    filters: Filters,
    context: Context,
    *,
    names: Mapping[str, str],
    choice: SpcChoice,
) -> Multiples | None:
    """Returns the small charts of a measure; None where it is not held by service, or one service is chosen.

    Args:
        layer: the metrics layer; it is asked once.
        view: the page.
        filters: what the reader chose; several services limit the charts to them.
        context: what the series are judged with.
        names: treatment function code to name.
        choice: how the charts are drawn.
    """
    metric, place = view.series.metric, view.reach.shown
    if "service" not in view.splits or len(filters.services) == 1:
        return None
    request = Request(
        (metric.id,), by=("service",), grain=Grain(view.series.grain), where=filters_of(place, filters.services),
        period_to=filters.period_to,
    )  # fmt: skip
    try:
        result = layer.ask(request)
    except QueryError:  # held by service for other places, or at another grain
        return None
    grain = str(result.grains[metric.id])
    widening = widening_of(context.catalogue, metric, place, by_service=True)
    held = result.frame.drop_nulls(["value", "service"])["service"].unique(maintain_order=True).to_list()
    series = {
        code: Series(metric, grain, points_of(result.frame.filter(service=code), metric.id), widening) for code in held
    }
    judged = variations(
        subject_of(
            code,
            History(view.reach, each),
            context,
            services=(code,),
            profile=choice.profile,
            baseline=choice.baseline,
        )
        for code, each in series.items()
    )
    labels = result.labels.get("service", {})
    found = [
        _small(code, labels.get(code) or names.get(code, code), series[code], judged[code])
        for code in held
        if judged[code].points
    ]
    if len(found) < 2:
        return None
    counts = metric.unit == "count"
    ordered = sorted(
        found, key=lambda each: (each.verdict.rank, -(each.latest.value or 0.0) if counts else 0.0, each.name)
    )
    charts = tuple(ordered[:MOST])
    notes = tuple(dict.fromkeys(note.text for note in result.notes if note.code == "alternate"))
    return Multiples(metric, charts, len(found), _span(charts), _summary(found, len(charts)), notes)


def _small(code: str, name: str, series: Series, variation: Variation) -> Small:
    latest = series.latest
    assert latest is not None  # noqa: S101 - only services with a value are taken
    verdict = verdict_of(
        variation.state, variation.variation_icon, variation.assurance_icon, yearly=series.grain == "financial_year"
    )
    value = words.value_words(latest.value, series.metric)
    return Small(code, name, latest, series.name_of(latest), value, variation, verdict)


def _span(charts: tuple[Small, ...]) -> tuple[float, float]:
    levels = [
        level
        for each in charts
        for point in each.variation.points
        for level in (point.value, point.lower, point.upper)
        if level is not None
    ]
    levels += [each.variation.target.value for each in charts if each.variation.target]
    return min(levels), max(levels)


def _summary(found: list[Small], shown: int) -> str:
    told = []
    for name, text in (("concern", "concern"), ("improvement", "improvement"), ("neutral", "change"),
                       ("common", "common cause")):  # fmt: skip
        count = sum(1 for each in found if each.verdict.variation == name)
        if count:
            told.append(f"{count} {text}")
    unjudged = sum(1 for each in found if each.verdict.variation is None)
    if unjudged:
        told.append(f"{unjudged} not judged")
    if unjudged == len(found):
        told = ["none has enough points for limits"]
    first = f" The first {shown} are shown; choose services above to see others." if shown < len(found) else ""
    order = "" if unjudged == len(found) else ", those that stand out first"
    return f"{words.counted(len(found), 'service')}{order}: {', '.join(told)}.{first}"
