"""YAML with the line of every key, so that an error can point at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from yaml.reader import ReaderError

Path = tuple[str | int, ...]

# Aliases of aliases can stand for more than any memory holds.
_MOST_PLACES = 200_000


class DuplicateKeyError(ValueError):
    """A mapping that holds the same key twice."""

    def __init__(self, key: str, line: int) -> None:
        self.key, self.line = key, line
        super().__init__(f"the key '{key}' stands twice in one mapping")


class ValueFaultError(yaml.MarkedYAMLError):
    """A value that looks like one of a type, and is none: 2026-02-30."""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, whose complaints about values name the line."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            return super().construct_object(node, deep)
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, OverflowError) as error:
            kind = _KINDS.get(node.tag, f"value of the type {node.tag}")
            note = _A_DAY if node.tag == _TIMESTAMP else ""
            raise ValueFaultError(
                problem=f"'{node.value}' is no {kind}", problem_mark=node.start_mark, note=note
            ) from error


_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_KINDS = {
    _TIMESTAMP: "date", "tag:yaml.org,2002:int": "whole number", "tag:yaml.org,2002:float": "number",
    "tag:yaml.org,2002:bool": "yes or no",
}  # fmt: skip
_A_DAY = "Write a day of the calendar, such as 2026-03-31."


def parse(text: str) -> tuple[Any, Mapping[Path, int]]:
    """Returns the plain data and, for every path into it, the line (from 1) where it stands.

    Raises:
        yaml.MarkedYAMLError: the text is no YAML, or more of it than definitions can be; `note` says what to do, where
            that is known.
        ValueFaultError: a value is none of its type, such as a date that no calendar has.
        DuplicateKeyError: a mapping holds a key twice.
    """
    try:
        loader = _Loader(text)
    except ReaderError as error:
        raise _unprintable(text, error) from error
    try:
        node = loader.get_single_node()
        lines: dict[Path, int] = {}
        if node is None:
            return {}, lines
        _walk(node, (), lines, ())
        return loader.construct_document(node), lines
    except RecursionError as error:
        raise yaml.MarkedYAMLError(problem="it is nested too deeply") from error
    except yaml.MarkedYAMLError as error:
        _explain(error)
        raise
    finally:
        loader.dispose()


def line_of(lines: Mapping[Path, int], path: Sequence[str | int]) -> int:
    """Returns the line of the path, or of the nearest thing above it."""
    where = tuple(path)
    while where:
        if where in lines:
            return lines[where]
        where = where[:-1]
    return lines.get((), 1)


def _walk(node: yaml.Node, path: Path, lines: dict[Path, int], within: tuple[yaml.Node, ...]) -> None:
    if any(node is each for each in within):
        raise _refused("an alias stands within what it stands for", node)
    if len(lines) > _MOST_PLACES:
        raise _refused("it holds more than definitions can", node)
    within = (*within, node)
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _refused("a key is a single word", key)
            if key.value in seen:
                raise DuplicateKeyError(key.value, key.start_mark.line + 1)
            seen.add(key.value)
            child = (*path, key.value)
            lines[child] = key.start_mark.line + 1
            _walk(value, child, lines, within)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*path, index), lines, within)


def _refused(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _unprintable(text: str, error: ReaderError) -> yaml.MarkedYAMLError:
    """Returns the error of a character that no text has, such as NUL, with its line."""
    before = text[: error.position]
    mark = yaml.Mark(error.name, error.position, before.count("\n"), 0, None, 0)
    problem = f"the character U+{error.character:04X} does not belong in text"
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark, note="Remove it.")


def _explain(error: yaml.MarkedYAMLError) -> None:
    """Says in plain words what PyYAML says in its own, where something is known to be done about it."""
    problem, opened = error.problem or "", error.context_mark
    if "'\\t'" in problem:
        error.problem, error.note = "a tab stands where blanks belong", "Indent with blanks, never with tabs."
    elif error.context == "while scanning a quoted scalar" and opened is not None:
        line = opened.line + 1
        error.problem = f"the quote that begins on line {line} is not closed"
        error.note = "Close it with the same quote that opens it."
        error.problem_mark = opened
    elif problem == "mapping values are not allowed here":
        error.note = "Put quotes round a text that holds ': '; or mend the indentation."
    elif "that cannot start any token" in problem:
        error.note = "Put quotes round a text that begins so."
