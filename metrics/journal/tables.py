"""The journal's tables, whose rows are added and never changed or deleted: the database itself refuses that."""

from __future__ import annotations

import sqlalchemy as sa

from metrics.journal.only_added import only_added_to

VERSION = 1

metadata = sa.MetaData()

journal_version = sa.Table(
    "journal_version",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False, comment="of the tables"),
)

journal_entry = sa.Table(
    "journal_entry",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False, comment="annotation | phase"),
    sa.Column("metric", sa.String(60), nullable=False),
    sa.Column("organisation", sa.String(40), comment="null: everywhere"),
    sa.Column("service", sa.String(40), comment="null: all"),
    sa.Column("on_day", sa.Date, nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
    sa.Column("baseline_points", sa.Integer, comment="of a phase: its first n points set the limits; null: all"),
    sa.Column("author", sa.String(200), nullable=False),
    sa.Column("written_at", sa.DateTime, nullable=False, comment="UTC"),
    sa.Index("ix_journal_entry_metric", "metric"),
)

journal_retraction = sa.Table(
    "journal_retraction",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("entry_id", sa.Integer, sa.ForeignKey("journal_entry.id"), nullable=False, index=True),
    sa.Column("retracts", sa.Boolean, nullable=False, comment="false: takes an earlier retraction back"),
    sa.Column("why", sa.String(500), nullable=False),
    sa.Column("author", sa.String(200), nullable=False),
    sa.Column("written_at", sa.DateTime, nullable=False, comment="UTC"),
    comment="The newest row of an entry says whether it stands.",
)

journal_scenario = sa.Table(
    "journal_scenario",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("page", sa.String(60), nullable=False),
    sa.Column("organisation", sa.String(40), nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("choices", sa.String(2000), nullable=False, comment="what was chosen, as in the page's address"),
    sa.Column("author", sa.String(200), nullable=False),
    sa.Column("written_at", sa.DateTime, nullable=False, comment="UTC"),
    sa.Index("ix_journal_scenario_page", "page", "organisation"),
)

journal_scenario_retraction = sa.Table(
    "journal_scenario_retraction",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("scenario_id", sa.Integer, sa.ForeignKey("journal_scenario.id"), nullable=False, index=True),
    sa.Column("retracts", sa.Boolean, nullable=False, comment="false: takes an earlier retraction back"),
    sa.Column("author", sa.String(200), nullable=False),
    sa.Column("written_at", sa.DateTime, nullable=False, comment="UTC"),
    comment="The newest row of a scenario says whether it stands.",
)

only_added_to(metadata, "journal", (journal_entry, journal_retraction, journal_scenario, journal_scenario_retraction))
