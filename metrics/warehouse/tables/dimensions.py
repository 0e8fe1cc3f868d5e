"""Organisations and their hierarchy, services, staff groups and the calendar."""

from __future__ import annotations

import sqlalchemy as sa

from metrics.warehouse.tables.base import metadata

dim_organisation = sa.Table(
    "dim_organisation",
    metadata,
    sa.Column("org_code", sa.String(12), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, comment="as shown: 'Barts Health NHS Trust'"),
    sa.Column("official_name", sa.String(200), nullable=False, comment="as the register has it, in title case"),
    sa.Column(
        "org_type",
        sa.String(20),
        nullable=False,
        comment="england | region | icb | sub_icb | trust | independent | other",
    ),
    sa.Column("trust_type", sa.String(40), comment="Acute, Mental health, Community, Ambulance ..."),
    sa.Column("icb_code", sa.String(12), comment="today's integrated care board; an ICB's own code"),
    sa.Column("region_code", sa.String(12), comment="NHS region, Y56 ..."),
    sa.Column("postcode", sa.String(10)),
    sa.Column("open_date", sa.Date),
    sa.Column("close_date", sa.Date),
    sa.Column("catchment_population", sa.Integer),
    sa.Column("deprivation_score", sa.Double, comment="mean IMD score of the catchment"),
    sa.Column("deprivation_quintile", sa.Integer, comment="1 most deprived"),
)

dim_organisation_identity = sa.Table(
    "dim_organisation_identity",
    metadata,
    sa.Column("org_code", sa.String(12), primary_key=True, comment="as published"),
    sa.Column("valid_from", sa.Date, primary_key=True),
    sa.Column("valid_to", sa.Date, nullable=False, comment="inclusive; 9999-12-31 while it holds"),
    sa.Column(
        "current_code",
        sa.String(12),
        nullable=False,
        comment="the organisation that answers for org_code between the two dates",
    ),
    comment="Exactly one row holds on any date for every code: joins to it never fan out.",
)

dim_organisation_succession = sa.Table(
    "dim_organisation_succession",
    metadata,
    sa.Column("predecessor_code", sa.String(12), primary_key=True),
    sa.Column("successor_code", sa.String(12), primary_key=True),
    sa.Column("effective", sa.Date, primary_key=True),
)

# What each source says of an organisation; dim_organisation is made from all of it.
ref_organisation = sa.Table(
    "ref_organisation",
    metadata,
    sa.Column("source", sa.String(60), primary_key=True, comment="a reference file, or a publication's id"),
    sa.Column("org_code", sa.String(12), primary_key=True),
    sa.Column("name", sa.String(200)),
    sa.Column("org_type", sa.String(20)),
    sa.Column("trust_type", sa.String(40)),
    sa.Column("icb_code", sa.String(12), comment="as the source has it, at its time"),
    sa.Column("region_code", sa.String(12)),
    sa.Column("postcode", sa.String(10)),
    sa.Column("open_date", sa.Date),
    sa.Column("close_date", sa.Date),
)

ref_catchment = sa.Table(
    "ref_catchment",
    metadata,
    sa.Column("org_code", sa.String(12), primary_key=True),
    sa.Column("catchment_population", sa.Integer),
    sa.Column("deprivation_score", sa.Double),
    sa.Column("deprivation_quintile", sa.Integer, comment="1 most deprived"),
)

dim_service = sa.Table(
    "dim_service",
    metadata,
    sa.Column("service_code", sa.String(10), primary_key=True, comment="treatment function, '100'"),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("service_group", sa.String(60)),
)

dim_staff_group = sa.Table(
    "dim_staff_group",
    metadata,
    sa.Column("staff_group_code", sa.String(80), primary_key=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column(
        "is_administrative", sa.Boolean, nullable=False, comment="managers, senior managers and central functions"
    ),
)

dim_date = sa.Table(
    "dim_date",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("iso_year", sa.Integer, nullable=False),
    sa.Column("iso_week", sa.Integer, nullable=False),
    sa.Column("week_start", sa.Date, nullable=False, comment="Monday"),
    sa.Column("month_start", sa.Date, nullable=False),
    sa.Column("quarter_start", sa.Date, nullable=False),
    sa.Column("financial_year_start", sa.Date, nullable=False, comment="1 April"),
    sa.Column("financial_year", sa.String(12), nullable=False, comment="FY 2026/27"),
    sa.Column("financial_month", sa.Integer, nullable=False, comment="1 is April"),
    sa.Column("bank_holiday", sa.String(80), comment="England and Wales; null on other days"),
    sa.Column("is_working_day", sa.Boolean, nullable=False),
)
