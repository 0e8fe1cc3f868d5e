"""dbt MetricFlow YAML, in its legacy and its current form, as definition files, with a report of what did not map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from metrics.catalogue import Catalogue, Metric, Model, Place, Table
from metrics.catalogue.rules import RULES, Fault
from metrics.interchange.metricflow_metrics import Mapper, described
from metrics.interchange.metricflow_models import Binder
from metrics.interchange.metricflow_project import MetricFlowError
from metrics.interchange.metricflow_reading import read
from metrics.interchange.report import Note, Spot

# What units are is for the reader to say; until then they need not go together.
_FILLED_IN_LATER = ("E055",)
_HEADER = (
    "# Read from MetricFlow. What it has no word for says FILL IN, or has a tag that starts with fill-in-:\n"
    "# `bellwether check` lists it.\n"
)


__all__ = ["Imported", "MetricFlowError", "read_project"]


@dataclass(frozen=True, slots=True)
class Imported:
    """Definitions that keep to every rule, and what became of everything that was read."""

    tables: tuple[Table, ...]
    models: tuple[Model, ...]
    metrics: tuple[Metric, ...]
    notes: tuple[Note, ...]

    @property
    def is_whole(self) -> bool:
        """Returns whether everything mapped."""
        return not any(note.outcome == "not mapped" for note in self.notes)

    def as_yaml(self) -> str:
        """Returns the definitions as a definition file."""
        document = {
            name: [_written(each) for each in found]
            for name, found in (("tables", self.tables), ("models", self.models), ("metrics", self.metrics))
        }
        return _HEADER + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)


def _written(definition: BaseModel) -> dict[str, Any]:
    return definition.model_dump(mode="json", exclude_unset=True)


def read_project(paths: Iterable[Path]) -> Imported:
    """Returns the definitions of the files, and of the YAML files in the folders.

    Raises:
        MetricFlowError: a file cannot be read as MetricFlow YAML; it names file and line.
        FileNotFoundError: a path is not there.
    """
    project = read(paths)
    binder = Binder(project)
    mapper = Mapper(project, binder)
    mapper.map_all()
    sources = {each.table: each.spot for each in project.models.values()}
    settling = _Settling(mapper.spots, sources | {each.name: each.spot for each in project.models.values()})
    for body in described(mapper.made):
        settling.take(body)
    settling.models = {model.name: model for model in binder.definitions()}
    settling.tables = {table.name: table for table in binder.tables.definitions()}
    settling.settle()
    kept = {f"metric {name}" for name in settling.metrics}
    notes = [
        *project.notes,
        *binder.notes,
        *binder.tables.notes(),
        *(note for note in mapper.notes if note.outcome == "not mapped" or note.subject in kept),
        *settling.notes,
    ]
    return Imported(
        tuple(settling.tables.values()),
        tuple(settling.models.values()),
        tuple(settling.metrics.values()),
        tuple(sorted(notes, key=lambda note: (note.spot.file, note.spot.line, note.subject))),
    )


@dataclass(slots=True)
class _Settling:
    """Definitions out of which everything is taken that breaks a rule: nothing unsound is written."""

    spots: Mapping[str, Spot]
    sources: Mapping[str, Spot]
    tables: dict[str, Table] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def take(self, body: dict[str, Any]) -> None:
        """Takes a metric in, if it is one by itself."""
        name = body["id"]
        try:
            self.metrics[name] = Metric.model_validate(body)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            self._drop(name, f"'{key}': {str(first['msg']).removeprefix('Value error, ')}.")

    def settle(self) -> None:
        """Takes out what breaks a rule, until nothing does."""
        while True:
            self._prune()
            faults = list(self._faults())
            if not faults:
                return
            for code, fault in faults:
                self._mend(code, fault)

    def _prune(self) -> None:
        used = {metric.model for metric in self.metrics.values()}
        self.models = {name: model for name, model in self.models.items() if name in used}
        tables = {model.table for model in self.models.values()}
        tables |= {join.to for model in self.models.values() for join in model.joins}
        self.tables = {name: table for name, table in self.tables.items() if name in tables}

    def _faults(self) -> Iterator[tuple[str, Fault]]:
        """Yields a fault of the first table or model that has any, for others may follow; else one of each metric."""
        subjects = [f"table:{name}" for name in self.tables]
        subjects += [f"model:{name}" for name in self.models]
        subjects += [f"metric:{name}" for name in self.metrics]
        place = Place(Path("imported.yml"), 1)
        catalogue = Catalogue(
            self.models, self.metrics, dict.fromkeys(subjects, place), dict.fromkeys(self.metrics, ""), self.tables
        )
        errors = [rule for rule in RULES if rule.severity == "error" and rule.code not in _FILLED_IN_LATER]
        found = [(rule.code, fault) for rule in errors for fault in rule.faults(catalogue)]
        first = {fault.subject: (code, fault) for code, fault in reversed(found)}
        faulty = [subject for subject in subjects if subject in first]
        alone = faulty[:1] if faulty and not faulty[0].startswith("metric:") else faulty
        yield from (first[subject] for subject in alone)

    def _mend(self, code: str, fault: Fault) -> None:
        kind, name = fault.subject.split(":", 1)
        reason = f"{fault.message} {fault.fix}".strip() + f" ({code})"
        if kind == "metric":
            del self.metrics[name]
            self._drop(name, reason)
        elif kind == "table":
            del self.tables[name]
            self.notes.append(Note("not mapped", self._source(name), f"table {name}", reason))
        else:
            self._mend_model(name, fault, reason)

    def _mend_model(self, name: str, fault: Fault, reason: str) -> None:
        model = self.models[name]
        match fault.path:
            case ("dimensions", int() as index, *_):
                kept = (*model.dimensions[:index], *model.dimensions[index + 1 :])
                self._replace(model, {"dimensions": kept})
            case ("joins", int() as index, *_):
                gone = model.joins[index].to
                kept_joins = (*model.joins[:index], *model.joins[index + 1 :])
                dimensions = tuple(each for each in model.dimensions if each.join != gone)
                self._replace(model, {"joins": kept_joins, "dimensions": dimensions})
            case _:
                del self.models[name]
                for metric in [each for each in self.metrics.values() if each.model == name]:
                    del self.metrics[metric.id]
                    self._drop(metric.id, f"its model '{name}' did not map.")
        self.notes.append(Note("not mapped", self._source(name), f"semantic model {name}", reason))

    def _replace(self, model: Model, changes: Mapping[str, Sequence[Any]]) -> None:
        self.models[model.name] = model.model_copy(update=dict(changes))

    def _drop(self, metric: str, reason: str) -> None:
        self.notes.append(Note("not mapped", self.spots[metric], f"metric {metric}", reason))

    def _source(self, name: str) -> Spot:
        """Returns where the semantic model of a model or a table stands; a model can be one by another time."""
        named = [key for key in self.sources if f"{name}_by_".startswith(f"{key}_by_")]
        return self.sources[max(named, key=len)]
