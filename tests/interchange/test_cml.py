"""Records for the Central Metrics Library have the fields of its schemas, and say what definitions say."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest

from metrics.catalogue import UnknownMetricError, load
from metrics.catalogue.rules.scope import NESTS
from metrics.interchange import cml
from metrics.interchange.losses import EVERY_METRIC
from tests.interchange.definitions import catalogue

SCHEMAS = Path(__file__).parent / "schemas"
FILES: dict[cml.Proforma, str] = {2: "cml_2.1.0.json", 3: "cml_3.0.0.json"}
SOME_DAY = date(2020, 4, 1)


def faults(records: tuple[cml.Record, ...], fields: list[dict[str, object]]) -> list[str]:
    """Returns what is wrong by the library's schema: fields, their order, their types, and nulls."""
    names = [field["name"] for field in fields]
    found = [f"{list(record)}" for record in records if list(record) != names]
    for record in records:
        for field in fields:
            value = record[str(field["name"])]
            if value is None:
                found += [] if field["nullable"] else [f"{record['metric_id']}: {field['name']} is null"]
            elif field["type"] == "timestamp":
                datetime.fromisoformat(value)
            elif not isinstance(value, str) or not value.strip():
                found.append(f"{record['metric_id']}: {field['name']} is {value!r}")
    return found


@pytest.mark.parametrize("proforma", [2, 3])
def test_every_metric_that_ships_makes_a_valid_record(proforma: cml.Proforma) -> None:
    shipped = load()
    schema = json.loads((SCHEMAS / FILES[proforma]).read_text(encoding="utf-8"))
    found = cml.export(shipped, held_from=dict.fromkeys(shipped.metrics, SOME_DAY), proforma=proforma)
    assert len(found.metadata) == len(shipped.metrics)
    assert faults(found.metadata, schema["metadata"]) == []
    assert faults(found.relationships, schema["relationships"]) == []
    assert json.loads(found.as_json())["schema"] == schema["source"]


@pytest.mark.parametrize("proforma", [2, 3])
def test_metrics_of_every_type_make_valid_records(proforma: cml.Proforma, tmp_path: Path) -> None:
    held = catalogue(tmp_path)
    schema = json.loads((SCHEMAS / FILES[proforma]).read_text(encoding="utf-8"))
    found = cml.export(held, held_from=dict.fromkeys(held.metrics, SOME_DAY), proforma=proforma)
    assert faults(found.metadata, schema["metadata"]) == []
    assert faults(found.relationships, schema["relationships"]) == []


def test_a_ratio_as_it_is_written(tmp_path: Path) -> None:
    held = catalogue(tmp_path)
    (record,) = cml.export(held, ["did_not_attend"], {"did_not_attend": date(2025, 4, 1)}).metadata
    assert record == {
        "metric_family_id": "visits",
        "metric_id": "did_not_attend",
        "metric_status": "Live",
        "metric_title": "Visits that patients did not attend",
        "metric_start_date": "2025-04-01T00:00:00",
        "metric_end_date": None,
        "available_metric_category": "ratio",
        "available_reporting_grain": "day, week, month, quarter, financial_year",
        "available_location_types": "england, region, icb, organisation",
        "available_dimension_types": "kind_of_visit, site",
        "business_area": "Operations",
        "business_sub_area": "Visits to clinics",
        "domain": "Improve care",
        "source_name": "visits",
        "project_id": None,
        "source_platform": None,
        "metric_owner": "Clinic manager",
        "metric_short_name": "DNA rate",
        "metric_alias": None,
        "metric_description": "Of face to face visits, the share that was missed.",
        "calculation": "Numerator: Missed visits (sum of missed where kind = 'f'). "
        "Denominator: Visits booked (sum of booked where kind = 'f').",
        "metric_purpose": "Of face to face visits, the share that was missed.",
        "unit": "percent",
        "format": "0.0%",
        "target": "0.05 from 1 April 2025 to 31 March 2026 (plan; Annual plan); "
        "0.04 from 1 April 2026 (plan; Annual plan)",
        "frequency_of_refresh": "daily",
        "aggregation": "The sum of the numerators over the sum of the denominators, at every level and in every total. "
        "Longer periods add up the shorter ones.",
        "statistical_disclosure_control_flag": "Y",
        "statistical_disclosure_control_description": "Small numbers of patients are suppressed on the parts, before "
        "division.",
        "interpretation": "Lower is better.",
        "inclusion_exclusion_rules": "Rows where kind <> 'test'. Numerator: rows where kind = 'f'. "
        "Denominator: rows where kind = 'f'.",
        "usage": "Read beside: visits.",
        "organisation_geog_type": None,
        "footnotes": "Visits of the day before arrive by noon.",
        "notes": "Better is: decrease. Definition followed: NHS Data Dictionary. Data are operational. "
        "A period counts as missing when under 95% of those expected report it. A period is final 2 days after its end. "
        "Benchmark: 0.07, England (NHS England). "
        f"Definition version {held.version_of(held.metric('did_not_attend'))}.",
    }


def test_the_third_proforma_tells_the_sources_of_both_parts(tmp_path: Path) -> None:
    held = catalogue(tmp_path)
    found = {record["metric_id"]: record for record in cml.export(held, proforma=3).metadata}
    sources = {
        name: (record["numerator_source_name"], record["denominator_source_name"]) for name, record in found.items()
    }
    assert sources["did_not_attend"] == ("visits", "visits")
    assert sources["did_not_attend_28d"] == ("visits", "visits")
    assert sources["called_back"] == ("calls", "visits")
    assert sources["visits"] == ("visits", "Not applicable")


def test_what_a_metric_is_made_of_and_read_beside_are_relationships(tmp_path: Path) -> None:
    found = cml.export(catalogue(tmp_path), ["did_not_attend", "minutes_a_visit"]).relationships
    pairs = [(each["metric_id"], each["child_metric_id"], each["relationship_type"]) for each in found]
    assert pairs == [
        ("did_not_attend", "visits", "read_beside"),
        ("minutes_a_visit", "minutes", "input"),
        ("minutes_a_visit", "visits", "input"),
    ]


def test_losses_name_the_metric_and_the_key(tmp_path: Path) -> None:
    held = catalogue(tmp_path)
    lost = cml.export(held, ["did_not_attend", "visits"], {"visits": SOME_DAY}).losses
    assert {(loss.kind.code, loss.where) for loss in lost if loss.where != EVERY_METRIC} == {
        ("CML06", "metric did_not_attend: metric_start_date"),
        ("CML09", "metric did_not_attend: targets"),
        ("CML11", "metric did_not_attend: benchmark"),
    }
    every = {loss.kind.code for loss in lost if loss.where == EVERY_METRIC}
    assert every == {"CML01", "CML02", "CML03", "CML04", "CML05", "CML07", "CML10"}


def test_a_metric_with_alternates_loses_them() -> None:
    shipped = load()
    metric = next(each for each in shipped if each.alternates)
    lost = cml.export(shipped, [metric.id]).losses
    assert f"metric {metric.id}: alternates" in {loss.where for loss in lost if loss.kind is cml.ALTERNATES}


def test_an_unknown_metric_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownMetricError, match="Did you mean 'ae_four_hour'"):
        cml.export(load(), ["ae_four_hours"])


@pytest.mark.parametrize("grain", NESTS)
def test_grains_are_those_that_can_be_asked_for(grain: str, tmp_path: Path) -> None:
    held = catalogue(tmp_path)
    model = held.models["calls"].model_copy(update={"grain": grain})
    assert cml._grains(model) == NESTS[grain]
