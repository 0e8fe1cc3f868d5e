"""Demand forecasts with intervals: many series at once, with gaps, holidays and honest refusals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import polars as pl

from models.calendar import Frequency
from models.calendar_stack import RECIPES, CalendarStack
from models.conformal import attainable, origins_needed
from models.covariates import Covariates
from models.holidays import holidays_of
from models.joint import joint_paths
from models.panel import Panel, checked, frequency_of, panel_of
from models.rolling import LEVELS, SHORTEST, Missed, Model, Rolled, roll
from models.spreads import COMPANIONS
from models.sums import Paths

UNITS = {Frequency.DAILY: "days", Frequency.WEEKLY: "weeks", Frequency.MONTHLY: "months"}

STOPPED_AFTER = {Frequency.DAILY: 28, Frequency.WEEKLY: 8, Frequency.MONTHLY: 3}
"""Periods without a value at the end after which a series is taken to have stopped."""

_RECENT = {Frequency.DAILY: 28, Frequency.WEEKLY: 13, Frequency.MONTHLY: 12}
_LEAST_REPORTED = 0.5
_LONG, _SHARED = 400, 28
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
"""Of the forecasts at the usual levels."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Forecasts, and what a reader of them must know.

    Attributes:
        frame: columns `series` String, `date` Date, `mean` and, for each level, such as 80, `lo80`, `hi80`,
            Float64 in the series' own unit. Bounds are null where no earlier forecast can be checked.
        refused: series to the reason why it is not forecast.
        notes: series to what limits its forecast, one sentence each.
        missed: what forecasts before this one missed by, for each panel of series; empty unless asked for.
    """

    frame: pl.DataFrame
    refused: Mapping[str, str]
    notes: Mapping[str, tuple[str, ...]]
    missed: tuple[tuple[Panel, Missed], ...] = ()


@dataclass(frozen=True, slots=True)
class Forecaster:
    """Forecasts demand: `Forecaster().fit(frame).predict(horizon)`.

    Attributes:
        model: how to forecast; the calendar regression unless said otherwise.
        frequency: of the series; None reads it from the dates.
        holidays: bank holidays, a frame with a `date` column and perhaps a `title`; None is those of the country.
        country: whose holidays they are, one of `models.holidays.COUNTRIES`; GB is England and Wales.
        levels: of the intervals, in per cent.
        together: all forecasts begin after the last period of any series, and a series that stopped before is
            refused; else each series is forecast from its own last value on.
        most: what values cannot exceed, such as 1 for shares; a series that has exceeded it is not held to it.
    """

    model: Model | None = None
    frequency: Frequency | None = None
    holidays: pl.DataFrame | None = None
    country: str = "GB"
    levels: tuple[float, ...] = (80, 95)
    together: bool = False
    most: float | None = None

    def fit(self, frame: pl.DataFrame) -> FittedForecaster:
        """Returns a forecaster that knows the series.

        Args:
            frame: columns `series` String, `date` Date (first day of the period), `value` a number. Dates may
                be missing and values null. Pass final periods only. More columns of numbers are used where they are
                known ahead, such as booked clinics: rows of the dates to come have them, and no value.

        Raises:
            UnusableSeriesError: the frame has not these columns, or a date twice in a series.
            UnknownCountryError: the country's holidays are not known here.
            ValueError: a level is not between 0 and 100.
        """
        if wrong := [level for level in self.levels if not 0 < level < 100]:
            raise ValueError(f"A level must be between 0 and 100, such as 80; {wrong[0]} is not.")
        tidy = checked(frame)
        frequency = self.frequency or frequency_of(tidy["date"])
        panels, refused = sorted_out(tidy, frequency, together=self.together)
        holidays = self.holidays if self.holidays is not None else standing_holidays(tidy, self.country)
        covariates = Covariates.of(frame)
        model = self.model or CalendarStack(holidays, covariates)
        levels = tuple(round(level / 100, 6) for level in sorted(set(self.levels)))
        return FittedForecaster(model, frequency, holidays, panels, refused, levels, covariates.unused, self.most)


@dataclass(frozen=True, slots=True)
class FittedForecaster:
    """Series that are ready to be forecast. `refused` says which are not, and why."""

    model: Model
    frequency: Frequency
    holidays: pl.DataFrame
    panels: tuple[Panel, ...]
    refused: Mapping[str, str] = field(default_factory=dict)
    levels: tuple[float, ...] = LEVELS
    unused: tuple[str, ...] = ()
    most: float | None = None

    def predict(self, horizon: int) -> pl.DataFrame:
        """Returns `series, date, mean` and `lo` and `hi` of each level for the `horizon` periods after the last known.

        Series that are refused have no rows; `refused` gives the reasons.
        """
        return self.forecast(horizon).frame

    def forecast(self, horizon: int, *, missed: bool = False) -> Forecast:
        """Returns the forecasts of the `horizon` periods after the last known one, with refusals and notes."""
        if horizon < 1:
            raise ValueError(f"The horizon must be at least 1 period; it is {horizon}.")
        rolled = [
            (
                panel,
                roll(
                    self.model, panel, [len(panel.periods)], horizon, self.holidays, levels=self.levels, missed=missed
                ),
            )
            for panel in self.panels
        ]  # fmt: skip
        frames = [_frame(panel, _held(panel, result, self.most)) for panel, result in rolled]
        notes = {
            name: said for panel, result in rolled for name, said in _notes(panel, result, self.frequency, self.unused)
        }
        frame = pl.concat(frames).sort("series", "date") if frames else pl.DataFrame(schema=schema_of(self.levels))
        told = tuple((panel, each) for panel, result in rolled for each in result.missed)
        return Forecast(frame, self.refused, notes, told)

    def paths(self, horizon: int) -> Paths:
        """Returns ways that all series may go together in the `horizon` periods after the last, for sums of them.

        All series are there, but for those that are refused. Series that end before others are forecast further, so
        that all have the same periods.

        Raises:
            UnusableSeriesError: the series cannot be summed period by period; see `models.joint.joint_paths`.
        """
        return joint_paths(self.model, self.panels, horizon, self.holidays, longest=STOPPED_AFTER, refused=self.refused)


def schema_of(levels: tuple[float, ...]) -> dict[str, type[pl.DataType]]:
    """Returns the columns of forecasts at the levels, such as 0.8, with their dtypes."""
    bounds = [f"{end}{name_of(level)}" for level in levels for end in ("lo", "hi")]
    return {"series": pl.String, "date": pl.Date, "mean": pl.Float64, **dict.fromkeys(bounds, pl.Float64)}


def name_of(level: float) -> str:
    """Returns a level as columns have it: 80 for 0.8, 97.5 for 0.975."""
    return f"{100 * level:.6g}"


def standing_holidays(tidy: pl.DataFrame, country: str = "GB") -> pl.DataFrame:
    """Returns a country's holidays from a year before the first date to ten after the last."""
    last = tidy["date"].max()
    first = tidy["date"].min()
    if not isinstance(first, date) or not isinstance(last, date):
        return holidays_of(country, _FIRST_YEAR, _FIRST_YEAR)
    return holidays_of(country, max(first.year - 1, _FIRST_YEAR), max(last.year + 10, _FIRST_YEAR))


def sorted_out(
    tidy: pl.DataFrame, frequency: Frequency, *, together: bool = True
) -> tuple[tuple[Panel, ...], dict[str, str]]:
    """Returns the series that can be forecast, in panels of those that begin and end together, and the others' reasons.

    Together, every panel ends with the last period in which any series has a value, and what stopped before is
    refused; else each series ends with its own last value.
    """
    known = tidy.drop_nulls("value")
    refused = dict.fromkeys(set(tidy["series"].unique()) - set(known["series"].unique()), "It has no values.")
    if known.is_empty():
        return (), refused
    last = pl.col("date").max() if together else pl.col("date").max().over("series")
    panels = []
    for (_, end), group in _together(known, frequency).with_columns(last=last).group_by("first", "last"):
        names = sorted(group["series"].unique())
        ends = pl.DataFrame({"series": names}).with_columns(date=pl.lit(end), value=pl.lit(None, pl.Float64))
        stretched = pl.concat([group.drop("first", "last"), ends]).unique(["series", "date"], keep="first")
        panel = panel_of(stretched.sort("series", "date"), frequency)
        reasons = {name: _reason(panel, number) for number, name in enumerate(panel.names)}
        refused |= {name: reason for name, reason in reasons.items() if reason}
        kept = [number for number, name in enumerate(panel.names) if not reasons[name]]
        if kept:
            panels.append(Panel(frequency, panel.periods, tuple(panel.names[n] for n in kept), panel.values[:, kept]))
    return tuple(sorted(panels, key=lambda panel: (panel.periods[0], panel.periods[-1]))), refused


def _together(known: pl.DataFrame, frequency: Frequency) -> pl.DataFrame:
    """The values with the day from which each series is used, in `first`.

    Long daily series that begin within four weeks of each other are used from the same day: they are forecast
    together, at the price of some of their oldest days.
    """
    dated = known.with_columns(first=pl.col("date").min().over("series"))
    if frequency is not Frequency.DAILY:
        return dated
    end: date = known["date"].max()  # type: ignore[assignment]
    shared: dict[date, list[date]] = {}
    opened: date | None = None
    for first in dated["first"].unique().sort():
        long = (end - first).days >= _LONG
        if opened is None or not long or (first - opened).days > _SHARED:
            opened = first
            shared[opened] = []
        shared[opened].append(first)
    latest = {first: firsts[-1] for firsts in shared.values() for first in firsts}
    moved = pl.col("first").replace_strict(latest, return_dtype=pl.Date)
    return dated.with_columns(first=moved).filter(pl.col("date") >= pl.col("first"))


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


def _held(panel: Panel, rolled: Rolled, most: float | None) -> Rolled:
    """The forecasts at most at what is possible, but for series that have been above it."""
    if most is None:
        return rolled
    limit = np.where(np.nanmax(panel.values, axis=0) <= most, most, np.inf)
    lower, upper = (
        {level: np.minimum(bound, limit) for level, bound in side.items()} for side in (rolled.lower, rolled.upper)
    )
    return replace(rolled, mean=np.minimum(rolled.mean, limit), lower=lower, upper=upper)


def _frame(panel: Panel, rolled: Rolled) -> pl.DataFrame:
    horizon, count = rolled.mean.shape[1:]
    columns = {"mean": rolled.mean[0]}
    for level in rolled.lower:
        columns[f"lo{name_of(level)}"] = rolled.lower[level][0]
        columns[f"hi{name_of(level)}"] = rolled.upper[level][0]
    ahead = panel.extended(horizon)[-horizon:]
    return (
        pl.DataFrame(
            {
                "series": np.repeat(np.array(panel.names, dtype=object), horizon),
                "date": np.tile(ahead, count),
                **{name: values.T.ravel() for name, values in columns.items()},
            }
        )
        .cast(pl.Schema(schema_of(tuple(rolled.lower))))
        .with_columns(pl.selectors.float().fill_nan(None))
    )


def _notes(
    panel: Panel, rolled: Rolled, frequency: Frequency, unused: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    unit = UNITS[frequency]
    for number, name in enumerate(panel.names):
        said = [f"Its column '{column}' is not known ahead, so it has no part in the forecast." for column in unused]
        if len(panel.periods) < RECIPES[frequency].annual_from:
            said.append(f"Its {len(panel.periods)} {unit} of history hold no season of the year, so none is forecast.")
        fewest = int(rolled.origins[0, :, number].min())
        shared = min(len(panel.names), COMPANIONS)
        said += [
            f"Its {name_of(level)}% interval rests on {fewest} earlier forecasts for the furthest period and on normal "
            f"errors; {-(-origins_needed(level) // shared)} would support it alone."
            for level in rolled.lower
            if not attainable(fewest * shared, level)
        ]
        if said:
            yield name, tuple(said)
