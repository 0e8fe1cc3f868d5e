"""YAML with the line of every key, so that an error can point at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

Path = tuple[str | int, ...]


class DuplicateKeyError(ValueError):
    """A mapping that holds the same key twice."""

    def __init__(self, key: str, line: int) -> None:
        self.key, self.line = key, line
        super().__init__(f"the key '{key}' stands twice in one mapping")


def parse(text: str) -> tuple[Any, Mapping[Path, int]]:
    """Returns the plain data and, for every path into it, the line (from 1) where it stands.

    Raises:
        yaml.YAMLError: the text is no YAML.
        DuplicateKeyError: a mapping holds a key twice.
    """
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Path, int] = {}
        if node is None:
            return {}, lines
        _walk(node, (), lines)
        return loader.construct_document(node), lines
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


def _walk(node: yaml.Node, path: Path, lines: dict[Path, int]) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise DuplicateKeyError(key.value, key.start_mark.line + 1)
            seen.add(key.value)
            child = (*path, key.value)
            lines[child] = key.start_mark.line + 1
            _walk(value, child, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*path, index), lines)
