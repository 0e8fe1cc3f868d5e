"""Demand: what is expected next at a place, how sure that is, and how such forecasts did on past data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.asking import Layer, filters_of
from dashboard.viewmodels.charts import Download, Table
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.forecast_record import REPEATING, UNIT, Context, Record, record_of, sentence_case
from dashboard.viewmodels.places import Places
from dashboard.viewmodels.reach import Reach, reach
from dashboard.viewmodels.series import Point, points_of
from metrics.catalogue import Catalogue, Metric
from metrics.query.request import Grain, Request
from metrics.query.result import Result, Status
from models.backtest import backtest
from models.calendar import Frequency
from models.demand import Forecaster
from models.naive import SeasonalNaive
from models.training import training_frame

FREQUENCIES: Final[Mapping[Grain, Frequency]] = {
    Grain.DAY: Frequency.DAILY, Grain.WEEK: Frequency.WEEKLY, Grain.MONTH: Frequency.MONTHLY,
}  # fmt: skip
AHEAD: Final[Mapping[Grain, tuple[int, ...]]] = {
    Grain.DAY: (28, 14, 56), Grain.WEEK: (8, 4, 13), Grain.MONTH: (6, 3, 12),
}  # fmt: skip
"""How many periods ahead can be chosen, the default first."""

ALSO: Final = ("discharges_daily", "nhs_app_logins")
"""Flows that belong to another capability and are planned for all the same."""

METHOD: Final = (
    "Calendar regression (weekday, season, bank holidays of England and Wales) with adaptive levels, weighted by "
    "how each did before"
)
INTERVALS: Final = "Conformal: as wide as the errors of its own earlier forecasts at the same distance"
TESTS: Final = 12
_DRAWN: Final = {Grain.DAY: 84, Grain.WEEK: 104, Grain.MONTH: 600}


@dataclass(frozen=True, slots=True)
class Expected:
    """One period ahead. A bound of None cannot be stated."""

    period: date
    mean: float
    lo80: float | None
    hi80: float | None
    lo95: float | None
    hi95: float | None
    naive: float | None


@dataclass(frozen=True, slots=True)
class FanChart:
    """History and forecast with everything that must stand beside it.

    Attributes:
        age: how old the data are that it starts from, and which of its periods have passed.
        passed: all its periods have passed.
    """

    key: str
    title: str
    summary: str
    metric: Metric
    grain: str
    history: tuple[Point, ...]
    expected: tuple[Expected, ...]
    naive_name: str
    age: str
    passed: bool
    table: Table
    download: Download


@dataclass(frozen=True, slots=True)
class DemandView:
    """Everything on the Demand page.

    Attributes:
        chart: None when there is no forecast.
        refused: why there is none; empty when there is one.
        record: None when the history is too short to test on.
        seen: what the forecast was made from, terms and words.
    """

    metric: Metric
    reach: Reach
    ahead: int
    choices: tuple[int, ...]
    unit: str
    chart: FanChart | None
    refused: str
    record: Record | None
    seen: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def age(self) -> str:
        """Returns how old the start of the forecast is, and which of its periods have passed; empty without one."""
        return self.chart.age if self.chart else ""

    @property
    def passed(self) -> bool:
        """Returns whether the whole forecast lies in the past."""
        return self.chart is not None and self.chart.passed


def demand_metrics(catalogue: Catalogue) -> tuple[Metric, ...]:
    """Returns the metrics that can be forecast: counts of what came, by day, week or month; by title.

    Stocks, such as waiting lists, are not demand that comes; they are left out.
    """
    found = [
        metric
        for metric in catalogue
        if metric.unit == "count"
        and metric.type in ("simple", "derived")
        and metric.combines_over_time == "sum"
        and (metric.capability == "demand" or metric.id in ALSO)
        and Grain(catalogue.model_of(metric).grain) in FREQUENCIES
    ]
    return tuple(sorted(found, key=lambda metric: metric.title))


def build(
    layer: Layer, places: Places, filters: Filters, metric_id: str, today: date, *, ahead: int | None = None
) -> DemandView:
    """Returns the forecast of a metric for the chosen organisation, or for the nearest above it that has figures.

    Args:
        layer: what answers.
        places: all organisations.
        filters: organisation, last period and history to show.
        metric_id: one of `demand_metrics`.
        today: the day that ages are counted to.
        ahead: periods ahead, one of the choices of the metric's grain; else the default.
    """
    metric = layer.catalogue.metric(metric_id)
    grain = Grain(layer.catalogue.model_of(metric).grain)
    found = reach(layer.catalogue, metric, places.by_code[filters.organisation], places)
    request = Request((metric.id,), grain=grain, period_to=filters.period_to, where=filters_of(found.shown))
    version = layer.catalogue.version_of(metric)
    return view_of(layer.ask(request), metric, found, filters, today, version=version, ahead=ahead)


def view_of(
    result: Result,
    metric: Metric,
    found: Reach,
    filters: Filters,
    today: date,
    *,
    version: str,
    ahead: int | None = None,
) -> DemandView:
    """Returns the view of an answer that holds one series; see `build`."""
    grain = Grain(result.grains[metric.id])
    choices = AHEAD[grain]
    horizon = ahead if ahead in choices else choices[0]
    points = points_of(result.frame, metric.id)
    training = training_frame(result, metric.id)
    frequency = FREQUENCIES[grain]
    forecast = Forecaster(frequency=frequency).fit(training).forecast(horizon)
    refused = _refusal(training, forecast.refused)
    seen = _seen(training, points, grain, today)
    notes = (
        *dict.fromkeys(note.text for note in result.notes),
        *(note for each in forecast.notes.values() for note in each),
    )
    chart = record = None
    if not refused:
        seen = (*seen, ("Method", METHOD), ("Intervals", INTERVALS), ("Data version", result.data_version))
        naive = Forecaster(SeasonalNaive(), frequency).fit(training).predict(horizon)
        expected = _expected(forecast.frame, naive)
        context = Context(metric, found.shown.name, found.shown.code, grain, version, result.data_version, today)
        chart = _chart(context, points, expected, filters)
        tested = backtest(training, horizon, TESTS, frequency=frequency)
        record = record_of(context, tested) if tested.origins else None
    return DemandView(metric, found, horizon, choices, UNIT[grain], chart, refused, record, seen, notes)


def _refusal(training: pl.DataFrame, refused: Mapping[str, str]) -> str:
    if training.drop_nulls("value").is_empty():
        return "There is no final period to learn from."
    return next(iter(refused.values()), "")


def _expected(forecast: pl.DataFrame, naive: pl.DataFrame) -> tuple[Expected, ...]:
    both = forecast.join(naive.select("date", naive="mean"), on="date", how="left").sort("date")
    return tuple(Expected(*row) for row in both.drop("series").iter_rows())


def _chart(context: Context, points: Sequence[Point], expected: tuple[Expected, ...], filters: Filters) -> FanChart:
    last = words.period_end(points[-1].period, context.grain)
    passed = _ended(expected[-1], context)
    age = _age(context, points, expected, filters.month)
    start = filters.period_from(last) or date.min
    held = [point for point in points if point.period >= start]
    held = held[next((n for n, point in enumerate(held) if point.value is not None), len(held)) :]
    naive_name = sentence_case(REPEATING[context.grain])
    return FanChart(
        key="forecast",
        title=_title(context, points, expected, looks_back=filters.month is not None),
        summary=_summary(context, expected, len(held), age),
        metric=context.metric,
        grain=context.grain,
        history=tuple(held[-_DRAWN[context.grain] :]),
        expected=expected,
        naive_name=naive_name,
        age=age,
        passed=passed,
        table=_table(context, expected, naive_name),
        download=_download(context, held, expected),
    )


def _ended(each: Expected, context: Context) -> bool:
    return words.period_end(each.period, context.grain) < context.today


def _origin(points: Sequence[Point]) -> date:
    return max(point.period for point in points if point.status == Status.FINAL and point.value is not None)


def span_words(first: date, last: date, grain: str) -> str:
    """Returns 'July to December 2022', '1 to 28 September 2025' or 'the weeks of 6 July to 24 August 2026'."""
    if first == last:
        return words.period_words(first, grain)
    if grain == Grain.MONTH:
        return f"{first:%B}{'' if first.year == last.year else first.strftime(' %Y')} to {last:%B %Y}"
    start = words.day_words(first)
    if first.year == last.year:
        start = f"{first.day}" if first.month == last.month else f"{first.day} {first:%B}"
    return f"{'the weeks of ' if grain == Grain.WEEK else ''}{start} to {words.day_words(last)}"


def _age(context: Context, points: Sequence[Point], expected: tuple[Expected, ...], chosen: date | None) -> str:
    """Returns how old the start of the forecast is, and which of its periods have passed."""
    grain, origin = context.grain, _origin(points)
    span = span_words(expected[0].period, expected[-1].period, grain)
    held = f"The newest final figure is of {words.period_words(origin, grain)}"
    old = words.age_words(words.period_end(origin, grain), context.today)
    gone = [each for each in expected if _ended(each, context)]
    if chosen:
        text = f"The forecast is made as at the end of {chosen:%B %Y}, as chosen above, from figures up to then."
        return f"{text} {sentence_case(span)} have passed." if len(gone) == len(expected) else text
    if len(gone) == len(expected):
        return (
            f"{held}, {old}, and nothing newer is held. {sentence_case(span)} have already passed: what follows is "
            "what one would have expected then, and no outlook."
        )
    if gone:
        past = span_words(gone[0].period, gone[-1].period, grain)
        return f"{held}, {old}: of the forecast, {past} {'has' if len(gone) == 1 else 'have'} already passed."
    return f"{held}, {old}."


def _title(context: Context, points: Sequence[Point], expected: tuple[Expected, ...], *, looks_back: bool) -> str:
    """Returns the finding: the expected amount a period, against the periods that it can fairly be set beside."""
    metric, unit = context.metric, UNIT[context.grain]
    typical = sum(each.mean for each in expected) / len(expected)
    amount = words.value_words(_rounded(typical), metric)
    span = span_words(expected[0].period, expected[-1].period, context.grain)
    text = f"{metric.name}, {context.whose}: about {amount} a {unit} expected for {span}"
    if _ended(expected[-1], context):
        why = "looking back" if looks_back else "no outlook, as the data are too old"
        origin = words.period_words(_origin(points), context.grain)
        text = (
            f"{metric.name}, {context.whose}: {why}; from data to {origin}, about {amount} a {unit} were expected for "
            f"{span}"
        )
    known = {point.period: point.value for point in points if point.status == Status.FINAL}
    if context.grain is Grain.DAY:
        earlier = sorted(known)[-len(expected) :]
        than = f"the {words.counted(len(expected), unit)} before"
    else:
        earlier = [words.months_after(each.period, -12) for each in expected] if context.grain is Grain.MONTH else []
        than = f"the same {unit}s a year before"
    values = [value for period in earlier if (value := known.get(period)) is not None]
    if values and len(values) == len(expected):
        before = sum(values) / len(values)
        change = typical / before - 1 if before else 0.0
        size = words.percentage(abs(change), 1)
        same = size == words.percentage(0, 1)
        text += f", as many as in {than}" if same else f", {size} {'more' if change > 0 else 'fewer'} than in {than}"
    return text


def _summary(context: Context, expected: tuple[Expected, ...], held: int, age: str) -> str:
    first, last = expected[0], expected[-1]
    span = span_words(first.period, last.period, context.grain)
    parts = [f"Forecast of {context.metric.title}, {context.whose}, by {UNIT[context.grain]}, for {span}. {age}"]
    for each in (first, last) if len(expected) > 1 else (first,):
        text = f"{sentence_case(words.period_words(each.period, context.grain))}: {context.text(each.mean)}"
        if each.lo80 is not None:
            text += f", 80% interval {context.text(each.lo80)} to {context.text(each.hi80)}"
        if each.lo95 is not None:
            text += f", 95% interval {context.text(each.lo95)} to {context.text(each.hi95)}"
        parts.append(f"{text}.")
    parts.append(
        "The darker band is the 80% interval, the lighter one the 95% interval. "
        f"Dotted: {REPEATING[context.grain]}. Hollow marks are not final; no forecast learns from them."
    )
    drawn = _DRAWN[context.grain]
    if held > drawn:
        parts.append(f"The last {words.counted(drawn, UNIT[context.grain])} of history are drawn; the CSV has all.")
    return " ".join(parts)


def _table(context: Context, expected: tuple[Expected, ...], naive_name: str) -> Table:
    rows = tuple(
        (words.period_words(each.period, context.grain),
         *(context.text(value) for value in
           (each.mean, each.lo80, each.hi80, each.lo95, each.hi95, each.naive)))
        for each in expected
    )  # fmt: skip
    columns = ("Period", "Expected", "80% from", "80% to", "95% from", "95% to", naive_name)
    return Table(f"Forecast of {context.metric.title}, {context.whose}", columns, rows, frozenset(range(1, 7)))


def _download(context: Context, held: Sequence[Point], expected: tuple[Expected, ...]) -> Download:
    columns = (
        "metric", "definition_version", "data_version", "organisation", "period", "grain", "kind", "value", "lo80",
        "hi80", "lo95", "hi95", "seasonal_naive", "status",
    )  # fmt: skip
    fixed = (context.metric.id, context.version, context.data_version, context.code)
    past = tuple(
        (*fixed, point.period, context.grain, "reported", point.value, None, None, None, None, None, point.status)
        for point in held
    )
    ahead = tuple(
        (*fixed, each.period, context.grain, "forecast", each.mean, each.lo80, each.hi80, each.lo95, each.hi95,
         each.naive, None)
        for each in expected
    )  # fmt: skip
    return Download(f"{context.metric.id}-{context.code}-forecast.csv", columns, past + ahead)


def _rounded(value: float) -> float:
    """Returns the value to three figures, as a forecast is not known to more."""
    return float(f"{value:.3g}")


def _seen(training: pl.DataFrame, points: Sequence[Point], grain: Grain, today: date) -> tuple[tuple[str, str], ...]:
    known = training.drop_nulls("value")
    unit = UNIT[grain]
    if known.is_empty():
        return (("Final periods", "None"),)
    first, last = known["date"].min(), known["date"].max()
    assert isinstance(first, date)  # noqa: S101 - a frame with rows has a first date
    assert isinstance(last, date)  # noqa: S101
    left_out = [point for point in points if point.period >= first and point.status != Status.FINAL]
    kinds = {status: sum(1 for point in left_out if point.status == status) for status in Status}
    said = ", ".join(f"{count} {status}" for status, count in kinds.items() if count)
    age = words.age_words(words.period_end(last, grain), today)
    seen = (
        ("Training window", f"{words.period_words(first, grain)} to {words.period_words(last, grain)}"),
        ("Newest final period", f"{words.period_words(last, grain)}, {age}"),
        ("Final periods", words.counted(known.height, unit)),
    )  # fmt: skip
    return (*seen, ("Not final, left out", f"{words.counted(len(left_out), unit)} ({said})")) if left_out else seen
