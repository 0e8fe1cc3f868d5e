from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.reconcile import (
    Hierarchy,
    HierarchyError,
    LevelByLevel,
    reconciled,
    reconciled_paths,
    shrunk_covariance,
)

TREE = {"England": None, "North": "England", "South": "England", "a": "North", "b": "North", "c": "South"}


def test_a_tree_becomes_sums_of_its_leaves() -> None:
    found = Hierarchy.of(TREE)
    assert found.nodes == ("England", "North", "South", "a", "b", "c")
    assert found.leaves == ("a", "b", "c")
    np.testing.assert_array_equal(found.summing, [[1, 1, 1], [1, 1, 0], [0, 0, 1], *np.eye(3)])


@pytest.mark.parametrize(
    ("parents", "message"),
    [
        ({"a": "nobody"}, "'nobody' is a parent and no node"),
        ({"a": "b", "b": "a"}, "its own ancestor"),
        ({"leaf": "a", "a": "b", "b": "a"}, "'leaf' has no top"),
    ],
)
def test_what_is_no_tree_is_refused(parents: dict[str, str | None], message: str) -> None:
    with pytest.raises(HierarchyError, match=message):
        Hierarchy.of(parents)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_forecasts_add_up_and_coherent_ones_stay(seed: int) -> None:
    random = np.random.default_rng(seed)
    tree = Hierarchy.of(TREE)
    covariance, _ = shrunk_covariance(random.normal(0, 1, (30, 6)) * random.uniform(1, 20, 6))
    base = random.uniform(50, 500, (4, 7, 6))
    found = reconciled(base, tree, covariance)
    np.testing.assert_allclose(found, found[..., -3:] @ tree.summing.T, atol=1e-6)
    np.testing.assert_allclose(reconciled(found, tree, covariance), found, atol=1e-6)


def test_by_hand_with_equal_and_independent_errors() -> None:
    """One parent of two: 10 against 4 + 3. The gap of 3 is shared out in thirds: 9 = 5 + 4."""
    tree = Hierarchy.of({"all": None, "x": "all", "y": "all"})
    found = reconciled(np.array([10.0, 4.0, 3.0]), tree, np.eye(3))
    np.testing.assert_allclose(found, [9, 5, 4], atol=1e-6)


def test_leaves_of_next_to_nothing_keep_their_forecasts() -> None:
    tree = Hierarchy.of({"all": None, "x": "all", "tiny": "all"})
    found = reconciled(np.array([100.0, 0.3, 90.0]), tree, np.eye(3))
    # What is left of the parent, 99.7, and 90 meet half-way.
    np.testing.assert_allclose(found, [95.15, 0.3, 94.85], atol=1e-6)


def test_no_leaf_is_below_nought_and_all_still_adds_up() -> None:
    tree = Hierarchy.of({"all": None, "x": "all", "y": "all"})
    found = reconciled(np.array([1.0, 30.0, 2.0]), tree, np.diag([1e-3, 1.0, 1e3]))
    assert (found >= 0).all()
    assert found[0] == pytest.approx(found[1] + found[2], abs=1e-9)


def test_the_shrunk_covariance_of_schaefer_and_strimmer() -> None:
    """Against the formula, term by term."""
    random = np.random.default_rng(5)
    errors = random.normal(0, 1, (12, 4)) @ random.normal(0, 1, (4, 4))
    found, share = shrunk_covariance(errors)
    count = len(errors)
    standard = errors / np.sqrt((errors**2).mean(axis=0))
    over = under = 0.0
    for i in range(4):
        for j in range(4):
            if i != j:
                products = standard[:, i] * standard[:, j]
                over += count / (count - 1) ** 3 * ((products - products.mean()) ** 2).sum()
                under += products.mean() ** 2
    assert share == pytest.approx(min(1, over / under))
    plain = errors.T @ errors / count
    np.testing.assert_allclose(np.diag(found), np.diag(plain))
    assert found[0, 1] == pytest.approx((1 - share) * plain[0, 1])


def test_reconciling_helps_where_the_parent_is_the_better_forecast() -> None:
    random = np.random.default_rng(2)
    tree = Hierarchy.of({"all": None, **{f"leaf{n}": "all" for n in range(5)}})
    truth = random.uniform(80, 120, (200, 5)) @ tree.summing.T
    errors = random.normal(0, 1, (200, 6)) * np.array([2.0, 8, 8, 8, 8, 8])
    covariance, _ = shrunk_covariance(errors[:100])
    base = truth[100:] + errors[100:]
    found = reconciled(base, tree, covariance)
    missed, before = np.abs(found - truth[100:]).mean(axis=0), np.abs(base - truth[100:]).mean(axis=0)
    assert missed[0] <= before[0] * 1.02
    assert missed[1:].mean() < before[1:].mean()


def test_a_covariance_from_many_rows_is_still_drawn_in_a_little() -> None:
    """Ten thousand rows of two nodes that err alike: their covariance is known, and a tenth is taken off."""
    alike = np.repeat(np.random.default_rng(6).normal(0, 2, (10_000, 1)), 2, axis=1)
    found, share = shrunk_covariance(alike)
    assert share == 0.1
    assert found[0, 1] == pytest.approx(0.9 * found[0, 0])
    assert found[0, 0] == pytest.approx((alike[:, 0] ** 2).mean())


def test_paths_are_reconciled_by_what_the_others_miss_by_and_add_up() -> None:
    """Eight errors and their mirrors: the first four of each are reconciled by the last four, and the other way."""
    random = np.random.default_rng(4)
    tree = Hierarchy.of(TREE)
    once = random.normal(0, 5, (8, 3, 6)) * np.array([9, 5, 5, 1, 4, 2])
    base = random.uniform(300, 500, (3, 6))
    paths = base + np.concatenate([once, -once])
    found = reconciled_paths(paths, tree)
    np.testing.assert_allclose(found, found[..., -3:] @ tree.summing.T, atol=1e-6)
    for half, other in ((slice(0, 4), slice(4, 8)), (slice(4, 8), slice(0, 4))):
        learnt, _ = shrunk_covariance(np.concatenate([once[other], -once[other]]).reshape(-1, 6))
        np.testing.assert_allclose(found[:8][half], reconciled(paths[:8][half], tree, learnt), rtol=1e-9)
        np.testing.assert_allclose(found[8:][half], reconciled(paths[8:][half], tree, learnt), rtol=1e-9)


def test_too_few_paths_cannot_be_reconciled_by_each_other() -> None:
    tree = Hierarchy.of({"all": None, "x": "all", "y": "all"})
    with pytest.raises(ValueError, match="at least 4 are needed, and there are 2"):
        reconciled_paths(np.ones((2, 3, 3)), tree)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), level=st.sampled_from([0.0, 2.0, 300.0]))
def test_level_by_level_adds_up_stays_and_is_never_below_nought(seed: int, level: float) -> None:
    random = np.random.default_rng(seed)
    tree = Hierarchy.of(TREE)
    errors = np.where(random.uniform(0, 1, (40, 6)) < 0.2, np.nan, random.normal(0, 1, (40, 6)))
    learnt = LevelByLevel.of(tree, errors * random.uniform(1, 20, 6), np.ones(6))
    found = learnt.reconciled(np.maximum(random.normal(level, 40, (9, 6)), 0.0))
    np.testing.assert_allclose(found, found[..., -3:] @ tree.summing.T, atol=1e-9)
    assert (found >= 0).all()
    np.testing.assert_allclose(learnt.reconciled(found), found, atol=1e-9)


def test_level_by_level_by_hand() -> None:
    """The parent misses by 1, -1, and its children's sum by 3, -3: its own forecast is the better by far and stays.

    The other way about, half of the way to the sum is gone (`LEARNT`), and children share by variance, 1 to 4.
    """
    tree = Hierarchy.of({"all": None, "x": "all", "y": "all"})
    good = LevelByLevel.of(tree, np.array([[1.0, 1, 2], [-1, -1, -2]]), np.ones(3))
    np.testing.assert_allclose(good.reconciled(np.array([[20.0, 4, 6]])), [[20, 6, 14]])
    bad = LevelByLevel.of(tree, np.array([[9.0, 1, 2], [-9, -1, -2]]), np.ones(3))
    np.testing.assert_allclose(bad.reconciled(np.array([[20.0, 4, 6]])), [[15, 5, 10]])


def test_level_by_level_is_no_worse_than_its_parts_where_few_errors_overlap() -> None:
    """Forty leaves that err together, and twelve periods to learn from: the parent keeps what it was good at."""
    random = np.random.default_rng(11)
    tree = Hierarchy.of({"all": None, **{f"leaf{n}": "all" for n in range(40)}})
    shared, own = random.normal(0, 3, (212, 1)), random.normal(0, 5, (212, 40))
    truth = random.uniform(80, 120, (212, 40)) @ tree.summing.T
    errors = np.hstack([random.normal(0, 40, (212, 1)), shared + own])
    learnt = LevelByLevel.of(tree, errors[:12], np.ones(41))
    base = truth[12:] - errors[12:]
    missed, before = (np.abs(each - truth[12:]).mean(axis=0) for each in (learnt.reconciled(base), base))
    assert missed[0] < before[0]
    assert missed[1:].mean() < before[1:].mean() * 1.01
