"""What a clinician sees of their service: the list, who waits too long, and how England fares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from dashboard import format as words
from dashboard.viewmodels.asking import Layer, filters_of
from dashboard.viewmodels.charts import Line, LineChart, Table, extremes_of, line_chart
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Place, Places
from dashboard.viewmodels.reach import Reach, is_of_own_records, reach
from dashboard.viewmodels.scope import widening_of
from dashboard.viewmodels.series import Series, Widening, points_of
from metrics.catalogue import Metric
from metrics.query.request import Filter, Grain, Request

MEASURES: Final = ("rtt_waiting_list", "rtt_within_18_weeks", "rtt_over_52_weeks", "rtt_median_wait", "rtt_p92_wait")
# Of a trust whose own records are held.
OWN_MEASURES: Final = (
    "local_rtt_list", "local_rtt_within_18_weeks", "local_rtt_over_52_weeks", "local_dna", "local_hospital_cancelled",
    "local_clinic_letter_7d", "local_discharge_summary_24h", "local_length_of_stay",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ServiceView:
    """The services of a place.

    Attributes:
        overview: every service with its newest figures, largest list first.
        charts: one for each measure over time, a line for each chosen service and one for England.
        title: what the overview shows, in a sentence.
        notes: what the engine says of the figures.
        reason: why there is nothing to show, and what to choose instead.
    """

    reach: Reach | None
    period: str
    title: str
    overview: Table | None
    charts: tuple[LineChart, ...]
    chosen: tuple[str, ...]
    notes: tuple[str, ...] = ()
    reason: str = ""


def build(layer: Layer, places: Places, filters: Filters, names: dict[str, str]) -> ServiceView:
    """Returns the services of the chosen place.

    Args:
        layer: the metrics layer.
        places: all organisations.
        filters: what the reader chose; its services get lines of their own.
        names: treatment function code to name.
    """
    catalogue = layer.catalogue
    place = places.by_code[filters.organisation]
    wanted = OWN_MEASURES if place.own_records else MEASURES
    measures = tuple(catalogue.metrics[name] for name in wanted if name in catalogue.metrics)
    if not measures:
        return ServiceView(None, "", "", None, (), (), reason="No waiting list is defined here.")
    found = reach(catalogue, measures[0], place, places)
    newest = _newest(layer, measures[0], found.shown, filters.period_to)
    if newest is None:
        return ServiceView(found, "", "", None, (), (), reason=_reason(layer, measures[0], found.shown, filters))
    overview, largest, notes = _overview(layer, measures, found.shown, newest, names)
    chosen = filters.services or largest[:1]
    start = filters.period_from(newest)
    asked = _Lines(layer, found.shown, tuple(chosen), names, places.england, start, filters.period_to)
    charts = tuple(_chart(asked, measure) for measure in measures) if chosen else ()
    period = words.period_words(newest, "month")
    title = f"{words.counted(len(overview.rows), 'service')} at {found.shown.name}, {period}, longest list first"
    return ServiceView(found, period, title, overview, charts, tuple(chosen), notes)


def _reason(layer: Layer, measure: Metric, place: Place, filters: Filters) -> str:
    """Returns why nothing is shown: the chosen month is before the services' first, or the place has no list."""
    if filters.period_to:
        result = layer.ask(Request((measure.id,), by=("service",)))
        first = result.frame.drop_nulls("value")["period"].min()
        if isinstance(first, date) and filters.period_to < first:
            return f"Services are held from {first:%B %Y}. Choose that month or a later one in 'Up to'."
    own = layer.ask(Request((measure.id,), by=("service",), where=filters_of(place)))
    held = own.frame.drop_nulls("value")["period"].min()
    if isinstance(held, date):
        return f"Its services are held from {held:%B %Y}. Choose that month or a later one in 'Up to'."
    return (
        "Ambulance, community and many mental health providers have none. Choose an acute trust, an integrated care "
        "board or England."
    )


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
) -> tuple[Table, tuple[str, ...], tuple[str, ...]]:
    result = layer.ask(
        Request(tuple(each.id for each in measures), by=("service",), grain=Grain.MONTH, period_from=newest,
                period_to=newest, where=filters_of(place))
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
    # What an alternate says of itself, its model says too.
    notes = tuple(dict.fromkeys(note.text for note in result.notes if note.code != "alternate"))
    return table, tuple(ordered), notes


@dataclass(frozen=True, slots=True)
class _Lines:
    """What the charts of a service are asked for."""

    layer: Layer
    place: Place
    services: tuple[str, ...]
    names: dict[str, str]
    england: Place
    start: date | None
    period_to: date | None

    def of(self, measure: Metric, where: tuple[Filter, ...], prefix: str = "") -> list[Line]:
        kept = Filter("service", self.services)
        result = self.layer.ask(
            Request(
                (measure.id,),
                by=("service",),
                grain=Grain.MONTH,
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
    others = asked.place.kind != "england" and measure.unit != "count"
    compared = others and not is_of_own_records(asked.layer.catalogue, measure)
    england = asked.of(measure, (), "England, ")[:1] if compared else []
    catalogue = asked.layer.catalogue
    widening = widening_of(catalogue, measure, asked.place, by_service=True)
    told = [(line.name, Series(measure, "month", line.points, widening).trimmed()) for line in own]
    version = catalogue.version_of(measure)
    chart = line_chart(
        measure.id, told[0][1], own[0].name, organisation=asked.place.code, version=version,
        title=_title(measure, told, england), others=(*own[1:], *england),
        filters={"organisation": asked.place.code, "service": "+".join(asked.services)},
        service=asked.services[0] if len(asked.services) == 1 else None,
    )  # fmt: skip
    if england:
        widening = widening_of(catalogue, measure, asked.england, by_service=True)
    return replace(chart, summary=_summary(chart, asked.place, told, england, widening))


def _title(measure: Metric, told: Sequence[tuple[str, Series]], england: Sequence[Line]) -> str:
    """Returns the newest value of every service, and England's beside them."""
    newest = max((each.latest.period for _, each in told if each.latest), default=None)
    if newest is None:
        return f"{measure.name}, {', '.join(name for name, _ in told)}: not reported"
    period = words.period_words(newest, "month")
    values = [(name, point.value if (point := each.at(newest)) else None) for name, each in told]
    if len(values) == 1:
        text = f"{measure.name}, {values[0][0]}: {words.value_words(values[0][1], measure)} in {period}"
    else:
        said = ", ".join(f"{name} {_lower(words.value_words(value, measure))}" for name, value in values)
        text = f"{measure.name}, {period}: {said}"
    for line in england:
        value = next((point.value for point in line.points if point.period == newest), None)
        if value is not None:
            name = "England" if len(values) == 1 else line.name
            text += f"; {name} {words.value_text(value, measure)}"
    return text


def _lower(text: str) -> str:
    return text.lower() if text == words.NOT_REPORTED else text


def _summary(
    chart: LineChart,
    place: Place,
    told: Sequence[tuple[str, Series]],
    england: Sequence[Line],
    widening: Widening | None,
) -> str:
    """Returns the chart in words, every service of it."""
    measure = chart.metric
    parts = [f"{measure.title}, {place.name}."]
    for name, series in told:
        held = [point for side in series.sides for point in side]
        if not held:
            parts.append(f"{name}: not reported.")
            continue
        covered = f"{words.counted(len(held), 'month')}, {series.name_of(held[0])} to {series.name_of(held[-1])}"
        parts.append(f"{name}: {covered}. {extremes_of(series)}".rstrip())
        gaps = sum(1 for point in series.points if point.value is None)
        if gaps:
            parts.append(f"{words.counted(gaps, 'month')} without a figure, shown as gaps.")
    parts += [f"Beside it: {line.name}." for line in england]
    crossing = [*(each.points for _, each in told), *(line.points for line in england)]
    if widening and any(len(Series(measure, "month", points, widening).sides) > 1 for points in crossing):
        parts.append(f"England: {widening.text[:1].lower()}{widening.text[1:]}" if england else widening.text)
    if chart.references:
        parts.append(f"Dashed: {'; '.join(each.label for each in chart.references)}.")
    return " ".join(parts)
