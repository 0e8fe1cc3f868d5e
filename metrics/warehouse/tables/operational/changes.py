"""What changed in the operational tables after they were first written, and where a feed of them stands."""

from __future__ import annotations

import sqlalchemy as sa

from metrics.warehouse.tables.operational.base import metadata

meta_change = sa.Table(
    "meta_change",
    metadata,
    sa.Column("change_id", sa.BigInteger, primary_key=True, autoincrement=False, comment="ever growing"),
    sa.Column("table_name", sa.String(60), nullable=False),
    sa.Column("column_name", sa.String(60), nullable=False, comment="of days or instants; '*': any, or it has none"),
    sa.Column("day", sa.Date, comment="whose rows changed; of instants the day in London; null: any day"),
    sa.Column("changed_at", sa.DateTime, nullable=False, comment="UTC; of the commit"),
    comment=(
        "For every commit, table and column of days or instants: each day that a changed row had before or has after, "
        "so that whoever keeps figures by that column knows exactly which days to read again. Rows without a value in "
        "a column are of no day, and name none."
    ),
)

meta_feed = sa.Table(
    "meta_feed",
    metadata,
    sa.Column("org_code", sa.String(12), primary_key=True),
    sa.Column("next_day", sa.Date, nullable=False, comment="the first day of which not everything is written"),
    sa.Column("position", sa.BigInteger, nullable=False, comment="events of that day that are written"),
    sa.Column("settings", sa.String(2000), nullable=False, comment="of the feed, as JSON; the day ends under the same"),
    comment="Where the feed of a simulated trust goes on: committed together with the rows it wrote.",
)

meta_feed_state = sa.Table(
    "meta_feed_state",
    metadata,
    sa.Column("org_code", sa.String(12), primary_key=True),
    sa.Column("scenario", sa.Text, nullable=False, comment="that the feed goes on with, as JSON"),
    sa.Column("state", sa.Text, nullable=False, comment="of the simulation on the morning of `next_day`, packed"),
    sa.Column("pending", sa.Text, nullable=False, comment="what was held back to that day or later, packed"),
    comment="What the feed of a simulated trust knows on the morning of the day it is in.",
)
