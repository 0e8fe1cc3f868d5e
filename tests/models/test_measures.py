"""The measures against slow, obvious loops."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import polars as pl
import pytest

from models.backtest import backtest
from models.measures import seasonal_steps, summary
from tests.models.series import daily, discharges, monthly


def test_measures_agree_with_a_plain_loop() -> None:
    lost = pl.concat([daily(800), daily(800, seed=4, level=60, series="other")]).with_columns(
        value=pl.when(pl.col("date").dt.day() != 7).then("value")
    )
    tested = backtest(lost, 14, origins=3)
    known = {(row["series"], row["date"]): row["value"] for row in lost.iter_rows(named=True)}
    for row in tested.scores().iter_rows(named=True):
        rows = [
            each for each in tested.frame.filter(model=row["model"]).iter_rows(named=True) if each["actual"] is not None
        ]
        assert row["points"] == len(rows)
        misses, scaled, within, scores, origin_squares = [], [], [], [], {}
        for each in rows:
            miss = each["actual"] - each["mean"]
            steps = changes(known, each["series"], each["cutoff"])
            scale, square = np.mean(np.abs(steps)), np.mean(np.square(steps))
            misses.append(miss)
            scaled.append(abs(miss) / scale)
            within.append(each["lo95"] <= each["actual"] <= each["hi95"])
            penalty = 2 / 0.05 * (max(each["lo95"] - each["actual"], 0) + max(each["actual"] - each["hi95"], 0))
            scores.append((each["hi95"] - each["lo95"] + penalty) / scale)
            origin_squares.setdefault((each["series"], each["cutoff"]), []).append(miss**2 / square)
        actual = sum(each["actual"] for each in rows)
        assert row["mase"] == pytest.approx(np.mean(scaled))
        assert row["rmsse"] == pytest.approx(np.mean([math.sqrt(np.mean(each)) for each in origin_squares.values()]))
        assert row["wape"] == pytest.approx(np.sum(np.abs(misses)) / actual)
        assert row["bias"] == pytest.approx(-np.sum(misses) / actual)
        assert row["coverage95"] == pytest.approx(np.mean(within))
        assert row["interval_score95"] == pytest.approx(np.mean(scores))


def changes(known: dict[tuple[str, date], float | None], series: str, cutoff: date) -> list[float]:
    days = sorted(day for name, day in known if name == series and day < cutoff)
    values = [known[series, day] for day in days]
    return [b - a for a, b in zip(values[:-7], values[7:], strict=True) if a is not None and b is not None]


def test_a_series_that_repeats_itself_has_no_scale() -> None:
    absolute, squared = seasonal_steps(np.tile(np.arange(7.0), 10)[:, None], 7)
    assert np.isnan(absolute).all()
    assert np.isnan(squared).all()


def test_scores_by_period_ahead() -> None:
    tested = backtest(monthly(60), 6, origins=12)
    table = tested.scores("ahead")
    assert table.select("model", "ahead", "points").rows()[:6] == [
        ("calendar regression", ahead, 12) for ahead in range(1, 7)
    ]
    assert summary(tested.frame.head(0)).is_empty()


def test_the_regression_beats_seasonal_naive_on_real_discharges() -> None:
    """Six trusts of different size, twelve forecasts of 28 days each."""
    tested = backtest(discharges("R0A", "R1H", "RJE", "RGT", "RTH", "RD8"), 28)
    ours, naive = tested.scores()["mase"].to_list()
    assert tested.origins == 12
    assert ours < 0.85 * naive


def test_levels_and_ends_are_those_of_the_forecast() -> None:
    both = pl.concat([daily(300), daily(260, series="early")])
    tested = backtest(both, 14, origins=2, levels=(50, 90))
    assert tested.refused == {}
    assert set(tested.frame["series"]) == {"made", "early"}
    assert tested.frame.columns[6:11] == ["mean", "lo50", "hi50", "lo90", "hi90"]
    assert {"coverage50", "coverage90"} <= set(tested.scores().columns)
    together = backtest(both, 14, origins=2, together=True)
    assert list(together.refused) == ["early"]


def test_a_history_no_longer_than_the_horizon_is_not_tested() -> None:
    for horizon in (56, 80):
        assert list(backtest(daily(56), horizon).refused) == ["made"]
