"""The rows of many series, checked and in order, as flat arrays that the charts work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from metrics.spc.profile import Profile

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

DIRECTIONS: Final = ("increase", "decrease", "neutral")
FINAL: Final = "final"
LEAST_BASELINE: Final = 12
_OPTIONAL: Final[dict[str, pl.DataType]] = {
    "target": pl.Float64(), "rebase": pl.Boolean(), "improvement_direction": pl.String(),
    "fix_after_n_points": pl.Int64(), "screen_outliers": pl.Boolean(), "status": pl.String(),
    "lower_bound": pl.Float64(), "upper_bound": pl.Float64(), "num": pl.Float64(), "den": pl.Float64(),
}  # fmt: skip


class FrameError(ValueError):
    """A frame that no chart can be made of: what is wrong, in which series and column, and what to write.

    Attributes:
        row: the first row at fault, as the frame has it, where one row is.
        column: the column at fault, where one is.
    """

    def __init__(self, message: str, *, row: Mapping[str, Any] | None = None, column: str | None = None) -> None:
        super().__init__(message)
        self.row = row
        self.column = column


@dataclass(frozen=True, slots=True)
class Ordered:
    """The rows of all series in order of series and date. Arrays have one entry a row unless said otherwise.

    Attributes:
        frame: the rows with every optional column filled in.
        value: NaN where nothing was reported.
        series: 0-based number of the series.
        phase: 0-based number of the phase, counted over all series.
        place: 1-based number of the row within its phase.
        phase_of_series: 0-based number of the phase within its series.
        included: whether the row has a final value.
        baseline: whether the row sets mean and limits of its phase.
        fix: rows after which the limits of the phase are frozen; 0 is never.
        screened: whether outlying moving ranges of the series are left out.
        phases: how many phases there are.
        firsts: the first row of each series, one entry a series.
    """

    frame: pl.DataFrame
    value: Floats
    series: Whole
    phase: Whole
    place: Whole
    phase_of_series: Whole
    included: Flags
    baseline: Flags
    fix: Whole
    screened: Flags
    phases: int
    firsts: Whole


def ordered(frame: pl.DataFrame, profile: Profile) -> Ordered:
    """Returns the frame's rows in order of series and date, with phases numbered and optional columns filled in.

    Args:
        frame: `date` Date, Datetime or ISO text, `value` numeric; `series` String when there are several; and any of
            the optional columns that `metrics.spc` describes.
        profile: says what holds where the frame is silent.

    Raises:
        FrameError: a column is missing or of another type, a date is missing or stands twice in a series, a value is
            infinite, a direction is not known, or limits are to be frozen after fewer than 12 points.
    """
    rows = _typed(frame, profile)
    _check(rows)
    series = rows["series"].rle_id().to_numpy().astype(np.int64) if rows.height else np.zeros(0, np.int64)
    firsts = np.flatnonzero(np.diff(series, prepend=-1)) if rows.height else np.zeros(0, np.int64)
    starts = rows["rebase"].to_numpy().astype(bool).copy()
    starts[firsts] = True
    phase = np.cumsum(starts) - 1
    phase_firsts = np.flatnonzero(starts)
    place = np.arange(rows.height) - phase_firsts[phase] + 1 if rows.height else np.zeros(0, np.int64)
    value = rows["value"].fill_null(np.nan).to_numpy().astype(np.float64)
    included = (rows["status"] == FINAL).to_numpy() & ~np.isnan(value)
    fix = rows["fix_after_n_points"].fill_null(0).to_numpy().astype(np.int64)
    return Ordered(
        frame=rows,
        value=value,
        series=series,
        phase=phase.astype(np.int64),
        place=place.astype(np.int64),
        phase_of_series=(phase - phase[firsts][series] if rows.height else phase).astype(np.int64),
        included=included,
        baseline=included & ((fix == 0) | (place <= fix)),
        fix=fix,
        screened=rows["screen_outliers"].to_numpy().astype(bool),
        phases=len(phase_firsts),
        firsts=firsts.astype(np.int64),
    )


def _typed(frame: pl.DataFrame, profile: Profile) -> pl.DataFrame:
    if not isinstance(frame, pl.DataFrame):
        raise FrameError(
            f"This is a {type(frame).__name__}, and charts are made of a Polars DataFrame: collect a lazy frame, and "
            "give what else holds rows to polars.DataFrame."
        )
    for column in ("date", "value"):
        if column not in frame.columns:
            raise FrameError(f"The frame has no column '{column}'; it has {', '.join(frame.columns) or 'none'}.")
    rows = frame if "series" in frame.columns else frame.with_columns(series=pl.lit(""))
    rows = rows.with_columns(
        [pl.lit(None, dtype).alias(name) for name, dtype in _OPTIONAL.items() if name not in rows.columns]
    )
    kinds = {"series": pl.String(), "value": pl.Float64()} | _OPTIONAL
    rows = rows.with_columns([_cast(rows, name, dtype) for name, dtype in kinds.items()] + [_dates(rows, "date")])
    if "due" in rows.columns:
        rows = rows.with_columns(_dates(rows, "due"))
    _check_directions(rows)
    rows = rows.with_columns(
        pl.col("value").fill_nan(None),
        pl.col("target").fill_nan(None),
        pl.col("rebase").fill_null(value=False),
        pl.col("status").fill_null(FINAL),
        pl.col("screen_outliers").fill_null(value=profile.screen_outliers),
    )
    rows = rows.sort("series", "date", maintain_order=True)
    # What holds for a series, or a phase, stands on some of its rows or on all: the last that says so counts for all.
    whole = [pl.col("improvement_direction").drop_nulls().last().over("series").fill_null(profile.default_direction)]
    if rows["fix_after_n_points"].null_count() < rows.height:
        phase = ["series", pl.col("rebase").cast(pl.Int64).cum_sum().over("series")]
        whole.append(pl.col("fix_after_n_points").drop_nulls().last().over(phase))
    return rows.with_columns(whole)


def _cast(rows: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Series:
    held = rows[name]
    if held.dtype == dtype:
        return _plain_status(held) if name == "status" else held
    if isinstance(dtype, pl.String):
        if name != "series" and not isinstance(held.dtype, pl.Categorical | pl.Enum | pl.Null):
            raise FrameError(f"Column '{name}' holds {held.dtype}; it must hold text.")
        text = held.cast(pl.String)
        return _plain_status(text) if name == "status" else text
    if isinstance(held.dtype, pl.String):
        held = held.str.strip_chars().str.to_lowercase().replace({"": None, "na": None, "true": "1", "false": "0"})
        found = held.cast(pl.Float64, strict=False)
        wrong = held.filter(held.is_not_null() & found.is_null())
        if len(wrong):
            raise FrameError(f"Column '{name}' holds '{wrong[0]}'; it must hold {_WORDS[type(dtype)]}.")
        held = found
    if held.dtype.is_float() and not dtype.is_float():
        # Other libraries keep whole numbers with gaps as floats, and the gaps as NaN.
        held = held.fill_nan(None)
        broken = held.filter(held != held.round())
        if len(broken):
            raise FrameError(f"Column '{name}' holds {broken[0]:g}; it must hold {_WORDS[type(dtype)]}.")
    try:
        return held.cast(dtype)
    except pl.exceptions.PolarsError as error:
        raise FrameError(f"Column '{name}' holds {held.dtype}; it must hold {_WORDS[type(dtype)]}.") from error


_WORDS: Final[Mapping[type[pl.DataType], str]] = {
    pl.Float64: "numbers", pl.Int64: "whole numbers", pl.Boolean: "true or false, or 1 and 0",
}  # fmt: skip


def _plain_status(held: pl.Series) -> pl.Series:
    """Returns the words without white space around them, in small letters: 'Final ' is final too."""
    said = held.unique().drop_nulls().to_list()
    plain = {each: each.strip().lower() for each in said if each != each.strip().lower()}
    return held.replace(plain) if plain else held


def _dates(rows: pl.DataFrame, name: str) -> pl.Series:
    held = rows[name]
    if held.dtype == pl.Null and name != "date":
        return held.cast(pl.Date)
    if held.dtype.is_temporal() and held.dtype != pl.Time and not isinstance(held.dtype, pl.Duration):
        return held
    if isinstance(held.dtype, pl.String):
        try:
            return held.str.to_date("%Y-%m-%d")
        except pl.exceptions.PolarsError as error:
            raise FrameError(f"Column '{name}' holds text that is no date. Write dates as 2026-03-31.") from error
    raise FrameError(f"Column '{name}' holds {held.dtype}; it must hold dates.")


def _check_directions(rows: pl.DataFrame) -> None:
    unknown = rows.filter(~pl.col("improvement_direction").is_in(DIRECTIONS))
    if unknown.height:
        first = unknown.row(0, named=True)
        raise FrameError(
            f"Series '{first['series']}': improvement_direction is '{first['improvement_direction']}'. "
            f"Write one of {', '.join(DIRECTIONS)}.",
            row=first,
            column="improvement_direction",
        )


def _check(rows: pl.DataFrame) -> None:
    if rows["series"].null_count() or rows["date"].null_count():
        which = "series" if rows["series"].null_count() else "date"
        raise FrameError(f"Column '{which}' is empty in {rows[which].null_count():,} row(s). Every row needs one.")
    twice = rows.filter(pl.struct("series", "date").is_duplicated())
    if twice.height:
        first = twice.row(0, named=True)
        raise FrameError(
            f"Series '{first['series']}' has {first['date']} more than once. Keep one row a date.",
            row=first,
            column="date",
        )
    infinite = rows.filter(pl.col("value").is_infinite())
    if infinite.height:
        first = infinite.row(0, named=True)
        raise FrameError(
            f"Series '{first['series']}' has an infinite value on {first['date']}.", row=first, column="value"
        )
    early = rows.filter(pl.col("fix_after_n_points") < LEAST_BASELINE)
    if early.height:
        first = early.row(0, named=True)
        raise FrameError(
            f"Series '{first['series']}': fix_after_n_points is {first['fix_after_n_points']}. A baseline needs "
            f"{LEAST_BASELINE} points or more.",
            row=first,
            column="fix_after_n_points",
        )
