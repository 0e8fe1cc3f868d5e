"""Series for tests of the models: made ones with a known pattern, and real ones that ship with the project."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

SHIPPED = Path(__file__).parents[2] / "sample_data" / "published" / "shipped"


def discharges(*codes: str) -> pl.DataFrame:
    """Patients discharged by trust and day, as published, April 2022 to August 2025."""
    frame = pl.read_parquet(SHIPPED / "discharge_sitrep" / "fact_discharge_day.parquet")
    kept = frame.filter(pl.col("org_code").is_in(codes)) if codes else frame
    return kept.select(series="org_code", date="period", value=pl.col("discharged_total").cast(pl.Float64))


def daily(
    count: int,
    *,
    seed: int = 1,
    level: float = 400.0,
    noise: float = 8.0,
    start: date = date(2022, 1, 3),
    series: str = "made",
) -> pl.DataFrame:
    """A made series: weekday and season of the year around a level, with noise."""
    days = np.arange(np.datetime64(start), np.datetime64(start) + count)
    number = days.astype(np.int64)
    weekday = np.array([20, 10, 0, 0, 15, -60, -80])[(number + 3) % 7]
    season = 30 * np.sin(2 * np.pi * number / 365.25)
    values = level + weekday + season + np.random.default_rng(seed).normal(0, noise, count)
    return pl.DataFrame({"series": [series] * count, "date": days, "value": values}).cast({"date": pl.Date})


def monthly(
    count: int, *, seed: int = 1, level: float = 10_000.0, noise: float = 100.0, series: str = "made"
) -> pl.DataFrame:
    """A made monthly series: demand per day with a season of the year, with noise."""
    months = np.arange(np.datetime64("2019-04"), np.datetime64("2019-04") + count)
    days = (months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")
    place = months.astype(np.int64) % 12
    rate = (level + level / 20 * np.cos(2 * np.pi * place / 12)) / 30
    values = rate * days.astype(np.int64) + np.random.default_rng(seed).normal(0, noise, count)
    return pl.DataFrame({"series": [series] * count, "date": months.astype("datetime64[D]"), "value": values}).cast(
        {"date": pl.Date}
    )


def rota(count: int = 400) -> pl.DataFrame:
    """Staff on a rota that holds for weeks and then is another, at once: last week says all there is to know."""
    random = np.random.default_rng(7)
    days = daily(count)["date"]
    weeks = np.repeat(random.uniform(20, 400, (count // 70 + 1, 7)), 10, axis=0).ravel()[:count]
    values = np.round(weeks + random.normal(0, 1, count))
    return pl.DataFrame({"series": "rota", "date": days, "value": np.maximum(values, 0)})
