"""What attribute charts plot: counts, numerators over denominators, and what cannot be one of these."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from metrics.spc.frame import FINAL, Flags, Floats, FrameError, Ordered, ordered
from metrics.spc.profile import Profile

_SAME: Final = 1e-9


def counted(frame: pl.DataFrame, profile: Profile, *, first: str = "value", ratio: bool = False) -> Ordered:
    """Returns the ordered rows of counts, of gaps between events, or of plain values.

    Args:
        frame: as `xmr` takes it; `num` may stand for `value`.
        profile: the profile.
        first: which of `value` and `num` counts where a row has both.
        ratio: whether `num` stands for a value as divided by `den`, in a series that has denominators.

    Raises:
        FrameError: as `ordered`, or neither column is there.
    """
    if "value" not in frame.columns and "num" not in frame.columns:
        raise FrameError(f"The frame has neither 'value' nor 'num'; it has {', '.join(frame.columns) or 'none'}.")
    rows = with_parts(frame, profile)
    value, num = rows.value, number(rows, "num")
    if ratio:
        den, stated = number(rows, "den"), denominated(rows)
        over = np.divide(num, den, out=np.full(len(num), np.nan), where=den > 0)
        num = np.where(stated, over, num)
    chosen, other = (num, value) if first == "num" else (value, num)
    return revalued(rows, np.where(np.isnan(chosen), other, chosen))


def divided(frame: pl.DataFrame, profile: Profile, *, share: bool) -> Ordered:
    """Returns the ordered rows whose value is numerator over denominator; no denominator, or 0, is a gap.

    Args:
        frame: as `xmr` takes it, with `den`, and with `num` or `value`; where both are there, `num` counts.
        profile: the profile.
        share: whether no numerator can be more than its denominator.

    Raises:
        FrameError: as `ordered`, a column is missing, a number is negative, or a share is above 1.
    """
    if "den" not in frame.columns or not {"num", "value"} & set(frame.columns):
        raise FrameError(
            "This chart needs 'num' and 'den', the numerator and the denominator of every point "
            f"(or 'value' and 'den'); the frame has {', '.join(frame.columns) or 'no column'}."
        )
    rows = with_parts(frame, profile)
    num, den = number(rows, "num"), number(rows, "den")
    num = np.where(np.isnan(num), rows.value * den, num)
    refuse(rows, num < 0, "num", "A numerator cannot be negative")
    refuse(rows, den < 0, "den", "A denominator cannot be negative")
    if share:
        over = (num > den * (1 + _SAME)) & (den > 0)
        refuse(
            rows, over, "num", "It is more than the denominator; a chart of rates (u, up) can show that, a share not"
        )
        # Events without anything that they could be events of are a fault, not a gap.
        refuse(rows, (den == 0) & (num > 0), "num", "It is more than the denominator, which is 0")
    value = np.divide(num, den, out=np.full(len(num), np.nan), where=den > 0)
    filled = rows.frame.with_columns(pl.Series("num", num, nan_to_null=True))
    return revalued(replace(rows, frame=filled), value)


def denominated(rows: Ordered) -> Flags:
    """Returns by row whether its series has any denominator."""
    stated = np.bincount(rows.series, weights=~np.isnan(number(rows, "den")), minlength=len(rows.firsts)) > 0
    return np.asarray(stated[rows.series])


def number(rows: Ordered, column: str) -> Floats:
    """Returns a column as numbers, NaN where it is empty."""
    return rows.frame[column].fill_null(np.nan).to_numpy().astype(np.float64)


def revalued(rows: Ordered, value: Floats) -> Ordered:
    """Returns the rows with another value; those that have none do not count."""
    included = (rows.frame["status"] == FINAL).to_numpy() & ~np.isnan(value)
    return replace(
        rows,
        frame=rows.frame.with_columns(pl.Series("value", value, nan_to_null=True)),
        value=value,
        included=included,
        baseline=included & ((rows.fix == 0) | (rows.place <= rows.fix)),
    )


def bounded(rows: Ordered, low: float | None = None, high: float | None = None) -> Ordered:
    """Returns the rows with bounds beyond which no limit is drawn, besides those that the frame states."""
    bounds = [pl.max_horizontal("lower_bound", pl.lit(low)) if low is not None else pl.col("lower_bound")]
    bounds += [pl.min_horizontal("upper_bound", pl.lit(high)) if high is not None else pl.col("upper_bound")]
    return replace(rows, frame=rows.frame.with_columns(bounds))


def refuse(rows: Ordered, where: Flags, column: str, why: str) -> None:
    """Raises for the first row at which the flag holds.

    Raises:
        FrameError: there is one.
    """
    at = np.flatnonzero(where)
    if len(at):
        row = rows.frame.row(int(at[0]), named=True)
        held = row[column]
        raise FrameError(
            f"Series '{row['series']}', {row['date']}: {column} is {held:g}. {why}."
            if held is not None
            else f"Series '{row['series']}', {row['date']}: {why}.",
            row=row,
            column=column,
        )


def with_parts(frame: pl.DataFrame, profile: Profile) -> Ordered:
    """Returns the ordered rows of a frame that may have no `value`, its numerators and denominators being finite.

    Raises:
        FrameError: as `ordered`, or one of them is infinite.
    """
    whole = frame if "value" in frame.columns else frame.with_columns(value=pl.lit(None, pl.Float64))
    rows = ordered(whole, profile)
    for column in ("num", "den"):
        refuse(rows, np.isinf(number(rows, column)), column, "It must be a finite number")
    return rows
