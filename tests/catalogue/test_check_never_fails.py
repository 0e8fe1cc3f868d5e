"""Whatever stands in a definition file, checking it gives findings on its lines, and no error of Python's."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings, strategies

from metrics.catalogue import SHIPPED, check
from tests.catalogue.rule_cases.case import BASE, written

WHOLE = {"base.yml": written(BASE), **{file.name: file.read_text(encoding="utf-8") for file in SHIPPED.glob("*.yml")}}
STRANGE = [
    None, "", " ", "x", "*", "a.b", 0, -1, 1.5, True, [], {}, [None], {"a": 1}, "select 1", "1 +", "(", "'", "0e",
    "visits", "seen", "counted", "hour", "28 days", "window", "case when a then b end", "a" * 200, "é", "9999-12-31",
]  # fmt: skip


def _paths(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        found += _paths(value, (*path, key))
    return found


def _at(data: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        data = data[key]
    return data


def _changed(data: Any, chosen: random.Random) -> Any:
    """Returns the definitions with a few things taken out, put elsewhere, or replaced by something strange."""
    data = copy.deepcopy(data)
    for _ in range(chosen.randint(1, 4)):
        paths = _paths(data)
        if not paths:
            break
        path = chosen.choice(paths)
        holder = _at(data, path[:-1])
        match chosen.randint(0, 3):
            case 0:
                del holder[path[-1]]
            case 1:
                holder[path[-1]] = chosen.choice(STRANGE)
            case 2:
                holder[path[-1]] = copy.deepcopy(_at(data, chosen.choice(paths)))
            case _ if isinstance(holder, dict):
                holder[chosen.choice(["model", "metric", "formula", "joins", "tests", "x"])] = chosen.choice(STRANGE)
    return data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("definitions")


@settings(max_examples=100)
@given(seed=strategies.integers(0, 2**32))
def test_changed_definitions_are_checked(folder: Path, seed: int) -> None:
    chosen = random.Random(seed)  # noqa: S311 - chance, no secret
    text = WHOLE[chosen.choice(["base.yml", *sorted(WHOLE)])]
    changed = yaml.safe_dump(_changed(yaml.safe_load(text), chosen), allow_unicode=True)
    _check(folder, changed)


@settings(max_examples=60)
@given(text=strategies.text(max_size=200), cut=strategies.integers(0, 5_000))
def test_any_text_is_checked(folder: Path, text: str, cut: int) -> None:
    _check(folder, WHOLE["base.yml"][:cut] + text)


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "- metrics", "metrics: 3", "metrics: {a: 1}", "? [a]\n: b", "? {a: b}\n: c", "metrics: [{id: 1}]",
        "metrics: &a [*a]", "a: &a {<<: *a}", "metrics: [{<<: {id: a}}]", "metrics:\n\t- id", "%YAML 3\n---\na", "---\na\n---\nb",
        "!!python/object:os.system {}", "metrics: !!binary x", "\ufeffmetrics: []", "metrics: [{id: !!set {a}}]", "1: 2",
        "[" * 5000, "a: " * 5000, "&a [x]\n" + "\n".join(f"- &b{i} [{', '.join(['*a'] * 9)}]" for i in range(9)),
        "metrics:\n" + "\n".join(f"  - &a{i + 1} [{', '.join([f'*a{i}'] * 9) if i else 'x'}]" for i in range(12)),
    ],
)  # fmt: skip
def test_yaml_that_is_unusual_is_checked(folder: Path, text: str) -> None:
    _check(folder, text)


def _check(folder: Path, text: str) -> None:
    file = folder / "case.yml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    _, findings = check(folder)
    lines = max(1, len(text.splitlines()) + 1)
    for finding in findings:
        assert finding.message
        assert 1 <= finding.line <= lines or finding.code == "E000", str(finding)
    if text.strip() in ("", "null", "[]"):
        assert findings
