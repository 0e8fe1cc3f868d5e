"""Outcomes and cost: published indicators, PROMs, Friends and Family, cost and quality by trust."""

from __future__ import annotations

import sqlalchemy as sa

from metrics.warehouse.tables.base import amount, code, count, fact_table

# Indexes and ratings that are shown and never added up. Several publications share this table; each one
# replaces only its own indicators.
fact_published_indicator = fact_table(
    "fact_published_indicator",
    code("indicator", 60),  # shmi | dma_overall | cqc_overall ...
    amount("value"),
    amount("lower"),
    amount("upper"),
    amount("numerator"),
    amount("denominator"),
    sa.Column("band", sa.String(80)),  # in the publisher's words
)

# One organisation, procedure and measure. Means over the linked pairs that the case-mix model used.
fact_proms_year = fact_table(
    "fact_proms_year",
    code("org_level", 12),  # england | provider | commissioner: never add two levels together
    code("procedure", 40),  # Hip Replacement Primary ...
    code("measure", 30),  # EQ-5D Index | EQ VAS | Oxford Hip Score | Oxford Knee Score
    count("modelled_records"),
    amount("pre_score"),
    amount("post_score"),
    amount("health_gain"),
    amount("adjusted_health_gain"),  # comparable between organisations
    amount("gain_sum"),  # modelled_records times health_gain, so that means combine
    count("improved"),
    count("unchanged"),
    count("worsened"),
    info={"native_grain": "financial_year"},
)

# The publisher's series of adjusted gains and its judgement of outliers.
fact_proms_outlier_year = fact_table(
    "fact_proms_outlier_year",
    code("org_level", 12),  # england | provider
    code("procedure", 40),
    code("measure", 30),
    count("modelled_records"),
    amount("adjusted_health_gain"),
    sa.Column("outlier", sa.String(40)),  # in the publisher's words
    info={"native_grain": "financial_year"},
)

# How many patients improved: all linked pairs, more than the modelled ones.
fact_proms_change_year = fact_table(
    "fact_proms_change_year",
    code("org_level", 12),  # england | provider | commissioner
    code("procedure", 40),
    code("measure", 30),
    count("improved"),
    count("unchanged"),
    count("worsened"),
    count("linked_records"),
    info={"native_grain": "financial_year"},
)

fact_fft_month = fact_table(
    "fact_fft_month",
    code("service", 20),  # inpatient
    count("responses"),
    amount("positive"),
    amount("negative"),
    info={"native_grain": "month"},
)

fact_outpatient_trust_year = fact_table(
    "fact_outpatient_trust_year",
    count("attended"),
    count("did_not_attend"),
    info={"native_grain": "financial_year"},
)

# Second-hand: read out of a joined table, not out of the publications.
fact_trust_year = fact_table(
    "fact_trust_year",
    count("complaints_new"),
    amount("complaints_upheld_share"),  # of those closed
    amount("cost_collection_actual_gbp"),
    amount("cost_collection_expected_gbp"),
    amount("estates_backlog_gbp"),
    amount("estates_maintenance_gbp"),
    info={"native_grain": "financial_year"},
)

# One trust in one year, from the estates return, with the supplier of its main electronic record.
fact_medical_records_cost_year = fact_table(
    "fact_medical_records_cost_year",
    amount("cost_on_site_gbp"),
    amount("cost_off_site_gbp"),
    amount("cost_total_gbp"),
    count("catchment_population"),  # acute trusts, 2023-24 only
    sa.Column("service_provision", sa.String(20)),  # Internal | Hybrid | Contract ...
    sa.Column("record_type", sa.String(40)),  # Paper | Electronic | Mixed
    sa.Column("epr_supplier", sa.String(120)),
    info={"native_grain": "financial_year"},
)
