"""Digital services and their safety: NHS App, data security, federated data platform."""

from __future__ import annotations

import sqlalchemy as sa

from metrics.warehouse.tables.base import code, count, fact_table

# By integrated care board of the person's general practice.
fact_nhs_app_month = fact_table(
    "fact_nhs_app_month",
    count("logins"),
    count("unique_users"),  # distinct within the month: never added over months
    info={"native_grain": "month"},
)

fact_dspt_year = fact_table(
    "fact_dspt_year",
    code("org_level", 12),  # trust | icb
    code("status", 80),  # in the publisher's words
    code("standard", 20),  # exceeded | met | approaching | not_met | not_published
    count("is_met"),  # 1 where met or exceeded, else 0; null: not published
    info={"native_grain": "financial_year"},
)

fact_fdp_organisation = fact_table(
    "fact_fdp_organisation",
    code("organisation_type", 40),
    count("is_live"),  # 1 or 0
    count("is_reporting_benefits"),  # 1 or 0
    sa.Column("name_in_list", sa.String(200)),
    info={"native_grain": "month"},
)
