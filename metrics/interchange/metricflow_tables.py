"""The columns of tables that definitions come to use, and what they hold, as far as that can be told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from metrics.catalogue.definition import ColumnType, Table
from metrics.interchange.metricflow_project import SemanticModel
from metrics.interchange.report import Note

_PLAIN = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_DECLARED: tuple[tuple[str, ColumnType], ...] = (
    ("timestamp", "timestamp"), ("datetime", "timestamp"), ("date", "date"), ("bool", "boolean"), ("int", "integer"),
    ("bigint", "integer"), ("smallint", "integer"), ("tinyint", "integer"), ("hugeint", "integer"),
    ("numeric", "number"), ("number", "number"), ("decimal", "number"), ("float", "number"), ("double", "number"),
    ("real", "number"), ("varchar", "text"), ("char", "text"), ("text", "text"), ("string", "text"), ("uuid", "text"),
)  # fmt: skip


def is_column(text: str) -> bool:
    """Returns whether the expression is a column by itself."""
    return _PLAIN.match(text) is not None


def declared_type(data_type: str) -> ColumnType | None:
    """Returns what a column of a database's type holds; None for a type that definitions cannot use, or for none."""
    written = data_type.strip().casefold()
    return next((kind for start, kind in _DECLARED if written.startswith(start)), None)


def hints(  # noqa: C901, PLR0912 - one case a construct
    tree: exp.Expr, wanted: ColumnType | None = None
) -> Iterator[tuple[str, ColumnType]]:
    """Yields columns of the expression with what they must hold for it to make sense."""
    match tree:
        case exp.Column():
            if wanted is not None:
                yield tree.name, wanted
        case exp.Paren():
            yield from hints(tree.this, wanted)
        case exp.Neg() | exp.Abs() | exp.Round():
            yield from hints(tree.this, "number")
        case exp.Add() | exp.Sub() | exp.Mul() | exp.Div():
            yield from hints(tree.left, "number")
            yield from hints(tree.right, "number")
        case exp.And() | exp.Or():
            yield from hints(tree.left, "boolean")
            yield from hints(tree.right, "boolean")
        case exp.Not():
            yield from hints(tree.this, "boolean")
        case exp.Is():
            yield from hints(tree.this)
        case exp.EQ() | exp.NEQ() | exp.GT() | exp.GTE() | exp.LT() | exp.LTE() | exp.In() | exp.Between():
            yield from _compared(tree)
        case exp.Case():
            for branch in tree.args["ifs"]:
                yield from hints(branch.this, "boolean")
                yield from hints(branch.args["true"], wanted)
            if tree.args.get("default") is not None:
                yield from hints(tree.args["default"], wanted)
        case exp.Coalesce() | exp.Greatest() | exp.Least() | exp.Nullif():
            for child in tree.iter_expressions():
                yield from hints(child, wanted)


def _compared(tree: exp.Expr) -> Iterator[tuple[str, ColumnType]]:
    sides = [side for side in tree.iter_expressions() if isinstance(side, exp.Expr)]
    kinds = [_literal(side) for side in sides]
    kind = next((each for each in kinds if each is not None), None)
    for side in sides:
        yield from hints(side, kind)


def _literal(node: exp.Expr) -> ColumnType | None:
    match node:
        case exp.Literal():
            return "text" if node.is_string else "number"
        case exp.Boolean():
            return "boolean"
        case exp.Cast():
            return "date"
    return None


@dataclass(slots=True)
class Tables:
    """The tables that are used, with their columns: what was learnt first about a column stands."""

    titles: dict[str, str] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    columns: dict[str, dict[str, ColumnType | None]] = field(default_factory=dict)
    declared: dict[str, Mapping[str, str]] = field(default_factory=dict)
    sources: dict[str, SemanticModel] = field(default_factory=dict)

    def add(self, model: SemanticModel, title: str, key: tuple[str, ...]) -> None:
        """Takes the table of the semantic model in; a second time, only what is new about it."""
        self.titles.setdefault(model.table, title)
        self.sources.setdefault(model.table, model)
        if key:
            self.keys.setdefault(model.table, key)
        columns = self.columns.setdefault(model.table, {})
        self.declared[model.table] = {**self.declared.get(model.table, {}), **model.columns}
        for column in key:
            columns.setdefault(column, None)

    def use(self, table: str, column: str, kind: ColumnType | None = None) -> None:
        """Notes that the column is used, and what it holds when that is known."""
        columns = self.columns[table]
        known = declared_type(self.declared[table].get(column, "")) or columns.get(column)
        columns[column] = known or kind

    def read(self, table: str, tree: exp.Expr, wanted: ColumnType | None) -> None:
        """Notes the columns of an expression."""
        found = dict(hints(tree, wanted))
        for column in tree.find_all(exp.Column):
            self.use(table, column.name, found.get(column.name))

    def kind(self, table: str, column: str) -> ColumnType:
        """Returns what the column is taken to hold."""
        return self.columns[table].get(column) or "text"

    def agree(self, table: str, column: str, other: str, others: str) -> None:
        """Makes two columns that are joined hold the same, where only one of them is known."""
        kind = self.columns[table].get(column) or self.columns[other].get(others)
        self.use(table, column, kind)
        self.use(other, others, kind)

    def definitions(self) -> Iterator[Table]:
        """Yields the tables as they are declared."""
        for name, columns in self.columns.items():
            kinds: dict[str, ColumnType] = {column: kind or "text" for column, kind in columns.items()}
            yield Table(name=name, title=self.titles[name], columns=kinds, primary_key=self.keys.get(name, ()))

    def notes(self) -> Iterator[Note]:
        """Yields what was assumed about columns whose types the project does not declare."""
        for name, columns in self.columns.items():
            assumed = [
                f"{column} {kind or 'text'}"
                for column, kind in columns.items()
                if declared_type(self.declared[name].get(column, "")) is None
            ]
            if assumed:
                reason = f"types of columns are taken from how they are used: {', '.join(assumed)}. Correct them."
                yield Note("fill in", self.sources[name].spot, f"table {name}", reason)
