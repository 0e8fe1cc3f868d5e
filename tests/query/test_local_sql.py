"""Metrics of own records against SQL written by hand over the same rows, every month of a simulated trust, exactly."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from metrics import Grain, MetricsLayer, Request

TODAY = date(2026, 11, 2)


def day(column: str) -> str:
    """The day in London of an instant in UTC."""
    return f"cast(timezone('Europe/London', timezone('UTC', {column})) as date)"


def share(table: str, upper: str, lower: str, when: str, where: str = "true") -> str:
    """Rows that pass `upper` over rows that pass `lower`, by month."""
    return (
        f"select date_trunc('month', {when}) as m, count(*) filter (where {upper}) / count(*) filter (where {lower}) "
        f"from {table} where {where} group by m having count(*) filter (where {lower}) > 0"
    )


def total(table: str, value: str, when: str = "period", where: str = "true") -> str:
    return f"select date_trunc('month', {when}) as m, {value} from {table} where {where} group by m"


def last_of_month(table: str, upper: str, lower: str, where: str = "true") -> str:
    return f"select period as m, sum({upper}) / sum({lower}) from {table} where {where} group by m"


def waited(share: str) -> str:
    """The weeks that a share of incomplete pathways are within, by month, counting evenly within a week."""
    return (
        "with weeks as (select period as m, weeks_waiting as w, sum(pathways) as n from fact_rtt_snapshot "
        "where rtt_part = 'Part_2' and pathways > 0 group by m, w), "
        "reached as (select m, w, n, sum(n) over (partition by m order by w) as up_to, "
        "sum(n) over (partition by m) as in_all from weeks) "
        f"select m, arg_min(case when w < 104 then w + ({share} * in_all - (up_to - n)) / n end, w) "
        f"from reached where up_to >= {share} * in_all group by m"
    )


ARRIVED, DISCHARGED, DUE = day("arrived_at"), day("discharged_at"), day("event_at")
STAYED = "extract(epoch from departed_at - arrived_at)"
EMERGENCY = "admission_method in ('21', '22', '23', '24', '25', '2A', '2B', '2C', '2D')"
ADULT = "sector in ('medicine', 'surgery')"
CASES = {
    "local_ed_attendances": total("fact_ed_attendance", "count(*)", ARRIVED),
    "local_ed_within_4h": share("fact_ed_attendance", f"{STAYED} <= 4 * 3600", "true", ARRIVED),
    "local_ed_within_4h_type1": share(
        "fact_ed_attendance", f"{STAYED} <= 4 * 3600", "true", ARRIVED, "department_type = '1'"
    ),
    "local_ed_over_12h": share("fact_ed_attendance", f"{STAYED} > 12 * 3600", "true", ARRIVED),
    "local_dta_over_12h": total(
        "fact_ed_attendance", "count(*) filter (where departed_at > decided_at + interval 12 hours)", ARRIVED
    ),
    "local_handover_over_60_minutes": share(
        "fact_ed_attendance", "handed_over_at > arrived_at + interval 60 minutes", "true", ARRIVED,
        "handed_over_at is not null",
    ),
    "local_alert_acknowledgement": (
        f"select date_trunc('month', {day('raised_at')}) as m, "
        "percentile_cont(0.5) within group (order by extract(epoch from acknowledged_at - raised_at) / 60) "
        "from fact_alert where acknowledged_at is not null group by m"
    ),
    "local_bed_occupancy": total(
        "fact_bed_snapshot", "sum(beds_occupied) / sum(beds_available_core + beds_available_escalation)", where=ADULT
    ),
    "local_long_stay_share": total("fact_bed_snapshot", "sum(occ_los21) / sum(beds_occupied)", where=ADULT),
    "local_no_criteria_to_reside": total(
        "fact_bed_snapshot", "sum(no_criteria_to_reside) / count(distinct period)"
    ),
    "local_length_of_stay": total(
        "fact_spell", "sum(los_nights) / count(*)", DISCHARGED, f"discharged_at is not null and {EMERGENCY} and los_nights >= 1"
    ),
    "local_readmissions": (
        f"select date_trunc('month', {DISCHARGED}) as m, count(*) filter (where exists (select 1 from fact_spell b "
        f"where b.patient_id = a.patient_id and b.{EMERGENCY} and b.admitted_at >= a.discharged_at "
        "and b.admitted_at <= a.discharged_at + interval 30 days)) / count(*) from fact_spell a "
        f"where readmit_eligible and discharged_at is not null and {DISCHARGED} <= date '2026-10-01' group by m"
    ),
    "local_discharge_summary_24h": share(
        "fact_document", "sent_at <= event_at + interval 24 hours", "true", DUE, "document_type = 'discharge'"
    ),
    "local_clinic_letter_7d": share(
        "fact_document", "sent_at <= event_at + interval 7 days", "true", DUE, "document_type = 'clinic'"
    ),
    "local_toc_per_1000": total(
        "fact_document", "1000 * count(*) filter (where channel = 'fhir' and sent_at is not null) / count(*)", DUE,
        "document_type = 'discharge'",
    ),
    "local_coded_on_time": share(
        "fact_spell", f"{day('coded_at')} <= coding_due_on", "true", DISCHARGED, "discharged_at is not null"
    ),
    "local_dna": share("fact_appointment", "attended in ('3', '7')", "attended in ('3', '5', '6', '7')", "appointment_on"),
    "local_hospital_cancelled": share("fact_appointment", "attended = '4'", "attended <> '0'", "appointment_on"),
    "local_pifu": share("fact_appointment", "pifu", "true", "appointment_on", "attended in ('5', '6')"),
    "local_follow_up_ratio": share(
        "fact_appointment", "first_attendance in ('2', '4')", "first_attendance in ('1', '3')", "appointment_on",
        "attended in ('5', '6')",
    ),
    "local_rtt_within_18_weeks": last_of_month(
        "fact_rtt_snapshot", "case when weeks_waiting < 18 then pathways else 0 end", "pathways", "rtt_part = 'Part_2'"
    ),
    "local_rtt_median_wait": waited("0.5"),
    "local_rtt_p92_wait": waited("0.92"),
    "local_rtt_list": total("fact_rtt_snapshot", "sum(pathways)", where="rtt_part = 'Part_2'"),
    "local_rtt_net_flow": total("fact_rtt_flow", "sum(clock_starts) - sum(stops_admitted) - sum(stops_non_admitted)"),
    "local_cancer_62_day": share("fact_cancer_pathway", "within", "true", "stopped_on", "standard = 'day_62'"),
    "local_cancelled_operations": total(
        "fact_planned_admission", "count(*) filter (where result in ('cancelled_no_bed', 'cancelled_staff'))", "planned_on"
    ),
    "local_fhir_messages": total(
        "fact_interface_hour join dim_interface using (interface_code)",
        "sum(case when standard = 'FHIR R4' then sent else 0 end) / sum(sent)", day("hour_at"),
    ),
    "local_message_success": total(
        "fact_interface_hour", "sum(acked) / sum(acked + late + failed)", day("hour_at")
    ),
    "local_system_availability": total(
        "fact_system_day", "1 - sum(unplanned_down_min) / sum(scheduled_min)", where="criticality = 'critical'"
    ),
    "local_change_failures": share("fact_deployment", "failed", "true", day("deployed_at")),
    "local_adoption": last_of_month("fact_entitlement", "active_n", "eligible_n"),
    "local_ehr_outside_hours": total(
        "fact_user_day", "480 * sum(minutes_unscheduled) / sum(scheduled_patient_min)", where="system_code = 'EPR'"
    ),
    "local_dq_items": total("fact_dq_month", "avg((valid_complete_n - excess_default_n) / records_n)"),
    "local_forecast_error": total(
        "fact_forecast", "sum(abs(actual - p50)) / sum(actual)",
        where="series = 'ed_arrivals' and horizon_days = 7 and actual is not null",
    ),
    "local_sickness": total("fact_staff_month", "sum(fte_days_lost) / sum(fte_days_available)"),
    "local_leavers_12m_rate": (
        "select m, (select sum(leavers) from fact_staff_month where period > m - interval 12 months and period <= m) / "
        "((select sum(headcount_end) from fact_staff_month where period = m) + "
        "(select sum(headcount_end) from fact_staff_month where period = m - interval 12 months)) * 2 "
        "from (select distinct period as m from fact_staff_month) "
        "where m - interval 12 months in (select period from fact_staff_month)"
    ),
    "local_admin_cost_per_attendance": (
        "select c.m, c.gbp / a.seen from (select period as m, sum(amount_gbp) as gbp from fact_cost_month "
        "where category like 'admin%' group by m) c join (select date_trunc('month', appointment_on) as m, "
        "count(*) as seen from fact_appointment where attended in ('5', '6') group by m) a on a.m = c.m"
    ),
    "local_survey_engagement": total(
        "fact_survey_score", "sum(weighted_sum) / sum(weighted_n)", where="survey = 'staff_survey' and measure = 'engagement'"
    ),
    "local_initiatives_at_risk": share(
        "fact_initiative_snapshot", "confidence in ('red', 'amber')", "true", "period", "is_active"
    ),
    "local_wgll_coverage": total(
        "fact_initiative_snapshot",
        "count(distinct case when is_active and has_baselined_benefit then wgll_domain end)",
    ),
    "local_spend_variance": (
        "select m, (select sum(actual_gbp - plan_gbp) / sum(plan_gbp) from fact_initiative_snapshot "
        "where period <= m and period >= case when month(m) >= 4 then make_date(year(m), 4, 1) "
        "else make_date(year(m) - 1, 4, 1) end) from (select distinct period as m from fact_initiative_snapshot)"
    ),
    "local_feedback_closed": share(
        "fact_feedback_item", "closed_at <= received_at + interval 28 days", "true", day("received_at"), "needs_answer"
    ),
    "local_fft_positive": total(
        "fact_fft_service_month", "sum(very_good + good) / sum(responses_n)", where="setting = 'inpatient'"
    ),
}  # fmt: skip


# Whose first row is not of the trust's first day: the month in which it comes is not whole, and not told.
FIRST_ROWS = {
    "local_length_of_stay": f"select min({DISCHARGED}) from fact_spell",
    "local_readmissions": f"select min({DISCHARGED}) from fact_spell",
    "local_coded_on_time": f"select min({DISCHARGED}) from fact_spell",
    "local_discharge_summary_24h": f"select min({DUE}) from fact_document",
    "local_clinic_letter_7d": f"select min({DUE}) from fact_document",
    "local_toc_per_1000": f"select min({DUE}) from fact_document",
}


@pytest.fixture(scope="module")
def trust(trust_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(trust_warehouse, today=lambda: TODAY)


@pytest.mark.parametrize("metric", CASES)
def test_the_engine_gives_what_sql_by_hand_gives(metric: str, trust: MetricsLayer) -> None:
    with trust.warehouse.engine.connect() as connection:
        rows = connection.execute(sa.text(CASES[metric])).all()
        begun = connection.execute(sa.text(FIRST_ROWS[metric])).scalar_one() if metric in FIRST_ROWS else date.min
    by_hand = {date(m.year, m.month, 1): float(value) for m, value in rows if value is not None}
    whole = {period for period in by_hand if begun <= period <= TODAY}
    frame = trust.ask(Request.of(metric, grain=Grain.MONTH, period_to=TODAY)).frame
    engine = {period: value for period, value in frame.select("period", "value").iter_rows() if value is not None}
    ours = {period: value for period, value in engine.items() if value or period in by_hand}
    assert set(ours) == whole
    assert ours == pytest.approx({period: by_hand[period] for period in ours}, rel=1e-12)
    assert ours


def test_many_metrics_are_held_against_sql() -> None:
    assert len(CASES) >= 40
