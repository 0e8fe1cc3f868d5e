"""The programme: initiatives, how they stand each month, milestones, gates, dependencies and who works on them."""

from __future__ import annotations

import sqlalchemy as sa

from metrics.warehouse.tables.operational.base import (
    amount,
    code,
    count,
    day,
    fact,
    flag,
    key,
    key_code,
    metadata,
    period,
    small,
)

_STAGES = "discovery | alpha | beta (pilot) | live | scaled | retired"

dim_initiative = sa.Table(
    "dim_initiative",
    metadata,
    sa.Column("initiative_id", sa.String(12), primary_key=True),
    sa.Column("org_code", sa.String(12), nullable=False),
    code("name", 120),
    code("description", 400),
    code("objective", 200, "the strategic objective it serves"),
    code("capability", 20, "roadmap | people | operations | technology | data | change"),
    code("wgll_domain", 40, "success measure of What Good Looks Like that it serves first"),
    code("kind", 12, "pilot | rollout | platform | bau"),
    code("horizon", 12, "quick_win: first benefit within 6 months of the start, medium: 18, long_term"),
    code("sponsor", 60, "senior responsible owner, a post"),
    code("clinical_lead", 60, "a post; null: none named", nullable=True),
    code("product_owner", 60, "a post"),
    amount("approved_capital_gbp"),
    amount("approved_revenue_gbp"),
    day("started_on", nullable=False),
    day("planned_end_on", nullable=False),
    code("scope", 200, "sites and services, in words"),
    count("sites_in_scope"),
    code("dtac_status", 16, "approved | in_progress | not_required"),
    code("dcb0129_status", 16, "manufacturer's clinical safety case: as dtac_status"),
    code("dcb0160_status", 16, "deploying organisation's clinical safety case: as dtac_status"),
    code("dpia_status", 16, "data protection impact assessment: as dtac_status"),
    comment="One initiative of the transformation programme. Its stage is in fact_initiative_snapshot.",
)

fact_initiative_snapshot = fact(
    "fact_initiative_snapshot",
    period("first day of the month at whose end it was reported"),
    key_code("initiative_id", 12, "dim_initiative"),
    code("capability", 20, "as dim_initiative"),
    code("wgll_domain", 40, "as dim_initiative"),
    code("kind", 12, "as dim_initiative"),
    code("horizon", 12, "as dim_initiative"),
    code("stage", 12, _STAGES),
    flag("is_active", "started, neither retired nor scaled for a year"),
    code("confidence", 8, "red | amber | green: that it delivers on time, in budget, to scope"),
    amount("approved_gbp", "capital and revenue; a level, never summed over months"),
    amount("plan_gbp", "spending planned in the month"),
    amount("actual_gbp", "spent in the month"),
    count("sites_live"),
    count("sites_in_scope"),
    flag("has_baselined_benefit", "at least one benefit with a measured baseline"),
    flag("has_clinical", "a clinical role is filled"),
    flag("has_operational"),
    flag("has_digital"),
    flag("has_analyst"),
    flag("has_all_roles", "clinical, operational, digital and analyst"),
    count("milestones_open", "not done"),
    count("milestones_overdue", "of them with a baseline date that has passed"),
    comment="Each initiative that has started, at the end of a month.",
)

fact_milestone = fact(
    "fact_milestone",
    key("milestone_id"),
    code("initiative_id", 12),
    code("name", 120),
    code("milestone_type", 12, "stage | technical | safety | training | benefit"),
    flag("is_critical", "on the critical path"),
    day("baseline_on", "promised", nullable=False),
    day("forecast_on", "expected as of the last report; of a done one, the day it was done", nullable=False),
    day("actual_on", "null: not done"),
    comment="One milestone as it stands now; those still to come are there with baseline and forecast.",
)

fact_milestone_snapshot = fact(
    "fact_milestone_snapshot",
    period("first day of the month at whose end it was reported"),
    sa.Column("milestone_id", sa.BigInteger, primary_key=True, autoincrement=False, comment="fact_milestone"),
    code("initiative_id", 12),
    flag("is_critical"),
    day("baseline_on", nullable=False),
    day("forecast_on", "expected as of this month's end", nullable=False),
    count("slippage_days", "forecast less baseline; below 0: early"),
    flag("is_overdue", "the baseline has passed"),
    comment="Each open milestone at the end of a month: how its forecast moved.",
)

fact_gate = fact(
    "fact_gate",
    key("gate_id"),
    code("initiative_id", 12),
    code("gate", 12, "idea | soc | obc | fbc | safety: go-live | benefits: review"),
    day("submitted_on", nullable=False),
    day("decided_on", "null: still open"),
    code("decision", 12, "approve | conditions | defer | stop; null: still open", nullable=True),
    count("conditions_open", "conditions of the decision that are not met yet; null: still open", nullable=True),
    count("lead_working_days", "working days from submitted to decided; null: still open", nullable=True),
    comment="One decision of the programme board on an initiative.",
)

bridge_dependency = fact(
    "bridge_dependency",
    key("dependency_id"),
    code("initiative_id", 12, "which depends"),
    code("on_kind", 12, "initiative | system"),
    code("on_id", 20, "of what it depends on: dim_initiative, or a system's name"),
    code("dependency_type", 12, "needs | blocks | shares_team"),
    flag("is_critical", "on the critical path"),
    day("raised_on", nullable=False),
    day("needed_by_on", nullable=False),
    day("forecast_on", "as of the last report; of a resolved one the day it was", nullable=False),
    day("resolved_on", "null: open"),
    comment="What an initiative waits for. Initiatives never wait for each other in a circle.",
)

fact_dependency_snapshot = fact(
    "fact_dependency_snapshot",
    period("first day of the month at whose end it was reported"),
    sa.Column("dependency_id", sa.BigInteger, primary_key=True, autoincrement=False, comment="bridge_dependency"),
    code("initiative_id", 12),
    flag("is_critical"),
    day("needed_by_on", nullable=False),
    day("forecast_on", "as of this month's end", nullable=False),
    count("days_late", "forecast less needed by; 0: in time"),
    flag("is_late", "forecast after the day it is needed by"),
    comment="Each open dependency at the end of a month.",
)

bridge_initiative_role = fact(
    "bridge_initiative_role",
    key("assignment_id"),
    code("initiative_id", 12),
    code("role", 16, "clinical | operational | digital | analyst"),
    day("from_on", nullable=False),
    day("until_on", "the last day; null: still there"),
    comment="A role of an initiative's team, while somebody fills it.",
)

fact_stage_event = fact(
    "fact_stage_event",
    key("event_id"),
    code("initiative_id", 12),
    code("capability", 20, "as dim_initiative"),
    code("from_stage", 12, f"{_STAGES}; null: its start", nullable=True),
    code("to_stage", 12, _STAGES),
    flag("ends_pilot", "left beta, to go live or to be retired"),
    flag("is_scaled", "reached scaled"),
    day("happened_on", nullable=False),
    code("decided_by", 60, "a body or a post"),
    comment="One move of an initiative from a stage to another.",
)

dim_benefit = sa.Table(
    "dim_benefit",
    metadata,
    sa.Column("benefit_id", sa.String(16), primary_key=True),
    sa.Column("org_code", sa.String(12), nullable=False),
    code("initiative_id", 12),
    small("benefit_number", "within the initiative", nullable=False),
    code("name", 160),
    code("description", 400, "with the enabling activity"),
    code("category", 40, "time | quality | safety | money | experience"),
    code("benefit_class", 20, "cash_releasing | non_cash_releasing | quantitative | qualitative"),
    code("sector", 16, "public_direct | public_indirect | wider_social"),
    code("metric_id", 60, "of the catalogue: the performance measure; null: qualitative", nullable=True),
    code("quantity_unit", 40, "of the quantities in fact_benefit_period"),
    amount("baseline_value", "of the quantity or measure; null: no baseline measured", nullable=True),
    day("baseline_from_on", "first day of the baseline's twelve months; null: none"),
    amount("target_change", "relative change of the measure that is promised: -0.2 is a fifth less", nullable=True),
    amount("full_year_quantity", "planned, once fully there"),
    amount("unit_value_gbp", "0: not monetised"),
    amount("full_year_gbp", "full_year_quantity * unit_value_gbp"),
    small("attribution_pct", "share of the measure's change that it claims", nullable=False),
    flag("is_disbenefit"),
    flag("is_recurrent"),
    code("confidence", 8, "high | medium | low"),
    day("first_benefit_on", "planned", nullable=False),
    code("responsible", 60, "a post"),
    code("validated_by", 60, "a post of finance; null: not validated", nullable=True),
    comment="One line of the benefits register, with the fields of the Green Book.",
)

bridge_benefit_service = sa.Table(
    "bridge_benefit_service",
    metadata,
    sa.Column("benefit_id", sa.String(16), primary_key=True),
    sa.Column(
        "service_code", sa.String(10), primary_key=True, comment="treatment function code; ALL: no service's own"
    ),
    sa.Column("org_code", sa.String(12), nullable=False),
    comment="Where a benefit is claimed. What is claimed of one measure in one service is never over 100 %.",
)

fact_benefit_period = fact(
    "fact_benefit_period",
    period("first day of the month"),
    key_code("benefit_id", 16, "dim_benefit"),
    code("initiative_id", 12),
    code("capability", 20, "as dim_initiative"),
    code("benefit_class", 20, "as dim_benefit"),
    amount("planned_qty"),
    amount("planned_gbp"),
    amount("forecast_qty", "as forecast at the end of the month"),
    amount("forecast_gbp"),
    amount("realised_qty"),
    amount("realised_gbp", "in money of whatever class; 0 of what is not monetised"),
    amount("realised_cash_gbp", "of cash_releasing benefits only; else 0"),
    code("evidence_status", 20, "claimed | evidenced | finance_validated"),
    comment="What one benefit promised and gave in one month, from the month of its first promised benefit.",
)
