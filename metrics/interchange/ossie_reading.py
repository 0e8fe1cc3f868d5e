"""An Ossie document read back: our definitions from its extensions, and the parts of a metric from its expression."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp

from metrics.catalogue.definition import DefinitionFile
from metrics.interchange.ossie import VENDOR


@dataclass(frozen=True, slots=True)
class Parts:
    """The aggregates that a metric's expression divides, as ANSI SQL; `denominator` is None when it divides nothing."""

    numerator: str
    denominator: str | None


def definitions(document: Mapping[str, Any]) -> DefinitionFile:
    """Returns the definitions that the document carries in its extensions, those that Ossie has no word for too.

    Raises:
        pydantic.ValidationError: an extension of ours was changed into something that is no definition.
    """
    tables: list[Any] = []
    models: list[Any] = []
    metrics: list[Any] = []
    for model in document["semantic_model"]:
        own = _own(model)
        tables += own.get("tables", [])
        metrics += own.get("left_out", [])
        models += [_own(dataset) for dataset in model["datasets"] if _own(dataset)]
        metrics += [_own(metric) for metric in model.get("metrics", ()) if _own(metric)]
    return DefinitionFile.model_validate({"tables": tables, "models": models, "metrics": metrics})


def parts(document: Mapping[str, Any]) -> dict[str, Parts]:
    """Returns, for each metric, what its ANSI expression divides by what; extensions are not looked at.

    Computed fields are written out, so that a part is an aggregate over columns of the source.
    """
    found: dict[str, Parts] = {}
    for model in document["semantic_model"]:
        rows = dict(_rows(model))
        for metric in model.get("metrics", ()):
            tree = _written_out(sqlglot.parse_one(_ansi(metric), dialect="postgres"), rows)
            found[metric["name"]] = _parts(tree)
    return found


def _parts(tree: exp.Expr) -> Parts:
    if isinstance(tree, exp.Case) and tree.args.get("default") is None:
        tree = tree.args["ifs"][0].args["true"]  # a level, that is asked for one period
    if not isinstance(tree, exp.Div):
        return Parts(tree.sql(dialect="postgres"), None)
    upper, lower = tree.this, tree.expression
    upper = upper.this if isinstance(upper, exp.Cast) else upper
    lower = lower.this if isinstance(lower, exp.Nullif) else lower
    return Parts(upper.sql(dialect="postgres"), lower.sql(dialect="postgres"))


def _rows(model: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], exp.Expr]]:
    for dataset in model["datasets"]:
        for field in dataset.get("fields", ()):
            yield (dataset["name"], field["name"]), sqlglot.parse_one(_ansi(field), dialect="postgres")


def _written_out(tree: exp.Expr, rows: Mapping[tuple[str, str], exp.Expr]) -> exp.Expr:
    def written(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and (node.table, node.name) in rows:
            return rows[node.table, node.name].copy()
        return node

    return tree.transform(written)


def _ansi(thing: Mapping[str, Any]) -> str:
    dialects = thing["expression"]["dialects"]
    return str(next(each["expression"] for each in dialects if each["dialect"] == "ANSI_SQL"))


def _own(thing: Mapping[str, Any]) -> dict[str, Any]:
    for extension in thing.get("custom_extensions", ()):
        if extension["vendor_name"] == VENDOR:
            data: dict[str, Any] = json.loads(extension["data"])
            return data
    return {}
