"""Capacity and flow: beds, discharges, winter reports, ambulances, outpatients, primary care."""

from __future__ import annotations

from metrics.warehouse.tables.base import amount, code, count, fact_table

fact_discharge_day = fact_table(
    "fact_discharge_day",
    count("discharged_by_1700"),  # null from June 2023: the split is no longer published
    count("discharged_1701_to_2359"),
    count("discharged_total"),
)

fact_criteria_to_reside_day = fact_table(
    "fact_criteria_to_reside_day",
    count("no_criteria_to_reside"),  # patients that day: a snapshot, never summed over days
)

fact_discharge_delay_month = fact_table(
    "fact_discharge_delay_month",
    code("reason_group", 40),  # Capacity | Care transfer hub process | Hospital process | ...
    code("reason", 160),
    count("patients"),  # a snapshot
)

fact_winter_bed_day = fact_table(
    "fact_winter_bed_day",
    count("general_acute_open"),
    count("general_acute_occupied"),
    count("general_acute_void"),  # open, but unavailable to non-covid admissions
    count("adult_critical_care_open"),
    count("adult_critical_care_occupied"),
    count("norovirus_closed"),
    count("norovirus_closed_unoccupied"),
    count("stay_over_7_days"),
    count("stay_over_21_days"),
    count("flu_general_acute"),
    count("flu_critical_care"),
    count("handover_30_to_60_minutes"),
    count("handover_over_60_minutes"),
    count("ae_diverts"),
    count("ae_closures"),
    count("ae_attendances"),  # winter 2015-16 only
)

fact_ambulance_handover_day = fact_table(
    "fact_ambulance_handover_day",
    count("arrivals"),
    count("handover_30_to_60_minutes"),
    count("handover_over_60_minutes"),
)

fact_acute_beds_month = fact_table(
    "fact_acute_beds_month",
    amount("general_acute_available"),  # averages over the days of the month
    amount("general_acute_occupied"),
    amount("adult_general_acute_available"),
    amount("adult_general_acute_occupied"),
    amount("paediatric_general_acute_available"),
    amount("paediatric_general_acute_occupied"),
    amount("adult_critical_care_available"),
    amount("adult_critical_care_occupied"),
    amount("paediatric_intensive_care_available"),
    amount("paediatric_intensive_care_occupied"),
    amount("neonatal_intensive_care_available"),
    amount("neonatal_intensive_care_occupied"),
)

fact_beds_quarter = fact_table(
    "fact_beds_quarter",
    code("sector", 24),  # general_acute | learning_disabilities | maternity | mental_illness
    amount("available_overnight"),  # averages over the days of the quarter
    amount("occupied_overnight"),
    amount("available_day"),
    amount("occupied_day"),
)

fact_beds_specialty_quarter = fact_table(
    "fact_beds_specialty_quarter",
    code("service_code", 10),
    amount("occupied_overnight"),
)

fact_gp_appointment_month = fact_table(
    "fact_gp_appointment_month",  # by integrated care board
    code("status", 12),  # attended | dna | unknown
    code("professional", 24),  # gp | other_practice_staff | unknown
    code("mode", 24),  # face_to_face | telephone | video_online | home_visit | unknown
    code("booked_ahead", 20),  # same_day | 1_day | 2_to_7_days | ... | unknown
    count("appointments"),
)

fact_gp_appointment_total_month = fact_table(
    "fact_gp_appointment_total_month",  # by sub-ICB location, 65 of 106
    count("appointments"),
)

fact_gp_appointment_day = fact_table(
    "fact_gp_appointment_day",  # by sub-ICB location
    code("duration", 20),  # 1_to_5_minutes | ... | unknown
    count("appointments"),
)

fact_ambulance_month = fact_table(
    "fact_ambulance_month",
    count("contacts"),
    count("calls_answered"),
    count("call_answer_seconds"),  # sum over calls: mean = call_answer_seconds / calls_answered
    count("call_answer_p50_seconds"),
    count("call_answer_p90_seconds"),
    count("call_answer_p95_seconds"),
    count("call_answer_p99_seconds"),
    count("incidents"),
    count("face_to_face"),
    count("see_and_convey_ed"),
    count("see_and_convey_elsewhere"),
    count("see_and_treat"),
    count("hear_and_treat"),
    count("c1_incidents"),
    count("c1_response_seconds"),  # sum over incidents: mean = c1_response_seconds / c1_incidents
    count("c1_p90_seconds"),  # a centile of one trust and month: never added, never averaged
    count("c1t_incidents"),  # transports: already within category 1
    count("c1t_response_seconds"),
    count("c1t_p90_seconds"),
    count("c2_incidents"),
    count("c2_response_seconds"),
    count("c2_p90_seconds"),
    count("c3_incidents"),
    count("c3_response_seconds"),
    count("c3_p90_seconds"),
    count("c4_incidents"),
    count("c4_response_seconds"),
    count("c4_p90_seconds"),
    count("handovers_known"),  # handovers with a known time, all hospitals
    count("handover_seconds"),
    count("handover_p90_seconds"),
    count("handovers_over_15_minutes"),
    count("handovers_over_30_minutes"),
    count("handovers_over_60_minutes"),
    count("handover_seconds_beyond_30_minutes"),
    count("handovers_unknown"),
)

fact_virtual_ward_month = fact_table(
    "fact_virtual_ward_month",  # by integrated care board
    count("capacity"),
    count("patients"),  # null: suppressed or not reported
    count("gp_registered_population"),
)

fact_virtual_ward_provider_month = fact_table(
    "fact_virtual_ward_provider_month",  # the same beds by provider: never added to the table by board
    count("capacity"),
    count("patients"),
)

fact_outpatient_month = fact_table(
    "fact_outpatient_month",  # England by treatment function
    code("service_code", 10),
    count("appointments"),
    count("attended"),
    count("did_not_attend"),
    count("first_attendances"),
    count("follow_up_attendances"),
)

fact_outpatient_year = fact_table(
    "fact_outpatient_year",  # England
    count("appointments"),
    count("attended"),
    count("did_not_attend"),
    count("patient_cancelled"),
    count("hospital_cancelled"),
    count("unknown"),
)

fact_outpatient_quarter = fact_table(
    "fact_outpatient_quarter",  # by provider
    count("gp_referrals"),
    count("other_referrals"),
    count("first_attended"),
    count("first_did_not_attend"),
    count("subsequent_attended"),
    count("subsequent_did_not_attend"),
    count("decisions_to_admit"),
    count("admitted"),
    count("failed_to_attend_admission"),
    count("removals_from_list"),
)

fact_nhs111_day = fact_table(
    "fact_nhs111_day",  # by NHS 111 contract area
    count("calls_received"),
    count("calls_answered"),
    count("calls_answered_60s"),
    count("calls_triaged"),
)
