"""MetricFlow's legacy form: `semantic_models` with measures, and metrics with `type_params`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from metrics.interchange.metricflow_project import (
    MAKE_METRIC,
    Aggregate,
    Conversion,
    Dimension,
    Entity,
    Input,
    Metric,
    NonAdditive,
    Project,
    SemanticModel,
)
from metrics.interchange.report import Note, Spot
from metrics.interchange.yaml_entry import Entry

_MODEL_KEYS = (
    "name", "description", "label", "model", "node_relation", "defaults", "primary_entity", "entities", "dimensions",
    "measures", "config",
)  # fmt: skip
_METRIC_KEYS = ("name", "description", "label", "type", "type_params", "filter", "config", "time_granularity")
_MEASURE_KEYS = (
    "name", "agg", "expr", "agg_params", "agg_time_dimension", "non_additive_dimension", "create_metric",
    "create_metric_display_name", "description", "label", "config",
)  # fmt: skip
_REFERENCE = re.compile(r"^\s*(ref|source)\(\s*(.*?)\s*\)\s*$")


@dataclass(frozen=True, slots=True)
class Measure:
    """An aggregate with a name of its own, which metrics refer to."""

    name: str
    aggregate: Aggregate
    spot: Spot
    label: str | None
    description: str | None
    makes_metric: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A metric whose measures are looked up when all files are read."""

    metric: Metric
    measure: Entry | str | None = None
    base: Entry | str | None = None
    converted: Entry | str | None = None


def read_model(entry: Entry, project: Project) -> Iterator[Measure]:
    """Adds the semantic model to the project, and yields its measures."""
    name = entry.needed("name")
    project.notes += _unknown(entry, _MODEL_KEYS, f"semantic model {name}")
    model = SemanticModel(
        name=name,
        table=_table(entry),
        spot=entry.spot(),
        label=entry.text("label"),
        description=entry.text("description"),
        time=entry.within("defaults").text("agg_time_dimension"),
        primary_entity=entry.text("primary_entity"),
        entities=tuple(_entity(each) for each in entry.each("entities")),
        dimensions=tuple(_dimension(each) for each in entry.each("dimensions")),
    )
    project.models[name] = model
    for each in entry.each("measures"):
        yield _measure(each, model, project)


def _table(entry: Entry) -> str:
    relation = entry.within("node_relation") if isinstance(entry.data.get("node_relation"), dict) else None
    if relation is not None and "alias" in relation:
        schema = relation.text("schema_name")
        return ".".join(filter(None, (schema, relation.needed("alias"))))
    written = entry.text("model") or entry.needed("name")
    found = _REFERENCE.match(written)
    if found is None:
        return written
    names = re.findall(r"['\"]([^'\"]+)['\"]", found[2])
    return ".".join(names) if found[1] == "source" else names[-1]


def _entity(entry: Entry) -> Entity:
    name = entry.needed("name")
    return Entity(name, entry.word("type") or "", entry.text("expr") or name, entry.spot())


def _dimension(entry: Entry) -> Dimension:
    name, params = entry.needed("name"), entry.within("type_params")
    return Dimension(
        name=name,
        type=entry.word("type") or "",
        expr=entry.text("expr") or name,
        spot=entry.spot(),
        label=entry.text("label"),
        granularity=params.word("time_granularity"),
        validity="validity_params" in params,
    )


def _measure(entry: Entry, model: SemanticModel, project: Project) -> Measure:
    name, params = entry.needed("name"), entry.within("agg_params")
    project.notes += _unknown(entry, _MEASURE_KEYS, f"measure {name}")
    percentile = params.text("percentile")
    aggregate = Aggregate(
        model=model.name,
        agg=entry.word("agg") or "",
        expr=entry.text("expr") or name,
        time=entry.text("agg_time_dimension"),
        percentile=None if percentile is None else float(percentile),
        discrete=params.text("use_discrete_percentile") == "true",
        approximate=params.text("use_approximate_percentile") == "true",
        non_additive=non_additive(entry, "window_choice", "window_groupings"),
    )
    makes = entry.text("create_metric") == "true"
    return Measure(name, aggregate, entry.spot(), entry.text("label"), entry.text("description"), makes)


def non_additive(entry: Entry, keeps: str, groups: str) -> NonAdditive | None:
    """Returns what an amount is not added over; `keeps` and `groups` are the keys that the form writes."""
    if "non_additive_dimension" not in entry:
        return None
    found = entry.within("non_additive_dimension")
    return NonAdditive(found.needed("name"), found.word(keeps) or "min", found.texts(groups))


def read_metric(entry: Entry, project: Project) -> Waiting:
    """Returns the metric, which still has to find its measures."""
    name, params = entry.needed("name"), entry.within("type_params")
    project.notes += _unknown(entry, _METRIC_KEYS, f"metric {name}")
    kind = entry.word("type") or ""
    config = entry.within("config")
    cumulative = params.within("cumulative_type_params")
    metric = Metric(
        name=name,
        type=kind,
        spot=entry.spot(),
        label=entry.text("label"),
        description=entry.text("description"),
        filters=entry.texts("filter"),
        inputs=tuple(_inputs(params, kind)),
        expr=params.text("expr"),
        window=cumulative.text("window") or params.text("window"),
        grain_to_date=cumulative.word("grain_to_date") or params.word("grain_to_date"),
        period_agg=cumulative.word("period_agg"),
        granularity=entry.word("time_granularity"),
        fills=params.text("fill_nulls_with"),
        hidden=params.text("is_private") == "true",
        tags=config.texts("tags"),
        meta=config.within("meta").data,
    )
    if kind == "conversion":
        return _conversion(metric, params.within("conversion_type_params"))
    if kind == "cumulative" and "metric" in cumulative:
        return Waiting(replace(metric, inputs=(_input_of(cumulative, "metric"),)))
    return Waiting(metric, measure=_either(params, "measure"))


def _conversion(metric: Metric, params: Entry) -> Waiting:
    here = Input("", params.spot())
    asked = Conversion(
        base=_input_of(params, "base_metric") if "base_metric" in params else here,
        conversion=_input_of(params, "conversion_metric") if "conversion_metric" in params else here,
        entity=params.needed("entity"),
        window=params.text("window"),
        calculation=params.word("calculation") or "conversion_rate",
        constant="constant_properties" in params,
    )
    return Waiting(
        replace(metric, conversion=asked),
        base=_either(params, "base_measure"),
        converted=_either(params, "conversion_measure"),
    )


def _inputs(params: Entry, kind: str) -> Iterator[Input]:
    if kind == "ratio":
        yield from (_input_of(params, key) for key in ("numerator", "denominator") if key in params)
    for each in params.each("metrics", bare="name"):
        yield input_from(each)


def _either(params: Entry, key: str) -> Entry | str | None:
    return params.within(key) if isinstance(params.data.get(key), dict) else params.text(key)


def _input_of(params: Entry, key: str) -> Input:
    """Returns the metric named under the key, by its name alone or as a mapping."""
    if isinstance(params.data.get(key), dict):
        return input_from(params.within(key))
    return Input(params.needed(key), params.spot(key))


def input_from(entry: Entry) -> Input:
    """Returns the metric that the mapping names, with its filter, alias and offset."""
    return Input(
        name=entry.needed("name"),
        spot=entry.spot(),
        filters=entry.texts("filter"),
        alias=entry.text("alias"),
        offset_window=entry.text("offset_window"),
        offset_to_grain=entry.word("offset_to_grain"),
    )


def resolve(measures: Iterable[Measure], waiting: Iterable[Waiting], project: Project) -> None:
    """Adds the metrics to the project: measures become simple metrics, and references to them references to those."""
    known = {measure.name: measure for measure in measures}
    project.measures |= known.keys()
    asked = list(waiting)
    used: set[str] = set()
    # Simple metrics first: others find in them the metric of a measure alone.
    for each in sorted(asked, key=lambda found: found.metric.type != "simple"):
        project.metrics[each.metric.name] = _resolved(each, known, project, used)
    for measure in known.values():
        if measure.makes_metric and measure.name not in project.metrics:
            project.metrics[measure.name] = _simple(measure, hidden=False)
        elif measure.name not in used:
            reason = f"no metric names it as its 'measure', and a measure alone is no metric: {MAKE_METRIC}."
            project.notes.append(Note("not mapped", measure.spot, f"measure {measure.name}", reason))


def _resolved(each: Waiting, known: dict[str, Measure], project: Project, used: set[str]) -> Metric:
    metric = each.metric
    if metric.type == "conversion" and metric.conversion is not None:
        asked = metric.conversion
        base = _of_measure(each.base, known, project, used) or asked.base
        converted = _of_measure(each.converted, known, project, used) or asked.conversion
        return replace(metric, conversion=replace(asked, base=base, conversion=converted))
    if each.measure is None:
        return metric
    if metric.type != "simple":
        found = _of_measure(each.measure, known, project, used)
        return metric if found is None else replace(metric, inputs=(found,))
    name = each.measure.needed("name") if isinstance(each.measure, Entry) else each.measure
    if name not in known:
        return metric
    used.add(name)
    said = each.measure if isinstance(each.measure, Entry) else None
    measure = known[name]
    return replace(
        metric,
        aggregate=measure.aggregate,
        filters=(*metric.filters, *(said.texts("filter") if said else ())),
        fills=metric.fills or (said.text("fill_nulls_with") if said else None),
        label=metric.label or measure.label,
        description=metric.description or measure.description,
    )


def _of_measure(
    written: Entry | str | None, known: dict[str, Measure], project: Project, used: set[str]
) -> Input | None:
    """Returns the metric of the measure alone, which is made where none is written."""
    if written is None:
        return None
    name = written.needed("name") if isinstance(written, Entry) else written
    filters = written.texts("filter") if isinstance(written, Entry) else ()
    if name not in known:
        return Input(name, written.spot() if isinstance(written, Entry) else Spot("", 1), filters)
    used.add(name)
    measure = known[name]
    alone = [
        metric.name
        for metric in project.metrics.values()
        if metric.aggregate == measure.aggregate and not metric.filters
    ]
    if not alone and name not in project.metrics:
        project.metrics[name] = _simple(measure, hidden=True)
    return Input(alone[0] if alone else name, measure.spot, filters)


def _simple(measure: Measure, *, hidden: bool) -> Metric:
    return Metric(
        name=measure.name,
        type="simple",
        spot=measure.spot,
        label=measure.label,
        description=measure.description,
        aggregate=measure.aggregate,
        hidden=hidden,
    )


def _unknown(entry: Entry, known: Iterable[str], subject: str) -> Iterator[Note]:
    for key in entry.unknown(known):
        yield Note("not mapped", entry.spot(key), subject, f"MetricFlow's key '{key}' is not known here.")
