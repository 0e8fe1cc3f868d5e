from __future__ import annotations

import numpy as np
import pytest

from models.conformal import MEMORY, attainable, origins_needed, widths


def plain(errors: np.ndarray, levels: tuple[float, ...] = (0.8, 0.95), bucket: int = 1):
    origins, horizon, _ = errors.shape
    return widths(errors, levels, bucket, np.zeros((origins, horizon), bool), np.zeros(horizon, bool))


@pytest.mark.parametrize(("level", "fewest"), [(0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)])
def test_the_fewest_forecasts_that_support_a_level(level: float, fewest: int) -> None:
    assert origins_needed(level) == fewest
    assert attainable(fewest, level)
    assert not attainable(fewest - 1, level)


def test_the_half_width_is_the_score_of_rank_n_plus_one_times_the_level() -> None:
    """Errors 1 to 19, one horizon: ceil(20 x 0.8) = 16 and ceil(20 x 0.95) = 19, scores and spread by hand."""
    size = [float(number) for number in range(1, 20)]
    found = plain(np.array(size).reshape(19, 1, 1) * np.resize([1, -1], 19).reshape(19, 1, 1))
    scores = []
    for at, own in enumerate(size):
        weight = [0.0 if other == at else 0.5 ** (abs(other - at) / MEMORY) for other in range(19)]
        scores.append(own / (sum(w * each for w, each in zip(weight, size, strict=True)) / sum(weight)))
    weight = [0.5 ** ((19 - other) / MEMORY) for other in range(19)]
    spread = sum(w * each for w, each in zip(weight, size, strict=True)) / sum(weight)
    assert found.half[0.8].item() == pytest.approx(sorted(scores)[15] * spread)
    assert found.half[0.95].item() == pytest.approx(sorted(scores)[18] * spread)
    assert found.variance.item() == pytest.approx(130)  # 19 x 20 x 39 / 6 squares over 19


def test_a_level_that_the_scores_cannot_support_is_that_of_normal_errors_with_so_few_to_tell() -> None:
    """Eighteen errors cannot support 95%: Student's t with 19 degrees has 2.093."""
    size = np.full(18, 4.0) * np.resize([1, -1], 18)
    found = plain(size.reshape(18, 1, 1))
    assert found.half[0.8].item() == pytest.approx(4)
    assert found.half[0.95].item() == pytest.approx(4 * np.sqrt(np.pi / 2) * 2.093, rel=1e-4)


def test_companions_support_a_level_together() -> None:
    """Two series of ten errors count as twenty, which is enough for 95%; one does not."""
    errors = np.full((10, 1, 2), 4.0) * np.resize([1, -1], 10).reshape(10, 1, 1)
    assert plain(errors).half[0.95].ravel() == pytest.approx([4, 4])
    assert plain(errors[:, :, :1]).half[0.95].item() > 8


def test_coverage_is_at_least_the_level_for_exchangeable_errors() -> None:
    random = np.random.default_rng(11)
    errors = random.standard_t(4, (2_000, 25, 1))
    hits = [abs(sample[-1, 0]) <= plain(sample[:-1, :, None]).half[0.8].item() for sample in errors]
    # 0.8 promised; 2,000 draws have a standard error of 0.009.
    assert 0.78 <= np.mean(hits) <= 0.86


def test_intervals_widen_with_the_horizon_and_on_holidays() -> None:
    random = np.random.default_rng(3)
    errors = random.normal(0, 1, (40, 4, 1)) * np.array([1, 2, 3, 4])[None, :, None]
    marked = np.zeros((40, 4), bool)
    marked[::4] = True
    errors[::4] *= 2
    found = widths(errors, (0.8,), 1, marked, np.array([False, False, False, True]))
    half = found.half[0.8].ravel()
    assert (np.diff(half) > 0).all()
    quiet = widths(errors, (0.8,), 1, marked, np.zeros(4, bool)).half[0.8].ravel()
    assert half[-1] / quiet[-1] == pytest.approx(2, rel=0.25)
    np.testing.assert_array_equal(half[:3], quiet[:3])


def test_no_record_means_no_interval() -> None:
    found = plain(np.full((0, 5, 2), np.nan))
    assert np.isnan(found.half[0.8]).all()
    assert (found.variance == 0).all()
