"""Where the trust works: sites and wards."""

from __future__ import annotations

import sqlalchemy as sa

from metrics.warehouse.tables.operational.base import count, flag, metadata

dim_site = sa.Table(
    "dim_site",
    metadata,
    sa.Column("site_code", sa.String(10), primary_key=True, comment="first three characters the trust's"),
    sa.Column("org_code", sa.String(12), nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    flag("has_emergency_department", "of type 1"),
    flag("has_beds", "open overnight"),
)

dim_ward = sa.Table(
    "dim_ward",
    metadata,
    sa.Column("ward_code", sa.String(12), primary_key=True),
    sa.Column("org_code", sa.String(12), nullable=False),
    sa.Column("site_code", sa.String(10), nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("sector", sa.String(20), nullable=False, comment="medicine | surgery | women | children"),
    count("beds_core", "staffed all year"),
    count("beds_escalation", "opened when the core beds do not suffice"),
)
