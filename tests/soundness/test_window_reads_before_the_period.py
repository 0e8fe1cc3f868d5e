"""A window reads what it needs before the period asked for: what is shown never changes what is counted.

Ten are booked on every day of March and April 2026. The 28 days to 1 April hold 280; a filter on the period that also
cuts the window says 10 on 1 April, 20 on 2 April, and is wrong for 27 days. Where the data themselves begin within the
window, the period is marked incomplete.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from metrics import Grain, MetricsLayer, Request
from tests.query import daily

START = date(2026, 3, 1)
ROWS: list[daily.Row] = [(START + timedelta(days=each), "A", "North", 10, 1, 500 + each) for each in range(61)]
APRIL = {"period_from": date(2026, 4, 1), "period_to": date(2026, 4, 30)}


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("window")
    return daily.build(f"duckdb:///{folder / 'warehouse'}", ROWS, folder / "definitions", lambda: date(2026, 6, 1))


def test_every_day_of_april_looks_back_28_days(layer: MetricsLayer) -> None:
    frame = layer.ask(Request.of("booked", grain=Grain.DAY, window="28 days", **APRIL)).frame
    assert frame["value"].to_list() == [280] * 30
    assert set(frame["status"]) == {"final"}


def test_what_is_asked_before_does_not_change_a_day(layer: MetricsLayer) -> None:
    one = Request.of(
        "missed_rate", grain=Grain.DAY, window="28 days", period_from=date(2026, 4, 2), period_to=date(2026, 4, 2)
    )
    row = layer.ask(one).frame.row(0, named=True)
    assert (row["numerator"], row["denominator"]) == (28, 280)


def test_a_filter_on_members_does_not_cut_the_window_either(layer: MetricsLayer) -> None:
    asked = Request.of("booked", grain=Grain.DAY, window="28 days", where={"service": "A"}, by=("service",), **APRIL)
    assert layer.ask(asked).frame["value"].to_list() == [280] * 30


def test_a_window_that_begins_before_the_data_is_marked(layer: MetricsLayer) -> None:
    asked = Request.of(
        "booked", grain=Grain.DAY, window="28 days", period_from=date(2026, 3, 27), period_to=date(2026, 3, 28)
    )
    assert layer.ask(asked).frame.select("value", "status").rows() == [(270, "incomplete"), (280, "final")]


def test_the_financial_year_to_date_begins_on_1_april_whatever_is_asked(layer: MetricsLayer) -> None:
    asked = Request.of("booked_to_date", grain=Grain.DAY, period_from=date(2026, 3, 31), period_to=date(2026, 4, 2))
    assert layer.ask(asked).frame["value"].to_list() == [310, 10, 20]


@pytest.mark.parametrize("metric", ["booked", "missed_rate", "sites", "busiest"])
def test_a_window_of_a_metric_needs_no_definition_and_equals_the_defined_one(layer: MetricsLayer, metric: str) -> None:
    whole = layer.ask(Request.of(metric, grain=Grain.MONTH, **APRIL)).frame["value"].to_list()
    window = Request.of(
        metric, grain=Grain.DAY, window="30 days", period_from=date(2026, 4, 30), period_to=date(2026, 4, 30)
    )
    assert layer.ask(window).frame["value"].to_list() == whole
    week = {"grain": Grain.DAY, "period_from": date(2026, 4, 9), "period_to": date(2026, 4, 9)}
    ours = layer.ask(Request.of("booked", window="7 days", **week)).frame["value"]
    assert ours.to_list() == layer.ask(Request.of("booked_7d", **week)).frame["value"].to_list() == [70]


def test_a_level_stands_until_it_is_counted_again_as_far_as_the_window_reaches(layer: MetricsLayer) -> None:
    days = {"period_from": date(2026, 4, 29), "period_to": date(2026, 5, 4)}
    asked = Request.of("waiting", grain=Grain.DAY, window="3 days", **days)
    frame = layer.ask(asked).frame.select("value", "status")
    assert frame.rows() == [
        (559, "final"), (560, "final"), (560, "incomplete"), (560, "incomplete"),
        (None, "no data"), (None, "no data"),
    ]  # fmt: skip
    counted = layer.ask(Request.of("booked", grain=Grain.DAY, window="3 days", **days)).frame
    assert counted["status"].to_list()[2:] == ["no data"] * 4, "a sum over days that are not there is none"


def test_a_level_is_carried_no_further_than_it_would_be_called_stale(layer: MetricsLayer) -> None:
    def on(day: date) -> list[float | None]:
        asked = Request.of("waiting", grain=Grain.DAY, window="1 year", period_from=day, period_to=day)
        return [value for value in layer.ask(asked).frame["value"] if value is not None]

    stale = date(2026, 4, 30) + timedelta(days=75)
    assert (on(stale), on(stale + timedelta(days=1))) == ([560], [])
