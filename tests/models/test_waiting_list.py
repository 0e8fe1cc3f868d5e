"""The list carried forward: what must always hold, by hand, and against patients played through one by one."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from models.queueing import standard_list_size
from models.waiting_list import (
    BANDS,
    Flows,
    Levers,
    Start,
    capacity_needed,
    project,
)
from tests.models.patients import played

ON = date(2026, 1, 31)


def start(waiting: np.ndarray, **more: object) -> Start:
    return Start(ON, waiting, more.pop("pattern", np.ones(BANDS)), **more)


def steady(referrals: float, treatments: float, weeks: int, draws: int = 1) -> Flows:
    return Flows(np.full((draws, weeks), referrals), np.full((draws, weeks), treatments))


def aged(size: float, mean: float) -> np.ndarray:
    waiting = np.exp(-np.arange(BANDS) / mean)
    return waiting * size / waiting.sum()


def test_a_week_by_hand() -> None:
    waiting = np.zeros(BANDS)
    waiting[[0, 17, 60]] = 10, 20, 30
    found = project(start(waiting, other_stops=0.1), steady(5, 6, 1))
    # A week older: 5 new, 10 of one week, 20 of 18, 30 of 61. A tenth leaves, of the new, there for half the week, half
    # as many; of 4.75 + 54 are 6 treated, the new half as readily as the others.
    others = 1 - 6 / (4.75 / 2 + 54)
    new = 1 - 3 / (4.75 / 2 + 54)
    assert found.size[0].tolist() == [60, pytest.approx(58.75 - 6)]
    assert found.within[0].tolist() == [30, pytest.approx(4.75 * new + 9 * others)]
    assert found.long[0].tolist() == [30, pytest.approx(27 * others)]
    assert found.removed[0].tolist() == [0, pytest.approx(6.25 + 6)]
    assert found.day(1) == date(2026, 2, 7)


def test_the_longest_waits_go_first_where_that_is_the_rule() -> None:
    waiting = np.zeros(BANDS)
    waiting[[3, 50, 104]] = 10, 20, 4
    found = project(start(waiting, longest_first=1.0), steady(0, 9, 1))
    assert found.size[0, 1] == 25
    assert found.within[0, 1] == 10
    assert found.long[0, 1] == 0


def test_extra_treatments_take_the_longest_waits_and_fewer_take_from_the_usual() -> None:
    waiting = np.zeros(BANDS)
    waiting[[3, 60]] = 50, 50
    usual = project(start(waiting), steady(0, 10, 1))
    more = project(start(waiting), steady(0, 10, 1), Levers(extra=10))
    fewer = project(start(waiting), steady(0, 10, 1), Levers(extra=-4))
    assert (usual.within[0, 1], usual.long[0, 1]) == (45, 45)
    assert (more.within[0, 1], more.long[0, 1]) == (45, 35)
    assert (fewer.within[0, 1], fewer.long[0, 1]) == (47, 47)


def test_levers_hold_from_their_week_on() -> None:
    levers = Levers(referrals=2, from_week=2)
    found = project(start(np.zeros(BANDS)), steady(10, 0, 4), levers)
    assert found.size[0].tolist() == [0, 10, 20, 40, 60]


def test_pathways_are_neither_made_nor_lost() -> None:
    generator = np.random.default_rng(3)
    flows = Flows(generator.uniform(0, 60, (50, 40)), generator.uniform(0, 80, (50, 40)))
    found = project(start(aged(400, 20), other_stops=0.01, longest_first=0.3), flows, Levers(extra=7))
    before = found.size[:, :-1] + flows.referrals
    np.testing.assert_allclose(before - found.removed[:, 1:], found.size[:, 1:], atol=1e-9)
    assert (found.size >= 0).all()
    assert (found.within + found.long <= found.size + 1e-9).all()


def test_nobody_is_treated_who_does_not_wait() -> None:
    found = project(start(aged(100, 20)), steady(5, 1_000, 3))
    assert found.size[0].tolist() == [pytest.approx(100), 0, 0, 0]
    assert found.share[0, 1:].tolist() == [1, 1, 1]


def test_treatments_that_find_nobody_of_their_pattern_go_to_the_longest_waits() -> None:
    waiting, pattern = np.zeros(BANDS), np.zeros(BANDS)
    waiting[[2, 80]], pattern[3] = 5, 1
    found = project(start(waiting, pattern=pattern), steady(0, 8, 1))
    assert found.within[0, 1] == 0
    assert found.long[0, 1] == pytest.approx(2)


def test_a_list_in_balance_has_the_size_and_share_of_the_formula() -> None:
    """Removal by chance alone gives exponential waits: the size of 92 in 100 within 18 weeks gives that share."""
    referrals = 100.0
    size = standard_list_size(referrals, 0.92)
    found = project(start(aged(size, 5)), steady(referrals, referrals, 200))
    assert found.size[0, -1] == pytest.approx(size, rel=1e-9)
    # Weeks are whole here and continuous there.
    assert found.share[0, -1] == pytest.approx(0.92, abs=0.002)


@pytest.mark.parametrize(
    ("longest_first", "other_stops", "treatments"), [(0.0, 0.0, 21.0), (0.4, 0.01, 19.0), (1.0, 0.02, 15.0)]
)
def test_the_same_as_patients_played_through(longest_first: float, other_stops: float, treatments: float) -> None:
    """Mean size within 2 %, mean share within a point, spread within a fifth, and a probability within 0.1.

    400 played lists have a standard error of at most 0.025 in a probability.
    """
    pattern = np.where(np.arange(BANDS) < 6, 2.0, 1.0)
    waiting = np.round(aged(420, 22))
    weeks, plays, draws = 30, 400, 4_000
    generator = np.random.default_rng(11)
    ends = np.array(
        [
            played(waiting, pattern, referrals=20, treatments=treatments, weeks=weeks, other_stops=other_stops,
                   longest_first=longest_first, generator=generator)
            for _ in range(plays)
        ]
    )  # fmt: skip
    flows = Flows(
        generator.poisson(20, (draws, weeks)).astype(float), generator.poisson(treatments, (draws, weeks)).astype(float)
    )
    found = project(start(waiting, pattern=pattern, other_stops=other_stops, longest_first=longest_first), flows)
    size, share = ends[:, 0], ends[:, 1] / ends[:, 0]
    assert found.size[:, -1].mean() == pytest.approx(size.mean(), rel=0.02)
    assert found.share[:, -1].mean() == pytest.approx(share.mean(), abs=0.01)
    assert found.size[:, -1].std() == pytest.approx(size.std(), rel=0.2)
    standard = float(np.median(found.share[:, -1])) - 0.01
    assert found.meets(standard)[-1] == pytest.approx((share >= standard).mean(), abs=0.1)


def test_the_capacity_needed_is_the_least_that_meets_the_target() -> None:
    generator = np.random.default_rng(5)
    flows = Flows(generator.poisson(100, (300, 52)).astype(float), generator.poisson(95, (300, 52)).astype(float))
    held = start(aged(3_000, 25))
    found = capacity_needed(held, flows, Levers(from_week=10), share=0.8, week=50, probability=0.8)
    cut = Flows(flows.referrals[:, :50], flows.treatments[:, :50])

    def met(extra: float) -> float:
        return float(project(held, cut, Levers(extra=extra, from_week=10)).meets(0.8)[-1])

    assert found.without == met(0) < 0.8
    assert found.probability == met(found.extra) >= 0.8
    assert met(found.extra - 2 * 0.005 * 95) < 0.8


def test_no_capacity_is_needed_where_the_target_is_met() -> None:
    found = capacity_needed(start(aged(300, 4)), steady(50, 50, 10), Levers(), share=0.9, week=10, probability=0.9)
    assert (found.extra, found.probability, found.without) == (0, 1, 1)


def test_a_target_that_no_capacity_meets_is_told_so() -> None:
    """All of the extra goes to those of less than 18 weeks, and the change comes too late."""
    waiting, pattern = np.zeros(BANDS), np.zeros(BANDS)
    waiting[40], pattern[:18] = 500, 1
    late = Levers(extra_longest_first=0.0, from_week=20)
    found = capacity_needed(
        start(waiting, pattern=pattern), steady(10, 0, 20), late, share=0.9, week=20, probability=0.8
    )
    assert found.extra == float("inf")


def test_more_capacity_never_lowers_the_share_when_the_longest_go_first() -> None:
    flows = steady(40, 35, 40)
    shares = [project(start(aged(1_500, 25)), flows, Levers(extra=extra)).share[0, -1] for extra in range(0, 60, 10)]
    assert shares == sorted(shares)
    assert shares[-1] > shares[0]


def test_what_is_no_list_is_refused() -> None:
    with pytest.raises(ValueError, match="must be 105 numbers"):
        start(np.ones(104))
    with pytest.raises(ValueError, match="must be alike"):
        Flows(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(ValueError, match="Shares"):
        start(np.ones(BANDS), longest_first=1.1)
