"""A list's ways are found again in lists that were made by known ways."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from models.demand_paths import DemandPaths
from models.list_changes import GROWTH, ODDS, Past, months_ahead
from models.waiting_list import BANDS, project, steered
from models.waiting_list_calibration import UncalibratedError, calibrate, month_end, waiting_at_least
from models.waiting_list_flows import flows_ahead

YEAR = [date(2024, month, 1) for month in range(4, 13)] + [date(2025, month, 1) for month in range(1, 4)]


def in_balance(referrals: float, leaving: float) -> np.ndarray:
    """Returns bands of a list in which everybody leaves by the same chance."""
    edges = np.exp(-leaving * np.arange(BANDS + 1))
    bands = referrals * (edges[:-1] - edges[1:]) / leaving
    bands[-1] = referrals * edges[BANDS - 1] / leaving
    return bands


def lists(bands: dict[date, np.ndarray]) -> pl.DataFrame:
    return pl.DataFrame(
        [(month, week, float(count)) for month, held in bands.items() for week, count in enumerate(held)],
        schema={"period": pl.Date, "weeks": pl.Int64, "pathways": pl.Float64},
        orient="row",
    )


def test_a_list_in_balance_gives_its_referrals_and_its_chance_of_leaving() -> None:
    found = calibrate(lists(dict.fromkeys(YEAR, in_balance(100, 0.04))))
    assert found.referrals == pytest.approx(100, rel=0.005)
    assert found.treatments == pytest.approx(found.referrals)
    assert found.hazard[3:80] == pytest.approx(np.full(77, 0.04), rel=0.01)
    assert found.start.on == date(2025, 3, 31)
    assert found.scale == 1
    assert project(found.start, flows_ahead(found, 40, draws=4_000)).size[:, -1].mean() == pytest.approx(
        2_500, rel=0.02
    )


def test_what_leaves_is_what_joins_less_the_growth() -> None:
    """Each month 5 % longer, at every age: exactly the growth is missing from those who leave."""
    held = {month: in_balance(100, 0.04) * 1.05**number for number, month in enumerate(YEAR)}
    found = calibrate(lists(held))
    sizes = np.array([bands.sum() for bands in held.values()])
    assert found.joined - found.treated == pytest.approx(np.diff(sizes) / found.weeks)
    # Lists that are months of days apart: 30 days from April to May's end are 31.
    assert found.weeks[:2].tolist() == [31 / 7, 30 / 7]


def test_other_stops_are_taken_from_what_is_treated() -> None:
    held = lists(dict.fromkeys(YEAR, in_balance(100, 0.04)))
    plain, found = calibrate(held), calibrate(held, other_stops=0.01)
    assert found.treatments == pytest.approx(plain.treatments - 0.01 * 2_500)
    assert found.removals == pytest.approx(plain.removals)


def test_those_who_leave_late_are_told_from_those_who_leave_early() -> None:
    edges = np.arange(BANDS + 1)
    risk = np.where(edges < 20, 0.01 * edges, 0.2 + 0.08 * (edges - 20))
    stays = np.exp(-risk)
    bands = (stays[:-1] + stays[1:]) / 2 * 200
    found = calibrate(lists(dict.fromkeys(YEAR, bands)))
    assert found.hazard[6:15] == pytest.approx(np.full(9, 0.01), rel=0.1)
    assert found.hazard[28:50] == pytest.approx(np.full(22, 0.08), rel=0.1)


def test_between_lists_far_apart_only_the_growth_is_used() -> None:
    held = dict.fromkeys(YEAR, in_balance(100, 0.04))
    held[date(2026, 1, 1)] = in_balance(100, 0.04) * 1.2
    found = calibrate(lists(held))
    assert found.start.on == date(2026, 1, 31)
    assert found.weeks[-1] == pytest.approx(306 / 7)
    assert found.joined[-1] - found.treated[-1] == pytest.approx(500 / (306 / 7))


def test_a_list_that_covers_more_than_before_scales_what_was_learned() -> None:
    held = dict.fromkeys(YEAR, in_balance(100, 0.04))
    held[date(2026, 1, 1)] = in_balance(100, 0.04) * 1.5
    found = calibrate(lists(held), not_compared=[date(2026, 1, 1)])
    assert found.scale == pytest.approx(1.5)
    assert found.referrals == pytest.approx(150, rel=0.005)
    assert len(found.weeks) == len(YEAR) - 1


def test_too_little_is_refused_in_words() -> None:
    with pytest.raises(UncalibratedError, match="2 changes from one month to the next are held, and 4"):
        calibrate(lists(dict.fromkeys(YEAR[:3], in_balance(100, 0.04))))
    with pytest.raises(UncalibratedError, match="has 50 pathways"):
        calibrate(lists(dict.fromkeys(YEAR, in_balance(2, 0.04))))
    with pytest.raises(UncalibratedError, match="No list"):
        calibrate(lists({}))


def test_waiting_at_least_by_hand() -> None:
    bands = np.zeros(BANDS)
    bands[[0, 1, 104]] = 4, 6, 10
    ages = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 104.0, 106.0])
    assert waiting_at_least(bands, ages).tolist() == [20, 18, 16, 13, 10, 10, 10]


def test_months_end_on_their_last_day() -> None:
    assert [month_end(date(2024, month, 1)).day for month in (1, 2, 4, 12)] == [31, 29, 30, 31]


def test_paths_have_the_past_as_their_mean_and_more_chance_further_on() -> None:
    generator = np.random.default_rng(4)
    held = {month: in_balance(100, 0.04) * generator.uniform(0.95, 1.05) for month in YEAR}
    learned = calibrate(lists(held))
    flows = flows_ahead(learned, 60, draws=4_000)
    # Where a course needs more of the young than join, more join.
    assert learned.referrals <= flows.referrals.mean() == pytest.approx(learned.referrals, rel=0.02)
    assert flows.treatments.mean() == pytest.approx(learned.treatments, rel=0.03)
    spread = project(learned.start, flows.first(500)).size.std(axis=0)
    assert spread[0] < 1e-9 < spread[20] < spread[60]
    again = flows_ahead(learned, 60, draws=4_000)
    assert (again.referrals == flows.referrals).all()


def test_a_forecast_of_referrals_gives_their_course_and_the_list_their_level() -> None:
    learned = calibrate(lists(dict.fromkeys(YEAR, in_balance(100, 0.04))))
    weeks = tuple(date.fromordinal(date(2025, 4, 1).toordinal() + 7 * n) for n in range(20))
    course = np.tile(np.linspace(0.5, 1.5, 20) * 7, (50, 1))
    flows = flows_ahead(learned, 20, demand=DemandPaths(weeks, course), draws=3_000)
    assert flows.referrals.mean(axis=0) == pytest.approx(100 * np.linspace(0.5, 1.5, 20), rel=0.03)
    with pytest.raises(ValueError, match="20 weeks, and 30"):
        flows_ahead(learned, 30, demand=DemandPaths(weeks, course))


def test_courses_are_followed_exactly_where_treatment_can_bring_them() -> None:
    """Size and share of 50 courses at once; what joins is changed only where too few are young."""
    learned = calibrate(lists(dict.fromkeys(YEAR, in_balance(100, 0.04))))
    generator = np.random.default_rng(8)
    size = 2_500 * np.cumprod(generator.uniform(0.985, 1.015, (50, 40)), axis=1)
    now = learned.start.waiting[:18].sum() / 2_500
    share = now + np.cumsum(generator.uniform(-0.005, 0.005, (50, 40)), axis=1)
    flows = steered(learned.start, np.full((50, 40), 100.0), size, share)
    found = project(learned.start, flows)
    assert found.size[:, 1:] == pytest.approx(size)
    assert found.share[:, 1:] == pytest.approx(share, abs=0.01)
    assert (flows.referrals >= 100).all()


def test_a_sum_over_a_course_of_changes_has_the_spread_of_such_changes() -> None:
    """Against the definition: a part that fades and a part that is new, added up over a year."""
    none = Past(np.array([]), ())
    drawn = months_ahead(GROWTH, none, 1_000, months=12, draws=200_000, generator=np.random.default_rng(1))
    lag = np.arange(1, 12)
    variance = 12 + 2 * ((12 - lag) * GROWTH.lasting * GROWTH.fading**lag).sum()
    usual = GROWTH.usual / 10
    # A Student t of 4 degrees has twice the variance; its 80 % bounds are at 1.533.
    assert np.quantile(drawn.sum(axis=1), 0.9) == pytest.approx(1.533 * usual * variance**0.5, rel=0.02)


def test_growth_goes_on_in_part_and_the_share_stays() -> None:
    past = Past(np.full(11, 0.02), (1,) * 11)
    grown = months_ahead(GROWTH, past, 5_000, months=6, draws=50_000, generator=np.random.default_rng(2)).mean(axis=0)
    assert 0 < grown[5] < grown[0] < 0.02
    held = months_ahead(ODDS, past, 5_000, months=6, draws=50_000, generator=np.random.default_rng(2)).mean(axis=0)
    assert held == pytest.approx(np.zeros(6), abs=0.003)


def test_a_month_that_cannot_be_compared_is_not_learned_from() -> None:
    generators = (np.random.default_rng(3) for _ in range(2))
    plain, gap = (
        months_ahead(GROWTH, past, 5_000, months=3, draws=50_000, generator=generator)
        for past, generator in zip(
            (Past(np.array([0.01, 0.01]), (1, 1)), Past(np.array([0.01, 0.01, np.nan]), (1, 1, 10))),
            generators,
            strict=True,
        )
    )
    # After ten months of which nothing is known, less of the course goes on.
    assert gap.mean(axis=0)[0] < 0.5 * plain.mean(axis=0)[0]
