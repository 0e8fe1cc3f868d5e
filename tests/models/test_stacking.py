from __future__ import annotations

import numpy as np
import pytest

from models.stacking import Candidates, Weighing, by_record, direct, lessons

HOW = Weighing(pseudo_periods=10, sharpness=50, periods=7)


def candidates(values: np.ndarray, spread: float = 1.0) -> Candidates:
    """Horizon x candidates x series."""
    return Candidates(values, np.full(values.shape[2], spread))


def test_without_a_record_all_candidates_count_alike() -> None:
    values = np.array([1.0, 2.0, 6.0]).reshape(1, 3, 1) * np.ones((4, 3, 2))
    each = candidates(values)
    np.testing.assert_allclose(by_record(each, 100, {}, HOW), 3.0)
    np.testing.assert_allclose(direct(each, 100, {}, 7), 3.0)


def test_the_candidate_that_was_right_is_followed_by_both_ways() -> None:
    random = np.random.default_rng(3)
    scaled = random.normal(10, 1, (200, 6))
    taught, rows = {}, []
    for cutoff in range(20, 160, 14):
        truth = scaled[cutoff : cutoff + 14]
        values = np.stack([truth, random.normal(10, 1, truth.shape), random.normal(10, 1, truth.shape)], axis=1)
        taught[cutoff] = lessons(scaled, cutoff, candidates(values))
        rows.append(values)
    now = candidates(rows[-1])
    np.testing.assert_allclose(by_record(now, 300, taught, HOW), rows[-1][:, 0], atol=0.05)
    assert np.abs(direct(now, 300, taught, 7) - rows[-1][:, 0]).mean() < 0.25


def test_a_candidate_that_does_not_apply_has_no_part() -> None:
    values = np.ones((3, 2, 1)) * np.array([np.nan, 5.0]).reshape(1, 2, 1)
    each = candidates(values)
    np.testing.assert_allclose(by_record(each, 10, {}, HOW), 5.0)
    np.testing.assert_allclose(direct(each, 10, {}, 7), 5.0)


def test_what_had_not_happened_teaches_nothing() -> None:
    """At period 25 a cut-off at 20 has five targets behind it; the others may be anything."""
    random = np.random.default_rng(8)
    scaled = random.normal(10, 1, (60, 3))
    other = scaled.copy()
    other[25:] = 99.0
    each = candidates(random.normal(10, 1, (14, 4, 3)))
    one, two = ({20: lessons(known, 20, each)} for known in (scaled, other))
    np.testing.assert_allclose(by_record(each, 25, one, HOW), by_record(each, 25, two, HOW))
    np.testing.assert_allclose(direct(each, 25, one, 7), direct(each, 25, two, 7))
    assert np.abs(by_record(each, 40, one, HOW) - by_record(each, 40, two, HOW)).max() > 1e-3


def test_the_direct_regression_is_the_ridge_of_each_week() -> None:
    """Against the normal equations, written out for one series and two candidates."""
    random = np.random.default_rng(4)
    scaled = random.normal(10, 1, (60, 1))
    past, now = random.normal(10, 1, (7, 2, 1)), random.normal(10, 1, (7, 2, 1))
    middle = past.mean(axis=1)[:, 0]
    away = past[:, :, 0] - middle[:, None]
    off = scaled[20:27, 0] - middle
    moves = np.linalg.solve(away.T @ away / 7 + 0.03 * 11 * np.eye(2), away.T @ off / 7)
    found = direct(candidates(now), 40, {20: lessons(scaled, 20, candidates(past))}, 7)
    expected = now.mean(axis=1)[:, 0] + (now[:, :, 0] - now.mean(axis=1)) @ moves
    assert found[:, 0] == pytest.approx(expected)
