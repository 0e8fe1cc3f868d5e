"""From a request to the scans that answer it: which model, which parts, which dimensions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from metrics.catalogue import Alternate, Catalogue, Metric, Model, Part
from metrics.query.errors import GrainError, QueryError, UnknownDimensionError
from metrics.query.periods import NESTS
from metrics.query.request import Filter, Grain, Request

LEVELS = ("region", "icb", "organisation")
ALIASES = {
    "trust": "organisation", "org": "organisation", "provider": "organisation",
    "treatment_function": "service", "specialty": "service",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """One metric as one model answers it.

    `numerator` alone is the measure of a metric that is no ratio. `note` is set when an alternate answers.
    """

    metric: Metric
    model: Model
    numerator: Part
    denominator: Part | None
    grain: Grain
    note: str | None = None

    @property
    def key(self) -> str:
        """Returns the name of the parts' columns in a scan."""
        return self.metric.id


@dataclass(frozen=True, slots=True)
class Scan:
    """One grouped query over one model, for all metrics that it answers."""

    model: Model
    sources: tuple[Source, ...]
    by: tuple[str, ...]
    where: tuple[Filter, ...]
    binned: bool


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
    levels = tuple(level for level in LEVELS if level in model.levels)
    return levels + tuple(dimension.name for dimension in model.dimensions)


def _with_plain_names(request: Request) -> Request:
    if not request.metrics:
        raise QueryError("The request names no metric.")
    kept: dict[str, list[str]] = {}
    for each in request.where:  # two filters on one dimension keep the values of both
        kept.setdefault(ALIASES.get(each.dimension, each.dimension), []).extend(each.values)
    return Request(
        metrics=request.metrics,
        by=tuple(dict.fromkeys(ALIASES.get(name, name) for name in request.by)),
        grain=request.grain,
        period_from=request.period_from,
        period_to=request.period_to,
        where=tuple(Filter(name, tuple(dict.fromkeys(values))) for name, values in kept.items()),
        totals=request.totals,
        as_at=request.as_at,
        who=request.who,
    )


def _source(metric: Metric, request: Request, catalogue: Catalogue) -> Source:
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
    groups: dict[tuple[str, bool, bool], list[Source]] = {}
    for source in sources:
        kind = source.metric.type
        groups.setdefault((source.model.name, kind == "percentile", kind == "index"), []).append(source)
    for (_, binned, _), group in groups.items():
        yield Scan(group[0].model, tuple(group), request.by, request.where, binned)
