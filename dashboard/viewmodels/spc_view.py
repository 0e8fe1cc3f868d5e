"""A control chart as the page of a measure shows it: what is drawn, what is said beside it, its table and its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from dashboard import format as words
from dashboard.viewmodels.charts import Download, Reference, Table, extremes_of, references_of, said_of
from dashboard.viewmodels.events import Event
from dashboard.viewmodels.series import Point, Series
from dashboard.viewmodels.spc_choice import BASELINE_POINTS, KIND_WORDS
from dashboard.viewmodels.variation import NOT_CHARTED, NOUNS, SpcPoint, Subject, Variation
from metrics.catalogue import Metric
from metrics.query.periods import day_of
from metrics.query.result import Status
from metrics.spc.summary import NO_DATA, TOO_FEW

NATURES: Final[Mapping[str, str]] = {
    "common_cause": "Common cause",
    "special_cause_improvement": "Improvement",
    "special_cause_concern": "Concern",
    "special_cause_neutral_high": "Change, high",
    "special_cause_neutral_low": "Change, low",
}
NOT_JUDGED: Final = "Not judged"
BEFORE: Final = "Before the limits"
EVENT_WORDS: Final[Mapping[str, str]] = {"phase": "New phase", "annotation": "Note", "merger": "Merger"}
_LONGEST_TABLE: Final = 60


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, as numbered on a chart.

    Attributes:
        number: as drawn; 0 of what lies outside the periods shown.
        at: the first day of the period that it is drawn at.
        on_chart: whether a phase sets limits here: not where fewer periods are drawn than it would need to be seen.
    """

    number: int
    event: Event
    at: date | None = None


@dataclass(frozen=True, slots=True)
class ControlChart:
    """A control chart, with everything that must stand beside it.

    Attributes:
        name: whose series it is.
        before: points older than those that the limits are made from, drawn without limits.
        points: the points that are judged, as many as the reader's span shows.
        targets: each as long as it was in force.
        marks: what happened within the periods shown, oldest first.
        outside: what is written in the journal for days that are not shown.
        made_of: which periods mean and limits come from, in a sentence.
    """

    key: str
    title: str
    summary: str
    metric: Metric
    grain: str
    name: str
    variation: Variation
    before: tuple[Point, ...]
    points: tuple[SpcPoint, ...]
    targets: tuple[Reference, ...]
    marks: tuple[Mark, ...]
    outside: tuple[Event, ...]
    made_of: str
    table: Table
    download: Download

    @property
    def drawn(self) -> tuple[tuple[date, float | None], ...]:
        """Returns period and value of everything that is drawn, oldest first."""
        older = ((point.period, point.value) for point in self.before)
        return (*older, *((point.period, point.value) for point in self.points))

    @property
    def kind_words(self) -> str:
        """Returns the kind of chart in words."""
        return KIND_WORDS[self.variation.kind]

    def nature_of(self, point: SpcPoint) -> str:
        """Returns what a point is, in a word or two."""
        return NATURES[point.nature] if point.included else NOT_JUDGED


@dataclass(frozen=True, slots=True)
class Scope:
    """What a chart is drawn for, as its file names it."""

    name: str
    version: str
    filters: Mapping[str, str]


def why_plain(variation: Variation, grain: str, services: int) -> str:
    """Returns why a series is drawn without mean and limits, in a sentence; empty when it gets a control chart."""
    if services > 1:
        return (
            "Several services are added up here, so there are no process limits. Choose one service for its control "
            "chart."
        )
    if variation.state == NOT_CHARTED:
        return variation.narrative.text
    if variation.state == NO_DATA or (grain == "financial_year" and variation.state == TOO_FEW):
        return f"No process limits. {variation.narrative.text}"
    return ""


def control_chart(key: str, subject: Subject, variation: Variation, shown: Series, scope: Scope) -> ControlChart:
    """Returns the control chart of a series.

    Args:
        key: names the chart on its page.
        subject: what was judged.
        variation: what its chart says.
        shown: the series cut to the days that the reader wants to see.
        scope: what it is drawn for.
    """
    metric, grain = shown.metric, shown.grain
    start = shown.points[0].period
    points = tuple(point for point in variation.points if point.period >= start)
    before = tuple(point for point in shown.points if point.period < variation.points[0].period)
    periods = [*(point.period for point in before), *(point.period for point in points)]
    last = words.period_end(periods[-1], grain)
    targets = references_of(metric, subject.organisation, day_of(periods[0]), last, subject.service)
    marks, outside = _marks(subject.events, periods, last)
    chart = ControlChart(
        key=key,
        title=_title(shown),
        summary="",
        metric=metric,
        grain=grain,
        name=scope.name,
        variation=variation,
        before=before,
        points=points,
        targets=targets,
        marks=marks,
        outside=outside,
        made_of=_made_of(subject, variation, grain),
        table=Table("", (), ()),
        download=Download("", (), ()),
    )
    return replace(
        chart, summary=_summary(chart, shown), table=_table(chart, shown), download=_download(chart, shown, scope)
    )


def point_words(chart: ControlChart, point: SpcPoint) -> tuple[str, ...]:
    """Returns what is said of a point when the pointer rests on it, a line each."""
    metric = chart.metric
    found = [f"{words.period_words(point.period, chart.grain)}: {words.value_words(point.value, metric)}"]
    if not point.included:
        found.append(f"{NOT_JUDGED}: {point.status}")
    elif point.is_special:
        found.append(f"Special cause, {NATURES[point.nature].lower()}")
    found += [rule[0].upper() + rule[1:] for rule in point.rules.split("; ") if rule]
    limits = limits_words(point.mean, point.lower, point.upper, metric)
    return (*found, limits) if limits else tuple(found)


def limits_words(mean: float | None, lower: float | None, upper: float | None, metric: Metric) -> str:
    """Returns 'Mean 70.6%, limits 65.5% to 75.7%'; empty without a mean."""
    if mean is None:
        return ""
    text = f"Mean {words.value_text(mean, metric)}"
    if lower is None or upper is None:
        return text
    return f"{text}, limits {words.value_text(lower, metric)} to {words.value_text(upper, metric)}"


def mark_title(event: Event) -> str:
    """Returns 'New phase from 1 April 2025' or 'Note, 1 April 2025'."""
    joint = " from " if event.kind == "phase" else ", "
    return f"{EVENT_WORDS[event.kind]}{joint}{words.day_words(event.day)}"


def _marks(events: Sequence[Event], periods: Sequence[date], last: date) -> tuple[tuple[Mark, ...], tuple[Event, ...]]:
    first = day_of(periods[0])
    marks: list[Mark] = []
    for event in events:
        if not first <= event.day <= last:
            continue
        if event.kind == "phase":  # it begins with the first period that begins on its day or after it
            at = next((each for each in periods if day_of(each) >= event.day), None)
        else:
            at = [each for each in periods if day_of(each) <= event.day][-1]
        marks.append(Mark(len(marks) + 1, event, at))
    outside = tuple(each for each in events if each.origin == "journal" and not first <= each.day <= last)
    return tuple(marks), outside


def _title(series: Series) -> str:
    newest = series.latest
    assert newest is not None  # noqa: S101 - only what has a value is charted
    joint = "on" if series.grain in ("hour", "day") else "in"
    text = f"{series.metric.name}: {words.value_words(newest.value, series.metric)} {joint} {series.name_of(newest)}"
    return text if newest.status == Status.FINAL else f"{text} ({newest.status})"


def _made_of(subject: Subject, variation: Variation, grain: str) -> str:
    """Returns which periods the newest mean and limits come from."""
    phase = variation.points[-1].phase
    used = [point for point in variation.points if point.included and point.phase == phase]
    if not used:
        return ""
    first = next(point.period for point in variation.points if point.phase == phase)
    chosen = BASELINE_POINTS.get(subject.baseline) if not phase else None
    frozen = chosen
    for event in subject.events:
        if event.kind == "phase" and _begins(event, variation.points) == first:
            frozen = event.baseline_points or chosen
    what = "Mean and limits" if variation.lower is not None else "Mean"
    noun = NOUNS.get(grain, "period")
    # A baseline counts periods, those without a value too.
    shown = [point for point in variation.points if point.phase == phase]
    kept = [point for point in shown[: frozen or len(shown)] if point.included]
    if not kept:
        return ""
    ends = f"{words.period_words(kept[0].period, grain)} to {words.period_words(kept[-1].period, grain)}"
    text = f"{what} from the {words.counted(len(kept), noun)} {ends}"
    if len(kept) == 1:
        text = f"{what} from 1 {noun}, {words.period_words(kept[0].period, grain)}"
    if phase:
        text += ", the newest phase"
    return f"{text}, frozen there." if len(used) > len(kept) else f"{text}."


def _begins(event: Event, points: Sequence[SpcPoint]) -> date | None:
    return next((point.period for point in points if day_of(point.period) >= event.day), None)


def _summary(chart: ControlChart, shown: Series) -> str:
    """Returns the chart in words, for those who do not see it."""
    metric, variation = chart.metric, chart.variation
    valued = [period for period, value in chart.drawn if value is not None]
    noun = NOUNS.get(chart.grain, "period")
    ends = (words.period_words(each, chart.grain) for each in (valued[0], valued[-1]))
    parts = [
        f"Control chart of {metric.title}, {chart.name}, {words.counted(len(valued), noun)} from {' to '.join(ends)}.",
        extremes_of(shown),
        variation.narrative.text,
    ]
    limits = limits_words(variation.mean, variation.lower, variation.upper, metric)
    if limits:
        parts.append(f"{limits}{' in the newest phase' if variation.phase_from else ''}.")
    counts = {name: sum(1 for point in chart.points if chart.nature_of(point) == name) for name in NATURES.values()}
    special = [f"{count} {name[0].lower()}{name[1:]}" for name, count in counts.items()
               if count and name != NATURES["common_cause"]]  # fmt: skip
    if special:
        parts.append(f"Special-cause points shown: {', '.join(special)}.")
    hollow = sum(1 for point in chart.points if not point.included and point.value is not None)
    if hollow:
        parts.append(f"{words.counted(hollow, 'hollow point')}: not final, not judged.")
    if chart.before:
        parts.append(f"{words.counted(len(chart.before), noun)} before the limits, drawn thin.")
    if chart.targets:
        parts.append(f"Target: {'; '.join(reference.label for reference in chart.targets)}.")
    parts += [f"{mark.number}: {mark_title(mark.event)}." for mark in chart.marks]
    gaps = len(chart.drawn) - len(valued)
    if gaps:
        parts.append(f"{words.counted(gaps, noun)} without a figure, shown as gaps.")
    return " ".join(part for part in parts if part)


def _table(chart: ControlChart, shown: Series) -> Table:
    metric = chart.metric
    rows = [
        (
            words.period_words(point.period, chart.grain), words.value_text(point.value, metric),
            _limit(point.mean, metric), _limit(point.lower, metric), _limit(point.upper, metric),
            chart.nature_of(point), point.rules, str(point.phase + 1), point.status,
        )
        for point in reversed(chart.points)
    ] + [
        (
            shown.name_of(point), words.value_text(point.value, metric), "", "", "", BEFORE, "", "", point.status,
        )
        for point in reversed(chart.before)
    ]  # fmt: skip
    columns = ("Period", "Value", "Mean", "Lower limit", "Upper limit", "Nature", "Rules", "Phase", "Status")
    more = f"The newest {_LONGEST_TABLE} of {len(rows)} periods; the CSV has all." if len(rows) > _LONGEST_TABLE else ""
    return Table(metric.title, columns, tuple(rows[:_LONGEST_TABLE]), frozenset({1, 2, 3, 4, 7}), more)


def _limit(value: float | None, metric: Metric) -> str:
    return "" if value is None else words.value_text(value, metric)


def _download(chart: ControlChart, shown: Series, scope: Scope) -> Download:
    columns = (
        "metric", "definition_version", "series", "filters", "period", "grain", "value", "numerator", "denominator",
        "status", "reporting", "expected", "mean", "lower_limit", "upper_limit", "nature", "rules", "phase", "target",
        "chart", "profile",
    )  # fmt: skip
    judged = {point.period: point for point in chart.points}
    variation = chart.variation
    rows = []
    for point in shown.points:
        at = judged.get(point.period)
        if at is None and point not in chart.before:
            continue
        lines = (
            (at.mean, at.lower, at.upper, chart.nature_of(at), at.rules, at.phase + 1)
            if at
            else (None, None, None, BEFORE, "", None)
        )
        rows.append(
            (
                chart.metric.id, scope.version, scope.name, said_of(scope.filters), point.period, chart.grain,
                point.value, point.numerator, point.denominator, point.status, point.reporting, point.expected,
                *lines, _target_at(chart, point), variation.kind, variation.profile,
            )
        )  # fmt: skip
    return Download(f"{chart.metric.id}-{chart.key}.csv", columns, tuple(rows))


def _target_at(chart: ControlChart, point: Point) -> float | None:
    last = words.period_end(point.period, chart.grain)
    return next(
        (
            each.value
            for each in reversed(chart.targets)
            if (each.start is None or each.start <= last) and (each.end is None or day_of(point.period) <= each.end)
        ),
        None,
    )
