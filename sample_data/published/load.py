"""Loading publications into the warehouse: one file newly downloaded, or all that ships."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.connect import holds_own_files, open_warehouse
from metrics.warehouse.errors import WarehouseNotBuiltError, WarehouseOutdatedError
from metrics.warehouse.tables import metadata
from metrics.warehouse.tables.base import is_fact
from metrics.warehouse.tables.meta import meta_load, meta_published_total, meta_rejection
from metrics.warehouse.writing import Writer, writing
from sample_data.published.build import slice_columns, source_of
from sample_data.published.checking import checked
from sample_data.published.guards import (
    FewerOrganisationsError,
    OlderEditionError,
    SupersededFileError,
    is_intact,
    older_than_held,
    organisations_held,
    owners,
    refuse_fewer,
)
from sample_data.published.levels import refuse_wholes
from sample_data.published.own_totals import disagreements
from sample_data.published.reading import Publication, Reading, Rejection, UnreadableFileError
from sample_data.published.records import (
    load_rows,
    next_load_id,
    retire,
    shipped_digest,
    write_changes,
    write_dimensions,
    write_organisations,
    write_publication,
    write_rejections,
    write_totals,
)
from sample_data.published.reference import rebuild_reference
from sample_data.published.registry import PUBLICATIONS
from sample_data.published.revisions import Revision, replace_rows
from sample_data.published.shipment import SHIPPED, Source, read_shipment, shipment_digest, shipped_publications

__all__ = [
    "FewerOrganisationsError",
    "LoadReport",
    "OlderEditionError",
    "Progress",
    "ShippedReport",
    "SupersededFileError",
    "load_file",
    "load_files",
    "load_shipped",
    "loaded_publications",
    "read_file",
]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done, and of how many."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What loading one file did.

    Attributes:
        loaded: false when the same file was loaded before and nothing was changed.
        rows: table name to number of rows written.
        revisions: what changed in periods that were held before.
        replaced: files of which no row remains.
        warnings: what the user should look at before trusting the numbers.
    """

    publication: str
    source: Source
    loaded: bool
    rows: Mapping[str, int]
    rejections: tuple[Rejection, ...] = ()
    revisions: tuple[Revision, ...] = ()
    replaced: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShippedReport:
    """What loading the shipped data of one publication did. `files` is 0 when all was held already."""

    publication: str
    files: int
    rows: int
    kept: int


def read_file(publication: Publication, path: Path) -> Reading:
    """Returns what the file holds, checked against the warehouse's tables.

    Raises:
        UnreadableFileError: it cannot be loaded; says why, and where in the file.
    """
    if not path.is_file():
        raise UnreadableFileError(path, f"there is no such file ({path}).")
    try:
        return refuse_wholes(path, checked(path, publication.read(path)), publication)
    except UnreadableFileError:
        raise
    except (pl.exceptions.PolarsError, LookupError, ValueError, TypeError, OSError) as error:
        problem = f"this does not read as a file of '{publication.title}' ({type(error).__name__}: {error})."
        raise UnreadableFileError(path, problem, hint=f"Files of it are found at {publication.source}") from error


def load_file(
    publication: str, path: Path, *, url: str | None = None, again: bool = False, allow_fewer: bool = False
) -> LoadReport:
    """Loads one file and returns what that did; see `load_files`."""
    return load_files(publication, [path], url=url, again=again, allow_fewer=allow_fewer)[0]


def load_files(
    publication: str,
    paths: Sequence[Path],
    *,
    url: str | None = None,
    again: bool = False,
    allow_fewer: bool = False,
    progress: Progress | None = None,
) -> tuple[LoadReport, ...]:
    """Loads files in turn and returns what each did. All of them, or none: a bad file changes nothing.

    Args:
        publication: its id.
        paths: the files, the newest last.
        url: the warehouse; None is the one that the settings name.
        again: loads a file again though it was loaded before, or is an older edition of what is held.
        allow_fewer: lets a file leave far fewer organisations in a period than are held.
        progress: told of each step.

    Raises:
        UnreadableFileError: a file cannot be loaded.
        SupersededFileError: a later file replaced this one or some of its rows, or the file is an older edition;
            and `again` is not set.
        FewerOrganisationsError: a period would lose more than a fifth of its organisations, and `allow_fewer`
            is not set.
        KeyError: there is no such publication.
    """
    what = PUBLICATIONS[publication]
    tell = progress or _silent
    steps = len(paths) * 2 + 1
    readings = []
    for at, path in enumerate(paths):
        tell(f"Reading {path.name}", at, steps)
        readings.append((path, read_file(what, path)))
    with writing(url) as writer:
        reports = []
        for at, (path, reading) in enumerate(readings):
            tell(f"Writing {path.name}", len(paths) + at, steps)
            reports.append(_load_reading(writer, what, path, reading, again=again, allow_fewer=allow_fewer))
        tell("Tying organisations together", steps - 1, steps)
        if any(report.loaded for report in reports):
            rebuild_reference(writer)
    tell("Done", steps, steps)
    return tuple(reports)


def _silent(_what: str, _done: int, _of: int) -> None:
    pass


def _load_reading(
    writer: Writer, what: Publication, path: Path, reading: Reading, *, again: bool, allow_fewer: bool
) -> LoadReport:
    source = source_of(path, reading)
    held = writer.frame(sa.select(meta_load).where(meta_load.c.publication == what.id))
    if not again and _stands(writer, what, path, reading, held.filter(pl.col("sha256") == source.sha256)):
        return LoadReport(what.id, source, loaded=False, rows={})
    load_id, now = next_load_id(writer), datetime.now(UTC).replace(tzinfo=None)
    write_publication(writer, what)
    revisions: list[Revision] = []
    replaced_ids: set[int] = set()
    for name, frame in reading.frames.items():
        table, ids = metadata.tables[name], held["load_id"].to_list()
        stood = organisations_held(writer, table, frame["period"], ids)
        rows = _stamped(frame, load_id, now, path.name)
        done = replace_rows(writer, table, rows, slice_columns(what, name, reading))
        if not allow_fewer:
            refuse_fewer(path.name, name, stood, organisations_held(writer, table, frame["period"], [*ids, load_id]))
        write_changes(writer, load_id, done)
        revisions += done.revisions
        replaced_ids |= done.load_ids
    warnings = older_than_held(source, held, replaced_ids, again=again) + disagreements(what.id, reading)
    write_dimensions(writer, reading.dimensions)
    write_organisations(writer, what.id, reading.organisations)
    write_rejections(writer, [(load_id, reading.rejections)])
    write_totals(writer, what.id, [(load_id, reading.totals)])
    writer.insert(meta_load, load_rows(what.id, [(load_id, source)], now, origin="file"))
    return LoadReport(
        what.id,
        source,
        loaded=True,
        rows={name: frame.height for name, frame in (*reading.frames.items(), *reading.dimensions.items())},
        rejections=reading.rejections,
        revisions=tuple(revisions),
        replaced=retire(writer, held, source, replaced_ids),
        warnings=warnings,
    )


def _stands(writer: Writer, what: Publication, path: Path, reading: Reading, same: pl.DataFrame) -> bool:
    """Whether the same file was loaded and all of it is held; false when it never was loaded."""
    if not same.height:
        return False
    current = same.filter(pl.col("is_current"))["load_id"].to_list()
    if current and is_intact(writer, reading, metadata.tables, current):
        return True
    part = "some of its rows" if current else "its rows"
    by = same.sort("load_id")["replaced_by"][-1]
    if by is None:
        now = (
            file
            for name, frame in reading.frames.items()
            for file in owners(writer, metadata.tables[name], frame, slice_columns(what, name, reading), current)
        )
        by = next(now, "a later file")
    raise SupersededFileError(
        f"{path.name} was loaded before, and {by} has replaced {part} since. Nothing was changed. "
        "To go back to it all the same, use --again."
    )


def load_shipped(
    url: str | None = None,
    *,
    fresh: bool = False,
    folder: Path = SHIPPED,
    only: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> tuple[ShippedReport, ...]:
    """Loads what ships with the project and returns what that did, a report a publication.

    Publications whose files are all held are left alone. Rows that a file of the user's replaced stay
    replaced.

    Args:
        url: the warehouse; None is the one that the settings name.
        fresh: empties the warehouse first, the user's own files included.
        folder: where the shipped files are.
        only: ids of publications; None is all that ship.
        progress: told of each step.
    """
    tell = progress or _silent
    ids = shipped_publications(folder) if only is None else tuple(only)
    fresh = fresh or _must_start_anew(url)
    with writing(url, fresh=fresh) as writer:
        reports = []
        for at, name in enumerate(ids):
            tell(PUBLICATIONS[name].title, at, len(ids) + 1)
            reports.append(_load_shipment(writer, PUBLICATIONS[name], folder))
        tell("Tying organisations together", len(ids), len(ids) + 1)
        rebuild_reference(writer)
    tell("Done", len(ids) + 1, len(ids) + 1)
    return tuple(reports)


def _must_start_anew(url: str | None) -> bool:
    """Whether the tables are another version's and hold nothing but shipped data, which can be loaded again."""
    try:
        open_warehouse(url)
    except WarehouseOutdatedError:
        return not holds_own_files(url)
    except WarehouseNotBuiltError:
        return False
    return False


def _load_shipment(writer: Writer, what: Publication, folder: Path) -> ShippedReport:
    digest = shipment_digest(what.id, folder)
    if shipped_digest(writer, what.id) == digest:
        return ShippedReport(what.id, 0, 0, 0)
    shipment = read_shipment(what.id, folder)
    held = writer.frame(sa.select(meta_load).where(meta_load.c.publication == what.id))
    shipped = held.filter(pl.col("origin") == "shipped")
    known = dict(shipped.select("sha256", "load_id").iter_rows())
    _remove_loads(writer, list(known.values()))
    own = held.filter(pl.col("origin") == "file")
    first, now = next_load_id(writer), datetime.now(UTC).replace(tzinfo=None)
    new = iter(range(first, first + len(shipment.sources)))
    ids = [(known.get(source.sha256) or next(new), source) for source in shipment.sources]
    write_publication(writer, what, digest)
    numbers = pl.DataFrame(
        {"source_file": [source.file for _, source in ids], "load_id": [load_id for load_id, _ in ids]},
        schema={"source_file": pl.String, "load_id": pl.Int64},
    )
    written = kept = 0
    for name, frame in shipment.frames.items():
        table = metadata.tables[name]
        rows = _without_own(writer, table, frame, slice_columns(what, name), own["load_id"].to_list())
        kept += frame.height - rows.height
        written += rows.height
        stamped = rows.join(numbers, on="source_file", how="left", maintain_order="left")
        writer.insert(table, stamped.with_columns(loaded_at=pl.lit(now, dtype=pl.Datetime("us"))))
    if not own.height:
        write_dimensions(writer, shipment.dimensions)
        written += sum(frame.height for frame in shipment.dimensions.values())
    write_organisations(writer, what.id, shipment.organisations)
    writer.insert(meta_load, load_rows(what.id, ids, now, origin="shipped"))
    write_rejections(writer, [(load_id, source.rejections) for load_id, source in ids])
    write_totals(writer, what.id, [(load_id, source.totals) for load_id, source in ids], held_stand=True)
    return ShippedReport(what.id, len(shipment.sources), written, kept)


def _remove_loads(writer: Writer, load_ids: list[int]) -> None:
    if not load_ids:
        return
    facts = (table for table in metadata.tables.values() if is_fact(table))
    for table in (*facts, meta_load, meta_rejection, meta_published_total):
        writer.execute(table.delete().where(table.c.load_id.in_(load_ids)))


def _without_own(writer: Writer, table: sa.Table, frame: pl.DataFrame, by: list[str], own: list[int]) -> pl.DataFrame:
    if not own:
        return frame
    held = writer.frame(sa.select(*(table.c[name] for name in by)).where(table.c.load_id.in_(own)).distinct())
    return frame.join(held, on=by, how="anti", nulls_equal=True, maintain_order="left")


def _stamped(frame: pl.DataFrame, load_id: int, now: datetime, file: str) -> pl.DataFrame:
    return frame.with_columns(
        load_id=pl.lit(load_id, dtype=pl.Int64),
        loaded_at=pl.lit(now, dtype=pl.Datetime("us")),
        source_file=pl.lit(file),
    )


def loaded_publications(loads: pl.DataFrame) -> dict[str, tuple[str, date | None, date | None]]:
    """Returns, from `meta_load`, each publication's last loaded file and the periods held."""
    latest = (
        loads.filter(pl.col("is_current"))
        .sort("loaded_at", "period_to", nulls_last=False)
        .group_by("publication")
        .agg(pl.col("source_file").last(), pl.col("period_from").min(), pl.col("period_to").max())
    )
    return {row[0]: (row[1], row[2], row[3]) for row in latest.iter_rows()}
