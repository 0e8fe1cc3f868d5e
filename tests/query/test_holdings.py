"""What is kept of a warehouse stays right and does not grow, however many days and changes go by."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics import MetricsLayer, Request
from metrics.query.cube_layout import Layout
from metrics.warehouse.changing import changing
from metrics.warehouse.settings import embedded_url
from metrics.warehouse.tables.operational.flow import fact_ed_attendance as table
from tests.query import attendances
from tests.query.attendances import TODAY, drawn

NAMES = ("arrived", "left")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return embedded_url(tmp_path / "warehouse")


@pytest.fixture
def layer(url: str, tmp_path: Path) -> MetricsLayer:
    return attendances.build(url, tmp_path / "definitions", drawn(1), count=60)


def ask_on(layer: MetricsLayer, day: date) -> list[object]:
    """Returns the answers to some requests as organisations stand on a day."""
    layer.organisations()
    return [layer.ask(Request((name,), as_at=day)).frame.rows() for name in NAMES]


def days_kept(layer: MetricsLayer) -> set[date]:
    """Returns the days of which something is kept."""
    holdings = layer._holdings
    keys = [*holdings._kept, *holdings._before, *holdings._making]
    return {part for key in keys if isinstance(key, tuple) for part in key if isinstance(part, date)}


def test_what_is_kept_of_days_gone_by_is_let_go(layer, url, tmp_path):
    layer.keep_cubes()
    while layer.build_cube():
        pass
    for back in range(9, -1, -1):
        day = TODAY - timedelta(days=back)
        ask_on(layer, day)
        with changing(url) as changes:
            changes.insert(table, attendances.rows(drawn(back), [1_000 + back]))
        layer.refresh()
        days = days_kept(layer)
        assert day in days
        assert min(days) >= day - timedelta(days=2), "it grows from day to day"
    again = attendances.opened(url, tmp_path / "definitions")
    for back in (0, 8):  # a day that was let go is made again
        day = TODAY - timedelta(days=back)
        assert ask_on(layer, day) == ask_on(again, day)


def test_many_threads_that_ask_for_many_days_get_the_same(layer):
    days = [TODAY - timedelta(days=back) for back in range(6)] * 4
    expected = {day: ask_on(layer, day) for day in days}
    layer._answers.clear()
    layer._holdings.forget_recent()
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda day: ask_on(layer, day), days)) == [expected[day] for day in days]


def test_who_reported_before_two_changes_is_not_taken_for_who_reports_now(layer, url, tmp_path):
    """Asked for one metric in one state and not in the next, whose flags then stay as they are."""
    layer.keep_cubes()
    while layer.build_cube():
        pass
    holdings = layer._holdings
    source = next(each for each in Layout(layer.catalogue.models["arrivals"], layer.catalogue).sources)
    before = holdings.presence(source, TODAY).periods
    later = attendances.rows(drawn(3), [2_000]).with_columns(
        arrived_at=pl.lit(datetime(2026, 4, 20, 12)),  # noqa: DTZ001
        arrived_on=pl.lit(date(2026, 4, 20)),
    )
    with changing(url) as changes:
        changes.insert(table, later)
    layer.refresh()
    layer._holdings._flags(source.model)  # as somebody who asks who reports at all
    with changing(url) as changes:
        changes.correct(table, pl.DataFrame({"attendance_id": [2_000], "age": [40]}))
    layer.refresh()
    now = layer._holdings.presence(source, TODAY).periods
    assert (max(before) < date(2026, 4, 20), max(now)) == (True, date(2026, 4, 20))
