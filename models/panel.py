"""Series on one dense calendar, as the models want them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.calendar import DAYS_IN_YEAR, Days, Floats, Frequency, days_in, period_ends
from models.month_lengths import grows_with_days

SEASON = {Frequency.DAILY: 7, Frequency.WEEKLY: 52, Frequency.MONTHLY: 12}
"""Periods after which a series is expected to repeat itself."""

MEAN_MONTH = DAYS_IN_YEAR / 12
"""Days."""

COLUMNS = {"series": pl.String, "date": pl.Date, "value": pl.Float64}


class UnusableSeriesError(ValueError):
    """A frame that no model can take. Says which series, date or column is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Series that share their periods. `values` is periods by series; NaN is not reported."""

    frequency: Frequency
    periods: Days
    names: tuple[str, ...]
    values: Floats

    @property
    def season(self) -> int:
        """Periods after which the series are expected to repeat themselves."""
        return SEASON[self.frequency]

    def extended(self, horizon: int) -> Days:
        """Returns the panel's periods and the `horizon` periods after them."""
        return np.concatenate([self.periods, following(self.periods[-1], horizon, self.frequency)])

    def only(self, names: Sequence[str]) -> Panel:
        """Returns the panel with some of its series."""
        if len(names) == len(self.names):
            return self
        chosen = [self.names.index(name) for name in names]
        return Panel(self.frequency, self.periods, tuple(names), self.values[:, chosen])

    def before(self, cutoff: int) -> Panel:
        """Returns the panel as it was known at the cut-off: its first `cutoff` periods."""
        return Panel(self.frequency, self.periods[:cutoff], self.names, self.values[:cutoff])


def checked(frame: pl.DataFrame) -> pl.DataFrame:
    """Returns the frame with columns `series` String, `date` Date, `value` Float64, in order.

    NaN and infinite values become null.

    Raises:
        TypeError: it is no Polars frame.
        UnusableSeriesError: a column is missing or of another type, or a series has a date twice.
    """
    if not isinstance(frame, pl.DataFrame):
        raise TypeError(
            "Pass a Polars DataFrame with the columns series, date and value; this is a "
            f"{type(frame).__module__}.{type(frame).__name__}. "
            "A pandas frame becomes one by polars.from_pandas(frame), a LazyFrame by collect()."
        )
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise UnusableSeriesError(
            f"The frame lacks {', '.join(missing)}. It must have the columns series, date and value; "
            f"it has {', '.join(frame.columns) or 'none'}."
        )
    if frame.schema["date"] != pl.Date or not (frame.schema["value"].is_numeric() or frame.schema["value"] == pl.Null):
        raise UnusableSeriesError(
            f"'date' must be a Date and 'value' a number; they are {frame.schema['date']} "
            f"and {frame.schema['value']}. Cast them first."
        )
    tidy = frame.select(
        pl.col("series").cast(pl.String),
        "date",
        pl.col("value").cast(pl.Float64).pipe(lambda value: pl.when(value.is_finite()).then(value)).alias("value"),
    ).sort("series", "date")
    if tidy["series"].null_count() or tidy["date"].null_count():
        raise UnusableSeriesError("'series' and 'date' must not be null. Drop those rows or name them.")
    twice = tidy.filter(pl.struct("series", "date").is_duplicated())
    if twice.height:
        series, day = twice.row(0)[:2]
        raise UnusableSeriesError(f"Series '{series}' has {day:%d %B %Y} more than once. Add the rows up first.")
    return tidy


def panel_of(tidy: pl.DataFrame, frequency: Frequency) -> Panel:
    """Returns the series of a checked frame on the calendar from their first date to their last."""
    days = tidy["date"].to_numpy().astype("datetime64[D]")
    periods = _calendar(days.min(), days.max(), frequency)
    names = tidy["series"].unique(maintain_order=True)
    values = np.full((len(periods), len(names)), np.nan)
    place = np.minimum(np.searchsorted(periods, days), len(periods) - 1)
    # A value on no day of the calendar, as when weeks begin on two weekdays, has no place.
    there = periods[place] == days
    column = tidy["series"].cast(pl.Enum(names)).to_physical().to_numpy()
    values[place[there], column[there]] = tidy["value"].fill_null(np.nan).to_numpy()[there]
    return Panel(frequency, periods, tuple(names), values)


def following(last: np.datetime64, count: int, frequency: Frequency) -> Days:
    """Returns the `count` periods after the one that begins on `last`."""
    step = np.arange(1, count + 1)
    match frequency:
        case Frequency.DAILY:
            return last + step
        case Frequency.WEEKLY:
            return last + 7 * step
        case Frequency.MONTHLY:
            return (last.astype("datetime64[M]") + step).astype("datetime64[D]")  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale that models work in: the square root of values, or values themselves where some fall below nought.

    The root steadies the spread of counts and keeps forecasts at or above nought. Months have values per day where
    longer months have more, as counts of events do.

    Attributes:
        days: what values are divided by: the days of each period, or of the mean month for a monthly series that does
            not grow with its days (periods x series).
        signed: series with negative values, which keep their own scale.
    """

    days: Floats
    signed: NDArray[np.bool_]

    @classmethod
    def of(cls, panel: Panel, horizon: int, known: int) -> Scale:
        """Returns the scale of a panel and of the `horizon` periods after it, judged by its first `known` periods."""
        past = panel.values[:known]
        signed = np.array([bool(np.any(column < 0)) for column in past.T])
        days = days_in(panel.extended(horizon), panel.frequency).astype(float)[:, None]
        if panel.frequency is not Frequency.MONTHLY:
            return cls(np.broadcast_to(days, (len(days), len(signed))), signed)
        root = np.where(signed, past, np.sqrt(np.maximum(past, 0) + 3 / 8))
        return cls(np.where(grows_with_days(root, panel.periods[:known]), days, MEAN_MONTH), signed)

    def forward(self, values: Floats, first: int = 0) -> Floats:
        """Returns values (periods by series, from period number `first`) on the models' scale."""
        days = self.days[first : first + len(values)]
        return np.where(self.signed, values / days, np.sqrt(np.maximum(values, 0) + 3 / 8) / np.sqrt(days))

    def backward(self, scaled: Floats, first: int, variance: Floats | float = 0.0) -> Floats:
        """Returns values in their own unit. With the variance of the scaled error they are means, else medians."""
        days = self.days[first : first + len(scaled)]
        root = np.maximum(scaled, 0)
        return np.where(self.signed, scaled * days, np.maximum((root**2 + variance) * days - 3 / 8, 0))


def _calendar(first: np.datetime64, last: np.datetime64, frequency: Frequency) -> Days:
    end = period_ends(np.array([last]), frequency)[0]
    match frequency:
        case Frequency.DAILY:
            return np.arange(first, end)
        case Frequency.WEEKLY:
            return np.arange(first, end, 7)
        case Frequency.MONTHLY:
            return np.arange(first.astype("datetime64[M]"), end.astype("datetime64[M]")).astype("datetime64[D]")
