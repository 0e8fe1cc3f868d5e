"""Amounts per working day: 251 working days in FY 2026/27 and 256 in FY 2027/28 are 2 % more work for nothing."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from metrics import Grain, MetricsLayer, Request
from metrics.query.request import Against, Comparison
from metrics.query.working_days import WorkingDays
from metrics.warehouse.calendar import nhs_calendar
from tests.query import daily

FIRST, LAST = date(2026, 4, 1), date(2028, 3, 31)
PER_DAY = Comparison(per_working_day=True)
# FY 2026/27 holds two Easters: from Good Friday 3 April 2026 to Easter Monday 29 March 2027. FY 2027/28 has none.
HOLIDAYS_2026 = 10
HOLIDAYS_2027 = 6


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    """Returns a layer in which 7 are booked on each working day, and none on others; half of them miss."""
    folder: Path = tmp_path_factory.mktemp("working")
    working = set(nhs_calendar({}).filter(pl.col("is_working_day"))["day"])
    days = [FIRST + timedelta(days=ahead) for ahead in range((LAST - FIRST).days + 1)]
    rows: list[daily.Row] = [
        (day, "A", "North", 14 * (day in working), 7 * (day in working), day.toordinal()) for day in days
    ]
    return daily.build(f"duckdb:///{folder / 'warehouse'}", rows, folder / "definitions", lambda: date(2028, 4, 5))


def test_the_two_years_have_251_and_256_working_days(layer: MetricsLayer) -> None:
    asked = Request.of("booked", grain=Grain.FINANCIAL_YEAR, period_from=date(2027, 4, 1), compare=PER_DAY,
                       period_to=date(2028, 3, 31))  # fmt: skip
    row = layer.ask(asked).frame.row(0, named=True)
    assert (row["numerator"], row["denominator"], row["value"]) == (14 * 256, 256, 14)
    assert (row["compared_numerator"], row["compared_denominator"], row["compared_value"]) == (14 * 251, 251, 14)
    assert (row["change"], row["change_share"]) == (0, 0)
    assert row["basis"] == (
        "FY 2027/28 against FY 2026/27; per working day, of which there are 256 and 251"
    )  # fmt: skip
    plain = layer.ask(Request.of("booked", grain=Grain.FINANCIAL_YEAR, period_from=date(2027, 4, 1), compare=Comparison(),
                                 period_to=date(2028, 3, 31))).frame.row(0, named=True)  # fmt: skip
    assert plain["change_share"] == pytest.approx(5 / 251)  # nothing changed but the calendar


def test_weekdays_less_bank_holidays_are_what_is_counted() -> None:
    calendar = nhs_calendar({})
    for year, holidays, working in ((2026, HOLIDAYS_2026, 251), (2027, HOLIDAYS_2027, 256)):
        within = calendar.filter(pl.col("day").is_between(date(year, 4, 1), date(year + 1, 3, 31)))
        weekdays = [day for day in within["day"] if day.isoweekday() <= 5]
        on_weekdays = within.filter(pl.col("bank_holiday").is_not_null() & (pl.col("day").dt.weekday() <= 5)).height
        assert (on_weekdays, len(weekdays) - on_weekdays) == (holidays, working)
        assert within["is_working_day"].sum() == working


@pytest.mark.parametrize("grain", [Grain.WEEK, Grain.MONTH, Grain.QUARTER])
@pytest.mark.parametrize("to", [Against.PREVIOUS, Against.LAST_YEAR])
def test_a_steady_clinic_never_changes_per_working_day(layer: MetricsLayer, grain: Grain, to: Against) -> None:
    asked = Request.of("booked", "seen", grain=grain, compare=Comparison(to, per_working_day=True),
                       period_from=date(2026, 7, 1), period_to=date(2028, 2, 29))  # fmt: skip
    frame = layer.ask(asked).frame.filter(pl.col("change").is_not_null())
    assert frame.height >= 2 * 3
    assert frame["change"].unique().to_list() == [0]
    assert set(frame["value"]) == {14, 7}  # booked, and seen of them


def test_months_of_steady_work_seem_to_change_without(layer: MetricsLayer) -> None:
    frame = layer.ask(Request.of("booked", grain=Grain.MONTH, compare=Comparison())).frame
    assert (frame["change_share"].abs() > 0.1).any()


def test_ratios_levels_and_percentiles_are_left_as_they_are_and_it_is_said(layer: MetricsLayer) -> None:
    asked: dict[str, Any] = {"grain": Grain.MONTH, "period_from": date(2027, 4, 1), "period_to": date(2027, 4, 30)}
    names = ("missed_rate", "waiting", "median_booked", "busiest", "sites", "seen_share")
    plain = layer.ask(Request.of(*names, **asked, compare=Comparison())).frame
    adjusted = layer.ask(Request.of(*names, **asked, compare=PER_DAY)).frame
    assert adjusted.drop("basis").equals(plain.drop("basis"))
    said = [text.removeprefix("April 2027 against March 2027; ") for text in adjusted["basis"]]
    assert said == [
        f"{what} is not divided by working days"
        for what in ("a ratio", "a level", "a percentile", "a maximum", "a distinct count", "this formula")
    ]


def test_a_part_period_has_the_working_days_of_its_part(tmp_path: Path) -> None:
    rows: list[daily.Row] = [
        (date(2026, 5, 1) + timedelta(days=ahead), "A", "North", 10, 0, None) for ahead in range(31 + 7)
    ]
    layer = daily.build(f"duckdb:///{tmp_path / 'w'}", rows, tmp_path / "d", lambda: date(2026, 6, 9))
    asked = Request.of("booked", grain=Grain.MONTH, period_from=date(2026, 6, 1), compare=PER_DAY)
    row = layer.ask(asked).frame.row(0, named=True)
    # 1 to 7 June 2026 is Monday to Sunday; 1 to 7 May a Friday to a Thursday with a bank holiday on Monday the 4th.
    assert (row["numerator"], row["denominator"], row["compared_denominator"]) == (70, 5, 4)
    assert (row["value"], row["compared_value"], row["change"]) == (14, 17.5, -3.5)


def test_what_accumulates_is_divided_by_the_days_that_it_reaches_over(layer: MetricsLayer) -> None:
    asked: dict[str, Any] = {
        "grain": Grain.MONTH,
        "period_from": date(2027, 5, 1),
        "period_to": date(2027, 5, 31),
        "compare": PER_DAY,
    }
    row = layer.ask(Request.of("booked_to_date", **asked)).frame.row(0, named=True)
    assert (row["numerator"], row["denominator"], row["value"]) == (14 * 41, 41, 14)  # 22 in April, 19 in May
    window = layer.ask(Request.of("booked", window="2 months", **asked)).frame.row(0, named=True)
    assert (window["denominator"], window["compared_denominator"]) == (41, 21 + 22)  # March 2027 has both of Easter


def test_days_without_work_have_no_amount_per_working_day(layer: MetricsLayer) -> None:
    sunday = date(2027, 5, 9)
    asked = Request.of("booked", grain=Grain.DAY, period_from=sunday, period_to=sunday, compare=PER_DAY)
    row = layer.ask(asked).frame.row(0, named=True)
    assert (row["value"], row["numerator"], row["denominator"], row["change"]) == (None, 0, 0, None)
    assert row["basis"] == "9 May 2027 has no working day; 8 May 2027 has no working day"


def test_days_beyond_the_calendar_are_not_known() -> None:
    days = WorkingDays((date(2026, 4, 1), date(2026, 4, 2), date(2026, 4, 3)), (1, 2, 2))
    assert days.between(date(2026, 4, 1), date(2026, 4, 3)) == 2
    assert days.between(date(2026, 4, 3), date(2026, 4, 3)) == 0
    assert days.between(date(2026, 4, 2), date(2026, 4, 4)) is None
    assert days.between(date(2026, 3, 31), date(2026, 4, 1)) is None
    assert days.between(date(2026, 4, 2), date(2026, 4, 1)) is None
