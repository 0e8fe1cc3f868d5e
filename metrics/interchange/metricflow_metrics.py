"""Metrics of MetricFlow as metrics of ours: each type by what it computes, and what it cannot say is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import exp

from metrics.catalogue.definition import Unit
from metrics.catalogue.expression import ExpressionError, names, parse
from metrics.catalogue.rules.unfilled import FILL_IN, FILL_IN_TAG
from metrics.catalogue.window import parse_window
from metrics.interchange.metricflow_filters import NotMappedError
from metrics.interchange.metricflow_models import Binder, title_of
from metrics.interchange.metricflow_project import MAKE_METRIC, Input, Metric, Project
from metrics.interchange.metricflow_rows import Rows
from metrics.interchange.metricflow_tables import is_column
from metrics.interchange.report import Note, Outcome, Spot

_IDENTIFIER = re.compile(r"^[a-z][a-z0-9_]{0,59}$")
# What our keys are called in a metric's `config: {meta: {bellwether: ...}}`: what MetricFlow has no word for.
META_KEYS = ("capability", "wgll", "unit", "noun", "decimals", "direction", "owner", "source", "interpretation")
_ASKED_FOR = ("owner", "source", "capability", "direction", "unit")
_TO_DATE = ("week", "month", "quarter")


@dataclass(slots=True)
class Mapper:
    """Maps metrics as they are asked for, what each is made of first."""

    project: Project
    binder: Binder
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    spots: dict[str, Spot] = field(default_factory=dict)
    _failed: dict[str, str] = field(default_factory=dict)
    _under_way: list[str] = field(default_factory=list)

    def map_all(self) -> None:
        """Maps every metric of the project, and notes what became of it."""
        for metric in self.project.metrics.values():
            if metric.name not in self.made and metric.name not in self._failed:
                self._try(metric)

    def _try(self, metric: Metric) -> None:
        before = set(self.made)
        try:
            self._map(metric)
        except NotMappedError as error:
            # What was made for its sake goes with it; what it is made of stays.
            helpers = self.made.keys() - before - self.project.metrics.keys()
            for name in helpers:
                del self.made[name]
            gone = {f"metric {name}" for name in (metric.name, *helpers)}
            self.notes[:] = [note for note in self.notes if note.subject not in gone]
            self._failed[metric.name] = str(error)
            self._note("not mapped", metric, str(error))

    def _note(self, outcome: Outcome, metric: Metric, reason: str) -> None:
        note = Note(outcome, metric.spot, f"metric {metric.name}", reason)
        if note not in self.notes:
            self.notes.append(note)

    def _needed(self, given: Input, filters: tuple[str, ...] = ()) -> Metric:
        """Returns the metric that another is made of, with the filters that it is used with, once it is mapped.

        Raises:
            NotMappedError: there is none, it did not map, or it is made of itself.
        """
        metric = self._flow(given)
        if metric.name in self._under_way:
            raise NotMappedError(f"it is made of itself, by way of '{metric.name}'.")
        if metric.name not in self.made and metric.name not in self._failed:
            self._try(metric)
        if metric.name in self._failed:
            raise NotMappedError(f"it is made of '{metric.name}', which did not map.")
        every = (*given.filters, *filters)
        return metric if not every else replace(metric, filters=(*metric.filters, *every))

    def _flow(self, given: Input) -> Metric:
        found = self.project.metrics.get(given.name)
        if found is None and given.name in self.project.measures:
            raise NotMappedError(f"'{given.name}' is a measure, not a metric: {MAKE_METRIC}.")
        if found is None:
            raise NotMappedError(f"there is no metric or measure '{given.name}' in the files.")
        return found

    def _id_of(self, metric: Metric, owner: Metric, name: str) -> str:
        """Returns the id of a metric, which is made for this use where it stands under no name: with a filter."""
        plain = self.project.metrics[metric.name]
        if metric.filters == plain.filters:
            return metric.name
        wanted = name if name not in self.project.metrics else f"{owner.name}_{name}"
        alike = {key for key, value in self.made.items() if value.get("_flow") == metric}
        if alike:
            return min(alike)
        if wanted in self.made:
            wanted = f"{owner.name}_{wanted}"
        label = f"{title_of(metric.name, metric.label)}, of {title_of(owner.name, owner.label)}"
        helper = replace(metric, name=wanted, label=label, hidden=True, spot=owner.spot)
        self._map(helper)
        self.made[wanted]["_flow"] = metric
        self._note("changed", owner, f"'{metric.name}' with its filter is a metric of its own, '{wanted}'.")
        return wanted

    def _map(self, metric: Metric) -> None:
        if not _IDENTIFIER.match(metric.name):
            raise NotMappedError("its name is none here: lower-case letters, digits and _, at most 60.")
        self._under_way.append(metric.name)
        try:
            kind = {
                "simple": self._simple, "ratio": self._ratio, "derived": self._derived,
                "cumulative": self._cumulative, "conversion": self._conversion,
            }.get(metric.type)  # fmt: skip
            if kind is None:
                raise NotMappedError(f"the type '{metric.type}' is not known.")
            body = kind(metric)
        finally:
            self._under_way.pop()
        said, missing = self._said(metric, body)
        self.made[metric.name] = {**said, **body}
        self.spots[metric.name] = metric.spot
        self._note("mapped", metric, f"a {body['type']} metric.")
        if missing:
            self._note("fill in", metric, f"{', '.join(missing)}: placeholders, for MetricFlow has no word for them.")
        if metric.granularity is not None:
            self._note("changed", metric, f"'time_granularity: {metric.granularity}': periods are chosen when asking.")

    def _said(self, metric: Metric, body: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Returns what every metric says, and the keys that hold placeholders."""
        own = metric.meta.get("bellwether")
        meta = {"owner": metric.meta.get("owner"), **(own if isinstance(own, dict) else {})}
        known = {key: meta[key] for key in META_KEYS if meta.get(key) is not None}
        missing = [key for key in _ASKED_FOR if key not in known]
        tags = [tag.casefold().replace(" ", "-") for tag in metric.tags]
        tags += [f"{FILL_IN_TAG}{key}" for key in ("capability", "direction", "unit") if key in missing]
        if not metric.description:
            missing.append("description")
        said = {
            "id": metric.name,
            "title": title_of(metric.name, metric.label),
            "type": body["type"],
            "description": metric.description or f"{FILL_IN}: what the number means, in plain words.",
            "capability": "operations",
            "unit": self._unit(body),
            "direction": "neutral",
            "owner": f"{FILL_IN}: who answers for the number.",
            "source": f"{FILL_IN}: the definition that it follows.",
            **known,
            **({"headline": False} if metric.hidden else {}),
            **({"tags": list(dict.fromkeys(tags))} if tags else {}),
        }
        return said, missing

    def _unit(self, body: dict[str, Any]) -> Unit:
        """Returns a unit that goes with what the metric is, as a placeholder."""
        if body["type"] in ("ratio", "conversion") or "/" in body.get("formula", ""):
            return "ratio"
        inner = [body["metric"]] if "metric" in body else list(names(body["formula"])) if "formula" in body else []
        inner = [body.get("inputs", {}).get(name, {}).get("metric", name) for name in inner]
        shares = [self.made[name]["unit"] == "ratio" for name in inner if name in self.made]
        return "ratio" if shares and all(shares) else "count"

    def _simple(self, metric: Metric) -> dict[str, Any]:
        found = metric.aggregate
        if found is None:
            raise NotMappedError("what it aggregates is not in the files: no measure, or no model that it stands in.")
        model = self.binder.model(found.model, found.time)
        rows = self._rows(metric)
        part = rows.part(found)
        self._zeros(metric, model)
        if found.non_additive is not None:
            return {"type": "snapshot", "model": model, "measure": part, **rows.level(found)}
        if found.agg in ("median", "percentile"):
            return {"type": "percentile", "model": model, "measure": part, **rows.quantile(found)}
        return {"type": "simple", "model": model, "measure": part}

    def _rows(self, metric: Metric, owner: Metric | None = None) -> Rows:
        return Rows(metric, self.binder, lambda reason: self._note("changed", owner or metric, reason))

    def _zeros(self, metric: Metric, model: str) -> None:
        if metric.fills not in (None, "0"):
            self._note("changed", metric, f"'fill_nulls_with: {metric.fills}' has no counterpart: it is 0 or nothing.")
        if metric.fills != "0":
            spot = self.binder.source(metric.aggregate.model if metric.aggregate else model).spot
            reason = "a period without rows is 0. MetricFlow leaves it out; for that write 'absent_rows: not_reported'."
            note = Note("changed", spot, f"semantic model {model}", reason)
            if note not in self.notes:
                self.notes.append(note)

    def _ratio(self, metric: Metric) -> dict[str, Any]:
        if len(metric.inputs) != 2:
            raise NotMappedError("a ratio has a numerator and a denominator.")
        sides = [self._needed(each, metric.filters) for each in metric.inputs]
        if _same_rows(*sides):
            return self._of_rows(metric, sides)
        rolling = self._rolling(metric, sides)
        if rolling is not None:
            return rolling
        named = ("numerator", "denominator")
        upper, lower = (
            self._id_of(each, metric, given.alias or f"{each.name}_{name}")
            for each, given, name in zip(sides, metric.inputs, named, strict=True)
        )
        self._note("changed", metric, "a formula of two metrics: their rows are not of one model, or do not add up.")
        return {"type": "derived", "formula": f"{upper} / {lower}"}

    def _of_rows(self, owner: Metric, sides: list[Metric]) -> dict[str, Any]:
        parts = [
            self._rows(each, owner).part(each.aggregate, in_ratio=True) for each in sides if each.aggregate is not None
        ]
        found = sides[0].aggregate
        model = self.binder.model(found.model, found.time) if found is not None else ""
        return {"type": "ratio", "model": model, "numerator": parts[0], "denominator": parts[1]}

    def _rolling(self, metric: Metric, sides: list[Metric]) -> dict[str, Any] | None:
        """Returns a ratio of two accumulations as the accumulation of a ratio; None when it is none.

        It is the same number, and keeps its numerator and denominator.
        """
        reach = {(each.window, each.grain_to_date, each.period_agg) for each in sides}
        if any(each.type != "cumulative" for each in sides) or len(reach) != 1:
            return None
        inner = [self._needed(each.inputs[0], each.filters) for each in sides]
        if not _same_rows(*inner):
            return None
        body = self._of_rows(metric, inner)
        name = next(
            (key for key, value in self.made.items() if {k: value.get(k) for k in body} == body),
            None,
        )
        if name is None:
            name = f"{metric.name}_of_period"
            helper = replace(
                metric, name=name, hidden=True, label=f"{title_of(metric.name, metric.label)}, of a period"
            )
            said, _ = self._said(helper, body)
            self.made[name] = {**said, **body}
            self.spots[name] = metric.spot
        self._note("changed", metric, f"the ratio '{name}', accumulated: the same number, with its parts kept.")
        return {"type": "cumulative", "metric": name, **self._reach(sides[0])}

    def _derived(self, metric: Metric) -> dict[str, Any]:
        if metric.expr is None:
            raise NotMappedError("it has no 'expr'.")
        terms: dict[str, str] = {}
        inputs: dict[str, dict[str, str]] = {}
        for given in metric.inputs:
            if given.offset_to_grain is not None:
                raise NotMappedError(
                    f"'offset_to_grain: {given.offset_to_grain}' of '{given.name}' has no counterpart: "
                    f"accumulate it from the start of the {given.offset_to_grain} ('grain_to_date')."
                )
            alias = given.alias or given.name
            name = self._id_of(self._needed(given, metric.filters), metric, alias)
            terms[alias] = name
            if given.offset_window is not None:
                terms[alias] = self._before(metric, alias, name, given.offset_window, inputs)
        formula = self._formula(metric, terms)
        return {"type": "derived", "formula": formula, **({"inputs": inputs} if inputs else {})}

    def _before(self, metric: Metric, alias: str, name: str, offset: str, inputs: dict[str, dict[str, str]]) -> str:
        """Adds the metric at an earlier time to the inputs, and returns its name in the formula."""
        window = _length(offset)
        term = alias if alias not in self.project.metrics else f"{alias}_before"
        inputs[term] = {"metric": name, "offset_window": window}
        if term != alias:
            self._note("changed", metric, f"'{alias}' of {window} before is called '{term}' in the formula.")
        return term

    def _formula(self, metric: Metric, terms: dict[str, str]) -> str:
        try:
            tree = parse(metric.expr or "")
        except ExpressionError as error:
            raise NotMappedError(str(error)) from error
        unknown = sorted({each.name for each in tree.find_all(exp.Column)} - terms.keys())
        if unknown:
            raise NotMappedError(f"'{unknown[0]}' in '{metric.expr}' is none of its input metrics.")
        before = tree.sql()
        tree = tree.transform(_plain_arithmetic)
        if tree.sql() != before:
            self._note(
                "changed", metric, "casts and 'nullif(x, 0)' are left out: division is exact, and never by zero."
            )
        renamed = tree.transform(lambda node: exp.column(terms[node.name]) if isinstance(node, exp.Column) else node)
        return str(renamed.sql())

    def _cumulative(self, metric: Metric) -> dict[str, Any]:
        if len(metric.inputs) != 1:
            raise NotMappedError("what it accumulates is missing.")
        (given,) = metric.inputs
        inner = self._needed(given, metric.filters)
        body = {"type": "cumulative", "metric": self._id_of(inner, metric, given.alias or f"{metric.name}_of_period")}
        if metric.period_agg != "last":
            reason = "a longer period shows the value at its end; MetricFlow shows the first of it unless told."
            self._note("changed", metric, reason)
        return {**body, **self._reach(metric)}

    def _reach(self, metric: Metric) -> dict[str, str]:
        if metric.period_agg == "average":
            raise NotMappedError("'period_agg: average' has no counterpart: a longer period shows its end.")
        if metric.window is not None:
            return {"window": _length(metric.window)}
        if metric.grain_to_date in _TO_DATE:
            return {"grain_to_date": metric.grain_to_date}
        if metric.grain_to_date is not None:
            raise NotMappedError(
                f"'grain_to_date: {metric.grain_to_date}' has no counterpart: years are financial years, from April."
            )
        raise NotMappedError("an accumulation over all time has no counterpart: give it a window.")

    def _conversion(self, metric: Metric) -> dict[str, Any]:
        asked = metric.conversion
        if asked is None or metric.filters:
            raise NotMappedError("a filter on a conversion has no counterpart: filter its base metric.")
        if asked.calculation != "conversion_rate":
            raise NotMappedError("a number of conversions has no counterpart: its rate has it as the numerator.")
        if asked.window is None:
            raise NotMappedError("a conversion without a window has no counterpart: it is never complete.")
        if asked.constant:
            raise NotMappedError("'constant_properties' have no counterpart: put them into the entity's column.")
        sides = [self._needed(asked.base), self._needed(asked.conversion)]
        columns = {self._entity(each, asked.entity) for each in sides}
        if len(columns) != 1:
            raise NotMappedError(
                f"'{asked.entity}' has two columns, {' and '.join(sorted(columns))}: give it one name."
            )
        base, converted = (
            self._id_of(each, metric, f"{metric.name}_{name}")
            for each, name in zip(sides, ("base", "outcome"), strict=True)
        )
        reason = "by cohort: each base row converts or does not, and those not followed for the window are not final."
        self._note("changed", metric, reason)
        return {
            "type": "conversion",
            "base_metric": base,
            "conversion_metric": converted,
            "entity": columns.pop(),
            "window": _length(asked.window),
        }

    def _entity(self, metric: Metric, name: str) -> str:
        found = metric.aggregate
        if found is None:
            raise NotMappedError(f"'{metric.name}' counts no rows.")
        source = self.binder.source(found.model)
        entity = next((each for each in source.entities if each.name == name), None)
        if entity is None or not is_column(entity.expr):
            raise NotMappedError(f"the semantic model '{found.model}' has no column for the entity '{name}'.")
        self.binder.tables.use(source.table, entity.expr)
        return entity.expr


def _same_rows(one: Metric, other: Metric) -> bool:
    """Returns whether both are sums or counts of rows of one model, so that a ratio can read them together."""
    sides = (one.aggregate, other.aggregate)
    if any(each is None or each.non_additive or each.agg not in ("sum", "count", "sum_boolean") for each in sides):
        return False
    return len({(each.model, each.time) for each in sides if each is not None}) == 1


def _plain_arithmetic(node: exp.Expr) -> exp.Expr:
    """Returns what a formula says without the guards that it does not need."""
    if isinstance(node, exp.Cast):
        return _plain_arithmetic(node.this)
    if isinstance(node, exp.Nullif) and isinstance(node.expression, exp.Literal) and node.expression.name == "0":
        return _plain_arithmetic(node.this)
    return node


def _length(text: str) -> str:
    try:
        return str(parse_window(text.casefold()))
    except ValueError as error:
        raise NotMappedError(f"{error}.") from error


def described(made: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields the metrics as they are written, what each is made of first."""
    for each in made.values():
        yield {key: value for key, value in each.items() if not key.startswith("_")}
