"""What may not happen to the data that are held: a month that shrinks, an older edition over a newer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.errors import WarehouseError
from sample_data.published.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from metrics.warehouse.writing import Writer
    from sample_data.published.shipment import Source

MOST_DROPPED, FEWEST_DROPPED = 0.2, 5


class SupersededFileError(WarehouseError):
    """A file whose rows were replaced by a later one; loading it again would go back in time."""


class OlderEditionError(SupersededFileError):
    """A file that ends before one of its kind whose rows it would replace."""


class FewerOrganisationsError(WarehouseError):
    """A file that would leave far fewer organisations in a period than are held."""


def is_intact(writer: Writer, reading: Reading, tables: Mapping[str, sa.Table], load_ids: Sequence[int]) -> bool:
    """Returns whether the loads still own every row that the file wrote."""
    for name, frame in reading.frames.items():
        owned = sa.select(sa.func.count().label("n")).where(tables[name].c.load_id.in_(load_ids))
        if writer.frame(owned).item() != frame.height:
            return False
    return True


def owners(
    writer: Writer, table: sa.Table, rows: pl.DataFrame, by: Sequence[str], without: Sequence[int]
) -> tuple[str, ...]:
    """Returns the files, but for some loads, that hold the slices of the rows now, the newest first."""
    with writer.staged(table, rows.select(by).unique()) as slices:
        same = sa.and_(*(table.c[name].is_not_distinct_from(slices.c[name]) for name in by))
        held = writer.frame(
            sa.select(table.c.source_file, sa.func.max(table.c.load_id).label("load_id"))
            .where(sa.exists(sa.select(sa.literal(1)).select_from(slices).where(same).correlate(table)))
            .where(table.c.load_id.not_in(without))
            .group_by(table.c.source_file)
        )
    return tuple(held.sort("load_id", descending=True)["source_file"])


def organisations_held(writer: Writer, table: sa.Table, periods: pl.Series, load_ids: Sequence[int]) -> pl.DataFrame:
    """Returns `period` and `org_code` that the loads hold in the table between the first period and the last."""
    held = sa.select(table.c.period, table.c.org_code).where(
        table.c.load_id.in_(load_ids), table.c.period.between(periods.min(), periods.max())
    )
    return writer.frame(held.distinct())


def refuse_fewer(file: str, table: str, before: pl.DataFrame, after: pl.DataFrame) -> None:
    """Checks that no period loses more than a fifth of its organisations, nor at least five of them.

    Args:
        file: the new file.
        table: the fact table.
        before: `period` and `org_code` that were held.
        after: the same once the file is written.

    Raises:
        FewerOrganisationsError: one does; says how many stood and would stand.
    """
    counts = before.group_by("period").agg(stood=pl.len())
    gone = before.join(after, on=["period", "org_code"], how="anti").group_by("period").agg(gone=pl.len())
    stand = after.group_by("period").agg(stand=pl.len())
    shrunk = (
        counts.join(gone, on="period")
        .join(stand, on="period", how="left")
        .filter(pl.col("gone") >= FEWEST_DROPPED, pl.col("gone") > MOST_DROPPED * pl.col("stood"))
        .sort("period")
    )
    if shrunk.height:
        first = shrunk.row(0, named=True)
        others = f" ({shrunk.height - 1} other periods as well)" if shrunk.height > 1 else ""
        raise FewerOrganisationsError(
            f"{file}: {first['stood']:,} organisations stand in {table} for the period from "
            f"{first['period']:%d %B %Y}, and {first['stand'] or 0:,} would stand after this file: "
            f"{first['gone']:,} have no row in it{others}. It may be cut short: download it again. "
            "Nothing was changed. If it is whole, use --allow-fewer."
        )


def older_than_held(source: Source, held: pl.DataFrame, replaced: set[int], *, again: bool) -> tuple[str, ...]:
    """Returns a warning for each load that goes on after this file's last period.

    Args:
        source: the file.
        held: the publication's rows of `meta_load`.
        replaced: the loads whose rows it replaces.
        again: whether an older edition is wanted.

    Raises:
        OlderEditionError: a load of the same kind of file does, so that this one is an older edition.
    """
    later = held.filter(pl.col("load_id").is_in(list(replaced)), pl.col("period_to") > source.period_to)
    same = later.filter(pl.col("era") == source.era).sort("period_to", "load_id")
    if same.height and not again:
        raise OlderEditionError(
            f"{source.file} ends with the period from {source.period_to:%d %B %Y}, and would replace rows of "
            f"{same['source_file'][-1]}, which goes on to {same['period_to'][-1]:%d %B %Y}: it is an older edition. "
            "Nothing was changed. To load it all the same, use --again."
        )
    return tuple(
        f"Rows of {file}, which goes on to {last:%d %B %Y}, are replaced by this file, which ends with "
        f"{source.period_to:%d %B %Y}."
        for file, last in later.select("source_file", "period_to").sort("period_to", "source_file").iter_rows()
    )
