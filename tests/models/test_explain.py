from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from models.calendar import Frequency, bank_holidays
from models.demand import Forecaster
from models.explain import PARTS, explained
from models.panel import panel_of
from tests.models.series import daily, discharges, monthly


def parts_of(frame: pl.DataFrame, horizon: int = 28) -> pl.DataFrame:
    fitted = Forecaster().fit(frame)
    (panel,) = fitted.panels
    mean = fitted.predict(horizon)["mean"].to_numpy().reshape(len(panel.names), horizon).T
    return explained(panel, mean, bank_holidays(2018, 2030))


@pytest.mark.parametrize(
    "frame",
    [daily(800), daily(200), daily(500, level=0.0), discharges("R1H", "R0A")],
    ids=["years", "short", "signed", "real"],
)
def test_parts_add_up_exactly(frame: pl.DataFrame) -> None:
    found = parts_of(frame)
    np.testing.assert_allclose(found.select(pl.sum_horizontal(PARTS)).to_series(), found["mean"], rtol=1e-12)


def test_parts_are_those_that_the_series_was_made_of() -> None:
    """Level 400; Sunday 80 below the weekdays' mean of -13.57; no trend and no holidays; seasons of 30 at most."""
    found = parts_of(daily(1_000, noise=2.0))
    sundays = found.filter(pl.col("date").dt.weekday() == 7)
    assert sundays["weekday"].mean() == pytest.approx(-80 + 13.57, abs=4)
    assert found["holiday"].abs().max() < 10
    assert found["level"].mean() == pytest.approx(400 - 13.57, abs=8)


def test_a_holiday_shows_as_one() -> None:
    made = daily(3 * 365, start=date(2021, 1, 4), noise=3.0)
    value = pl.when(pl.col("date").dt.strftime("%m-%d") == "12-25").then(150.0).otherwise("value")
    found = parts_of(made.with_columns(value=value).filter(pl.col("date") < date(2023, 12, 20)), 14)
    christmas = found.filter(pl.col("date") == date(2023, 12, 25))
    assert christmas["holiday"].item() < -150
    assert christmas["weekday"].item() == pytest.approx(0, abs=1)


def test_months_have_no_parts() -> None:
    panel = panel_of(monthly(40), Frequency.MONTHLY)
    with pytest.raises(ValueError, match="Only daily forecasts have parts; these series are monthly"):
        explained(panel, np.ones((6, 1)), bank_holidays(2018, 2030))
