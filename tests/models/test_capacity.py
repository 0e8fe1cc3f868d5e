"""Beds, staff and clinics from demand: by hand, and against a hospital that is played through patient by patient."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from models.capacity import (
    Need,
    Stays,
    beds_needed,
    clinics_needed,
    geometric_stays,
    least_capacity,
    staff_needed,
    stays_of,
)
from models.demand_paths import DemandPaths


def paths(values: np.ndarray) -> DemandPaths:
    return DemandPaths(tuple(date(2026, 1, 1) + timedelta(days=n) for n in range(values.shape[1])), values)


def test_stays_by_hand() -> None:
    found = stays_of(np.array([0, 1, 3]), np.array([2.0, 1, 1]))
    assert found.still_in.tolist() == [0.5, 0.25, 0.25, 0]
    assert found.mean_nights == 1.0
    # One in four of those in at a midnight came today, and so on: 1/2, 1/4, 1/4 of them 0, 1, 2 nights ago.
    assert found.left_of_present(4).tolist() == [0.5, 0.25, 0, 0]


@pytest.mark.parametrize("mean", [0.4, 3.0, 12.5])
def test_stays_of_which_only_the_mean_is_known_have_that_mean(mean: float) -> None:
    assert geometric_stays(mean).mean_nights == pytest.approx(mean, rel=1e-6)
    # No memory: those who are in stay on as those who came do.
    left = geometric_stays(mean).left_of_present(5)
    assert left == pytest.approx((mean / (1 + mean)) ** np.arange(1, 6), rel=1e-6)


@pytest.mark.parametrize("share", [-0.3, -0.1, 0.0, 0.1, 0.25, 0.5])
def test_a_cut_of_stays_cuts_their_mean_by_as_much(share: float) -> None:
    stays = stays_of(np.arange(40), np.round(1_000 * np.exp(-np.arange(40) / 6.0)) + (np.arange(40) == 39))
    assert stays.cut(share).mean_nights == pytest.approx(stays.mean_nights * (1 - share), rel=1e-3)


def test_in_balance_beds_stay_as_they_are() -> None:
    """Little's law: admissions a day times nights."""
    stays = geometric_stays(5.0)
    found = beds_needed(paths(np.full((4_000, 28), 40.0)), stays, share=0.5, present=100, seed=1)
    assert found.values.mean(axis=0) == pytest.approx(np.full(28, 100.0), abs=1.0)
    # A queue without limit has as many in it as a Poisson count, once those present are forgotten.
    assert found.values[:, -1].var() == pytest.approx(100, rel=0.08)


def test_the_same_as_a_hospital_played_through() -> None:
    """Mean within 1 %, spread within 6 %, and both probabilities within 0.03."""
    stays = stays_of(np.arange(25), np.array([8.0, 6, 5, 4, 4, 3, 3, 2, 2, 2, *[1.0] * 15]))
    demand = 30 + 8 * np.sin(np.arange(21) / 3.5)
    present, draws = 130, 4_000
    generator = np.random.default_rng(2)
    ended = stays.still_in
    in_house = np.zeros((draws, 21))
    left = stays.left_of_present(21)
    for draw in range(draws):
        # Each patient present stays on with the share of those like it; each who comes draws its nights.
        goes = np.searchsorted(-left, -generator.random(present), side="left")
        for day in range(21):
            in_house[draw, day] += (goes > day).sum()
        for day in range(21):
            nights = np.searchsorted(-ended, -generator.random(generator.poisson(demand[day] * 0.8)), side="left")
            for night in range(day, 21):
                in_house[draw, night] += (nights > night - day).sum()
    found = beds_needed(paths(np.tile(demand, (20_000, 1))), stays, share=0.8, present=present, seed=4)
    assert found.values.mean(axis=0) == pytest.approx(in_house.mean(axis=0), rel=0.01)
    assert found.values.std(axis=0) == pytest.approx(in_house.std(axis=0), rel=0.06)
    beds = float(np.quantile(in_house, 0.9))
    played = Need(in_house)
    assert found.exceeds(beds) == pytest.approx(played.exceeds(beds), abs=0.03)
    assert found.ever_exceeds(beds) == pytest.approx(played.ever_exceeds(beds), abs=0.03)
    assert found.days_short(beds) == pytest.approx(played.days_short(beds), rel=0.08)


def test_levers_move_the_answer_and_not_the_chance() -> None:
    demand = paths(np.full((500, 14), 50.0))
    stays = geometric_stays(4.0)
    now = beds_needed(demand, stays, share=1.0, present=200, seed=9)
    again = beds_needed(demand, stays, share=1.0, present=200, seed=9)
    shorter = beds_needed(demand, stays.cut(0.1), share=1.0, present=200, seed=9)
    fewer = beds_needed(demand, stays, share=0.9, present=200, seed=9)
    assert (now.values == again.values).all()
    assert (shorter.values.mean(axis=0) < now.values.mean(axis=0)).all()
    assert (fewer.values <= now.values).mean() > 0.99
    assert now.ever_exceeds(210) >= now.ever_exceeds(220)


def test_staff_by_hand() -> None:
    assert staff_needed(Need(np.array([[16.0, 17, 0]])), 8).values.tolist() == [[2, 3, 0]]
    with pytest.raises(ValueError, match="above 0"):
        staff_needed(Need(np.zeros((1, 1))), 0)


def test_clinics_by_hand() -> None:
    found = clinics_needed(
        paths(np.full((20_000, 2), 100.0)), appointments_each=2, missed=0.1, slots=12, rebooked=0.5, seed=3
    )
    # 100 referrals, 200 appointments, one in twenty again: 210, over 12 slots 17.5, rounded up.
    assert found.values.mean() == pytest.approx(210 / 12 + 0.5, abs=0.1)
    with pytest.raises(ValueError, match="Shares"):
        clinics_needed(paths(np.ones((1, 1))), appointments_each=1, missed=1.0, slots=1, rebooked=0, seed=1)


def test_probabilities_by_hand() -> None:
    need = Need(np.array([[10.0, 12], [9, 9], [11, 10], [13, 14]]))
    assert need.exceeds(10).tolist() == [0.5, 0.5]
    assert need.exceeds(np.array([12.0, 9])).tolist() == [0.25, 0.75]
    assert need.ever_exceeds(10) == 0.75
    assert need.days_short(10) == 1.0


def test_the_least_capacity_suffices_with_its_probability_and_one_less_does_not() -> None:
    need = Need(np.random.default_rng(1).poisson(100, (2_000, 28)).astype(float))
    found = least_capacity(need, 0.9)
    assert 1 - need.ever_exceeds(found) >= 0.9
    assert 1 - need.ever_exceeds(found - 1) < 0.9


def test_what_are_no_stays_is_refused() -> None:
    with pytest.raises(ValueError, match="never rise"):
        Stays(np.array([0.5, 0.6]))
    with pytest.raises(ValueError, match="No stay"):
        stays_of(np.array([1]), np.array([0.0]))
    with pytest.raises(ValueError, match="above 0"):
        geometric_stays(0)
    with pytest.raises(ValueError, match="less than their whole"):
        geometric_stays(3).cut(1)
