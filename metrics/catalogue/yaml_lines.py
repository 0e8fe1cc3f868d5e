"""YAML with the line of every key, so that an error can point at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

Path = tuple[str | int, ...]

# Aliases of aliases can stand for more than any memory holds.
_MOST_PLACES = 200_000


class DuplicateKeyError(ValueError):
    """A mapping that holds the same key twice."""

    def __init__(self, key: str, line: int) -> None:
        self.key, self.line = key, line
        super().__init__(f"the key '{key}' stands twice in one mapping")


def parse(text: str) -> tuple[Any, Mapping[Path, int]]:
    """Returns the plain data and, for every path into it, the line (from 1) where it stands.

    Raises:
        yaml.YAMLError: the text is no YAML, or more of it than definitions can be.
        DuplicateKeyError: a mapping holds a key twice.
    """
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Path, int] = {}
        if node is None:
            return {}, lines
        _walk(node, (), lines, ())
        return loader.construct_document(node), lines
    except RecursionError as error:
        raise yaml.MarkedYAMLError(problem="it is nested too deeply") from error
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
