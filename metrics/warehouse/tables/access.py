"""Access to care: emergency departments, referral to treatment, cancer, diagnostics, cancellations."""

from __future__ import annotations

from metrics.warehouse.tables.base import amount, code, count, fact_table

fact_ae_month = fact_table(
    "fact_ae_month",
    code("department", 10),  # type1 | type2 | other
    count("attendances"),  # booked excluded
    count("attendances_booked"),  # null before August 2020, when they were not counted apart
    count("over_4h"),  # null: breaches not reported
    count("over_4h_booked"),
    count("emergency_admissions"),  # through this type of department
    # The return holds these once for a provider: they stand on the row of type1, which every provider has.
    count("dta_4_to_12h"),
    count("dta_over_12h"),
    count("emergency_admissions_not_via_ae"),
)

fact_rtt_provider_month = fact_table(
    "fact_rtt_provider_month",
    count("incomplete"),
    count("within_18_weeks"),
    count("over_52_weeks"),
    count("over_65_weeks"),
    count("over_78_weeks"),
    count("over_104_weeks"),
)

fact_rtt_band_month = fact_table(
    "fact_rtt_band_month",
    code("part", 10),  # Part_1A | Part_1B | Part_2 | Part_2A | Part_3
    code("service_code", 10),
    code("commissioning", 12),  # english | non_english
    count("weeks_from"),  # whole weeks; null: clock start not known, or new periods (Part_3), which have no wait
    count("weeks_to"),  # null: open band, or no wait
    count("pathways"),
)

fact_cancer_month = fact_table(
    "fact_cancer_month",
    code("standard", 10),  # fds_28 | day_31 | day_62
    code("route", 80),
    code("cancer_type", 120),
    amount("total_treated"),
    amount("within_standard"),
)

fact_diagnostics_month = fact_table(
    "fact_diagnostics_month",
    code("test", 60),
    count("waiting"),
    count("waiting_over_6_weeks"),
    count("waiting_over_13_weeks"),
    count("activity"),
)

fact_cancelled_operations_quarter = fact_table(
    "fact_cancelled_operations_quarter",
    count("cancelled_last_minute"),
    count("not_treated_within_28_days"),
)
