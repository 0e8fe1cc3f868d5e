"""Rules of the values that expressions compare with: they are among those that the model's dimensions label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from metrics.catalogue import expression
from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.definition import Model
from metrics.catalogue.finding import suggest
from metrics.catalogue.rules.rule import Fault, Path, rule
from metrics.catalogue.rules.scope import parts_of


@rule(
    "W114",
    "A text that a column is compared with is one of the codes that the model's dimensions label.",
    "Write the code as the rows hold it, or add it to the labels of the dimension.",
)
def compared_values_are_labelled(catalogue: Catalogue) -> Iterator[Fault]:
    for subject, path, label, text, model in _expressions(catalogue):
        labels = _labels(model)
        for column, value in _compared(text) if labels else ():
            codes = labels.get(column, {})
            if codes and value not in codes:
                message = f"{label}: '{value}' is none of the codes of '{column}' that the model labels."
                yield Fault(subject, path, message, _meant(value, codes))


def _expressions(catalogue: Catalogue) -> Iterator[tuple[str, Path, str, str, Model]]:
    for model in catalogue.models.values():
        if model.filter is not None:
            yield f"model:{model.name}", ("filter",), "filter", model.filter, model
    for metric in catalogue:
        for held in parts_of(catalogue, metric):
            for field in ("expr", "filter"):
                text = getattr(held.part, field)
                if text is not None:
                    yield f"metric:{metric.id}", (*held.path, field), f"{held.label}.{field}", text, held.model


def _labels(model: Model) -> Mapping[str, Mapping[str, str]]:
    """Returns the codes and their words by column of the model's own table, where no lookup names more of them."""
    found: dict[str, dict[str, str]] = {}
    for dimension in model.dimensions:
        if dimension.join is None and dimension.labels:
            found.setdefault(dimension.column, {}).update(dimension.labels)
    looked_up = {each.column for each in model.dimensions if each.lookup is not None}
    return {column: labels for column, labels in found.items() if column not in looked_up}


def _compared(text: str) -> Iterator[tuple[str, str]]:
    """Yields each column with each text that it is set beside by =, <> or in."""
    try:
        tree = expression.parse(text)
    except expression.ExpressionError:
        return
    for node in tree.find_all(exp.EQ, exp.NEQ, exp.In):
        sides = (node.this, *node.expressions) if isinstance(node, exp.In) else (node.this, node.expression)
        columns = [each.name for each in sides if isinstance(each, exp.Column)]
        values = [each.name for each in sides if isinstance(each, exp.Literal) and each.is_string]
        yield from ((column, value) for column in columns[:1] for value in values)


def _meant(value: str, codes: Mapping[str, str]) -> str:
    """Returns the code that was meant: the one with these words or letters, or the nearest."""
    said = value.strip().casefold()
    same = [code for code, words in codes.items() if said in (code.casefold(), words.casefold())]
    return f"Did you mean {same[0]!r}?" if same else suggest(value, codes)


RULES = (compared_values_are_labelled,)
