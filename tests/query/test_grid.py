"""Rows find their cell: periods by number, members in the order of their texts, and what is missing stays missing."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from metrics.query import grid
from metrics.query.grid import Amounts, Grid, Members, Places
from metrics.query.periods import HOURS, hour_column


def test_periods_have_the_place_they_were_given_and_all_others_none():
    months = pl.Series([date(2026, 1, 1), date(2026, 2, 1), date(2026, 4, 1)])
    places = Places.of(months, np.array([0, 1, 2]))
    asked = pl.Series([date(2026, 4, 1), date(2026, 3, 1), date(2026, 1, 2), date(2025, 1, 1), date(2027, 1, 1)])
    assert places.at(asked).tolist() == [2, -1, -1, -1, -1]
    assert places.at(months).tolist() == [0, 1, 2]
    assert Places.of(pl.Series([], dtype=pl.Date), np.array([], dtype=np.int64)).at(asked).tolist() == [-1] * 5


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_hours_of_days_on_which_the_clocks_change_are_told_apart(day: date):
    hours = hour_column(day, day)
    assert hours.dtype == HOURS
    places = Places.of(hours, np.arange(hours.len()))
    assert places.at(hours).tolist() == list(range(23 if day.month == 3 else 25))
    before = pl.Series([datetime.combine(day - timedelta(days=1), datetime.min.time())], dtype=pl.Datetime("us"))
    assert places.at(before.dt.replace_time_zone("Europe/London")).tolist() == [-1]


ROWS = pl.DataFrame(
    {"mode": ["other", "foot", None, "other"], "site": ["b", "é", "a", "a"]},
    schema={"mode": pl.String, "site": pl.String},
)


@pytest.mark.parametrize("most", [1 << 16, -1], ids=["in a table", "searched for"])
@pytest.mark.parametrize("kind", [pl.String(), pl.Enum(["a", "b", "foot", "other", "é"])], ids=["texts", "enum"])
def test_members_are_those_that_stand_in_the_order_that_sorting_gives(kind, most, monkeypatch):
    monkeypatch.setattr(grid, "_TABLE", most)
    by = ("mode", "site")
    rows = pl.concat([ROWS] * 2).select(pl.all().cast(kind))
    members, numbers = Members.of(rows, by, {})
    expected = ROWS.unique().sort(by)
    assert members.frame.equals(expected)
    assert members.frame[numbers].equals(pl.concat([ROWS] * 2))
    assert members.numbers(rows[::-1]).tolist() == numbers[::-1].tolist()
    assert members.numbers(ROWS[1:3].cast(pl.String)).tolist() == numbers[1:3].tolist()


@pytest.mark.parametrize("kind", [pl.String(), pl.Enum(["foot", "other"])], ids=["texts", "enum"])
def test_what_a_filter_names_is_a_member_without_rows(kind):
    members, numbers = Members.of(ROWS.select(pl.col("mode").cast(kind)), ("mode",), {"mode": ("car", "foot")})
    assert members.frame["mode"].to_list() == [None, "car", "foot", "other"]
    assert numbers.tolist() == [3, 2, 0, 3]
    both, _ = Members.of(ROWS, ("mode", "site"), {"mode": ("car",)})
    assert "car" not in both.frame["mode"]


def test_without_dimensions_there_is_one_member_and_without_rows_none():
    whole, numbers = Members.of(ROWS, (), {})
    assert (whole.count, numbers.tolist()) == (1, [0, 0, 0, 0])
    none, _ = Members.of(ROWS.clear(), ("site",), {})
    assert (none.count, none.frame.schema) == (0, {"site": pl.String})


def test_a_sum_of_what_nobody_reported_is_not_known():
    laid = Grid(np.array([0, 0, 1, 2, -1, 2]), 4)
    found = laid.added_up(pl.Series([1.0, 2.0, None, None, 50.0, 4.0]))
    assert laid.stands.tolist() == [True, True, True, False]
    shown = found.column("value", np.array([True, True, True, True]))
    assert shown.to_list() == [3.0, None, 4.0, None]
    assert found.column("value", np.array([False, True, True, True])).to_list() == [None, None, 4.0, None]
    assert found.with_zero(~laid.stands).column("value", np.full(4, fill_value=True)).to_list() == [3.0, None, 4.0, 0.0]


def test_a_number_divided_by_nothing_is_missing_and_nothing_divided_is_0():
    def of(*numbers: float | None) -> Amounts:
        return Grid(np.arange(4), 4).added_up(pl.Series(numbers, dtype=pl.Float64))

    share = of(0, 3, 3, None).over(of(4, 0, 4, 4))
    assert share.column("value", np.full(4, fill_value=True)).to_list() == [0.0, None, 0.75, None]


def test_sums_of_no_rows_are_numbers():
    found = Grid(np.array([], dtype=np.int64), 2).added_up(pl.Series([], dtype=pl.Float64))
    assert found.column("value", np.full(2, fill_value=True)).to_list() == [None, None]
    assert found.values.dtype == np.float64
