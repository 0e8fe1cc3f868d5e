"""What is known ahead beside the calendar, such as booked clinics: columns of numbers that go into a forecast."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from models.calendar import Days, Floats
from models.effects import Filtered, bridged, innovations
from models.panel import COLUMNS, Panel, UnusableSeriesError

HELD = 1.0
"""Ridge penalty of an effect, in standard deviations of its column."""

OUTLIER = 4.0
"""Innovations beyond this many robust standard deviations are drawn in before the second pass."""

_MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True)
class Covariates:
    """Columns that are known ahead.

    Attributes:
        names: of the columns.
        frame: `series` String, `date` Date and the columns, Float64.
        unused: columns that are known for no date after the values, and so say nothing of what is to come.
    """

    names: tuple[str, ...]
    frame: pl.DataFrame
    unused: tuple[str, ...]

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Covariates:
        """Returns the numeric columns of a frame beside series, date and value, if rows without a value have them."""
        extra = [name for name, kind in frame.schema.items() if name not in COLUMNS and kind.is_numeric()]
        if not extra:
            return cls((), frame.select("series", "date").clear(), ())
        tidy = frame.select(
            pl.col("series").cast(pl.String),
            "date",
            pl.col("value").cast(pl.Float64),
            *(pl.col(name).cast(pl.Float64).fill_nan(None) for name in extra),
        )
        last = tidy.drop_nulls("value").group_by("series").agg(last=pl.col("date").max())
        ahead = tidy.join(last, on="series").filter(pl.col("date") > pl.col("last"))
        names = tuple(name for name in extra if ahead[name].drop_nulls().len() > 0)
        unused = tuple(name for name in extra if name not in names)
        return cls(names, tidy.select("series", "date", *names), unused)

    def of_panel(self, panel: Panel, horizon: int) -> Floats:
        """Returns the columns over the panel's periods and those ahead: periods x series x columns.

        A period of the past without a number has that of the column's mean over the series' past.

        Raises:
            UnusableSeriesError: a column has no number for a period ahead.
        """
        periods = panel.extended(horizon)
        length = len(panel.periods)
        result = np.empty((len(periods), len(panel.names), len(self.names)))
        grid = pl.DataFrame({"date": periods}).with_columns(pl.col("date").cast(pl.Date))
        for place, name in enumerate(self.names):
            own = self.frame.filter(pl.col("series").is_in(list(panel.names)))
            wide = grid.join(own.pivot("series", index="date", values=name), on="date", how="left")
            for number, series in enumerate(panel.names):
                column = wide[series].fill_null(np.nan).to_numpy()
                _refuse_gaps(column[length:], periods[length:], name, series)
                past = column[:length]
                usual = np.nanmean(past) if not np.isnan(past).all() else column[length:].mean()
                result[:, number, place] = np.where(np.isnan(column), usual, column)
        return result


def contribution(past: Floats, known: Floats, filtered: Filtered, half_life: float) -> Floats:
    """Returns what the columns add to each period beyond what the calendar says of them (periods x series).

    The calendar is taken out of series and columns alike, so a column that is high on Mondays does not take Monday's
    effect (Frisch & Waugh 1933; Lovell 1963); what is left of the one is regressed on what is left of the other, on
    innovations as the calendar's effects are.

    Args:
        past: values on the models' scale (periods x series), NaN where nothing was reported.
        known: the columns over the past and the future (periods x series x columns).
        filtered: the calendar's regressors.
        half_life: periods after which a period weighs half.
    """
    length, series = past.shape
    count = known.shape[2]
    size = known[:length].std(axis=0)
    # A column that has never changed has taught nothing.
    moves = np.where(size > 0, (known - known[:length].mean(axis=0)) / np.where(size > 0, size, 1.0), 0.0)
    matrix, design = filtered.calendar.matrix[: len(known), filtered.columns], filtered.design[:length]
    reported = ~np.isnan(past)
    weight = 0.5 ** (np.arange(length)[::-1] / half_life)
    weighted = design * (weight * reported.mean(axis=1))[:, None]
    inverse = np.linalg.inv(weighted.T @ design + np.diag(filtered.penalty))
    flat = moves.reshape(len(moves), series * count)
    usual = inverse @ (weighted.T @ innovations(flat[:length] - flat[0], filtered.pace))
    left = (flat - matrix @ usual).reshape(len(moves), series, count)
    changes = innovations(left[:length].reshape(length, -1), filtered.pace).reshape(length, series, count)
    values = bridged(past, reported, max(filtered.weekdays, 1))
    target = innovations(values - values[0], filtered.pace)
    target = target - design @ (inverse @ (weighted.T @ target))
    counts = weight[:, None] * reported
    effect = np.zeros((series, count))
    for _ in range(2):
        off = target - np.einsum("tsk,sk->ts", changes, effect)
        spread = _MAD_TO_SD * np.median(np.abs(off), axis=0)
        limit = np.where(spread > 0, OUTLIER * spread, np.inf)
        # In the first pass nothing is an outlier yet: what the columns explain may be far from all else.
        tamed = target if not effect.any() else target - (off - np.clip(off, -limit, limit))
        inner = np.einsum("tsk,ts,tsl->skl", changes, counts, changes) + HELD * np.eye(count)
        cross = np.einsum("tsk,ts,ts->sk", changes, counts, tamed)
        effect = np.linalg.solve(inner, cross[:, :, None])[:, :, 0]
    return np.asarray(np.einsum("tsk,sk->ts", left, effect))


def _refuse_gaps(ahead: Floats, periods: Days, name: str, series: str) -> None:
    if np.isnan(ahead).any():
        missing: date = periods[np.isnan(ahead)][0].astype(object)
        raise UnusableSeriesError(
            f"'{name}' of series '{series}' has no number for {missing.day} {missing:%B %Y}, which is to be forecast. "
            f"Give a row with that date, no value, and '{name}'; or leave the column out."
        )
