"""What the warehouse keeps of each load: the file, rejected rows, changes and the publication's own totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.tables import metadata
from metrics.warehouse.tables.base import is_fact
from metrics.warehouse.tables.dimensions import ref_organisation
from metrics.warehouse.tables.meta import (
    meta_load,
    meta_publication,
    meta_published_total,
    meta_rejection,
    meta_revision,
    meta_revision_row,
)

if TYPE_CHECKING:
    from metrics.warehouse.writing import Writer
    from sample_data.published.reading import Publication, PublishedTotal, Rejection
    from sample_data.published.revisions import Replacement
    from sample_data.published.shipment import Source

CELLS_KEPT = 5_000
"""How many changed figures are kept of one load; `meta_revision.cells_changed` counts them all."""

_TEXT = {"value": 200, "reason": 300, "column": 200}


def next_load_id(writer: Writer) -> int:
    last: int | None = writer.frame(sa.select(sa.func.max(meta_load.c.load_id).label("last")))["last"][0]
    return (last or 0) + 1


def write_publication(writer: Writer, what: Publication, digest: str | None = None) -> None:
    """Writes what is said of the publication; without a digest of shipped files the one held stays."""
    if digest is None:
        digest = shipped_digest(writer, what.id)
    row = {
        "shipped_digest": digest,
        "publication": what.id,
        "title": what.title,
        "publisher": what.publisher,
        "licence": what.licence,
        "source": what.source,
        "cadence": what.cadence,
        "caveats": "\n".join(what.caveats),
    }
    frame = pl.DataFrame([row], schema_overrides={"shipped_digest": pl.String})
    writer.replace(meta_publication, frame, ["publication"])


def shipped_digest(writer: Writer, publication: str) -> str | None:
    """Returns the digest of the shipped files that are loaded; None when none are."""
    held = writer.frame(
        sa.select(meta_publication.c.shipped_digest).where(meta_publication.c.publication == publication)
    )
    return held["shipped_digest"][0] if held.height else None


def write_dimensions(writer: Writer, dimensions: Mapping[str, pl.DataFrame]) -> None:
    for name, frame in dimensions.items():
        table = metadata.tables[name]
        if "source" in frame.columns:
            writer.replace(table, frame, ["source"])
        else:
            writer.rewrite(table, frame)


def write_organisations(writer: Writer, publication: str, organisations: pl.DataFrame) -> None:
    if not organisations.height:
        return
    said = [name for name in organisations.columns if name in ref_organisation.columns]
    rows = organisations.select(pl.lit(publication).alias("source"), *said).unique("org_code", keep="last")
    writer.replace(ref_organisation, rows.sort("org_code"), ["source", "org_code"])


def load_rows(publication: str, loads: Sequence[tuple[int, Source]], now: datetime, *, origin: str) -> pl.DataFrame:
    rows: list[dict[str, Any]] = [
        {
            "load_id": load_id,
            "publication": publication,
            "source_file": source.file,
            "sha256": source.sha256,
            "era": source.era,
            "loaded_at": now,
            "period_from": source.period_from,
            "period_to": source.period_to,
            "rows_read": source.rows_read,
            "rows_rejected": source.rows_rejected,
            "organisations": source.organisations,
            "is_current": source.replaced_by is None,
            "replaced_by": source.replaced_by,
            "origin": origin,
            "notes": "\n".join(source.notes),
        }
        for load_id, source in loads
    ]
    overrides = {"period_from": pl.Date, "period_to": pl.Date, "replaced_by": pl.String}
    return pl.DataFrame(rows, schema_overrides=overrides, infer_schema_length=None)


def write_rejections(writer: Writer, loads: Sequence[tuple[int, Sequence[Rejection]]]) -> None:
    rows = [
        (load_id, left.row, _cut(left.column, "column"), _cut(left.value, "value"), _cut(left.reason, "reason"))
        for load_id, rejections in loads
        for left in rejections
    ]
    schema = {
        "load_id": pl.Int64,
        "row_number": pl.Int64,
        "column_name": pl.String,
        "value": pl.String,
        "reason": pl.String,
    }
    writer.insert(meta_rejection, pl.DataFrame(rows, schema=schema, orient="row"))


def _cut(text: str | None, what: str) -> str | None:
    return None if text is None else text[: _TEXT[what]]


def write_totals(
    writer: Writer,
    publication: str,
    loads: Sequence[tuple[int, Sequence[PublishedTotal]]],
    *,
    held_stand: bool = False,
) -> None:
    """Writes the totals that files state, in the place of those held, or beside them when `held_stand`."""
    rows = [
        (publication, total.period, total.measure, float(total.value), total.stated_in, load_id)
        for load_id, totals in loads
        for total in totals
    ]
    schema = {
        "publication": pl.String,
        "period": pl.Date,
        "measure": pl.String,
        "value": pl.Float64,
        "stated_in": pl.String,
        "load_id": pl.Int64,
    }
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    by = ["publication", "period", "measure"]
    if held_stand:
        held = writer.frame(sa.select(*(meta_published_total.c[name] for name in by)).distinct())
        writer.insert(meta_published_total, frame.join(held, on=by, how="anti", maintain_order="left"))
    else:
        writer.replace(meta_published_total, frame, by)


def write_changes(writer: Writer, load_id: int, done: Replacement) -> None:
    """Writes what a load changed in a table: sums by period, and each figure up to `CELLS_KEPT` a load."""
    revisions = [
        {
            "load_id": load_id,
            "table_name": new.table,
            "period": new.period,
            "replaced_load_id": new.replaced_load_id,
            "rows_before": new.rows_before,
            "rows_after": new.rows_after,
            "measure": new.measure,
            "sum_before": new.sum_before,
            "sum_after": new.sum_after,
            "organisations_added": None if new.measure else new.organisations_added,
            "organisations_removed": None if new.measure else new.organisations_removed,
            "cells_changed": None if new.measure else new.cells_changed,
        }
        for new in done.revisions
    ]
    schema = {
        "load_id": pl.Int64,
        "table_name": pl.String,
        "period": pl.Date,
        "replaced_load_id": pl.Int64,
        "rows_before": pl.Int64,
        "rows_after": pl.Int64,
        "measure": pl.String,
        "sum_before": pl.Float64,
        "sum_after": pl.Float64,
        "organisations_added": pl.Int64,
        "organisations_removed": pl.Int64,
        "cells_changed": pl.Int64,
    }
    writer.insert(meta_revision, pl.DataFrame(revisions, schema=schema))
    rows = meta_revision_row.c.load_id
    held = writer.frame(sa.select(sa.func.count().label("n")).where(rows == load_id)).item()
    kept = done.cells.head(max(0, CELLS_KEPT - held))
    writer.insert(meta_revision_row, kept.select(pl.lit(load_id).alias("load_id"), pl.all()))


def retire(writer: Writer, held: pl.DataFrame, source: Source, touched: set[int]) -> tuple[str, ...]:
    """Marks the loads of which nothing remains, and returns their files."""
    current = held.filter(pl.col("is_current"))
    if source.period_from is None:
        gone = current.filter(pl.col("period_from").is_null() & (pl.col("era") == source.era))
    else:
        gone = _without_rows(writer, current) if touched else current.clear()
    if gone.height:
        mark = {"is_current": False, "replaced_by": source.file}
        writer.execute(meta_load.update().where(meta_load.c.load_id.in_(gone["load_id"].to_list())).values(mark))
    return tuple(gone["source_file"])


def _without_rows(writer: Writer, loads: pl.DataFrame) -> pl.DataFrame:
    ids = loads.filter(pl.col("period_from").is_not_null())["load_id"].to_list()
    remaining: set[int] = set()
    for table in metadata.tables.values():
        if is_fact(table):
            rows = writer.frame(sa.select(table.c.load_id).where(table.c.load_id.in_(ids)).distinct())
            remaining.update(rows["load_id"])
    return loads.filter(pl.col("load_id").is_in([number for number in ids if number not in remaining]))
