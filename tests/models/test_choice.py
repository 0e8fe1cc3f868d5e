from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from models.backtest import Backtest
from models.choice import chosen


def a_backtest(errors: dict[str, float], cutoffs: int = 8) -> Backtest:
    """One series whose models miss each value by so much."""
    rows = [
        {
            "model": model,
            "series": "a",
            "cutoff": date(2024, 1, 1) + timedelta(days=28 * number),
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


def test_a_usual_model_that_was_not_tested_is_refused() -> None:
    with pytest.raises(ValueError, match="'ours' was not tested; these were: theirs"):
        chosen(a_backtest({"theirs": 1.0}), "ours")
