"""Lasting changes of level: seen after a week, followed at once, and not seen where there are none."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.calendar import Frequency
from models.demand import Forecaster
from models.explain import explained
from models.level_shifts import SHIFTS, changes, continued

DAYS, AHEAD = 800, 28
FIRST = date(2023, 1, 2)
WEEK = np.array([1.0, 1.05, 1.02, 1.0, 0.98, 0.9, 0.85])
DAILY = SHIFTS[Frequency.DAILY]


def usual(days=DAYS, noise=0.03, seed=1, mean=1000.0):
    """Values of days with weekdays, without noise after the last known day."""
    lively = 1 + noise * np.random.default_rng(seed).normal(size=days)
    return mean * WEEK[np.arange(days) % 7] * lively


def ahead_of(days=DAYS, mean=1000.0):
    return mean * WEEK[(np.arange(AHEAD) + days) % 7]


def forecast(values):
    dates = [FIRST + timedelta(days=number) for number in range(len(values))]
    found = Forecaster().fit(pl.DataFrame({"series": "a", "date": dates, "value": values})).predict(AHEAD)
    return found["mean"].to_numpy(), (found["hi80"] - found["lo80"]).to_numpy()


def root(values):
    return np.sqrt(np.asarray(values, dtype=float) + 3 / 8)[:, None]


def found_in(values, how=DAILY, rare=None):
    marks = np.zeros(len(values), dtype=bool) if rare is None else rare
    return changes(root(values), marks, how).get(0, [])


@pytest.mark.parametrize("factor", [0.1, 0.5, 1.4, 2.0, 10.0])
@pytest.mark.parametrize("ago", [7, 14, 28, 60, 200])
def test_a_level_that_changed_is_the_level_of_the_forecast(factor, ago):
    values = usual()
    values[-ago:] *= factor
    mean, width = forecast(values)
    assert mean.sum() == pytest.approx(factor * ahead_of().sum(), rel=0.05)
    _, before = forecast(usual())
    # What the forecasts before the change missed by does not widen the intervals after it. The noise of a level that
    # fell is taken to fall as counts do, with the root.
    assert width.mean() < 2.5 * factor * before.mean() * max(1.0, factor**-0.5)


def test_the_week_of_a_change_is_found():
    values = usual()
    values[-40:] *= 1.5
    (begin,) = found_in(values)
    assert abs(begin - (DAYS - 40)) < 7


def test_several_changes_are_followed_each_to_the_newest_level():
    values = usual()
    values[300:] *= 1.6
    values[550:] *= 0.5
    assert found_in(values) == pytest.approx([550, 300], abs=6)
    same = continued(root(values), np.zeros(DAYS, dtype=bool), np.array([False]), DAILY)[:, 0]
    level = np.median(root(values)[550:])
    for part in (same[:290], same[310:540], same[560:]):
        assert np.median(part) == pytest.approx(level, rel=0.01)


@pytest.mark.parametrize("length", [1, 3, 5])
def test_a_few_odd_days_are_no_change(length):
    values = usual()
    values[-length:] *= 3
    assert found_in(values) == []
    values = usual()
    values[500 : 500 + length] *= 3
    assert found_in(values) == []


@pytest.mark.parametrize("weeks", [2, 6, 12])
def test_a_level_that_went_back_has_not_changed(weeks):
    values = usual()
    values[500 : 500 + 7 * weeks] *= 0.3
    assert found_in(values) == []
    mean, _ = forecast(values)
    assert mean.sum() == pytest.approx(ahead_of().sum(), rel=0.05)


def test_what_comes_back_every_year_is_the_season_and_no_change():
    values = usual()
    day = np.array([(FIRST + timedelta(days=number)).timetuple().tm_yday for number in range(DAYS)])
    values[(day >= 213) & (day < 244)] *= 0.6
    assert found_in(values) == []
    # The third August has just begun.
    longer = usual(960)
    day = np.array([(FIRST + timedelta(days=number)).timetuple().tm_yday for number in range(960)])
    longer[(day >= 213) & (day < 244)] *= 0.6
    assert found_in(longer[: 2 * 365 + 213 + 14]) == []


def test_christmas_says_nothing_of_the_level():
    values = usual()
    dates = [FIRST + timedelta(days=number) for number in range(DAYS)]
    rare = np.array([(each.month, each.day) >= (12, 20) or (each.month, each.day) <= (1, 4) for each in dates])
    until = dates.index(date(2023, 12, 31)) + 1
    values[rare] *= 0.3
    assert found_in(values[:until], rare=rare[:until]) == []


def test_quiet_series_hardly_ever_seem_to_change():
    """Slow waves, a trend, and random steps of a hundredth a day: what adaptive levels are for."""
    random = np.random.default_rng(5)
    day = np.arange(DAYS)
    wave = 1 + 0.15 * np.sin(2 * np.pi * day / 365.25)
    walk = np.exp(np.cumsum(0.01 * random.normal(size=(DAYS, 100)), axis=0))
    noisy = np.stack([usual(seed=100 + number) for number in range(200)], axis=1)
    noisy[:, :100] *= wave[:, None] * (1 + day[:, None] / 1000)
    noisy[:, 100:] *= walk
    found = changes(np.sqrt(noisy), np.zeros(DAYS, dtype=bool), DAILY)
    assert sum(number < 100 for number in found) == 0
    assert sum(number >= 100 for number in found) <= 10


def test_a_service_that_sees_few_does_not_seem_to_change_with_every_visitor():
    random = np.random.default_rng(8)
    rate = np.concatenate([np.full(400, 0.3), np.full(400, 0.6)])[:, None]
    few = random.poisson(rate, size=(DAYS, 200)).astype(float)
    found = changes(np.sqrt(few + 3 / 8), np.zeros(DAYS, dtype=bool), DAILY)
    assert len(found) <= 2


def test_the_unit_of_a_series_does_not_matter():
    values = usual()
    values[-40:] *= 1.5
    none = np.zeros(DAYS, dtype=bool)
    for unit in (1e-3, 1e3):
        assert changes(unit * np.sqrt(values)[:, None], none, DAILY) == changes(np.sqrt(values)[:, None], none, DAILY)


def test_a_series_below_nought_is_moved_by_the_difference():
    values = usual()[:, None] - 1200.0
    values[-60:] += 900.0
    moved = continued(values, np.zeros(DAYS, dtype=bool), np.array([True]), DAILY)
    assert np.median(moved[:-60]) == pytest.approx(np.median(values[-60:]), abs=30)
    assert (moved[-60:] == values[-60:]).all()


def test_gaps_stay_gaps():
    values = usual()
    values[-40:] *= 1.5
    values[100:110] = np.nan
    moved = continued(root(values), np.zeros(DAYS, dtype=bool), np.array([False]), DAILY)[:, 0]
    assert (np.isnan(moved) == np.isnan(values)).all()


@pytest.mark.parametrize(("frequency", "count"), [(Frequency.WEEKLY, 150), (Frequency.MONTHLY, 60)])
def test_weeks_and_months_that_changed_are_followed(frequency, count):
    step = "1w" if frequency is Frequency.WEEKLY else "1mo"
    dates = pl.date_range(
        date(2020, 1, 6) if step == "1w" else date(2020, 1, 1), None or date(2030, 1, 1), step, eager=True
    )
    values = 500 * (1 + 0.03 * np.random.default_rng(2).normal(size=count))
    values[-4:] *= 2
    known = pl.DataFrame({"series": "a", "date": dates[:count], "value": values})
    found = Forecaster(frequency=frequency).fit(known).predict(4)["mean"].to_numpy()
    assert found.mean() == pytest.approx(1000, rel=0.1)


def test_a_change_is_told_with_its_day_and_both_levels():
    values = usual()
    values[-60:] *= 2
    dates = [FIRST + timedelta(days=number) for number in range(DAYS)]
    found = Forecaster().fit(pl.DataFrame({"series": "a", "date": dates, "value": values})).forecast(AHEAD)
    (note,) = found.notes["a"]
    assert note.startswith("Its level changed about ")
    now, then = (float(note.split(word)[1].split()[0].strip(":").replace(",", "")) for word in (" to ", "from "))
    assert [now, then] == pytest.approx([2000, 1000], rel=0.1)
    assert not Forecaster().fit(pl.DataFrame({"series": "a", "date": dates, "value": usual()})).forecast(AHEAD).notes


def test_the_level_that_explains_a_forecast_is_that_of_now():
    values = usual()
    values[-60:] *= 2
    dates = [FIRST + timedelta(days=number) for number in range(DAYS)]
    fitted = Forecaster().fit(pl.DataFrame({"series": "a", "date": dates, "value": values}))
    mean = fitted.predict(AHEAD)["mean"].to_numpy()[:, None]
    parts = explained(fitted.panels[0], mean, fitted.holidays)
    assert parts["level"].mean() == pytest.approx(2 * 970, rel=0.1)
    assert abs(parts["recent"].mean()) < 100


def opened(ago, seed=1, days=900):
    """A service that sees about 100 a day since it opened, and nobody before."""
    values = np.random.default_rng(seed).poisson(100 * WEEK[np.arange(days) % 7]).astype(float)
    values[: days - ago] = 0
    return values


@pytest.mark.parametrize("ago", [10, 20, 30, 45, 60])
def test_a_service_that_opened_lately_has_intervals_of_its_own_spread(ago):
    """Nothing was forecast and nothing came while it was closed: that is no record."""
    held = []
    for seed in range(6):
        mean, width = forecast(opened(ago, seed))
        assert mean.mean() == pytest.approx(100 * WEEK.mean(), rel=0.15)
        assert (width > 10).all()
        held.append(np.abs(100 * WEEK[(np.arange(AHEAD) + 900) % 7] - mean) < width / 2)
    assert np.mean(held) > 0.8


@pytest.mark.parametrize("rate", [0.5, 1.2, 2.0])
def test_counts_of_one_or_two_do_not_change_with_every_whole_number(rate):
    few = np.random.default_rng(1).poisson(rate, size=(900, 100)).astype(float)
    assert len(changes(np.sqrt(few + 3 / 8), np.zeros(900, dtype=bool), DAILY)) <= 2


@pytest.mark.parametrize(("frequency", "count", "ago"), [(Frequency.MONTHLY, 60, 12), (Frequency.WEEKLY, 150, 20)])
def test_the_week_or_month_of_a_change_is_found(frequency, count, ago):
    right = 0
    for seed in range(20):
        values = np.random.default_rng(seed).poisson(700, count).astype(float)
        values[-ago:] *= 2
        right += found_in(values, SHIFTS[frequency]) == [count - ago]
    assert right >= 19


@pytest.mark.parametrize("length", [6, 7, 14])
def test_a_closure_of_days_is_not_the_end_of_a_service(length):
    values = usual()
    values[-length:] = 0
    assert found_in(values) == []


def test_what_went_and_came_back_before_may_come_back_again():
    values = usual()
    for start in (200, 350, 500, 650, DAYS - 7):
        values[start : start + 7] *= 0.3
    assert found_in(values) == []


def test_days_on_which_a_new_service_was_never_open_are_not_closed():
    dates = [FIRST + timedelta(days=number) for number in range(900)]
    found = Forecaster().fit(pl.DataFrame({"series": "a", "date": dates, "value": opened(5)})).forecast(AHEAD)
    assert not any("Only 0" in note for note in found.notes.get("a", ()))
