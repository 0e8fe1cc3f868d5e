"""Rolling-origin back-tests: what each model would have forecast in the past, at the same cut-offs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from models.calendar import Frequency
from models.calendar_stack import CalendarStack
from models.covariates import Covariates
from models.dating import dated
from models.demand import Forecaster, Horizon, held, horizons, name_of, standing_holidays
from models.measures import seasonal_steps, summary
from models.naive import SeasonalNaive
from models.panel import Panel, checked
from models.rolling import LEVELS, SHORTEST, Missed, Model, Rolled, roll
from models.usable import open_days, sorted_out

_RIVALS = (SeasonalNaive(),)


@dataclass(frozen=True, slots=True)
class Backtest:
    """Forecasts of the past beside what happened.

    Attributes:
        frame: one row per model, series, cut-off and period ahead: `model`, `series` String, `cutoff` Date
            (first period that was not known), `date` Date, `ahead` Int64 (1 is the first), `actual`, `mean`,
            `lo` and `hi` of each level (`lo80`), `step`, `step_squared` Float64. Days that were not forecast then,
            as on weekdays without service, have no row.
        origins: how many cut-offs there are.
        refused: series to the reason why it is not tested.
        missed: for each panel of series and cut-off, what the first model's forecasts before it missed by, as far as
            was known then; empty unless asked for.
    """

    frame: pl.DataFrame
    origins: int
    refused: Mapping[str, str]
    missed: tuple[tuple[Panel, int, Missed], ...] = ()

    def scores(self, *by: str) -> pl.DataFrame:
        """Returns every measure by model, and by other columns of `frame` if named. See `measures.summary`."""
        return summary(self.frame, ("model", *by))


def backtest(
    frame: pl.DataFrame,
    horizon: Horizon,
    origins: int = 12,
    step: int | None = None,
    models: Sequence[Model] | None = None,
    *,
    rivals: Sequence[Model] = _RIVALS,
    frequency: Frequency | None = None,
    holidays: pl.DataFrame | None = None,
    country: str = "GB",
    missed: bool = False,
    levels: tuple[float, ...] = (80, 95),
    together: bool = False,
    every_weekday: bool = False,
    most: float | None = None,
) -> Backtest:
    """Returns what the models would have forecast at the last `origins` cut-offs that have a whole horizon to check.

    Series, columns that are known ahead, levels and holidays are treated as a `Forecaster` treats them.

    Args:
        frame: columns `series`, `date`, `value` and what is known ahead, as for a forecaster.
        horizon: periods ahead, of all series or by frequency.
        origins: most cut-offs; short histories have fewer.
        step: periods between cut-offs; None is the horizon for days and weeks, one for months.
        models: to compare; None is the calendar regression and its rivals.
        rivals: what the calendar regression is compared with.
        frequency: of all series; None tells each one's by its own dates.
        holidays: frame with a `date` column; None is those of the country.
        country: whose holidays, one of `models.holidays.COUNTRIES`.
        missed: say what the first model's earlier forecasts missed by, too.
        levels: of the intervals, in per cent.
        together: every series is tested up to the last period of any, and what stopped before is refused; else each
            up to its own last value.
        every_weekday: test days of the week too on which nothing was reported, as a `Forecaster` does.
        most: what values cannot exceed, as for a `Forecaster`; by what was known at each cut-off.

    Raises:
        UnusableSeriesError: the frame has not these columns, or a date twice in a series.
        UnknownCountryError: the country's holidays are not known here.
    """
    tidy = checked(frame)
    known = dated(tidy, frequency)
    table = holidays if holidays is not None else standing_holidays(tidy, country)
    panels, refused = sorted_out(known, together=together)
    steps, shares = horizons(horizon), tuple(round(level / 100, 6) for level in sorted(set(levels)))
    covariates = replace(Covariates.of(known.from_first_days(frame)), is_past=True)
    compared = models or (CalendarStack(table, covariates), *rivals)
    frames, told, tests = [], list[tuple[Panel, int, Missed]](), 0
    for whole in panels:
        ahead = steps[whole.frequency]
        lacking: dict[str, str] = {}
        if covariates.names and models is None and len(whole.periods) > ahead:
            lacking = covariates.lacking(whole.before(len(whole.periods) - ahead), ahead)
        refused |= lacking
        panel = whole.only([name for name in whole.names if name not in lacking])
        stride = step or (1 if panel.frequency is Frequency.MONTHLY else ahead)
        cutoffs = _cutoffs(panel, ahead, origins, stride)
        if not cutoffs or not panel.names:
            refused |= dict.fromkeys(panel.names, "Its history is too short to test a forecast on the past.")
            continue
        tests = max(tests, len(cutoffs))
        for number, model in enumerate(compared):
            rolled = roll(model, panel, cutoffs, ahead, table, levels=shares, missed=missed and number == 0)
            frames.append(_compared(model.name, panel, held(panel, rolled, most), every_weekday=every_weekday))
            told += [(panel, *each) for each in zip(rolled.cutoffs, rolled.missed, strict=False)]
    if not frames:
        return Backtest(_compared_nothing(shares), tests, refused)
    return Backtest(known.as_given(pl.concat(frames), "cutoff", "date"), tests, refused, tuple(told))


def backtest_as(
    forecaster: Forecaster, frame: pl.DataFrame, horizon: Horizon, origins: int = 12, rivals: Sequence[Model] = _RIVALS
) -> Backtest:
    """Returns what a forecaster, with its own settings, and rivals of its model would have forecast. See `backtest`."""
    return backtest(
        frame,
        horizon,
        origins,
        models=None if forecaster.model is None else (forecaster.model, *rivals),
        rivals=rivals,
        frequency=forecaster.frequency,
        holidays=forecaster.holidays,
        country=forecaster.country,
        levels=forecaster.levels,
        together=forecaster.together,
        every_weekday=forecaster.every_weekday,
        most=forecaster.most,
    )


def _cutoffs(panel: Panel, horizon: int, origins: int, stride: int) -> list[int]:
    last = len(panel.periods) - horizon
    # A season more than the shortest history, so that every error can be scaled.
    first = max(SHORTEST[panel.frequency], panel.season + 1)
    return sorted(cutoff for number in range(origins) if (cutoff := last - number * stride) >= first)


def _compared(name: str, panel: Panel, rolled: Rolled, *, every_weekday: bool) -> pl.DataFrame:
    count, horizon, series = rolled.mean.shape
    shape = (count, horizon, series)
    actual = np.stack([panel.values[cutoff : cutoff + horizon] for cutoff in rolled.cutoffs])
    steps = [seasonal_steps(panel.values[:cutoff], panel.season) for cutoff in rolled.cutoffs]
    dates = np.stack([panel.periods[cutoff : cutoff + horizon] for cutoff in rolled.cutoffs])
    columns = {"actual": actual, "mean": rolled.mean}
    for level in rolled.lower:
        columns |= {f"lo{name_of(level)}": rolled.lower[level], f"hi{name_of(level)}": rolled.upper[level]}
    columns["step"] = np.broadcast_to(np.stack([s[0] for s in steps])[:, None, :], shape)
    columns["step_squared"] = np.broadcast_to(np.stack([s[1] for s in steps])[:, None, :], shape)
    numbers = pl.DataFrame({key: values.ravel() for key, values in columns.items()}).fill_nan(None)
    firsts = panel.periods[list(rolled.cutoffs)]
    is_open = np.stack([open_days(panel.before(c), panel.periods[c : c + horizon]) for c in rolled.cutoffs])
    return (
        pl.DataFrame(
            {
                "model": pl.Series([name], dtype=pl.String).new_from_index(0, count * horizon * series),
                "series": np.tile(np.array(panel.names, dtype=object), count * horizon),
                "cutoff": np.repeat(firsts, horizon * series),
                "date": np.repeat(dates.ravel(), series),
                "ahead": np.tile(np.repeat(np.arange(1, horizon + 1), series), count),
            }
        )
        .cast({"series": pl.String, "cutoff": pl.Date, "date": pl.Date, "ahead": pl.Int64})
        .hstack(numbers)
        .filter(pl.Series(is_open.ravel() | every_weekday))
    )


def _compared_nothing(levels: tuple[float, ...] = LEVELS) -> pl.DataFrame:
    bounds = [f"{end}{name_of(level)}" for level in levels for end in ("lo", "hi")]
    numbers = ("actual", "mean", *bounds, "step", "step_squared")
    return pl.DataFrame(
        schema={
            "model": pl.String,
            "series": pl.String,
            "cutoff": pl.Date,
            "date": pl.Date,
            "ahead": pl.Int64,
            **dict.fromkeys(numbers, pl.Float64),
        }
    )
