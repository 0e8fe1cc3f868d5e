"""Planned care: referrals, appointments, the waiting list, planned admissions, cancer."""

from __future__ import annotations

from metrics.warehouse.tables.operational.base import (
    age,
    code,
    count,
    day,
    fact,
    flag,
    instant,
    key,
    key_code,
    key_small,
    patient,
    period,
    quintile,
    reference,
    service,
    site,
    small,
)

fact_referral = fact(
    "fact_referral",
    key("pathway_id", "names the pathway in every table"),
    site(),
    service(),
    patient(),
    age(),
    quintile(),
    code("source", 12, "gp | consultant | emergency | other"),
    code("priority", 12, "two_week | urgent | routine"),
    day("received_on", nullable=False),
    instant("received_at", nullable=False),
    flag("accepted", "false: answered with advice, no clock started"),
    comment="One referral to an outpatient service.",
)

fact_appointment = fact(
    "fact_appointment",
    key("appointment_id"),
    reference("pathway_id", "fact_referral; null: follow-up of a pathway from before the record"),
    site(),
    service(),
    patient(),
    age(),
    quintile(),
    day("appointment_on", nullable=False),
    instant("appointment_at", nullable=False),
    day("booked_on", nullable=False),
    instant("booked_at", nullable=False),
    instant("cancelled_at", "UTC; null: not cancelled"),
    code("first_attendance", 1, "1 first face to face, 2 follow-up face to face, 3 first tele, 4 follow-up tele"),
    code("attended", 1, "0 future, 2 cancelled by patient, 3 did not attend, 4 cancelled by hospital, 5 seen, 6 late"),
    code("outcome", 1, "1 discharged, 2 another given, 3 to be made later; null: not seen", nullable=True),
    code("priority", 12, "two_week | urgent | routine"),
    flag("pifu", "moved to patient-initiated follow-up at this appointment"),
    flag("reminder_sent"),
    small("slot_minutes", "minutes", nullable=False),
    comment="One outpatient appointment.",
)

fact_planned_admission = fact(
    "fact_planned_admission",
    key("planned_id"),
    reference("pathway_id"),
    site(),
    service(),
    code("patient_class", 1, "1 ordinary admission, 2 day case"),
    code("admission_method", 2, "11 waiting list, 13 planned"),
    code("priority", 12, "two_week | urgent | routine"),
    day("planned_on", nullable=False),
    code("result", 20, "admitted | cancelled_no_bed | cancelled_staff | cancelled_patient"),
    reference("spell_id", "null: cancelled"),
    comment="One offer of a day for a planned admission: on the day itself it was kept or cancelled.",
)

fact_rtt_snapshot = fact(
    "fact_rtt_snapshot",
    period("first day of the month at whose end pathways were counted"),
    key_code("service_code", 10, "treatment function code"),
    key_code("rtt_part", 8, "Part_2: incomplete"),
    key_small("weeks_waiting", "whole weeks; 104 is 104 and over"),
    count("pathways"),
    comment="Incomplete pathways at a month's end by weeks waited.",
)

fact_rtt_flow = fact(
    "fact_rtt_flow",
    period("first day of the month"),
    key_code("service_code", 10, "treatment function code"),
    count("opening", "incomplete pathways at the end of the month before"),
    count("clock_starts"),
    count("stops_admitted"),
    count("stops_non_admitted"),
    count("other_removals", "left the list without a stop: validation, moved, died"),
    count("closing", "opening + starts - stops - removals, exactly"),
    comment="What changed the waiting list in a month.",
)

fact_cancer_pathway = fact(
    "fact_cancer_pathway",
    key("pathway_id", "fact_referral"),
    key_code("standard", 8, "fds_28 | day_31 | day_62"),
    service(),
    site(),
    code("tumour_group", 40),
    day("started_on", "the clock's start", nullable=False),
    day("stopped_on", "told or treated", nullable=False),
    small("days", nullable=False),
    flag("within"),
    comment="One cancer pathway under one standard, once its clock has stopped.",
)
