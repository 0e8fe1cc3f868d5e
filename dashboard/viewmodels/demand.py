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
from dashboard.viewmodels.places import Places
from dashboard.viewmodels.reach import Reach, reach
from dashboard.viewmodels.series import Point, points_of
from metrics.catalogue import Catalogue, Metric
from metrics.query.request import Grain, Request
from metrics.query.result import Result, Status
from models.backtest import Backtest, backtest
from models.calendar import Frequency
from models.calendar_stack import CalendarStack
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
_LEVEL: Final = 0.8
_OFF: Final = 0.1
_DRAWN: Final = {Grain.DAY: 84, Grain.WEEK: 104, Grain.MONTH: 600}
_UNIT: Final = {Grain.DAY: "day", Grain.WEEK: "week", Grain.MONTH: "month"}
_REPEATING: Final = {
    Grain.DAY: "repeating the last week", Grain.WEEK: "repeating last year", Grain.MONTH: "repeating last year",
}  # fmt: skip
_BUCKET: Final = {Grain.DAY: 7, Grain.WEEK: 1, Grain.MONTH: 1}


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
    """History and forecast with everything that must stand beside it."""

    key: str
    title: str
    summary: str
    metric: Metric
    grain: str
    history: tuple[Point, ...]
    expected: tuple[Expected, ...]
    naive_name: str
    table: Table
    download: Download


@dataclass(frozen=True, slots=True)
class Record:
    """How forecasts like this one did on past data: sentences, errors by periods ahead, and the file behind them."""

    sentences: tuple[str, ...]
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


def build(layer: Layer, places: Places, filters: Filters, metric_id: str, ahead: int | None = None) -> DemandView:
    """Returns the forecast of a metric for the chosen organisation, or for the nearest above it that has figures.

    Args:
        layer: what answers.
        places: all organisations.
        filters: organisation, last period and history to show.
        metric_id: one of `demand_metrics`.
        ahead: periods ahead, one of the choices of the metric's grain; else the default.
    """
    metric = layer.catalogue.metric(metric_id)
    grain = Grain(layer.catalogue.model_of(metric).grain)
    found = reach(layer.catalogue, metric, places.by_code[filters.organisation], places)
    request = Request((metric.id,), grain=grain, period_to=filters.period_to, where=filters_of(found.shown))
    version = layer.catalogue.version_of(metric)
    return view_of(layer.ask(request), metric, found, filters, version=version, ahead=ahead)


def view_of(
    result: Result, metric: Metric, found: Reach, filters: Filters, *, version: str, ahead: int | None = None
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
    seen = _seen(training, points, grain)
    notes = (*dict.fromkeys(note.text for note in result.notes), *(note for each in forecast.notes.values() for note in each))
    chart = record = None
    if not refused:
        seen = (*seen, ("Method", METHOD), ("Intervals", INTERVALS), ("Data version", result.data_version))
        naive = Forecaster(SeasonalNaive(), frequency).fit(training).predict(horizon)
        expected = _expected(forecast.frame, naive)
        context = _Context(metric, found.shown.name, found.shown.code, grain, version, result.data_version)
        chart = _chart(context, points, expected, filters)
        tested = backtest(training, horizon, TESTS, frequency=frequency)
        record = _record(context, tested) if tested.origins else None
    return DemandView(metric, found, horizon, choices, _UNIT[grain], chart, refused, record, seen, notes)


@dataclass(frozen=True, slots=True)
class _Context:
    """Whose figures these are, and what names them in a file."""

    metric: Metric
    whose: str
    code: str
    grain: Grain
    version: str
    data_version: str

    def text(self, value: float | None) -> str:
        return "Not stated" if value is None else words.value_text(value, self.metric)


def _refusal(training: pl.DataFrame, refused: Mapping[str, str]) -> str:
    if training.drop_nulls("value").is_empty():
        return "There is no final period to learn from."
    return next(iter(refused.values()), "")


def _expected(forecast: pl.DataFrame, naive: pl.DataFrame) -> tuple[Expected, ...]:
    both = forecast.join(naive.select("date", naive="mean"), on="date", how="left").sort("date")
    return tuple(Expected(*row) for row in both.drop("series").iter_rows())


def _chart(context: _Context, points: Sequence[Point], expected: tuple[Expected, ...], filters: Filters) -> FanChart:
    last = words.period_end(points[-1].period, context.grain)
    start = filters.period_from(last) or date.min
    held = [point for point in points if point.period >= start]
    held = held[next((n for n, point in enumerate(held) if point.value is not None), len(held)) :]
    naive_name = _sentence_case(_REPEATING[context.grain])
    return FanChart(
        key="forecast",
        title=_title(context, points, expected),
        summary=_summary(context, expected, len(held)),
        metric=context.metric,
        grain=context.grain,
        history=tuple(held[-_DRAWN[context.grain] :]),
        expected=expected,
        naive_name=naive_name,
        table=_table(context, expected, naive_name),
        download=_download(context, held, expected),
    )


def _title(context: _Context, points: Sequence[Point], expected: tuple[Expected, ...]) -> str:
    """Returns the finding: the expected amount a period, against the periods that it can fairly be set beside."""
    metric, unit = context.metric, _UNIT[context.grain]
    typical = sum(each.mean for each in expected) / len(expected)
    amount = words.value_words(_rounded(typical), metric)
    span = words.counted(len(expected), unit)
    text = f"{metric.name}, {context.whose}: about {amount} a {unit} expected over the next {span}"
    known = {point.period: point.value for point in points if point.status == Status.FINAL}
    if context.grain is Grain.DAY:
        earlier = sorted(known)[-len(expected) :]
        than = f"the last {words.counted(len(expected), unit)}"
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


def _summary(context: _Context, expected: tuple[Expected, ...], held: int) -> str:
    first, last = expected[0], expected[-1]
    parts = [f"Forecast of {context.metric.title}, {context.whose}, by {_UNIT[context.grain]}."]
    for each in (first, last) if len(expected) > 1 else (first,):
        text = f"{_sentence_case(words.period_words(each.period, context.grain))}: {context.text(each.mean)}"
        if each.lo80 is not None:
            text += f", 80% interval {context.text(each.lo80)} to {context.text(each.hi80)}"
        if each.lo95 is not None:
            text += f", 95% interval {context.text(each.lo95)} to {context.text(each.hi95)}"
        parts.append(f"{text}.")
    parts.append(
        "The darker band is the 80% interval, the lighter one the 95% interval. "
        f"Dotted: {_REPEATING[context.grain]}. Hollow marks are not final; no forecast learns from them."
    )
    drawn = _DRAWN[context.grain]
    if held > drawn:
        parts.append(f"The last {words.counted(drawn, _UNIT[context.grain])} of history are drawn; the CSV has all.")
    return " ".join(parts)


def _table(context: _Context, expected: tuple[Expected, ...], naive_name: str) -> Table:
    rows = tuple(
        (words.period_words(each.period, context.grain),
         *(context.text(value) for value in
           (each.mean, each.lo80, each.hi80, each.lo95, each.hi95, each.naive)))
        for each in expected
    )  # fmt: skip
    columns = ("Period", "Expected", "80% from", "80% to", "95% from", "95% to", naive_name)
    return Table(f"Forecast of {context.metric.title}, {context.whose}", columns, rows, frozenset(range(1, 7)))


def _download(context: _Context, held: Sequence[Point], expected: tuple[Expected, ...]) -> Download:
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


def _record(context: _Context, tested: Backtest) -> Record:
    ours, naive = CalendarStack().name, SeasonalNaive().name
    overall = {row["model"]: row for row in tested.scores().iter_rows(named=True)}
    bucket, unit = _BUCKET[context.grain], _UNIT[context.grain]
    grouped = Backtest(
        tested.frame.with_columns(((pl.col("ahead") - 1) // bucket).alias("group")), tested.origins, tested.refused
    )
    by_group = {(row["model"], row["group"]): row for row in grouped.scores("group").iter_rows(named=True)}
    furthest = max(tested.frame["ahead"].to_list())
    rows = []
    for group in sorted({group for _, group in by_group}):
        mine, other = by_group[ours, group], by_group[naive, group]
        first, last = group * bucket + 1, min(group * bucket + bucket, furthest)
        name = f"{unit.capitalize()} {first}" if first == last else f"{unit.capitalize()}s {first} to {last}"
        rows.append(
            (name, _share(mine["wape"]), _share(other["wape"]), _share(mine["coverage80"], 0),
             _share(mine["coverage95"], 0), words.number(mine["points"]))
        )  # fmt: skip
    repeating = _REPEATING[context.grain]
    columns = (
        "Ahead", "Forecast missed by", f"{_sentence_case(repeating)} missed by", "Within the 80% interval",
        "Within the 95% interval", "Values checked",
    )  # fmt: skip
    table = Table(
        f"Errors on past data by {unit}s ahead: {context.metric.title}, {context.whose}", columns, tuple(rows),
        frozenset(range(1, 6)),
    )  # fmt: skip
    return Record(
        _sentences(tested.origins, overall[ours], overall[naive], repeating), table, _record_download(context, tested)
    )


def _sentences(
    tests: int, ours: Mapping[str, float | None], naive: Mapping[str, float | None], repeating: str
) -> tuple[str, ...]:
    mine, other = ours["wape"], naive["wape"]
    if mine is None or other is None:
        return (f"In {words.counted(tests, 'test')} on past data nothing was reported to compare with.",)
    against = f"{repeating} missed by {_share(other)}"
    tested = words.counted(tests, "test")
    said = [f"In {tested} on past data the forecast missed by {_share(mine)} on average; {against}."]
    if mine >= other:
        said.append(f"Here {repeating} would have done as well or better: prefer it, or look for what changed.")
    within = [f"the {level}% interval held {_share(ours[f'coverage{level}'], 0)}" for level in (80, 95)
              if ours[f"coverage{level}"] is not None]  # fmt: skip
    if within:
        said.append(f"Of the {words.number(ours['points'] or 0)} values checked, {' and '.join(within)}.")
    held = ours["coverage80"]
    if held is not None and abs(held - _LEVEL) > _OFF:
        said.append(
            "Intervals were wider than they need be."
            if held > _LEVEL
            else "Intervals were too narrow: expect more surprises than they say."
        )
    lean = ours["bias"] or 0.0
    if abs(lean) >= max(mine / 2, 0.005):
        said.append(f"It was {'too high' if lean > 0 else 'too low'} by {_share(abs(lean))} on balance.")
    return tuple(said)


def _rounded(value: float) -> float:
    """Returns the value to three figures, as a forecast is not known to more."""
    return float(f"{value:.3g}")


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def _share(value: float | None, decimals: int = 1) -> str:
    return "Not stated" if value is None else words.percentage(value, decimals)


def _record_download(context: _Context, tested: Backtest) -> Download:
    columns = ("cutoff", "date", "ahead", "model", "actual", "mean", "lo80", "hi80", "lo95", "hi95")
    rows = tested.frame.sort("model", "cutoff", "date").select(columns).rows()
    names = ("metric", "data_version", "organisation", *columns)
    fixed = (context.metric.id, context.data_version, context.code)
    return Download(
        f"{context.metric.id}-{context.code}-forecast-tests.csv", names, tuple((*fixed, *row) for row in rows)
    )


def _seen(training: pl.DataFrame, points: Sequence[Point], grain: Grain) -> tuple[tuple[str, str], ...]:
    known = training.drop_nulls("value")
    unit = _UNIT[grain]
    if known.is_empty():
        return (("Final periods", "None"),)
    first, last = known["date"].min(), known["date"].max()
    assert isinstance(first, date)  # noqa: S101 - a frame with rows has a first date
    assert isinstance(last, date)  # noqa: S101
    left_out = [point for point in points if point.period >= first and point.status != Status.FINAL]
    kinds = {status: sum(1 for point in left_out if point.status == status) for status in Status}
    said = ", ".join(f"{count} {status}" for status, count in kinds.items() if count)
    return (
        ("Training window", f"{words.period_words(first, grain)} to {words.period_words(last, grain)}"),
        ("Final periods", words.counted(known.height, unit)),
        ("Left out", f"{words.counted(len(left_out), unit)} ({said})" if left_out else "None"),
    )  # fmt: skip
