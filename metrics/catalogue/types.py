"""The type of an expression, worked out from the types of its columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import sqlalchemy as sa
from sqlglot import exp

from metrics.catalogue.expression import ExpressionError, is_day, is_length, parse

Kind = Literal["text", "integer", "number", "date", "timestamp", "boolean", "unknown"]

WORDS: Mapping[Kind, str] = {
    "text": "text", "integer": "a whole number", "number": "a number", "date": "a date", "timestamp": "a timestamp",
    "boolean": "a condition", "unknown": "of an unknown type",
}  # fmt: skip
_SQL: tuple[tuple[type[Any], Kind], ...] = (
    (sa.Boolean, "boolean"), (sa.Integer, "integer"), (sa.Numeric, "number"), (sa.Float, "number"),
    (sa.DateTime, "timestamp"), (sa.Date, "date"), (sa.String, "text"), (sa.Uuid, "text"),
)  # fmt: skip
_NUMBERS = ("integer", "number")
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)


class ExpressionTypeError(ExpressionError):
    """An expression that puts together what does not go together. `fix` says what to write."""

    def __init__(self, message: str, fix: str) -> None:
        self.message, self.fix = message, fix
        super().__init__(f"{message} {fix}")


def kind_of(kind: sa.types.TypeEngine[Any]) -> Kind:
    """Returns what a column of the SQL type holds; `unknown` for types that definitions cannot use."""
    return next((name for base, name in _SQL if isinstance(kind, base)), "unknown")


def kinds_of(table: sa.Table) -> Mapping[str, Kind]:
    """Returns what each column of the table holds."""
    return {column.name: kind_of(column.type) for column in table.columns}


def are_alike(*kinds: Kind) -> bool:
    """Returns whether values of the kinds can be compared: all of one kind, or all numbers."""
    known = {"number" if kind in _NUMBERS else kind for kind in kinds if kind != "unknown"}
    return len(known) <= 1


def is_number(kind: Kind) -> bool:
    """Returns whether values of the kind can be added up."""
    return kind in (*_NUMBERS, "unknown")


def infer(text: str, columns: Mapping[str, Kind]) -> Kind:
    """Returns what the expression gives; `unknown` of null.

    Raises:
        ExpressionTypeError: it adds text, compares text with numbers, and the like.
        ExpressionError: it is no expression.
    """
    return _infer(parse(text), columns)


def _infer(node: exp.Expr, columns: Mapping[str, Kind]) -> Kind:  # noqa: C901, PLR0911, PLR0912 - one case a construct
    def inner(child: exp.Expr) -> Kind:
        return _infer(child, columns)

    match node:
        case exp.Column():
            return columns.get(node.name, "unknown")
        case exp.Literal():
            return "text" if node.is_string else "integer" if node.is_int else "number"
        case exp.Boolean():
            return "boolean"
        case exp.Paren():
            return inner(node.this)
        case exp.Cast():
            return "date" if is_day(node) else "unknown"
        case exp.Neg() | exp.Abs() | exp.Round():
            return _numeric([node.this], columns, node)
        case exp.Div():
            _numeric([node.left, node.right], columns, node)
            return "number"
        case exp.Add() | exp.Sub() | exp.Mul():
            return _numeric([node.left, node.right], columns, node)
        case exp.EQ() | exp.NEQ() | exp.GT() | exp.GTE() | exp.LT() | exp.LTE():
            _alike([node.left, node.right], columns, "compared with")
            return "boolean"
        case exp.In():
            _alike([node.this, *node.expressions], columns, "compared with")
            return "boolean"
        case exp.Between():
            _alike([node.this, node.args["low"], node.args["high"]], columns, "compared with")
            return "boolean"
        case exp.Is():
            inner(node.this)
            return "boolean"
        case exp.And() | exp.Or():
            for side in (node.left, node.right):
                _condition(side, columns, "joined by and/or")
            return "boolean"
        case exp.Not():
            _condition(node.this, columns, "turned round by 'not'")
            return "boolean"
        case exp.Case():
            for branch in node.args["ifs"]:
                _condition(branch.this, columns, "asked after 'when'")
            default = node.args.get("default")
            results = [branch.args["true"] for branch in node.args["ifs"]] + ([] if default is None else [default])
            return _alike(results, columns, "given by the same 'case' as")
        case exp.Coalesce() | exp.Greatest() | exp.Least():
            return _alike([node.this, *node.expressions], columns, f"in one {node.key} with")
        case exp.Nullif():
            return _alike([node.this, node.expression], columns, "in one nullif with")
        case exp.Anonymous() if is_length(node):
            return _length(node, columns)
    return "unknown"


def _numeric(nodes: Iterable[exp.Expr], columns: Mapping[str, Kind], whole: exp.Expr) -> Kind:
    kinds = []
    for node in nodes:
        kind = _infer(node, columns)
        kinds.append(kind)
        if is_number(kind):
            continue
        remedy = {
            "boolean": f"Write 'case when {node.sql()} then 1 else 0 end' to count where it holds.",
            "text": "Name a column of numbers; to count rows, write agg: count.",
        }.get(kind, "Name a column of numbers that holds the length of time.")
        raise ExpressionTypeError(f"{_said(node, kind)}, and '{whole.sql()}' calculates with it.", remedy)
    return "number" if "number" in kinds else "integer" if "integer" in kinds else "unknown"


def _alike(nodes: Iterable[exp.Expr], columns: Mapping[str, Kind], how: str) -> Kind:
    """Returns the kind that all nodes share."""
    met: tuple[exp.Expr, Kind] | None = None
    found: Kind = "unknown"
    for node in nodes:
        kind = _infer(node, columns)
        if kind == "unknown":
            continue
        if met is not None and not are_alike(met[1], kind):
            message = f"{_said(*met)}, and cannot be {how} {_named(node)}, which is {WORDS[kind]}."
            raise ExpressionTypeError(message, _remedy(met, (node, kind)))
        met = met or (node, kind)
        found = "number" if {found, kind} == {"integer", "number"} else kind
    return found


def _length(node: exp.Anonymous, columns: Mapping[str, Kind]) -> Kind:
    name = node.name.lower()
    wanted: Kind = "date" if name == "days_between" else "timestamp"
    for each in node.expressions:
        kind = _infer(each, columns)
        if kind not in (wanted, "unknown"):
            other = "days_between" if kind == "date" else "minutes_between"
            swapped = kind in ("date", "timestamp") and name != "day_of"
            remedy = f"Write {other}(...)." if swapped else f"Name a column of {wanted}s."
            raise ExpressionTypeError(f"{_said(each, kind)}, and '{name}' is of {wanted}s.", remedy)
    return {"minutes_between": "number", "days_between": "integer"}.get(name, "date")  # type: ignore[return-value]


def _condition(node: exp.Expr, columns: Mapping[str, Kind], how: str) -> None:
    kind = _infer(node, columns)
    if kind not in ("boolean", "unknown"):
        raise ExpressionTypeError(
            f"{_said(node, kind)}, no condition, and cannot be {how}.", f"Compare it: {condition_from(node, kind)}."
        )


def condition_from(node: exp.Expr, kind: Kind) -> str:
    """Returns a condition that could have been meant."""
    written = node.sql()
    return (
        f"{written} = 1" if kind in _NUMBERS else f"{written} = '...'" if kind == "text" else f"{written} is not null"
    )


def _remedy(one: tuple[exp.Expr, Kind], other: tuple[exp.Expr, Kind]) -> str:
    """Returns what to write in place of a pair that does not go together."""
    columns = [pair for pair in (one, other) if isinstance(pair[0], exp.Column)]
    literals = [pair[0] for pair in (one, other) if isinstance(pair[0], exp.Literal)]
    if columns and literals:
        (column, kind), literal = columns[0], literals[0]
        if kind == "text":
            return f"Put quotes round it: '{literal.name}'."
        if kind in _NUMBERS and _is_digits(literal.name):
            return f"Take the quotes off: {literal.name}."
        if kind == "date" and literal.is_string:
            return f"Write the day as date '{literal.name}'."
        if kind == "boolean":
            return f"Write {column.sql()}, or not {column.sql()}."
    return "Name columns of one type."


def _is_digits(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _named(node: exp.Expr) -> str:
    return node.sql() if isinstance(node, exp.Literal) and node.is_string else f"'{node.sql()}'"


def _said(node: exp.Expr, kind: Kind) -> str:
    return f"{_named(node)} is {WORDS[kind]}"
