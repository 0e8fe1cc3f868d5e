"""The catalogue as an Apache Ossie (incubating) semantic model, core specification 0.2.0.dev0.

A model is a dataset, a dimension a field, a part of a metric a computed field, and a metric the aggregate of its parts.
Our own keys go along as custom extensions, so that `metrics.interchange.ossie_reading` finds every definition again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
import yaml
from sqlglot import exp

from metrics.catalogue import Catalogue, Metric, Model, Part
from metrics.catalogue.expression import names
from metrics.interchange.losses import EVERY_METRIC, Kind, Loss
from metrics.interchange.ossie_sql import Fact, NotExpressibleError, Written, texts, written

VERSION = "0.2.0.dev0"
VENDOR = "BELLWETHER"
ORGANISATIONS = "dim_organisation"

GOVERNANCE = Kind(
    "OSS01",
    "Owner, unit, direction, targets, benchmark, capability and golden numbers are kept in custom_extensions only.",
    "The specification has no words for them.", "Read the extension of the vendor BELLWETHER.",
)  # fmt: skip
COVERAGE = Kind(
    "OSS02", "Rules of coverage, maturity, disclosure and provenance are kept in custom_extensions only.",
    "The specification does not say when a number is complete, final or too small to show.",
    "Check the status of a period in Bellwether before using its number.",
)  # fmt: skip
MERGERS = Kind(
    "OSS03", "Organisations are joined by the code as published, and mergers are not followed.",
    "Which organisation answers for a code depends on a date, which a relationship cannot hold.",
    "Join dim_organisation_identity for the day that counts.",
)  # fmt: skip
OVERLAPS = Kind(
    "OSS04", "Where a table holds rows of England or a region beside those of organisations, both are summed.",
    "Which rows to leave out depends on the level and the period that are asked for.",
    "Keep the rows of one org_type of dim_organisation.",
)  # fmt: skip
FILTER = Kind(
    "OSS05", "The filter of the model is written into each computed field.", "A dataset has no filter.",
    "None is needed for metrics; filter other queries of the dataset alike.",
)  # fmt: skip
LEVEL = Kind(
    "OSS06", "The value is null when a query spans several periods.",
    "The specification has no metric that is not summed over time; a null is better than a sum.",
    "Group by the time field.",
)  # fmt: skip
INDEX = Kind(
    "OSS07", "The value is null when a query spans several rows.",
    "An index is shown as published and never aggregated.", "Group by the time field and the organisation.",
)  # fmt: skip
LEFT_OUT = Kind(
    "OSS08", "The metric is in custom_extensions only.", "It is no single aggregate expression.",
    "Ask Bellwether for it.",
)  # fmt: skip
ALTERNATES = Kind(
    "OSS09", "Only the main model answers.", "A metric has one expression.",
    "Ask Bellwether for splits that the main model lacks.",
)  # fmt: skip
LABELS = Kind(
    "OSS10", "Labels of codes are kept in custom_extensions only.", "A field has no list of values.",
    "Read the extension of the field.",
)  # fmt: skip
ACROSS = Kind(
    "OSS11", "The expression is over datasets that no relationship joins.",
    "Relationships are of many to one, and these are of many to many.",
    "Aggregate each dataset by itself, then combine.",
)  # fmt: skip
ZONE = Kind(
    "OSS12", "Days of a timestamp begin at midnight of UTC.", "A field has no time zone.",
    "Turn the timestamp into Europe/London time before grouping by day.",
)  # fmt: skip
PERCENTILE = Kind(
    "OSS13", "There is no expression in BigQuery's dialect.", "Its PERCENTILE_CONT is no aggregate function.",
    "Use APPROX_QUANTILES there, which is approximate.",
)  # fmt: skip
ROUNDING = Kind(
    "OSS14", "round, greatest and least are the database's own.",
    "Databases differ in halves and in nulls, which Bellwether evens out.", "Check them on the database in use.",
)  # fmt: skip
KINDS = (
    GOVERNANCE, COVERAGE, MERGERS, OVERLAPS, FILTER, LEVEL, INDEX, LEFT_OUT, ALTERNATES, LABELS, ACROSS, ZONE,
    PERCENTILE, ROUNDING,
)  # fmt: skip

_TYPES: tuple[tuple[type[sa.types.TypeEngine[Any]], str], ...] = (
    (sa.Boolean, "Boolean"), (sa.Integer, "Integer"), (sa.Float, "Float"), (sa.Numeric, "Decimal"),
    (sa.DateTime, "DateTime"), (sa.Date, "Date"), (sa.String, "String"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Export:
    """An Ossie document as plain data, and what it could not say."""

    document: Mapping[str, Any]
    losses: tuple[Loss, ...]

    def as_yaml(self) -> str:
        """Returns the document as YAML."""
        return yaml.safe_dump(dict(self.document), sort_keys=False, allow_unicode=True, width=120)


@dataclass(slots=True)
class _Wanted:
    """What is exported: metrics, those they are made of, and the models that answer them."""

    metrics: dict[str, Metric] = field(default_factory=dict)
    written: dict[str, Written] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)

    def facts(self, model: Model) -> dict[str, Fact]:
        return {fact.name: fact for each in self.written.values() for fact in each.facts if fact.dataset == model.name}


def export(catalogue: Catalogue, metrics: Iterable[str] = (), name: str = "bellwether") -> Export:
    """Returns the metrics (all when none is named) with what they are made of, as an Ossie semantic model.

    Raises:
        UnknownMetricError: an id that the catalogue does not hold.
    """
    wanted = _Wanted()
    for metric in [catalogue.metric(each) for each in dict.fromkeys(metrics)] or list(catalogue):
        _take(catalogue, metric, wanted)
    losses = [Loss(kind, EVERY_METRIC) for kind in (GOVERNANCE, COVERAGE)]
    tables = _joined_tables(catalogue, wanted.models.values())
    left_out = [metric for metric in wanted.metrics.values() if metric.id not in wanted.written]
    semantic_model = {
        "name": name,
        "description": "Metrics of healthcare, as Bellwether defines them.",
        "datasets": [
            *(_dataset(catalogue, model, wanted, losses) for model in wanted.models.values()),
            *(_table(each, columns, catalogue) for each, columns in tables.items()),
        ],
        "relationships": [each for model in wanted.models.values() for each in _relationships(model, losses)],
        "metrics": [
            _metric(catalogue, metric, wanted.written[metric.id], losses)
            for metric in wanted.metrics.values()
            if metric.id in wanted.written
        ],
        "custom_extensions": _extension(
            {
                "tables": [_kept(table) for table in catalogue.tables.values()],
                "left_out": [_kept(metric) for metric in left_out],
            }
        ),
    }
    losses += [Loss(LEFT_OUT, f"metric {metric.id}: {wanted.reasons[metric.id]}") for metric in left_out]
    # Through JSON, so that names are plain text and nothing is shared.
    document: dict[str, Any] = json.loads(json.dumps({"version": VERSION, "semantic_model": [semantic_model]}))
    return Export(document, tuple(losses))


def _take(catalogue: Catalogue, metric: Metric, wanted: _Wanted) -> None:
    if metric.id in wanted.metrics:
        return
    for each in catalogue.inputs(metric):
        _take(catalogue, each, wanted)
    wanted.metrics[metric.id] = metric
    named = [metric.model, *(alternate.model for alternate in metric.alternates)]
    wanted.models |= {model: catalogue.models[model] for model in named if model is not None}
    try:
        wanted.written[metric.id] = written(catalogue, metric)
    except NotExpressibleError as error:
        wanted.reasons[metric.id] = str(error)


def _dataset(catalogue: Catalogue, model: Model, wanted: _Wanted, losses: list[Loss]) -> dict[str, Any]:
    table = catalogue.table_of(model)
    fields = dict(_fields(model, table, losses))
    facts = wanted.facts(model)
    used = {column for fact in facts.values() for column in _columns_of(fact)}
    for column in sorted(used - fields.keys()):
        fields[column] = _plain(column, table)
    for fact in facts.values():
        fields[fact.name] = {
            "name": fact.name,
            "expression": _expression(fact.tree),
            "description": fact.words,
        }
    if model.filter:
        losses.append(Loss(FILTER, f"model {model.name}: filter"))
    key = list(model.primary_key) or [column.name for column in table.primary_key]
    return {
        "name": model.name,
        "source": model.table,
        **({"primary_key": key} if key else {}),
        "description": model.title,
        **({"ai_context": {"instructions": " ".join(model.notes)}} if model.notes else {}),
        "fields": list(fields.values()),
        "custom_extensions": _extension(_kept(model)),
    }


def _fields(model: Model, table: sa.Table, losses: list[Loss]) -> Iterator[tuple[str, dict[str, Any]]]:
    time = table.c[model.time.column]
    yield time.name, {**_plain(time.name, table), "dimension": {"is_time": True}}
    if isinstance(time.type, sa.DateTime):
        losses.append(Loss(ZONE, f"model {model.name}: time"))
    if model.organisation is not None:
        yield (
            model.organisation,
            {**_plain(model.organisation, table), "label": "Organisation", "dimension": {"is_time": False}},
        )
    columns = [*model.primary_key, *(own for join in model.joins for own in join.keys)]
    columns += model.bins.columns.values() if model.bins else []
    for column in columns:
        yield column, _plain(column, table)
    for dimension in model.dimensions:
        if dimension.join is not None:
            continue
        if dimension.labels or dimension.lookup:
            losses.append(Loss(LABELS, f"model {model.name}: dimension {dimension.name}"))
        yield (
            dimension.name,
            {
                "name": dimension.name,
                "expression": _expression(exp.column(dimension.column)),
                "dimension": {"is_time": False},
                "label": dimension.title,
                "datatype": _type(table.c[dimension.column]),
                **({"custom_extensions": _extension({"labels": dimension.labels})} if dimension.labels else {}),
            },
        )


def _plain(column: str, table: sa.Table) -> dict[str, Any]:
    return {"name": column, "expression": _expression(exp.column(column)), "datatype": _type(table.c[column])}


def _type(column: sa.Column[Any]) -> str:
    return next((name for kind, name in _TYPES if isinstance(column.type, kind)), "Opaque")


def _columns_of(fact: Fact) -> set[str]:
    return {column.name for column in fact.tree.find_all(exp.Column)}


def _joined_tables(catalogue: Catalogue, models: Iterable[Model]) -> dict[str, dict[str, None]]:
    """Returns the tables that models are joined to, with the columns that are used."""
    found: dict[str, dict[str, None]] = {}
    for model in models:
        if model.organisation is not None:
            known = catalogue.table(ORGANISATIONS)
            found[ORGANISATIONS] = dict.fromkeys(known.columns.keys()) if known is not None else {}
        for join in model.joins:
            columns = found.setdefault(join.to, {})
            columns |= dict.fromkeys(join.keys.values())
            columns |= dict.fromkeys(each.column for each in model.dimensions if each.join == join.to)
    return found


def _table(name: str, columns: Iterable[str], catalogue: Catalogue) -> dict[str, Any]:
    table = catalogue.table(name)
    if table is None:  # linted: a join names a table that is there
        raise KeyError(name)
    key = ["org_code"] if name == ORGANISATIONS else [column.name for column in table.primary_key]
    if name in catalogue.tables:
        key = list(catalogue.tables[name].primary_key)
    return {
        "name": _joined_name(name),
        "source": name,
        **({"primary_key": key} if key else {}),
        "fields": [{**_plain(column, table), "dimension": {"is_time": False}} for column in columns],
    }


def _joined_name(table: str) -> str:
    return f"{table.replace('.', '_')}_joined" if table != ORGANISATIONS else table


def _relationships(model: Model, losses: list[Loss]) -> Iterator[dict[str, Any]]:
    if model.organisation is not None:
        losses += [Loss(kind, f"model {model.name}: organisation") for kind in (MERGERS, OVERLAPS)]
        yield {
            "name": f"{model.name}_to_{ORGANISATIONS}",
            "from": model.name,
            "to": ORGANISATIONS,
            "from_columns": [model.organisation],
            "to_columns": ["org_code"],
        }
    for join in model.joins:
        yield {
            "name": f"{model.name}_to_{_joined_name(join.to)}",
            "from": model.name,
            "to": _joined_name(join.to),
            "from_columns": list(join.keys),
            "to_columns": list(join.keys.values()),
        }


def _metric(catalogue: Catalogue, metric: Metric, found: Written, losses: list[Loss]) -> dict[str, Any]:
    where = f"metric {metric.id}"
    if metric.alternates:
        losses.append(Loss(ALTERNATES, f"{where}: alternates"))
    if metric.type == "index":
        losses.append(Loss(INDEX, f"{where}: expression"))
    elif metric.type == "percentile":
        losses.append(Loss(PERCENTILE, f"{where}: expression"))
    elif found.tree.find(exp.Distinct) is not None and metric.combines_over_time != "sum":
        losses.append(Loss(LEVEL, f"{where}: expression"))
    if any(fact.tree.find(exp.Round, exp.Greatest, exp.Least) is not None for fact in found.facts):
        losses.append(Loss(ROUNDING, f"{where}: expr"))
    if len(found.datasets) > 1:
        losses.append(Loss(ACROSS, f"{where}: formula"))
    words = [part.words for part in (metric.numerator, metric.denominator) if part is not None]
    said = [metric.interpretation, f"Numerator: {words[0]}. Denominator: {words[1]}." if len(words) == 2 else None]
    instructions = " ".join(filter(None, said))
    return {
        "name": metric.id,
        "expression": _expression(found.tree),
        "description": metric.description,
        "datatype": _datatype(catalogue, metric),
        "ai_context": {
            "synonyms": list(dict.fromkeys([metric.title, *([metric.short_title] if metric.short_title else [])])),
            **({"instructions": instructions} if instructions else {}),
        },
        "custom_extensions": _extension(_kept(metric)),
    }


def _datatype(catalogue: Catalogue, metric: Metric) -> str:
    part: Part | None = metric.measure
    if part is None or metric.type in ("percentile", "index") or metric.type == "derived":
        return "Float"
    if part.agg in ("count", "count_distinct"):
        return "Integer"
    table = catalogue.table_of(catalogue.model_of(metric))
    whole = all(isinstance(table.c[column].type, sa.Integer) for column in names(part.expr))
    return "Integer" if whole and part.agg != "mean" and "/" not in part.expr else "Float"


def _expression(tree: exp.Expr) -> dict[str, Any]:
    return {"dialects": [{"dialect": name, "expression": text} for name, text in texts(tree).items()]}


def _kept(definition: Any) -> dict[str, Any]:
    kept: dict[str, Any] = definition.model_dump(mode="json", exclude_unset=True)
    return kept


def _extension(data: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"vendor_name": VENDOR, "data": json.dumps(data, ensure_ascii=False)}]
