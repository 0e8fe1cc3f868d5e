"""What a new file changes in the rows that it replaces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.tables.base import measure_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from metrics.warehouse.writing import Writer


@dataclass(frozen=True, slots=True)
class Revision:
    """The rows of one period before and after; with `measure`, a column whose sum changed.

    `replaced_load_id` is the newest load that the replaced rows came from.
    """

    table: str
    period: date
    replaced_load_id: int
    rows_before: int
    rows_after: int
    measure: str | None = None
    sum_before: float | None = None
    sum_after: float | None = None


def replace_rows(writer: Writer, table: sa.Table, rows: pl.DataFrame, by: Sequence[str]) -> tuple[Revision, ...]:
    """Puts the rows in the place of those that share their `by` values, and returns what that changed."""
    measures = measure_columns(table)
    with writer.staged(table, rows.select(by).unique()) as slices:
        same = sa.and_(*(table.c[name].is_not_distinct_from(slices.c[name]) for name in by))
        replaced = sa.exists(sa.select(sa.literal(1)).select_from(slices).where(same).correlate(table))
        sums: list[sa.ColumnElement[Any]] = [sa.func.sum(table.c[name]).label(name) for name in measures]
        before = writer.frame(
            sa.select(
                table.c.period,
                sa.func.max(table.c.load_id).label("load_id"),
                sa.func.count().label("rows"),
                *sums,
            )
            .where(replaced)
            .group_by(table.c.period)
            .order_by(table.c.period)
        )
        if before.height:
            writer.execute(table.delete().where(replaced))
    writer.insert(table, rows)
    after = rows.group_by("period").agg(pl.len().alias("rows"), *(_sum(name) for name in measures))
    return tuple(_changes(table.name, measures, before, {row["period"]: row for row in after.to_dicts()}))


def _sum(name: str) -> pl.Expr:
    return pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name)


def _changes(
    table: str, measures: Sequence[str], before: pl.DataFrame, after: dict[date, dict[str, Any]]
) -> Iterator[Revision]:
    for old in before.iter_rows(named=True):
        new = after[old["period"]]
        base = Revision(table, old["period"], old["load_id"], old["rows"], new["rows"])
        yield base
        for name in measures:
            if _differ(old[name], new[name]):
                yield Revision(
                    base.table,
                    base.period,
                    base.replaced_load_id,
                    base.rows_before,
                    base.rows_after,
                    name,
                    _number(old[name]),
                    _number(new[name]),
                )


def _differ(old: float | None, new: float | None) -> bool:
    if old is None or new is None:
        return old is not new
    # Sums of fractions depend on the order of adding in their last digits.
    return abs(old - new) > 1e-9 * max(1.0, abs(old), abs(new))


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
