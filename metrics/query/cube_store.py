"""Cubes on disk, so that a server that starts again has them at once.

    FOLDER/NAME/manifest.json       what the cube is, what it has taken in, and its files
    FOLDER/NAME/codes-KEY-*.arrow   the values of a key
    FOLDER/NAME/cells-MONTH-*.arrow the finest cells of a month

Files are never changed: a changed month is a new file. The manifest is replaced in one step, last; whoever is killed
before leaves the cube as it was stored earlier.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import uuid
from datetime import date
from pathlib import Path

import polars as pl

from metrics.query.cube import Codes, cube_of
from metrics.query.cube_layout import Layout
from metrics.query.cubes import Built

_FORMAT = 1
_log = logging.getLogger(__name__)


class CubeStore:
    """A folder of stored cubes, written by one process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: dict[str, dict[date, tuple[pl.DataFrame, str]]] = {}

    def save(self, built: Built) -> None:
        """Stores the cube. Only months that changed since the last time are written."""
        layout = built.cube.layout
        folder = self._folder / layout.name
        folder.mkdir(parents=True, exist_ok=True)
        before, now = self._written.get(layout.name, {}), {}
        for month, frame in built.cube.months[built.cube.finest].items():
            held = before.get(month)
            unchanged = held is not None and held[0] is frame
            now[month] = held if unchanged and held is not None else (frame, _write(folder, f"cells-{month}", frame))
        codes = {
            key: _write(folder, f"codes-{key}", each.values.to_frame("value"))
            for key, each in built.cube.codes.items()
        }  # fmt: skip
        manifest = {
            "format": _FORMAT, "layout": _fingerprint(layout), "lineage": built.lineage, "change": built.change,
            "codes": codes, "cells": {month.isoformat(): name for month, (_, name) in now.items()},
        }  # fmt: skip
        draft = folder / f"manifest.{uuid.uuid4().hex}"
        with draft.open("w", encoding="utf-8") as file:
            json.dump(manifest, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / "manifest.json")
        self._written[layout.name] = now
        _tidy(folder, {*codes.values(), *(name for _, name in now.values())})

    def load(self, layout: Layout) -> Built | None:
        """Returns the stored cube; None when there is none of this layout, or its files cannot be read."""
        folder = self._folder / layout.name
        try:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            if manifest["format"] != _FORMAT or manifest["layout"] != _fingerprint(layout):
                return None
            codes = {
                key: Codes(pl.read_ipc(folder / name)["value"])
                for key, name in manifest["codes"].items()
            }  # fmt: skip
            months = [pl.read_ipc(folder / name) for name in manifest["cells"].values()]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, pl.exceptions.PolarsError) as error:
            _log.warning("The stored cube in %s cannot be read and is built anew: %s", folder, error)
            return None
        if not months:
            return None
        return Built(cube_of(layout, pl.concat(months), codes), manifest["lineage"], manifest["change"])


def _write(folder: Path, name: str, frame: pl.DataFrame) -> str:
    """Writes a frame to a file named by its content, unless it is there, and returns the name."""
    draft = folder / f"draft-{uuid.uuid4().hex}"
    frame.write_ipc(draft, compression="lz4")
    with draft.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        os.fsync(file.fileno())
    final = f"{name}-{digest}.arrow"
    draft.replace(folder / final)
    return final


def _tidy(folder: Path, wanted: set[str]) -> None:
    for path in folder.iterdir():
        if path.name not in wanted and path.name != "manifest.json":
            path.unlink(missing_ok=True)


def _fingerprint(layout: Layout) -> str:
    told = [layout.text, *(repr(each) for each in layout.measures), repr(layout.keys), repr(layout.edges)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
