"""Rules of what an import could not know, and left to be filled in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.rules.rule import Fault, Path, rule

# Words that stand for words to come, and tags for keys whose values are placeholders: `fill-in-unit`.
FILL_IN = "FILL IN"
FILL_IN_TAG = "fill-in-"


@rule(
    "W113",
    "Nothing is left to be filled in, as an import leaves what the other format has no word for.",
    "Write it in place of 'FILL IN'.",
)
def nothing_is_left_to_fill_in(catalogue: Catalogue) -> Iterator[Fault]:
    entries: list[tuple[str, BaseModel]] = [(f"table:{each.name}", each) for each in catalogue.tables.values()]
    entries += [(f"model:{each.name}", each) for each in catalogue.models.values()]
    entries += [(f"metric:{each.id}", each) for each in catalogue]
    for subject, entry in entries:
        for path, text in _texts(entry, ()):
            if text.startswith(FILL_IN):
                shown = ".".join(str(step) for step in path if not isinstance(step, int))
                yield Fault(subject, path, f"'{shown}' is to be filled in.")
    for metric in catalogue:
        for index, tag in enumerate(metric.tags):
            if tag.startswith(FILL_IN_TAG):
                key = tag.removeprefix(FILL_IN_TAG)
                fix = f"Say what '{key}' is, and remove the tag '{tag}'."
                yield Fault(f"metric:{metric.id}", ("tags", index), f"'{key}' is a placeholder.", fix)


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _texts(getattr(value, name), (*path, name))
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from _texts(each, (*path, index))
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _texts(each, (*path, name))


RULES = (nothing_is_left_to_fill_in,)
