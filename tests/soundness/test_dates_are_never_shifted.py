"""A DATE is a day, wherever the server and the reader are: it never moves to the day before or after.

    sheet   31 March 2026   booked 7
            1 April 2026    booked 5

East of UTC (Auckland is 13 hours ahead) tools that turn a DATE into an instant show 30 and 31 March; west of it others
show 31 March for 1 April, which moves it into the financial year before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from metrics import Grain, MetricsLayer, Request
from tests.query import daily

ROWS: list[daily.Row] = [
    (date(2026, 3, 31), "A", "North", 7, 0, None),
    (date(2026, 4, 1), "A", "North", 5, 0, None),
]
ZONES = ["Pacific/Auckland", "America/Los_Angeles", "UTC"]


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The time zone of the machine."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def _check(layer: MetricsLayer) -> None:
    days = layer.ask(Request.of("booked", grain=Grain.DAY)).frame
    assert days.select("period", "value").rows() == [(date(2026, 3, 31), 7), (date(2026, 4, 1), 5)]
    years = layer.ask(Request.of("booked", grain=Grain.FINANCIAL_YEAR)).frame
    assert years.select("period", "value").rows() == [(date(2025, 4, 1), 7), (date(2026, 4, 1), 5)]
    one = Request.of("booked", grain=Grain.DAY, period_from=date(2026, 4, 1), period_to=date(2026, 4, 1))
    assert layer.ask(one).frame["value"].to_list() == [5]


def test_a_day_is_that_day_on_any_machine(zone: str, tmp_path: Path) -> None:
    assert zone in ZONES
    _check(daily.build(f"duckdb:///{tmp_path / 'w'}", ROWS, tmp_path / "definitions", lambda: date(2026, 6, 1)))


@pytest.mark.postgresql
def test_and_on_a_server_of_any_zone(zone: str, new_database: Callable[[], str], tmp_path: Path) -> None:
    url = new_database()
    daily.build(url, ROWS, tmp_path, lambda: date(2026, 6, 1))
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"alter database {engine.url.database} set timezone to '{zone}'"))
    engine.dispose()
    _check(MetricsLayer.open(url, definitions=tmp_path, today=lambda: date(2026, 6, 1)))
