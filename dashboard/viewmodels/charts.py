"""What a chart shows, before anything is drawn: lines, dots, references, its sentence, its table and its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.series import TARGET_KINDS, Point, Series, change_of, target_text
from metrics.catalogue import Metric
from metrics.query.result import Status

HOLLOW: Final = (Status.PROVISIONAL, Status.INCOMPLETE, Status.MISSING)
_LONGEST_TABLE: Final = 60


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under titled columns. `numeric` columns are set right.

    Attributes:
        links: of each row the address that its first cell leads to, empty for none; none at all without links.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    more: str = ""
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Download:
    """A file behind a chart. `rows` become CSV lines under `columns`."""

    file_name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]

    def text(self, **stamp: str) -> str:
        """Returns the file as CSV; `stamp` names further columns of one value each, such as the data version."""
        frame = pl.DataFrame(
            {name: [None if row[place] is None else str(row[place]) for row in self.rows]
             for place, name in enumerate(self.columns)},
            schema=dict.fromkeys(self.columns, pl.String),
        )  # fmt: skip
        more = [pl.lit(value).alias(name) for name, value in stamp.items() if name not in self.columns]
        return frame.with_columns(more).write_csv()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart over time."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A level to compare with, drawn dashed. Without days it runs over the whole chart."""

    value: float
    label: str
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class LineChart:
    """A chart over time, with everything that must stand beside it."""

    key: str
    title: str
    summary: str
    metric: Metric
    grain: str
    lines: tuple[Line, ...]
    references: tuple[Reference, ...]
    table: Table
    download: Download


@dataclass(frozen=True, slots=True)
class Item:
    """One organisation, or one part of a breakdown, in a ranked chart."""

    code: str
    name: str
    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    status: str = Status.FINAL
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class RankChart:
    """Values side by side, highest first. `items` without a value are listed in the table alone."""

    key: str
    title: str
    summary: str
    metric: Metric
    items: tuple[Item, ...]
    references: tuple[Reference, ...]
    table: Table
    download: Download
    named: bool = field(default=True)


def references_of(
    metric: Metric, organisation: str, first: date, last: date, service: str | None = None
) -> tuple[Reference, ...]:
    """Returns the targets in force between two days, each as long as it was in force; of one service with its own."""
    return tuple(
        Reference(
            target.value,
            f"{TARGET_KINDS[target.kind].capitalize()} {target_text(target, metric)}",
            max(target.valid_from, first),
            min(target.valid_to or last, last),
        )
        for target in metric.targets
        if target.organisation in (None, organisation)
        and target.service in (None, service)
        and target.valid_from <= last
        and (target.valid_to is None or target.valid_to >= first)
    )


def finding(series: Series, whose: str) -> str:
    """Returns what a series shows now, in one sentence that states and does not guess."""
    newest = series.latest
    if newest is None:
        return f"{series.metric.name}: not reported for {whose}"
    text = f"{series.metric.name}: {words.value_words(newest.value, series.metric)} in {series.name_of(newest)}"
    change = change_of(series)
    if change:
        text += f", {change.text}"
    if newest.status != Status.FINAL:
        text += f" ({'partial' if newest.status == Status.MISSING else newest.status})"
    return text


def summary_of(series: Series, whose: str, references: Sequence[Reference] = ()) -> str:
    """Returns the chart in words: what it covers, its extremes, its gaps and its standard."""
    valued = [point for point in series.points if point.value is not None]
    metric = series.metric
    if not valued:
        return f"No value of {metric.title} is held for {whose} in this period."
    covered = f"from {series.name_of(valued[0])} to {series.name_of(valued[-1])}"
    parts = [f"{metric.title}, {whose}, {words.counted(len(valued), 'period')} {covered}.", extremes_of(series)]
    if series.widening and len(series.sides) > 1:
        parts.append(series.widening.text)
    if references:
        parts.append(f"Dashed: {'; '.join(reference.label for reference in references)}.")
    gaps = sum(1 for point in series.points if point.value is None)
    if gaps:
        parts.append(f"{words.counted(gaps, 'period')} without a figure, shown as gaps.")
    hollow = sum(1 for point in valued if point.status in HOLLOW)
    if hollow:
        parts.append(f"{words.counted(hollow, 'hollow mark')}: not final, or too few organisations reported.")
    return " ".join(part for part in parts if part)


def extremes_of(series: Series) -> str:
    """Returns the lowest, highest and latest value in a sentence; where not all compare, a sentence for each part."""
    metric, said = series.metric, []
    for side in series.sides:
        low = min(side, key=lambda point: point.value or 0.0)
        high = max(side, key=lambda point: point.value or 0.0)
        if len(side) > 1:
            text = (
                f"Lowest {words.value_words(low.value, metric)} in {series.name_of(low)}, "
                f"highest {words.value_words(high.value, metric)} in {series.name_of(high)}"
            )
            latest = f"latest {words.value_words(side[-1].value, metric)}"
            only = len(series.sides) == 1
            said.append(f"{text}, {latest}." if only else f"{text}, of those to {series.name_of(side[-1])}.")
        elif len(series.sides) > 1:
            said.append(f"{series.name_of(side[0])}: {words.value_words(side[0].value, metric)}.")
    return " ".join(said)


def line_chart(
    key: str,
    series: Series,
    name: str,
    *,
    organisation: str,
    version: str,
    title: str | None = None,
    others: Sequence[Line] = (),
    filters: Mapping[str, str] | None = None,
    service: str | None = None,
) -> LineChart:
    """Returns the chart of one series, with further lines beside it.

    Args:
        key: names the chart on its page.
        series: the main line, already cut to the days to show.
        name: whose series it is, as the line's name.
        organisation: the code whose own targets count.
        version: the definition's version, written into the file.
        title: replaces the generated sentence.
        others: more lines of the same metric.
        filters: written into the file beside the numbers.
        service: the code whose own targets count, of a series of one service.
    """
    first = series.points[0].period if series.points else date.min
    last = words.period_end(series.points[-1].period, series.grain) if series.points else date.min
    references = references_of(series.metric, organisation, first, last, service) if series.points else ()
    lines = (Line(name, series.points), *others)
    return LineChart(
        key=key,
        title=title or finding(series, name),
        summary=summary_of(series, name, references),
        metric=series.metric,
        grain=series.grain,
        lines=lines,
        references=references,
        table=_line_table(series, lines),
        download=_line_download(key, series, lines, version, filters or {"organisation": organisation}),
    )


def _line_table(series: Series, lines: Sequence[Line]) -> Table:
    metric = series.metric
    if len(lines) == 1:
        kept = series.points[-_LONGEST_TABLE:]
        columns: tuple[str, ...] = ("Period", "Value", "Numerator", "Denominator", "Status", "Organisations reporting")
        rows: tuple[tuple[str, ...], ...] = tuple(
            (
                series.name_of(point), words.value_text(point.value, metric), _part(point.numerator),
                _part(point.denominator), point.status, _reporting(point),
            )
            for point in reversed(kept)
        )  # fmt: skip
        numeric = frozenset({1, 2, 3, 5})
    else:
        periods = sorted({point.period for line in lines for point in line.points}, reverse=True)
        kept_periods = periods[:_LONGEST_TABLE]
        values = [{point.period: point.value for point in line.points} for line in lines]
        columns = ("Period", *(line.name for line in lines))
        rows = tuple(
            (words.period_words(period, series.grain), *(words.value_text(held.get(period), metric) for held in values))
            for period in kept_periods
        )
        numeric = frozenset(range(1, len(columns)))
    total = max((len(line.points) for line in lines), default=0)
    more = f"The newest {_LONGEST_TABLE} of {total} periods; the CSV has all." if total > _LONGEST_TABLE else ""
    return Table(metric.title, columns, rows, numeric, more)


def _line_download(
    key: str, series: Series, lines: Sequence[Line], version: str, filters: Mapping[str, str]
) -> Download:
    columns = (
        "metric", "definition_version", "series", "filters", "period", "grain", "value", "numerator", "denominator",
        "status", "reporting", "expected",
    )  # fmt: skip
    said = said_of(filters)
    rows = tuple(
        (
            series.metric.id, version, line.name, said, point.period, series.grain, point.value, point.numerator,
            point.denominator, point.status, point.reporting, point.expected,
        )
        for line in lines
        for point in line.points
    )  # fmt: skip
    return Download(f"{series.metric.id}-{key}.csv", columns, rows)


def said_of(filters: Mapping[str, str]) -> str:
    """Returns the filters as a file names them: 'organisation=R0A; service=C_110'."""
    return "; ".join(f"{name}={value}" for name, value in filters.items())


@dataclass(frozen=True, slots=True)
class Scope:
    """The first day of the one period shown, its grain, and the filters that hold."""

    period: date
    grain: str
    filters: Mapping[str, str]


def rank_chart(
    key: str,
    metric: Metric,
    items: Sequence[Item],
    *,
    title: str,
    summary: str,
    period: str,
    noun: str,
    version: str,
    scope: Scope,
    references: Sequence[Reference] = (),
    named: bool = True,
) -> RankChart:
    """Returns values side by side, highest first, those not reported last in the table.

    Args:
        key: names the chart on its page.
        metric: what is shown.
        items: what is compared.
        title: the sentence above the chart.
        summary: the chart in words.
        period: the period's name.
        noun: the head of the first column: 'Region'.
        version: the definition's version, written into the file.
        scope: period, grain and filters, written into the file beside the numbers.
        references: levels to compare with.
        named: writes every item's name on the axis; else only the order is drawn.
    """
    ordered = sorted(items, key=lambda item: (item.value is None, -(item.value or 0.0), item.name))
    rows = tuple(
        (
            item.name, item.code, words.value_text(item.value, metric), _part(item.numerator), _part(item.denominator),
            item.status,
        )
        for item in ordered
    )  # fmt: skip
    table = Table(
        f"{metric.title}, {period}", (noun, "Code", "Value", "Numerator", "Denominator", "Status"), rows,
        frozenset({2, 3, 4}),
    )  # fmt: skip
    download = Download(
        f"{metric.id}-{key}.csv",
        ("metric", "definition_version", "filters", "period", "grain", "code", "name", "value", "numerator",
         "denominator", "status"),
        tuple(
            (metric.id, version, said_of(scope.filters), scope.period, scope.grain, item.code, item.name, item.value,
             item.numerator, item.denominator, item.status)
            for item in ordered
        ),
    )  # fmt: skip
    return RankChart(key, title, summary, metric, tuple(ordered), tuple(references), table, download, named)


def _part(value: float | None) -> str:
    if value is None:
        return ""
    return words.number(value, 0 if value == round(value) else 1)


def _reporting(point: Point) -> str:
    if point.reporting is None or point.expected is None:
        return ""
    return f"{point.reporting:,} of {point.expected:,}"
