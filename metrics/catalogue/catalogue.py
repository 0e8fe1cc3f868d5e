"""The definitions that hold together: looked up by name, versioned by content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from metrics.catalogue.definition import Input, Metric, Model, Table
from metrics.catalogue.expression import names
from metrics.catalogue.finding import suggest
from metrics.warehouse.tables import KNOWN, forecasts, operational

_KINDS: Mapping[str, type[sa.types.TypeEngine[Any]]] = {
    "text": sa.String, "integer": sa.BigInteger, "number": sa.Double, "date": sa.Date, "timestamp": sa.DateTime,
    "boolean": sa.Boolean,
}  # fmt: skip


class UnknownMetricError(KeyError):
    """A metric that the catalogue does not hold."""

    def __init__(self, metric: str, known: Iterable[str]) -> None:
        self.metric = metric
        self.message = f"There is no metric '{metric}'. {suggest(metric, known)}".strip()
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Place:
    """Where a definition stands. `shown` names the file where its name alone does not.

    Attributes:
        lines: path within the definition, such as `("numerator", "filter")`, to its line.
    """

    file: Path
    line: int
    shown: str = ""
    lines: Mapping[tuple[str | int, ...], int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        """Returns the file's name, with its folder where another file has the same."""
        return self.shown or self.file.name

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """Returns the line of a path within the definition, or of the nearest thing above it."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return self.line


@dataclass(frozen=True)
class Catalogue:
    """All models and metrics of a set of definition files, linted.

    Attributes:
        places: `model:name`, `metric:id` or `table:name` to where it is written.
        texts: metric id to its YAML as written.
        tables: the analysts' own tables, by name.
        unsound: `model:name`, `metric:id` and `table:name` of what is written but cannot be read, or stands twice.
    """

    models: Mapping[str, Model]
    metrics: Mapping[str, Metric]
    places: Mapping[str, Place]
    texts: Mapping[str, str]
    tables: Mapping[str, Table] = field(default_factory=dict)
    unsound: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[Metric]:
        return iter(self.metrics.values())

    def metric(self, metric_id: str) -> Metric:
        """Returns the metric.

        Raises:
            UnknownMetricError: with the nearest ids.
        """
        try:
            return self.metrics[metric_id]
        except KeyError:
            raise UnknownMetricError(metric_id, self.metrics) from None

    def table(self, name: str) -> sa.Table | None:
        """Returns the table of the warehouse, Bellwether's own or one that is declared; None when there is none."""
        return self._declared.get(name, KNOWN.get(name))

    def table_of(self, model: Model) -> sa.Table:
        """Returns the table that the model binds.

        Raises:
            KeyError: there is none; a linted catalogue has it.
        """
        found = self.table(model.table)
        if found is None:
            raise KeyError(model.table)
        return found

    def terms(self, metric: Metric) -> Mapping[str, Input]:
        """Returns each name in a derived metric's formula with the metric that it stands for."""
        if metric.formula is None:
            return {}
        return {name: metric.inputs.get(name, Input(metric=name)) for name in sorted(names(metric.formula))}

    def inputs(self, metric: Metric) -> tuple[Metric, ...]:
        """Returns the metrics that a metric is made of, each once: of a conversion the base metric first."""
        made_of = [metric.metric, metric.base_metric, metric.conversion_metric]
        made_of += [term.metric for term in self.terms(metric).values()]
        return tuple(self.metrics[name] for name in dict.fromkeys(made_of) if name is not None)

    def model_of(self, metric: Metric) -> Model:
        """Returns the model of the metric; of one made of others, the model of its first input."""
        if metric.model is not None:
            return self.models[metric.model]
        return self.model_of(self.inputs(metric)[0])

    def version_of(self, metric: Metric) -> str:
        """Returns the definition's version: it changes when what the number means can have changed."""
        if self.metrics.get(metric.id) is not metric:
            return self._made_version_of(metric)
        if metric.id not in self._versions:
            self._versions[metric.id] = self._made_version_of(metric)
        return self._versions[metric.id]

    def _made_version_of(self, metric: Metric) -> str:
        parts = [metric.model_dump_json(exclude_defaults=True, exclude={"tests", "chart", "phases", "twin"})]
        models = [metric.model, *(alternate.model for alternate in metric.alternates)]
        parts += [self._text_of(self.models[name]) for name in models if name is not None]
        parts += [self.version_of(each) for each in self.inputs(metric)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]

    def _text_of(self, model: Model) -> str:
        tables = [model.table, *(join.to for join in model.joins)]
        declared = [self.tables[name].model_dump_json(exclude_defaults=True) for name in tables if name in self.tables]
        return "\n".join([model.model_dump_json(exclude_defaults=True, exclude={"scope_change"}), *declared])

    @cached_property
    def without_own_records(self) -> Catalogue:
        """Returns the definitions of what others published: without trusts' own records and the record of forecasts."""
        return self.without_trusts_records.without_forecast_record

    @cached_property
    def without_trusts_records(self) -> Catalogue:
        """Returns the definitions without those of trusts' own records, for warehouses that hold none."""
        return self._without(operational.metadata.tables)

    @cached_property
    def without_forecast_record(self) -> Catalogue:
        """Returns the definitions without those of Bellwether's forecasts, for warehouses without their record."""
        return self._without(forecasts.metadata.tables)

    def _without(self, tables: Iterable[str]) -> Catalogue:
        left = frozenset(tables)
        out = {name for name, model in self.models.items() if model.table in left}
        gone: set[str] = set()
        while True:  # what is made of a metric that goes, goes too
            more = {each.id for each in self if each.id not in gone and self._needs(each, out, gone)}
            if not more:
                break
            gone |= more
        return replace(
            self,
            models={name: model for name, model in self.models.items() if name not in out},
            metrics={name: metric for name, metric in self.metrics.items() if name not in gone},
        )

    def _needs(self, metric: Metric, models: set[str], metrics: set[str]) -> bool:
        return metric.model in models or any(each.id in metrics for each in self.inputs(metric))

    @cached_property
    def _declared(self) -> Mapping[str, sa.Table]:
        own = sa.MetaData()
        return {name: _as_table(table, own) for name, table in self.tables.items()}

    @cached_property
    def _versions(self) -> dict[str, str]:
        return {}

    @cached_property
    def version(self) -> str:
        """Returns one version for all definitions."""
        joined = "".join(self.version_of(metric) for metric in self)
        return hashlib.sha256(joined.encode()).hexdigest()[:12]


def _as_table(table: Table, own: sa.MetaData) -> sa.Table:
    schema, _, name = table.name.rpartition(".")
    columns = (sa.Column(column, _KINDS[kind]()) for column, kind in table.columns.items())
    return sa.Table(name, own, *columns, schema=schema or None)
