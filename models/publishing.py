"""Making forecasts of the metrics' final periods, to be published: many series of a metric at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol

import numpy as np
import polars as pl

from metrics.catalogue import Catalogue
from metrics.query.request import Filter, Grain, Request
from metrics.query.result import Result
from models.backtest import Backtest, backtest
from models.calendar import Frequency
from models.demand import FittedForecaster, Forecaster
from models.explain import explained
from models.forecast_run import Key, Kind, Made, Whose
from models.forecast_store import ForecastStore
from models.model_version import model_version
from models.naive import SeasonalNaive
from models.panel import SEASON, Panel
from models.rolling import SHORTEST, Missed
from models.training import BETWEEN, training_frame

FREQUENCIES: Final[Mapping[Grain, Frequency]] = {
    Grain.DAY: Frequency.DAILY, Grain.WEEK: Frequency.WEEKLY, Grain.MONTH: Frequency.MONTHLY,
}  # fmt: skip

HORIZON: Final[Mapping[Grain, int]] = {Grain.DAY: 56, Grain.WEEK: 13, Grain.MONTH: 12}
"""Periods that a published forecast reaches."""

LEVELS: Final = (50, 80, 95)
SITE: Final = "site"
SERVICE: Final = "service"

CORRECTED_AFTER: Final = timedelta(hours=20)
"""Before which corrections alone make no new forecast of days."""


@dataclass(frozen=True, slots=True)
class Replays:
    """Which earlier forecasts are made again: how many, how far they reach, and periods between two of them."""

    count: int
    horizon: int
    step: int


REPLAYS: Final[Mapping[Grain, Replays]] = {
    Grain.DAY: Replays(26, 28, 28), Grain.WEEK: Replays(26, 8, 4), Grain.MONTH: Replays(24, 6, 1),
}  # fmt: skip

_OURS: Final = "calendar regression"
_NAIVE: Final = "seasonal naive"
_BOUNDS: Final = ("lo95", "lo80", "hi80", "hi95")


class Layer(Protocol):
    """The part of the metrics layer that forecasts are made through."""

    @property
    def catalogue(self) -> Catalogue: ...

    def ask(self, request: Request) -> Result: ...


@dataclass(frozen=True, slots=True)
class Part:
    """Series of one metric that are forecast together.

    Attributes:
        name: tells it from the metric's other parts: 'england', 'organisation', 'service of R0A'.
        by: the dimension that tells its series apart; empty for a single one.
        organisation: whose all of its series are, where `by` does not say it.
        where: filters of the request.
        within: the dimension that splits those of `by` further up: with 'site', a series is a site's.
    """

    metric: str
    name: str
    grain: Grain
    by: str = ""
    organisation: str = ""
    where: tuple[Filter, ...] = ()
    within: str = ""

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Returns the dimensions that tell its series apart, the widest first."""
        return tuple(name for name in (self.within, self.by) if name)


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a part's forecasts are made from: its final periods, and what names them.

    Attributes:
        training: `series` String (its code), `date` Date, `value` Float64.
        data_as_of: the last day that the data cover.
    """

    part: Part
    training: pl.DataFrame
    key: Key
    data_version: str
    data_as_of: date | None

    def named(self, series: str) -> Whose:
        """Returns organisation, site and service (empty: all) of a series."""
        organisation, site, service = pl.select(*self.whose(pl.lit(series))).row(0)
        return str(organisation), str(site), str(service)

    def whose(self, series: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
        """Returns organisation, site and service (empty: all) of the series of a frame."""
        dimensions = self.part.dimensions
        codes = series.str.splitn(BETWEEN, len(dimensions)).struct
        found = {name: codes.field(f"field_{number}") for number, name in enumerate(dimensions)}
        whole, none = pl.lit(self.part.organisation), pl.lit("")
        organisation = whole if {SITE, SERVICE} & set(dimensions) or not dimensions else series
        return (
            organisation.alias("organisation"), found.get(SITE, none).alias("site"),
            found.get(SERVICE, none).alias("service"),
        )  # fmt: skip


def learn(layer: Layer, part: Part) -> Learnt:
    """Returns the final periods of a part's series, asked of the engine.

    Raises:
        UnknownMetricError, QueryError: the part cannot be asked.
    """
    result = layer.ask(Request((part.metric,), by=part.dimensions, grain=part.grain, where=part.where))
    training = training_frame(result, part.metric).drop_nulls()
    definition = layer.catalogue.version_of(layer.catalogue.metric(part.metric))
    key = Key(
        Kind.PUBLISHED, part.metric, part.name, part.grain.value, definition, model_version(), fingerprint(training)
    )
    return Learnt(part, training, key, result.data_version, result.as_of.get(part.metric))


def fingerprint(training: pl.DataFrame) -> str:
    """Returns a name of the values that a forecast learns from: another when any of them is."""
    tidy = training.sort("series", "date")
    digest = hashlib.sha256("\n".join(tidy["series"]).encode())
    digest.update(tidy["date"].to_physical().to_numpy().tobytes())
    digest.update(tidy["value"].to_numpy().tobytes())
    return digest.hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Alone:
    """Forecasts of a part's series from one cut-off, each made by itself.

    Attributes:
        values: `series` String, `cutoff` Date, `ahead` Int64, `period` Date, `mean`, bounds and `naive` Float64. Days
            on whose weekday a series is closed have no row; `ahead` counts them.
        refused, notes: as of `models.demand.Forecast`.
        cutoff: the first period that was not known; None without any forecast.
        missed: for each panel of series, what earlier forecasts missed by.
        fitted: what made them; None where nothing did.
    """

    values: pl.DataFrame
    refused: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cutoff: date | None = None
    missed: tuple[tuple[Panel, Missed], ...] = ()
    fitted: FittedForecaster | None = None


def alone_of(learnt: Learnt) -> Alone:
    """Returns the forecasts of the periods after the last final one, each series by itself."""
    training, grain = learnt.training, learnt.part.grain
    if training.is_empty():
        return Alone(_no_values())
    frequency, horizon = FREQUENCIES[grain], HORIZON[grain]
    fitted = Forecaster(frequency=frequency, levels=LEVELS, together=True, noughts=False).fit(training)
    found = fitted.forecast(REPLAYS[grain].horizon, missed=True)
    frame = _lengthened(found.frame, fitted, horizon)
    naive = Forecaster(SeasonalNaive(), frequency, together=True, noughts=False).fit(training).predict(horizon)
    values = (
        frame.join(naive.select("series", "date", naive="mean"), on=["series", "date"], how="left")
        .join(_numbered(fitted, horizon), on="date")
        .sort("series", "date")
        .rename({"date": "period"})
        .select(*_no_values().columns)
    )
    return Alone(values, found.refused, found.notes, values["cutoff"].min(), found.missed, fitted)  # type: ignore[arg-type]


def _numbered(fitted: FittedForecaster, horizon: int) -> pl.DataFrame:
    """The periods ahead, closed days too: `date`, `cutoff` (the first of them), `ahead`; all series end together."""
    periods = fitted.panels[0].extended(horizon)[-horizon:] if fitted.panels else np.array([], dtype="datetime64[D]")
    dates = pl.DataFrame({"date": periods}, schema={"date": pl.Date})
    return dates.with_columns(cutoff=pl.col("date").min(), ahead=pl.int_range(1, pl.len() + 1))


def made_of(learnt: Learnt, alone: Alone) -> Made:
    """Returns a run of forecasts to be published, with refusals, notes and what explains them."""
    if learnt.training.is_empty():
        return _made(learnt, learnt.key, _no_series(), alone.values, None)
    names = pl.DataFrame({"series": sorted(learnt.training["series"].unique())}, schema={"series": pl.String})
    cutoffs = alone.values.select("series", "cutoff").unique()
    told = {name: why for name, why in alone.refused.items() if name not in set(cutoffs["series"])}
    series = names.join(cutoffs, on="series", how="left").with_columns(
        refused=_told(names["series"], told),
        notes=_told(names["series"], {name: "\n".join(said) for name, said in alone.notes.items()}),
    )
    explained = None if alone.fitted is None else _explained(alone.fitted, alone.values, HORIZON[learnt.part.grain])
    return _made(learnt, learnt.key, series, alone.values, explained)


def forecast_of(learnt: Learnt) -> Made:
    """Returns the forecasts of a part by itself, with refusals, notes and what explains them."""
    return made_of(learnt, alone_of(learnt))


def replayed_alone(learnt: Learnt) -> Backtest | None:
    """Returns what would have been forecast at earlier cut-offs, each series by itself, as values are known now.

    None where the history is too short for any.
    """
    asked = REPLAYS[learnt.part.grain]
    if learnt.training.is_empty():
        return None
    frequency = FREQUENCIES[learnt.part.grain]
    tested = backtest(
        learnt.training,
        asked.horizon,
        asked.count,
        asked.step,
        frequency=frequency,
        together=True,
        missed=True,
    )
    return tested if tested.origins else None


def replayed_made_of(learnt: Learnt, values: pl.DataFrame) -> Made:
    """Returns replays to be published; `values` are as of `replays_of`."""
    series = values.select("series", "cutoff").unique(maintain_order=True)
    return _made(learnt, learnt.key.replayed, series.with_columns(refused=pl.lit(""), notes=pl.lit("")), values, None)


def replay_of(learnt: Learnt) -> Made | None:
    """Returns what would have been forecast of a part by itself at earlier cut-offs; None with too short a history."""
    tested = replayed_alone(learnt)
    return None if tested is None else replayed_made_of(learnt, replays_of(tested))


def is_due(store: ForecastStore, learnt: Learnt, now: datetime | None = None) -> bool:
    """Returns whether forecasts of a part, or replays that its history is long enough for, are not there yet.

    Days that are corrected, with no newer one, make a new forecast due once a day: a trust's own records are corrected
    all the time.

    Args:
        store: where forecasts are published.
        learnt: what they would be made from.
        now: UTC; None is now.
    """
    if not store.has(learnt.key):
        made_at, cutoff = store.newest(learnt.key) or (None, None)
        if made_at is None or cutoff is None or learnt.part.grain is not Grain.DAY or learnt.training.is_empty():
            return True
        last: date = learnt.training["date"].max()  # type: ignore[assignment]
        return last >= cutoff or (now or datetime.now(UTC).replace(tzinfo=None)) - made_at >= CORRECTED_AFTER
    frequency, asked = FREQUENCIES[learnt.part.grain], REPLAYS[learnt.part.grain]
    needed = max(SHORTEST[frequency], SEASON[frequency] + 1) + asked.horizon
    return learnt.training["date"].n_unique() >= needed and not store.has(learnt.key.replayed)


def bring_up(store: ForecastStore, learnt: Learnt) -> bool:
    """Publishes a part's forecasts, and replays, where they are not there yet; returns whether anything was new."""
    is_new = False
    if not store.has(learnt.key):
        is_new = store.publish(forecast_of(learnt))
    if not store.has(learnt.key.replayed) and (made := replay_of(learnt)) is not None:
        is_new |= store.publish(made)
    return is_new


def _lengthened(near: pl.DataFrame, fitted: FittedForecaster, horizon: int) -> pl.DataFrame:
    """The forecast with the periods after it up to the horizon.

    What is forecast of the near periods is made for them, as replays are, so that the record is theirs.
    """
    ends = near.group_by("series").agg(end=pl.col("date").max())
    far = fitted.predict(horizon).join(ends, on="series").filter(pl.col("date") > pl.col("end"))
    return pl.concat([near, far.drop("end")]).sort("series", "date")


def replays_of(tested: Backtest) -> pl.DataFrame:
    """Returns the tests of our model as values of forecasts, with what seasonal naive said beside it."""
    same = ["series", "cutoff", "date", "ahead"]
    naive = tested.frame.filter(pl.col("model") == _NAIVE).select(*same, naive="mean")
    return (
        tested.frame.filter(pl.col("model") == _OURS)
        .select(*same, "mean", *_BOUNDS)
        .join(naive, on=same, how="left")
        .with_columns(lo50=pl.lit(None, pl.Float64), hi50=pl.lit(None, pl.Float64))
        .rename({"date": "period"})
        .sort("series", "cutoff", "ahead")
    )


def _explained(fitted: FittedForecaster, forecast: pl.DataFrame, horizon: int) -> pl.DataFrame | None:
    """What makes up the forecasts of daily series."""
    if fitted.frequency is not Frequency.DAILY or not fitted.panels:
        return None
    frames = []
    for panel in fitted.panels:
        wide = forecast.filter(pl.col("series").is_in(panel.names)).pivot("series", index="ahead", values="mean")
        every = pl.DataFrame({"ahead": np.arange(1, horizon + 1)}).join(wide, on="ahead", how="left").sort("ahead")
        mean = every.select(panel.names).to_numpy().astype(np.float64)
        frames.append(explained(panel, mean, fitted.holidays))
    ahead = pl.int_range(1, horizon + 1).over("series")
    found = pl.concat(frames).sort("series", "date").with_columns(ahead=ahead)
    return found.filter(pl.col("mean").is_not_nan()).drop("date", "mean")


def _made(learnt: Learnt, key: Key, series: pl.DataFrame, values: pl.DataFrame, parts: pl.DataFrame | None) -> Made:
    whose = learnt.whose(pl.col("series"))
    return Made(
        key, learnt.data_version, learnt.data_as_of, series.with_columns(*whose), values.with_columns(*whose),
        None if parts is None else parts.with_columns(*whose),
    )  # fmt: skip


def _told(names: pl.Series, said: Mapping[str, str]) -> pl.Series:
    return pl.Series([said.get(name, "") for name in names], dtype=pl.String)


def _no_series() -> pl.DataFrame:
    return pl.DataFrame(schema={"series": pl.String, "cutoff": pl.Date, "refused": pl.String, "notes": pl.String})


def _no_values() -> pl.DataFrame:
    numbers = dict.fromkeys(("lo95", "lo80", "lo50", "mean", "hi50", "hi80", "hi95", "naive"), pl.Float64)
    return pl.DataFrame(
        schema={"series": pl.String, "cutoff": pl.Date, "ahead": pl.Int64, "period": pl.Date, **numbers}
    )
