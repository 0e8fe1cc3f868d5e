"""Filters of MetricFlow, which are SQL with `{{ Dimension('entity__name') }}` in it, as expressions of definitions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from metrics.catalogue.expression import ExpressionError, parse

Named = Literal["Dimension", "TimeDimension", "Entity", "Metric"]


class NotMappedError(ValueError):
    """Something that has no counterpart in a definition; the message says what, and what to do."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One `{{ ... }}` of a filter: what is named, at which grain, by way of which entities."""

    kind: Named
    name: str
    grain: str | None
    written: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Column:
    """The column that is meant, and whether it holds dates."""

    name: str
    is_date: bool = False


_TEMPLATE = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_CALL = re.compile(r"^(Dimension|TimeDimension|Entity|Metric)\(\s*(.*?)\s*\)((?:\s*\.\s*\w+\([^()]*\))*)$", re.DOTALL)
_TEXT = re.compile(r"^['\"]([^'\"]*)['\"]$")
_GRAIN = re.compile(r"^\s*\.\s*grain\(\s*['\"](\w+)['\"]\s*\)$")
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)


def translated(text: str, resolve: Callable[[Asked], Column]) -> str:
    """Returns the filter as an expression over columns.

    Raises:
        NotMappedError: it is no plain condition over columns; or what `resolve` raises.
    """
    columns: dict[str, Column] = {}

    def column(found: re.Match[str]) -> str:
        asked = resolve(_asked(found[1]))
        columns[asked.name] = asked
        return asked.name

    plain = " ".join(line.strip() for line in _TEMPLATE.sub(column, text).strip().splitlines())
    if "{%" in plain or "{{" in plain:
        raise NotMappedError(f"the template '{plain}' is not read. Write it out.")
    try:
        tree = parse(plain)
    except ExpressionError as error:
        raise NotMappedError(str(error)) from error
    return _with_days(plain, tree, columns)


def _asked(call: str) -> Asked:
    found = _CALL.match(call)
    if found is None:
        raise NotMappedError(f"'{{{{ {call} }}}}' is not read. Write the condition over a dimension.")
    arguments = [part.strip() for part in found[2].split(",")] if found[2] else []
    texts = [_TEXT.match(argument) for argument in arguments]
    if not texts or texts[0] is None:
        raise NotMappedError(f"'{{{{ {call} }}}}' names no dimension.")
    grain = _GRAIN.match(found[3]) if found[3] else None
    second = texts[1][1] if len(texts) > 1 and texts[1] is not None else None
    # What is left over says more than a column: a path of entities, a part of a date.
    plain = not (found[3] and grain is None) and len(arguments) <= 2 and all(texts)
    kind: Named = found[1]  # type: ignore[assignment]
    if kind == "Dimension" and second is not None:
        plain = False
    return Asked(kind, texts[0][1], grain[1].lower() if grain else (second or "").lower() or None, call, plain)


def _with_days(text: str, tree: exp.Expr, columns: Mapping[str, Column]) -> str:
    """Returns the text with the days that dates are compared with written as dates."""
    days: set[str] = set()
    for node in tree.find_all(*_COMPARED):
        named = [each for each in node.find_all(exp.Column) if each.name in columns and columns[each.name].is_date]
        if named:
            days |= {each.this for each in node.find_all(exp.Literal) if each.is_string and _DAY.match(each.this)}
    for day in sorted(days):
        text = re.sub(rf"(?<!date )'{day}'", f"date '{day}'", text)
    return text
