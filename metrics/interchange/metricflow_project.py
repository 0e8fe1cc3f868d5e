"""A MetricFlow project, whichever form it is written in: semantic models and the metrics over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from metrics.interchange.report import Note, Spot

# What makes a metric of a measure in the legacy form.
MAKE_METRIC = "add 'create_metric: true' to it, or write a simple metric of it"


class MetricFlowError(ValueError):
    """A file that cannot be read as MetricFlow YAML. The message names file and line."""

    def __init__(self, spot: Spot, message: str) -> None:
        self.spot = spot
        super().__init__(f"{spot}: {message}")


@dataclass(frozen=True, slots=True)
class Entity:
    """A join key: `primary`, `unique`, `foreign` or `natural`. `expr` is its column, or more."""

    name: str
    type: str
    expr: str
    spot: Spot


@dataclass(frozen=True, slots=True)
class Dimension:
    """A column to split by (`categorical`), or one of dates or timestamps (`time`) with its granularity."""

    name: str
    type: str
    expr: str
    spot: Spot
    label: str | None = None
    granularity: str | None = None
    validity: bool = False


@dataclass(frozen=True, slots=True)
class SemanticModel:
    """A table with its keys and dimensions.

    Attributes:
        time: the default time dimension of what is aggregated.
        columns: column to the type that the project declares; empty text where it declares none.
        not_null: columns that the project tests to hold no nulls.
    """

    name: str
    table: str
    spot: Spot
    label: str | None = None
    description: str | None = None
    time: str | None = None
    primary_entity: str | None = None
    entities: tuple[Entity, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    not_null: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class NonAdditive:
    """The time dimension that an amount is not added over: `min` keeps the first of a period, `max` the last."""

    name: str
    keeps: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What a simple metric aggregates of a semantic model's rows."""

    model: str
    agg: str
    expr: str
    time: str | None = None
    percentile: float | None = None
    discrete: bool = False
    approximate: bool = False
    non_additive: NonAdditive | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """A metric that another is made of."""

    name: str
    spot: Spot
    filters: tuple[str, ...] = ()
    alias: str | None = None
    offset_window: str | None = None
    offset_to_grain: str | None = None


@dataclass(frozen=True, slots=True)
class Conversion:
    """Rows of one metric that led to rows of another, of the same entity, within a window."""

    base: Input
    conversion: Input
    entity: str
    window: str | None
    calculation: str
    constant: bool = False


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric; `aggregate` is there for simple ones, `inputs` for those made of others.

    Attributes:
        inputs: the numerator and the denominator of a ratio; what a cumulative metric accumulates.
        fills: what stands where there are no rows.
        meta: free keys of the project.
    """

    name: str
    type: str
    spot: Spot
    label: str | None = None
    description: str | None = None
    filters: tuple[str, ...] = ()
    aggregate: Aggregate | None = None
    inputs: tuple[Input, ...] = ()
    expr: str | None = None
    window: str | None = None
    grain_to_date: str | None = None
    period_agg: str | None = None
    conversion: Conversion | None = None
    granularity: str | None = None
    fills: str | None = None
    hidden: bool = False
    tags: tuple[str, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Project:
    """Everything that was read, by name, and what was seen that has no place in it.

    Attributes:
        measures: the names of the legacy form's measures; those that make metrics are among `metrics` too.
    """

    models: dict[str, SemanticModel] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)
    measures: set[str] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
