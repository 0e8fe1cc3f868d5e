"""What a reading must hold before any of it is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.tables import LOAD_COLUMNS, metadata
from metrics.warehouse.tables.base import is_fact, key_columns, measure_columns
from metrics.warehouse.tables.meta import meta_published_total
from sample_data.published.reading import Reading, UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path

_DTYPES: tuple[tuple[type[Any], pl.DataType], ...] = (
    (sa.Date, pl.Date()),
    (sa.Boolean, pl.Boolean()),
    (sa.Integer, pl.Int64()),
    (sa.Double, pl.Float64()),
    (sa.String, pl.String()),
)


MAY_BE_NEGATIVE: Mapping[str, frozenset[str]] = {
    # Indexes and variances against an average, with their limits.
    "fact_published_indicator": frozenset({"value", "lower", "upper"}),
    # Scores after an operation less scores before it; the EQ-5D index itself goes below zero.
    "fact_proms_year": frozenset({"pre_score", "post_score", "health_gain", "adjusted_health_gain", "gain_sum"}),
    "fact_proms_outlier_year": frozenset({"adjusted_health_gain"}),
}
"""The measures of each fact table that a negative number may stand in; all others count or measure something."""


def frame_schema(table: sa.Table) -> dict[str, pl.DataType]:
    """Returns the columns and types that a reader's frame of this table has."""
    return {
        column.name: next(dtype for kind, dtype in _DTYPES if isinstance(column.type, kind))
        for column in table.columns
        if column.name not in LOAD_COLUMNS
    }


def checked(path: Path, reading: Reading) -> Reading:
    """Returns the reading when every frame fits its table.

    Checks tables, columns and types; that keys are filled and unique; that text fits; that numbers are
    finite, and not negative where they cannot be; that no period lies in the future; that the file holds
    anything at all; and that every organisation code in a fact is named in `organisations`.

    Raises:
        UnreadableFileError: names the table, the column and the first offending row.
    """
    for name, frame in (*reading.frames.items(), *reading.dimensions.items()):
        table = metadata.tables.get(name)
        if table is None:
            raise UnreadableFileError(path, f"the reader gave a table '{name}' that the warehouse does not have.")
        _check_schema(path, table, frame)
        _check_text(path, table, frame)
        _check_numbers(path, table, frame)
        _check_signs(path, table, frame)
        _check_periods(path, frame)
        keys = key_columns(table) if is_fact(table) else tuple(c.name for c in table.primary_key.columns)
        _check_keys(path, table, frame, [key for key in keys if key in frame.columns])
    _check_content(path, reading)
    _check_organisations(path, reading)
    _check_totals(path, reading)
    return reading


def _check_schema(path: Path, table: sa.Table, frame: pl.DataFrame) -> None:
    expected = frame_schema(table)
    if set(frame.columns) != set(expected):
        missing, extra = sorted(set(expected) - set(frame.columns)), sorted(set(frame.columns) - set(expected))
        raise UnreadableFileError(
            path, f"the reader's frame does not fit {table.name}: missing {missing}, not wanted {extra}."
        )
    for column, dtype in expected.items():
        if frame.schema[column] != dtype:
            problem = f"the reader gave {frame.schema[column]} for {table.name}, {dtype} is needed."
            raise UnreadableFileError(path, problem, column=column)


def _check_text(path: Path, table: sa.Table, frame: pl.DataFrame) -> None:
    for column in table.columns:
        if not isinstance(column.type, sa.String) or column.name not in frame.columns or not column.type.length:
            continue
        longest = frame[column.name].str.len_chars().max()
        if isinstance(longest, int) and longest > column.type.length:
            value = frame.filter(pl.col(column.name).str.len_chars() == longest)[column.name][0]
            problem = f"'{value}' has {longest} characters, {table.name} holds {column.type.length}."
            raise UnreadableFileError(path, problem, column=column.name)


def _check_numbers(path: Path, table: sa.Table, frame: pl.DataFrame) -> None:
    for name, dtype in frame.schema.items():
        if dtype == pl.Float64 and not frame[name].is_finite().all():
            wrong = frame.filter(~pl.col(name).is_finite()).row(0, named=True)
            problem = f"{table.name} holds {wrong[name]}, which is no number, in the row {wrong}."
            raise UnreadableFileError(path, problem, column=name)


def _check_signs(path: Path, table: sa.Table, frame: pl.DataFrame) -> None:
    if not is_fact(table):
        return
    for name in measure_columns(table):
        if name in MAY_BE_NEGATIVE.get(table.name, ()):
            continue
        below = frame.filter(pl.col(name) < 0)
        if below.height:
            first = below.row(0, named=True)
            problem = (
                f"{first['org_code']} has {first[name]} in the period from {first['period']:%d %B %Y}: this figure "
                "cannot be below zero."
            )
            raise UnreadableFileError(path, problem, column=name, hint="Download the file again.")


def _check_periods(path: Path, frame: pl.DataFrame) -> None:
    today = datetime.now(UTC).date()
    if "period" in frame.columns and frame.height:
        last: date | None = frame["period"].max()  # type: ignore[assignment]  # of a Date column
        if last is not None and last > today:
            problem = f"the file is of {last:%d %B %Y}, which has not come yet: today is {today:%d %B %Y}."
            raise UnreadableFileError(path, problem, hint="Check the file's month and this computer's date.")


def _check_content(path: Path, reading: Reading) -> None:
    frames = (*reading.frames.values(), *reading.dimensions.values())
    if not reading.totals and not any(frame.height for frame in frames):
        raise UnreadableFileError(path, "there is nothing to load under the header.", hint="Download the file again.")


def _check_keys(path: Path, table: sa.Table, frame: pl.DataFrame, keys: list[str]) -> None:
    for name in keys:
        if not table.columns[name].nullable and frame[name].null_count():
            row = frame.filter(pl.col(name).is_null()).row(0, named=True)
            raise UnreadableFileError(path, f"{table.name} needs a value in every row; none in {row}.", column=name)
    twice = frame.filter(frame.select(keys).is_duplicated()) if keys else frame.clear()
    if twice.height:
        first = twice.select(keys).row(0, named=True)
        shown = ", ".join(f"{name} {value}" for name, value in first.items())
        problem = f"{twice.height} rows of {table.name} share their key with another; the first is {shown}."
        raise UnreadableFileError(path, problem, hint="Each organisation and category may appear once in a period.")


def _check_totals(path: Path, reading: Reading) -> None:
    for total in reading.totals:
        for name in ("measure", "stated_in"):
            text, column = str(getattr(total, name)), meta_published_total.c[name]
            if isinstance(column.type, sa.String) and len(text) > (column.type.length or len(text)):
                problem = f"the published total '{text}' is longer than {column.type.length} characters."
                raise UnreadableFileError(path, problem, column=name)


def _check_organisations(path: Path, reading: Reading) -> None:
    named = set(reading.organisations["org_code"]) if reading.organisations.height else set()
    for name, frame in reading.frames.items():
        unknown = sorted(set(frame["org_code"]) - named)
        if unknown:
            problem = f"{name} holds '{unknown[0]}' ({len(unknown)} such codes), not named in `organisations`."
            raise UnreadableFileError(path, problem, column="org_code")
