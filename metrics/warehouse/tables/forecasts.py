"""What Bellwether's own forecasts of published figures came to: each period that was forecast, beside what happened.

The tables have a `metadata` of their own, so that a warehouse is whole without them. What they hold can be written
again at any time, from the store of forecasts and the figures.
"""

from __future__ import annotations

import hashlib
from typing import Final

import sqlalchemy as sa

metadata = sa.MetaData()

LEVELS: Final = ("england", "region", "icb", "organisation")

fact_forecast_outcome = sa.Table(
    "fact_forecast_outcome",
    metadata,
    sa.Column("demand", sa.String(60), primary_key=True, comment="id of the metric that was forecast"),
    sa.Column("level", sa.String(20), primary_key=True, comment=" | ".join(LEVELS)),
    sa.Column("org_code", sa.String(12), primary_key=True, comment="whose figure was forecast; ENG: England's"),
    sa.Column("cutoff", sa.Date, primary_key=True, comment="first period that was not known"),
    sa.Column("ahead", sa.SmallInteger, primary_key=True, autoincrement=False, comment="1 is the first period"),
    sa.Column("grain", sa.String(10), nullable=False, comment="day | week | month: what one row is of"),
    sa.Column("forecast_for", sa.Date, nullable=False, comment="first day of the period that was forecast"),
    sa.Column("period", sa.Date, nullable=False, comment="first day of the month that it begins in"),
    sa.Column("distance", sa.String(20), nullable=False, comment="how far ahead: a week of days, else one period"),
    sa.Column("made", sa.String(20), nullable=False, comment="published | replayed"),
    sa.Column("actual", sa.Double, nullable=False, comment="what happened: the final figure as known now"),
    sa.Column("forecast", sa.Double, nullable=False, comment="its mean"),
    *(sa.Column(name, sa.Double, comment="null: no interval") for name in ("lo80", "hi80", "lo95", "hi95")),
    sa.Column("naive", sa.Double, comment="the last week, or year, repeated; null: not known"),
    sa.Column("definition_version", sa.String(80), nullable=False, comment="of the metric that was forecast"),
    sa.Column("recorded_at", sa.DateTime, nullable=False, comment="UTC"),
    comment="One period that was forecast, beside what happened. Of each cut-off the forecast that counts.",
)

meta_forecast_outcome = sa.Table(
    "meta_forecast_outcome",
    metadata,
    sa.Column("demand", sa.String(60), primary_key=True, comment="id of the metric that was forecast"),
    sa.Column("state", sa.String(64), nullable=False, comment="names the forecasts and figures it was worked out from"),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("written_at", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("fingerprint", sa.String(64), nullable=False, comment="of the tables it was written with"),
    comment="How far the outcomes of each metric's forecasts are written.",
)


def fingerprint() -> str:
    """Returns a digest of these tables, their columns and types."""
    columns = sorted(
        f"{table.name}.{column.name} {column.type!r} {column.nullable} {column.primary_key}"
        for table in metadata.tables.values()
        for column in table.columns
    )
    return hashlib.sha256("\n".join(columns).encode()).hexdigest()
