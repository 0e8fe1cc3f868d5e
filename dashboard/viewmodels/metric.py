"""One metric for one place: its history, what it is made of, and how it compares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.asking import History, Layer, board_grain, filters_of, notes_for
from dashboard.viewmodels.charts import Item, LineChart, RankChart, Reference, Scope, line_chart, rank_chart
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Place, Places
from dashboard.viewmodels.reach import Reach, levels_of, made_from, next_levels, reach
from dashboard.viewmodels.scope import widening_of
from dashboard.viewmodels.scorecard import Row, row_of
from dashboard.viewmodels.series import Series, Spread, points_of, spread_of, values_of
from metrics.catalogue import Catalogue, Metric
from metrics.query.request import Grain, Request
from metrics.query.result import Result

LEVEL_WORDS: Final = {"region": "Region", "icb": "Integrated care board", "organisation": "Organisation"}
_MOST_NAMED: Final = 45
_ANSWER_COLUMNS: Final = frozenset({"metric", "period", "value", "numerator", "denominator", "status", "is_total"})


@dataclass(frozen=True, slots=True)
class MetricView:
    """Everything on a metric's page but its sources.

    Attributes:
        row: the newest value, as on the scorecard.
        history: the chart over time, None when nothing is held at this level.
        splits: dimension name to title, what the value can be broken down by; the next level first.
        split: the one that `breakdown` shows.
        peers: the place among its likes, None where there are none.
    """

    row: Row
    reach: Reach
    series: Series
    history: LineChart | None
    splits: dict[str, str]
    split: str | None
    breakdown: RankChart | None
    peers: RankChart | None
    notes: tuple[str, ...]
    period: date | None


@dataclass(frozen=True, slots=True)
class _Question:
    """One period of a metric at a place: what breakdowns and comparisons are asked for."""

    layer: Layer
    metric: Metric
    place: Place
    places: Places
    period: date
    grain: Grain
    services: tuple[str, ...]

    @property
    def period_name(self) -> str:
        return words.period_words(self.period, self.grain)

    @property
    def version(self) -> str:
        return self.layer.catalogue.version_of(self.metric)

    def by(self, dimension: str, place: Place, services: tuple[str, ...], *, totals: bool = False) -> Result:
        where = filters_of(place, services)
        return self.layer.ask(
            Request(
                (self.metric.id,), by=(dimension,), grain=self.grain, period_from=self.period,
                period_to=self.period, where=where, totals=totals,
            )
        )  # fmt: skip

    def scope(self, place: Place, services: tuple[str, ...]) -> Scope:
        said = {"organisation": place.code} | ({"service": "+".join(services)} if services else {})
        return Scope(self.period, self.grain, said)

    def items(self, result: Result, dimension: str) -> list[Item]:
        return items_of(result, self.metric, dimension, self.period, self.places)


def splits_of(catalogue: Catalogue, metric: Metric, place: Place) -> dict[str, str]:
    """Returns what a metric's value for a place can be broken down by, name to title; the next level first."""
    # An index has no figure for a level above the organisation: its organisations are shown side by side instead.
    levels = () if metric.type == "index" else next_levels(catalogue, metric, place)
    found = {level: LEVEL_WORDS[level] for level in levels}
    found.update(_dimensions(catalogue, metric))
    # A dimension that is called like a column of the answer cannot be asked for.
    return {name: title for name, title in found.items() if name not in _ANSWER_COLUMNS}


def _dimensions(catalogue: Catalogue, metric: Metric) -> dict[str, str]:
    """Returns the dimensions of a metric's models, name to title; of one made of others, those that all share."""
    if metric.model is not None:
        models = [metric.model, *(alternate.model for alternate in metric.alternates)]
        return {each.name: each.title for name in models for each in catalogue.models[name].dimensions}
    if metric.type == "derived":  # its parts may come from tables with dimensions of the same name and another meaning
        return {}
    inputs = [_dimensions(catalogue, each) for each in made_from(catalogue, metric)]
    return {name: title for name, title in inputs[0].items() if all(name in each for each in inputs)}


def grains_of(catalogue: Catalogue, metric: Metric) -> tuple[Grain, ...]:
    """Returns the grains that a metric can be shown in, its own first. Weeks cross months and stay weeks."""
    native = Grain(catalogue.model_of(metric).grain)
    order = list(Grain)
    return tuple(
        grain
        for grain in order[order.index(native) :]
        if grain is not Grain.WEEK or native in (Grain.HOUR, Grain.DAY, Grain.WEEK)
    )


def build(
    layer: Layer,
    places: Places,
    filters: Filters,
    metric_id: str,
    today: date,
    *,
    split: str | None = None,
    grain: Grain | None = None,
) -> MetricView:
    """Returns the page of a metric.

    Args:
        layer: the metrics layer.
        places: all organisations.
        filters: what the reader chose.
        metric_id: which metric.
        today: the day that ages are counted to.
        split: what to break the newest value down by; None is the next level.
        grain: the length of the periods; None is the board's.
    """
    catalogue = layer.catalogue
    metric = catalogue.metric(metric_id)
    found = reach(catalogue, metric, places.by_code[filters.organisation], places)
    services = filters.services if "service" in splits_of(catalogue, metric, found.shown) else ()
    shown_grain = grain or board_grain(catalogue, metric)
    where = filters_of(found.shown, services)
    result = layer.ask(
        Request(
            (metric.id,),
            grain=shown_grain,
            where=where,
            period_to=filters.period_to,
        )
    )
    widening = widening_of(catalogue, metric, found.shown, by_service=bool(services))
    series = Series(metric, str(result.grains[metric.id]), points_of(result.frame, metric.id), widening)
    organisations = _by_organisation(layer, found, metric, shown_grain, filters.period_to)
    newest = series.latest
    period = newest.period if newest else _newest(organisations)
    spread = None
    if newest is None and period and metric.type == "index" and found.shown.level != "organisation":
        spread = _spread(organisations, metric, period, series.grain)
    version = catalogue.version_of(metric)
    notes = notes_for(result, metric, catalogue)
    row = row_of(History(found, series, notes), catalogue, spread, filters, today)
    history = None
    if newest:
        cut = series.shown_since(filters.period_from(words.period_end(newest.period, series.grain)))
        said = {"organisation": found.shown.code} | ({"service": "+".join(services)} if services else {})
        answer = metric.id in words.YES_NO and found.shown.level == "organisation"
        title = f"{metric.name}: {words.answer_words(newest.value)} in {series.name_of(newest)}" if answer else None
        history = line_chart(
            "history", cut, found.shown.name, organisation=found.shown.code, version=version, filters=said, title=title,
            service=services[0] if len(services) == 1 else None,
        )  # fmt: skip
    splits = splits_of(catalogue, metric, found.shown)
    chosen = split if split in splits else next(iter(splits), None)
    breakdown = peers = None
    if period:
        question = _Question(layer, metric, found.shown, places, period, Grain(series.grain), services)
        breakdown = _breakdown(question, chosen) if chosen else None
        peers = _peers(question)
    return MetricView(row, found, series, history, splits, chosen, breakdown, peers, notes, period)


def _by_organisation(
    layer: Layer, found: Reach, metric: Metric, grain: Grain | None, period_to: date | None
) -> Result | None:
    """Returns an index by organisation, which has no total to ask for."""
    levels = levels_of(layer.catalogue, metric)
    if metric.type != "index" or "organisation" not in levels or found.shown.level == "organisation":
        return None
    where = filters_of(found.shown) if found.shown.level in levels else ()
    return layer.ask(
        Request(
            (metric.id,),
            by=("organisation",),
            grain=grain,
            where=where,
            period_to=period_to,
        )
    )


def _newest(result: Result | None) -> date | None:
    if result is None:
        return None
    held = result.frame.drop_nulls("value")
    return held["period"].max() if held.height else None  # type: ignore[return-value]


def _spread(result: Result | None, metric: Metric, period: date, grain: str) -> Spread | None:
    if result is None:
        return None
    points = points_of(result.frame, metric.id)
    values = values_of(point for point in points if point.period == period)
    return spread_of(values, words.period_words(period, grain), metric)


def _breakdown(question: _Question, split: str) -> RankChart | None:
    metric, place = question.metric, question.place
    services = () if split == "service" else question.services
    result = question.by(split, place, services)
    items = question.items(result, split)
    valued = sorted((item for item in items if item.value is not None), key=_value)
    if not valued:
        return None
    noun = splits_of(question.layer.catalogue, metric, place)[split]
    low, high = valued[0], valued[-1]
    title = f"{high.name}: {words.value_words(high.value, metric)}"
    if len(valued) > 1:
        title = (
            f"From {words.value_text(low.value, metric)} ({low.name}) to "
            f"{words.value_words(high.value, metric)} ({high.name})"
        )
    summary = (
        f"{metric.title} by {noun.lower()}, {place.name}, {question.period_name}, {len(valued)} with a value. {title}."
    )
    return rank_chart(
        "breakdown", metric, items, title=title, summary=summary, period=question.period_name, noun=noun,
        version=question.version, scope=question.scope(place, services), named=len(valued) <= _MOST_NAMED,
    )  # fmt: skip


def _peers(question: _Question) -> RankChart | None:
    metric, place = question.metric, question.place
    whole = place.level == "england" or (metric.type == "index" and place.level != "organisation")
    level = "organisation" if whole else place.level
    if level not in levels_of(question.layer.catalogue, metric):
        return None
    likes, noun = _likes(place, question.places, whole=whole)
    kinds = _kinds_compared(place, noun)
    result = question.by(level, question.places.england, question.services, totals=True)
    items = [replace(item, chosen=item.code == place.code) for item in question.items(result, level)]
    items = [item for item in items if item.code in likes]
    valued = sorted((item for item in items if item.value is not None), key=_value, reverse=True)
    if len(valued) < 2:
        return None
    references = _references(result, metric, valued, noun)
    title = _rank_title(place, metric, valued, noun, question.period_name)
    summary = (
        f"{metric.title}, {question.period_name}: {words.counted(len(valued), noun)} with a value, highest first. "
        f"{'. '.join(part.rstrip('.') for part in (title, *(each.label for each in references), kinds) if part)}."
    )
    return rank_chart(
        "peers", metric, items, title=title, summary=summary, period=question.period_name,
        noun=noun[0].upper() + noun[1:], version=question.version, references=references, named=False,
        scope=question.scope(question.places.england, question.services),
    )  # fmt: skip


def _likes(place: Place, places: Places, *, whole: bool) -> tuple[set[str], str]:
    """Returns the codes to compare, and what they are called: the trusts of a whole, or the place's likes."""
    if whole:
        return {each.code for each in places.within(place, "organisation") if each.kind == "trust"}, "trust"
    return {each.code for each in places.peers(place)}, _peer_noun(place)


def _kinds_compared(place: Place, noun: str) -> str:
    """Returns what to know when trusts of several types stand side by side; empty when they are of one."""
    if noun != "trust":
        return ""
    if place.kind == "trust":
        return (
            f"The type of {place.name} is not known here, so it stands beside every trust that reports this measure, "
            "whatever its type."
        )
    return "Trusts of every type that report this measure stand side by side; they do not do the same work."


def _rank_title(place: Place, metric: Metric, valued: list[Item], noun: str, period: str) -> str:
    rank = next((number for number, item in enumerate(valued, start=1) if item.chosen), None)
    if rank is None and metric.id in words.BANDS:
        spread = spread_of([item.value for item in valued], period, metric)
        if spread:
            return f"{words.counted(len(valued), noun)}: {spread.bands_text}, {period}"
    if rank is None:
        low, high = valued[-1], valued[0]
        return (
            f"{words.counted(len(valued), noun)}, from {words.value_text(low.value, metric)} to "
            f"{words.value_words(high.value, metric)}, {period}"
        )
    value = words.value_words(valued[rank - 1].value, metric)
    like = sum(1 for item in valued if item.value == valued[rank - 1].value)
    answer = metric.id in words.YES_NO and place.level == "organisation"
    if answer:
        value = words.answer_words(valued[rank - 1].value)
    if answer or metric.id in words.BANDS:
        return f"{place.name}: {value}, as {like:,} of {words.counted(len(valued), noun)}, {period}"
    first = 1 + sum(1 for item in valued if _value(item) > _value(valued[rank - 1]))
    last = 1 + sum(1 for item in valued if _value(item) < _value(valued[rank - 1]))
    # Counted from the nearer end: '14th lowest', not '110th highest'.
    number, end = (first, "highest") if first <= last else (last, "lowest")
    place_words = end if number == 1 else f"{words.ordinal(number)} {end}"
    if like > 1:
        place_words = f"joint {place_words}"
    return f"{place.name}: {value}, {place_words} of {words.counted(len(valued), noun)}, {period}"


def _references(result: Result, metric: Metric, valued: list[Item], noun: str) -> tuple[Reference, ...]:
    total = points_of(result.frame.filter(pl.col("is_total")), metric.id)
    england = total[0].value if total else None
    found: list[Reference] = []
    if metric.id in words.BANDS:
        return ()
    if england is not None and metric.unit not in ("count", "gbp", "fte", "beds"):
        found.append(Reference(england, f"England {words.value_text(england, metric)}"))
    spread = spread_of([item.value for item in valued], "")
    if spread:
        text = f"Middle of {words.counted(spread.organisations, noun)} {words.value_text(spread.median, metric)}"
        found.append(Reference(spread.median, text))
    return tuple(found)


def _peer_noun(place: Place) -> str:
    if place.kind == "trust":
        return f"{place.trust_type.lower()} trust" if place.trust_type else "trust"
    return {"region": "region", "icb": "integrated care board", "independent": "independent provider"}.get(
        place.kind, "provider"
    )


def items_of(result: Result, metric: Metric, dimension: str, period: date, places: Places) -> list[Item]:
    """Returns one period's values by a dimension, total rows left out."""
    labels = result.labels.get(dimension, {})
    rows = result.frame.filter(
        ~pl.col("is_total"), pl.col("metric") == metric.id, pl.col("period") == period, pl.col(dimension).is_not_null()
    )
    columns = (dimension, "value", "numerator", "denominator", "status")
    return [
        Item(code, labels.get(code) or places.name_of(code), value, numerator, denominator, status)
        for code, value, numerator, denominator, status in rows.select(columns).iter_rows()
    ]


def _value(item: Item) -> float:
    return item.value or 0.0
