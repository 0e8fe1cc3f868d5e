"""What care is given with: staff and money, by month."""

from __future__ import annotations

from metrics.warehouse.tables.operational.base import amount, code, count, fact, flag, key_code, period

fact_staff_month = fact(
    "fact_staff_month",
    period("first day of the month"),
    key_code("staff_group", 40, "NHS occupation group in words"),
    count("headcount_start"),
    count("headcount_end", "headcount_start + joiners - leavers"),
    count("joiners"),
    count("leavers"),
    amount("fte_in_post", "full-time equivalents, mean of the month"),
    amount("fte_establishment", "funded"),
    amount("fte_days_lost", "to sickness"),
    amount("fte_days_available", "calendar days"),
    comment="Staff of one group in one month.",
)

fact_cost_month = fact(
    "fact_cost_month",
    period("first day of the month"),
    key_code("cost_centre", 40, "emergency | wards | theatres | outpatients | administration"),
    key_code("category", 40, "pay_medical | pay_nursing | pay_support | admin_* | supplies | agency"),
    amount("amount_gbp", "GBP of the month"),
    code("price_base", 12, "FY 2026/27: the year whose prices these are"),
    flag("is_recurrent"),
    comment="Cost of one category of one cost centre in one month.",
)
