"""People: workforce, sickness absence and the staff survey."""

from __future__ import annotations

from metrics.warehouse.tables.base import amount, code, count, fact_table

# Scores are on the survey's own scale of 0 to 10 and are weighted by the publisher: an index, never averaged.
fact_staff_survey_year = fact_table(
    "fact_staff_survey_year",
    code("measure", 20),  # pp1 .. pp7, engagement, morale, and sub-scores: pp4_2 is burnout
    amount("score"),
    count("respondents"),
    info={"native_grain": "financial_year", "period": "1 April of the year of the autumn fieldwork"},
)

# One question of the well-being block. Shares are weighted by the publisher, so respondents times share
# is an estimate of a count, not the count.
fact_staff_survey_question_year = fact_table(
    "fact_staff_survey_question_year",
    code("question", 60),  # burned_out | work_stress ...
    count("respondents"),
    amount("share"),  # 0 to 1
    amount("weighted_respondents"),  # respondents times share
    info={"native_grain": "financial_year"},
)

fact_sickness_month = fact_table(
    "fact_sickness_month",
    amount("fte_days_lost"),
    amount("fte_days_available"),
    info={"native_grain": "month"},
)

# England only: org_code is always ENG.
fact_sickness_reason_month = fact_table(
    "fact_sickness_reason_month",
    code("reason_code", 4),  # S10 ..
    code("reason", 120),
    amount("fte_days_lost"),
    info={"native_grain": "month"},
)

# Four tables, because the publications cover different organisations. Each one adds up by itself; adding
# two of them together would count people twice. All are snapshots at the end of the month, and all hold
# only the lowest staff groups, never a total.

# Acute trusts only: a long series.
fact_workforce_month = fact_table(
    "fact_workforce_month",
    code("main_staff_group", 80),
    code("staff_group", 80),
    amount("fte"),
    count("headcount"),
    info={"native_grain": "month", "snapshot": True},
)

# Every NHS organisation, for the one month that a workbook is about.
fact_workforce_organisation_month = fact_table(
    "fact_workforce_organisation_month",
    code("main_staff_group", 80),
    code("staff_group", 80),
    amount("fte"),
    count("headcount"),
    info={"native_grain": "month", "snapshot": True},
)

# England as the publisher states it: org_code is always ENG.
fact_workforce_england_month = fact_table(
    "fact_workforce_england_month",
    code("main_staff_group", 80),
    code("staff_group", 80),
    amount("fte"),
    count("headcount"),
    info={"native_grain": "month", "snapshot": True},
)

# Every NHS organisation, all staff together, every month.
fact_workforce_total_month = fact_table(
    "fact_workforce_total_month",
    amount("fte"),
    count("headcount"),
    info={"native_grain": "month", "snapshot": True},
)
