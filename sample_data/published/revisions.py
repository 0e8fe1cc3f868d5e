"""What a new file changes in the rows that it replaces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.tables.base import key_columns, measure_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from metrics.warehouse.writing import Writer

# Sums of fractions depend on the order of adding in their last digits.
_TOLERANCE = 1e-9
_BAND_ENDS = {"weeks_to"}  # says which band it is, not what was counted


@dataclass(frozen=True, slots=True)
class Revision:
    """The rows of one period before and after; with `measure`, a column whose sum changed.

    `replaced_load_id` is the newest load that the replaced rows came from. The counts of organisations
    and cells are those of the period, on the revision without a measure; cells are counted where the
    organisation has rows before and after.
    """

    table: str
    period: date
    replaced_load_id: int
    rows_before: int
    rows_after: int
    measure: str | None = None
    sum_before: float | None = None
    sum_after: float | None = None
    organisations_added: int = 0
    organisations_removed: int = 0
    cells_changed: int = 0


@dataclass(frozen=True, slots=True)
class Replacement:
    """What replacing the rows of one table did.

    Attributes:
        cells: every figure that is another now: `table_name`, `period`, `org_code`, `category` (the row's
            other codes), `measure`, `value_before`, `value_after`; null where there is no row or no figure.
        load_ids: the loads that the replaced rows came from.
    """

    revisions: tuple[Revision, ...]
    cells: pl.DataFrame
    load_ids: frozenset[int]


def replace_rows(writer: Writer, table: sa.Table, rows: pl.DataFrame, by: Sequence[str]) -> Replacement:
    """Puts the rows in the place of those that share their `by` values, and returns what that changed."""
    measures = measure_columns(table)
    kept = [*key_columns(table), *measures, "load_id"]
    with writer.staged(table, rows.select(by).unique()) as slices:
        same = sa.and_(*(table.c[name].is_not_distinct_from(slices.c[name]) for name in by))
        replaced = sa.exists(sa.select(sa.literal(1)).select_from(slices).where(same).correlate(table))
        before = writer.frame(sa.select(*(table.c[name] for name in kept)).where(replaced))
        if before.height:
            writer.execute(table.delete().where(replaced))
    writer.insert(table, rows)
    # Only periods that were held: all of a new one is new.
    after = rows.select(kept).join(before.select("period").unique(), on="period", how="semi")
    cells = _cells(table, before, after)
    return Replacement(
        tuple(_revisions(table.name, measures, before, after, cells)),
        cells.drop("stays"),
        frozenset(before["load_id"].unique().to_list()),
    )


def _cells(table: sa.Table, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    keys = list(key_columns(table))
    codes = [name for name in keys if name not in {"period", "org_code"}]
    measures = [name for name in measure_columns(table) if name not in _BAND_ENDS]
    figures = [pl.col(name).cast(pl.Float64) for name in measures]
    old, new = (frame.select(*keys, *figures, there=pl.lit(value=True)) for frame in (before, after))
    both = old.join(new, on=keys, how="full", coalesce=True, nulls_equal=True, suffix="_after")
    organisation = ["period", "org_code"]
    both = both.with_columns(
        stays=pl.col("there").any().over(organisation) & pl.col("there_after").any().over(organisation),
        category=pl.concat_str(
            [pl.concat_str(pl.lit(f"{name}="), pl.col(name).cast(pl.String)) for name in codes],
            separator=", ",
            ignore_nulls=True,
        )
        if codes
        else pl.lit(None, pl.String),
    )
    index = [*organisation, "category", "stays"]
    parts = [
        both.filter(_differ(pl.col(name), pl.col(f"{name}_after"))).select(
            pl.lit(table.name).alias("table_name"),
            *index,
            measure=pl.lit(name),
            value_before=pl.col(name),
            value_after=pl.col(f"{name}_after"),
        )
        for name in measures
    ]
    # Those of organisations that stay come first: they say most of a revision.
    order = ["period", "org_code", "category", "measure"]
    return pl.concat(parts).sort(["stays", *order], descending=[True, False, False, False, False])


def _differ(old: pl.Expr, new: pl.Expr) -> pl.Expr:
    near = (old - new).abs() <= _TOLERANCE * pl.max_horizontal(pl.lit(1.0), old.abs(), new.abs())
    return (old.is_null() != new.is_null()) | (old.is_not_null() & new.is_not_null() & ~near)


def _revisions(
    table: str, measures: Sequence[str], before: pl.DataFrame, after: pl.DataFrame, cells: pl.DataFrame
) -> Iterator[Revision]:
    old, new = (_summed(frame, measures) for frame in (before, after))
    changed = dict(cells.filter("stays").group_by("period").len().iter_rows())
    for period in sorted(old):
        was, now = old[period], new.get(period, {"rows": 0, "organisations": []})
        left, came = set(was["organisations"]), set(now["organisations"])
        base = (table, period, was["load_id"], was["rows"], now["rows"])
        yield Revision(
            *base,
            organisations_added=len(came - left),
            organisations_removed=len(left - came),
            cells_changed=changed.get(period, 0),
        )
        for name in measures:
            first, last = was[name], now.get(name)
            if not _same(first, last):
                yield Revision(*base, name, _number(first), _number(last))


def _same(old: float | None, new: float | None) -> bool:
    if old is None or new is None:
        return old is new
    return abs(old - new) <= _TOLERANCE * max(1.0, abs(old), abs(new))


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _summed(frame: pl.DataFrame, measures: Sequence[str]) -> dict[date, dict[str, Any]]:
    sums = frame.group_by("period").agg(
        pl.len().alias("rows"),
        pl.col("load_id").max(),
        pl.col("org_code").unique().alias("organisations"),
        *(pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name) for name in measures),
    )
    return {row["period"]: row for row in sums.to_dicts()}
