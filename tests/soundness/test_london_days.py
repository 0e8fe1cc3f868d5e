"""Days are those of Europe/London over UTC instants, 23 and 25 hours long when the clocks change.

UTC                  London                    day
2026-03-28 23:30     23:30 GMT on the 28th     28 March
2026-03-29 22:59     23:59 BST on the 29th     29 March
2026-03-29 23:00     00:00 BST on the 30th     30 March   (by UTC, and by 24 hours a day: the 29th)
2026-10-25 00:30     01:30 BST on the 25th     25 October
2026-10-25 01:30     01:30 GMT on the 25th     25 October (the same hour of the clock, another hour)
2026-10-25 23:30     23:30 GMT on the 25th     25 October (25 hours after midnight less half an hour)
2026-12-31 23:30     23:30 GMT on the 31st     2026
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from metrics import Grain, MetricsLayer, Request
from tests.query import events

MOMENTS = [
    "2026-03-28T23:30:00",
    "2026-03-29T22:59:00",
    "2026-03-29T23:00:00",
    "2026-10-25T00:30:00",
    "2026-10-25T01:30:00",
    "2026-10-25T23:30:00",
    "2026-12-31T23:30:00",
]
VISITS = events.visits([(number, number, at, "A", 0, 0) for number, at in enumerate(MOMENTS)])


def _layer(url: str, folder: Path) -> MetricsLayer:
    return events.build(url, {"visits": VISITS}, folder, today=lambda: date(2027, 3, 1))


@pytest.fixture(scope="module")
def on_duckdb(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("london")
    return _layer(f"duckdb:///{folder / 'warehouse'}", folder / "definitions")


def _check(layer: MetricsLayer) -> None:
    for metric in ("visits", "day_visits"):  # of a model by the hour, and of one by the day
        frame = layer.ask(Request.of(metric, grain=Grain.DAY)).frame.filter(pl.col("value") > 0)
        assert dict(frame.select("period", "value").iter_rows()) == {
            date(2026, 3, 28): 1, date(2026, 3, 29): 1, date(2026, 3, 30): 1, date(2026, 10, 25): 3,
            date(2026, 12, 31): 1,
        }  # fmt: skip
    hours = layer.ask(
        Request.of("visits", grain=Grain.HOUR, period_from=date(2026, 10, 25), period_to=date(2026, 10, 25))
    ).frame
    assert hours["value"].to_list() == [0, 1, 1, *[0] * 21, 1]
    assert Counter(hour.hour for hour in hours["period"])[1] == 2


def test_duckdb_knows_the_days_of_london(on_duckdb: MetricsLayer) -> None:
    _check(on_duckdb)


@pytest.mark.postgresql
def test_postgresql_knows_the_days_of_london(new_database: Callable[[], str], tmp_path: Path) -> None:
    _check(_layer(new_database(), tmp_path))


def test_the_days_of_a_month_are_those_of_the_clock(on_duckdb: MetricsLayer) -> None:
    march = {"period_from": date(2026, 3, 1), "period_to": date(2026, 3, 31)}
    by_hour = on_duckdb.ask(Request.of("visits", grain=Grain.HOUR, **march)).frame
    assert by_hour.height == 31 * 24 - 1
    for grain in (Grain.DAY, Grain.MONTH):
        assert on_duckdb.ask(Request.of("visits", grain=grain, **march)).frame["value"].sum() == by_hour["value"].sum()
