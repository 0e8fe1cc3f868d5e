"""Alerts as they are kept: rows of the forecast store that are added and never changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from models.forecast_tables import forecast_alert

RAISED: Final = "raised"
ENDED: Final = "ended"
ALERTS: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "metric": pl.String, "organisation": pl.String, "service": pl.String, "measure": pl.String, "period": pl.Date,
    "side": pl.String, "value": pl.Float64, "usual": pl.Float64, "rules": pl.String, "at": pl.Datetime("us"),
    "ended_at": pl.Datetime("us"),
}  # fmt: skip
_LONGEST: Final = 300
_ONE: Final = ("metric", "organisation", "service", "measure", "period")


def alerts_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Returns alerts, one row each (`ALERTS`, newest first), of the rows of the table; `ended_at` null while open."""
    raised = rows.filter(pl.col("state") == RAISED).drop("state")
    ended = rows.filter(pl.col("state") == ENDED).select(*_ONE, ended_at="at")
    return raised.join(ended, on=_ONE, how="left").select(*ALERTS).sort("at", *_ONE, descending=[True, *[False] * 5])


def statement(organisations: Collection[str] | None) -> sa.Select[Any]:
    """Returns the statement that reads alerts, of all organisations or of some."""
    c = forecast_alert.c
    found = sa.select(*(c[name] for name in _COLUMNS))
    return found if organisations is None else found.where(c.organisation.in_(list(organisations)))


def note(
    connection: sa.Connection, metric: str, series: Collection[tuple[str, str]], signals: pl.DataFrame, at: datetime
) -> int:  # fmt: skip
    """Adds what is new of a metric's alerts, and returns how many rows that were.

    Args:
        connection: which alone may write.
        metric: whose.
        series: organisation and service of those that were looked at: what is open of them and has no signal ends.
        signals: as of `models.alerts.SIGNALS`.
        at: when, UTC.
    """
    told = connection.execute(statement(None).where(forecast_alert.c.metric == metric)).all()
    before = alerts_of(pl.DataFrame([tuple(row) for row in told], schema=dict(SCHEMA), orient="row"))
    now = signals.select(pl.lit(metric).alias("metric"), *signals.columns)
    new = now.join(before, on=_ONE, how="anti")
    looked = pl.DataFrame(list(series), schema={"organisation": pl.String, "service": pl.String}, orient="row")
    measure = ["metric", "organisation", "service", "measure"]
    over = (
        before.filter(pl.col("ended_at").is_null())
        .join(looked, on=["organisation", "service"], how="semi")
        .join(now, on=measure, how="anti")
    )
    rows = [
        *(row | {"state": RAISED, "at": at, "rules": row["rules"][:_LONGEST]} for row in new.iter_rows(named=True)),
        *(row | {"state": ENDED, "at": at} for row in over.drop("at", "ended_at").iter_rows(named=True)),
    ]
    first = int(connection.scalar(sa.select(sa.func.max(forecast_alert.c.id))) or 0) + 1
    if rows:
        connection.execute(forecast_alert.insert(), [row | {"id": first + n} for n, row in enumerate(rows)])
    return len(rows)


_COLUMNS: Final = (*_ONE, "state", "side", "value", "usual", "rules", "at")
SCHEMA: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    name: pl.String if name == "state" else ALERTS[name] for name in _COLUMNS
}
"""Of the rows that `statement` reads."""
