"""Longer months have more events; stocks, means and shares have not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from models.calendar import Frequency, days_in
from models.demand import Forecaster
from models.month_lengths import grows_with_days

SHIPPED = Path(__file__).parents[2] / "sample_data" / "published" / "shipped"


def months(count: int) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.arange(np.datetime64("2023-01"), np.datetime64("2023-01") + count).astype("datetime64[D]")


def frame(**series: list[float]) -> pl.DataFrame:
    return pl.concat(
        pl.DataFrame({"series": name, "date": months(len(values)), "value": values}) for name, values in series.items()
    ).cast({"date": pl.Date})


@pytest.mark.parametrize("count", [13, 20, 48])
@pytest.mark.parametrize("value", [0.0, 0.1, 100.0, -3.0])
def test_a_constant_stays_one(count: int, value: float) -> None:
    ahead = Forecaster().fit(frame(a=[value] * count)).predict(14)
    np.testing.assert_allclose(ahead["mean"].to_numpy(), value, rtol=1e-9, atol=1e-9)


def test_a_constant_rate_per_day_stays_one() -> None:
    """Ten a day: 280 in February and 310 in January, beside a constant and a share in one frame."""
    days = days_in(months(38), Frequency.MONTHLY)
    noise = np.random.default_rng(1).normal(0, 0.004, 24)
    known = frame(events=[10.0 * each for each in days[:24]], stock=[300.0] * 24, share=list(0.8 + noise))
    ahead = Forecaster().fit(known).predict(14)
    events = ahead.filter(pl.col("series") == "events")["mean"].to_numpy()
    np.testing.assert_allclose(events, 10.0 * days[24:], rtol=0.01)
    np.testing.assert_allclose(ahead.filter(pl.col("series") == "stock")["mean"].to_numpy(), 300.0, rtol=1e-9)
    np.testing.assert_allclose(ahead.filter(pl.col("series") == "share")["mean"].to_numpy(), 0.8, atol=0.01)


def test_no_dip_in_february_for_a_share_that_wanders() -> None:
    random = np.random.default_rng(0)
    share = 76 + np.cumsum(random.normal(0, 0.5, 36))
    ahead = Forecaster().fit(frame(a=list(share))).predict(12)["mean"].to_numpy()
    assert np.abs(np.diff(ahead)).max() < 0.6


@pytest.mark.parametrize("count", [13, 24, 48])
def test_published_numbers_are_told_apart(count: int) -> None:
    """A&E attendances grow with the days of the month; the waiting list and the share within four hours do not."""
    ae = pl.read_parquet(SHIPPED / "ae_attendances" / "fact_ae_month.parquet")
    by_trust = ae.group_by("org_code", "period").agg(pl.col("attendances").sum(), pl.col("over_4h").sum())
    share = (1 - pl.col("over_4h") / pl.col("attendances")).alias("value")
    rtt = pl.read_parquet(SHIPPED / "rtt" / "fact_rtt_provider_month.parquet")
    kinds = {
        "attendances": by_trust.select("org_code", "period", value=pl.col("attendances").cast(pl.Float64)),
        "share": by_trust.select("org_code", "period", share),
        "list": rtt.select("org_code", "period", value=pl.col("incomplete").cast(pl.Float64)),
    }
    grows = {}
    for name, values in kinds.items():
        large = values.filter(pl.col("value").min().over("org_code") > (1_000 if name != "share" else 0.1))
        wide = large.sort("period").pivot("org_code", index="period", values="value").tail(count)
        whole = [column for column in wide.drop("period") if not column.null_count()]
        scaled = np.sqrt(np.column_stack([column.to_numpy() for column in whole]) + 3 / 8)
        grows[name] = grows_with_days(scaled, wide["period"].to_numpy().astype("datetime64[D]")).mean()
    assert grows["attendances"] > 0.95
    assert grows["share"] < 0.02
    assert grows["list"] < 0.05


def test_bounds_of_a_share_stay_within_what_is_possible() -> None:
    random = np.random.default_rng(3)
    near_all = np.clip(0.98 + random.normal(0, 0.012, 40), 0, 1)
    ahead = (
        Forecaster(most=1.0).fit(frame(a=list(near_all), above=[1.2 + 0.01 * (n % 3) for n in range(40)])).predict(6)
    )
    share = ahead.filter(pl.col("series") == "a")
    assert share.select(pl.col("mean", "lo80", "hi80", "lo95", "hi95").is_between(0, 1).all()).row(0) == (True,) * 5
    # What has passed the bound is not held to it.
    assert (ahead.filter(pl.col("series") == "above")["mean"] > 1.1).all()
    assert ahead["date"].min() == date(2026, 5, 1)
