"""The patients' voice: feedback, Friends and Family Test, and outcomes that patients report."""

from __future__ import annotations

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
    period,
    reference,
    service,
    site,
)

fact_feedback_item = fact(
    "fact_feedback_item",
    key("feedback_id"),
    site(),
    service(),
    code("channel", 12, "complaint | pals: advice and liaison | survey | compliment"),
    code("theme", 20, "waiting | communication | appointments | staff | facilities | digital"),
    flag("needs_answer", "false of thanks, which wait for no answer"),
    day("received_on", nullable=False),
    instant("received_at", nullable=False),
    day("closed_on", "null: open"),
    instant("closed_at", "UTC; the person was told what came of it; null: open"),
    comment="One piece of feedback from a patient or their family.",
)

fact_fft_service_month = fact(
    "fact_fft_service_month",
    period("first day of the month"),
    key_code("site_code", 10, "dim_site"),
    key_code("service_code", 10, "treatment function code, dim_service"),
    key_code("setting", 12, "outpatient | inpatient | emergency"),
    count("eligible_n", "patients seen or discharged"),
    count("responses_n", "all answers, the six below"),
    count("very_good"),
    count("good"),
    count("neither"),
    count("poor"),
    count("very_poor"),
    count("dont_know"),
    comment="Friends and Family Test answers of one service at one site in one month.",
)

fact_prom = fact(
    "fact_prom",
    key("prom_id"),
    reference("planned_id", "fact_planned_admission"),
    site(),
    service(),
    code("procedure", 8, "hip | knee: primary replacement"),
    code("instrument", 8, "eq5d: EQ-5D index, -0.594 to 1 | oxford: Oxford score, 0 to 48"),
    day("operated_on", nullable=False),
    day("answered_on", "when the second questionnaire came back; null: not (yet)"),
    flag("took_part", "filled in the first questionnaire"),
    flag("is_linked", "both questionnaires are there"),
    amount("pre_score", "null: did not take part", nullable=True),
    amount("post_score", "six months after; null: not (yet) answered", nullable=True),
    amount("gain", "post_score - pre_score; null: not linked", nullable=True),
    comment="One eligible joint replacement and one instrument: health before and six months after.",
)
