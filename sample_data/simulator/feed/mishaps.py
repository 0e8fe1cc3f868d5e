"""Records that go wrong, as they do: written late, written wrong and amended, written twice and taken away."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl
import sqlalchemy as sa

from sample_data.simulator.feed.place import Mishaps

ERRONEOUS: Final = 4_000_000_000_000_000
"""Added to the number of a record to get that of one put in by error: no other record has such a number."""

LATE: Final = frozenset({"fact_ed_attendance", "fact_referral", "fact_document", "fact_alert"})
WRONG: Final = {"fact_ed_attendance": "acuity", "fact_referral": "priority", "fact_appointment": "slot_minutes"}
TWICE: Final = frozenset({"fact_ed_attendance", "fact_referral", "fact_appointment"})
_LATE_HOURS, _WRONG_HOURS, _TWICE_HOURS = (1.0, 9.0), (0.5, 12.0), (0.2, 26.0)


@dataclass(frozen=True, slots=True)
class Luck:
    """Which records of a day go wrong. It depends on their numbers and the seed, and on nothing else."""

    mishaps: Mishaps

    def columns(self, table: sa.Table) -> list[pl.Expr]:
        """Returns, as columns of each row, by how many hours it is late and after how many it is amended; else null."""
        one = pl.lit(None, dtype=pl.Float64)
        late = self._hours(table, "late", self.mishaps.late, _LATE_HOURS) if table.name in LATE else one
        wrong = self._hours(table, "wrong", self.mishaps.wrong, _WRONG_HOURS) if table.name in WRONG else one
        return [late.alias("luck~late"), wrong.alias("luck~wrong")]

    @staticmethod
    def late_until(first: pl.Expr, end: datetime) -> pl.Expr:
        """Returns when a late row is written: on a later day only if it is final, as nothing changes it meanwhile."""
        return _within(first + _hours("luck~late"), end)

    @staticmethod
    def amended(first: pl.Expr, end: datetime) -> pl.Expr:
        """Returns when a wrong row is amended; likewise."""
        return _within(first + _hours("luck~wrong"), end)

    def amiss(self, table: sa.Table, found: pl.DataFrame) -> pl.DataFrame:
        """Returns the versions with wrong values until they are amended, and with the instant of what went wrong."""
        row, at = "event~row", "event~at"
        amiss = pl.col("luck~wrong").is_not_null() & ~pl.col("event~had")
        late = pl.col("luck~late").is_not_null() & ~pl.col("event~had")
        last = pl.col(at) == pl.col(at).max().over(row)
        amended = pl.col(at).min().over(row) + _hours("luck~wrong")
        found = found.with_columns(
            changed_at=pl.when(amiss | late).then(pl.max_horizontal("changed_at", at)).otherwise(pl.col("changed_at"))
        )
        if table.name not in WRONG:
            return found
        name = WRONG[table.name]
        return found.with_columns(
            pl.when(amiss & ~last & (pl.col(at) < amended)).then(_other(name)).otherwise(pl.col(name)).alias(name)
        )

    def twice(self, table: sa.Table, found: pl.DataFrame) -> list[pl.DataFrame]:
        """Returns the records put in by error a while after the right ones, and their deletion."""
        if table.name not in TWICE or not self.mishaps.erroneous:
            return []
        (key,) = [column.name for column in table.primary_key.columns]
        at, kind = pl.col("event~at"), "event~kind"
        hours = self._hours(table, "twice", self.mishaps.erroneous, _TWICE_HOURS)
        chosen = found.filter(pl.col(kind) == "insert").with_columns(hours=hours).filter(pl.col("hours").is_not_null())
        put = at + pl.duration(minutes=5)
        again = chosen.with_columns(pl.col(key) + ERRONEOUS, put.alias("event~at"), changed_at=put)
        away = again.with_columns(
            (at + pl.duration(minutes=(pl.col("hours") * 60).cast(pl.Int64))).alias("event~at"),
            pl.lit("delete").alias(kind),
        )
        return [frame.select(found.columns) for frame in (again, away)]

    def _hours(self, table: sa.Table, purpose: str, share: float, span: tuple[float, float]) -> pl.Expr:
        (key,) = [column.name for column in table.primary_key.columns]
        least, most = span
        hours = least + (most - least) * self._chance(table, key, f"{purpose} hours")
        return pl.when(self._chance(table, key, purpose) < share).then(hours)

    def _chance(self, table: sa.Table, key: str, purpose: str) -> pl.Expr:
        """Returns a number from 0 to 1 for each record, the same whenever it is asked."""
        mixed = pl.col(key).cast(pl.UInt64) & 0xFFFFFFFF
        for step in (zlib.crc32(f"{self.mishaps.seed} {table.name} {purpose}".encode()), 1):
            # Mixes bits as hash functions do, so that neighbours have nothing in common.
            mixed = (((mixed + step) & 0xFFFFFFFF) * 0x9E3779B1) & 0xFFFFFFFF
            mixed = mixed ^ (mixed // 2**15)
            mixed = (mixed * 0x85EBCA77) & 0xFFFFFFFF
            mixed = mixed ^ (mixed // 2**13)
        return mixed.cast(pl.Float64) / 2**32


def _hours(name: str) -> pl.Expr:
    return pl.duration(minutes=(pl.col(name) * 60).cast(pl.Int64))


def _within(at: pl.Expr, end: datetime) -> pl.Expr:
    return pl.when(pl.col("event~final") | at.is_null()).then(at).otherwise(pl.min_horizontal(at, pl.lit(end)))


def _other(name: str) -> pl.Expr:
    if name == "priority":
        return pl.when(pl.col(name) == "routine").then(pl.lit("urgent")).otherwise(pl.lit("routine"))
    if name == "acuity":
        return pl.when(pl.col(name) > 1).then(pl.col(name) - 1).otherwise(pl.col(name) + 1)
    return pl.col(name) + 5
