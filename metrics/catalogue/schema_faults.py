"""What keeps an entry of a definition file from being valid by itself, in the words of its reader."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from metrics.catalogue.definition import DefinitionFile
from metrics.catalogue.finding import Finding, suggest
from metrics.catalogue.yaml_lines import line_of

Path = tuple[str | int, ...]

_BEGINNING = "a definition file is a mapping of tables, models and metrics."
_BEGIN_WITH = "Begin it with 'tables:', 'models:' or 'metrics:', and a list below."
_ENTRY = "Write it as 'key: value', with every key of an entry indented alike."


def schema_findings(
    error: ValidationError, shown: str, lines: Mapping[Path, int], text: str
) -> Iterator[Finding]:  # fmt: skip
    """Yields what is wrong, each thing once, with its line in the text."""
    rows = text.splitlines()
    for item in error.errors():
        path = _plain_path(tuple(item["loc"]), item["input"])
        if path is not None:
            yield _finding(item, path, shown, line_of(lines, path), rows)


def _plain_path(loc: Path, given: Any) -> Path | None:
    """Returns where it is in the file; None of what is said of one form when the other was meant.

    A value that may be a text or a list of texts is faulted as both, under the names of those forms.
    """
    for place, step in enumerate(loc):
        if step in _TEXT_FORMS:
            return None if isinstance(given, list | tuple) else loc[:place]
        if isinstance(step, str) and step.startswith("tuple["):
            return loc[:place] + loc[place + 1 :] if place + 1 < len(loc) or isinstance(given, list) else None
    return loc


_TEXT_FORMS = ("str", "constrained-str")


def _finding(item: Any, path: Path, shown: str, line: int, rows: Sequence[str]) -> Finding:
    kind, given = item["type"], item["input"]
    if kind == "extra_forbidden":
        unknown = str(path[-1])
        return Finding("E003", "error", shown, line, f"unknown key '{unknown}'.", suggest(unknown, _keys_at(path[:-1])))
    if kind == "missing":
        return Finding("E004", "error", shown, line, f"'{path[-1]}' is missing.", "Add it.")
    if not path:
        return Finding("E005", "error", shown, line, _BEGINNING, _BEGIN_WITH)
    name = ".".join(str(part) for part in path if not isinstance(part, int))
    written = _as_written(rows[line - 1] if line <= len(rows) else "", path[-1], given)
    message, fix = _told(item, str(path[-1]), written)
    if kind == "tuple_type":
        return Finding("E005", "error", shown, line, message, fix)
    return Finding("E005", "error", shown, line, f"'{name}': {message}", fix)


def _told(item: Any, key: str, written: str) -> tuple[str, str]:  # noqa: PLR0911 - one case a kind of fault
    """Returns what is wrong with the value, and what to write in its place."""
    given = item["input"]
    match item["type"]:
        case "tuple_type":
            fix = f"Write [{written}]." if isinstance(given, str | int | float) else ""
            return f"'{key}' is a list of entries that begin with '-'.", fix
        case "model_type" | "dict_type":
            return f"{_words(given, written)} stands where keys with values belong.", _ENTRY
        case "string_type" if isinstance(given, int | float | date):
            return f"{written} is {_words(given, written)}, and a text belongs here.", f"Write '{written}' in quotes."
        case "string_type":
            return f"{_words(given, written)} stands where a text belongs.", ""
        case "literal_error":
            message = str(item["msg"])
            return f"{message}.", suggest(str(given), re.findall("'([^']*)'", item["ctx"]["expected"]))
        case "string_pattern_mismatch":
            fix = "Write letters, digits and underscores, beginning with a letter; names and ids in lower case."
            return f"{item['msg']}.", fix
        case kind if kind.startswith("date_"):
            return f"'{written}' is no date.", "Write a day of the calendar, such as 2026-03-31."
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{message}.", ""


def _words(given: Any, written: str) -> str:  # noqa: PLR0911 - one case a type
    match given:
        case None:
            return "nothing"
        case bool():
            return "yes or no to YAML"
        case int() | float():
            return "a number"
        case date():
            return "a date"
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
    return f"the text '{written}'"


def _as_written(row: str, key: str | int, given: Any) -> str:
    """Returns the value as it stands in the file, where it is on the key's line: 'yes', which YAML reads as true."""
    found = re.search(rf"(?:^|[\s{{,]){re.escape(str(key))}\s*:\s+([^\s,}}\]#'\"][^,}}\]#]*)", row)
    if found is None or isinstance(given, str | dict | list | None):
        return str(given)
    return found[1].strip()


def _keys_at(path: Sequence[str | int]) -> Iterable[str]:
    kind: type[BaseModel] | None = DefinitionFile
    for part in path:
        if isinstance(part, int) or kind is None:
            continue
        kind = _model_within(kind.model_fields[part].annotation) if part in kind.model_fields else None
    return kind.model_fields if kind else ()


def _model_within(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _model_within(argument)
        if found is not None:
            return found
    return None
