"""What is known ahead beside the calendar, such as booked clinics: columns of numbers that go into a forecast."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from models.calendar import Floats
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
        is_past: all periods have happened, as in a back-test: a period that lacks a number is no fault.
    """

    names: tuple[str, ...]
    frame: pl.DataFrame
    unused: tuple[str, ...]
    is_past: bool = False

    @classmethod
    def none(cls) -> Covariates:
        """Returns no columns."""
        return cls((), pl.DataFrame(schema={"series": pl.String, "date": pl.Date}), ())

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Covariates:
        """Returns the columns of a frame beside series, date and value, if rows without a value have them.

        They are numbers, or true and false, which are 1 and 0.
        """
        extra = [
            name
            for name, kind in frame.schema.items()
            if name not in COLUMNS and (kind.is_numeric() or kind == pl.Boolean)
        ]
        if not extra:
            return cls.none()
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
        columns, length = self._columns(panel, horizon), len(panel.periods)
        if not self.is_past:
            for why in self.lacking(panel, horizon).values():
                raise UnusableSeriesError(why)
        past = np.isnan(columns[:length])
        count = np.maximum((~past).sum(axis=0), 1)
        usual = np.where(past, 0.0, columns[:length]).sum(axis=0) / count
        ahead = np.nan_to_num(columns[length:]).mean(axis=0) if horizon else usual
        return np.where(np.isnan(columns), np.where(past.all(axis=0), ahead, usual), columns)

    def lacking(self, panel: Panel, horizon: int) -> dict[str, str]:
        """Returns the series of a panel that lack a number for a period ahead, with the first such period."""
        length, periods = len(panel.periods), panel.extended(horizon)
        gaps = np.isnan(self._columns(panel, horizon)[length:])
        found = {}
        for number, series in enumerate(panel.names):
            for place, name in enumerate(self.names):
                if series not in found and gaps[:, number, place].any():
                    missing: date = periods[length:][gaps[:, number, place]][0].astype(object)
                    found[series] = (
                        f"'{name}' of series '{series}' has no number for {missing.day} {missing:%B %Y}, which is to "
                        f"be forecast. Give a row with that date, no value, and '{name}'; or leave the column out."
                    )
        return found

    def unchanged(self, panel: Panel) -> dict[str, tuple[str, ...]]:
        """Returns the series of a panel with the columns that are the same in all of its history."""
        if not self.names:
            return {}
        known = self._columns(panel, 0)
        flat = (np.isnan(known) | (known == np.nanmax(known, axis=0, initial=-np.inf))).all(axis=0)
        return {
            series: tuple(name for name, is_flat in zip(self.names, flat[number], strict=True) if is_flat)
            for number, series in enumerate(panel.names)
        }

    def _columns(self, panel: Panel, horizon: int) -> Floats:
        """The columns as they are given (periods x series x columns), NaN where there is none."""
        periods = panel.extended(horizon)
        result = np.full((len(periods), len(panel.names), len(self.names)), np.nan)
        grid = pl.DataFrame({"date": periods}).with_columns(pl.col("date").cast(pl.Date))
        own = self.frame.filter(pl.col("series").is_in(list(panel.names)))
        for place, name in enumerate(self.names):
            wide = grid.join(own.pivot("series", index="date", values=name), on="date", how="left")
            for number, series in enumerate(panel.names):
                result[:, number, place] = wide[series].fill_null(np.nan).to_numpy()
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
