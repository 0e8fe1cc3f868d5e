"""The JSON Schema of definitions: complete, in words, referenced by every file, and of one mind with the loader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from metrics.catalogue import SHIPPED, check, json_schema
from tests.catalogue.rule_cases import of_metrics, of_models
from tests.catalogue.rule_cases.case import BASE, Case, written

SCHEMA: dict[str, Any] = json.loads(json_schema.text())
FILES = sorted(SHIPPED.glob("*.yml"))
UNSOUND = [case for case in (*of_models.CASES, *of_metrics.CASES) if case.code in ("E003", "E004", "E005")]


def plain(text: str) -> Any:
    """Returns the file as JSON has it: days as text."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


def test_every_key_is_described() -> None:
    objects = {"the file": SCHEMA, **SCHEMA["$defs"]}
    bare = [
        f"{name}.{key}"
        for name, each in objects.items()
        for key, said in each.get("properties", {}).items()
        if not said.get("description")
    ]
    assert bare == []
    assert sum(len(each.get("properties", {})) for each in objects.values()) > 100


def test_every_kind_of_definition_is_described() -> None:
    assert [name for name, each in SCHEMA["$defs"].items() if not each.get("description")] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_that_ships_names_the_schema_first_and_keeps_to_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.splitlines()[0] == "# yaml-language-server: $schema=schema.json"
    assert (file.parent / "schema.json").samefile(json_schema.PATH)
    jsonschema.validate(plain(text), SCHEMA)


def test_definitions_that_use_every_kind_of_metric_keep_to_it() -> None:
    jsonschema.validate(plain(written(BASE)), SCHEMA)


@pytest.mark.parametrize("case", UNSOUND, ids=lambda case: f"{case.code} {case.says[:40]}")
def test_what_the_loader_refuses_by_its_keys_and_values_the_schema_refuses_too(case: Case, tmp_path: Path) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain(case.text), SCHEMA)
    jsonschema.validate(plain(case.mended), SCHEMA)
    (tmp_path / "case.yml").write_text(case.mended, encoding="utf-8")
    assert not {"E003", "E004", "E005"} & {each.code for each in check(tmp_path)[1]}
