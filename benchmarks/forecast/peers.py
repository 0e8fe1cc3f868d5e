"""Forecasts of the specialists, each with its own way of intervals, kept so that a run can be taken up again.

Runs in the peers' own environment: `python peers.py FOLDER OUT PEER [SERIES...]`. FOLDER has, for each panel, a
`NAME.parquet` (series, date, value) and a `NAME.json` (horizon, origins, longest, frequency). For every origin
`OUT/PEER/NAME/ORIGIN.parquet` gets series, date, median, one column per quantile, and the processor seconds.
"""

# ruff: noqa: PLC0415 - only the peers' environment has them, and each process needs one
# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import json
import logging
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

QUANTILES = (0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975)
LEVELS = (20, 40, 60, 80, 95)


def filled(frame: pd.DataFrame, origin: pd.Timestamp, frequency: str) -> pd.DataFrame:
    """The series on every period up to the origin: gaps get the mean of the nearest same weekdays (or months)."""
    parts = []
    last = origin - pd.tseries.frequencies.to_offset(frequency)
    for name, group in frame.groupby("series"):
        y = group.set_index("date")["value"]
        y = y.reindex(pd.date_range(y.index.min(), last, freq=frequency))
        if y.isna().any():
            step = 7 if frequency == "D" else 1
            place = np.arange(len(y)) % step
            y = y.groupby(place).transform(lambda part: (part.ffill() + part.bfill()) / 2).fillna(y.ffill()).bfill()
        parts.append(pd.DataFrame({"unique_id": name, "ds": y.index, "y": y.to_numpy()}))
    return pd.concat(parts, ignore_index=True)


def calendar(days: pd.DatetimeIndex, frequency: str) -> pd.DataFrame:
    """Weekday, waves of the year, and bank holidays as regressors; months have waves alone."""
    columns: dict[str, Any] = {}
    share = days.dayofyear / 365.25
    for order in range(1, 5 if frequency == "D" else 4):
        columns[f"sin{order}"], columns[f"cos{order}"] = (
            np.sin(2 * np.pi * order * share),
            np.cos(2 * np.pi * order * share),
        )
    if frequency == "D":
        for weekday in range(6):
            columns[f"weekday{weekday}"] = (days.dayofweek == weekday).astype(float)
        off, christmas = bank_days(days)
        plain = days.isin(off) & ~np.isin(np.char.add(days.strftime("%m-%d").to_numpy().astype(str), ""), christmas)
        friday = good_fridays(days)
        columns["bank"] = (plain & ~days.isin(friday)).astype(float)
        columns["Good Friday"] = days.isin(friday).astype(float)
        columns["Easter weekend"] = days.isin(friday + pd.Timedelta(days=1)).astype(float)
        columns["Easter weekend"] += days.isin(friday + pd.Timedelta(days=2)).astype(float)
        columns["before"] = (days + pd.Timedelta(days=1)).isin(off).astype(float)
        columns["after"] = (days - pd.Timedelta(days=1)).isin(off).astype(float)
        stamp = days.strftime("%m-%d")
        for day in christmas:
            columns[day] = (stamp == day).astype(float)
        columns["late"] = stamp.isin(["12-27", "12-28", "12-29", "12-30"]).astype(float)
        columns["early"] = stamp.isin(["01-02", "01-03"]).astype(float)
    return pd.DataFrame(columns, index=days)


def bank_days(days: pd.DatetimeIndex) -> tuple[pd.DatetimeIndex, list[str]]:
    """Bank holidays of England, and the fixed days that get a column of their own."""
    import holidays

    years = range(days.min().year - 1, days.max().year + 2)
    off = pd.DatetimeIndex(sorted(holidays.country_holidays("GB", subdiv="ENG", years=years)))
    return off, ["12-24", "12-25", "12-26", "12-31", "01-01"]


def good_fridays(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Good Friday of every year that the days touch."""
    from dateutil.easter import easter

    years = range(days.min().year, days.max().year + 1)
    return pd.DatetimeIndex([pd.Timestamp(easter(year)) - pd.Timedelta(days=2) for year in years])


def from_levels(frame: pd.DataFrame, model: str) -> pd.DataFrame:
    """Nixtla's columns as ours."""
    out = {"series": frame["unique_id"].astype(str), "date": frame["ds"], "q0.5": frame[model]}
    for level in LEVELS:
        low, high = (round(0.5 - level / 200, 3), round(0.5 + level / 200, 3))
        out[f"q{low:g}"], out[f"q{high:g}"] = frame[f"{model}-lo-{level}"], frame[f"{model}-hi-{level}"]
    return pd.DataFrame(out)


def statsforecast(kind: str, y: pd.DataFrame, horizon: int, frequency: str) -> pd.DataFrame:
    """One of the local models of statsforecast."""
    from statsforecast import StatsForecast
    from statsforecast import models as sf

    season = 7 if frequency == "D" else 12
    model = {
        "AutoETS": lambda: sf.AutoETS(season_length=season),
        "AutoARIMA": lambda: sf.AutoARIMA(season_length=season),
        "DynamicOptimizedTheta": lambda: sf.DynamicOptimizedTheta(season_length=season),
        "MSTL": lambda: sf.MSTL(season_length=season, trend_forecaster=sf.AutoETS(model="ZZN")),
        "SeasonalNaive": lambda: sf.SeasonalNaive(season_length=season),
    }[kind]()
    fallback = sf.SeasonalNaive(season_length=season)
    found = StatsForecast(models=[model], freq=frequency, n_jobs=1, fallback_model=fallback).forecast(
        df=y, h=horizon, level=list(LEVELS)
    )
    return from_levels(found.reset_index(), kind)


def mlforecast(y: pd.DataFrame, horizon: int, frequency: str) -> pd.DataFrame:
    """Global LightGBM on lags, rolling means and the calendar; conformal intervals where the history allows."""
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean
    from mlforecast.target_transforms import LocalStandardScaler
    from mlforecast.utils import PredictionIntervals

    shortest = int(y.groupby("unique_id").size().min())
    if frequency == "D":
        lags, moving = [1, 2, 3, 7, 14, 21, 28], {1: [RollingMean(7), RollingMean(28)], 7: [RollingMean(28)]}
    else:
        lags, moving = [1, 2, 3, 12], {1: [RollingMean(3), RollingMean(12)]}
    future = pd.date_range(y["ds"].max(), periods=horizon + 1, freq=frequency)[1:]
    table = calendar(pd.DatetimeIndex(sorted(set(y["ds"]) | set(future))), frequency)
    table.index.name = "ds"
    known = y.merge(table.reset_index(), on="ds")
    model = MLForecast(
        models={"lgb": LGBMRegressor(n_estimators=300, learning_rate=0.05, num_leaves=31, verbosity=-1, n_jobs=1)},
        freq=frequency, lags=lags, lag_transforms=moving, target_transforms=[LocalStandardScaler()], num_threads=1,
    )  # fmt: skip
    windows = min(10, (shortest - 42) // horizon) if frequency == "D" else min(4, (shortest - 24) // horizon)
    coming = table.loc[future].rename_axis("ds").reset_index()
    ahead = pd.concat([coming.assign(unique_id=name) for name in y["unique_id"].unique()])
    intervals = PredictionIntervals(n_windows=windows, h=horizon) if windows >= 2 else None
    model.fit(known, static_features=[], prediction_intervals=intervals)
    level = list(LEVELS) if intervals else None
    found = model.predict(horizon, level=level, X_df=ahead)
    if not intervals:
        for one in LEVELS:
            found[f"lgb-lo-{one}"] = found[f"lgb-hi-{one}"] = np.nan
    return from_levels(found, "lgb")


def skforecast(y: pd.DataFrame, horizon: int, frequency: str) -> pd.DataFrame:
    """Global histogram boosting with calendar regressors, recursive, intervals from bootstrapped residuals."""
    from skforecast.recursive import ForecasterRecursiveMultiSeries
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.preprocessing import StandardScaler

    wide = y.set_index(["ds", "unique_id"])["y"].unstack().asfreq(frequency)  # noqa: PD010 - nothing to aggregate
    future = pd.date_range(wide.index[-1], periods=horizon + 1, freq=frequency)[1:]
    table = calendar(wide.index.append(future), frequency)
    short = int(y.groupby("unique_id").size().min())
    lags = [1, 2, 3, 4, 5, 6, 7, 14, 21, 28] if frequency == "D" else [1, 2, 3, 6, 12]
    model = ForecasterRecursiveMultiSeries(
        estimator=HistGradientBoostingRegressor(max_iter=200, learning_rate=0.05, random_state=1),
        lags=[lag for lag in lags if lag < short // 2], encoding="ordinal",
        transformer_series=StandardScaler(),
    )  # fmt: skip
    exog = table.loc[wide.index]
    model.fit(series=wide, exog=exog, store_in_sample_residuals=True, suppress_warnings=True)
    found = model.predict_quantiles(
        steps=horizon, exog=table.loc[future], quantiles=list(QUANTILES), n_boot=100, random_state=1,
        suppress_warnings=True,
    )  # fmt: skip
    points = model.predict(steps=horizon, exog=table.loc[future], suppress_warnings=True)
    found = found.reset_index(names="date").rename(columns={"level": "series"})
    points = points.reset_index(names="date").rename(columns={"level": "series"})
    found.columns = ["q" + c.removeprefix("q_") if c.startswith("q_") else c for c in found.columns]
    found["q0.5"] = found.merge(points, on=["series", "date"])["pred"].to_numpy()
    return found


def prophet(y: pd.DataFrame, horizon: int, frequency: str) -> pd.DataFrame:
    """Prophet with bank holidays and the days around them."""
    from prophet import Prophet

    parts = []
    for name, group in y.groupby("unique_id"):
        year, order = (365, 10) if frequency == "D" else (24, 4)
        model = Prophet(
            weekly_seasonality=frequency == "D",
            yearly_seasonality=order if len(group) > year else False,
            daily_seasonality=False,
            uncertainty_samples=500,
        )
        if frequency == "D":
            model.add_country_holidays("UK")
        model.fit(group[["ds", "y"]])
        future = model.make_future_dataframe(horizon, freq=frequency, include_history=False)
        np.random.seed(1)  # noqa: NPY002 - it is what Prophet draws from
        drawn = model.predictive_samples(future)["yhat"]
        part = {"series": name, "date": future["ds"]}
        part |= {f"q{q:g}": np.quantile(drawn, q, axis=1) for q in QUANTILES}
        part["q0.5"] = model.predict(future)["yhat"].to_numpy()
        parts.append(pd.DataFrame(part))
    return pd.concat(parts)


def regression_arima(y: pd.DataFrame, horizon: int, frequency: str) -> pd.DataFrame:
    """Regression on weekday, waves of the year and holidays, with ARIMA(1,1,1) errors."""
    from scipy.stats import norm
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    parts = []
    for name, group in y.groupby("unique_id"):
        future = pd.date_range(group["ds"].max(), periods=horizon + 1, freq=frequency)[1:]
        table = calendar(pd.DatetimeIndex(group["ds"]).append(future), frequency)
        known, ahead = table.iloc[: len(group)], table.iloc[len(group) :]
        used = [c for c in table if known[c].std() > 0]
        if len(group) < 2 * (365 if frequency == "D" else 12):
            used = (
                [c for c in used if not c.startswith(("sin", "cos"))]
                if len(group) < (365 if frequency == "D" else 12)
                else used
            )
        size = group["y"].std() or 1.0
        model = SARIMAX(
            group["y"].to_numpy() / size, exog=known[used].to_numpy() if used else None, order=(1, 1, 1),
            enforce_stationarity=True,
        )  # fmt: skip
        done = model.fit(disp=False, maxiter=100)
        ahead_of = done.get_forecast(horizon, exog=ahead[used].to_numpy() if used else None)
        mean, se = ahead_of.predicted_mean * size, ahead_of.se_mean * size
        part = {"series": name, "date": future} | {f"q{q:g}": mean + norm.ppf(q) * se for q in QUANTILES}
        parts.append(pd.DataFrame(part))
    return pd.concat(parts)


LOCAL = ("AutoETS", "AutoARIMA", "DynamicOptimizedTheta", "MSTL", "SeasonalNaive")
OTHERS = {
    "regression with ARIMA errors": regression_arima,
    "skforecast HGB": skforecast,
    "mlforecast LightGBM": mlforecast,
    "Prophet": prophet,
}
PEERS = (*LOCAL, *OTHERS)


def forecast(peer: str, y: pd.DataFrame, horizon: int, frequency: str) -> pd.DataFrame:
    """The peer's forecasts: series, date, and one column per quantile."""
    if peer in LOCAL:
        return statsforecast(peer, y, horizon, frequency)
    return OTHERS[peer](y, horizon, frequency)


def cpu() -> float:
    """Processor seconds of this process and its children: Prophet's optimiser is one."""
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + child.ru_utime + child.ru_stime


def main() -> int:
    """Forecasts every panel of the folder at every origin that is not kept yet."""
    warnings.simplefilter("ignore")
    logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
    logging.getLogger("prophet").setLevel(logging.ERROR)
    folder, out, peer = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    panels = sys.argv[4].split(",") if len(sys.argv) > 4 else [p.stem for p in sorted(folder.glob("*.json"))]
    stride = int(sys.argv[5]) if len(sys.argv) > 5 else 1
    for name in panels:
        about = json.loads((folder / f"{name}.json").read_text())
        everything = pd.read_parquet(folder / f"{name}.parquet")
        everything["date"] = pd.to_datetime(everything["date"])
        for origin in map(pd.Timestamp, about["origins"][::stride]):
            kept = out / peer / name / f"{origin:%Y-%m-%d}.parquet"
            if kept.exists():
                continue
            step = (
                pd.DateOffset(days=about["longest"])
                if about["frequency"] == "D"
                else pd.DateOffset(months=about["longest"])
            )
            seen = everything[(everything["date"] < origin) & (everything["date"] >= origin - step)]
            chosen = sorted(seen["series"].unique())[::stride]
            y = filled(seen[seen["series"].isin(chosen)], origin, about["frequency"])
            began = cpu()
            found = forecast(peer, y, about["horizon"], about["frequency"])
            found["cpu"] = (cpu() - began) / len(chosen)
            kept.parent.mkdir(parents=True, exist_ok=True)
            found.to_parquet(kept.with_suffix(".part"))
            kept.with_suffix(".part").rename(kept)
            print(peer, name, origin.date(), f"{(cpu() - began):.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
