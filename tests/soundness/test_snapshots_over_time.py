"""A level is never summed over time; a query for levels leaves the flows beside it alone.

    day       ward  site   occupied   (booked that day)
    1 April   W1    North        10
    1 April   W2    North        20
    2 April   W1    North        12
    3 April   W1    North        14

The last level of the month is 14 in all; taken for each ward first it is 14 + 20 = 34. Sums over days say 56. The mean of
each ward's days is 12 + 20 / 3 where a night without a row is an empty ward, and 12 + 20 = 32 where it was not reported.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from metrics import Grain, MetricsLayer, Request
from tests.query import daily, events

NIGHTS = events.ward_nights(
    [
        ("2026-04-01", "W1", "North", 10),
        ("2026-04-01", "W2", "North", 20),
        ("2026-04-02", "W1", "North", 12),
        ("2026-04-03", "W1", "North", 14),
    ]
)
APRIL = {"grain": Grain.MONTH, "period_from": date(2026, 4, 1), "period_to": date(2026, 4, 30)}


@pytest.fixture(scope="module")
def wards(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("wards")
    return events.build(f"duckdb:///{folder / 'w'}", {"ward_nights": NIGHTS}, folder / "definitions")


@pytest.mark.parametrize(
    ("metric", "value"), [("occupied", 14), ("occupied_by_ward", 34), ("mean_occupied_by_ward", 12 + 20 / 3)]
)
def test_a_month_shows_a_level_and_no_sum_of_levels(wards: MetricsLayer, metric: str, value: float) -> None:
    assert wards.ask(Request.of(metric, **APRIL)).frame["value"].to_list() == [pytest.approx(value)]
    assert wards.ask(Request.of(metric, by=("site",), **APRIL)).frame["value"].to_list() == [pytest.approx(value)]


def test_a_night_that_was_not_reported_is_left_out_of_the_mean(tmp_path: Path) -> None:
    told = "    title: Ward nights\n    table: ward_nights\n"
    unreported = (events.DEFINITIONS + events.METRICS).replace(told, f"{told}    absent_rows: not_reported\n")
    layer = events.build(f"duckdb:///{tmp_path / 'w'}", {"ward_nights": NIGHTS}, tmp_path / "definitions", unreported)
    assert layer.ask(Request.of("mean_occupied_by_ward", **APRIL)).frame["value"].to_list() == [32]


def test_levels_add_over_members_of_the_same_day(wards: MetricsLayer) -> None:
    day = {"grain": Grain.DAY, "period_from": date(2026, 4, 1), "period_to": date(2026, 4, 1)}
    assert wards.ask(Request.of("occupied", **day)).frame["value"].to_list() == [30]


def test_a_flow_beside_a_level_is_still_summed(tmp_path: Path) -> None:
    rows: list[daily.Row] = [
        (date(2026, 4, 1), "A", "North", 10, 1, 100),
        (date(2026, 4, 2), "A", "North", 20, 1, 90),
        (date(2026, 4, 3), "A", "North", 30, 1, 80),
    ]
    layer = daily.build(f"duckdb:///{tmp_path / 'w'}", rows, tmp_path / "definitions", lambda: date(2026, 6, 1))
    frame = layer.ask(Request.of("waiting", "booked", "missed_rate", **APRIL)).frame
    assert frame["value"].to_list() == [80, 60, pytest.approx(3 / 60)]  # a filter on the last day says 30 and 3.3 %
