"""Rolling-origin back-tests: what each model would have forecast in the past, at the same cut-offs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from models.calendar import Frequency
from models.calendar_stack import CalendarStack
from models.demand import sorted_out, standing_holidays
from models.measures import seasonal_steps, summary
from models.naive import SeasonalNaive
from models.panel import Panel, checked, frequency_of
from models.rolling import LEVELS, SHORTEST, Missed, Model, Rolled, roll


@dataclass(frozen=True, slots=True)
class Backtest:
    """Forecasts of the past beside what happened.

    Attributes:
        frame: one row per model, series, cut-off and period ahead: `model`, `series` String, `cutoff` Date
            (first period that was not known), `date` Date, `ahead` Int64 (1 is the first), `actual`, `mean`,
            `lo80`, `hi80`, `lo95`, `hi95`, `step`, `step_squared` Float64.
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
    horizon: int,
    origins: int = 12,
    step: int | None = None,
    models: Sequence[Model] | None = None,
    *,
    frequency: Frequency | None = None,
    holidays: pl.DataFrame | None = None,
    country: str = "GB",
    missed: bool = False,
) -> Backtest:
    """Returns what the models would have forecast at the last `origins` cut-offs that have a whole horizon to check.

    Args:
        frame: columns `series`, `date`, `value`, as for a forecaster.
        horizon: periods ahead.
        origins: most cut-offs; short histories have fewer.
        step: periods between cut-offs; None is the horizon for days and weeks, one for months.
        models: to compare; None is the calendar regression and seasonal naive.
        frequency: of the series; None reads it from the dates.
        holidays: frame with a `date` column; None is those of the country.
        country: whose holidays, one of `models.holidays.COUNTRIES`.
        missed: say what the first model's earlier forecasts missed by, too.

    Raises:
        UnusableSeriesError: the frame has not these columns, or a date twice in a series.
        UnknownCountryError: the country's holidays are not known here.
    """
    tidy = checked(frame)
    frequency = frequency or frequency_of(tidy["date"])
    table = holidays if holidays is not None else standing_holidays(tidy, country)
    stride = step or (1 if frequency is Frequency.MONTHLY else horizon)
    panels, refused = sorted_out(tidy, frequency)
    frames, told, most = [], list[tuple[Panel, int, Missed]](), 0
    for panel in panels:
        cutoffs = _cutoffs(panel, horizon, origins, stride)
        if not cutoffs:
            refused |= dict.fromkeys(panel.names, "Its history is too short to test a forecast on the past.")
            continue
        most = max(most, len(cutoffs))
        for number, model in enumerate(models or (CalendarStack(table), SeasonalNaive())):
            rolled = roll(model, panel, cutoffs, horizon, table, missed=missed and number == 0)
            frames.append(_compared(model.name, panel, rolled))
            told += [(panel, *each) for each in zip(rolled.cutoffs, rolled.missed, strict=False)]
    return Backtest(pl.concat(frames) if frames else _compared_nothing(), most, refused, tuple(told))


def _cutoffs(panel: Panel, horizon: int, origins: int, stride: int) -> list[int]:
    last = len(panel.periods) - horizon
    # A season more than the shortest history, so that every error can be scaled.
    first = max(SHORTEST[panel.frequency], panel.season + 1)
    return sorted(cutoff for number in range(origins) if (cutoff := last - number * stride) >= first)


def _compared(name: str, panel: Panel, rolled: Rolled) -> pl.DataFrame:
    count, horizon, series = rolled.mean.shape
    shape = (count, horizon, series)
    actual = np.stack([panel.values[cutoff : cutoff + horizon] for cutoff in rolled.cutoffs])
    steps = [seasonal_steps(panel.values[:cutoff], panel.season) for cutoff in rolled.cutoffs]
    dates = np.stack([panel.periods[cutoff : cutoff + horizon] for cutoff in rolled.cutoffs])
    columns = {"actual": actual, "mean": rolled.mean}
    for level in LEVELS:
        columns |= {f"lo{round(level * 100)}": rolled.lower[level], f"hi{round(level * 100)}": rolled.upper[level]}
    columns["step"] = np.broadcast_to(np.stack([s[0] for s in steps])[:, None, :], shape)
    columns["step_squared"] = np.broadcast_to(np.stack([s[1] for s in steps])[:, None, :], shape)
    numbers = pl.DataFrame({key: values.ravel() for key, values in columns.items()}).fill_nan(None)
    firsts = panel.periods[list(rolled.cutoffs)]
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
    )


def _compared_nothing() -> pl.DataFrame:
    numbers = ("actual", "mean", "lo80", "hi80", "lo95", "hi95", "step", "step_squared")
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
