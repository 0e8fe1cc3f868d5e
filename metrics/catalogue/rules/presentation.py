"""Rules of what readers see: words, owners, sources, targets, labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import Any

from pydantic import BaseModel

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.definition import Target
from metrics.catalogue.rules.rule import Fault, Path, rule
from metrics.catalogue.rules.scope import kinds_in


@rule(
    "E061",
    "Words are written where words are asked for: owner, source, title, description.",
    "Say it in a few plain words.",
)
def words_are_written(catalogue: Catalogue) -> Iterator[Fault]:
    entries: list[tuple[str, BaseModel]] = [(f"table:{each.name}", each) for each in catalogue.tables.values()]
    entries += [(f"model:{each.name}", each) for each in catalogue.models.values()]
    entries += [(f"metric:{each.id}", each) for each in catalogue]
    for subject, entry in entries:
        for path in _blanks(entry, ()):
            shown = ".".join(str(step) for step in path if not isinstance(step, int))
            yield Fault(subject, path, f"'{shown}' is empty.")


def _blanks(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, str):
        if not value.strip():
            yield path
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _blanks(getattr(value, name), (*path, name))
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from _blanks(each, (*path, index))
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _blanks(each, (*path, name))


@rule(
    "E022",
    "Targets and benchmarks of a share stand between 0 and 1, as its values do.",
    "Write 0.92 for 92 %.",
)
def shares_are_shares(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        if metric.unit != "percent" or metric.type not in ("ratio", "conversion"):
            continue
        values: list[tuple[Path, float]] = [
            (("targets", index, "value"), target.value) for index, target in enumerate(metric.targets)
        ]
        values += [(("benchmark", "value"), metric.benchmark.value)] if metric.benchmark else []
        for path, value in values:
            if not 0 <= value <= 1:
                fix = f"Write {value / 100:g} for {value:g} %."
                yield Fault(f"metric:{metric.id}", path, f"{value:g} is no share.", fix)


@rule(
    "E062",
    "On any day one target of a kind holds for an organisation and service.",
    "End the earlier one with 'valid_to', the day before the later one starts.",
)
def targets_do_not_overlap(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        for (_, one), (index, other) in combinations(enumerate(metric.targets), 2):
            same = (one.kind, one.organisation, one.service) == (other.kind, other.organisation, other.service)
            if same and one.valid_from <= _end(other) and other.valid_from <= _end(one):
                scope = ", ".join(code for code in (one.organisation, one.service) if code)
                whose = f" of {scope}" if scope else ""
                first = max(one.valid_from, other.valid_from)
                message = f"two targets{whose} ({one.kind.replace('_', ' ')}) hold on {_day(first)}."
                yield Fault(f"metric:{metric.id}", ("targets", index), message)


def _end(target: Target) -> date:
    return target.valid_to or date.max


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


@rule("E063", "A target ends after it starts.", "Correct 'valid_from' or 'valid_to'.")
def targets_end_after_they_start(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        for index, target in enumerate(metric.targets):
            if target.valid_to is not None and target.valid_to < target.valid_from:
                message = f"the target ends on {_day(target.valid_to)}, before it starts on {_day(target.valid_from)}."
                yield Fault(f"metric:{metric.id}", ("targets", index, "valid_to"), message)


@rule("W101", "A headline metric says how to read it.", "Say in a sentence how to read it and what to beware of.")
def metrics_explain_themselves(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        if metric.headline and not metric.interpretation:
            yield Fault(f"metric:{metric.id}", (), "no 'interpretation'.")


@rule(
    "W105",
    "A metric with a target has a direction: which side of the target is good.",
    "Write increase or decrease, or make the target a benchmark.",
)
def targets_have_a_direction(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        if metric.direction == "neutral" and metric.targets:
            yield Fault(f"metric:{metric.id}", ("direction",), "it has a target, and its direction is neutral.")


@rule(
    "W107",
    "The codes of a dimension have words: labels, or a table that names them.",
    "Write 'labels: {code: words}', or 'lookup', or name a column that holds words.",
)
def dimensions_have_words(catalogue: Catalogue) -> Iterator[Fault]:
    for model in catalogue.models.values():
        for index, dimension in enumerate(model.dimensions):
            if dimension.labels or dimension.lookup:
                continue
            kind = (kinds_in(catalogue, dimension.join or model.table) or {}).get(dimension.column, "unknown")
            is_code = dimension.column.casefold().rsplit("_", 1)[-1] in ("code", "id", "key")
            if is_code or kind in ("integer", "number", "boolean"):
                message = f"dimension '{dimension.name}': nothing names the codes of '{dimension.column}'."
                yield Fault(f"model:{model.name}", ("dimensions", index), message)


@rule("W108", "A metric is read beside others, each named once.", "Remove it.")
def companions_are_others(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        counts = Counter(metric.shown_with)
        for index, name in enumerate(metric.shown_with):
            if name == metric.id or (counts[name] > 1 and metric.shown_with.index(name) < index):
                what = "the metric itself" if name == metric.id else f"'{name}' again"
                yield Fault(f"metric:{metric.id}", ("shown_with", index), f"shown_with: {what}.")


@rule("W112", "Tags are lower-case words, each written once.", "Write it once, in lower case, with hyphens for spaces.")
def tags_are_plain(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        for index, tag in enumerate(metric.tags):
            if tag and (tag != tag.casefold() or " " in tag or metric.tags.index(tag) < index):
                yield Fault(f"metric:{metric.id}", ("tags", index), f"the tag '{tag}'.")


RULES = (
    words_are_written, shares_are_shares, targets_do_not_overlap, targets_end_after_they_start,
    metrics_explain_themselves, targets_have_a_direction, dimensions_have_words, companions_are_others, tags_are_plain,
)  # fmt: skip
