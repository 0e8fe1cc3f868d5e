"""A funnel plot of one place among its likes: who differs by more than chance and size explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.charts import Download, Item, RankChart, Table, said_of
from dashboard.viewmodels.charts import Scope as PeriodScope
from metrics.catalogue import Metric
from metrics.spc.funnel import Funnel, funnel
from metrics.spc.funnel_limits import Kind

_ALIKE: Final = 1e-9
_CURVES: Final = ("denominator", "theta", "lower_95", "upper_95", "lower_998", "upper_998")


@dataclass(frozen=True, slots=True)
class FunnelPoint:
    """One organisation of a funnel.

    Attributes:
        lower, upper: the 99.8 % limits at its size, None where it is not judged.
        outside_95, outside_998: beyond which limits it lies.
        is_above: on which side of the centre.
    """

    code: str
    name: str
    value: float | None
    numerator: float | None
    denominator: float | None
    lower: float | None
    upper: float | None
    outside_95: bool
    outside_998: bool
    is_above: bool
    judged: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class FunnelChart:
    """A funnel plot, with everything that must stand beside it.

    Attributes:
        points: every organisation, those outside the limits first.
        curve: `denominator, theta, lower_95, upper_95, lower_998, upper_998` in columns, as drawn.
        settings: how the limits were made, in sentences.
        denominator: what the horizontal axis counts.
    """

    key: str
    title: str
    summary: str
    metric: Metric
    points: tuple[FunnelPoint, ...]
    curve: dict[str, tuple[float, ...]]
    settings: str
    denominator: str
    table: Table
    download: Download


def funnel_kind(metric: Metric, items: Sequence[Item]) -> Kind | None:
    """Returns which funnel compares a metric: of proportions for shares, of ratios for counts; None for what has none.

    A ratio of what is not counted, such as money or time, differs by another law than that of the limits.
    """
    held = [(each.numerator, each.denominator, each.value) for each in items if each.value is not None]
    parts = [(top, bottom, value) for top, bottom, value in held if top is not None and bottom]
    if metric.type != "ratio" or metric.id in words.YES_NO or not parts or len(parts) < len(held):
        return None
    if any(abs(top / bottom - (value or 0.0)) > _ALIKE * max(1.0, abs(value or 0.0)) for top, bottom, value in parts):
        return None  # the value is scaled: it is no plain share of its parts
    if metric.unit == "percent" and all(0 <= top <= bottom for top, bottom, _ in parts):
        return "proportion"
    counted = all(top >= 0 and top == round(top) and bottom == round(bottom) for top, bottom, _ in parts)
    return "ratio" if metric.unit in ("ratio", "percent") and counted else None


def funnel_chart(peers: RankChart, noun: str, period: str, version: str, scope: PeriodScope) -> FunnelChart | None:
    """Returns the funnel of what a ranked chart compares; None where the metric has none.

    Args:
        peers: the ranked chart.
        noun: what is compared: 'acute trust'.
        period: the period's name.
        version: the definition's version, written into the file.
        scope: period, grain and filters, written into the file beside the numbers.
    """
    metric = peers.metric
    kind = funnel_kind(metric, peers.items)
    if kind is None:
        return None
    frame = pl.DataFrame(
        {
            "group": [each.code for each in peers.items],
            # What has no value is not compared, whatever there is of its parts.
            "numerator": [None if each.value is None else each.numerator for each in peers.items],
            "denominator": [None if each.value is None else each.denominator for each in peers.items],
        },
        schema={"group": pl.String, "numerator": pl.Float64, "denominator": pl.Float64},
    )
    found = funnel(frame, kind, "both" if kind == "ratio" else None)
    points = _points(peers.items, found)
    title = _title(metric, points, noun, period)
    curve = {name: tuple(found.curve[name].to_list()) for name in _CURVES}
    denominator = metric.denominator.words if metric.denominator else "Denominator"
    return FunnelChart(
        key="funnel",
        title=title,
        summary=f"Funnel plot of {metric.title}, {period}. {_summary(metric, points, found, noun)}",
        metric=metric,
        points=points,
        curve=curve,
        settings=found.words,
        denominator=denominator,
        table=_table(metric, points, noun, period),
        download=_download(metric, points, version, scope),
    )


def standing(point: FunnelPoint) -> str:
    """Returns where a point lies, in words."""
    if not point.judged:
        return "Not judged"
    side = "above" if point.is_above else "below"
    if point.outside_998:
        return f"Outside the 99.8% limits, {side}"
    return f"Outside the 95% limits, {side}" if point.outside_95 else "Within the limits"


def _points(items: Sequence[Item], found: Funnel) -> tuple[FunnelPoint, ...]:
    rows = {row["group"]: row for row in found.points.iter_rows(named=True)}
    made = [
        FunnelPoint(
            item.code, item.name, item.value, item.numerator, item.denominator, rows[item.code]["lower"],
            rows[item.code]["upper"], rows[item.code]["outside_95"], rows[item.code]["outside_998"],
            rows[item.code]["direction"] == "above", rows[item.code]["state"] == "ok", item.chosen,
        )
        for item in items
    ]  # fmt: skip
    return tuple(
        sorted(
            made, key=lambda each: (each.value is None, not each.outside_998, not each.outside_95, -(each.value or 0))
        )
    )


def _title(metric: Metric, points: Sequence[FunnelPoint], noun: str, period: str) -> str:
    judged = [point for point in points if point.judged]
    outside = sum(1 for point in judged if point.outside_998)
    lie = "lies" if outside == 1 else "lie"
    told = f"{outside:,} of {words.counted(len(judged), noun)} {lie} outside the 99.8% limits"
    chosen = next((point for point in points if point.chosen and point.judged), None)
    if chosen is None:
        return f"{told}, {period}"
    where = standing(chosen)
    return f"{chosen.name}: {words.value_words(chosen.value, metric)}, {where[0].lower()}{where[1:]}; {told}, {period}"


def _summary(metric: Metric, points: Sequence[FunnelPoint], found: Funnel, noun: str) -> str:
    judged = [point for point in points if point.judged]
    outside = [point for point in judged if point.outside_998]
    above = sum(1 for point in outside if point.is_above)
    between = sum(1 for point in judged if point.outside_95 and not point.outside_998)
    row = found.sets.row(0, named=True)
    parts = []
    if row["theta"] is not None:
        parts.append(f"All together {words.value_words(row['theta'], metric)}.")
    parts.append(
        f"{len(outside):,} of {words.counted(len(judged), noun)} {'lies' if len(outside) == 1 else 'lie'} outside the "
        f"99.8% limits: {above:,} above, {len(outside) - above:,} below. {between:,} more "
        f"{'lies' if between == 1 else 'lie'} outside the 95% limits, where chance alone would put about "
        f"{words.number(0.05 * len(judged))}."
    )
    if row["adjusted"]:
        parts.append(
            f"They differ by more than chance alone (dispersion {words.number(row['phi'], 1)}, where chance gives "
            "about 1), and the limits are widened for it."
        )
    unjudged = len(points) - len(judged)
    if unjudged:
        parts.append(f"{words.counted(unjudged, 'more is', 'more are')} not judged: no numbers to compare.")
    return " ".join(parts)


def _table(metric: Metric, points: Sequence[FunnelPoint], noun: str, period: str) -> Table:
    rows = tuple(
        (
            point.name, point.code, words.value_text(point.value, metric), _count(point.numerator),
            _count(point.denominator), _limit(point.lower, metric), _limit(point.upper, metric), standing(point),
        )
        for point in points
    )  # fmt: skip
    columns = (
        noun[0].upper() + noun[1:], "Code", "Value", "Numerator", "Denominator", "Lower 99.8%", "Upper 99.8%",
        "Standing",
    )  # fmt: skip
    return Table(f"{metric.title}, {period}, those outside the limits first", columns, rows, frozenset({2, 3, 4, 5, 6}))


def _count(value: float | None) -> str:
    return "" if value is None else words.number(value, 0 if value == round(value) else 1)


def _limit(value: float | None, metric: Metric) -> str:
    return "" if value is None else words.value_text(value, metric)


def _download(metric: Metric, points: Sequence[FunnelPoint], version: str, scope: PeriodScope) -> Download:
    columns = (
        "metric", "definition_version", "filters", "period", "grain", "code", "name", "value", "numerator",
        "denominator", "lower_998", "upper_998", "outside_95", "outside_998", "standing",
    )  # fmt: skip
    rows = tuple(
        (
            metric.id, version, said_of(scope.filters), scope.period, scope.grain, each.code, each.name, each.value,
            each.numerator, each.denominator, each.lower, each.upper, each.outside_95, each.outside_998,
            standing(each),
        )
        for each in points
    )  # fmt: skip
    return Download(f"{metric.id}-funnel.csv", columns, rows)
