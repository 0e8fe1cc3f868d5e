"""The series of a page as control charts are asked for: with what happened to them, and whether they are current."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from dashboard.viewmodels.asking import History
from dashboard.viewmodels.events import events_of
from dashboard.viewmodels.freshness import freshness_of
from dashboard.viewmodels.variation import Baseline, Subject, Variation, variations
from metrics.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Context:
    """What series are judged with.

    Attributes:
        catalogue: says after how many days newer data are due.
        entries: the journal's, as `Journal.everything` gives them.
        successions: as `MetricsLayer.successions` gives them.
        today: the day that ages are counted to; None when the reader chose a month of the past.
    """

    catalogue: Catalogue
    entries: pl.DataFrame
    successions: pl.DataFrame
    today: date | None


def subject_of(
    key: str,
    history: History,
    context: Context,
    *,
    services: Sequence[str] = (),
    profile: str = "",
    baseline: Baseline = "window",
) -> Subject:
    """Returns a history as a subject of a control chart.

    Args:
        key: tells it from the others that are judged with it.
        history: the series, and whose it is.
        context: what it is judged with.
        services: the services that the series is narrowed to.
        profile: a profile's name; empty for the definition's, or the house's.
        baseline: what the limits are made from.
    """
    series, place = history.series, history.reach.shown
    newest = series.latest
    after = context.catalogue.model_of(history.metric).stale_after_days
    stale = bool(newest and context.today and freshness_of(series, newest, after, context.today).stale)
    service = services[0] if len(services) == 1 else None
    events = events_of(series, place, services, context.entries, context.successions)
    return Subject(key, series, place.code, service, events, stale, profile, baseline)


def judged_histories(
    histories: Mapping[str, History], context: Context, *, profile: str = ""
) -> Mapping[str, Variation]:
    """Returns what the control chart of each metric's history says, by the metric's id; see `subject_of`."""
    return variations(subject_of(metric, history, context, profile=profile) for metric, history in histories.items())
