"""Phases, gaps, baselines and provisional points mean the same on every chart; each chart's own guards hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from metrics.spc import (
    KINDS,
    Chart,
    FrameError,
    KindError,
    chart,
    i,
    mr,
    p,
    pp,
    profile_of,
    settings_words,
    t,
    u,
    up,
    xmr,
)
from metrics.spc.rare import ROOT
from tests.spc.drawn_series import random, series

OTHERS = sorted(set(KINDS) - {"xmr"})
LINES = ["mean", "lpl", "upl", "lower_inner", "upper_inner", "lower_drawn", "upper_drawn"]
LOOSE = replace(profile_of("mdc"), minimum_points=2)


def lines(drawn: Chart) -> pl.DataFrame:
    return drawn.points.select("series", "date", "value", *LINES)


def same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return all(
        one[name].equals(other[name])
        if not one[name].dtype.is_float()
        else np.allclose(one[name].to_numpy(), other[name].to_numpy(), rtol=1e-12, atol=1e-12, equal_nan=True)
        for name in one.columns
    )


@pytest.mark.parametrize("kind", OTHERS)
def test_a_phase_is_drawn_as_if_it_stood_alone(kind: str) -> None:
    frame = random(1).with_columns(rebase=pl.int_range(pl.len()) == 17)
    whole = chart(frame, kind)
    alone = [chart(part.drop("rebase"), kind) for part in (frame[:17], frame[17:])]
    assert same(lines(whole), pl.concat([lines(each) for each in alone]))
    assert whole.points["rebase_group"].to_list() == [0] * 17 + [1] * 23
    rules = [name for name in whole.points.columns if name.startswith("rule_")]
    assert whole.points.select(rules).equals(pl.concat([each.points.select(rules) for each in alone]))


@pytest.mark.parametrize("kind", OTHERS)
def test_series_know_nothing_of_each_other(kind: str) -> None:
    frames = [random(seed, 20 + seed, f"s{seed}") for seed in range(6)]
    together = chart(pl.concat(frames).sample(fraction=1, shuffle=True, seed=3), kind)
    apart = [chart(frame, kind) for frame in frames]
    assert same(lines(together), pl.concat([lines(each) for each in apart]))
    assert together.points.drop(*LINES, "moving_range").equals(
        pl.concat([each.points for each in apart]).drop(*LINES, "moving_range")
    )
    shown = ["series", "state", "variation_icon", "assurance_icon", "run_length", "runs_signal"]
    assert together.series.select(shown).equals(pl.concat([each.series for each in apart]).select(shown))


@pytest.mark.parametrize("kind", OTHERS)
def test_points_that_are_not_final_are_plotted_and_nothing_else(kind: str) -> None:
    frame = (
        random(2)
        .with_columns(
            status=pl.when(pl.int_range(pl.len()) < 37).then(pl.lit("final")).otherwise(pl.lit("provisional"))
        )
        .with_columns(
            pl.when(pl.col("status") != "final").then(pl.col("num").clip(upper_bound=1)).otherwise("num").alias("num")
        )
    )
    whole, final = chart(frame, kind), chart(frame[:37], kind)
    assert same(lines(whole)[:37], lines(final))
    assert whole.points["value"].is_not_null()[-3:].all()
    assert whole.points["special_cause_flag"][-3:].sum() == 0
    assert whole.series.drop("rebase_group", "mean", "lpl", "upl").equals(
        final.series.drop("rebase_group", "mean", "lpl", "upl")
    )


@pytest.mark.parametrize("kind", OTHERS)
def test_a_baseline_sets_the_lines_of_all_that_follows(kind: str) -> None:
    frame = random(4).with_columns(den=pl.lit(200))
    frozen, alone = chart(frame.with_columns(fix_after_n_points=15), kind), chart(frame[:15], kind)
    wanted = lines(alone).select(LINES)[-1]
    assert same(lines(frozen).select(LINES)[-1], wanted)
    assert same(lines(frozen).select(LINES)[14], wanted)


@pytest.mark.parametrize("kind", OTHERS)
def test_a_gap_is_a_gap(kind: str) -> None:
    frame = random(5).with_columns(
        pl.when(pl.int_range(pl.len()) != 9).then(name).alias(name) for name in ("num", "den", "value")
    )
    drawn = chart(frame, kind)
    row = drawn.points.row(9, named=True)
    assert (row["value"], row["included"], row["special_cause_flag"], row["relative_to_mean"]) == (
        None,
        False,
        False,
        None,
    )
    assert drawn.points["included"].sum() == (38 if kind == "mr" else 39) - (1 if kind == "mr" else 0)
    assert drawn.series["state"].to_list() == ["ok"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_without_rows_is_a_chart_without_rows(kind: str) -> None:
    drawn = chart(random(1).clear(), kind)
    assert (drawn.points.height, drawn.series.height) == (0, 0)
    full = chart(random(1), kind)
    assert set(drawn.points.columns) == set(full.points.columns)
    assert set(drawn.series.columns) == set(full.series.columns)


@pytest.mark.parametrize("kind", OTHERS)
def test_too_few_points_have_no_limits_and_no_icon(kind: str) -> None:
    drawn = chart(random(1, 9), kind)
    assert drawn.series.select("state", "variation_icon", "assurance_icon").row(0) == ("too_few_points", None, None)
    assert drawn.points["upl"].null_count() == 9
    assert drawn.points["special_cause_flag"].sum() == 0


@pytest.mark.parametrize("kind", ["p", "pp", "u", "up", "c"])
def test_no_events_at_all_are_no_variation(kind: str) -> None:
    drawn = chart(series(num=[0] * 20, den=[50]), kind)
    row = drawn.series.row(0, named=True)
    assert (row["state"], row["variation_icon"], row["mean"], row["lpl"], row["upl"]) == (
        "no_variation",
        "no_variation",
        0,
        0,
        0,
    )


@pytest.mark.parametrize("kind", ["i", "t", "mr", "run"])
def test_values_that_are_all_the_same_are_no_variation(kind: str) -> None:
    assert chart(series(value=[7.3] * 20), kind).series["state"].to_list() == ["no_variation"]


def test_a_share_that_is_always_the_same_has_the_limits_of_chance() -> None:
    drawn = p(series(num=[20] * 20, den=[100]))
    assert drawn.series.select("state", "variation_icon").row(0) == ("ok", "common_cause")
    assert drawn.series["upl"][0] == pytest.approx(0.2 + 3 * (0.2 * 0.8 / 100) ** 0.5)
    # Laney's limits have nothing to go by, and say so.
    assert pp(series(num=[20] * 20, den=[100])).series["state"].to_list() == ["no_variation"]


@pytest.mark.parametrize("kind", ["p", "u", "pp", "up"])
def test_the_lines_of_a_point_follow_its_own_denominator(kind: str) -> None:
    drawn = chart(random(6), kind).points
    width = (drawn["upl"] - drawn["mean"]) * drawn["den"].sqrt()
    assert width.to_numpy() == pytest.approx(np.full(40, width[0]))
    assert (drawn["upper_inner"] - drawn["mean"]).to_numpy() == pytest.approx(
        ((drawn["upl"] - drawn["mean"]) * 2 / 3).to_numpy()
    )


def test_the_same_share_is_outside_where_many_stand_behind_it_and_inside_where_few_do() -> None:
    num, den = [20, 21, 19] * 8, [100] * 24
    num[10], den[10] = 300, 1000
    num[20], den[20] = 30, 100
    drawn = p(series(num=num, den=den)).points
    assert drawn["value"][10] == drawn["value"][20]
    assert drawn["rule_outside"].to_list() == [int(at == 10) for at in range(24)]


def test_no_denominator_is_a_gap_and_not_nought() -> None:
    drawn = p(series(num=[0, 0, None, *[4] * 20], den=[0, None, 10, *[10] * 20]))
    assert drawn.points["value"].null_count() == 3
    assert drawn.points["mean"].unique().to_list() == [pytest.approx(0.4)]


@pytest.mark.parametrize("kind", ["p", "pp"])
@pytest.mark.parametrize(("num", "den"), [(11, 10), (1, 0)])
def test_a_numerator_above_its_denominator_is_told_by_series_and_date(kind: str, num: int, den: int) -> None:
    frame = pl.concat(
        [random(1).select("series", "date", "num", "den"), series("odd ward", num=[5, num], den=[10, den])]
    )
    with pytest.raises(FrameError, match=r"Series 'odd ward', 2015-02-01: num is .*more than the denominator") as told:
        chart(frame, kind)
    assert told.value.row is not None
    assert told.value.row["series"] == "odd ward"
    assert u(series(num=[11] * 15, den=[10])).points["value"].to_list() == [1.1] * 15


def test_a_value_and_its_denominator_are_as_good_as_both_parts() -> None:
    frame = random(7)
    by_value = up(frame.select("series", "date", "den", value=pl.col("num") / pl.col("den")))
    assert same(lines(by_value), lines(up(frame)))
    with pytest.raises(FrameError, match="needs 'num' and 'den'"):
        up(frame.select("series", "date", "num"))


def test_a_target_on_a_limit_that_is_only_drawn_there_is_hit_or_miss() -> None:
    counts = [2, 1, 3, 0, 2, 4, 1, 2, 3, 0, 1, 2, 5, 1, 2]
    drawn = chart(series(num=counts, target=[0.0], improvement_direction=["decrease"]), "c").series.row(0, named=True)
    assert (drawn["lower_drawn"], drawn["assurance_icon"]) == (0, "inconsistent")
    assert drawn["lpl"] < 0


@pytest.mark.parametrize("kind", ["t", "g", "run", "mr"])
def test_these_charts_judge_no_target(kind: str) -> None:
    frame = random(1).with_columns(target=pl.lit(1e9), improvement_direction=pl.lit("decrease"))
    assert chart(frame, kind).series.select("assurance_type", "assurance_icon").row(0) == (None, None)
    assert chart(frame, "i").series["assurance_icon"].to_list() == ["pass"]


def test_i_without_denominators_is_xmr_with_the_constant_of_qicharts2() -> None:
    frame = random(8).drop("num", "den")
    theirs = xmr(frame, replace(profile_of("mdc"), limit_factor=3 / 1.128))
    assert same(lines(i(frame)), lines(theirs))
    equal = lines(i(frame.with_columns(den=pl.lit(7))))
    assert equal["mean"].to_numpy() == pytest.approx(theirs.points["mean"].to_numpy())
    # Taylor's constant is that of the normal distribution; 1.128 is the same, rounded.
    assert equal["upl"].to_numpy() == pytest.approx(theirs.points["upl"].to_numpy(), rel=1e-3)


def test_i_weighs_each_series_by_itself() -> None:
    one, two = random(9, name="a").drop("num"), random(9, name="b").drop("num").with_columns(den=pl.lit(None, pl.Int64))
    both = i(pl.concat([one, two]))
    assert same(lines(both), pl.concat([lines(i(one)), lines(i(two))]))


def test_a_screen_narrows_laney_limits_and_never_to_nothing() -> None:
    num = [20, 22] * 12
    num[7] = 60
    frame = series(num=num, den=[100])
    assert pp(frame.with_columns(screen_outliers=True)).series["upl"][0] < pp(frame).series["upl"][0]
    still = series(num=[*[20] * 22, 60], den=[100], screen_outliers=[True])
    told = pp(still).series.row(0, named=True)
    assert told["near_constant"]
    assert told["upl"] > told["mean"]


def test_two_events_on_one_day_are_plotted_as_they_are_and_judged_as_half_a_day() -> None:
    gaps = [3, 8, 1, 0, 12, 5, 9, 2, 6, 4, 14, 7, 3, 10, 5, 2]
    frame = pl.concat([series("zero", value=[float(gap) for gap in gaps]), random(3, name="other").drop("num", "den")])
    drawn = t(frame)
    row = drawn.points.filter(pl.col("series") == "zero").row(3, named=True)
    assert (row["value"], row["rule_outside"]) == (0, 0)
    halved = t(series("zero", value=[0.5 if gap == 0 else gap for gap in gaps]))
    assert same(lines(halved).drop("value"), lines(drawn).filter(pl.col("series") == "zero").drop("value"))
    assert same(lines(t(random(3, name="other").drop("num", "den"))), lines(drawn).filter(pl.col("series") == "other"))
    roots = np.array(gaps) ** (1 / ROOT)
    assert t(series(value=gaps), zero="zero").points["mean"][0] == pytest.approx(roots.mean() ** ROOT)
    with pytest.raises(FrameError, match="cannot be negative"):
        t(series(value=[3, -1]))


def test_a_newest_time_of_nought_is_shown_as_nought() -> None:
    assert t(series(value=[3, 8, 1, 12, 5, 9, 2, 6, 4, 14, 7, 3, 10, 5, 0])).series["latest_value"].to_list() == [0]


@pytest.mark.parametrize(("direction", "icon"), [("increase", "improvement_high"), ("decrease", "concern_high")])
def test_the_direction_of_a_t_chart_is_that_of_the_gap(direction: str, icon: str) -> None:
    gaps = [3, 8, 1, 2, 12, 5, 9, 2, 6, 4, 14, 7, 3, 10, 5, 400]
    drawn = t(series(value=gaps, improvement_direction=[direction]))
    assert drawn.series["variation_icon"].to_list() == [icon]
    assert drawn.series["special_cause_type"].to_list() == ["Above UCL"]


def test_moving_ranges_are_judged_by_their_limit_alone_and_are_neither_better_nor_worse() -> None:
    values = [10, 11, 10, 12, 10, 11, 10, 11, 12, 11, 10, 11, 10, 11, 30]
    drawn = mr(series(value=values, improvement_direction=["increase"], target=[3.0]))
    assert drawn.points["value"].to_list()[:3] == [None, 1, 1]
    assert drawn.points.select(pl.sum("rule_outside", "rule_shift", "rule_trend", "rule_two_in_three")).row(0) == (
        1,
        0,
        0,
        0,
    )
    assert drawn.series.select("variation_icon", "target", "improvement_direction").row(0) == (
        "neutral_high",
        None,
        "neutral",
    )


def test_every_kind_says_how_it_is_drawn() -> None:
    for kind in KINDS:
        words = settings_words(kind)
        assert words.endswith(".")
        assert ("7 points in a row" in words) == (kind not in {"run", "mr"})
    with pytest.raises(KindError, match="Write one of xmr"):
        chart(random(1), "pareto")


def test_a_time_of_nought_is_half_of_the_shortest_that_sets_limits() -> None:
    gaps = [3.0, 8.0, 1.0, 0.0, 12.0, 5.0, 9.0, 2.0, 6.0, 4.0, 14.0, 7.0, 3.0, 10.0]
    without = t(series(value=gaps)).series
    frame = series(value=[*gaps, 0.01]).with_columns(
        status=pl.when(pl.col("value") == 0.01).then(pl.lit("provisional")).otherwise(pl.lit("final"))
    )
    assert same(t(frame).series.select("mean", "lpl", "upl"), without.select("mean", "lpl", "upl"))
