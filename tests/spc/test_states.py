"""What a chart does where peers crash, collapse or guess: gaps, constant values, stale data, bounds, provisional points."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from metrics.spc import FrameError, ProfileError, profile_of, xmr

UP_AND_DOWN = [10.0, 12.0, 11.0, 13.0, 9.0, 12.0, 10.0, 11.0, 13.0, 10.0, 12.0, 11.0, 10.0, 12.0]


def frame(values: list[float | None], **columns: Any) -> pl.DataFrame:
    days = pl.date_range(date(2024, 1, 1), interval="1mo", end=date(2040, 1, 1), eager=True)[: len(values)]
    made = pl.DataFrame({"date": days, "value": values}, schema_overrides={"value": pl.Float64})
    return made.with_columns(
        value if isinstance(value, pl.Series) else pl.lit(value).alias(name) for name, value in columns.items()
    )


def series(values: list[float | None], profile: str = "mdc", **columns: Any) -> dict[str, Any]:
    return xmr(frame(values, **columns), profile).series.row(0, named=True)


def test_a_gap_hides_no_shift() -> None:
    low = [10.0, 11.0, 9.0, 10.0, 11.0, 9.0, 10.0]
    high = [20.0, None, 21.0, 20.0, 22.0, None, 21.0, 20.0, 21.0]
    chart = xmr(frame(low + high, improvement_direction="decrease"))
    assert chart.points["rule_shift"].to_list()[7:] == [1, 0, 1, 1, 1, 0, 1, 1, 1]
    assert chart.series["variation_icon"].to_list() == ["concern_high"]
    broken = xmr(frame(low + high, improvement_direction="decrease"), "plotthedots")
    assert broken.points["rule_shift"].sum() == 7  # the seven low points: a gap ends every run there


@pytest.mark.parametrize("profile", ["mdc", "mdc-2.6", "plotthedots"])
@pytest.mark.parametrize("gaps", [(5,), (5, 6, 7), (0,), (3, 9), tuple(range(1, 14, 2))])
def test_gaps_stop_no_chart(profile: str, gaps: tuple[int, ...]) -> None:
    values: list[float | None] = [None if place in gaps else float(place) for place in range(26)]
    chart = xmr(frame(values), profile)
    assert chart.points.height == 26
    assert chart.series["variation_icon"].item() in ("neutral_high", "improvement_high")


def test_a_missing_latest_value_has_no_icon() -> None:
    row = series([*UP_AND_DOWN, None], improvement_direction="increase", target=20.0)
    assert (row["state"], row["variation_icon"], row["variation_type"]) == ("missing_latest", None, None)
    # What the process can do is known without its newest value.
    assert (row["assurance_icon"], row["latest_date"]) == ("fail", date(2025, 2, 1))


def test_a_value_older_than_due_is_stale() -> None:
    assert series(UP_AND_DOWN, due=date(2025, 2, 1))["state"] == "ok"
    row = series(UP_AND_DOWN, due=date(2025, 3, 1))
    assert (row["state"], row["variation_icon"]) == ("stale", None)


def test_nothing_reported_at_all() -> None:
    assert series([None, None])["state"] == "no_data"
    assert xmr(frame([])).series.height == 0


@pytest.mark.parametrize("profile", ["mdc", "plotthedots"])
def test_a_constant_series_does_not_vary_and_meets_a_target_below_it(profile: str) -> None:
    row = series([100.0] * 20, profile, target=95.0, improvement_direction="increase")
    assert (row["state"], row["variation_icon"], row["assurance_icon"]) == ("no_variation", "no_variation", "pass")
    assert (row["lpl"], row["mean"], row["upl"]) == (100, 100, 100)


def test_a_constant_series_of_rounding_errors_does_not_vary() -> None:
    assert series([0.1 + 0.2 if place % 2 else 0.3 for place in range(20)])["state"] == "no_variation"


@pytest.mark.parametrize("profile", ["mdc", "plotthedots"])
def test_one_odd_value_does_not_make_the_usual_ones_signals(profile: str) -> None:
    values = [100.0] * 20
    values[9] = 90.0
    chart = xmr(frame(list(values), improvement_direction="increase"), profile)
    assert chart.points["special_cause_flag"].to_list() == [place == 9 for place in range(20)]
    assert chart.series.select("state", "variation_icon", "near_constant").row(0) == ("no_variation",) * 2 + (True,)
    assert chart.series.select("lpl", "upl").row(0) == pytest.approx((96.7, 102.3))
    last = [100.0] * 19 + [90.0]
    assert series(list(last), profile, improvement_direction="increase")["variation_icon"] == "concern_low"


def test_an_event_after_a_baseline_of_none_is_a_signal() -> None:
    never = frame([0.0] * 12 + [0.0, 3.0], fix_after_n_points=12, improvement_direction="decrease")
    chart = xmr(never)
    assert chart.points["rule_outside"].to_list() == [0] * 13 + [1]
    assert chart.series.select("state", "variation_icon").row(0) == ("ok", "concern_high")
    assert xmr(never.head(13)).series["state"].item() == "no_variation"


def test_the_usual_value_is_never_a_signal() -> None:
    chart = xmr(frame([0.0] * 15 + [1.0] * 5 + [0.0] * 20, improvement_direction="decrease"))
    assert chart.points["special_cause_flag"].to_list() == [15 <= place < 20 for place in range(40)]
    assert chart.series.select("variation_icon", "variation_type").row(0) == ("no_variation", "common_cause")


def test_limits_are_drawn_no_further_than_the_measure_goes() -> None:
    shares = [0.97, 0.99, 0.95, 1.0, 0.98, 0.99, 0.96, 1.0, 0.97, 0.99, 0.98, 1.0, 0.95, 0.99]
    row = series(list(shares), lower_bound=0.0, upper_bound=1.0, improvement_direction="increase", target=1.0)
    assert row["upl"] > 1 == row["upper_drawn"]
    assert row["lower_drawn"] == row["lpl"]
    assert row["assurance_icon"] == "inconsistent"  # months reach 100 %: the limit drawn there does not fail the target


def test_points_that_are_not_final_are_drawn_and_not_judged() -> None:
    status = pl.Series("status", ["final"] * 14 + ["provisional"])
    chart = xmr(frame([*UP_AND_DOWN, 99.0], status=status))
    alone = xmr(frame(list(UP_AND_DOWN)))
    assert chart.series.drop("series").rows() == alone.series.drop("series").rows()
    assert chart.points.row(-1, named=True)["value"] == 99
    assert chart.points.row(-1, named=True)["special_cause_flag"] is False


def test_thirteen_points_make_limits() -> None:
    row = series(list(UP_AND_DOWN[:12]), target=50.0, improvement_direction="increase")
    assert (row["state"], row["lpl"], row["assurance_icon"]) == ("too_few_points", None, None)
    assert series(list(UP_AND_DOWN[:13]))["state"] == "ok"
    assert series(list(UP_AND_DOWN[:5]), "plotthedots")["state"] == "ok"


def test_a_phase_that_has_only_begun_has_no_icon() -> None:
    rebase = pl.Series("rebase", [place == 14 for place in range(20)])
    row = series([*UP_AND_DOWN, 30.0, 31.0, 30.0, 29.0, 31.0, 30.0], rebase=rebase)
    assert (row["state"], row["points"], row["rebase_group"]) == ("too_few_points", 6, 1)


def test_each_phase_has_its_own_frozen_baseline() -> None:
    rebase = pl.Series("rebase", [place in (0, 16) for place in range(40)])
    fix = pl.Series("fix_after_n_points", [12 if place == 16 else None for place in range(40)], dtype=pl.Int64)
    values = [float(place % 4) for place in range(28)] + [50.0] * 12
    points = xmr(frame(list(values), rebase=rebase, fix_after_n_points=fix)).points
    assert points["mean"].to_list() == [1.5] * 40
    assert points["rule_outside"].to_list() == [0] * 28 + [1] * 12


def test_a_series_without_a_target_has_no_assurance() -> None:
    both = pl.concat(
        [frame(list(UP_AND_DOWN), series="a", target=pl.Series("target", [30.0] * 14)),
         frame(list(UP_AND_DOWN), series="b", target=pl.Series("target", [None] * 14, dtype=pl.Float64))]
    ).with_columns(improvement_direction=pl.lit("increase"))  # fmt: skip
    assert xmr(both, "plotthedots").series["assurance_icon"].to_list() == ["fail", None]


def test_the_latest_target_counts() -> None:
    target = pl.Series("target", [30.0] * 10 + [5.0] * 4)
    row = series(list(UP_AND_DOWN), target=target, improvement_direction="increase")
    assert (row["target"], row["assurance_icon"]) == (5, "pass")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"improvement_direction": "up"}, "improvement_direction is 'up'"),
        ({"fix_after_n_points": 5}, "A baseline needs 12 points"),
        ({"rebase": "soon"}, "Column 'rebase' holds 'soon'"),
        ({"series": None}, "Column 'series' is empty"),
        ({"date": date(2024, 1, 1)}, "has 2024-01-01 more than once"),
    ],
)
def test_what_cannot_be_charted_is_told(columns: dict[str, Any], said: str) -> None:
    with pytest.raises(FrameError, match=said):
        xmr(frame(list(UP_AND_DOWN), **columns))


def test_profiles_are_known_or_told() -> None:
    with pytest.raises(ProfileError, match="no profile 'mcd'"):
        xmr(frame(list(UP_AND_DOWN)), "mcd")
    assert "7 points in a row on one side of the mean" in profile_of("mdc").words
    assert "6 points in a row rising or falling" in profile_of("mdc-2.6").words
