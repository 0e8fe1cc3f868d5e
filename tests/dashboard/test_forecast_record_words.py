"""What the record of forecasts says in words and marks in its charts, of outcomes made up for it."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from dashboard.viewmodels.forecast_charts import charts_of
from dashboard.viewmodels.forecast_measures import ERROR
from dashboard.viewmodels.forecast_record import Context, record_of
from metrics import Grain

TODAY = date(2026, 11, 22)
DAY = Grain.DAY


def test_a_chart_says_from_when_its_forecasts_are_published_ones() -> None:
    months = [date(2025 + n // 12, n % 12 + 1, 1) for n in range(16)]
    record = pl.DataFrame({"month": months}).with_columns(
        published=pl.col("month") >= date(2026, 2, 1), actual=pl.lit(1000.0), missed=pl.lit(50.0), over=pl.lit(-8.0),
        points=pl.lit(28), within80=pl.lit(22), within95=pl.lit(27),
    )  # fmt: skip
    for chart in charts_of(record, "A trust", "R0A", "", "All"):
        (event,) = chart.variation.events
        assert (event.day, event.reason) == (date(2026, 2, 1), "From here on forecasts as they were published")


def test_a_handful_of_values_is_not_judged_by() -> None:
    outcomes = pl.DataFrame(
        {"cutoff": [date(2026, 1, 1)], "kind": ["published"], "ahead": [1], "period": [date(2026, 1, 1)],
         "actual": [10.0], "mean": [5.0], "lo80": [4.0], "hi80": [6.0], "lo95": [3.0], "hi95": [7.0], "naive": [9.0]}
    )  # fmt: skip
    metric = ERROR  # any metric does: it only names and words the values
    context = Context(metric, "A trust", "R0A", DAY, "1", "v1", TODAY)
    assert record_of(context, outcomes).sentences == (
        "1 forecast missed by 50.0% on average; repeating the last week missed by 10.0%.",
        "Of the 1 value checked, the 80% interval held 0% and the 95% interval held 0%.",
        "That is too little to judge by.",
        "All were published before their periods were known.",
    )
    assert record_of(context, outcomes.clear()) is None


@pytest.mark.parametrize(
    ("naive", "cutoffs", "beaten"), [(97.0, 6, True), (95.1, 6, False), (97.0, 5, False), (90.0, 6, False)]
)
def test_a_forecast_that_repeating_the_last_week_beats_by_the_margin_is_owned_up_to(
    naive: float, cutoffs: int, *, beaten: bool
) -> None:
    """Each of the forecasts is 95 where 100 came."""
    days = [date(2026, 1, 1) + timedelta(days=7 * number) for number in range(cutoffs)]
    outcomes = pl.DataFrame({"cutoff": days}).join(pl.DataFrame({"ahead": range(1, 8)}), how="cross").select(
        "cutoff", "ahead", kind=pl.lit("published"), period=pl.col("cutoff") + pl.duration(days=pl.col("ahead") - 1),
        actual=100.0, mean=95.0, lo80=90.0, hi80=110.0, lo95=80.0, hi95=120.0, naive=naive,
    )  # fmt: skip
    found = record_of(Context(ERROR, "A trust", "R0A", DAY, "1", "v1", TODAY), outcomes)
    assert found.beaten == (
        "On its record repeating the last week is the better forecast here: it missed by 3.0% on average, this one by "
        f"5.0%, over {cutoffs} forecasts. Plan on it, as drawn in the chart, or look for what changed."
        if beaten
        else ""
    )
