"""Where the operational tables' rows come from."""

from __future__ import annotations

import sqlalchemy as sa

from metrics.warehouse.tables.operational.base import metadata

meta_operational = sa.Table(
    "meta_operational",
    metadata,
    sa.Column("org_code", sa.String(12), primary_key=True),
    sa.Column("provenance", sa.String(20), nullable=False, comment="simulated | operational"),
    sa.Column("scenario", sa.String(20000), comment="of a simulation, as JSON; null: the trust's own systems"),
    sa.Column("truth", sa.String(20000), comment="true effects of a simulation, as JSON"),
    sa.Column("first_day", sa.Date, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("written_at", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("fingerprint", sa.String(64), nullable=False, comment="of the operational tables it was written with"),
)
