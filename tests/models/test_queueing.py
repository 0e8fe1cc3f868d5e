"""The formulae against the published worked examples, and against a queue that is played through."""

from __future__ import annotations

from math import exp, inf, isinf

import numpy as np
import pytest

from models import queueing


def test_target_list_size_worked_example() -> None:
    assert queueing.target_list_size(30, 52, 4) == 390


def test_relief_capacity_worked_example() -> None:
    assert queueing.relief_capacity(30, 1200, 390) == pytest.approx(61.1538, abs=5e-5)


def test_target_capacity_worked_examples() -> None:
    assert queueing.target_capacity(4, 52) == pytest.approx(4.0769, abs=5e-5)
    spread = queueing.target_capacity(30, 18, 4, variation_of_referrals=1.1, variation_of_removals=0.9)
    assert spread == pytest.approx(30.2244, abs=5e-5)


def test_pressure_worked_example() -> None:
    assert queueing.pressure(63, 52) == pytest.approx(2.4231, abs=5e-5)


def test_factor_of_the_standard() -> None:
    assert queueing.factor_for(0.92) == pytest.approx(2.5257, abs=5e-5)
    assert 1 - exp(-4) == pytest.approx(0.98, abs=0.002)
    assert 1 - exp(-6) == pytest.approx(0.998, abs=0.0006)


def test_list_of_the_standard_is_the_target_list_of_its_factor() -> None:
    rate = queueing.standard_rate(0.92)
    assert rate == pytest.approx(0.14032, abs=5e-6)
    assert queueing.standard_list_size(100, 0.92) == pytest.approx(100 / rate)
    assert queueing.standard_list_size(100, 0.92) == pytest.approx(
        queueing.target_list_size(100, 18, queueing.factor_for(0.92))
    )


def test_load() -> None:
    assert queueing.load(30, 40) == 0.75
    assert isinf(queueing.load(1, 0))
    assert queueing.load(0, 0) == 0


def test_weeks_to_clear() -> None:
    assert queueing.weeks_to_clear(1200, 390, 30, 60) == 27
    assert queueing.weeks_to_clear(390, 390, 30, 20) == 0
    assert queueing.weeks_to_clear(400, 390, 30, 30) == inf


def test_relief_for_the_weeks_to_clear_clears_in_those_weeks() -> None:
    removals = queueing.relief_capacity(30, 1200, 390, weeks=40)
    assert queueing.weeks_to_clear(1200, 390, 30, removals) == pytest.approx(40)


def test_a_list_is_too_long_above_twice_its_target() -> None:
    assert not queueing.is_too_long(780, 390)
    assert queueing.is_too_long(781, 390)


def test_balance_of_a_list() -> None:
    found = queueing.balance(1200, 30, 40, share=0.92)
    assert found.load == 0.75
    assert found.mean_wait == 30
    assert found.target_size == pytest.approx(213.8, abs=0.05)
    assert found.too_long
    assert found.pressure == pytest.approx(30 * 2 / 18)
    assert found.clears_in == pytest.approx((1200 - found.target_size) / 10)
    assert found.relief == pytest.approx(30 + (1200 - found.target_size) / 26)


def test_a_mean_wait_is_in_weeks_and_not_in_days() -> None:
    """A known package counts the mean wait in days against a target in weeks, so its pressure is 7 times too large."""
    days = 23.6
    assert queueing.pressure(days / 7, 18) == pytest.approx(0.3746, abs=5e-5)
    assert queueing.pressure(days, 18) == pytest.approx(2.62, abs=0.005)


def test_relief_is_called_for_at_any_demand() -> None:
    """A known package adds a margin with the dimension of demand, so that at ordinary demand relief is never due."""
    for referrals in (1.0, 30.0, 3000.0):
        target = queueing.target_list_size(referrals, 18, queueing.factor_for(0.92))
        assert queueing.is_too_long(2.1 * target, target)
        assert not queueing.is_too_long(1.9 * target, target)


def test_a_queue_at_the_capacity_that_keeps_it_has_the_target_size() -> None:
    """Random arrivals and random removals, played through event by event."""
    generator = np.random.default_rng(7)
    referrals, target_wait, factor = 10.0, 2.0, 4.0
    capacity = queueing.target_capacity(referrals, target_wait, factor)
    events = 3_000_000
    steps = np.where(generator.random(events) < referrals / (referrals + capacity), 1, -1)
    walk = np.concatenate([[0], np.cumsum(steps)])
    queue = walk - np.minimum(np.minimum.accumulate(walk), 0)
    assert queue.mean() == pytest.approx(queueing.target_list_size(referrals, target_wait, factor), rel=0.05)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: queueing.factor_for(1.0), "between 0 and 1"),
        (lambda: queueing.load(-1, 2), "Referrals must be 0 or more"),
        (lambda: queueing.relief_capacity(1, 2, 1, weeks=0), "Weeks must be above 0"),
        (lambda: queueing.pressure(1, 0), "Target wait must be above 0"),
    ],
)
def test_what_makes_no_sense_is_refused(call: object, words: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=words):
        call()
