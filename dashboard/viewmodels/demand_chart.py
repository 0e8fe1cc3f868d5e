"""The chart of a published forecast: its sentence, its age, its words, its table and its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from dashboard import format as words
from dashboard.viewmodels.charts import Download, Table
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.forecast_record import REPEATING, UNIT, Context, sentence_case
from dashboard.viewmodels.published_forecast import Expected, Published
from dashboard.viewmodels.series import Point
from metrics.catalogue import Metric
from metrics.query.request import Grain
from metrics.query.result import Status
from models.forecast_run import Kind

_DRAWN: Final[Mapping[Grain, int]] = {Grain.DAY: 84, Grain.WEEK: 104, Grain.MONTH: 600}

_WEEK: Final = 7


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


def chart_of(context: Context, points: Sequence[Point], published: Published, filters: Filters, ahead: int) -> FanChart:
    """Returns the chart of a published forecast, its first `ahead` periods, behind the history as it is known now."""
    expected = published.within(ahead)
    last = words.period_end(points[-1].period, context.grain)
    passed = ended(expected[-1], context)
    age = _age(context, published, expected, filters.month)
    start = filters.period_from(last) or date.min
    held = [point for point in points if point.period >= start]
    held = held[next((n for n, point in enumerate(held) if point.value is not None), len(held)) :]
    naive_name = sentence_case(REPEATING[context.grain])
    return FanChart(
        key="forecast",
        title=_title(context, points, published, expected, looks_back=filters.month is not None),
        summary=_summary(context, expected, len(held), age),
        metric=context.metric,
        grain=context.grain,
        history=tuple(held[-_DRAWN[context.grain] :]),
        expected=expected,
        naive_name=naive_name,
        age=age,
        passed=passed,
        table=_table(context, expected, naive_name),
        download=_download(context, published, held, expected),
    )


def ended(each: Expected, context: Context) -> bool:
    """Returns whether a period has passed."""
    return words.period_end(each.period, context.grain) < context.today


def origin_of(published: Published, grain: str) -> date:
    """Returns the last period that a forecast knew."""
    step = {Grain.DAY: 1, Grain.WEEK: 7}.get(Grain(grain))
    return words.months_after(published.cutoff, -1) if step is None else published.cutoff - timedelta(days=step)


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


def _age(context: Context, published: Published, expected: tuple[Expected, ...], chosen: date | None) -> str:
    """Returns when the forecast was made, from how old figures, and which of its periods have passed."""
    grain, origin = context.grain, origin_of(published, context.grain)
    span = span_words(expected[0].period, expected[-1].period, grain)
    held = f"Made on {published.made_words}, from final figures up to {words.period_words(origin, grain)}"
    old = words.age_words(words.period_end(origin, grain), context.today)
    gone = [each for each in expected if ended(each, context)]
    if chosen:
        text = f"{held}: as at the end of {chosen:%B %Y}, as chosen above."
        if published.kind == Kind.REPLAYED:
            text += " It was made again later, as it would have been made then, from figures as they are known now."
        return f"{text} {sentence_case(span)} have passed." if len(gone) == len(expected) else text
    if len(gone) == len(expected):
        return (
            f"{held}, which are {old}, and nothing newer is held. {sentence_case(span)} have already passed: what "
            "follows is what one would have expected then, and no outlook."
        )
    if gone:
        past = span_words(gone[0].period, gone[-1].period, grain)
        return f"{held}, which are {old}: of the forecast, {past} {'has' if len(gone) == 1 else 'have'} already passed."
    return f"{held}, which are {old}."


def _title(
    context: Context,
    points: Sequence[Point],
    published: Published,
    expected: tuple[Expected, ...],
    *,
    looks_back: bool,
) -> str:
    """Returns the finding: the expected amount a period, against the periods that it can fairly be set beside."""
    metric, unit = context.metric, UNIT[context.grain]
    typical = sum(each.mean for each in expected) / len(expected)
    amount = words.value_words(_rounded(typical), metric)
    span = span_words(expected[0].period, expected[-1].period, context.grain)
    weekdays = {each.period.weekday() for each in expected}
    is_closed = context.grain is Grain.DAY and len(weekdays) < min(_WEEK, expected[-1].ahead)
    a_unit = "an open day" if is_closed else f"a {unit}"
    text = f"{metric.name}, {context.whose}: about {amount} {a_unit} expected for {span}"
    if ended(expected[-1], context):
        why = "looking back" if looks_back else "no outlook, as the data are too old"
        origin = words.period_words(origin_of(published, context.grain), context.grain)
        text = (
            f"{metric.name}, {context.whose}: {why}; from data to {origin}, about {amount} {a_unit} were expected for "
            f"{span}"
        )
    known = {point.period: point.value for point in points if point.status == Status.FINAL}
    if context.grain is Grain.DAY:
        # As many days of the same weekdays: on others nothing comes.
        before_it = sorted(period for period in known if period < published.cutoff and period.weekday() in weekdays)
        earlier = before_it[-len(expected) :]
        than = f"the {words.counted(len(expected), 'open day' if is_closed else unit)} before"
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


def _download(
    context: Context, published: Published, held: Sequence[Point], expected: tuple[Expected, ...]
) -> Download:
    columns = (
        "metric", "definition_version", "data_version", "organisation", "site", "service", "period", "grain", "kind",
        "value", "lo80", "hi80", "lo95", "hi95", "seasonal_naive", "status", "made_at", "model_version",
    )  # fmt: skip
    first = (context.metric.id, context.version)
    whose = context.codes
    past = tuple(
        (
            *first,
            context.data_version,
            *whose,
            point.period,
            context.grain,
            "reported",
            point.value,
            None,
            None,
            None,
            None,
            None,
            point.status,
            None,
            None,
        )
        for point in held
    )
    made = (published.made_at.isoformat(timespec="seconds"), published.model_version)
    ahead = tuple(
        (*first, published.data_version, *whose, each.period, context.grain, "forecast", each.mean, each.lo80,
         each.hi80, each.lo95, each.hi95, each.naive, None, *made)
        for each in expected
    )  # fmt: skip
    return Download(f"{context.file_name}-forecast.csv", columns, past + ahead)


def _rounded(value: float) -> float:
    """Returns the value to three figures, as a forecast is not known to more."""
    return float(f"{value:.3g}")
