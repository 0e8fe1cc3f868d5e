"""The published data that ship with the project: how they are kept on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from sample_data.published.reading import PublishedTotal, Rejection

SHIPPED = Path(__file__).parent / "shipped"
_KEPT_REJECTIONS = 200


@dataclass(frozen=True, slots=True)
class Source:
    """One raw file that shipped rows come from: what it was, and what was read out of it.

    `replaced_by` names the later file that replaced the last of its rows.
    """

    file: str
    sha256: str
    era: str
    rows_read: int
    rows_rejected: int
    period_from: date | None
    period_to: date | None
    organisations: int
    notes: tuple[str, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    totals: tuple[PublishedTotal, ...] = ()
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class Shipment:
    """All that ships of one publication.

    Attributes:
        frames: fact table name to frame, as `Reading.frames` with `source_file`.
        dimensions: reference table name to frame, as `Reading.dimensions`.
        organisations: as `Reading.organisations`.
        sources: the raw files, in load order.
    """

    frames: Mapping[str, pl.DataFrame]
    organisations: pl.DataFrame
    sources: tuple[Source, ...]
    dimensions: Mapping[str, pl.DataFrame] = field(default_factory=dict)


def sha256_of(path: Path) -> str:
    """Returns the file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_shipment(publication: str, shipment: Shipment, folder: Path = SHIPPED) -> None:
    """Writes a publication's shipped files; the same shipment gives the same bytes."""
    target = folder / publication
    target.mkdir(parents=True, exist_ok=True)
    tables = {**shipment.frames, **shipment.dimensions, "organisations": shipment.organisations}
    with TemporaryDirectory(dir=target) as work:
        for name, frame in tables.items():
            frame.write_parquet(Path(work) / f"{name}.parquet", compression="zstd", compression_level=19)
        text = json.dumps([_as_json(source) for source in shipment.sources], indent=1, ensure_ascii=False)
        (Path(work) / "sources.json").write_text(text + "\n", encoding="utf-8")
        for written in Path(work).iterdir():
            written.replace(target / written.name)
    for old in target.glob("*.parquet"):
        if old.stem not in tables:
            old.unlink()


def read_shipment(publication: str, folder: Path = SHIPPED) -> Shipment:
    """Returns what ships of one publication.

    Raises:
        FileNotFoundError: nothing ships under this id.
    """
    target = folder / publication
    sources = json.loads((target / "sources.json").read_text(encoding="utf-8"))
    tables = {path.stem: pl.read_parquet(path) for path in sorted(target.glob("*.parquet"))}
    organisations = tables.pop("organisations")
    return Shipment(
        frames={name: frame for name, frame in tables.items() if "source_file" in frame.columns},
        dimensions={name: frame for name, frame in tables.items() if "source_file" not in frame.columns},
        organisations=organisations,
        sources=tuple(_from_json(source) for source in sources),
    )


def shipment_digest(publication: str, folder: Path = SHIPPED) -> str:
    """Returns a digest of the publication's shipped files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in (folder / publication).iterdir() if path.is_file()):
        digest.update(f"{path.name} {sha256_of(path)}\n".encode())
    return digest.hexdigest()


def shipped_publications(folder: Path = SHIPPED) -> tuple[str, ...]:
    """Returns the ids of the publications that ship, sorted."""
    return tuple(sorted(path.parent.name for path in folder.glob("*/sources.json")))


def _as_json(source: Source) -> dict[str, Any]:
    kept = asdict(source)
    for name in ("period_from", "period_to"):
        kept[name] = kept[name].isoformat() if kept[name] else None
    kept["rejections"] = kept["rejections"][:_KEPT_REJECTIONS]
    kept["totals"] = [{**total, "period": total["period"].isoformat()} for total in kept["totals"]]
    return kept


def _from_json(kept: dict[str, Any]) -> Source:
    return Source(
        **{
            **kept,
            "period_from": date.fromisoformat(kept["period_from"]) if kept["period_from"] else None,
            "period_to": date.fromisoformat(kept["period_to"]) if kept["period_to"] else None,
            "notes": tuple(kept["notes"]),
            "rejections": tuple(Rejection(**rejection) for rejection in kept["rejections"]),
            "totals": tuple(
                PublishedTotal(**{**total, "period": date.fromisoformat(total["period"])}) for total in kept["totals"]
            ),
        }
    )
