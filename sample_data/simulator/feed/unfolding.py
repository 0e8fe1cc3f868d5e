"""Rows as they become known: from how a row stands in the evening to each way it stood during the day.

For each table is declared when a row of it is first written and what each later instant reveals. A table without a
declaration gets its rows whole, at their `changed_at`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl
import sqlalchemy as sa

from sample_data.simulator.feed.mishaps import Luck

AT: Final = "event~at"
KIND: Final = "event~kind"
FINAL: Final = "event~final"
INSERT, CORRECT, DELETE = "insert", "correct", "delete"
_ROW, _OLD, _LAST, _HAD = "event~row", "~old", "event~last", "event~had"
_MORNING = 8  # the hour at which what a day brings is written


@dataclass(frozen=True, slots=True)
class Reveal:
    """A column of instants, or of days, and the columns that are known from then on."""

    at: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unfolding:
    """When a row is first written, and what is revealed later."""

    first: str = "changed_at"
    reveals: tuple[Reveal, ...] = ()


WHOLE: Final = Unfolding()
UNFOLDINGS: Final[dict[str, Unfolding]] = {
    "fact_ed_attendance": Unfolding(
        "arrived_at",
        (
            Reveal("handed_over_at"), Reveal("seen_at"), Reveal("decided_at"),
            Reveal("departed_at", ("disposal", "spell_id")),
        ),
    ),
    "fact_spell": Unfolding(
        "admitted_at",
        (
            Reveal("ready_on"),
            Reveal(
                "discharged_at",
                (
                    "discharged_on", "discharge_method", "los_nights", "delay_days", "coding_due_on",
                    "readmit_eligible", "readmit_30d",
                ),
            ),
            Reveal("coded_at"),
        ),
    ),
    "fact_appointment": Unfolding("booked_at", (Reveal("cancelled_at"),)),
    "fact_document": Unfolding("event_at", (Reveal("sent_at", ("channel",)),)),
    "fact_alert": Unfolding("raised_at", (Reveal("acknowledged_at"),)),
    "fact_outage": Unfolding("started_at", (Reveal("ended_at", ("minutes",)),)),
    "fact_deployment": Unfolding("deployed_at", (Reveal("restored_at", ("restore_minutes",)),)),
    "fact_work_item": Unfolding(
        "committed_at", (Reveal("deployed_at", ("deployed_on", "deployment_id", "lead_minutes")),)
    ),
    "fact_feedback_item": Unfolding("received_at", (Reveal("closed_at", ("closed_on",)),)),
    "fact_data_load": Unfolding("expected_at", (Reveal("loaded_at", ("minutes_late", "on_time")),)),
}  # fmt: skip


def versions(
    table: sa.Table, old: pl.DataFrame, new: pl.DataFrame, span: tuple[datetime, datetime], luck: Luck
) -> pl.DataFrame:
    """Returns each way that rows stood during a day, in no order.

    The last version of a row is the row as it stands in `new`.

    Args:
        table: whose rows they are.
        old: rows that were not final in the morning.
        new: rows that are not final in the evening, or became final during the day; a column `FINAL` says which.
        span: the day's first and last instant, UTC.
        luck: which records go wrong.

    Returns:
        The table's columns; `AT`, when the version is written (after the day, what is held back); `KIND`.
    """
    unfolding = UNFOLDINGS.get(table.name, WHOLE)
    keys = [column.name for column in table.primary_key.columns]
    others = [column for column in table.columns if not column.primary_key]
    rows = new.join(old.with_columns(pl.lit(value=True).alias(_HAD)), on=keys, how="left", suffix=_OLD)
    rows = rows.with_columns(pl.col(_HAD).fill_null(value=False))
    moved = pl.any_horizontal(pl.col(c.name).ne_missing(pl.col(f"{c.name}{_OLD}")) for c in others)
    rows = rows.filter(~pl.col(_HAD) | moved).with_columns(luck.columns(table)).with_row_index(_ROW)
    gone = _gone(table, old, new, span[1])
    if not rows.height:
        return gone
    times = _times(table, unfolding, rows, span, luck)
    found = times.join(rows, on=_ROW, how="left").with_columns(_stood(table, unfolding))
    found = luck.amiss(table, found.sort(_ROW, AT)).select(*table.columns.keys(), AT, KIND)
    return pl.concat([found, gone, *luck.twice(table, found)])


def _times(
    table: sa.Table, unfolding: Unfolding, rows: pl.DataFrame, span: tuple[datetime, datetime], luck: Luck
) -> pl.DataFrame:
    """Returns row, instant, kind and whether it is the row's last, of each version."""
    start, end = span
    had, final = pl.col(_HAD), pl.col(FINAL)

    def within(at: pl.Expr) -> pl.Expr:
        # Nothing changes a final row meanwhile: what of it happens after the day is told when it happens.
        return pl.when(final).then(pl.max_horizontal(at, pl.lit(start))).otherwise(at.clip(start, end))

    first = pl.when(~had).then(within(_instant(table, unfolding.first)))
    at: list[pl.Expr] = [first]
    for reveal in unfolding.reveals:
        instant = _instant(table, reveal.at)
        earlier = pl.col(f"{reveal.at}{_OLD}")
        at.append(
            pl.when((~had | pl.col(reveal.at).ne_missing(earlier)) & (final | (instant <= end))).then(within(instant))
        )
    changed = within(pl.col("changed_at"))
    has_rest = had if unfolding is WHOLE else pl.lit(value=True)
    at.append(pl.when(has_rest & (pl.col("changed_at") > start)).then(changed))
    at.append(luck.amended(first, end))
    listed = pl.concat_list(at).list.drop_nulls().list.unique()
    listed = pl.when(listed.list.len() > 0).then(listed).otherwise(pl.concat_list(changed))
    times = rows.select(_ROW, _HAD, AT=listed, first=first, late=luck.late_until(first, end)).explode("AT")
    # What is late brings all that it would have said meanwhile.
    when = pl.max_horizontal(pl.col("AT"), pl.col("first"), pl.col("late"))
    times = times.select(_ROW, _HAD, when.alias(AT)).unique().sort(_ROW, AT)
    begins = (pl.col(AT) == pl.col(AT).min().over(_ROW)) & ~pl.col(_HAD)
    return times.select(
        _ROW,
        AT,
        pl.when(begins).then(pl.lit(INSERT)).otherwise(pl.lit(CORRECT)).alias(KIND),
        (pl.col(AT) == pl.col(AT).max().over(_ROW)).alias(_LAST),
    )


def _stood(table: sa.Table, unfolding: Unfolding) -> list[pl.Expr]:
    """Returns each column as it stood at the version's instant."""
    by = {name: reveal.at for reveal in unfolding.reveals for name in (reveal.at, *reveal.columns)}
    found = []
    for column in table.columns:
        name = column.name
        if column.primary_key:
            continue
        if name == "changed_at":
            # A row's own instant, where it is the last; never before the version was written by mishap.
            known = pl.when(pl.col(_LAST)).then(pl.col(name)).otherwise(pl.col(AT))
        else:
            instant = _instant(table, by[name]) if name in by else pl.col("changed_at")
            before = pl.lit(None) if name in by and column.nullable else pl.col(name)
            masked = pl.when(pl.col(_HAD)).then(pl.col(f"{name}{_OLD}")).otherwise(before)
            known = pl.when(pl.col(_LAST) | (instant <= pl.col(AT))).then(pl.col(name)).otherwise(masked)
        found.append(known.alias(name))
    return found


def _instant(table: sa.Table, name: str) -> pl.Expr:
    """Returns a column as instants: a day as its morning in London."""
    if isinstance(table.c[name].type, sa.DateTime):
        return pl.col(name)
    morning = pl.col(name).cast(pl.Datetime("us")) + pl.duration(hours=_MORNING)
    return morning.dt.replace_time_zone("Europe/London").dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def _gone(table: sa.Table, old: pl.DataFrame, new: pl.DataFrame, end: datetime) -> pl.DataFrame:
    """Returns the deletion, at the day's end, of rows that are not there any more."""
    keys = [column.name for column in table.primary_key.columns]
    gone = old.join(new, on=keys, how="anti").select(table.columns.keys())
    return gone.with_columns(pl.lit(end).alias(AT), pl.lit(DELETE).alias(KIND))
