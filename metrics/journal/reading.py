"""The journal's entries as a frame, and those that count for one chart."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import polars as pl
import sqlalchemy as sa

from metrics.journal.tables import journal_entry, journal_retraction

_later = journal_retraction.alias("later")
_last = (
    sa.select(sa.func.max(_later.c.id)).where(_later.c.entry_id == journal_entry.c.id).correlate(journal_entry)
).scalar_subquery()


def entries_of(metrics: Collection[str] | None, *, with_retracted: bool) -> sa.Select[Any]:
    """Returns the statement for the entries of metrics (None: of all), each with the newest word on its standing."""
    e, r = journal_entry.c, journal_retraction.c
    retracted = sa.func.coalesce(r.retracts, sa.false())
    statement = (
        sa.select(
            e.id, e.kind, e.metric, e.organisation, e.service, e.on_day, e.reason, e.baseline_points, e.author,
            e.written_at,
            retracted.label("is_retracted"),
            r.author.label("changed_by"),
            r.written_at.label("changed_at"),
            r.why.label("changed_why"),
        )
        .select_from(journal_entry.outerjoin(journal_retraction, r.id == _last))
        .order_by(e.on_day, e.id)
    )  # fmt: skip
    if metrics is not None:
        statement = statement.where(e.metric.in_(sorted(metrics)))
    return statement if with_retracted else statement.where(sa.not_(retracted))


def no_entries() -> pl.DataFrame:
    """Returns the frame of a journal in which nothing is written; columns as of `Journal.entries`."""
    text, moment = pl.String, pl.Datetime("us")
    return pl.DataFrame(
        schema={
            "id": pl.Int64, "kind": text, "metric": text, "organisation": text, "service": text, "on_day": pl.Date,
            "reason": text, "baseline_points": pl.Int64, "author": text, "written_at": moment,
            "is_retracted": pl.Boolean, "changed_by": text, "changed_at": moment, "changed_why": text,
        }
    )  # fmt: skip


def applying(entries: pl.DataFrame, *, organisation: str | None, service: str | None) -> pl.DataFrame:
    """Returns the entries that count for the chart of one organisation and one service.

    An entry for everywhere (all services) counts for every organisation (service); any other only for its own.

    Args:
        entries: as of `Journal.entries` or `Journal.everything`.
        organisation: the chart's organisation; None keeps only what is for everywhere.
        service: the chart's service; None, for a chart of all services, keeps only what is for all.
    """
    return entries.filter(_for("organisation", organisation), _for("service", service))


def _for(column: str, code: str | None) -> pl.Expr:
    everyone = pl.col(column).is_null()
    return everyone if code is None else everyone | (pl.col(column) == code)
