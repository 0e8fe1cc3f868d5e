"""Demand: what is expected next at a place, how sure that is, why, and how such forecasts did.

Nothing is forecast here: the last published forecast is read, and history and what happened are asked of the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

import polars as pl

from dashboard import format as words
from dashboard.forecast_parts import part_of, splits_by_service, splits_by_site
from dashboard.viewmodels.asking import Layer, filters_of
from dashboard.viewmodels.demand_chart import FanChart, chart_of, origin_of
from dashboard.viewmodels.demand_explained import Explained, explained_of
from dashboard.viewmodels.demand_sums import Names, Summing, summing_of
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.forecast_record import UNIT, Context, Record, record_of
from dashboard.viewmodels.places import Place, Places
from dashboard.viewmodels.published_forecast import Published, Standing, State, standing_of
from dashboard.viewmodels.reach import Reach, reach
from dashboard.viewmodels.series import Point, points_of
from metrics.catalogue import Metric
from metrics.query.request import Filter, Grain, Request
from metrics.query.result import Result, Status
from models.forecast_store import ForecastStore
from models.monitoring import outcomes
from models.publishing import SITE
from models.training import training_frame

AHEAD: Final[Mapping[Grain, tuple[int, ...]]] = {
    Grain.DAY: (28, 14, 56), Grain.WEEK: (8, 4, 13), Grain.MONTH: (6, 3, 12),
}  # fmt: skip
"""How many periods ahead can be chosen, the default first."""

METHOD: Final = (
    "Calendar regression (weekday, season, bank holidays of England and Wales) with adaptive levels, weighted by "
    "how each did before"
)
INTERVALS: Final = "Conformal: as wide as the errors of its own earlier forecasts at the same distance"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader chose on the page, beside the filters.

    Attributes:
        ahead: periods ahead, one of the choices of the metric's grain; else the default.
        lead: key of the distance ahead that the record's charts are of.
        period: first day of the period to explain.
        site: code of the site, one of `sites_of`; empty for all.
    """

    ahead: int | None = None
    lead: str = ""
    period: date | None = None
    site: str = ""


@dataclass(frozen=True, slots=True)
class DemandView:
    """Everything on the Demand page.

    Attributes:
        service: treatment function code; empty for all, or where the metric is not held by service.
        site: code of the site; empty for all.
        waits: the first forecast of this has not been made yet.
        chart: None when there is no forecast.
        refused: why there is none; empty when there is one, or one is waited for.
        newer: what to know when newer final figures wait for a forecast; else empty.
        record: None when no forecast's periods have happened.
        explained: None without a forecast.
        summing: whether it adds up with forecasts of other levels; None without a forecast.
        seen: what the forecast was made from, terms and words.
    """

    metric: Metric
    reach: Reach
    service: str
    site: str
    ahead: int
    choices: tuple[int, ...]
    unit: str
    waits: bool
    chart: FanChart | None
    refused: str
    newer: str
    record: Record | None
    explained: Explained | None
    seen: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = field(default=())
    summing: Summing | None = None

    @property
    def age(self) -> str:
        """Returns how old the start of the forecast is, and which of its periods have passed; empty without one."""
        return self.chart.age if self.chart else ""

    @property
    def passed(self) -> bool:
        """Returns whether the whole forecast lies in the past."""
        return self.chart is not None and self.chart.passed


def sites_of(layer: Layer, metric: Metric, place: Place) -> Mapping[str, str]:
    """Returns the sites of a place that a metric is forecast by, code to name by name; none where it is not.

    They are those that its own figures name: who may not see a site's figures is not offered it.
    """
    if not splits_by_site(layer.catalogue, metric) or not place.own_records:
        return {}
    grain = Grain(layer.catalogue.model_of(metric).grain)
    result = layer.ask(Request((metric.id,), by=(SITE,), grain=grain, where=filters_of(place)))
    codes = result.frame.filter(~pl.col("is_total"))[SITE].drop_nulls().unique()
    names = result.labels.get(SITE, {})
    return {code: names.get(code, code) for code in sorted(codes, key=lambda each: (names.get(each, each), each))}


def build(
    layer: Layer,
    store: ForecastStore,
    places: Places,
    filters: Filters,
    metric_id: str,
    *,
    today: date,
    asked: Asked | None = None,
    services: Mapping[str, str] | None = None,
    sites: Mapping[str, str] | None = None,
) -> DemandView:
    """Returns the last forecast of a metric for the chosen organisation, or for the nearest above it that has figures.

    Args:
        layer: what answers.
        store: where forecasts are published.
        places: all organisations.
        filters: organisation, last period, history to show, and the service (the first chosen).
        metric_id: one of `demand_metrics`.
        today: the day that ages are counted to.
        asked: what was chosen beside the filters; None chooses nothing.
        services: names of services, by code.
        sites: as of `sites_of`.

    Raises:
        JournalUnusableError: the store cannot be read.
    """
    catalogue, chosen = layer.catalogue, asked or Asked()
    names = Names(places, services or {}, sites or {}, filters)
    metric = catalogue.metric(metric_id)
    grain = Grain(catalogue.model_of(metric).grain)
    found = reach(catalogue, metric, places.by_code[filters.organisation], places)
    service = filters.services[0] if filters.services and splits_by_service(catalogue, metric) else ""
    site = chosen.site if chosen.site in names.sites else ""
    where = (*filters_of(found.shown, (service,) if service else ()), *((Filter(SITE, (site,)),) if site else ()))
    result = layer.ask(Request((metric.id,), grain=grain, period_to=filters.period_to, where=where))
    standing = standing_of(
        store, catalogue, part_of(catalogue, metric, found.shown, by_service=bool(service), by_site=bool(site)),
        organisation=found.shown.code, service=service, site=site, until=filters.period_to,
    )  # fmt: skip
    context = Context(
        metric, names.whole(found.shown.code, site, service), found.shown.code, grain, catalogue.version_of(metric),
        result.data_version, today, service, site,
    )  # fmt: skip
    view = _view(context, result, standing, found, filters=filters, asked=chosen)
    if standing.forecast is None:
        return view
    return replace(view, summing=summing_of(store, context, names, standing.forecast, view.ahead))


def _view(
    context: Context, result: Result, standing: Standing, found: Reach, *, filters: Filters, asked: Asked
) -> DemandView:
    grain, metric = context.grain, context.metric
    choices = AHEAD[grain]
    ahead = asked.ahead if asked.ahead in choices else choices[0]
    points = points_of(result.frame, metric.id)
    training = training_frame(result, metric.id).drop_nulls("value")
    published = standing.forecast
    notes = tuple(dict.fromkeys(note.text for note in result.notes))
    chart = explained = None
    newer = ""
    if published is not None:
        chart = chart_of(context, points, published, filters, ahead)
        explained = explained_of(context, points, published, ahead, asked.period)
        notes += published.notes
        newer = "" if filters.month else _newer(training, published, grain)
    happened = outcomes(standing.stood, standing.values, training)
    seen = _seen(training, points, published, context)
    return DemandView(
        metric, found, context.service, context.site, ahead, choices, UNIT[grain], standing.state is State.WAITING,
        chart, standing.refused, newer, record_of(context, happened, asked.lead), explained, seen, notes,
    )  # fmt: skip


def period_name(period: date, unit: str) -> str:
    """Returns a period as a reader picks it: 'Monday 1 September 2025', 'September 2025'."""
    name = words.period_words(period, unit)
    return f"{period:%A} {name}" if unit == "day" else name


def _newer(training: pl.DataFrame, published: Published, grain: Grain) -> str:
    """Returns that final periods have come which the forecast does not know yet; empty when none have."""
    since = training.filter(pl.col("date") >= published.cutoff)
    if since.is_empty():
        return ""
    last: date = since["date"].max()  # type: ignore[assignment]
    return (
        f"{words.counted(since.height, f'newer {UNIT[grain]}')} of final figures, up to "
        f"{words.period_words(last, grain)}, came after this forecast was made. It is shown as it was published; the "
        "next one follows by itself."
    )


def _seen(
    training: pl.DataFrame, points: Sequence[Point], published: Published | None, context: Context
) -> tuple[tuple[str, str], ...]:
    grain, unit = context.grain, UNIT[context.grain]
    known = training if published is None else training.filter(pl.col("date") < published.cutoff)
    if known.is_empty():
        return (("Final periods", "None"),)
    first: date = known["date"].min()  # type: ignore[assignment]
    last: date = known["date"].max()  # type: ignore[assignment]
    if published is not None:
        last = max(last, origin_of(published, grain))
    left_out = [point for point in points if point.period >= first and point.status != Status.FINAL]
    kinds = {status: sum(1 for point in left_out if point.status == status) for status in Status}
    said = ", ".join(f"{count} {status}" for status, count in kinds.items() if count)
    age = words.age_words(words.period_end(last, grain), context.today)
    seen = [
        ("Training window", f"{words.period_words(first, grain)} to {words.period_words(last, grain)}"),
        ("Newest final period", f"{words.period_words(last, grain)}, {age}"),
        ("Final periods", words.counted(known.height, unit)),
    ]  # fmt: skip
    if left_out:
        seen.append(("Not final, left out", f"{words.counted(len(left_out), unit)} ({said})"))
    if published is None:
        return tuple(seen)
    as_of = [("Data as of", words.day_words(published.data_as_of))] if published.data_as_of else []
    return (
        ("Made on", published.made_words), *as_of, *seen, ("Method", METHOD), ("Intervals", INTERVALS),
        ("Model version", published.model_version), ("Data version", published.data_version),
        ("Definition version", published.definition_version),
    )  # fmt: skip
