"""Publications behind the numbers: their files, what was left out of them, and what later files changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import polars as pl
import sqlalchemy as sa

from metrics.catalogue import Catalogue, Metric
from metrics.warehouse.tables.meta import meta_load, meta_publication, meta_rejection, meta_revision

if TYPE_CHECKING:
    from metrics.query.holdings import Holdings


@dataclass(frozen=True, slots=True)
class File:
    """A publisher's file that is loaded. `loaded_at` is UTC."""

    name: str
    sha256: str
    era: str
    loaded_at: datetime
    period_from: date | None
    period_to: date | None
    rows_read: int
    rows_rejected: int


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication behind a metric, with the files that are loaded from it."""

    id: str
    title: str
    publisher: str
    licence: str
    source: str
    cadence: str
    caveats: str
    files: tuple[File, ...]

    @property
    def loaded_at(self) -> datetime | None:
        """Returns when the newest of its files was loaded, UTC."""
        return max((file.loaded_at for file in self.files), default=None)


def publications_of(
    metric: Metric, holdings: Holdings, span: tuple[date, date] | None = None
) -> tuple[Publication, ...]:
    """Returns the publications that the metric reads, with their current files (those of the span, when given)."""
    catalogue = holdings.catalogue
    inputs = list(everything_in(metric, catalogue))
    models = [catalogue.models[each.model] for each in inputs if each.model]
    models += [catalogue.models[alternate.model] for each in inputs for alternate in each.alternates]
    named = (name for model in models for name in (model.publication, *model.also_from) if name is not None)
    return tuple(each for name in dict.fromkeys(named) if (each := _publication(name, holdings, span)) is not None)


def everything_in(metric: Metric, catalogue: Catalogue) -> Iterator[Metric]:
    """Yields the metric, and all that it is made of."""
    yield metric
    for each in catalogue.inputs(metric):
        yield from everything_in(each, catalogue)


def all_publications(holdings: Holdings) -> tuple[Publication, ...]:
    """Returns every publication of the warehouse with its current files, by title."""
    named = sa.select(meta_publication.c.publication).order_by(meta_publication.c.title)
    names = holdings.snapshot.frame(named)["publication"].to_list()
    return tuple(each for name in names if (each := _publication(name, holdings, None)) is not None)


def rejections_of(publication: str, holdings: Holdings) -> pl.DataFrame:
    """Returns what was left out of a publication's current files: file, row, column, value and reason."""
    return holdings.snapshot.frame(
        sa.select(
            meta_load.c.source_file.label("file"), meta_rejection.c.row_number, meta_rejection.c.column_name,
            meta_rejection.c.value, meta_rejection.c.reason,
        )
        .join(meta_load, meta_load.c.load_id == meta_rejection.c.load_id)
        .where(meta_load.c.publication == publication, meta_load.c.is_current)
        .order_by(meta_load.c.source_file, meta_rejection.c.row_number)
    )  # fmt: skip


def revisions_of(publication: str, holdings: Holdings) -> pl.DataFrame:
    """Returns what later files of a publication changed in periods that were held already, newest load first."""
    replaced = meta_load.alias("replaced")
    counts = ("rows_before", "rows_after", "organisations_added", "organisations_removed", "cells_changed")
    return holdings.snapshot.frame(
        sa.select(
            meta_load.c.source_file.label("file"), meta_load.c.loaded_at,
            replaced.c.source_file.label("replaced_file"), meta_revision.c.table_name, meta_revision.c.period,
            *(meta_revision.c[name] for name in counts),
            meta_revision.c.measure, meta_revision.c.sum_before, meta_revision.c.sum_after,
        )
        .join(meta_load, meta_load.c.load_id == meta_revision.c.load_id)
        .outerjoin(replaced, replaced.c.load_id == meta_revision.c.replaced_load_id)
        .where(meta_load.c.publication == publication)
        .order_by(meta_revision.c.load_id.desc(), meta_revision.c.table_name, meta_revision.c.period)
    )  # fmt: skip


def _publication(name: str, holdings: Holdings, span: tuple[date, date] | None) -> Publication | None:
    whole = holdings.keep(("publication", name), lambda: _read_publication(name, holdings))
    if whole is None or span is None:
        return whole
    first, last = span
    files = tuple(
        each
        for each in whole.files
        if each.period_from and each.period_to and each.period_from <= last and each.period_to >= first
    )
    return replace(whole, files=files)


def _read_publication(name: str, holdings: Holdings) -> Publication | None:
    about = holdings.snapshot.frame(sa.select(meta_publication).where(meta_publication.c.publication == name))
    if about.is_empty():
        return None
    current = sa.select(meta_load).where(meta_load.c.publication == name, meta_load.c.is_current)
    loads = holdings.snapshot.frame(current.order_by(meta_load.c.load_id))
    files = tuple(
        File(
            name=row["source_file"], sha256=row["sha256"], era=row["era"], loaded_at=row["loaded_at"],
            period_from=row["period_from"], period_to=row["period_to"],
            rows_read=row["rows_read"], rows_rejected=row["rows_rejected"],
        )
        for row in loads.iter_rows(named=True)
    )  # fmt: skip
    row = about.row(0, named=True)
    return Publication(
        id=name, title=row["title"], publisher=row["publisher"], licence=row["licence"], source=row["source"],
        cadence=row["cadence"], caveats=row["caveats"], files=files,
    )  # fmt: skip
