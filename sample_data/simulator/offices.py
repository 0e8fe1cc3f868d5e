"""What the programme's office keeps: its initiatives and its benefits register, as frames."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from metrics.warehouse.tables.operational import metadata
from sample_data.simulator.benefits import Line, lines_of
from sample_data.simulator.plan import BETA, Course, plan_of
from sample_data.simulator.register import CLASSES, EVERYWHERE
from sample_data.simulator.rows import schema
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.streams import stream
from sample_data.simulator.trust import ORG_CODE

_STATUS: Final = ("approved", "in_progress", "not_required")


def dimensions_of_programme(scenario: Scenario) -> dict[str, pl.DataFrame]:
    """Returns `dim_initiative`, `dim_benefit` and `bridge_benefit_service` of a scenario's programme."""
    plan = plan_of(scenario)
    lines = lines_of(plan)
    return {
        "dim_initiative": _frame("dim_initiative", [_initiative(course, scenario) for course in plan.courses]),
        "dim_benefit": _frame("dim_benefit", [_benefit(line, scenario.scale) for line in lines]),
        "bridge_benefit_service": _frame(
            "bridge_benefit_service",
            [
                {"benefit_id": line.code, "service_code": service, "org_code": ORG_CODE}
                for line in lines
                for service in _services(line)
            ],
        ),
    }


def _frame(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema(metadata.tables[table]))


def _services(line: Line) -> tuple[str, ...]:
    initiative = line.course.initiative
    return initiative.services if initiative is not None and initiative.services else (EVERYWHERE,)


def _initiative(course: Course, scenario: Scenario) -> dict[str, Any]:
    project, scale = course.project, scenario.scale
    random = stream(scenario.seed, f"programme assurance {project.id}", 0)
    clinical = project.capability not in {"roadmap", "people"} and project.clinical is not None
    usual = np.array([0.9, 0.1, 0.0] if clinical else [0.3, 0.05, 0.65])
    status = {
        name: _STATUS[int(random.choice(3, p=usual))]
        for name in ("dtac_status", "dcb0129_status", "dcb0160_status", "dpia_status")
    }
    initiative = course.initiative
    reach = () if initiative is None else (*initiative.sites, *initiative.services, *initiative.systems)
    groups = () if initiative is None else initiative.staff_groups
    return {
        "initiative_id": project.id,
        "org_code": ORG_CODE,
        "name": project.name,
        "description": project.description,
        "objective": project.objective,
        "capability": project.capability,
        "wgll_domain": project.wgll,
        "kind": project.kind,
        "horizon": course.horizon,
        "sponsor": project.sponsor,
        "clinical_lead": project.clinical,
        "product_owner": project.owner,
        "approved_capital_gbp": round(project.capital * 1000 * scale, 2),
        "approved_revenue_gbp": round(project.revenue * 1000 * scale, 2),
        "started_on": _day(course.start),
        "planned_end_on": _day(course.planned_end),
        "scope": ", ".join([*reach, *groups]) or "The whole trust",
        "sites_in_scope": course.sites,
        **status,
    }


def _benefit(line: Line, scale: float) -> dict[str, Any]:
    benefit, course = line.benefit, line.course
    baseline = None if benefit.baseline is None else benefit.baseline * scale
    quantity = round((baseline or 0.0) * abs(benefit.promised), 1)
    return {
        "benefit_id": line.code,
        "org_code": ORG_CODE,
        "initiative_id": course.project.id,
        "benefit_number": line.number,
        "name": benefit.name,
        "description": benefit.description,
        "category": benefit.category,
        "benefit_class": CLASSES[benefit.kind],
        "sector": benefit.sector,
        "metric_id": benefit.metric or None,
        "quantity_unit": benefit.unit,
        "baseline_value": None if baseline is None else round(baseline, 1),
        "baseline_from_on": None if baseline is None else _day(course.entered[BETA] - 365),
        "target_change": None if benefit.baseline is None else benefit.promised,
        "full_year_quantity": quantity,
        "unit_value_gbp": benefit.value,
        "full_year_gbp": round(quantity * benefit.value, 2),
        "attribution_pct": benefit.attribution,
        "is_disbenefit": benefit.is_disbenefit,
        "is_recurrent": benefit.is_recurrent,
        "confidence": benefit.confidence,
        "first_benefit_on": _day(line.promised_from),
        "responsible": benefit.responsible,
        "validated_by": benefit.validator,
    }


def _day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)
