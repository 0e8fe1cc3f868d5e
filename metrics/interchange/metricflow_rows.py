"""What a simple metric of MetricFlow reads from its rows: a part, its filter, and how it is kept over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlglot import exp

from metrics.catalogue.definition import ColumnType
from metrics.catalogue.expression import ExpressionError, build, parse
from metrics.interchange.metricflow_filters import NotMappedError, translated
from metrics.interchange.metricflow_models import Binder, key_of, title_of
from metrics.interchange.metricflow_project import Aggregate, Metric
from metrics.interchange.metricflow_tables import is_column

_AGGREGATES = {
    "sum": "sum", "count": "count", "count_distinct": "count_distinct", "min": "min", "max": "max", "average": "mean",
    "sum_boolean": "sum", "median": "sum", "percentile": "sum",
}  # fmt: skip
_HELD_BY: dict[str, ColumnType | None] = {
    "sum": "number", "average": "number", "min": "number", "max": "number", "median": "number", "percentile": "number",
    "sum_boolean": "boolean", "count": None, "count_distinct": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a metric's semantic model; `changed` is told what is not quite as MetricFlow has it."""

    metric: Metric
    binder: Binder
    changed: Callable[[str], None]

    def level(self, found: Aggregate) -> dict[str, Any]:
        """Returns how an amount that is not added over time is kept.

        Raises:
            NotMappedError: it is not added over something else than its time; or it is no sum.
        """
        over = found.non_additive
        source = self.binder.source(found.model)
        if over is None or over.name != (found.time or source.time):
            raise NotMappedError("it is not added over a dimension other than its time, which has no counterpart.")
        if found.agg != "sum":
            raise NotMappedError(f"a {found.agg} that is not added over time has no counterpart.")
        columns = []
        for name in over.groups:
            entity = next((each for each in source.entities if each.name == name), None)
            if entity is None or not is_column(entity.expr):
                raise NotMappedError(f"it keeps a row of each '{name}', which is no column of '{source.name}'.")
            self.binder.tables.use(source.table, entity.expr)
            columns.append(entity.expr)
        if not columns:
            self.changed("the last (or first) period that the model holds is kept, not the last row.")
        keeps = "last" if over.keeps == "max" else "first"
        return {"over_time": keeps, **({"per": columns} if columns else {})}

    def quantile(self, found: Aggregate) -> dict[str, Any]:
        """Returns the share of a percentile.

        Raises:
            NotMappedError: there is none.
        """
        share = 0.5 if found.agg == "median" else found.percentile
        if share is None or not 0 < share < 1:
            raise NotMappedError("a percentile between 0 and 1 is missing.")
        if found.discrete:
            self.changed("percentiles are read off between rows (continuous), not taken from one.")
        if found.approximate:
            self.changed("percentiles are exact, not approximate.")
        return {"percentile": share}

    def part(self, found: Aggregate, *, in_ratio: bool = False) -> dict[str, Any]:
        """Returns the aggregate as a part.

        A ratio counts a row in both parts or in neither, so that its parts are written to have no nulls: then each
        sums what MetricFlow sums.

        Raises:
            NotMappedError: its expression or its filter is none of a definition.
        """
        if found.agg not in _AGGREGATES:
            raise NotMappedError(f"the aggregation '{found.agg}' is not known.")
        self.binder.model(found.model, found.time)
        source = self.binder.source(found.model)
        expr, conditions = "1" if found.expr == "*" else found.expr, self._conditions(found)
        tree = self._read(source.table, expr, _HELD_BY[found.agg])
        may_be_null = in_ratio and _may_be_null(tree, source.not_null | set(key_of(source)))
        if found.agg == "sum_boolean":
            expr = f"case when {expr} then 1 else 0 end"
        elif may_be_null and found.agg == "count":
            counted = expr if isinstance(tree, exp.Column) else f"({expr})"
            conditions, expr = [f"{counted} is not null", *conditions], "1"
        elif may_be_null and found.agg == "sum":
            expr = f"coalesce({expr}, 0)"
            self.changed(f"'{expr}': empty cells add 0 to a ratio's part, as they do in MetricFlow.")
        words = self.metric.description or title_of(self.metric.name, self.metric.label)
        part: dict[str, Any] = {"words": words, "expr": expr}
        if _AGGREGATES[found.agg] != "sum":
            part["agg"] = _AGGREGATES[found.agg]
        if conditions:
            part["filter"] = " and ".join(conditions)
        return part

    def _read(self, table: str, text: str, wanted: ColumnType | None) -> exp.Expr:
        try:
            tree = parse(text)
            build(text, {column.name: sa.column(column.name) for column in tree.find_all(exp.Column)})
        except ExpressionError as error:
            raise NotMappedError(str(error)) from error
        self.binder.tables.read(table, tree, wanted)
        return tree

    def _conditions(self, found: Aggregate) -> list[str]:
        conditions = []
        table = self.binder.source(found.model).table
        for text in dict.fromkeys(self.metric.filters):
            condition = translated(text, lambda asked: self.binder.resolve(found.model, found.time, asked))
            tree = self._read(table, condition, "boolean")
            conditions.append(f"({condition})" if isinstance(tree, exp.Or) else condition)
        return conditions


def _may_be_null(tree: exp.Expr, not_null: frozenset[str]) -> bool:
    """Returns whether the expression can be null of a row."""
    if isinstance(tree, exp.Coalesce) and any(isinstance(each, exp.Literal) for each in tree.expressions):
        return False
    if any(True for _ in tree.find_all(exp.Nullif, exp.Div, exp.Null)):
        return True
    if any(case.args.get("default") is None for case in tree.find_all(exp.Case)):
        return True
    return any(column.name not in not_null for column in tree.find_all(exp.Column))
