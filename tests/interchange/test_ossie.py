"""An Ossie document is valid, holds every metric, and gives its definitions back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sqlglot
import yaml

from metrics.catalogue import Catalogue, load
from metrics.interchange import ossie, ossie_reading
from metrics.interchange.ossie_sql import DIALECTS
from tests.interchange.definitions import catalogue

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "ossie_0.2.0.dev0.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=["shipped", "every type"])
def held(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return load() if request.param == "shipped" else catalogue(tmp_path_factory.mktemp("definitions"))


@pytest.fixture(scope="module")
def export(held: Catalogue) -> ossie.Export:
    return ossie.export(held)


@pytest.fixture(scope="module")
def written(export: ossie.Export) -> Any:
    return yaml.safe_load(export.as_yaml())


def test_the_document_is_valid(written: Any) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(written)


def test_names_are_unique_and_relationships_join_datasets(export: ossie.Export) -> None:
    (model,) = export.document["semantic_model"]
    for key in ("datasets", "metrics", "relationships"):
        names = [each["name"] for each in model[key]]
        assert len(names) == len(set(names)), key
    fields = {each["name"]: [field["name"] for field in each["fields"]] for each in model["datasets"]}
    for names in fields.values():
        assert len(names) == len(set(names))
    for each in model["relationships"]:
        assert set(each["from_columns"]) <= set(fields[each["from"]])
        assert set(each["to_columns"]) <= set(fields[each["to"]])


def test_every_expression_parses_in_its_dialect_over_fields_that_are_there(export: ossie.Export) -> None:
    (model,) = export.document["semantic_model"]
    fields = {(each["name"], field["name"]) for each in model["datasets"] for field in each["fields"]}
    assert fields
    for metric in model["metrics"]:
        for each in metric["expression"]["dialects"]:
            tree = sqlglot.parse_one(each["expression"], dialect=DIALECTS[each["dialect"]])
            assert {(column.table, column.name) for column in tree.find_all(sqlglot.exp.Column)} <= fields
    for dataset in model["datasets"]:
        for field in dataset["fields"]:
            for each in field["expression"]["dialects"]:
                sqlglot.parse_one(each["expression"], dialect=DIALECTS[each["dialect"]])


def test_the_definitions_are_found_again(held: Catalogue, written: Any) -> None:
    found = ossie_reading.definitions(written)
    assert {each.id: each for each in found.metrics} == dict(held.metrics)
    assert {each.name: each for each in found.models} == dict(held.models)
    assert {each.name: each for each in found.tables} == dict(held.tables)


def test_every_metric_is_there_with_its_numerator_and_denominator(held: Catalogue, export: ossie.Export) -> None:
    parts = ossie_reading.parts(export.document)
    left_out = {
        loss.where.split(":")[0].removeprefix("metric ") for loss in export.losses if loss.kind is ossie.LEFT_OUT
    }
    assert parts.keys() | left_out == held.metrics.keys()
    assert not parts.keys() & left_out
    for metric in held:
        # Left out with its reason: it measures a length of time, for which the dialects share no function.
        if metric.type == "ratio" and metric.id not in left_out:
            found = parts[metric.id]
            assert found.denominator is not None
            for part, text in ((metric.numerator, found.numerator), (metric.denominator, found.denominator)):
                assert part is not None
                for column in sqlglot.parse_one(part.expr).find_all(sqlglot.exp.Column):
                    assert column.name in text


def test_a_ratio_as_it_is_written(tmp_path: Path) -> None:
    (model,) = ossie.export(catalogue(tmp_path), ["did_not_attend"]).document["semantic_model"]
    (metric,) = model["metrics"]
    assert metric["name"] == "did_not_attend"
    assert metric["datatype"] == "Float"
    assert metric["ai_context"]["synonyms"] == ["Visits that patients did not attend", "DNA rate"]
    ansi, *others = metric["expression"]["dialects"]
    assert ansi == {
        "dialect": "ANSI_SQL",
        "expression": "CAST(SUM(visits.did_not_attend_numerator) AS DOUBLE PRECISION) / "
        "NULLIF(SUM(visits.did_not_attend_denominator), 0)",
    }
    assert [each["dialect"] for each in others] == ["SNOWFLAKE", "DATABRICKS", "BIGQUERY"]
    assert "AS FLOAT64" in others[-1]["expression"]
    dataset = next(each for each in model["datasets"] if each["name"] == "visits")
    assert dataset["source"] == "visits"
    assert dataset["primary_key"] == ["visit"]
    fields = {each["name"]: each for each in dataset["fields"]}
    reported = "kind <> 'test' AND NOT missed IS NULL AND NOT booked IS NULL"
    assert fields["did_not_attend_numerator"]["expression"]["dialects"] == [
        {
            "dialect": "ANSI_SQL",
            "expression": f"CASE WHEN {reported} AND kind = 'f' THEN missed WHEN {reported} THEN 0 END",
        }
    ]
    assert fields["on_day"]["dimension"] == {"is_time": True}
    assert fields["kind_of_visit"]["datatype"] == "String"
    assert [
        (each["from"], each["from_columns"], each["to"], each["to_columns"]) for each in model["relationships"]
    ] == [
        ("visits", ["org"], "dim_organisation", ["org_code"]),
        ("visits", ["ward"], "wards_joined", ["ward"]),
    ]


def test_losses_name_what_is_lost_and_where(tmp_path: Path) -> None:
    lost = {(loss.kind.code, loss.where) for loss in ossie.export(catalogue(tmp_path)).losses}
    assert lost == {
        ("OSS01", "every metric"),
        ("OSS02", "every metric"),
        ("OSS03", "model visits: organisation"),
        ("OSS04", "model visits: organisation"),
        ("OSS05", "model visits: filter"),
        ("OSS06", "metric on_wards: expression"),
        ("OSS08", "metric growth: 'visits_before' is visits of 1 year before"),
        ("OSS08", "metric did_not_attend_28d: a cumulative metric reads other periods than the one it is shown for"),
        ("OSS08", "metric called_back: a conversion metric reads other periods than the one it is shown for"),
        ("OSS10", "model visits: dimension kind_of_visit"),
        ("OSS12", "model calls: time"),
        ("OSS13", "metric median_call: expression"),
    }


def test_what_a_metric_is_made_of_comes_along(tmp_path: Path) -> None:
    (model,) = ossie.export(catalogue(tmp_path), ["minutes_a_visit"]).document["semantic_model"]
    assert [each["name"] for each in model["metrics"]] == ["minutes", "visits", "minutes_a_visit"]
