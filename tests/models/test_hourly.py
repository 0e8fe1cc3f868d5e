"""What is expected of an hour or a day: the same weekday of the weeks before, and nothing else."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from models.hourly import expected_by_hour, expected_of_day, first_day_needed

LONDON = ZoneInfo("Europe/London")
DAY = date(2026, 7, 8)  # a Wednesday, of whose last 13 weeks none has a bank holiday


def hours(values: dict[date, float], hour: int = 9) -> pl.DataFrame:
    periods = [datetime(day.year, day.month, day.day, hour, tzinfo=LONDON) for day in values]
    return pl.DataFrame(
        {"period": periods, "value": list(values.values())},
        schema={"period": pl.Datetime("us", "Europe/London"), "value": pl.Float64},
    )


def weeks_before(day: date, count: int) -> list[date]:
    return [day - timedelta(weeks=back) for back in range(1, count + 1)]


def test_mean_and_interval_are_those_of_the_thirteen_weeks_before():
    history = hours(dict(zip(weeks_before(DAY, 13), range(1, 14), strict=True)))
    found = expected_by_hour(history, DAY)
    # Of 1 to 13 in order, places 0.1 x 14 and 0.9 x 14.
    assert found.rows() == [(9, 7.0, pytest.approx(1.4), pytest.approx(12.6), 13)]


def test_other_weekdays_older_weeks_and_the_day_itself_are_not_read():
    alike = dict.fromkeys(weeks_before(DAY, 13), 5.0)
    others = {
        DAY - timedelta(days=1): 900.0,
        DAY: 900.0,
        DAY + timedelta(weeks=1): 900.0,
        DAY - timedelta(weeks=14): 900.0,
    }
    assert expected_by_hour(hours(alike | others), DAY).equals(expected_by_hour(hours(alike), DAY))


@pytest.mark.parametrize(("held", "rows"), [(7, 0), (8, 1)])
def test_less_than_eight_weeks_say_nothing(held, rows):
    history = hours(dict.fromkeys(weeks_before(DAY, held), 5.0))
    assert expected_by_hour(history, DAY).height == rows


def test_what_is_not_known_is_not_zero():
    history = hours(dict.fromkeys(weeks_before(DAY, 13), 4.0)).with_columns(
        value=pl.when(pl.int_range(pl.len()) < 3).then(None).otherwise("value")
    )
    assert expected_by_hour(history, DAY).rows() == [(9, 4.0, 4.0, 4.0, 10)]


def test_a_bank_holiday_is_like_no_other_monday_and_no_pattern_for_one():
    may_day, after = date(2026, 5, 4), date(2026, 5, 11)
    history = hours(dict.fromkeys(weeks_before(may_day, 13), 5.0))
    assert expected_by_hour(history, may_day).is_empty()
    with_holidays = {day: 500.0 if day in (may_day, date(2026, 4, 6)) else 5.0 for day in weeks_before(after, 13)}
    assert expected_by_hour(hours(with_holidays), after).rows() == [(9, 5.0, 5.0, 5.0, 11)]


def test_the_interval_holds_eighty_of_a_hundred_new_values():
    draws = np.random.default_rng(11).poisson(6.0, size=(2_000, 14)).astype(float)
    inside = 0.0
    for row in draws:
        found = expected_of_day(pl.DataFrame({"period": weeks_before(DAY, 13), "value": row[:13]}), DAY).row(
            0, named=True
        )
        # A count on an edge is half inside: counts are no continuous values.
        inside += 0.5 * (found["low"] <= row[13] <= found["high"]) + 0.5 * (found["low"] < row[13] < found["high"])
    assert 0.77 < inside / len(draws) < 0.83


def test_the_autumn_night_with_two_one_o_clocks_counts_both():
    day = date(2026, 11, 1)  # a Sunday; the clocks went back on 25 October
    first = [datetime(d.year, d.month, d.day, 1, tzinfo=LONDON) for d in weeks_before(day, 13)]
    again = datetime(2026, 10, 25, 1, fold=1, tzinfo=LONDON)
    history = pl.DataFrame(
        {"period": [*first, again], "value": [2.0] * 14},
        schema={"period": pl.Datetime("us", "Europe/London"), "value": pl.Float64},
    )
    assert expected_by_hour(history, day)["values"].to_list() == [14]


def test_the_first_day_needed_is_the_oldest_that_is_read():
    oldest = first_day_needed(DAY)
    history = hours(dict.fromkeys(weeks_before(DAY, 13), 5.0))
    assert expected_by_hour(history.filter(pl.col("period").dt.date() >= oldest), DAY)["values"].item() == 13
