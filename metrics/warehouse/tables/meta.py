"""What was loaded, from which file, and what each load changed."""

from __future__ import annotations

import sqlalchemy as sa

from metrics.warehouse.tables.base import metadata

meta_publication = sa.Table(
    "meta_publication",
    metadata,
    sa.Column("publication", sa.String(60), primary_key=True),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("publisher", sa.String(120), nullable=False),
    sa.Column("licence", sa.String(60), nullable=False),
    sa.Column("source", sa.String(300), nullable=False, comment="the publication's home page"),
    sa.Column("cadence", sa.String(20), nullable=False, comment="daily | monthly | quarterly | yearly | once"),
    sa.Column("caveats", sa.String(2000), nullable=False),
    sa.Column("shipped_digest", sa.String(64), comment="of the shipped files that were loaded"),
)

meta_schema = sa.Table(
    "meta_schema",
    metadata,
    sa.Column("fingerprint", sa.String(64), primary_key=True, comment="of the tables it was built with"),
)

meta_load = sa.Table(
    "meta_load",
    metadata,
    sa.Column("load_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("publication", sa.String(60), nullable=False),
    sa.Column("source_file", sa.String(200), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("era", sa.String(80), nullable=False, comment="the file format that was recognised"),
    sa.Column("loaded_at", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("period_from", sa.Date),
    sa.Column("period_to", sa.Date),
    sa.Column("rows_read", sa.Integer, nullable=False),
    sa.Column("rows_rejected", sa.Integer, nullable=False),
    sa.Column("organisations", sa.Integer, nullable=False),
    sa.Column("is_current", sa.Boolean, nullable=False, comment="false once later files replaced all of it"),
    sa.Column("replaced_by", sa.String(200), comment="the file that replaced the last of it"),
    sa.Column("origin", sa.String(10), nullable=False, comment="shipped | file"),
    sa.Column("notes", sa.String(4000), nullable=False, comment="one sentence a line"),
)

meta_rejection = sa.Table(
    "meta_rejection",
    metadata,
    sa.Column("load_id", sa.Integer, nullable=False),
    sa.Column("row_number", sa.Integer, comment="in the file, header included, from 1"),
    sa.Column("column_name", sa.String(200)),
    sa.Column("value", sa.String(200)),
    sa.Column("reason", sa.String(300), nullable=False),
)

meta_revision = sa.Table(
    "meta_revision",
    metadata,
    sa.Column("load_id", sa.Integer, nullable=False, comment="the load that made the change"),
    sa.Column("table_name", sa.String(60), nullable=False),
    sa.Column("period", sa.Date, nullable=False),
    sa.Column("replaced_load_id", sa.Integer),
    sa.Column("rows_before", sa.Integer, nullable=False),
    sa.Column("rows_after", sa.Integer, nullable=False),
    sa.Column("measure", sa.String(60), comment="the column whose sum changed"),
    sa.Column("sum_before", sa.Double),
    sa.Column("sum_after", sa.Double),
    # Of the table and period, on the row without a measure.
    sa.Column("organisations_added", sa.Integer),
    sa.Column("organisations_removed", sa.Integer),
    sa.Column("cells_changed", sa.Integer, comment="figures of organisations with rows before and after"),
)

meta_revision_row = sa.Table(
    "meta_revision_row",
    metadata,
    sa.Column("load_id", sa.Integer, nullable=False, comment="the load that made the change"),
    sa.Column("table_name", sa.String(60), nullable=False),
    sa.Column("period", sa.Date, nullable=False),
    sa.Column("org_code", sa.String(12), nullable=False),
    sa.Column("category", sa.String(500), comment="the other codes of the row: department=type1"),
    sa.Column("measure", sa.String(60), nullable=False),
    sa.Column("value_before", sa.Double, comment="null: no row, or not reported"),
    sa.Column("value_after", sa.Double),
    comment="Each figure that a load changed, up to 5,000 a load.",
)

meta_published_total = sa.Table(
    "meta_published_total",
    metadata,
    sa.Column("publication", sa.String(60), nullable=False),
    sa.Column("period", sa.Date, nullable=False),
    sa.Column("measure", sa.String(200), nullable=False, comment="a column of the fact table, or a named total"),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("stated_in", sa.String(400), nullable=False, comment="file, and the row or sheet that states it"),
    sa.Column("load_id", sa.Integer),
    comment="The publications' own totals, kept apart from the facts: for reconciliation only.",
)
