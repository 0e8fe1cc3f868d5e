"""Forecasts of each series by the model that its own back-test preferred."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import polars as pl

from models.backtest import Backtest, backtest_as
from models.calendar import Frequency
from models.calendar_stack import CalendarStack
from models.choice import MARGIN, chosen, chosen_then
from models.demand import Forecast, Forecaster, Horizon, horizons
from models.naive import LastValue, RecentMean, SeasonalNaive
from models.rolling import Model

RIVALS: Final[tuple[Model, ...]] = (SeasonalNaive(), RecentMean(), LastValue())
"""Models that may take the place of the usual one."""

TESTS: Final = 12
"""Most cut-offs that a choice rests on."""

CHOSEN: Final = "chosen"
"""Names, in a back-test of choosing, the model that was chosen at each cut-off."""


@dataclass(frozen=True, slots=True)
class ChosenForecast:
    """Forecasts, and which model made those of each series.

    Attributes:
        frame: as of `models.demand.Forecast`, with the name of the `model` String at the end.
        refused, notes: as of `models.demand.Forecast`.
        usual: name of the model that stays in doubt.
        choices: one row for each series that is forecast: `series`, `model` String; `error` and `usual_error` Float64,
            the mean absolute errors of that model and of the usual one at the same earlier cut-offs, in the series'
            unit, null where its history is too short to test; `cutoffs` UInt32, how many there are.
    """

    frame: pl.DataFrame
    refused: Mapping[str, str]
    notes: Mapping[str, tuple[str, ...]]
    usual: str
    choices: pl.DataFrame

    @property
    def moved(self) -> pl.DataFrame:
        """Returns the choices of series that left the usual model, with `lower` Float64, the share of error saved."""
        lower = 1 - pl.col("error") / pl.col("usual_error")
        return self.choices.filter(pl.col("model") != self.usual).with_columns(lower=lower)


@dataclass(frozen=True, slots=True)
class Choosing:
    """Forecasts each series by the model that would have missed by least: `Choosing().forecast(frame, 28)`.

    Attributes:
        forecaster: how to forecast; its model is the usual one.
        rivals: models beside the usual one.
        margin: how much lower a rival's mean absolute error must be, as a share of the usual model's.
        tests: most earlier cut-offs that count; below six the usual model stays.
    """

    forecaster: Forecaster = field(default_factory=Forecaster)
    rivals: tuple[Model, ...] = RIVALS
    margin: float = MARGIN
    tests: int = TESTS

    def forecast(self, frame: pl.DataFrame, horizon: Horizon) -> ChosenForecast:
        """Returns the forecasts of the `horizon` periods after the last known one, with that model's own intervals.

        Every model sees all series, as in the test that it was chosen by; a series that stays has the very forecast
        that it has without choosing.

        Args:
            frame: columns `series`, `date`, `value`, and what is known ahead, as for a forecaster.
            horizon: periods ahead, of all series or by frequency.

        Raises:
            TypeError, ValueError, UnusableSeriesError, UnknownCountryError: as of `Forecaster.fit` and `forecast`.
        """
        found = self.forecaster.fit(frame).forecast(horizon)
        tested = self._tested(frame, horizon, self.tests)
        forecast = found.frame["series"].unique().sort()
        kept = _kept(tested, forecast.to_list(), self._usual, self.margin)
        frames, notes = [found.frame.with_columns(model=pl.lit(self._usual))], dict(found.notes)
        for model in self.rivals:
            names = kept.filter(pl.col("model") == model.name)["series"]
            if not names.len():
                continue
            own, said = self._made_by(model, frame, horizon, names)
            frames = [each.filter(~pl.col("series").is_in(names.implode())) for each in frames]
            frames.append(own.frame.with_columns(model=pl.lit(model.name)))
            notes |= {name: (*own.notes.get(name, ()), *said) for name in names}
        told = {name: lines for name, lines in notes.items() if lines}
        return ChosenForecast(pl.concat(frames).sort("series", "date"), found.refused, told, self._usual, kept)

    def backtest(self, frame: pl.DataFrame, horizon: Horizon, origins: int = TESTS) -> Backtest:
        """Returns what choosing would have given at earlier cut-offs, as the model `chosen`, beside those chosen from.

        At each cut-off the choice is by the cut-offs whose whole horizon lay before it: so this tells what choosing is
        worth, where the errors that a choice is made by are those of the luckiest.

        Args:
            frame: columns `series`, `date`, `value`, and what is known ahead, as for a forecaster.
            horizon: periods ahead, of all series or by frequency.
            origins: most cut-offs of each series.

        Raises:
            TypeError, ValueError, UnusableSeriesError, UnknownCountryError: as of `models.backtest.backtest`.
        """
        steps = horizons(horizon)
        months = any(panel.frequency is Frequency.MONTHLY for panel in self.forecaster.fit(frame).panels)
        # Cut-offs of months lie one month apart, so that the newest ones have not happened in whole.
        more = steps[Frequency.MONTHLY] - 1 if months else 0
        tested = self._tested(frame, horizon, origins + self.tests + more)
        if tested.frame.is_empty():
            return tested
        newest = pl.col("cutoff").rank("dense", descending=True).over("series") <= origins
        then = chosen_then(tested, self._usual, self.margin, self.tests)
        taken = tested.frame.join(then, on=["series", "cutoff", "model"], how="semi").with_columns(model=pl.lit(CHOSEN))
        both = pl.concat([tested.frame, taken]).filter(newest)
        return replace(tested, frame=both, origins=min(tested.origins, origins))

    @property
    def _usual(self) -> str:
        return (self.forecaster.model or CalendarStack()).name

    def _tested(self, frame: pl.DataFrame, horizon: Horizon, origins: int) -> Backtest:
        return backtest_as(self.forecaster, frame, horizon, origins, self.rivals)

    def _made_by(
        self, model: Model, frame: pl.DataFrame, horizon: Horizon, names: pl.Series
    ) -> tuple[Forecast, tuple[str, ...]]:
        """A rival's forecasts of some series, and what must be said of all of them."""
        fitted = replace(self.forecaster, model=model).fit(frame)
        found = fitted.forecast(horizon)
        unused = [*fitted.covariates.names] if not isinstance(model, CalendarStack) else []
        said = tuple(f"Its column '{name}' has no part in the forecast: it is by {model.name}." for name in unused)
        return replace(found, frame=found.frame.filter(pl.col("series").is_in(names.implode()))), said


def _kept(tested: Backtest, names: list[str], usual: str, margin: float) -> pl.DataFrame:
    """The choice for each series that is forecast; the usual model where it could not be tested."""
    every = pl.DataFrame({"series": names}, schema={"series": pl.String})
    if tested.frame.is_empty():
        found = pl.DataFrame(
            schema={"series": pl.String, "model": pl.String, "error": pl.Float64, "usual_error": pl.Float64,
                    "cutoffs": pl.UInt32}
        )  # fmt: skip
    else:
        found = chosen(tested, usual, margin)
    return (
        every.join(found, on="series", how="left", maintain_order="left")
        .with_columns(pl.col("model").fill_null(usual), pl.col("cutoffs").fill_null(0))
        .sort("series")
    )
