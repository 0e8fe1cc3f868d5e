"""What rules look up: columns and their types, parts, what a metric is made of, which periods nest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlglot import exp

from metrics.catalogue import expression
from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.definition import Alternate, Metric, Model, NativeGrain, Part
from metrics.catalogue.rules.rule import Path
from metrics.catalogue.types import Kind, kinds_of
from metrics.warehouse.tables.base import is_fact, key_columns

LEVELS = ("region", "icb", "organisation")
PARTS = ("measure", "numerator", "denominator")

# Which longer periods each grain adds up to exactly.
NESTS: Mapping[str, tuple[str, ...]] = {
    "hour": ("hour", "day", "week", "month", "quarter", "financial_year"),
    "day": ("day", "week", "month", "quarter", "financial_year"),
    "week": ("week",),
    "month": ("month", "quarter", "financial_year"),
    "quarter": ("quarter", "financial_year"),
    "financial_year": ("financial_year",),
}


@dataclass(frozen=True, slots=True)
class Held:
    """One part of a metric or of one of its alternates, with its model and where it stands."""

    path: Path
    model: Model
    part: Part

    @property
    def label(self) -> str:
        """Returns the path in words: `numerator`, or `alternates.numerator`."""
        return ".".join(str(step) for step in self.path if not isinstance(step, int))


def columns_of(catalogue: Catalogue, model: Model) -> Mapping[str, Kind] | None:
    """Returns what each column of the model's table holds; None when there is no such table."""
    return kinds_in(catalogue, model.table)


def told_by_filters(catalogue: Catalogue, model: Model) -> Mapping[str, Kind] | None:
    """Returns what a filter may name: the columns of the model's table, and its dimensions of joined tables."""
    own = columns_of(catalogue, model)
    if own is None:
        return None
    joined = {
        each.name: (kinds_in(catalogue, each.join) or {}).get(each.column, "unknown")
        for each in model.dimensions
        if each.join is not None
    }
    return joined | dict(own)


def kinds_in(catalogue: Catalogue, table: str) -> Mapping[str, Kind] | None:
    """Returns what each column of the table holds; None when there is no such table."""
    found = catalogue.table(table)
    return None if found is None else kinds_of(found)


def keys_of(catalogue: Catalogue, table: str) -> frozenset[str]:
    """Returns the columns that no two rows of the table share; none when that is not known."""
    if table in catalogue.tables:
        return frozenset(catalogue.tables[table].primary_key)
    found = catalogue.table(table)
    if found is None:
        return frozenset()
    if is_fact(found):
        return frozenset(key_columns(found))
    return frozenset(column.name for column in found.primary_key)


def table_names(catalogue: Catalogue, own: Iterable[str]) -> list[str]:
    """Returns the names of all tables, those of `own` and the declared ones."""
    return [*own, *catalogue.tables]


def holders_of(metric: Metric) -> Iterator[tuple[Path, str | None, Metric | Alternate]]:
    """Yields (where it stands, model, holder) for the metric and each of its alternates."""
    yield (), metric.model, metric
    for index, alternate in enumerate(metric.alternates):
        yield ("alternates", index), alternate.model, alternate


def parts_of(catalogue: Catalogue, metric: Metric) -> Iterator[Held]:
    """Yields each part of the metric and of its alternates whose model is defined."""
    for path, name, holder in holders_of(metric):
        if name is None or name not in catalogue.models:
            continue
        for kind in PARTS:
            part = getattr(holder, kind)
            if part is not None:
                yield Held((*path, kind), catalogue.models[name], part)


_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Paren)


def outside_arithmetic(tree: exp.Expr) -> exp.Expr | None:
    """Returns the first thing in a formula that is no name, number, sign or bracket; None when there is none."""
    for node in tree.walk():
        is_name = isinstance(node, exp.Identifier) or (isinstance(node, exp.Column) and not node.table)
        is_number = isinstance(node, exp.Literal) and not node.is_string
        if not (is_name or is_number or isinstance(node, _ARITHMETIC)):
            return node
    return None


def arithmetic_of(metric: Metric) -> exp.Expr | None:
    """Returns the formula of a derived metric; None of others, and where it cannot be read."""
    if metric.type != "derived" or metric.formula is None:
        return None
    try:
        tree = expression.parse(metric.formula)
    except expression.ExpressionError:
        return None
    return tree if outside_arithmetic(tree) is None else None


def formula_names(metric: Metric) -> frozenset[str]:
    """Returns the names in the formula; none when there is no formula, or one that cannot be read."""
    if metric.formula is None:
        return frozenset()
    try:
        return expression.names(metric.formula)
    except expression.ExpressionError:
        return frozenset()


def terms_of(metric: Metric) -> Mapping[str, str]:
    """Returns each name in the formula with the id of the metric that it stands for."""
    return {
        name: metric.inputs[name].metric if name in metric.inputs else name for name in sorted(formula_names(metric))
    }


def made_of(metric: Metric) -> Iterator[tuple[Path, str]]:
    """Yields (where it is said, metric id) for everything that the metric is made of."""
    for name, other in terms_of(metric).items():
        yield (("inputs", name, "metric") if name in metric.inputs else ("formula",)), other
    for name, each in metric.inputs.items():
        if name not in formula_names(metric):
            yield ("inputs", name, "metric"), each.metric
    for field in ("metric", "base_metric", "conversion_metric"):
        other = getattr(metric, field)
        if other is not None:
            yield (field,), other


def models_behind(catalogue: Catalogue, metric: Metric, seen: frozenset[str] = frozenset()) -> Iterator[Model]:
    """Yields the main model of every metric that the metric is made of, its own included."""
    if metric.model in catalogue.models:
        yield catalogue.models[metric.model or ""]
    for _, name in made_of(metric):
        if name in catalogue.metrics and name not in seen:
            yield from models_behind(catalogue, catalogue.metrics[name], seen | {metric.id, name})


def dimensions_of(catalogue: Catalogue, metric: Metric, seen: frozenset[str] = frozenset()) -> frozenset[str] | None:
    """Returns the dimensions that the metric can be filtered by; None when it is made of what is not defined."""
    if metric.id in seen:
        return None
    names = [name for _, name in made_of(metric)]
    if names:
        inner = [
            dimensions_of(catalogue, catalogue.metrics[name], seen | {metric.id}) if name in catalogue.metrics else None
            for name in names[: 1 if metric.type == "conversion" else None]
        ]
        sets = [each for each in inner if each is not None]
        return frozenset.intersection(*sets) if len(sets) == len(inner) else None
    found: set[str] = set()
    for _, name, _ in holders_of(metric):
        if name not in catalogue.models:
            return None
        model = catalogue.models[name]  # type: ignore[index]
        found |= {level for level in LEVELS if level in model.levels and model.organisation is not None}
        found |= {dimension.name for dimension in model.dimensions}
    return frozenset(found)


def main_model(catalogue: Catalogue, metric: Metric) -> Model | None:
    """Returns the first model behind the metric; None when none is defined."""
    return next(models_behind(catalogue, metric), None)


def nests_in(grain: NativeGrain, longer: str) -> bool:
    """Returns whether whole periods of the grain make up the longer one."""
    return longer in NESTS[grain]


def table_columns(table: sa.Table) -> list[str]:
    """Returns the names of the table's columns, in their order."""
    return [column.name for column in table.columns]
