"""Semantic models of MetricFlow as tables, models, joins and dimensions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from metrics.catalogue.definition import Model, NativeGrain
from metrics.catalogue.rules.models import RESULT_COLUMNS
from metrics.catalogue.rules.scope import LEVELS
from metrics.catalogue.rules.unfilled import FILL_IN
from metrics.interchange.metricflow_filters import Asked, Column, NotMappedError
from metrics.interchange.metricflow_project import Dimension, Entity, Project, SemanticModel
from metrics.interchange.metricflow_tables import Tables, is_column
from metrics.interchange.report import Note, Outcome

_GRAINS: dict[str, NativeGrain] = {
    "hour": "hour", "minute": "hour", "second": "hour", "millisecond": "hour", "microsecond": "hour",
    "nanosecond": "hour", "day": "day", "week": "week", "month": "month", "quarter": "quarter",
}  # fmt: skip
_FINE = ("hour", "minute", "second", "millisecond", "microsecond", "nanosecond")
_IDENTIFIER = re.compile(r"^[a-z][a-z0-9_]{0,59}$")
_TABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$")


def title_of(name: str, label: str | None = None) -> str:
    """Returns the label, or the name in words."""
    return label or name.replace("_", " ").strip().capitalize()


@dataclass(slots=True)
class Binder:
    """Turns semantic models into definitions, as metrics ask for them: one for each time dimension in use."""

    project: Project
    tables: Tables = field(default_factory=Tables)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)

    def model(self, name: str, time: str | None) -> str:
        """Returns the name of the model that counts the semantic model's rows by the time dimension.

        Raises:
            NotMappedError: there is no such semantic model, or its table or time cannot be said in a definition.
        """
        source = self.source(name)
        wanted = time or source.time
        if wanted is None:
            raise NotMappedError("its semantic model has no 'agg_time_dimension': when a row counts is not known.")
        made = name if wanted == source.time else f"{name}_by_{wanted}"
        if made not in self.models:
            if not _IDENTIFIER.match(made):
                raise NotMappedError(f"'{made}' is no name: lower-case letters, digits and _, at most 60.")
            self.models[made] = self._bound(made, source, self._time(source, wanted))
        return made

    def source(self, name: str) -> SemanticModel:
        """Returns the semantic model.

        Raises:
            NotMappedError: there is none of the name.
        """
        found = self.project.models.get(name)
        if found is None:
            raise NotMappedError(f"there is no semantic model '{name}' in the files.")
        if not _TABLE.match(found.table):
            raise NotMappedError(f"'{found.table}' is no table of at most one schema: make a view, and name that.")
        return found

    def definitions(self) -> list[Model]:
        """Returns the models that metrics asked for."""
        return [Model.model_validate(each) for each in self.models.values()]

    def grain(self, model: str) -> str:
        """Returns the native grain of a model that was made."""
        return str(self.models[model]["grain"])

    def _time(self, source: SemanticModel, name: str) -> Dimension:
        found = next((each for each in source.dimensions if each.name == name), None)
        if found is None:
            raise NotMappedError(f"its semantic model has no time dimension '{name}'.")
        if not is_column(found.expr):
            raise NotMappedError(f"the time dimension '{name}' is computed: make it a column of the table or view.")
        return found

    def _bound(self, made: str, source: SemanticModel, time: Dimension) -> dict[str, Any]:
        subject = f"semantic model {source.name}"
        key = key_of(source)
        title = title_of(source.name, source.label)
        self.tables.add(source, title, key)
        granularity = time.granularity or "day"
        if granularity not in _GRAINS:
            reason = f"periods of a {granularity} are none here: it is held by month, and asked for by financial year."
            self._note("not mapped", time, f"{subject}: {time.name}", reason)
        elif granularity in _FINE and granularity != "hour":
            self._note("changed", time, f"{subject}: {time.name}", f"held by hour, not by {granularity}.")
        self.tables.use(source.table, time.expr, "timestamp" if granularity in _FINE else "date")
        if self.tables.kind(source.table, time.expr) == "timestamp":
            reason = "its timestamps are taken to be UTC, and days to begin at midnight in Europe/London."
            self._note("changed", time, f"{subject}: {time.name}", reason)
        self._tell(source, key)
        joins, joined = self._joined(source)
        own = list(self._dimensions(source, time))
        return {
            "name": made,
            "title": title if made == source.name else f"{title}, by {title_of(time.name, time.label).lower()}",
            "table": source.table,
            "provenance": "operational",
            "grain": _GRAINS.get(granularity, "month"),
            "time": {"column": time.expr},
            "organisation": None,
            **({"primary_key": key} if key else {}),
            **({"joins": joins} if joins else {}),
            "dimensions": self._with_own_names(source, [*own, *joined]),
            "disclosure": "patient",
            "notes": [f"{FILL_IN}: provenance, disclosure and the column of the organisation are not known."],
        }

    def _tell(self, source: SemanticModel, key: tuple[str, ...]) -> None:
        """Notes, once for each semantic model, what every import has to say about it."""
        if source.name in self._told:
            return
        self._told.add(source.name)
        subject = f"semantic model {source.name}"
        self.notes.append(Note("mapped", source.spot, subject, f"the table {source.table} and a model of it."))
        reason = (
            "provenance (operational), disclosure (patient: small numbers are protected) and organisation (none) "
            "are placeholders. Say what they are, and remove the note of the model."
        )
        self.notes.append(Note("fill in", source.spot, subject, reason))
        if not key:
            reason = "no column is its primary entity: joins to it, and conversions from it, are not possible."
            self.notes.append(Note("changed", source.spot, subject, reason))

    def _dimensions(self, source: SemanticModel, time: Dimension) -> Iterator[dict[str, Any]]:
        for each in source.dimensions:
            where = f"semantic model {source.name}: dimension {each.name}"
            if each.type == "categorical" and is_column(each.expr) and not each.validity:
                self.tables.use(source.table, each.expr)
                yield {"name": each.name, "column": each.expr, "title": title_of(each.name, each.label)}
            elif each.validity:
                self._note("not mapped", each, where, "joins by validity have no counterpart: make a view as of today.")
            elif each.type == "categorical":
                self._note("not mapped", each, where, f"'{each.expr}' is computed: make it a column of a view.")
            elif each.name not in (time.name, *self._times(source)):
                reason = "a time that no metric is counted by is no dimension. It can be used in filters."
                self._note("changed", each, where, reason)

    def _times(self, source: SemanticModel) -> Iterator[str | None]:
        """Yields the time dimensions that metrics are counted by."""
        yield source.time
        for metric in self.project.metrics.values():
            if metric.aggregate is not None and metric.aggregate.model == source.name:
                yield metric.aggregate.time

    def _joined(self, source: SemanticModel) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Returns the joins to tables that say more about a row, and their dimensions."""
        joins: list[dict[str, Any]] = []
        dimensions: list[dict[str, Any]] = []
        for entity in source.entities:
            where = f"semantic model {source.name}: entity {entity.name}"
            if entity.type == "natural":
                self._note("not mapped", entity, where, "a natural key has no counterpart: make a view as of today.")
                continue
            for other, key in self._one_side(source, entity):
                if not is_column(entity.expr):
                    self._note("not mapped", entity, where, f"'{entity.expr}' is computed: make it a column of a view.")
                elif any(join["to"] == other.table for join in joins):
                    reason = f"the table {other.table} is joined already: make a view of another name."
                    self._note("not mapped", entity, where, reason)
                else:
                    self.tables.add(other, title_of(other.name, other.label), (key,))
                    self.tables.agree(source.table, entity.expr, other.table, key)
                    joins.append({"to": other.table, "keys": {entity.expr: key}})
                    dimensions += self._of_joined(entity, other)
        return joins, dimensions

    def _one_side(self, source: SemanticModel, entity: Entity) -> Iterator[tuple[SemanticModel, str]]:
        """Yields the semantic models of which a row meets at most one, with its key column."""
        for other in self.project.models.values():
            if other.name == source.name or other.table == source.table or not _TABLE.match(other.table):
                continue
            key = key_of(other)
            for each in other.entities:
                if each.name == entity.name and each.type in ("primary", "unique") and key == (each.expr,):
                    yield other, each.expr

    def _of_joined(self, entity: Entity, other: SemanticModel) -> Iterator[dict[str, Any]]:
        for each in other.dimensions:
            if each.type == "categorical" and is_column(each.expr) and not each.validity:
                self.tables.use(other.table, each.expr)
                yield {
                    "name": f"{entity.name}_{each.name}",
                    "column": each.expr,
                    "title": title_of(each.name, each.label),
                    "join": other.table,
                }

    def _with_own_names(self, source: SemanticModel, dimensions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Returns the dimensions, those whose names are taken with another."""
        named: dict[str, dict[str, Any]] = {}
        for each in dimensions:
            where = f"semantic model {source.name}: dimension {each['name']}"
            taken = each["name"] in (*RESULT_COLUMNS, *LEVELS, *named)
            name = f"{each['name']}_name" if taken else each["name"]
            if name in named or not _IDENTIFIER.match(name):
                self._note("not mapped", source, where, "its name is taken or no name. Rename it there.")
                continue
            if taken:
                self._note("changed", source, where, f"it is called '{name}': the name is that of a level or column.")
            named[name] = {**each, "name": name}
        return list(named.values())

    def _note(self, outcome: Outcome, at: Entity | Dimension | SemanticModel, subject: str, reason: str) -> None:
        note = Note(outcome, at.spot, subject, reason)
        if note not in self.notes:
            self.notes.append(note)

    def resolve(self, name: str, time: str | None, asked: Asked) -> Column:
        """Returns the column that a filter names in `{{ ... }}`, for rows of the semantic model.

        Raises:
            NotMappedError: it is no column of the model's own table.
        """
        source = self.source(name)
        written = f"{{{{ {asked.written} }}}}"
        if asked.kind == "Metric":
            raise NotMappedError(
                f"{written}: a filter over a metric has no counterpart. Put it into the table or view."
            )
        if not asked.plain:
            raise NotMappedError(f"{written} is more than a column. Put it into the table or view.")
        if asked.kind == "Entity":
            entity = next((each for each in source.entities if each.name == asked.name), None)
            if entity is None or not is_column(entity.expr):
                raise NotMappedError(f"{written}: there is no such column in '{name}'.")
            return Column(entity.expr)
        found = self._dimension_of(source, time, asked.name, written)
        if found.type != "time":
            return Column(found.expr)
        return self._time_column(source, found, asked, written)

    def _dimension_of(self, source: SemanticModel, time: str | None, name: str, written: str) -> Dimension:
        *path, last = name.split("__")
        if not path and last == "metric_time":
            return self._time(source, time or source.time or "")
        own = [source.primary_entity, *(each.name for each in source.entities if each.type in ("primary", "unique"))]
        if len(path) != 1 or path[0] not in own:
            raise NotMappedError(
                f"{written} is in a joined table, and filters see the model's own. Make a view of both."
            )
        found = next((each for each in source.dimensions if each.name == last), None)
        if found is None:
            raise NotMappedError(f"{written}: '{source.name}' has no dimension '{last}'.")
        if not is_column(found.expr):
            raise NotMappedError(f"{written}: '{found.expr}' is computed. Make it a column of the table or view.")
        return found

    def _time_column(self, source: SemanticModel, found: Dimension, asked: Asked, written: str) -> Column:
        granularity = found.granularity or "day"
        if granularity in _FINE or asked.grain not in (None, granularity):
            raise NotMappedError(f"{written} is cut to a {asked.grain or granularity}. Put it into the table or view.")
        self.tables.use(source.table, found.expr, "date")
        if self.tables.kind(source.table, found.expr) != "date":
            raise NotMappedError(f"{written} is a timestamp, whose day depends on a zone. Put the day into the table.")
        return Column(found.expr, is_date=True)


def key_of(source: SemanticModel) -> tuple[str, ...]:
    """Returns the column that tells rows apart; nothing when none is known."""
    for kind in ("primary", "unique"):
        found = [each.expr for each in source.entities if each.type == kind and is_column(each.expr)]
        if found:
            return (found[0],)
    return ()
