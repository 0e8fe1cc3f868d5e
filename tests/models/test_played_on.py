"""Lists and beds as they are projected, against a simulated trust that plays on: one year, one seed, small."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.capacity.__main__ import DAYS, figures
from benchmarks.capacity.__main__ import read as trust_of
from benchmarks.capacity.__main__ import tested as beds_after
from benchmarks.capacity.clinics import figures as clinic_figures
from benchmarks.capacity.clinics import judged as clinics_after
from benchmarks.capacity.clinics import read as clinics_of
from benchmarks.twins import Twins, twins
from benchmarks.waiting_list.__main__ import tested as lists_after
from benchmarks.waiting_list.cleared import Held, clearing_rows, first_at_most, longest_rows, percentile, standing_rows
from benchmarks.waiting_list.cleared import held as stated
from benchmarks.waiting_list.simulated import lists_of

YEAR = date(2024, 1, 1), date(2024, 12, 31)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Twins:
    """A trust, and its twin with 30 % fewer referrals from July on."""
    return twins(tmp_path_factory.mktemp("trusts"), 5, *YEAR, date(2024, 7, 1), scale=0.4, warm_up=90)


@pytest.fixture(scope="module")
def folder(pair: Twins) -> Path:
    return pair.usual


@pytest.fixture(scope="module")
def beside(pair: Twins) -> Held:
    return stated(pair, months=(3, 6), parts=(0.9, 0.8))


def test_lists_stay_within_their_bands_and_near_their_middle(folder: Path) -> None:
    """95 % bands hold at least 85 % of sizes and shares; the middle is wrong by 10 % and 6 points at most, on average.

    These lists are steadier than published ones, on which the width of the bands is learned: bands may be too wide.
    """
    cases = {date(2024, 6, 1): (date(2024, 7, 1), date(2024, 9, 1), date(2024, 12, 1))}
    found = [each for lists in lists_of(folder) for each in lists_after(lists, cases)]
    assert len(found) >= 15
    by_name: defaultdict[str, list[bool]] = defaultdict(list)
    for each in found:
        for name, held in each.inside.items():
            by_name[name].append(held)
    assert np.mean(by_name["size 95%"]) >= 0.85
    assert np.mean(by_name["share 95%"]) >= 0.85
    assert np.mean([abs(each.size[0] / each.size[1] - 1) for each in found]) <= 0.10
    assert np.mean([abs(each.share[0] - each.share[1]) for each in found]) <= 0.06


def test_beds_stay_within_their_bands_and_chances_say_more_than_nothing(folder: Path) -> None:
    """Three cut-offs: 80 % bands hold at least 70 %, 95 % bands 88 %; chances are no worse than the base rate."""
    trust = trust_of(folder)
    assert trust.beds["date"].max() == date(2024, 12, 31)
    found = [beds_after(trust, date(2024, month, 1)) for month in (9, 10, 11)]
    assert all(len(each.filled) == DAYS for each in found)
    facts = figures(found)
    assert facts["held_80%"] >= 0.7
    assert facts["held_95%"] >= 0.88
    assert facts["error"] <= 0.1 * facts["beds"]
    assert facts["brier"] <= facts["brier_base_rate"]


def test_twins_are_one_trust_until_they_part(pair: Twins) -> None:
    for usual, fewer in zip(lists_of(pair.usual), lists_of(pair.fewer), strict=True):
        assert usual.filter(pl.col("period") < pair.since).equals(fewer.filter(pl.col("period") < pair.since))
        sizes = [each.filter(pl.col("period") == date(2024, 12, 1))["pathways"].sum() for each in (usual, fewer)]
        assert sizes[1] < 0.95 * sizes[0]


def test_lists_with_fewer_referrals_clear_nearly_as_soon_as_said(beside: Held) -> None:
    """A tenth off is 3 weeks wrong at most on average, a fifth 5; 80 % bands hold at least 80 %; what is said is early."""
    tenth, fifth = clearing_rows(beside.clearing)
    for row, most in ((tenth, 3.0), (fifth, 5.0)):
        assert row["lists"] >= 6
        assert row["error"] <= most
        assert row["held_80"] >= 0.8
        assert row["brier"] <= 0.25
    assert fifth["bias"] < 0


def test_chances_of_a_standard_say_more_than_what_holds_now(beside: Held) -> None:
    """Over seven standards, three and six months on; of the list as it is, and of the one with fewer referrals."""
    for found in beside.standing.values():
        for row in standing_rows(found):
            assert row["brier"] <= row["brier_now"]
            assert row["brier"] <= 0.12


def test_the_longest_waits_are_near_what_came(beside: Held) -> None:
    """The wait that 92 in 100 are below is wrong by 4 weeks at most, on average; 80 % bands hold at least 70 %."""
    for row in longest_rows(beside.longest):
        assert row["error"] <= 4.0
        assert row["held_80"] >= 0.7


def test_clinics_are_as_many_as_are_held(folder: Path) -> None:
    """Three cut-offs: the middle of a week is wrong by 8 % at most on average, 95 % bands hold at least 85 %."""
    trust = clinics_of(folder)
    facts = clinic_figures([clinics_after(trust, date(2024, month, 1), trust.held) for month in (9, 10, 11)])
    assert facts["error"] <= 0.08 * facts["clinics_a_week"]
    assert facts["held_95%"] >= 0.85


def test_when_a_course_is_first_at_a_size_and_how_long_so_many_wait() -> None:
    sizes = np.array([[100.0, 90.0, 70.0, 80.0], [100.0, 99.0, 98.0, 97.0], [60.0, 90.0, 90.0, 90.0]])
    assert first_at_most(sizes, np.array([0.0, 4.0, 8.0, 12.0]), 80.0).tolist() == [6.0, np.inf, 0.0]
    bands = np.zeros(105)
    bands[:20] = 5.0  # a hundred patients, five to each week waited
    assert percentile(bands, 0.92)[0] == pytest.approx(18.4)
