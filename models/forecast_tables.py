"""The tables of published forecasts, whose rows are added and never changed or deleted."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from metrics.journal.database import Kept
from metrics.journal.only_added import only_added_to

QUANTILES: Final = ("lo95", "lo80", "lo50", "mean", "hi50", "hi80", "hi95")
"""Bounds of the 50 %, 80 % and 95 % intervals around the mean, from the lowest."""

PARTS: Final = ("level", "trend", "weekday", "season", "holiday", "recent")
"""What adds up to the mean of a daily forecast."""

_VERSION: Final = 3

metadata = sa.MetaData()

forecast_version = sa.Table(
    "forecast_version",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False, comment="of the tables"),
)

forecast_run = sa.Table(
    "forecast_run",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(20), nullable=False, comment="published | replayed"),
    sa.Column("metric", sa.String(60), nullable=False),
    sa.Column("part", sa.String(80), nullable=False, comment="which of its series were forecast together"),
    sa.Column("grain", sa.String(10), nullable=False, comment="day | week | month"),
    sa.Column("definition_version", sa.String(80), nullable=False, comment="of the metric"),
    sa.Column("model_version", sa.String(80), nullable=False),
    sa.Column("learnt", sa.String(64), nullable=False, comment="fingerprint of the values learnt; empty of a replay"),
    sa.Column("data_version", sa.String(200), nullable=False, comment="of the warehouse"),
    sa.Column("data_as_of", sa.Date, comment="last day that the data covered"),
    sa.Column("made_at", sa.DateTime, nullable=False, comment="UTC"),
    sa.UniqueConstraint("kind", "metric", "part", "definition_version", "model_version", "learnt"),
)

forecast_series = sa.Table(
    "forecast_series",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("run_id", sa.Integer, sa.ForeignKey("forecast_run.id"), nullable=False, index=True),
    sa.Column("metric", sa.String(60), nullable=False),
    sa.Column("organisation", sa.String(40), nullable=False),
    sa.Column("site", sa.String(40), nullable=False, server_default="", comment="empty: all; since version 3"),
    sa.Column("service", sa.String(40), nullable=False, comment="empty: all"),
    sa.Column("cutoff", sa.Date, comment="first period that was not known; null where there is no forecast"),
    sa.Column("refused", sa.String(500), nullable=False, comment="why there is no forecast; else empty"),
    sa.Column("notes", sa.String(2000), nullable=False, comment="what limits it, a line each"),
    sa.Index("ix_forecast_series_whose", "metric", "organisation", "service", "cutoff"),
)

forecast_value = sa.Table(
    "forecast_value",
    metadata,
    sa.Column("series_id", sa.Integer, sa.ForeignKey("forecast_series.id"), primary_key=True, autoincrement=False),
    sa.Column("ahead", sa.Integer, primary_key=True, autoincrement=False, comment="1 is the first period"),
    sa.Column("period", sa.Date, nullable=False, comment="its first day"),
    *(sa.Column(name, sa.Double) for name in QUANTILES),
    sa.Column("naive", sa.Double, comment="the last week, or year, repeated"),
    sqlite_with_rowid=False,
)

forecast_part = sa.Table(
    "forecast_part",
    metadata,
    sa.Column("series_id", sa.Integer, sa.ForeignKey("forecast_series.id"), primary_key=True, autoincrement=False),
    sa.Column("ahead", sa.Integer, primary_key=True, autoincrement=False),
    *(sa.Column(name, sa.Double, nullable=False) for name in PARTS),
    sqlite_with_rowid=False,
)

forecast_sum = sa.Table(
    "forecast_sum",
    metadata,
    sa.Column("series_id", sa.Integer, sa.ForeignKey("forecast_series.id"), primary_key=True, autoincrement=False),
    sa.Column("above_id", sa.Integer, sa.ForeignKey("forecast_series.id"), index=True, comment="null: it is the top"),
    comment="Series whose forecasts add up: the values of those with one above_id are its values, summed.",
)

forecast_across = sa.Table(
    "forecast_across",
    metadata,
    sa.Column("series_id", sa.Integer, sa.ForeignKey("forecast_series.id"), primary_key=True, autoincrement=False),
    sa.Column("above_id", sa.Integer, sa.ForeignKey("forecast_series.id"), nullable=False, index=True),
    comment="The other way in which series add up, by service across sites: read as forecast_sum.",
)

forecast_coherence = sa.Table(
    "forecast_coherence",
    metadata,
    sa.Column("run_id", sa.Integer, sa.ForeignKey("forecast_run.id"), primary_key=True, autoincrement=False),
    sa.Column("adding_up", sa.Integer, nullable=False, comment="series whose forecasts add up with others"),
    sa.Column("alone", sa.Integer, nullable=False, comment="series that were forecast by themselves"),
    sa.Column("told", sa.String(500), nullable=False, comment="series that are less than their children; else empty"),
    comment="Of each published run whether its forecasts add up.",
)

forecast_alert = sa.Table(
    "forecast_alert",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("metric", sa.String(60), nullable=False),
    sa.Column("organisation", sa.String(40), nullable=False),
    sa.Column("service", sa.String(40), nullable=False, comment="empty: all"),
    sa.Column("measure", sa.String(20), nullable=False, comment="bias | coverage80 | day"),
    sa.Column("period", sa.Date, nullable=False, comment="first day of the month, or the day"),
    sa.Column("state", sa.String(10), nullable=False, comment="raised | ended"),
    sa.Column("side", sa.String(10), nullable=False, comment="above | below what is usual"),
    sa.Column("value", sa.Double, comment="of the measure in the period"),
    sa.Column("usual", sa.Double, comment="mean of its control chart, or what was forecast of the day"),
    sa.Column("rules", sa.String(300), nullable=False, comment="by which it was raised"),
    sa.Column("at", sa.DateTime, nullable=False, comment="UTC"),
    sa.UniqueConstraint("metric", "organisation", "service", "measure", "period", "state"),
    comment="Raised once for a period, and ended when the newest one has no signal any more.",
)

forecast_claim = sa.Table(
    "forecast_claim",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("metric", sa.String(60), nullable=False),
    sa.Column("part", sa.String(80), nullable=False),
    sa.Column("holder", sa.String(80), nullable=False),
    sa.Column("state", sa.String(20), nullable=False, comment="begun | ended"),
    sa.Column("at", sa.DateTime, nullable=False, comment="UTC"),
    sa.Index("ix_forecast_claim_what", "metric", "part"),
    comment="The newest row of a part says whether somebody is at it.",
)

TABLES: Final = (
    forecast_run, forecast_series, forecast_value, forecast_part, forecast_sum, forecast_across, forecast_coherence,
    forecast_alert, forecast_claim,
)  # fmt: skip

only_added_to(metadata, "forecast store", TABLES)

FORECASTS: Final = Kept(
    "forecast store", "forecasts.sqlite", metadata, forecast_version, _VERSION, 0x464F5245
)  # 'FORE'
