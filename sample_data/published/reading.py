"""What a reader of a publication gives, and how it says what is wrong with a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl

Cadence = Literal["daily", "monthly", "quarterly", "yearly", "once"]


class UnreadableFileError(ValueError):
    """A file that cannot be loaded. Says which row and column is wrong, and what was expected."""

    def __init__(
        self, path: Path, problem: str, *, row: int | None = None, column: str | None = None, hint: str = ""
    ) -> None:
        self.path, self.problem, self.row, self.column, self.hint = path, problem, row, column, hint
        place = f", row {row}" if row is not None else ""
        place += f", column '{column}'" if column is not None else ""
        super().__init__(f"{path.name}{place}: {problem}" + (f" {hint}" if hint else ""))


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was read and left out, with the reason. `row` counts from 1, header included."""

    row: int | None
    column: str | None
    value: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class PublishedTotal:
    """A total that the publication itself states, kept for reconciliation and never loaded as a fact."""

    period: date
    measure: str
    value: float
    stated_in: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file holds.

    Attributes:
        era: the file format that was recognised, in words.
        frames: fact table name to frame. Columns are those of the table without `load_id`, `loaded_at`
            and `source_file`; `period` is a Date, codes are String, counts Int64, amounts Float64.
        organisations: columns `org_code`, `name` and, where the file says it, `org_type`, `icb_code`,
            `region_code`: every code that the frames mention, as the file names it.
        rejections: rows left out on purpose, with reasons.
        totals: the publication's own totals.
        notes: what a reader of the numbers should know, one sentence each.
        dimensions: reference table name to frame (`ref_organisation`, `dim_organisation_succession` ...).
            Rows replace those with the same `source`, or the whole table when it has no such column.
        replaces: as `Publication.replaces`, where this form of the file covers more or less than others.
    """

    era: str
    frames: Mapping[str, pl.DataFrame]
    organisations: pl.DataFrame
    rejections: tuple[Rejection, ...] = ()
    totals: tuple[PublishedTotal, ...] = ()
    notes: tuple[str, ...] = ()
    dimensions: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    replaces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication: what it is, where it comes from, and how to read one of its files.

    Attributes:
        replaces: for a fact table, the columns beside `period` that say which rows a newer file of the
            same period replaces. Without an entry a file replaces all rows of its periods.
        stated_levels: for a fact table, the wholes (england, region) whose rows belong in it, because it is
            published at that level. Such rows anywhere else are refused: they would be counted twice.
    """

    id: str
    title: str
    publisher: str
    source: str
    cadence: Cadence
    read: Callable[[Path], Reading]
    caveats: tuple[str, ...] = ()
    licence: str = "Open Government Licence v3.0"
    replaces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stated_levels: Mapping[str, tuple[Literal["england", "region"], ...]] = field(default_factory=dict)
