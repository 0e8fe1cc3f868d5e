"""Who uses the digital systems: staff by day, what they say of them, patients by channel."""

from __future__ import annotations

from metrics.warehouse.tables.operational.base import (
    amount,
    code,
    count,
    day,
    fact,
    flag,
    key,
    key_code,
    period,
    site,
    small,
)

fact_user_day = fact(
    "fact_user_day",
    period("the local day"),
    key("user_id", "pseudonym of a member of staff in the panel"),
    key_code("system_code", 12, "dim_system"),
    code("staff_group", 40, "NHS occupation group in words"),
    site(),
    count("actions", "recorded in the audit log"),
    count("core_actions", "of them those that the system is for: orders, notes, observations"),
    amount("minutes", "active in the system"),
    amount("minutes_unscheduled", "of them outside of the user's scheduled hours"),
    amount("scheduled_patient_min", "the user's scheduled minutes with patients that day; the same in every system"),
    comment="One user of the panel, active in one system on one day. The panel is one member of staff in sixteen.",
)

fact_entitlement = fact(
    "fact_entitlement",
    period("first day of the month at whose end users were counted"),
    key_code("system_code", 12, "dim_system"),
    key_code("staff_group", 40, "NHS occupation group in words"),
    key_code("site_code", 10, "dim_site"),
    count("eligible_n", "members of the panel who have an account and should use it"),
    count("active_n", "of them active in the last 28 days"),
    count("regular_n", "of them with a core action on at least 4 of the last 28 days"),
    comment="Who should use a live system, and who does, at a month's end.",
)

fact_usability_response = fact(
    "fact_usability_response",
    key("response_id"),
    period("first day of the half-year's wave: 1 April or 1 October"),
    code("system_code", 12, "dim_system"),
    code("staff_group", 40, "NHS occupation group in words"),
    day("answered_on", nullable=False),
    amount("sus_score", "System Usability Scale, 0 to 100"),
    small("ehr_positive", "of the eleven items of the EHR experience survey, answered positively", nullable=False),
    small("ehr_neutral", nullable=False),
    small("ehr_negative", nullable=False),
    amount("net_experience", "percent positive less percent negative of the items, -100 to 100"),
    comment="One answer to the half-yearly survey on a system: SUS and eleven items of EHR experience.",
)

fact_patient_digital = fact(
    "fact_patient_digital",
    period("first day of the month"),
    key_code("service_code", 10, "treatment function code, dim_service"),
    key_code("channel", 12, "app | web | phone | letter | desk"),
    flag("is_digital", "app or web"),
    count("started", "transactions begun: confirm, rebook, fill in before a visit"),
    count("completed", "of them brought to their end in the same channel"),
    comment="Patients' transactions with one service by one channel in one month.",
)

fact_record_view_day = fact(
    "fact_record_view_day",
    period("the local day"),
    key_code("setting", 12, "outpatient | emergency"),
    key_code("service_code", 10, "treatment function code; 180 emergency medicine"),
    count("encounters"),
    count("viewed", "of them with the shared care record opened by who saw the patient"),
    comment="Encounters of one service on one day, and those with the shared record seen.",
)
