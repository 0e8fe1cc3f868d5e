"""What a clinician sees of their service: the list, who waits too long, and how England fares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from dashboard import format as words
from dashboard.viewmodels.asking import Layer, filters_of
from dashboard.viewmodels.charts import Line, LineChart, Table, line_chart
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Place, Places
from dashboard.viewmodels.reach import Reach, reach
from dashboard.viewmodels.series import Series, points_of
from metrics.catalogue import Metric
from metrics.query.request import Filter, Request

MEASURES: Final = ("rtt_waiting_list", "rtt_within_18_weeks", "rtt_over_52_weeks", "rtt_median_wait", "rtt_p92_wait")


@dataclass(frozen=True, slots=True)
class ServiceView:
    """The services of a place.

    Attributes:
        overview: every service with its newest figures, largest list first.
        charts: one for each measure over time, a line for each chosen service and one for England.
        title: what the overview shows, in a sentence.
    """

    reach: Reach | None
    period: str
    title: str
    overview: Table | None
    charts: tuple[LineChart, ...]
    chosen: tuple[str, ...]


def build(layer: Layer, places: Places, filters: Filters, names: dict[str, str]) -> ServiceView:
    """Returns the services of the chosen place.

    Args:
        layer: the metrics layer.
        places: all organisations.
        filters: what the reader chose; its services get lines of their own.
        names: treatment function code to name.
    """
    catalogue = layer.catalogue
    measures = tuple(catalogue.metrics[name] for name in MEASURES if name in catalogue.metrics)
    if not measures:
        return ServiceView(None, "", "", None, (), ())
    found = reach(catalogue, measures[0], places.by_code[filters.organisation], places)
    newest = _newest(layer, measures[0], found.shown, filters.period_to)
    if newest is None:
        return ServiceView(found, "", "", None, (), ())
    overview, largest = _overview(layer, measures, found.shown, newest, names)
    chosen = filters.services or largest[:1]
    start = filters.period_from(newest)
    asked = _Lines(layer, found.shown, tuple(chosen), names, start, filters.period_to)
    charts = tuple(_chart(asked, measure) for measure in measures) if chosen else ()
    period = words.period_words(newest, "month")
    title = f"{words.counted(len(overview.rows), 'service')} at {found.shown.name}, {period}, longest list first"
    return ServiceView(found, period, title, overview, charts, tuple(chosen))


def _newest(layer: Layer, measure: Metric, place: Place, period_to: date | None) -> date | None:
    result = layer.ask(
        Request(
            (measure.id,),
            by=("service",),
            where=filters_of(place),
            period_to=period_to,
        )
    )
    held = result.frame.drop_nulls("value")
    return held["period"].max() if held.height else None  # type: ignore[return-value]


def _overview(
    layer: Layer, measures: tuple[Metric, ...], place: Place, newest: date, names: dict[str, str]
) -> tuple[Table, tuple[str, ...]]:
    result = layer.ask(
        Request(tuple(each.id for each in measures), by=("service",), period_from=newest, period_to=newest,
                where=filters_of(place))
    )  # fmt: skip
    held: dict[str, dict[str, float | None]] = {}
    for name, code, value in result.frame.select("metric", "service", "value").iter_rows():
        if code is not None:
            held.setdefault(code, {})[name] = value
    ordered = sorted(
        (code for code, values in held.items() if values.get(measures[0].id)),
        key=lambda code: -(held[code].get(measures[0].id) or 0.0),
    )
    rows = tuple(
        (f"{names.get(code, code)} ({code})", *(words.value_text(held[code].get(each.id), each) for each in measures))
        for code in ordered
    )
    columns = ("Service", *(each.name for each in measures))
    table = Table(f"Waiting lists by service, {place.name}", columns, rows, frozenset(range(1, len(columns))))
    return table, tuple(ordered)


@dataclass(frozen=True, slots=True)
class _Lines:
    """What the charts of a service are asked for."""

    layer: Layer
    place: Place
    services: tuple[str, ...]
    names: dict[str, str]
    start: date | None
    period_to: date | None

    def of(self, measure: Metric, where: tuple[Filter, ...], prefix: str = "") -> list[Line]:
        kept = Filter("service", self.services)
        result = self.layer.ask(
            Request(
                (measure.id,),
                by=("service",),
                where=(*where, kept),
                period_to=self.period_to,
            )
        )
        grain = str(result.grains[measure.id])
        return [
            Line(
                prefix + self.names.get(code, code),
                Series(measure, grain, points_of(result.frame, measure.id, service=code))
                .since(self.start)
                .trimmed()
                .points,
            )
            for code in self.services
        ]


def _chart(asked: _Lines, measure: Metric) -> LineChart:
    own = asked.of(measure, filters_of(asked.place))
    # A list's length does not compare with that of all England; shares and waits do.
    compared = asked.place.kind != "england" and measure.unit != "count"
    england = asked.of(measure, (), "England, ")[:1] if compared else []
    first = Series(measure, "month", own[0].points).trimmed()
    version = asked.layer.catalogue.version_of(measure)
    return line_chart(
        measure.id, first, own[0].name, organisation=asked.place.code, version=version,
        title=_title(measure, first, own[0].name, england), others=(*own[1:], *england),
        filters={"organisation": asked.place.code, "service": "+".join(asked.services)},
    )  # fmt: skip


def _title(measure: Metric, series: Series, service: str, england: list[Line]) -> str:
    newest = series.latest
    if newest is None:
        return f"{measure.name}, {service}: not reported"
    text = f"{measure.name}, {service}: {words.value_words(newest.value, measure)} in {series.name_of(newest)}"
    other = next((point for line in england for point in line.points if point.period == newest.period), None)
    if other is not None and other.value is not None:
        text += f"; England {words.value_text(other.value, measure)}"
    return text
