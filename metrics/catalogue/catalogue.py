"""The definitions that hold together: looked up by name, versioned by content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from metrics.catalogue.definition import Metric, Model
from metrics.catalogue.expression import names
from metrics.catalogue.finding import suggest


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
    """Where a definition stands."""

    file: Path
    line: int


@dataclass(frozen=True)
class Catalogue:
    """All models and metrics of a set of definition files, linted.

    Attributes:
        places: `model:name` or `metric:id` to where it is written.
        texts: metric id to its YAML as written.
    """

    models: Mapping[str, Model]
    metrics: Mapping[str, Metric]
    places: Mapping[str, Place]
    texts: Mapping[str, str]

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

    def inputs(self, metric: Metric) -> tuple[Metric, ...]:
        """Returns the metrics that a derived metric is made of, in order of their ids."""
        if metric.formula is None:
            return ()
        return tuple(self.metrics[name] for name in sorted(names(metric.formula)))

    def model_of(self, metric: Metric) -> Model:
        """Returns the model of the metric; of a derived one, the model of its first input."""
        if metric.model is not None:
            return self.models[metric.model]
        return self.model_of(self.inputs(metric)[0])

    def version_of(self, metric: Metric) -> str:
        """Returns the definition's version: it changes when what the number means can have changed."""
        parts = [metric.model_dump_json()]
        if metric.model is not None:
            parts.append(self.models[metric.model].model_dump_json())
        parts += [self.models[alternate.model].model_dump_json() for alternate in metric.alternates]
        parts += [self.version_of(each) for each in self.inputs(metric)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]

    @cached_property
    def version(self) -> str:
        """Returns one version for all definitions."""
        joined = "".join(self.version_of(metric) for metric in self)
        return hashlib.sha256(joined.encode()).hexdigest()[:12]
