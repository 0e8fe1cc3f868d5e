from __future__ import annotations

import numpy as np
import pytest

from models.adaptive import MOST, PACE, TOGETHER, followed
from models.conformal import LEANING, MEMORY, Widths, _at, _ranked, attainable, origins_needed, widths
from models.spreads import HINDSIGHT, spreads


def plain(errors: np.ndarray, levels: tuple[float, ...] = (0.8, 0.95), bucket: int = 1) -> Widths:
    origins, horizon, _ = errors.shape
    return widths(errors, levels, bucket, np.zeros((origins, horizon), bool), np.zeros(horizon, bool))


@pytest.mark.parametrize(("level", "fewest"), [(0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)])
def test_the_fewest_forecasts_that_support_a_level(level: float, fewest: int) -> None:
    assert origins_needed(level) == fewest
    assert attainable(fewest, level)
    assert not attainable(fewest - 1, level)


def test_the_reach_is_the_weighted_rank_of_scores_by_hand() -> None:
    """Errors 1 to 39 with changing signs, one horizon, all by plain loops: spreads, weights, ranks, levels."""
    errors = [number * sign for number, sign in zip(range(1, 40), [1, -1] * 20, strict=False)]
    found = plain(np.array(errors, dtype=float).reshape(39, 1, 1))
    # One horizon, so all of an earlier origin has happened by a later one.
    scores = []
    for at, own in enumerate(errors):
        weight = [
            0.0 if other == at else 0.5 ** (abs(other - at) / MEMORY) * (1 if other < at else HINDSIGHT)
            for other in range(39)
        ]
        scores.append(own / (sum(w * abs(each) for w, each in zip(weight, errors, strict=True)) / sum(weight)))
    weight = [0.5 ** ((39 - other) / MEMORY) for other in range(39)]
    spread = sum(w * abs(each) for w, each in zip(weight, errors, strict=True)) / sum(weight)

    def rank(values: list[float], level: float) -> float | None:
        needed, total = level * 40 / 39 * sum(weight), 0.0
        for value, each in sorted(zip(values, weight, strict=True)):
            total += each
            if total >= needed * (1 - 1e-9):
                return value
        return None

    def reach(level: float, sign: int) -> float:
        sizes = [abs(score) for score in scores]
        even = rank(sizes, level) or max(sizes)
        own = rank([sign * score for score in scores], (1 + level) / 2)
        return even if own is None else even + LEANING * (max(own, 0.0) - even)

    for promised in (0.8, 0.95):
        allowed = 1 - promised
        for score in scores:
            missed = score > reach(1 - allowed, 1) or -score > reach(1 - allowed, -1)
            allowed += PACE / (1 + TOGETHER) * (1 - promised - missed)
            allowed = min(max(allowed, (1 - promised) ** 2), MOST * (1 - promised))
        assert allowed != pytest.approx(1 - promised)
        assert found.above[promised].item() == pytest.approx(reach(1 - allowed, 1) * spread)
        assert found.below[promised].item() == pytest.approx(reach(1 - allowed, -1) * spread)
    assert found.variance.item() == pytest.approx(39 * 40 * 79 / 6 / 39)


def test_with_equal_weights_the_half_width_is_the_score_of_rank_n_plus_one_times_the_level() -> None:
    """Nineteen steady errors but three: ceil(20 x 0.8) = 16 and ceil(20 x 0.95) = 19, whatever their order."""
    random = np.random.default_rng(2)
    scores = random.permutation(np.arange(1.0, 20.0))
    for level, rank in ((0.8, 16), (0.9, 18), (0.95, 19), (0.5, 10)):
        assert score_at(scores, level) == rank
    assert np.isnan(score_at(scores, 0.96))


def score_at(scores: np.ndarray, level: float) -> float:
    return _at(_ranked(scores, np.ones(len(scores))), np.array([level])).item()


def test_what_came_later_counts_less_in_a_yardstick() -> None:
    """Errors that fell from 4 to 1: measured by those before them, the later ones are small, and so is the interval."""
    fallen = np.concatenate([np.full(20, 4.0), np.full(20, 1.0)]) * np.resize([1, -1], 40)
    risen = fallen[::-1].copy()
    assert plain(fallen.reshape(40, 1, 1)).above[0.8].item() < 1.5
    assert plain(risen.reshape(40, 1, 1)).above[0.8].item() > 3.5


def test_an_interval_leans_to_the_side_where_errors_were() -> None:
    """Errors up are about three times as large as those down, and as many."""
    random = np.random.default_rng(6)
    size = random.exponential(1, (60, 28, 1))
    errors = np.where(random.random(size.shape) < 0.5, 3 * size, -size)
    found = plain(errors, bucket=28)
    assert (found.above[0.8] > 1.3 * found.below[0.8]).all()
    # An even interval is too narrow above, where 10% of errors lie beyond 3 x ln 5.
    assert found.above[0.8] == pytest.approx(np.full((28, 1), 3 * np.log(5)), rel=0.25)


def test_a_level_that_the_scores_cannot_support_is_that_of_normal_errors_with_so_few_to_tell() -> None:
    """Eighteen errors cannot support 95%: Student's t with 19 degrees has 2.093."""
    size = np.full(18, 4.0) * np.resize([1, -1], 18)
    found = plain(size.reshape(18, 1, 1))
    for side in (found.below, found.above):
        assert side[0.8].item() == pytest.approx(4)
        assert side[0.95].item() == pytest.approx(4 * np.sqrt(np.pi / 2) * 2.093, rel=1e-4)


def test_companions_support_a_level_together() -> None:
    """Two series of ten errors count as twenty, which is enough for 95%; one does not."""
    errors = np.full((10, 1, 2), 4.0) * np.resize([1, -1], 10).reshape(10, 1, 1)
    for side in ("below", "above"):
        assert getattr(plain(errors), side)[0.95].ravel() == pytest.approx([4, 4])
        assert getattr(plain(errors[:, :, :1]), side)[0.95].item() > 8


def test_coverage_is_at_least_the_level_for_exchangeable_errors() -> None:
    random = np.random.default_rng(11)
    errors = random.standard_t(4, (800, 25, 1))
    hits = []
    for sample in errors:
        found = plain(sample[:-1, :, None])
        hits.append(-found.below[0.8].item() <= sample[-1, 0] <= found.above[0.8].item())
    # 0.8 promised; 800 draws have a standard error of 0.014.
    assert 0.78 <= np.mean(hits) <= 0.86


def test_intervals_widen_with_the_horizon_and_on_holidays() -> None:
    random = np.random.default_rng(3)
    errors = random.normal(0, 1, (40, 4, 1)) * np.array([1, 2, 3, 4])[None, :, None]
    marked = np.zeros((40, 4), bool)
    marked[::4] = True
    errors[::4] *= 2
    found = widths(errors, (0.8,), 1, marked, np.array([False, False, False, True]))
    half = found.above[0.8].ravel()
    assert (np.diff(half) > 0).all()
    quiet = widths(errors, (0.8,), 1, marked, np.zeros(4, bool)).above[0.8].ravel()
    assert half[-1] / quiet[-1] == pytest.approx(2, rel=0.25)
    np.testing.assert_array_equal(half[:3], quiet[:3])


def test_no_record_means_no_interval() -> None:
    found = plain(np.full((0, 5, 2), np.nan))
    assert np.isnan(found.above[0.8]).all()
    assert (found.variance == 0).all()


def replayed(errors: np.ndarray, first: int, **how: int) -> dict[float, np.ndarray]:
    """Level to how often the errors of each origin from `first` on lie within intervals made of those before it.

    Coverage by origin and series (origins x series); origins lie a whole horizon apart.
    """
    count, horizon, _ = errors.shape
    ordinary = np.zeros((count, horizon), bool)
    inside: dict[float, list[np.ndarray]] = {0.8: [], 0.95: []}
    for origin in range(first, count):
        before = max(origin - 26, 0)
        found = widths(
            errors[before:origin],
            tuple(inside),
            7,
            ordinary[before:origin],
            ordinary[0],
            step=horizon,
            memory=5.0,
            season=how.get("season", 1),
        )
        for level, hits in inside.items():
            actual = errors[origin]
            hits.append(((-found.below[level] <= actual) & (actual <= found.above[level])).mean(axis=0))
    return {level: np.array(hits) for level, hits in inside.items()}


def drifting_together(random: np.random.Generator, origins: int, series: int) -> np.ndarray:
    """Normal errors of one standard deviation; those of one origin go wrong together, as levels drift."""
    shared = random.normal(0, np.sqrt(0.2), (origins, 1, series))
    return np.asarray(shared + random.normal(0, np.sqrt(0.8), (origins, 28, series)))


def test_series_of_any_scale_are_covered_as_well_as_by_intervals_that_know_the_truth() -> None:
    """Exchangeable errors of scales from 1 to 10,000: by series as near to what is promised as chance allows."""
    random = np.random.default_rng(21)
    errors = drifting_together(random, 50, 80)
    scale = 10 ** random.uniform(0, 4, 80)
    for level, knowing in ((0.8, 1.281552), (0.95, 1.959964)):
        known = (np.abs(errors[26:]) <= knowing).mean(axis=(0, 1))
        found = replayed(errors * scale, 26)[level].mean(axis=0)
        assert abs(found.mean() - level) < 0.01
        off, least = np.sqrt(np.mean((found - level) ** 2)), np.sqrt(np.mean((known - level) ** 2))
        assert off < 1.1 * least
        assert (np.abs(found - level) <= 0.05).mean() >= 0.95


def test_series_whose_errors_are_of_another_shape_than_their_companions_keep_to_what_is_promised() -> None:
    """Half have errors of one size, half many small and some large: the ranks of all suit neither, their own do."""
    random = np.random.default_rng(22)
    even = random.uniform(0.9, 1.1, (50, 28, 30)) * random.choice([-1, 1], (50, 28, 30))
    tailed = random.standard_t(2.5, (50, 28, 30))
    found = replayed(np.concatenate([even, tailed], axis=2), 26)
    for level in (0.8, 0.95):
        own = found[level].mean(axis=0)
        assert own[:30].mean() == pytest.approx(level, abs=0.025)
        assert own[30:].mean() == pytest.approx(level, abs=0.025)
        assert (np.abs(own - level) <= 0.05).mean() >= 0.9


def test_series_that_become_livelier_or_calmer_keep_to_what_is_promised() -> None:
    """Spreads that double or halve every year of 13 origins: within chance, and on the right side by little."""
    random = np.random.default_rng(23)
    grown = 2 ** (np.arange(52)[:, None, None] / 13 * np.where(np.arange(60) < 30, 1, -1))
    found = replayed(drifting_together(random, 52, 60) * grown, 26)
    for level in (0.8, 0.95):
        own = found[level].mean(axis=0)
        assert own[:30].mean() == pytest.approx(level, abs=0.025)
        assert own[30:].mean() == pytest.approx(level, abs=0.025)
        assert (np.abs(own - level) <= 0.05).mean() >= 0.9


def test_what_a_series_lacked_at_earlier_origins_is_made_good() -> None:
    """Scores beyond the reach raise the level that is read, scores within it lower it; to no end either way."""
    never = np.zeros((200, 28, 1))
    always = np.full((200, 28, 1), 9.0)

    def side(level: np.ndarray, _sign: int) -> np.ndarray:
        return np.asarray(4 * level)

    assert followed(always, 0.8, side, 28).item() == pytest.approx(1 - 0.2**2)
    assert followed(never, 0.8, side, 28).item() == pytest.approx(1 - MOST * 0.2)
    # One origin's misses move it by half the surplus, less as periods go wrong together; overlaps say nothing new.
    once = followed(always[:1], 0.95, side, 28).item()
    assert once == pytest.approx(1 - max(0.05 + PACE * 28 / (28 + TOGETHER) * (0.05 - 1), 0.05**2))
    slight = np.zeros((1, 28, 1))
    slight[0, :7] = 9.0
    assert followed(slight, 0.8, side, 28).item() == pytest.approx(0.8 + PACE * 28 / (28 + TOGETHER) * 0.05)
    assert followed(slight, 0.8, side, 7).item() == pytest.approx(0.8 + PACE * 28 / (28 + TOGETHER) * 0.05 / 4)


def test_weekdays_that_err_less_have_narrower_intervals() -> None:
    """Errors at weekends are a tenth; each weekday is covered as promised, and the week's scale is the same for all."""
    random = np.random.default_rng(24)
    weekday = np.where(np.arange(28) % 7 >= 5, 0.1, 1.0)[None, :, None]
    errors = random.normal(0, 1, (40, 28, 6)) * weekday
    ordinary = np.zeros((40, 28), bool)
    found = widths(errors, (0.8,), 7, ordinary, ordinary[0], step=28, season=7)
    ratio = found.above[0.8][5:7] / found.above[0.8][:5].mean(axis=0)
    assert ratio == pytest.approx(np.full((2, 6), 0.1), abs=0.05)
    assert np.sqrt(found.variance[5] / found.variance[0]) == pytest.approx(ratio[0], abs=0.05)
    blind = widths(errors, (0.8,), 7, ordinary, ordinary[0], step=28, season=1)
    assert (blind.above[0.8][5:7] == pytest.approx(blind.above[0.8][:2])) is True


@pytest.mark.parametrize("series", [1, 12])
def test_weekdays_that_err_alike_are_not_told_apart(series: int) -> None:
    random = np.random.default_rng(25)
    errors = random.normal(0, 1, (26, 28, series))
    ordinary = np.zeros((26, 28), bool)
    found = spreads(errors, 28, ordinary, ordinary[0], step=14, memory=50.0, season=7).ahead
    assert np.abs(found[:7] / found[:7].mean(axis=0) - 1).max() < 0.1


def test_a_badly_forecast_christmas_leaves_the_intervals_of_ordinary_days_as_they_were() -> None:
    """Errors eight times as large for a fortnight of holidays, seen from two origins."""
    random = np.random.default_rng(26)
    errors = random.normal(0, 1, (12, 28, 6))
    marked = np.zeros((12, 28), bool)
    marked[6, 14:], marked[7, :14] = True, True
    ordinary = np.zeros(28, bool)
    calm = widths(errors, (0.8, 0.95), 7, marked, ordinary, step=14)
    bad = widths(errors * np.where(marked, 4.0, 1.0)[:, :, None], (0.8, 0.95), 7, marked, ordinary, step=14)
    for level in (0.8, 0.95):
        assert bad.above[level].mean() == pytest.approx(calm.above[level].mean(), rel=0.1)
    holiday = widths(errors * np.where(marked, 4.0, 1.0)[:, :, None], (0.8,), 7, marked, ~ordinary, step=14)
    assert holiday.above[0.8].mean() > 2.5 * bad.above[0.8].mean()
