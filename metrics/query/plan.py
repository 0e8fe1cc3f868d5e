"""From a request to the scans that answer it: which model, which parts, which dimensions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from metrics.catalogue import Alternate, Catalogue, Metric, Model, Window, parse_window
from metrics.catalogue.expression import names
from metrics.query.errors import GrainError, QueryError, UnknownDimensionError
from metrics.query.periods import NESTS, day_of
from metrics.query.request import Filter, Grain, Request
from metrics.query.source import Outcome, Source

LEVELS = ("region", "icb", "organisation")
ALIASES = {
    "trust": "organisation", "org": "organisation", "provider": "organisation",
    "treatment_function": "service", "specialty": "service",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scan:
    """One grouped query over one model, for all metrics that it answers.

    Attributes:
        per: columns by which the rows are kept apart until a level of each is taken.
    """

    model: Model
    sources: tuple[Source, ...]
    by: tuple[str, ...]
    where: tuple[Filter, ...]
    per: tuple[str, ...] = ()

    @property
    def histogram(self) -> str | None:
        """Returns `bins` or `values` when the scan reads a distribution."""
        return self.sources[0].histogram

    @property
    def counts_distinct(self) -> bool:
        """Returns whether the scan counts distinct values, period by period as asked for."""
        return self.sources[0].counts_distinct


@dataclass(frozen=True, slots=True)
class Plan:
    """What to scan, and what to compute from it.

    Attributes:
        sources: metric id to source, for every metric that is read from a table.
        derived: metrics whose inputs are asked for in a request of their own.
        shown: the ids asked for, in the order asked.
    """

    request: Request
    scans: tuple[Scan, ...]
    sources: dict[str, Source]
    derived: tuple[Metric, ...]
    shown: tuple[str, ...]


def plan(request: Request, catalogue: Catalogue) -> Plan:
    """Returns the plan of the request.

    Raises:
        UnknownMetricError, UnknownDimensionError, GrainError: with what to ask instead.
    """
    request = _with_plain_names(request)
    wanted = [catalogue.metric(name) for name in dict.fromkeys(request.metrics)]
    sources = {metric.id: _source(metric, request, catalogue) for metric in wanted if metric.type != "derived"}
    return Plan(
        request=request,
        scans=tuple(_scans(sources.values(), request)),
        sources=sources,
        derived=tuple(metric for metric in wanted if metric.type == "derived"),
        shown=tuple(metric.id for metric in wanted),
    )


def dimensions_of(model: Model) -> tuple[str, ...]:
    """Returns the names by which the model's metrics can be split and filtered."""
    levels = tuple(level for level in LEVELS if level in model.levels and model.organisation is not None)
    return levels + tuple(dimension.name for dimension in model.dimensions)


def joined_tables(model: Model, names: Iterable[str]) -> frozenset[str]:
    """Returns the joined tables that hold the dimensions."""
    wanted = set(names)
    return frozenset(each.join for each in model.dimensions if each.name in wanted and each.join is not None)


def told_by_filters(model: Model, sources: Iterable[Source]) -> frozenset[str]:
    """Returns the names in the filters of the model and of its metrics."""
    parts = (part for source in sources for part in (source.numerator, source.denominator) if part is not None)
    return frozenset[str]().union(*(names(text) for text in (model.filter, *(part.filter for part in parts)) if text))


def _with_plain_names(request: Request) -> Request:
    if not request.metrics:
        raise QueryError("The request names no metric.")
    kept: dict[str, list[str]] = {}
    others: list[Filter] = []
    for each in request.where:  # two filters on one dimension that name values keep the values of both
        name = ALIASES.get(each.dimension, each.dimension)
        if each.picks_values:
            kept.setdefault(name, []).extend(each.values)
        else:
            others.append(replace(each, dimension=name))
    chosen = [Filter(name, tuple(dict.fromkeys(values))) for name, values in kept.items()]
    return replace(
        request,
        by=tuple(dict.fromkeys(ALIASES.get(name, name) for name in request.by)),
        where=(*chosen, *dict.fromkeys(others)),
        period_from=None if request.period_from is None else day_of(request.period_from),
        period_to=None if request.period_to is None else day_of(request.period_to),
        subtotals=tuple(tuple(ALIASES.get(name, name) for name in each) for each in request.subtotals),
    )


def _source(metric: Metric, request: Request, catalogue: Catalogue) -> Source:
    if metric.type == "conversion":
        return _conversion(metric, request, catalogue)
    base, window, to_date = _reach(metric, request, catalogue)
    source = _answered_by(base, request, catalogue)
    if window is None and to_date is None:
        return source
    source = replace(source, metric=metric, of=base, window=window, to_date=to_date)
    if base.type == "index":
        raise QueryError(f"'{base.id}' is an index, which is never accumulated.")
    if window is not None and not _is_whole(window, source.native):
        raise QueryError(f"'{base.id}' is held by {_words(source.native)}, and {window} are no whole number of those.")
    if to_date in (Grain.HOUR, Grain.DAY):
        raise QueryError(f"'to_date' goes back to the start of a week or longer, not of a {to_date}.")
    if to_date is not None and to_date not in NESTS[source.native]:
        raise GrainError.of(to_date, base, source.model, NESTS[source.native])
    return source


def _reach(metric: Metric, request: Request, catalogue: Catalogue) -> tuple[Metric, Window | None, Grain | None]:
    """Returns what is read, and how far back each period reaches."""
    asked = None if request.window is None else _asked_window(request.window)
    if asked is not None and request.to_date is not None:
        raise QueryError("A request has a window or a 'to_date', not both.")
    if metric.type != "cumulative":
        return metric, asked, request.to_date
    if asked is not None or request.to_date is not None:
        raise QueryError(f"'{metric.id}' has a window of its own. Ask for '{metric.metric}' with yours.")
    to_date = None if metric.grain_to_date is None else Grain(metric.grain_to_date)
    return catalogue.metric(metric.metric or ""), metric.length, to_date


def _asked_window(text: str) -> Window:
    try:
        return parse_window(text)
    except ValueError as error:
        raise QueryError(f"{error}.") from error


def _is_whole(window: Window, native: Grain) -> bool:
    if window.months is not None:
        length = {Grain.HOUR: 1, Grain.DAY: 1, Grain.MONTH: 1, Grain.QUARTER: 3, Grain.FINANCIAL_YEAR: 12}.get(native)
        return length is not None and window.months % length == 0
    if window.days is not None:
        return native in (Grain.HOUR, Grain.DAY) or (native is Grain.WEEK and window.days % 7 == 0)
    return native is Grain.HOUR


def _words(grain: Grain) -> str:
    return grain.replace("_", " ")


def _conversion(metric: Metric, request: Request, catalogue: Catalogue) -> Source:
    """Returns the source of a conversion: the rows that start the clock, with what they wait for."""
    if request.window is not None or request.to_date is not None:
        raise QueryError(f"'{metric.id}' is a conversion, which has a window of its own.")
    base = catalogue.metric(metric.base_metric or "")
    outcome = catalogue.metric(metric.conversion_metric or "")
    found = _answered_by(base, request, catalogue)
    model = catalogue.model_of(outcome)
    if outcome.measure is None or metric.length is None or metric.entity is None:  # linted: a conversion has them all
        raise QueryError(f"'{metric.id}' lacks what it waits for.")
    waits = Outcome(Source(outcome, model, outcome.measure, None, Grain(model.grain)), metric.entity, metric.length)
    return replace(found, metric=metric, of=base, denominator=found.numerator, outcome=waits)


def _answered_by(metric: Metric, request: Request, catalogue: Catalogue) -> Source:
    asked = [*request.by, *(each.dimension for each in request.where)]
    main = catalogue.model_of(metric)
    holders: tuple[Metric | Alternate, ...] = (metric, *metric.alternates)
    models = [main, *(catalogue.models[alternate.model] for alternate in metric.alternates)]
    for model, holder in zip(models, holders, strict=True):
        fits = request.grain is None or request.grain in NESTS[Grain(model.grain)]
        if fits and all(name in dimensions_of(model) for name in asked):
            numerator = holder.numerator or holder.measure
            if numerator is None:  # linted: a metric or an alternate has a measure or a numerator
                raise UnknownDimensionError.of(asked[0], metric, dimensions_of(main))
            return Source(
                metric, model, numerator, holder.denominator, request.grain or Grain(model.grain), _note(holder)
            )
    splits = [model for model in models if all(name in dimensions_of(model) for name in asked)]
    if splits and request.grain is not None:
        raise GrainError.of(request.grain, metric, splits[0], NESTS[Grain(splits[0].grain)])
    every = {name for model in models for name in dimensions_of(model)}
    missing = next((name for name in asked if name not in dimensions_of(main)), asked[0])
    raise UnknownDimensionError.of(missing, metric, every)


def _note(holder: Metric | Alternate) -> str | None:
    return holder.note if isinstance(holder, Alternate) else None


def _scans(sources: Iterable[Source], request: Request) -> Iterable[Scan]:
    """Yields one scan for all metrics that the same rows, grouped alike, can answer."""
    groups: dict[object, list[Source]] = {}
    for source in sources:
        alone = source.key if source.outcome is not None or source.histogram == "values" else None
        reach = (source.grain, source.window, source.to_date) if source.counts_distinct else None
        kind = (source.model.name, source.histogram, source.kind == "index", source.base.per, alone, reach)
        groups.setdefault(kind, []).append(source)
    for group in groups.values():
        yield Scan(group[0].model, tuple(group), request.by, request.where, group[0].base.per)
