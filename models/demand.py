"""Demand forecasts with intervals: many series at once, with gaps, holidays and honest refusals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from models.calendar import Frequency, bank_holidays
from models.calendar_stack import RECIPES, CalendarStack
from models.conformal import attainable, origins_needed
from models.panel import Panel, checked, frequency_of, panel_of
from models.rolling import LEVELS, SHORTEST, Model, Rolled, roll

UNITS = {Frequency.DAILY: "days", Frequency.WEEKLY: "weeks", Frequency.MONTHLY: "months"}

STOPPED_AFTER = {Frequency.DAILY: 28, Frequency.WEEKLY: 8, Frequency.MONTHLY: 3}
"""Periods without a value at the end after which a series is taken to have stopped."""

_RECENT = {Frequency.DAILY: 365, Frequency.WEEKLY: 52, Frequency.MONTHLY: 24}
_LEAST_REPORTED = 0.5
_FIRST_YEAR = 1978

SCHEMA = {
    "series": pl.String,
    "date": pl.Date,
    "mean": pl.Float64,
    "lo80": pl.Float64,
    "hi80": pl.Float64,
    "lo95": pl.Float64,
    "hi95": pl.Float64,
}


@dataclass(frozen=True, slots=True)
class Forecast:
    """Forecasts, and what a reader of them must know.

    Attributes:
        frame: columns `series` String, `date` Date, `mean`, `lo80`, `hi80`, `lo95`, `hi95` Float64 in the
            series' own unit. Bounds are null where a level is unattainable.
        refused: series to the reason why it is not forecast.
        notes: series to what limits its forecast, one sentence each.
    """

    frame: pl.DataFrame
    refused: Mapping[str, str]
    notes: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Forecaster:
    """Forecasts demand: `Forecaster().fit(frame).predict(horizon)`.

    Attributes:
        model: how to forecast; the calendar regression unless said otherwise.
        frequency: of the series; None reads it from the dates.
        holidays: bank holidays, a frame with a `date` column; None is those of England and Wales.
    """

    model: Model | None = None
    frequency: Frequency | None = None
    holidays: pl.DataFrame | None = None

    def fit(self, frame: pl.DataFrame) -> FittedForecaster:
        """Returns a forecaster that knows the series.

        Args:
            frame: columns `series` String, `date` Date (first day of the period), `value` a number. Dates may
                be missing and values null. Pass final periods only.

        Raises:
            UnusableSeriesError: the frame has not these columns, or a date twice in a series.
        """
        tidy = checked(frame)
        frequency = self.frequency or frequency_of(tidy["date"])
        panels, refused = sorted_out(tidy, frequency)
        holidays = self.holidays if self.holidays is not None else standing_holidays(tidy)
        return FittedForecaster(self.model or CalendarStack(holidays), frequency, holidays, panels, refused)


@dataclass(frozen=True, slots=True)
class FittedForecaster:
    """Series that are ready to be forecast. `refused` says which are not, and why."""

    model: Model
    frequency: Frequency
    holidays: pl.DataFrame
    panels: tuple[Panel, ...]
    refused: Mapping[str, str] = field(default_factory=dict)

    def predict(self, horizon: int) -> pl.DataFrame:
        """Returns `series, date, mean, lo80, hi80, lo95, hi95` for the `horizon` periods after the last known one.

        Series that are refused have no rows; `refused` gives the reasons.
        """
        return self.forecast(horizon).frame

    def forecast(self, horizon: int) -> Forecast:
        """Returns the forecasts of the `horizon` periods after the last known one, with refusals and notes."""
        if horizon < 1:
            raise ValueError(f"The horizon must be at least 1 period; it is {horizon}.")
        rolled = [
            (panel, roll(self.model, panel, [len(panel.periods)], horizon, self.holidays)) for panel in self.panels
        ]
        frames = [_frame(panel, result) for panel, result in rolled]
        notes = {name: said for panel, result in rolled for name, said in _notes(panel, result, self.frequency)}
        frame = pl.concat(frames).sort("series", "date") if frames else pl.DataFrame(schema=SCHEMA)
        return Forecast(frame, self.refused, notes)


def standing_holidays(tidy: pl.DataFrame) -> pl.DataFrame:
    """Returns the bank holidays of England and Wales from a year before the first date to ten after the last."""
    last = tidy["date"].max()
    first = tidy["date"].min()
    if not isinstance(first, date) or not isinstance(last, date):
        return bank_holidays(_FIRST_YEAR, _FIRST_YEAR)
    return bank_holidays(max(first.year - 1, _FIRST_YEAR), max(last.year + 10, _FIRST_YEAR))


def sorted_out(tidy: pl.DataFrame, frequency: Frequency) -> tuple[tuple[Panel, ...], dict[str, str]]:
    """Returns the series that can be forecast, in panels of those that begin together, and the others' reasons.

    Every panel ends with the last period in which any series has a value, so all forecasts begin together.
    """
    known = tidy.drop_nulls("value")
    refused = dict.fromkeys(set(tidy["series"].unique()) - set(known["series"].unique()), "It has no values.")
    if known.is_empty():
        return (), refused
    end = known["date"].max()
    panels = []
    for _, group in known.with_columns(first=pl.col("date").min().over("series")).group_by("first"):
        names = sorted(group["series"].unique())
        ends = pl.DataFrame({"series": names}).with_columns(date=pl.lit(end), value=pl.lit(None, pl.Float64))
        stretched = pl.concat([group.drop("first"), ends]).unique(["series", "date"], keep="first")
        panel = panel_of(stretched.sort("series", "date"), frequency)
        reasons = {name: _reason(panel, number) for number, name in enumerate(panel.names)}
        refused |= {name: reason for name, reason in reasons.items() if reason}
        kept = [number for number, name in enumerate(panel.names) if not reasons[name]]
        if kept:
            panels.append(Panel(frequency, panel.periods, tuple(panel.names[n] for n in kept), panel.values[:, kept]))
    return tuple(sorted(panels, key=lambda panel: panel.periods[0])), refused


def _reason(panel: Panel, number: int) -> str:
    unit, least = UNITS[panel.frequency], SHORTEST[panel.frequency]
    reported = ~np.isnan(panel.values[:, number])
    length = len(reported)
    if length < least:
        has = unit.removesuffix("s") if length == 1 else unit
        return f"Its history is too short: {length} {has}, and a forecast needs {least}."
    silent = int(np.argmax(reported[::-1]))
    if silent >= STOPPED_AFTER[panel.frequency]:
        last: date = panel.periods[length - 1 - silent].astype(object)
        return f"It stopped: its last value is for {last.day} {last:%B %Y}, {silent} {unit} before the end."
    recent = reported[-_RECENT[panel.frequency] :]
    if recent.mean() < _LEAST_REPORTED:
        return f"It is too sparse: {int(recent.sum())} of its last {len(recent)} {unit} have a value."
    return ""


def _frame(panel: Panel, rolled: Rolled) -> pl.DataFrame:
    horizon, count = rolled.mean.shape[1:]
    columns = {"mean": rolled.mean[0]}
    for level in LEVELS:
        columns[f"lo{level:.0%}"[:-1]] = rolled.lower[level][0]
        columns[f"hi{level:.0%}"[:-1]] = rolled.upper[level][0]
    ahead = panel.extended(horizon)[-horizon:]
    return (
        pl.DataFrame(
            {
                "series": np.repeat(np.array(panel.names, dtype=object), horizon),
                "date": np.tile(ahead, count),
                **{name: values.T.ravel() for name, values in columns.items()},
            }
        )
        .cast(pl.Schema(SCHEMA))
        .with_columns(pl.col("mean", "lo80", "hi80", "lo95", "hi95").fill_nan(None))
    )


def _notes(panel: Panel, rolled: Rolled, frequency: Frequency) -> Iterator[tuple[str, tuple[str, ...]]]:
    unit = UNITS[frequency]
    for number, name in enumerate(panel.names):
        said = []
        if len(panel.periods) < RECIPES[frequency].annual_from:
            said.append(f"Its {len(panel.periods)} {unit} of history hold no season of the year, so none is forecast.")
        fewest = int(rolled.origins[0, :, number].min())
        said += [
            f"No {level:.0%} interval where fewer than {origins_needed(level)} earlier forecasts can be checked; "
            f"the furthest period ahead has {fewest}."
            for level in LEVELS
            if not attainable(fewest, level)
        ]
        if said:
            yield name, tuple(said)
