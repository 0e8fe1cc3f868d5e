"""MetricFlow's current form: `models` with a `semantic_model`, whose columns are entities and dimensions."""

from __future__ import annotations

from collections.abc import Iterator

from metrics.interchange.metricflow_legacy import input_from, non_additive
from metrics.interchange.metricflow_project import (
    Aggregate,
    Conversion,
    Dimension,
    Entity,
    Input,
    Metric,
    Project,
    SemanticModel,
)
from metrics.interchange.report import Note
from metrics.interchange.yaml_entry import Entry

_METRIC_KEYS = (
    "name", "hidden", "description", "label", "type", "agg", "percentile", "percentile_type", "join_to_timespine",
    "fill_nulls_with", "expr", "filter", "config", "non_additive_dimension", "agg_time_dimension", "window",
    "grain_to_date", "period_agg", "input_metric", "numerator", "denominator", "input_metrics", "entity", "calculation",
    "base_metric", "conversion_metric", "constant_properties", "time_granularity",
)  # fmt: skip
_NOT_NULL = "not_null"


def read_model(entry: Entry, project: Project) -> None:
    """Adds the model's semantic model and its metrics to the project; nothing for a model that has none."""
    if not _enabled(entry):
        return
    said = entry.within("semantic_model") if isinstance(entry.data["semantic_model"], dict) else None
    table = entry.needed("name")
    name = (said.text("name") if said else None) or table
    columns = list(entry.each("columns"))
    derived = entry.within("derived_semantics")
    project.models[name] = SemanticModel(
        name=name,
        table=_relation(entry, table),
        spot=entry.spot(),
        description=entry.text("description"),
        time=entry.text("agg_time_dimension"),
        primary_entity=entry.text("primary_entity"),
        entities=(*_entities(columns), *(_entity(each, each.text("expr")) for each in derived.each("entities"))),
        dimensions=(*_dimensions(columns), *(_derived(each) for each in derived.each("dimensions"))),
        columns={each.needed("name"): each.text("data_type") or "" for each in columns},
        not_null=frozenset(each.needed("name") for each in columns if _is_tested(each)),
    )
    for each in entry.each("metrics"):
        metric = read_metric(each, project, name)
        project.metrics[metric.name] = metric


def _enabled(entry: Entry) -> bool:
    """Returns whether the model has a semantic model: `true`, or a mapping that says `enabled: true`."""
    written = entry.data.get("semantic_model")
    return written is True or (isinstance(written, dict) and written.get("enabled") is True)


def _relation(entry: Entry, name: str) -> str:
    config = entry.within("config")
    return ".".join(filter(None, (config.text("schema"), config.text("alias") or name)))


def _is_tested(column: Entry) -> bool:
    """Returns whether the project tests that the column holds no nulls."""
    tests = [*(column.data.get("data_tests") or ()), *(column.data.get("tests") or ())]
    named = (next(iter(each), "") if isinstance(each, dict) else each for each in tests)
    return _NOT_NULL in named


def _entities(columns: list[Entry]) -> Iterator[Entity]:
    for column in columns:
        name, written = column.needed("name"), column.data.get("entity")
        if isinstance(written, dict):
            yield _entity(column.within("entity"), name)
        elif written is not None:
            yield Entity(name, str(written).lower(), name, column.spot("entity"))


def _entity(entry: Entry, column: str | None) -> Entity:
    name = entry.text("name") or column or entry.needed("name")
    return Entity(name, entry.word("type") or "", column or name, entry.spot())


def _dimensions(columns: list[Entry]) -> Iterator[Dimension]:
    for column in columns:
        name, written = column.needed("name"), column.data.get("dimension")
        if written is None:
            continue
        said = column.within("dimension") if isinstance(written, dict) else None
        yield Dimension(
            name=(said.text("name") if said else None) or name,
            type=(said.word("type") if said else None) or str(written).lower(),
            expr=name,
            spot=column.spot("dimension"),
            label=said.text("label") if said else None,
            granularity=column.word("granularity"),
            validity=said is not None and "validity_params" in said,
        )


def _derived(entry: Entry) -> Dimension:
    return Dimension(
        name=entry.needed("name"),
        type=entry.word("type") or "",
        expr=entry.needed("expr"),
        spot=entry.spot(),
        label=entry.text("label"),
        granularity=entry.word("granularity"),
        validity="validity_params" in entry,
    )


def read_metric(entry: Entry, project: Project, model: str | None = None) -> Metric:
    """Returns the metric; `model` is the semantic model that it stands in, None for one of several models."""
    name, kind = entry.needed("name"), entry.word("type") or "simple"
    for key in entry.unknown(_METRIC_KEYS):
        reason = f"MetricFlow's key '{key}' is not known here."
        project.notes.append(Note("not mapped", entry.spot(key), f"metric {name}", reason))
    config = entry.within("config")
    return Metric(
        name=name,
        type=kind,
        spot=entry.spot(),
        label=entry.text("label"),
        description=entry.text("description"),
        filters=entry.texts("filter"),
        aggregate=_aggregate(entry, model) if kind == "simple" and model is not None and "agg" in entry else None,
        inputs=tuple(_inputs(entry, kind)),
        expr=entry.text("expr"),
        window=entry.text("window") if kind == "cumulative" else None,
        grain_to_date=entry.word("grain_to_date"),
        period_agg=entry.word("period_agg"),
        conversion=_conversion(entry) if kind == "conversion" else None,
        granularity=entry.word("time_granularity"),
        fills=entry.text("fill_nulls_with"),
        hidden=entry.text("hidden") == "true",
        tags=config.texts("tags"),
        meta=config.within("meta").data,
    )


def _aggregate(entry: Entry, model: str) -> Aggregate:
    percentile = entry.text("percentile")
    return Aggregate(
        model=model,
        agg=entry.word("agg") or "",
        expr=entry.text("expr") or entry.needed("name"),
        time=entry.text("agg_time_dimension"),
        percentile=None if percentile is None else float(percentile),
        discrete=entry.word("percentile_type") == "discrete",
        non_additive=non_additive(entry, "window_agg", "group_by"),
    )


def _inputs(entry: Entry, kind: str) -> Iterator[Input]:
    keys = {"ratio": ("numerator", "denominator"), "cumulative": ("input_metric",)}.get(kind, ())
    yield from (_input(entry, key) for key in keys if key in entry)
    yield from (input_from(each) for each in entry.each("input_metrics", bare="name"))


def _input(entry: Entry, key: str) -> Input:
    if isinstance(entry.data.get(key), dict):
        return input_from(entry.within(key))
    return Input(entry.needed(key), entry.spot(key))


def _conversion(entry: Entry) -> Conversion:
    return Conversion(
        base=_input(entry, "base_metric"),
        conversion=_input(entry, "conversion_metric"),
        entity=entry.needed("entity"),
        window=entry.text("window"),
        calculation=entry.word("calculation") or "conversion_rate",
        constant="constant_properties" in entry,
    )
