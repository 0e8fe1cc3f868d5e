"""What a sound catalogue keeps to: one rule, one function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from metrics.catalogue import expression
from metrics.catalogue.catalogue import Catalogue, Place
from metrics.catalogue.definition import Metric, Model, Part
from metrics.catalogue.finding import Finding, suggest
from metrics.warehouse.tables import metadata

Rule = Callable[[Catalogue], Iterator[Finding]]

NEEDED: Mapping[str, tuple[str, ...]] = {
    "simple": ("model", "measure"),
    "snapshot": ("model", "measure"),
    "ratio": ("model", "numerator", "denominator"),
    "percentile": ("model", "measure", "percentile"),
    "index": ("model", "measure"),
    "derived": ("formula",),
    "cumulative": ("metric",),
    "conversion": ("base_metric", "conversion_metric", "entity", "window"),
}
RESULT_COLUMNS = (
    "metric", "period", "value", "numerator", "denominator", "status", "reporting", "expected", "is_total",
)  # fmt: skip
LEVELS = ("region", "icb", "organisation")
PARTS = ("measure", "numerator", "denominator")


def run(catalogue: Catalogue) -> list[Finding]:
    """Returns everything that any rule finds."""
    return [finding for rule in RULES for finding in rule(catalogue)]


def parts_of(catalogue: Catalogue, metric: Metric) -> Iterator[tuple[str, Model, Part]]:
    """Yields (where it stands, model, part) for each part of the metric and of its alternates."""
    sources = [(metric.model, metric, "")]
    sources += [(alternate.model, alternate, "alternates.") for alternate in metric.alternates]  # type: ignore[misc]
    for model, holder, prefix in sources:
        if model is None or model not in catalogue.models:
            continue
        for name in PARTS:
            part = getattr(holder, name)
            if part is not None:
                yield prefix + name, catalogue.models[model], part


def tables_exist(catalogue: Catalogue) -> Iterator[Finding]:
    """E011: a model's table is a table of the warehouse."""
    for model in catalogue.models.values():
        if model.table not in metadata.tables:
            yield _at(catalogue, f"model:{model.name}", "E011", f"there is no table '{model.table}'.",
                      suggest(model.table, metadata.tables))  # fmt: skip


def model_columns_exist(catalogue: Catalogue) -> Iterator[Finding]:
    """E012: a model's dimensions and bins are columns of its table, and its filter reads."""
    for model in catalogue.models.values():
        if model.table not in metadata.tables:
            continue
        columns = metadata.tables[model.table].columns.keys()
        wanted = [(dimension.column, f"dimension '{dimension.name}'") for dimension in model.dimensions]
        if model.bins:
            wanted += [(model.bins.lower, "bins.lower"), (model.bins.upper, "bins.upper")]
        for column, place in wanted:
            if column not in columns:
                yield _at(catalogue, f"model:{model.name}", "E012",
                          f"{place}: the table '{model.table}' has no column '{column}'.",
                          suggest(column, columns))  # fmt: skip
        if model.filter:
            problem = _problem(model, model.filter)
            if problem:
                yield _at(catalogue, f"model:{model.name}", "E013", f"filter: {problem}")


def needed_fields(catalogue: Catalogue) -> Iterator[Finding]:
    """E014: each type of metric says what its type needs, and nothing that its type ignores."""
    every = {"model", "measure", "numerator", "denominator", "percentile", "formula"}
    for metric in catalogue:
        needed = NEEDED[metric.type]
        for name in needed:
            if getattr(metric, name) is None:
                yield _at(catalogue, f"metric:{metric.id}", "E014",
                          f"a {metric.type} metric needs '{name}'.", "Add it.")  # fmt: skip
        for name in sorted(every - set(needed)):
            if getattr(metric, name) is not None:
                yield _at(catalogue, f"metric:{metric.id}", "E015",
                          f"a {metric.type} metric has no '{name}'.", "Remove it, or change the type.")  # fmt: skip


def dimensions_have_own_names(catalogue: Catalogue) -> Iterator[Finding]:
    """E024: a dimension's name is none of a result's own columns, and stands once in its model."""
    for model in catalogue.models.values():
        seen: set[str] = set()
        for dimension in model.dimensions:
            taken = dimension.name in RESULT_COLUMNS or dimension.name in LEVELS
            if taken or dimension.name in seen:
                yield _at(catalogue, f"model:{model.name}", "E024",
                          f"the dimension's name '{dimension.name}' is taken.", "Choose another.")  # fmt: skip
            seen.add(dimension.name)


def models_exist(catalogue: Catalogue) -> Iterator[Finding]:
    """E016: a metric's model and its alternates' models are defined."""
    for metric in catalogue:
        wanted = [metric.model] if metric.model else []
        wanted += [alternate.model for alternate in metric.alternates]
        for model in wanted:
            if model not in catalogue.models:
                yield _at(catalogue, f"metric:{metric.id}", "E016", f"there is no model '{model}'.",
                          suggest(model, catalogue.models))  # fmt: skip


def expressions_read(catalogue: Catalogue) -> Iterator[Finding]:
    """E013: every expression and filter reads over the columns of its table."""
    for metric in catalogue:
        for place, model, part in parts_of(catalogue, metric):
            if model.table not in metadata.tables:
                continue
            for label, text in (("expr", part.expr), ("filter", part.filter)):
                problem = _problem(model, text) if text else ""
                if problem:
                    yield _at(catalogue, f"metric:{metric.id}", "E013", f"{place}.{label}: {problem}")


def formulas_hold(catalogue: Catalogue) -> Iterator[Finding]:
    """E017, E018: a formula names known metrics, and no metric is made of itself."""
    for metric in catalogue:
        if metric.formula is None:
            continue
        try:
            inputs = expression.names(metric.formula)
        except expression.ExpressionError as error:
            yield _at(catalogue, f"metric:{metric.id}", "E013", f"formula: {error}")
            continue
        for name in sorted(inputs - catalogue.metrics.keys()):
            yield _at(catalogue, f"metric:{metric.id}", "E017", f"formula: there is no metric '{name}'.",
                      suggest(name, catalogue.metrics))  # fmt: skip
        if not inputs:
            yield _at(catalogue, f"metric:{metric.id}", "E017", "formula: it names no metric.")
        cycle = _cycle(catalogue, metric.id, ())
        if cycle:
            yield _at(catalogue, f"metric:{metric.id}", "E018", f"made of itself: {' → '.join(cycle)}.")


def pairs_divide(catalogue: Catalogue) -> Iterator[Finding]:
    """E023: a paired formula divides one metric that adds up by another."""
    for metric in catalogue:
        if not metric.paired or metric.formula is None:
            continue
        inputs = [catalogue.metrics[name] for name in expression.names(metric.formula) if name in catalogue.metrics]
        sides = [side.strip() for side in metric.formula.split("/")]
        if sorted(sides) != sorted(each.id for each in inputs) or len(sides) != 2:
            yield _at(catalogue, f"metric:{metric.id}", "E023", "a paired formula is one metric / another.")
        elif not all(_adds_up(catalogue, each) for each in inputs):
            yield _at(catalogue, f"metric:{metric.id}", "E023", "both metrics of a paired formula must add up.",
                      "Use simple or snapshot metrics, or sums of them.")  # fmt: skip


def companions_exist(catalogue: Catalogue) -> Iterator[Finding]:
    """E019: the metrics to read beside this one are defined."""
    for metric in catalogue:
        for name in metric.shown_with:
            if name not in catalogue.metrics:
                yield _at(catalogue, f"metric:{metric.id}", "E019", f"shown_with: there is no metric '{name}'.",
                          suggest(name, catalogue.metrics))  # fmt: skip


def percentiles_have_bins(catalogue: Catalogue) -> Iterator[Finding]:
    """E020: a percentile comes from a model that holds a histogram."""
    for metric in catalogue:
        model = catalogue.models.get(metric.model or "")
        if metric.type == "percentile" and model is not None and model.bins is None:
            yield _at(catalogue, f"metric:{metric.id}", "E020",
                      f"the model '{model.name}' has no bins.",
                      "Name its lower and upper edges under 'bins'.")  # fmt: skip


def snapshots_do_not_add_up(catalogue: Catalogue) -> Iterator[Finding]:
    """E021: a snapshot, a percentile or an index is never summed over time."""
    for metric in catalogue:
        if metric.type in ("snapshot", "percentile", "index") and metric.over_time == "sum":
            yield _at(catalogue, f"metric:{metric.id}", "E021",
                      f"a {metric.type} is not summed over time.", "Use last, first or mean.")  # fmt: skip


def shares_are_shares(catalogue: Catalogue) -> Iterator[Finding]:
    """E022: targets and benchmarks of a share stand between 0 and 1, as its values do."""
    for metric in catalogue:
        if metric.unit != "percent" or metric.type != "ratio":
            continue
        values = [target.value for target in metric.targets]
        values += [metric.benchmark.value] if metric.benchmark else []
        for value in values:
            if not 0 <= value <= 1:
                yield _at(catalogue, f"metric:{metric.id}", "E022",
                          f"{value:g} is no share.", f"Write {value / 100:g} for {value:g} %.")  # fmt: skip


def metrics_explain_themselves(catalogue: Catalogue) -> Iterator[Finding]:
    """W101: a headline metric says how to read it."""
    for metric in catalogue:
        if metric.headline and not metric.interpretation:
            yield _at(catalogue, f"metric:{metric.id}", "W101", "no 'interpretation'.",
                      "Say in a sentence how to read it and what to beware of.", severity="warning")  # fmt: skip


RULES: tuple[Rule, ...] = (
    tables_exist, model_columns_exist, dimensions_have_own_names, needed_fields, models_exist, expressions_read,
    formulas_hold, pairs_divide, companions_exist, percentiles_have_bins, snapshots_do_not_add_up, shares_are_shares,
    metrics_explain_themselves,
)  # fmt: skip


def _at(catalogue: Catalogue, key: str, code: str, message: str, fix: str = "", *, severity: str = "error") -> Finding:
    place: Place = catalogue.places[key]
    subject = key.split(":", 1)[1]
    return Finding(code, severity, place.name, place.line, f"'{subject}': {message}", fix)  # type: ignore[arg-type]


def _adds_up(catalogue: Catalogue, metric: Metric) -> bool:
    if metric.type != "derived":
        return metric.type in ("simple", "snapshot")
    if any(sign in (metric.formula or "") for sign in "*/"):
        return False
    known = [catalogue.metrics.get(name) for name in sorted(expression.names(metric.formula or ""))]
    return all(each is not None and _adds_up(catalogue, each) for each in known)


def _problem(model: Model, text: str) -> str:
    columns: dict[str, sa.ColumnElement[Any]] = {
        column.name: sa.column(column.name) for column in metadata.tables[model.table].columns
    }
    try:
        expression.build(text, columns)
    except expression.ExpressionError as error:
        return str(error)
    return ""


def _cycle(catalogue: Catalogue, metric_id: str, path: tuple[str, ...]) -> tuple[str, ...]:
    if metric_id in path:
        return (*path, metric_id)
    metric = catalogue.metrics.get(metric_id)
    if metric is None or metric.formula is None:
        return ()
    for name in sorted(expression.names(metric.formula)):
        found = _cycle(catalogue, name, (*path, metric_id))
        if found:
            return found
    return ()
