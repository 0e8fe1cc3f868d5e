"""Builds the shipped data from raw files: `python -m sample_data.published.build SOURCE_DIR [PUBLICATION...]`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from metrics.warehouse.tables import metadata
from metrics.warehouse.tables.base import key_columns
from sample_data.published.checking import checked
from sample_data.published.levels import refuse_wholes
from sample_data.published.reading import Publication, Reading
from sample_data.published.registry import PUBLICATIONS
from sample_data.published.shipment import SHIPPED, Shipment, Source, sha256_of, write_shipment
from sample_data.published.sources import source_files


def source_of(path: Path, reading: Reading) -> Source:
    """Returns what there is to say about a file that was read."""
    periods = [frame["period"] for frame in reading.frames.values() if frame.height]
    days = pl.concat(periods).rename("period") if periods else pl.Series("period", [], pl.Date)
    frames = (*reading.frames.values(), *reading.dimensions.values())
    return Source(
        file=path.name,
        sha256=sha256_of(path),
        era=reading.era,
        rows_read=sum(frame.height for frame in frames),
        rows_rejected=len(reading.rejections),
        period_from=days.min(),  # type: ignore[arg-type]
        period_to=days.max(),  # type: ignore[arg-type]
        organisations=reading.organisations.height,
        notes=reading.notes,
        rejections=reading.rejections,
        totals=reading.totals,
    )


def slice_columns(publication: Publication, table: str, reading: Reading | None = None) -> list[str]:
    """Returns the columns that say which rows of a fact table a newer file replaces."""
    own = None if reading is None else reading.replaces.get(table)
    return ["period", *(publication.replaces.get(table, ()) if own is None else own)]


def merged(publication: Publication, readings: Sequence[tuple[Path, Reading]]) -> Shipment:
    """Returns the rows that stand after reading all files in turn: a later file replaces what it covers."""
    frames: dict[str, pl.DataFrame] = {}
    dimensions: dict[str, pl.DataFrame] = {}
    for path, reading in readings:
        for name, frame in reading.frames.items():
            rows = frame.with_columns(source_file=pl.lit(path.name))
            frames[name] = _replaced(frames.get(name), rows, slice_columns(publication, name, reading))
        for name, frame in reading.dimensions.items():
            by = ["source"] if "source" in frame.columns else []
            dimensions[name] = _replaced(dimensions.get(name), frame, by)
    return Shipment(
        frames={name: _sorted(name, frame) for name, frame in frames.items()},
        dimensions={name: frame.sort(frame.columns) for name, frame in dimensions.items()},
        organisations=merged_organisations([reading.organisations for _, reading in readings]),
        sources=standing_totals([source_of(path, reading) for path, reading in readings], frames),
    )


def merged_organisations(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Returns one row a code: what the last file that names it says, gaps filled from earlier files."""
    stacked = pl.concat([frame for frame in frames if frame.width], how="diagonal")
    others = [name for name in stacked.columns if name != "org_code"]
    return (
        stacked.group_by("org_code", maintain_order=True)
        .agg(pl.col(name).drop_nulls().last() for name in others)
        .sort("org_code")
    )


def standing_totals(sources: Sequence[Source], frames: Mapping[str, pl.DataFrame]) -> tuple[Source, ...]:
    """Returns the sources without the totals that a later source states anew.

    A source with facts, none of which stand in `frames`, names the next one that covers its periods.
    """
    standing = {name for frame in frames.values() for name in frame["source_file"].unique()}
    last = {(total.period, total.measure): at for at, source in enumerate(sources) for total in source.totals}
    return tuple(
        replace(
            source,
            totals=tuple(total for total in source.totals if last[total.period, total.measure] == at),
            replaced_by=None if source.file in standing else _next_over(source, sources[at + 1 :]),
        )
        for at, source in enumerate(sources)
    )


def _next_over(source: Source, later: Sequence[Source]) -> str | None:
    if source.period_from is None or source.period_to is None:
        return next((other.file for other in later if other.era == source.era), None)
    overlaps = (
        other.file
        for other in later
        if other.period_from is not None
        and other.period_to is not None
        and other.period_from <= source.period_to
        and other.period_to >= source.period_from
    )
    return next(overlaps, None)


def _replaced(held: pl.DataFrame | None, rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    if held is None:
        return rows
    kept = held.join(rows.select(by).unique(), on=by, how="anti", nulls_equal=True) if by else held.clear()
    return pl.concat([kept.select(rows.columns), rows])


def _sorted(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    keys = list(key_columns(metadata.tables[name]))
    measures = [column for column in frame.columns if column not in keys]
    # Rows of one organisation and category side by side compress to about half of rows by period.
    order = [*(key for key in keys if key != "period"), "period"]
    return frame.select([*keys, *measures]).sort(order)


def build(folder: Path, ids: Sequence[str], target: Path = SHIPPED) -> Mapping[str, Shipment]:
    """Writes the shipped data of the publications and returns them, by id.

    Raises:
        FileNotFoundError: a raw file is not there.
        UnreadableFileError: a raw file cannot be read.
    """
    built = {}
    for name in ids:
        publication = PUBLICATIONS[name]
        readings = [
            (path, refuse_wholes(path, checked(path, publication.read(path)), publication))
            for path in source_files(name, folder)
        ]
        built[name] = merged(publication, readings)
        write_shipment(name, built[name], target)
        rows = sum(frame.height for frame in built[name].frames.values())
        size = sum(path.stat().st_size for path in (target / name).iterdir())
        sys.stdout.write(f"{name}: {len(readings)} files, {rows:,} rows, {size / 1e6:.2f} MB\n")
    return built


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code of the command."""
    if not arguments:
        sys.stderr.write("Usage: python -m sample_data.published.build SOURCE_DIR [PUBLICATION...]\n")
        return 2
    ids = list(arguments[1:]) or list(PUBLICATIONS)
    unknown = [name for name in ids if name not in PUBLICATIONS]
    if unknown:
        sys.stderr.write(f"No publication {', '.join(unknown)}. There are: {', '.join(PUBLICATIONS)}.\n")
        return 2
    build(Path(arguments[0]), ids)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
