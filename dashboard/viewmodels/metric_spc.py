"""What control charts add to the page of a measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dashboard import format as words
from dashboard.viewmodels.asking import History
from dashboard.viewmodels.filters import DEFAULT_SPAN, Filters
from dashboard.viewmodels.metric import MetricView
from dashboard.viewmodels.spc_advice import Advice, advice_of
from dashboard.viewmodels.spc_choice import SpcChoice
from dashboard.viewmodels.spc_view import ControlChart, Scope, control_chart, why_plain
from dashboard.viewmodels.subjects import Context, subject_of
from dashboard.viewmodels.variation import Subject, Variation, variations
from metrics.query.periods import day_of

DENSE: Final = ("hour", "day")


@dataclass(frozen=True, slots=True)
class MetricSpc:
    """The control chart of a measure.

    Attributes:
        chart: None where a plain line is drawn, or nothing is held.
        plain: why there is a plain line, in a sentence.
        service: the one service that the page is narrowed to.
        advice: what to consider about the chart.
    """

    subject: Subject
    variation: Variation
    chart: ControlChart | None
    plain: str
    service: str | None
    advice: Advice


def build(view: MetricView, filters: Filters, context: Context, choice: SpcChoice | None = None) -> MetricSpc:
    """Returns the control chart of a page.

    Args:
        view: the page.
        filters: what the reader chose.
        context: what the series is judged with.
        choice: how the chart is drawn; None is as defined.
    """
    chosen = choice or SpcChoice()
    series, place, metric = view.series, view.reach.shown, view.series.metric
    services = filters.services if "service" in view.splits else ()
    subject = subject_of(
        metric.id, History(view.reach, series), context, services=services, profile=chosen.profile,
        baseline=chosen.baseline,
    )  # fmt: skip
    variation = variations([subject])[metric.id]
    plain = why_plain(variation, series.grain, len(services))
    newest = series.latest
    chart = None
    if newest and not plain:
        start = filters.period_from(words.period_end(newest.period, series.grain))
        if start and filters.span == DEFAULT_SPAN:
            # All that limits are made from, unless less was asked for. Years of days would hide the newest of them.
            first = day_of(variation.points[0].period)
            start = first if series.grain in DENSE else min(start, first)
        cut = series.shown_since(start)
        scope = Scope(place.name, context.catalogue.version_of(metric), _said(place.code, services))
        chart = control_chart("history", subject, variation, cut, scope)
    advice = advice_of(subject, variation) if chart else Advice()
    return MetricSpc(subject, variation, chart, plain if newest else "", subject.service, advice)


def _said(organisation: str, services: tuple[str, ...]) -> Mapping[str, str]:
    return {"organisation": organisation} | ({"service": "+".join(services)} if services else {})
