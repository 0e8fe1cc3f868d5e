"""The expression language of definitions: parsed, held to an allow-list, never pasted into SQL.

An expression is one SQL scalar over the columns of the model's table: arithmetic, comparisons, `and`, `or`,
`not`, `in`, `is null`, `between`, `case`, and the functions of `FUNCTIONS` and `LENGTHS`. It is parsed with sqlglot
and turned into SQLAlchemy elements, with every literal as a bound parameter. It means the same in every database:
`greatest` and `least` are missing where one of theirs is, and `round` takes halves away from zero.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache, reduce
from typing import Any

import sqlalchemy as sa
import sqlglot
from sqlglot import exp

from metrics.catalogue.between import days_between, minutes_between
from metrics.catalogue.finding import suggest
from metrics.catalogue.local_day import local_date

Element = sa.ColumnElement[Any]


class ExpressionError(ValueError):
    """An expression that the language does not allow."""


_MOST_DIGITS = 9
FUNCTIONS = ("abs", "coalesce", "nullif", "greatest", "least", "round")
# How long it is from one column to another, of instants and of days; and the day in London of an instant.
LENGTHS: Mapping[str, Callable[..., Element]] = {
    "minutes_between": minutes_between, "days_between": days_between, "day_of": local_date,
}  # fmt: skip
_ENDS = {"minutes_between": 2, "days_between": 2, "day_of": 1}

_BINARY: Mapping[type[exp.Expr], Callable[[Element, Element], Element]] = {
    exp.Add: lambda a, b: a + b,
    exp.Sub: lambda a, b: a - b,
    exp.Mul: lambda a, b: a * b,
    # Whole numbers divide as fractions, and nothing divides by zero. What has no type is divided by as NUMERIC, which
    # is without decimals in several databases.
    exp.Div: lambda a, b: sa.cast(a, sa.Double) / sa.func.nullif(sa.cast(b, sa.Double), 0.0, type_=sa.Double),
    exp.EQ: lambda a, b: a == b,
    exp.NEQ: lambda a, b: a != b,
    exp.GT: lambda a, b: a > b,
    exp.GTE: lambda a, b: a >= b,
    exp.LT: lambda a, b: a < b,
    exp.LTE: lambda a, b: a <= b,
    exp.And: sa.and_,
    exp.Or: sa.or_,
}


def parse(text: str) -> exp.Expr:
    """Returns the syntax tree of one scalar expression, the caller's own to change.

    Raises:
        ExpressionError: the text is not one expression.
    """
    return _tree(text).copy()


# Every rule reads the same expressions, and reads them again whenever definitions change.
@lru_cache(maxsize=4096)
def _tree(text: str) -> exp.Expr:
    try:
        trees = sqlglot.parse(text)
    except sqlglot.errors.SqlglotError as error:
        raise ExpressionError(f"'{text}' is no expression: {_in_words(error)}.") from error
    if len(trees) != 1 or trees[0] is None:
        raise ExpressionError(f"'{text}' is not one expression.")
    return trees[0]


def _in_words(error: sqlglot.errors.SqlglotError) -> str:
    """Returns what the parser found, as one would say it of the text."""
    found = error.errors[0] if isinstance(error, sqlglot.errors.ParseError) and error.errors else None
    if found is None:
        return "a quote that opens in it is not closed, or a sign in it is unknown"
    told, at = str(found.get("description")), found.get("highlight")
    if told.startswith("Required keyword"):
        ends = not str(found.get("end_context") or "").strip() and not re.fullmatch(r"[\d.]+", str(at))
        return f"it ends in '{at}', and something must follow" if ends else f"something is missing beside '{at}'"
    if told == "Expecting )":
        return f"a bracket is not closed, at '{at}'"
    return f"'{at}' does not belong where it stands"


@lru_cache(maxsize=4096)
def names(text: str) -> frozenset[str]:
    """Returns the column (or metric) names that the expression mentions."""
    return frozenset(column.name for column in _tree(text).find_all(exp.Column))


def build(text: str, columns: Mapping[str, Element]) -> Element:
    """Returns the SQLAlchemy element of the expression over the given columns.

    Raises:
        ExpressionError: a name or a construct that is not allowed, with the nearest name.
    """
    return _build(_tree(text), columns, text)


def _build(node: exp.Expr, columns: Mapping[str, Element], text: str) -> Element:  # noqa: C901, PLR0911, PLR0912 - one case a construct
    def inner(child: exp.Expr) -> Element:
        return _build(child, columns, text)

    kind = type(node)
    if kind in _BINARY:
        return _BINARY[kind](inner(node.left), inner(node.right))  # type: ignore[attr-defined]
    match node:
        case exp.Column():
            return _column(node, columns, text)
        case exp.Literal():
            return _literal(node)
        case exp.Boolean():
            return sa.true() if node.this else sa.false()
        case exp.Null():
            return sa.null()
        case exp.Paren():
            return inner(node.this)
        case exp.Neg():
            return -inner(node.this)
        case exp.Not():
            return sa.not_(inner(node.this))
        case exp.Is() if isinstance(node.expression, exp.Null):
            return inner(node.this).is_(None)
        case exp.In() if node.expressions and not node.args.get("query"):
            return inner(node.this).in_([_plain(item, text) for item in node.expressions])
        case exp.Between():
            return inner(node.this).between(inner(node.args["low"]), inner(node.args["high"]))
        case exp.Cast() if is_day(node):
            return _day(node)
        case exp.Case() if node.this is None:
            whens = [(inner(branch.this), inner(branch.args["true"])) for branch in node.args["ifs"]]
            default = node.args.get("default")
            return sa.case(*whens, else_=None if default is None else inner(default))
        case exp.Coalesce():
            return sa.func.coalesce(*(inner(item) for item in _arguments(node)))
        case exp.Nullif():
            return sa.func.nullif(inner(node.this), inner(node.expression))
        case exp.Abs():
            return sa.func.abs(inner(node.this))
        case exp.Round():
            return _rounded(inner(node.this), _digits(node, text))
        case exp.Greatest():
            return reduce(_greater, (inner(item) for item in _arguments(node)))
        case exp.Least():
            return reduce(_lesser, (inner(item) for item in _arguments(node)))
        case exp.Anonymous() if is_length(node):
            return LENGTHS[node.name.lower()](*(inner(item) for item in node.expressions))
    raise ExpressionError(
        f"'{node.sql()}' in '{text}' is not allowed in a definition. "
        f"Allowed: arithmetic, comparisons, and/or/not, in, between, is null, case, {', '.join(FUNCTIONS)}, "
        f"{', '.join(LENGTHS)}, "
        "and days as date '2026-03-31'."
    )


def _rounded(value: Element, digits: int) -> Element:
    """Returns the value rounded, halves away from zero: databases differ in what their own `round` does with them."""
    number = sa.cast(value, sa.Double)
    scale = sa.literal(10.0**digits, sa.Double)
    scaled = number * scale if digits else number
    up, down = (sa.func.floor(moved, type_=sa.Double) for moved in (scaled + 0.5, 0.5 - scaled))
    return sa.case((number < 0, -down / scale if digits else -down), else_=up / scale if digits else up)


def _digits(node: exp.Round, text: str) -> int:
    digits = node.args.get("decimals")
    if digits is None:
        return 0
    if not isinstance(digits, exp.Literal) or not digits.is_int or not 0 <= int(digits.this) <= _MOST_DIGITS:
        raise ExpressionError(f"'{node.sql()}' in '{text}': round to a number of decimals from 0 to {_MOST_DIGITS}.")
    return int(digits.this)


# Nothing where either is missing, which the databases' own `greatest` and `least` do not agree on.
def _greater(left: Element, right: Element) -> Element:
    return sa.case((left >= right, left), (left < right, right))


def _lesser(left: Element, right: Element) -> Element:
    return sa.case((left <= right, left), (left > right, right))


def _arguments(node: exp.Expr) -> Iterable[exp.Expr]:
    return (node.this, *node.expressions)


def _column(node: exp.Column, columns: Mapping[str, Element], text: str) -> Element:
    if node.table or node.name not in columns:
        shown = node.sql()
        raise ExpressionError(f"there is no column '{shown}' (in '{text}'). {suggest(shown, columns)}".strip())
    return columns[node.name]


def _literal(node: exp.Literal) -> Element:
    value = _value(node)
    kind: type[sa.types.TypeEngine[Any]] = {str: sa.String, int: sa.Integer, float: sa.Double}[type(value)]
    return sa.literal(value, kind)


def is_length(node: exp.Anonymous) -> bool:
    """Returns whether it is the time from one column to another, or the day of one: `day_of(left_at)`."""
    return len(node.expressions) == _ENDS.get(node.name.lower())


def is_day(node: exp.Cast) -> bool:
    """Returns whether it is a day, written as date '2026-03-31'."""
    return isinstance(node.this, exp.Literal) and node.this.is_string and node.to.this == exp.DataType.Type.DATE


def _day(node: exp.Cast) -> Element:
    try:
        return sa.literal(date.fromisoformat(node.this.name), sa.Date)
    except ValueError as error:
        raise ExpressionError(f"'{node.this.name}' is no day. Write for example date '2026-03-31'.") from error


def _plain(node: exp.Expr, text: str) -> str | int | float:
    if not isinstance(node, exp.Literal):
        raise ExpressionError(f"'{node.sql()}' in '{text}': a list after 'in' holds plain values only.")
    return _value(node)


def _value(node: exp.Literal) -> str | int | float:
    if node.is_string:
        return str(node.this)
    try:
        return int(node.this) if node.is_int else float(node.this)
    except ValueError as error:  # the parser takes '0e' for a number
        raise ExpressionError(f"'{node.this}' is no number.") from error
