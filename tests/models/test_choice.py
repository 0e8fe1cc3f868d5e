from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from models.backtest import Backtest
from models.choice import chosen, chosen_then


def a_backtest(errors: dict[str, float], cutoffs: int = 8) -> Backtest:
    """One series whose models miss each value by so much."""
    rows = [
        {
            "model": model,
            "series": "a",
            "cutoff": date(2024, 1, 1) + timedelta(days=28 * number),
            "date": date(2024, 1, 1) + timedelta(days=28 * number),
            "actual": 100.0,
            "mean": 100.0 + miss,
        }
        for model, miss in errors.items()
        for number in range(cutoffs)
    ]
    return Backtest(pl.DataFrame(rows), cutoffs, {})


@pytest.mark.parametrize(
    ("other", "cutoffs", "model"),
    [
        (9.8, 8, "usual"),
        (9.71, 8, "usual"),
        (9.69, 8, "other"),
        (5.0, 8, "other"),
        (5.0, 5, "usual"),
        (12.0, 8, "usual"),
    ],
)
def test_another_model_must_earn_its_place_by_the_margin(other: float, cutoffs: int, model: str) -> None:
    (row,) = chosen(a_backtest({"usual": 10.0, "other": other}, cutoffs), "usual").iter_rows(named=True)
    assert (row["model"], row["usual_error"], row["cutoffs"]) == (model, pytest.approx(10.0), cutoffs)


def test_the_best_of_those_that_earned_it_is_taken() -> None:
    (row,) = chosen(a_backtest({"usual": 10.0, "good": 9.0, "better": -8.0}), "usual").iter_rows(named=True)
    assert (row["model"], row["error"]) == ("better", pytest.approx(8.0))


def test_what_is_saved_by_luck_at_a_few_cutoffs_earns_nothing() -> None:
    steady, lucky = a_backtest({"usual": 10.0, "other": 8.0}), a_backtest({"usual": 10.0, "other": 10.5})
    jackpot = (pl.col("model") == "other") & (pl.col("cutoff") == date(2024, 1, 1))
    frame = lucky.frame.with_columns(mean=pl.when(jackpot).then(100.0).otherwise("mean"))
    assert chosen(steady, "usual")["model"].to_list() == ["other"]
    assert (frame.filter(model="other")["mean"] - 100.0).abs().mean() < 0.97 * 10.0
    assert chosen(replace(lucky, frame=frame), "usual")["model"].to_list() == ["usual"]


def test_days_that_a_model_did_not_forecast_count_for_none() -> None:
    tested = a_backtest({"usual": 10.0, "other": 11.0})
    hard = pl.col("cutoff") < date(2024, 3, 1)
    frame = tested.frame.with_columns(
        mean=pl.when(hard & (pl.col("model") == "other")).then(None).when(hard).then(200.0).otherwise("mean")
    )
    (row,) = chosen(replace(tested, frame=frame), "usual").iter_rows(named=True)
    assert (row["model"], row["error"], row["cutoffs"]) == ("usual", pytest.approx(10.0), 5)


def test_a_choice_of_the_past_rests_on_what_was_known_then() -> None:
    """The other model was the better one for a year, and then no more."""
    good, bad = a_backtest({"usual": 10.0, "other": 5.0}, 24), a_backtest({"usual": 10.0, "other": 50.0}, 24)
    turned = good.frame["cutoff"].unique().sort()[12]
    frame = pl.concat(
        [good.frame.filter(pl.col("cutoff") < turned), bad.frame.filter(pl.col("cutoff") >= turned)]
    )  # fmt: skip
    then = chosen_then(replace(good, frame=frame), "usual").sort("cutoff")
    assert then["model"].to_list()[:14] == ["usual"] * 6 + ["other"] * 7 + ["usual"]
    assert set(then["model"][14:]) == {"usual"}


def test_a_usual_model_that_was_not_tested_is_refused() -> None:
    with pytest.raises(ValueError, match="'ours' was not tested; these were: theirs"):
        chosen(a_backtest({"theirs": 1.0}), "ours")
