"""Rules of expressions: they read, over columns that are there, with types that go together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from metrics.catalogue import expression
from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.finding import suggest
from metrics.catalogue.rules.rule import Fault, Path, rule
from metrics.catalogue.rules.scope import Held, columns_of, main_model, outside_arithmetic, parts_of, told_by_filters
from metrics.catalogue.types import WORDS, ExpressionTypeError, Kind, condition_from, infer, is_number


def _expressions(catalogue: Catalogue) -> Iterator[tuple[str, Path, str, str, Mapping[str, Kind]]]:
    """Yields (subject, path, label, text, columns) for each expression over the columns of a table that is there."""
    for model in catalogue.models.values():
        columns = told_by_filters(catalogue, model)
        if model.filter is not None and columns is not None:
            yield f"model:{model.name}", ("filter",), "filter", model.filter, columns
    for metric in catalogue:
        for held in parts_of(catalogue, metric):
            told = {"expr": columns_of(catalogue, held.model), "filter": told_by_filters(catalogue, held.model)}
            for field, columns in told.items():
                text = getattr(held.part, field)
                if text is not None and columns is not None:
                    yield f"metric:{metric.id}", (*held.path, field), f"{held.label}.{field}", text, columns


@rule(
    "E013",
    "Every expression and filter reads, keeps to what the language allows, and names columns of its table; a filter "
    "also dimensions of joined ones.",
    "Write one SQL expression over the columns of the model's table.",
)
def expressions_read(catalogue: Catalogue) -> Iterator[Fault]:
    for subject, path, label, text, columns in _expressions(catalogue):
        problem = _problem(text, columns)
        if problem:
            message, asks, nearest = problem.partition(" Did you mean ")
            yield Fault(subject, path, f"{label}: {message}", f"{asks}{nearest}".strip())
    for metric in catalogue:
        if metric.formula is not None:
            problem = _problem_of_formula(metric.formula)
            if problem:
                yield Fault(f"metric:{metric.id}", ("formula",), f"formula: {problem}", _ARITHMETIC_ONLY)


_ARITHMETIC_ONLY = "Write + - * / and brackets over metric ids, names of inputs and numbers."


def _problem(text: str, columns: Mapping[str, Kind]) -> str:
    elements: dict[str, sa.ColumnElement[Any]] = {name: sa.column(name) for name in columns}
    try:
        infer(text, columns)
        expression.build(text, elements)
    except ExpressionTypeError:
        return ""  # said by the rule of types; what mixes them is not built
    except expression.ExpressionError as error:
        return str(error)
    return ""


def _problem_of_formula(text: str) -> str:
    try:
        tree = expression.parse(text)
    except expression.ExpressionError as error:
        return str(error)
    node = outside_arithmetic(tree)
    return "" if node is None else f"'{node.sql()}' in '{text}' is not allowed."


@rule(
    "E070",
    "Expressions put together what goes together: numbers are added, like is compared with like.",
    "Name columns of one type.",
)
def types_go_together(catalogue: Catalogue) -> Iterator[Fault]:
    for subject, path, label, text, columns in _expressions(catalogue):
        if _problem(text, columns):
            continue
        try:
            infer(text, columns)
        except ExpressionTypeError as error:
            yield Fault(subject, path, f"{label}: {error.message}", error.fix)


@rule("E071", "A filter is a condition: true or false of every row.", "Compare the column with a value.")
def filters_are_conditions(catalogue: Catalogue) -> Iterator[Fault]:
    for subject, path, label, text, columns in _expressions(catalogue):
        if path[-1] != "filter":
            continue
        kind = _kind(text, columns)
        if kind not in ("boolean", "unknown"):
            fix = f"Write for example {condition_from(expression.parse(text), kind)}."
            yield Fault(subject, path, f"{label}: '{text}' is {WORDS[kind]}, no condition.", fix)


@rule(
    "E072",
    "What is added up, averaged or ranked is a number; rows and distinct values of any type can be counted.",
    "Name a column of numbers, or count: 'agg: count' counts rows, 'agg: count_distinct' values.",
)
def amounts_are_numbers(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        for held in parts_of(catalogue, metric):
            columns = columns_of(catalogue, held.model)
            if columns is None or held.part.agg in ("count", "count_distinct"):
                continue
            kind = _kind(held.part.expr, columns)
            if not is_number(kind):
                yield _no_number(metric.id, held, kind)
    for model in catalogue.models.values():
        columns = columns_of(catalogue, model)
        for edge, column in model.bins.columns.items() if model.bins and columns is not None else ():
            kind = (columns or {}).get(column, "unknown")
            if not is_number(kind):
                message = f"bins.{edge}: '{column}' is {WORDS[kind]}, no number."
                yield Fault(f"model:{model.name}", ("bins", edge), message, "Name a column of numbers.")


def _no_number(metric: str, held: Held, kind: Kind) -> Fault:
    how = {"sum": "added up", "mean": "averaged"}.get(held.part.agg, "ranked")
    message = f"{held.label}.expr: '{held.part.expr}' is {WORDS[kind]}, and cannot be {how}."
    fix = f"Write 'case when {held.part.expr} then 1 else 0 end'." if kind == "boolean" else ""
    return Fault(f"metric:{metric}", (*held.path, "expr"), message, fix)


def _kind(text: str, columns: Mapping[str, Kind]) -> Kind:
    """Returns what the expression gives; `unknown` when another rule finds fault with it."""
    try:
        return "unknown" if _problem(text, columns) else infer(text, columns)
    except expression.ExpressionError:
        return "unknown"


@rule(
    "E028",
    "The columns that a metric names, as what each has a level of its own, are columns of its table.",
    "Correct the name; of a declared table, declare the column.",
)
def metric_columns_exist(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        model = main_model(catalogue, metric) if metric.per else None
        columns = None if model is None else columns_of(catalogue, model)
        for index, column in enumerate(metric.per if model is not None and columns is not None else ()):
            if column not in (columns or {}):
                message = f"per: the table '{model.table if model else ''}' has no column '{column}'."
                yield Fault(f"metric:{metric.id}", ("per", index), message, suggest(column, columns or ()))


RULES = (
    expressions_read, metric_columns_exist, types_go_together, filters_are_conditions, amounts_are_numbers,
)  # fmt: skip
