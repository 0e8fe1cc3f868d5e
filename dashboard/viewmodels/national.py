"""A trust's own figure within the national distribution of the published metric that measures the same: its twin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.asking import Layer, board_grain, filters_of
from dashboard.viewmodels.charts import Download, Item, RankChart, Reference, Table
from dashboard.viewmodels.metric import grains_of
from dashboard.viewmodels.places import Place, Places
from dashboard.viewmodels.reach import levels_of
from dashboard.viewmodels.series import Point, points_of, spread_of
from metrics.catalogue import Metric
from metrics.query.errors import QueryError
from metrics.query.request import Grain, Request
from metrics.query.result import Status

FEWEST: Final = 5
_SETTLED: Final = (Status.FINAL, Status.PROVISIONAL)
_MONTHS: Final = {Grain.QUARTER: 3, Grain.FINANCIAL_YEAR: 12}
# A simulated trust is a general hospital, and compared with those.
_LIKE: Final = "Acute"


@dataclass(frozen=True, slots=True)
class Own:
    """The trust's figure: a period as long as the published one, the same where the records hold it."""

    value: float
    period: str
    is_same_period: bool


@dataclass(frozen=True, slots=True)
class National:
    """The trust among all that report the twin.

    Attributes:
        chart: every trust's value, highest first, the own one marked; its table and its file.
        percentile: the share of trusts with a lower value, those alike halved, 0 to 100.
        trusts: how many trusts are compared with.
    """

    chart: RankChart
    percentile: int
    trusts: int
    own: Own
    published_period: str


@dataclass(frozen=True, slots=True)
class _Trusts:
    """Who is compared with: their newest values of the twin, of one period."""

    twin: Metric
    grain: Grain
    period: date
    items: tuple[Item, ...]
    noun: str

    @property
    def named(self) -> str:
        return words.period_words(self.period, self.grain)

    @property
    def values(self) -> list[float]:
        return [item.value for item in self.items if item.value is not None]

    @property
    def counted(self) -> str:
        return words.counted(len(self.items), self.noun)


def build(layer: Layer, places: Places, metric: Metric, place: Place, period_to: date | None) -> National | None:
    """Returns the place's figure among trusts; None where no twin is published by trust, or the place has no figure.

    Args:
        layer: the metrics layer.
        places: all organisations.
        metric: a metric of own records.
        place: the trust whose records they are.
        period_to: the last day to show; None is the latest.
    """
    catalogue = layer.catalogue
    twin = catalogue.metrics.get(metric.twin or "")
    if twin is None or "organisation" not in levels_of(catalogue, twin):
        return None
    trusts = _published(layer, places, twin, place, period_to)
    own = None if trusts is None else _own(layer, metric, place, trusts, period_to)
    if trusts is None or own is None:
        return None
    values = trusts.values
    below, above = sum(each < own.value for each in values), sum(each > own.value for each in values)
    percentile = round(100 * (len(values) + below - above) / (2 * len(values)))
    where = f"higher than {below:,}" if below >= above else f"lower than {above:,}"
    value = words.value_words(own.value, metric)
    title = f"{place.name}: {value} in {own.period}, {where} of {trusts.counted} in {trusts.named}"
    mine = Item(place.code, place.name, own.value, chosen=True)
    items = tuple(sorted((*trusts.items, mine), key=lambda item: (-(item.value or 0.0), item.name)))
    chart = RankChart(
        key="national", title=title, summary=_summary(metric, place, own, trusts, percentile), metric=twin, items=items,
        references=_middle(trusts), table=_table(metric, items, own, trusts),
        download=_download(layer, metric, items, own, trusts), named=False,
    )  # fmt: skip
    return National(chart, percentile, len(values), own, trusts.named)


def _published(layer: Layer, places: Places, twin: Metric, place: Place, period_to: date | None) -> _Trusts | None:
    """Returns the trusts like the place in the newest period that enough of them reported."""
    request = Request((twin.id,), by=("organisation",), grain=board_grain(layer.catalogue, twin), period_to=period_to)
    result = layer.ask(request)
    like = place.trust_type or (_LIKE if place.is_simulated else None)
    alike = {each.code for each in places if each.kind == "trust" and like in (None, each.trust_type)}
    settled = result.frame.filter(
        pl.col("organisation").is_in(sorted(alike - {place.code})), pl.col("value").is_not_null(),
        ~pl.col("is_total"), pl.col("status").is_in([each.value for each in _SETTLED]),
    )  # fmt: skip
    enough = settled.group_by("period").len().filter(pl.col("len") >= FEWEST)
    if enough.is_empty():
        return None
    period: date = enough.select(pl.col("period").max()).item()
    rows = settled.filter(pl.col("period") == period).select("organisation", "value", "status")
    items = tuple(Item(code, places.name_of(code), value, status=status) for code, value, status in rows.iter_rows())
    return _Trusts(twin, Grain(result.grains[twin.id]), period, items, f"{like.lower()} trust" if like else "trust")


def _own(layer: Layer, metric: Metric, place: Place, trusts: _Trusts, period_to: date | None) -> Own | None:
    """Returns the figure of the same period; else of the newest one as long; else of as many months up to now."""
    asked = Request((metric.id,), where=filters_of(place), period_to=period_to)
    if trusts.grain in grains_of(layer.catalogue, metric):
        points = _settled(layer, replace(asked, grain=trusts.grain), metric)
        same = next((point for point in points if point.period == trusts.period), None)
        found = same or (points[-1] if points else None)
        if found is not None and found.value is not None:
            return Own(found.value, words.period_words(found.period, trusts.grain), found is same)
    months = _MONTHS.get(trusts.grain)
    if months is None or metric.type == "snapshot":
        return None
    now_and_then = not layer.catalogue.model_of(metric).absence_is_zero  # a survey stands for its year
    window = None if now_and_then else f"{months} months"
    try:
        points = _settled(layer, replace(asked, grain=Grain.MONTH, window=window), metric)
    except QueryError:  # it has a window of its own, or is made of others
        return None
    if not points or points[-1].value is None:
        return None
    until = words.period_words(points[-1].period, "month")
    return Own(points[-1].value, until if now_and_then else f"the {months} months to {until}", is_same_period=False)


def _settled(layer: Layer, request: Request, metric: Metric) -> list[Point]:
    points = points_of(layer.ask(request).frame, metric.id)
    return [point for point in points if point.value is not None and point.status in _SETTLED]


def _summary(metric: Metric, place: Place, own: Own, trusts: _Trusts, percentile: int) -> str:
    spread = spread_of(trusts.values, trusts.named)
    parts = [
        f"{metric.title}, among {trusts.counted} that report the published measure.",
        f"{place.name} stands at the {words.ordinal(percentile)} percentile.",
    ]
    if spread:
        low, middle, high = (words.value_text(each, metric) for each in (spread.lower, spread.median, spread.upper))
        parts.append(f"The middle of them is {middle}; half lie between {low} and {high}.")
    if not own.is_same_period:
        parts.append(f"The periods differ: {own.period} here, {trusts.named} there.")
    if metric.direction != "neutral":
        parts.append(f"{'Higher' if metric.direction == 'increase' else 'Lower'} is better.")
    if place.is_simulated:
        parts.append(f"{place.name} is made up: its place among real trusts says nothing about any of them.")
    return " ".join(parts)


def _middle(trusts: _Trusts) -> tuple[Reference, ...]:
    spread = spread_of(trusts.values, "")
    if spread is None:
        return ()
    return (Reference(spread.median, f"Middle of {trusts.counted} {words.value_text(spread.median, trusts.twin)}"),)


def _table(metric: Metric, items: Sequence[Item], own: Own, trusts: _Trusts) -> Table:
    rows = tuple(
        (item.name, item.code, words.value_text(item.value, metric), *_from(item, own, trusts)) for item in items
    )
    return Table(f"{metric.title}, among trusts", ("Trust", "Code", "Value", "Period", "From"), rows, frozenset({2}))


def _download(layer: Layer, metric: Metric, items: Sequence[Item], own: Own, trusts: _Trusts) -> Download:
    """Returns the file: every line says by which metric, of which period and from where its value is."""
    rows = []
    for item in items:
        by = metric if item.chosen else trusts.twin
        version = layer.catalogue.version_of(by)
        rows.append((by.id, version, item.code, item.name, item.value, *_from(item, own, trusts)))
    columns = ("metric", "definition_version", "code", "name", "value", "period", "from")
    return Download(f"{metric.id}-national.csv", columns, tuple(rows))


def _from(item: Item, own: Own, trusts: _Trusts) -> tuple[str, str]:
    return (own.period, "Own records") if item.chosen else (trusts.named, "Published")
