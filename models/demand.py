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
from models.dating import Dated, dated
from models.holidays import holidays_of
from models.joint import joint_paths
from models.level_shifts import SHIFTS, changes, levels_around
from models.panel import Panel, Scale, UnusableSeriesError, checked
from models.rolling import LEVELS, Missed, Model, Rolled, holiday_periods, roll
from models.spreads import COMPANIONS
from models.sums import Paths
from models.usable import UNITS, closed_words, nought_days, open_days, sorted_out

_FIRST_YEAR = 1978

Horizon = int | Mapping[Frequency, int]
"""Periods ahead, of all series or by frequency."""

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
        frequency: of all series; None tells each one's by its own dates.
        holidays: bank holidays, a frame with a `date` column and perhaps a `title`; None is those of the country.
        country: whose holidays they are, one of `models.holidays.COUNTRIES`; GB is England and Wales.
        levels: of the intervals, in per cent.
        together: all forecasts begin after the last period of any series, and a series that stopped before is
            refused; else each series is forecast from its own last value on.
        most: what values cannot exceed, such as 1 for shares; a series that has exceeded it is not held to it.
        every_weekday: forecast days of the week too on which nothing was reported in the last eight weeks.
        noughts: days of the week that for eight weeks at least reported 0 and nothing else are forecast as 0; else they
            are left out, as those are that reported nothing.
    """

    model: Model | None = None
    frequency: Frequency | None = None
    holidays: pl.DataFrame | None = None
    country: str = "GB"
    levels: tuple[float, ...] = (80, 95)
    together: bool = False
    most: float | None = None
    every_weekday: bool = False
    noughts: bool = True

    def fit(self, frame: pl.DataFrame) -> FittedForecaster:
        """Returns a forecaster that knows the series.

        Args:
            frame: columns `series` String, `date` Date, `value` a number. A week begins on its date, whatever the
                weekday; a month is dated by any one day of it, such as the last, and so are its forecasts. Dates may be
                missing and values null. Pass final periods only. More columns of numbers, or of true and false, are
                used where they are known ahead, such as booked clinics: rows of the dates to come have them, and no
                value.

        Raises:
            TypeError: it is no Polars frame.
            UnusableSeriesError: the frame has not these columns, or a date twice in a series.
            UnknownCountryError: the country's holidays are not known here.
            ValueError: a level is not between 0 and 100.
        """
        if wrong := [level for level in self.levels if not 0 < level < 100]:
            raise ValueError(f"A level must be between 0 and 100, such as 80; {wrong[0]} is not.")
        tidy = checked(frame)
        known = dated(tidy, self.frequency)
        panels, refused = sorted_out(known, together=self.together)
        holidays = self.holidays if self.holidays is not None else standing_holidays(tidy, self.country)
        covariates = Covariates.of(known.from_first_days(frame))
        model = self.model or CalendarStack(holidays, covariates)
        levels = tuple(round(level / 100, 6) for level in sorted(set(self.levels)))
        return FittedForecaster(
            model,
            known,
            holidays,
            panels,
            refused,
            levels,
            covariates,
            most=self.most,
            every_weekday=self.every_weekday,
            noughts=self.noughts,
        )


@dataclass(frozen=True, slots=True)
class FittedForecaster:
    """Series that are ready to be forecast. `refused` says which are not, and why."""

    model: Model
    dated: Dated
    holidays: pl.DataFrame
    panels: tuple[Panel, ...]
    refused: Mapping[str, str] = field(default_factory=dict)
    levels: tuple[float, ...] = LEVELS
    covariates: Covariates = field(default_factory=Covariates.none)
    most: float | None = None
    every_weekday: bool = False
    noughts: bool = True

    @property
    def frequency(self) -> Frequency | None:
        """The frequency of all series that are forecast; None where they have several."""
        found = {panel.frequency for panel in self.panels}
        return found.pop() if len(found) == 1 else None

    def predict(self, horizon: Horizon) -> pl.DataFrame:
        """Returns `series, date, mean` and `lo` and `hi` of each level for the `horizon` periods after the last known.

        Series that are refused have no rows; `refused` gives the reasons. The horizon counts days of the calendar;
        those on whose weekday nothing, or nothing but 0, was reported in the last eight weeks have no rows.
        """
        return self.forecast(horizon).frame

    def forecast(self, horizon: Horizon, *, missed: bool = False) -> Forecast:
        """Returns the forecasts of the `horizon` periods after the last known one, with refusals and notes.

        Raises:
            TypeError: the horizon is no whole number.
            ValueError: it is below 1.
            UnusableSeriesError: what is known ahead lacks a period to be forecast, for every series.
        """
        steps = horizons(horizon)
        panels, refused = self._known_ahead(steps)
        rolled = [(panel, self._rolled(panel, steps[panel.frequency], missed=missed)) for panel in panels]
        frames = [self._frame(panel, held(panel, result, self.most)) for panel, result in rolled]
        notes = {name: said for panel, result in rolled for name, said in self._notes(panel, result)}
        told = tuple((panel, each) for panel, result in rolled for each in result.missed)
        frame = pl.concat(frames).sort("series", "date") if frames else pl.DataFrame(schema=schema_of(self.levels))
        return Forecast(self.dated.as_given(frame, "date"), refused, notes, told)

    def _rolled(self, panel: Panel, horizon: int, *, missed: bool) -> Rolled:
        cutoffs = [len(panel.periods)]
        return roll(self.model, panel, cutoffs, horizon, self.holidays, levels=self.levels, missed=missed)

    def paths(self, horizon: int) -> Paths:
        """Returns ways that all series may go together in the `horizon` periods after the last, for sums of them.

        All series are there, but for those that are refused. Series that end before others are forecast further, so
        that all have the same periods.

        Raises:
            UnusableSeriesError: the series cannot be summed period by period; see `models.joint.joint_paths`.
        """
        horizons(horizon)
        panels, refused = self._known_ahead(dict.fromkeys(Frequency, horizon))
        found = joint_paths(
            self.model, panels, horizon, self.holidays, refused=refused, every_weekday=self.every_weekday
        )
        if len({self.dated.days.get(name, 1) for name in found.names}) > 1:
            return found
        dates = pl.DataFrame({"series": found.names[0], "date": found.periods}).cast({"date": pl.Date})
        return replace(found, periods=self.dated.as_given(dates, "date")["date"].to_numpy().astype("datetime64[D]"))

    def _known_ahead(self, steps: Mapping[Frequency, int]) -> tuple[tuple[Panel, ...], dict[str, str]]:
        """The panels without series that lack a number for a period ahead, and the reasons of all that are refused."""
        if not self.covariates.names or not isinstance(self.model, CalendarStack):
            return self.panels, dict(self.refused)
        lacking = {
            name: why
            for panel in self.panels
            for name, why in self.covariates.lacking(panel, steps[panel.frequency]).items()
        }
        kept = [panel.only([name for name in panel.names if name not in lacking]) for panel in self.panels]
        left = tuple(panel for panel in kept if panel.names)
        if not left and lacking:
            raise UnusableSeriesError(next(iter(lacking.values())))
        return left, dict(self.refused) | lacking

    def _frame(self, panel: Panel, rolled: Rolled) -> pl.DataFrame:
        horizon, count = rolled.mean.shape[1:]
        columns = {"mean": rolled.mean[0]}
        for level in rolled.lower:
            columns[f"lo{name_of(level)}"] = rolled.lower[level][0]
            columns[f"hi{name_of(level)}"] = rolled.upper[level][0]
        ahead = panel.extended(horizon)[-horizon:]
        is_open = open_days(panel, ahead) | self.every_weekday
        is_nought = nought_days(panel, ahead) & (self.noughts and not self.every_weekday)
        columns = {name: np.where(is_nought, 0.0, values) for name, values in columns.items()}
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
            .filter(pl.Series((is_open | is_nought).T.ravel()))
        )

    def _changes(self, panel: Panel) -> dict[int, list[tuple[int, float, float]]]:
        """Lasting changes of level that the calendar regression has followed, by number of the series."""
        if not isinstance(self.model, CalendarStack) or self.covariates.names:
            return {}
        how = SHIFTS[panel.frequency]
        unusual = holiday_periods(panel.periods, panel.frequency, self.holidays)
        scaled = Scale.of(panel, 1, len(panel.periods)).forward(panel.values)
        return {
            number: levels_around(panel.values[:, number], begins, how)
            for number, begins in changes(scaled, unusual, how).items()
        }

    def _notes(self, panel: Panel, rolled: Rolled) -> Iterator[tuple[str, tuple[str, ...]]]:
        unit = UNITS[panel.frequency]
        horizon = rolled.mean.shape[1]
        is_open = open_days(panel, panel.extended(horizon)[-horizon:]) | self.every_weekday
        flat = self.covariates.unchanged(panel)
        moved = self._changes(panel)
        for number, name in enumerate(panel.names):
            said = [
                f"Its column '{column}' is not known ahead, so it has no part in the forecast."
                for column in self.covariates.unused
            ]
            said += [
                f"Its column '{column}' never changed in its history, so what it does is not known: it has no effect."
                for column in flat.get(name, ())
            ]
            said += [_said_of_change(panel, *each) for each in moved.get(number, [])]
            if (closed := closed_words(panel, number, noughts=self.noughts)) and not self.every_weekday:
                said.append(closed)
            if len(panel.periods) < RECIPES[panel.frequency].annual_from:
                said.append(
                    f"Its {len(panel.periods)} {unit} of history hold no season of the year, so none is forecast."
                )
            fewest = int(rolled.origins[0, is_open[:, number], number].min(initial=len(panel.periods)))
            shared = min(len(panel.names), COMPANIONS)
            said += [
                f"Its {name_of(level)}% interval rests on {fewest} earlier forecasts for the furthest period and on "
                f"normal errors; {-(-origins_needed(level) // shared)} would support it alone."
                for level in rolled.lower
                if not attainable(fewest * shared, level)
            ]
            if said:
                yield name, tuple(said)


def _said_of_change(panel: Panel, begin: int, old: float, new: float) -> str:
    day: date = panel.periods[begin].astype(object)
    when = f"{day:%B %Y}" if panel.frequency is Frequency.MONTHLY else f"{day.day} {day:%B %Y}"
    now, then = (f"{level:,.0f}" if abs(level) >= 100 else f"{level:.3g}" for level in (new, old))
    return f"Its level changed about {when}, from {then} to {now}: what came before counts as on the level of now."


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


def horizons(horizon: Horizon) -> Mapping[Frequency, int]:
    """Returns the periods ahead of each frequency, of one number for all or of a number for each.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is below 1.
    """
    steps = horizon if isinstance(horizon, Mapping) else dict.fromkeys(Frequency, horizon)
    for step in steps.values():
        if isinstance(step, bool) or not isinstance(step, (int, np.integer)):
            raise TypeError(f"The horizon must be a whole number of periods, such as 28; it is {step!r}.")
        if step < 1:
            raise ValueError(f"The horizon must be at least 1 period; it is {step}.")
    return steps


def held(panel: Panel, rolled: Rolled, most: float | None) -> Rolled:
    """Returns forecasts at most at what is possible, but for series that were above it before the cut-off."""
    if most is None:
        return rolled
    there = np.where(np.isnan(panel.values), -np.inf, panel.values)
    reached = [there[:cutoff].max(axis=0) for cutoff in rolled.cutoffs]
    limit = np.where(np.stack(reached) <= most, most, np.inf)[:, None, :]
    lower, upper = (
        {level: np.minimum(bound, limit) for level, bound in side.items()} for side in (rolled.lower, rolled.upper)
    )
    return replace(rolled, mean=np.minimum(rolled.mean, limit), lower=lower, upper=upper)
