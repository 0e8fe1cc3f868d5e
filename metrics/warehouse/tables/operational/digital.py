"""Digital systems and what runs between them: interfaces, outages, releases."""

from __future__ import annotations

import sqlalchemy as sa

from metrics.warehouse.tables.operational.base import (
    amount,
    code,
    count,
    day,
    fact,
    flag,
    instant,
    key,
    key_code,
    key_small,
    metadata,
    period,
    reference,
)

dim_system = sa.Table(
    "dim_system",
    metadata,
    sa.Column("system_code", sa.String(12), primary_key=True),
    sa.Column("org_code", sa.String(12), nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("category", sa.String(40), nullable=False, comment="electronic patient record, imaging, patient app ..."),
    sa.Column("supplier", sa.String(80), nullable=False),
    sa.Column("wgll_domain", sa.String(40), nullable=False, comment="success measure of What Good Looks Like"),
    sa.Column("criticality", sa.String(12), nullable=False, comment="critical | important | standard"),
    day("live_from", nullable=False),
    day("live_to", "last day in use; null: in use"),
    day("support_ends_on", "the supplier's support; null: no end announced"),
    count("scheduled_hours", "hours a day in which it is to be available"),
)

dim_interface = sa.Table(
    "dim_interface",
    metadata,
    sa.Column("interface_code", sa.String(12), primary_key=True),
    sa.Column("org_code", sa.String(12), nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("source_system", sa.String(12), comment="dim_system; null: outside the trust"),
    sa.Column("target_system", sa.String(12), comment="dim_system; null: outside the trust"),
    sa.Column("standard", sa.String(20), nullable=False, comment="FHIR R4 | HL7 v2 | DICOM | EDIFACT | flat file"),
    flag("is_fhir"),
    sa.Column("direction", sa.String(10), nullable=False, comment="inbound | outbound | internal"),
    sa.Column("criticality", sa.String(12), nullable=False, comment="critical | important | standard"),
    flag("through_engine", "routed by the integration engine; false: point to point"),
    count("window_minutes", "within which a message is to be acknowledged"),
    day("live_from", nullable=False),
    day("live_to", "last day in use; null: in use"),
)

_INTERFACE = ("interface_code", 12, "dim_interface")
_SYSTEM = ("system_code", 12, "dim_system")

fact_interface_hour = fact(
    "fact_interface_hour",
    key_code(*_INTERFACE),
    sa.Column("hour_at", sa.DateTime, primary_key=True, comment="UTC; beginning of the hour"),
    day("hour_on", "the hour's local day", nullable=False),
    count("sent", "messages first sent in the hour: acked + late + failed + pending, exactly"),
    count("acked", "of them acknowledged within the interface's window"),
    count("late", "of them acknowledged later"),
    count("failed", "of them rejected or given up"),
    count("pending", "of them neither, yet"),
    count("retried", "further attempts to send, made in the hour"),
    count("delivered", "acknowledged in the hour, whenever sent"),
    count("queued", "waiting at the hour's end: queued before + sent - delivered - failed of the hour"),
    comment="Messages of one interface in one hour.",
)

fact_interface_latency = fact(
    "fact_interface_latency",
    period("the local day on which messages were acknowledged"),
    key_code(*_INTERFACE),
    key_small("bin", "1 the fastest"),
    amount("seconds_from", "belongs to the bin"),
    amount("seconds_to", "does not; null: no upper edge", nullable=True),
    count("messages", "acknowledged; bins without messages have no row"),
    comment="From first sent to acknowledged: one interface's histogram of a day.",
)

fact_interface_month = fact(
    "fact_interface_month",
    period("first day of the month at whose end interfaces were counted"),
    key_code(*_INTERFACE),
    code("standard", 20, "as dim_interface"),
    count("live", "1, or 0: not yet, or not any more"),
    count("live_fhir", "1: live and FHIR"),
    comment="Each interface at a month's end.",
)

fact_system_month = fact(
    "fact_system_month",
    period("first day of the month at whose end systems were counted"),
    key_code(*_SYSTEM),
    code("criticality", 12, "as dim_system"),
    count("in_use", "1, or 0: not yet, or not any more"),
    count("unsupported", "1: in use, and the supplier's support has ended"),
    comment="Each system at a month's end.",
)

fact_system_day = fact(
    "fact_system_day",
    period("the local day"),
    key_code(*_SYSTEM),
    code("criticality", 12, "as dim_system"),
    count("scheduled_min", "minutes in which it was to be available, planned maintenance taken off"),
    count("planned_down_min"),
    count("unplanned_down_min", "of the scheduled minutes"),
    comment="Availability of one system in use on one day.",
)

fact_outage = fact(
    "fact_outage",
    key("outage_id"),
    code(*_SYSTEM),
    code("criticality", 12, "as dim_system"),
    flag("is_planned"),
    code("cause", 20, "maintenance | release | infrastructure | network | supplier"),
    reference("deployment_id", "fact_deployment; null: no release was the cause"),
    day("started_on", nullable=False),
    instant("started_at", nullable=False),
    instant("ended_at", "UTC; null: still down"),
    count("minutes", "from start to end; null: still down", nullable=True),
    comment="One time in which a system was not available.",
)

fact_deployment = fact(
    "fact_deployment",
    key("deployment_id"),
    code(*_SYSTEM),
    code("kind", 12, "release | fix"),
    day("deployed_on", nullable=False),
    instant("deployed_at", nullable=False),
    count("work_items", "that went live with it"),
    flag("failed", "had to be rolled back or mended at once"),
    instant("restored_at", "UTC; of a failed one; null: did not fail, or not restored yet"),
    count("restore_minutes", "from deployed to restored; null: did not fail, or not restored yet", nullable=True),
    comment="One deployment to live.",
)

fact_work_item = fact(
    "fact_work_item",
    key("work_item_id"),
    code(*_SYSTEM),
    code("kind", 12, "feature | fix"),
    day("committed_on", nullable=False),
    instant("committed_at", nullable=False),
    day("deployed_on", "null: not live yet"),
    instant("deployed_at", "UTC; null: not live yet"),
    reference("deployment_id", "fact_deployment; null: not live yet"),
    count("lead_minutes", "from committed to deployed; null: not live yet", nullable=True),
    comment="One change of a system, from commit to live.",
)
