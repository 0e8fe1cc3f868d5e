"""Run charts: the median, Anhøj's two rules with their exact bounds, and what they mean for labels and icons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from math import comb, log2

import numpy as np
import polars as pl
import pytest

from metrics.spc import run
from tests.spc.drawn_series import series


def fewest(useful: int) -> int:
    """Returns the least number of crossings with at least 5 % of the binomial distribution at or below it, by counting."""
    so_far, crossings = 0, -1
    while so_far < 0.05 * 2 ** (useful - 1):
        crossings += 1
        so_far += comb(useful - 1, crossings)
    return crossings


def by_hand(values: Sequence[float]) -> tuple[int, int, int, int, bool]:
    median = float(np.median(values))
    sides = [value > median for value in values if value != median]
    lengths = [len(list(each)) for _, each in groupby(sides)]
    longest, most = max(lengths), round(log2(len(sides)) + 3)
    crossings, least = len(lengths) - 1, fewest(len(sides))
    return longest, most, crossings, least, longest > most or crossings < least


FIGURES = ["longest_run", "longest_run_max", "crossings", "crossings_min", "runs_signal"]


@pytest.mark.parametrize("seed", range(60))
def test_figures_of_runs_are_those_counted_by_hand(seed: int) -> None:
    made = np.random.default_rng(seed)
    values = made.integers(0, 8, int(made.integers(10, 90))).astype(float)
    values = np.sort(values) if seed % 5 == 0 else values
    drawn = run(series(value=values.tolist()))
    assert drawn.series.select(FIGURES).row(0) == by_hand(values)
    assert drawn.points["mean"][0] == np.median(values)
    assert drawn.points["lpl"].null_count() == len(values)


def test_how_often_chance_alone_signals() -> None:
    made = np.random.default_rng(20261122)
    frame = pl.concat([series(f"{at:04}", value=made.normal(size=24).tolist()) for at in range(2_000)])
    assert 0.02 < run(frame).series["runs_signal"].mean() < 0.05


UP_AND_DOWN = [4, 6, 4, 6, 4, 6, 4, 6, 4, 6, 4]


def test_a_run_longer_than_chance_flags_its_points_and_not_those_on_the_median() -> None:
    values = [*UP_AND_DOWN, 7, 7, 7, 5, 7, 7, 7, 7, 7, 7, *[3, 3, 6, 3, 3, 3, 6, 3, 3, 3, 3, 3]]
    drawn = run(series(value=values, improvement_direction=["decrease"]))
    assert drawn.points["mean"][0] == 5
    flagged = drawn.points.filter(pl.col("special_cause_flag"))
    assert flagged["date"].to_list() == [date(2015 + at // 12, at % 12 + 1, 1) for at in (11, 12, 13, *range(15, 21))]
    assert flagged["special_cause_type"].unique().to_list() == ["9 Points Above CL"]
    assert flagged["point_type"].unique().to_list() == ["special_cause_concern"]
    assert flagged["rules"].unique().to_list() == [
        "one of 9 in a row above the median, where chance would have 8 at most"
    ]


def test_an_icon_stands_only_where_the_newest_point_is_part_of_such_a_run() -> None:
    quiet = run(series(value=UP_AND_DOWN * 2))
    assert quiet.series.select("state", "variation_icon", "variation_type", "assurance_icon").row(0) == (
        "ok",
        None,
        None,
        None,
    )
    shifted = [*[4, 5] * 6, 8, 9, 8, 9, 6, 9, 8, 9, 8, 9, 8, 9]
    told = run(series(value=shifted, improvement_direction=["increase"])).series.row(0, named=True)
    assert (told["variation_icon"], told["special_cause_type"]) == ("improvement_high", "12 Points Above CL")
    assert (told["run_length"], told["shift_from"]) == (12, date(2016, 1, 1))


def test_a_run_goes_on_past_a_point_on_the_median() -> None:
    values = [6, 4, 6, 6, 4, 6, 6, 4, 6, 4, 6, 6, 4, 6, 6, 4, 7, 7, 5, 7]
    told = run(series(value=[*values, 3, 3, 3, 3, 3, 3, 5, 3])).series.row(0, named=True)
    assert told["mean"] == 5
    assert (told["run_length"], told["shift_from"]) == (7, date(2016, 9, 1))


def test_too_few_crossings_are_told_of_the_phase_and_flag_no_point() -> None:
    values = [1, 1, 1, 1, 9, 9, 9, 9, 1, 1, 1, 1, 9, 9, 9, 9]
    drawn = run(series(value=values))
    assert drawn.series.select("crossings", "crossings_min", "runs_signal").row(0) == (3, 4, True)
    assert drawn.points["special_cause_flag"].sum() == 0


def test_fewer_than_ten_points_off_the_median_flag_nothing() -> None:
    values = [1.0, 1.1, 1.2, 1.3, 5, 5, 5, 5, 5, 9, 9, 9, 9]
    drawn = run(series(value=values))
    assert drawn.series["state"].to_list() == ["too_few_points"]
    assert drawn.points["mean"].unique().to_list() == [5]


def test_each_phase_has_its_own_median() -> None:
    values = [*UP_AND_DOWN, 60, 40, 60, 40, 60, 40, 60, 40, 60, 40, 60]
    drawn = run(series(value=values, rebase=[at == 11 for at in range(22)]))
    assert drawn.points["mean"].to_list() == [4] * 11 + [60] * 11
