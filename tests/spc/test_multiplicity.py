"""Many charts at once: what chance alone would show, and what outlasts it."""

from __future__ import annotations

import dataclasses
import math
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy import stats

from metrics.spc import chart, xmr
from metrics.spc.evidence import least_probability, strength
from metrics.spc.false_signals import in_rows, rate
from metrics.spc.multiplicity import (
    controlled,
    expected_false_signals,
    false_signal_rate,
    latest_evidence,
    multiplicity_words,
)
from metrics.spc.null_tables import FALSE_SIGNALS, LEAST_SHARES, RATIOS, SIZES
from metrics.spc.profile import PROFILES

TRIED = 10_000


def table(**series: list[float | None]) -> pl.DataFrame:
    return pl.concat([
        pl.DataFrame({
            "series": name, "date": [date(2026, 1, 1) + timedelta(days=at) for at in range(len(values))], "value": values
        }, schema_overrides={"value": pl.Float64})
        for name, values in series.items()
    ])  # fmt: skip


def p_values(values: np.ndarray) -> np.ndarray:
    return latest_evidence(xmr(in_rows(values)))["p_value"].drop_nulls().to_numpy()


class TestFalseSignals:
    @pytest.mark.parametrize("profile", PROFILES)
    @pytest.mark.parametrize("points", [13, 36])
    def test_the_table_is_what_a_fresh_simulation_gives(self, profile: str, points: int) -> None:
        fresh = rate(PROFILES[profile], points, 2 * TRIED, seed=4711)
        held = FALSE_SIGNALS[profile][points]
        assert abs(fresh - held) < 4 * math.sqrt(held / (2 * TRIED) + held / 100_000)

    @pytest.mark.parametrize(("profile", "length"), [("mdc", 7), ("mdc-2.6", 6)])
    def test_the_table_is_what_the_rules_written_anew_give(self, profile: str, length: int) -> None:
        count = 200_000
        values = np.random.default_rng(2024).normal(size=(count, 36))
        away = values - values.mean(axis=1, keepdims=True)
        limit = 2.66 * np.abs(np.diff(values, axis=1)).mean(axis=1, keepdims=True)
        far, side, steps = np.abs(away) > limit * 2 / 3, np.sign(away), np.diff(values[:, -length:], axis=1)
        signal = (
            (np.abs(away[:, -1]) > limit[:, 0])
            | (np.abs(side[:, -length:].sum(axis=1)) == length)
            | (steps > 0).all(axis=1)
            | (steps < 0).all(axis=1)
            | ((np.abs(side[:, -3:].sum(axis=1)) == 3) & far[:, -1] & (far[:, -3:].sum(axis=1) >= 2))
        )
        held = FALSE_SIGNALS[profile][36]
        assert abs(signal.mean() - held) < 4 * math.sqrt(held / count + held / 100_000)

    def test_a_phase_without_limits_gives_no_signals(self) -> None:
        assert false_signal_rate(12, "mdc") == 0.0
        assert false_signal_rate(12, "plotthedots") > 0.0
        assert false_signal_rate(2, "plotthedots") == false_signal_rate(3, "plotthedots") == 0.0

    def test_between_and_beyond_the_simulated_sizes(self) -> None:
        held = FALSE_SIGNALS["mdc"]
        assert false_signal_rate(18) == pytest.approx((held[16] + held[20]) / 2)
        assert false_signal_rate(5000) == held[120]

    def test_settings_that_do_not_bear_on_signals_use_the_table(self) -> None:
        own = dataclasses.replace(PROFILES["mdc"], name="ours", conflict="priority", minimum_points=20)
        assert false_signal_rate(36, own) == FALSE_SIGNALS["mdc"][36]
        assert false_signal_rate(16, own) == 0.0

    def test_a_profile_of_ones_own_is_simulated(self) -> None:
        longer = dataclasses.replace(PROFILES["mdc"], name="ours", shift_length=9, two_in_three="none")
        assert 0.003 < false_signal_rate(36, longer) < FALSE_SIGNALS["mdc"][36] - 0.002
        assert false_signal_rate(36, longer) == false_signal_rate(36, longer)

    def test_expected_signals_are_added_up_over_what_is_judged(self) -> None:
        series = pl.DataFrame({
            "state": ["ok"] * 48 + ["too_few_points", "no_variation", "missing_latest", "stale", "no_data"],
            "points": [36] * 40 + [24] * 8 + [5, 36, 36, 36, 0],
            "variation_type": ["special_cause_concern"] * 9 + ["common_cause"] * 39 + [None] * 5,
        })  # fmt: skip
        expected = expected_false_signals(series)
        assert expected == pytest.approx(40 * false_signal_rate(36) + 8 * false_signal_rate(24))
        assert multiplicity_words(series) == "Of 48 measures about 1 would show a signal by chance alone; 9 do."
        assert multiplicity_words(series.tail(5)) == "No measure can be judged yet."
        few = series.slice(8, 2)
        assert multiplicity_words(few, noun="trust") == (
            "Of 2 trusts fewer than 1 would show a signal by chance alone; 1 does."
        )
        assert multiplicity_words(series.slice(9, 1)) == (
            "Of 1 measure fewer than 1 would show a signal by chance alone; none does."
        )

    def test_charts_of_processes_that_do_not_change_show_as_many_as_expected(self) -> None:
        made = xmr(in_rows(np.random.default_rng(8).normal(size=(4000, 30))))
        shown = (made.series["variation_type"] != "common_cause").sum()
        assert shown == pytest.approx(expected_false_signals(made.series), abs=4 * math.sqrt(60))


class TestEvidence:
    @pytest.mark.parametrize("points", [13, 18, 30, 45])
    def test_probabilities_are_not_too_small_for_normal_values(self, points: int) -> None:
        p = p_values(np.random.default_rng(points).normal(5, 2, size=(TRIED * 2, points)))
        assert len(p) == TRIED * 2
        for share in (0.001, 0.005, 0.01, 0.05, 0.1, 0.2):
            seen = (p <= share).mean()
            assert seen <= share + 4 * math.sqrt(share / len(p)), share
            if share >= 0.01:
                assert seen >= share / 2, "nor so great that signals are lost"

    @pytest.mark.parametrize(("name", "at_five_percent", "at_one_in_a_thousand"), [
        ("uniform", 1.0, 1.5), ("poisson", 1.1, 3.0), ("gamma", 1.3, 8.0), ("exponential", 1.6, 20.0),
    ])  # fmt: skip
    def test_how_far_they_hold_for_other_values(
        self, name: str, at_five_percent: float, at_one_in_a_thousand: float
    ) -> None:
        rng = np.random.default_rng(6)
        size = (TRIED * 2, 30)
        draws = {
            "uniform": lambda: rng.uniform(size=size),
            "poisson": lambda: rng.poisson(5, size=size).astype(float),
            "gamma": lambda: rng.gamma(4, size=size),
            "exponential": lambda: rng.exponential(size=size),
        }
        p = p_values(draws[name]())
        assert (p <= 0.05).mean() <= at_five_percent * 0.05 + 0.006
        assert (p <= 0.001).mean() <= at_one_in_a_thousand * 0.001
        if name == "exponential":
            assert (p <= 0.001).mean() > 0.005, "far points of skewed values are commoner than they say"

    def test_a_trend_is_counted_by_the_orders_that_it_could_have_come_in(self) -> None:
        rng = np.random.default_rng(1)
        rising = [*rng.normal(size=29), *np.linspace(-0.6, 0.6, 7)]
        (seen,) = least_probability(xmr(table(a=rising)))["least"]
        assert seen == pytest.approx(2 / math.factorial(7))

    def test_a_run_is_counted_by_the_share_of_points_on_its_side(self) -> None:
        values = [(-1.0) ** at for at in range(20)] + [0.3, 0.2] * 4
        (facts,) = xmr(table(a=values)).series.to_dicts()
        assert facts["run_length"] == 8
        share = 18 / 28
        (seen,) = least_probability(xmr(table(a=values)))["least"]
        assert seen == pytest.approx(share**8 + (1 - share) ** 8)

    def test_a_point_is_compared_with_those_before_it(self) -> None:
        values = [0.0, 1.0, 0.0, 1.0] * 6 + [0.0, 6.0]
        before = np.array(values[:-1])
        ranges = np.abs(np.diff(before))
        error = ranges.mean() / 1.128 * math.sqrt(1 + 1 / len(before))
        expected = 2 * stats.t.sf((6.0 - before.mean()) / error, 0.605 * len(ranges))
        seen = least_probability(xmr(table(a=values))).row(0, named=True)
        assert seen["least"] == pytest.approx(expected)
        assert seen["n"] == 26

    def test_two_in_three_are_counted_together(self) -> None:
        values = [0.0, 1.0, 0.0, 1.0] * 6 + [2.6, 0.9, 2.6]
        before = np.array(values[:-1])
        error = np.abs(np.diff(before)).mean() / 1.128 * math.sqrt(1 + 1 / len(before))
        a = stats.t.sf((2.6 - before.mean()) / error, 0.605 * (len(before) - 1))
        single, pair = 2 * a, 2 * (3 * a**2 * (0.5 - a) + a**3)
        assert pair < single
        assert least_probability(xmr(table(a=values)))["least"].item() == pytest.approx(pair)

    def test_more_of_a_change_is_stronger_evidence(self) -> None:
        noise = list(np.random.default_rng(3).normal(size=24))
        runs = {f"run{length:02}": noise + [1.2 + 0.05 * (at % 2) for at in range(length)] for length in range(5, 16)}
        found = latest_evidence(xmr(table(**runs)))["p_value"].to_list()
        assert all(later <= earlier for earlier, later in pairwise(found))
        assert found[0] > 0.05
        assert found[-1] < 0.001

    def test_what_is_not_judged_has_none(self) -> None:
        alike = [4.0] * 20
        noise = list(np.random.default_rng(5).normal(size=20))
        found = latest_evidence(
            xmr(table(alike=alike, few=noise[:8], gone=[*noise, None], none=[None] * 5, sound=noise))
        )
        assert found["series"].to_list() == ["alike", "few", "gone", "none", "sound"]
        assert found["p_value"].is_null().to_list() == [True, True, True, True, False]
        assert found["strength"].is_null().to_list() == [True, True, True, True, False]

    def test_only_the_last_phase_counts(self) -> None:
        rng = np.random.default_rng(9)
        earlier, later = rng.normal(100, 1, 20), rng.normal(0, 1, 20)
        both = table(a=[*earlier, *later]).with_columns(rebase=pl.int_range(40) == 20)
        alone = table(a=list(later))
        assert latest_evidence(xmr(both))["p_value"].equals(latest_evidence(xmr(alone))["p_value"])

    def test_a_frozen_baseline_judges_the_newest_point(self) -> None:
        baseline = list(np.random.default_rng(2).normal(size=20))
        frozen = table(a=baseline + [3.0 + 0.1 * (at % 2) for at in range(8)]).with_columns(fix_after_n_points=20)
        (p,) = latest_evidence(xmr(frozen))["p_value"]
        assert p < 0.001

    @pytest.mark.parametrize("kind", ["p", "pp", "u", "up", "i", "run", "mr", "c", "t", "g"])
    def test_every_kind_of_chart_has_evidence(self, kind: str) -> None:
        rng = np.random.default_rng(4)
        size = rng.integers(200, 400, 30)
        events = rng.binomial(size, 0.1)
        events[-1] = size[-1] // 2
        rows = table(a=[float(each) for each in events] if kind in {"c", "mr", "run", "t", "g"} else [0.0] * 30)
        if kind not in {"c", "mr", "run", "t", "g"}:
            rows = rows.drop("value").with_columns(num=pl.Series(events), den=pl.Series(size))
        (p,) = latest_evidence(chart(rows, kind))["p_value"]
        if kind != "run":  # medians do not see how far out a point lies
            assert p < 0.01

    @given(st.integers(0, 2**31), st.floats(0.01, 1e6), st.floats(-1e4, 1e4))
    @settings(max_examples=25)
    def test_units_and_origin_do_not_matter(self, seed: int, scale: float, origin: float) -> None:
        values = np.random.default_rng(seed).normal(size=(5, 24)).cumsum(axis=1)
        one = latest_evidence(xmr(in_rows(values)))["p_value"].to_numpy()
        other = latest_evidence(xmr(in_rows(values * scale + origin * scale)))["p_value"].to_numpy()
        mirrored = latest_evidence(xmr(in_rows(-values)))["p_value"].to_numpy()
        assert one == pytest.approx(other, rel=1e-5)
        assert one == pytest.approx(mirrored, rel=1e-9)

    @given(st.integers(0, 2**31))
    @settings(max_examples=15)
    def test_many_at_once_are_as_each_alone_in_any_order(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        rows = in_rows(rng.normal(size=(6, 20)).cumsum(axis=1))
        whole = latest_evidence(xmr(rows))
        alone = pl.concat([latest_evidence(xmr(each)) for each in rows.partition_by("series")])
        assert_frame_equal(whole, alone)
        assert_frame_equal(whole, latest_evidence(xmr(rows.sample(fraction=1, shuffle=True, seed=seed % 1000))))

    def test_no_series_no_evidence(self) -> None:
        found = latest_evidence(xmr(in_rows(np.zeros((0, 5)))))
        assert found.schema == {"series": pl.String, "p_value": pl.Float64, "strength": pl.String}
        assert found.is_empty()

    def test_strength_in_words(self) -> None:
        frame = pl.DataFrame({"p": [0.0, 0.00099, 0.001, 0.0099, 0.01, 0.049, 0.05, 1.0, None]})
        assert frame.select(strength(pl.col("p"))).to_series().to_list() == [
            "very strong", "very strong", "strong", "strong", "moderate", "moderate", "weak", "weak", None,
        ]  # fmt: skip

    def test_the_tables_are_sound(self) -> None:
        shares = np.array(RATIOS) * np.array(LEAST_SHARES)
        assert shares.shape == (len(SIZES), len(LEAST_SHARES))
        assert (np.diff(shares, axis=1) >= 0).all()
        assert (np.abs(shares[:, -1] - 1) < 1e-9).all()
        assert (np.array(RATIOS) <= 4.2).all(), "no more than the number of rules, but for chance"


class TestControl:
    # The example of Benjamini and Hochberg (1995), section 4.1.
    P = (0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0)  # fmt: skip

    def test_the_example_of_its_authors(self) -> None:
        frame = pl.DataFrame({"p_value": self.P})
        assert controlled(frame)["discovery"].sum() == 4
        assert controlled(frame, dependence="any")["discovery"].sum() == 3
        assert controlled(frame)["q_value"][3] == pytest.approx(0.0095 * 15 / 4)

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.sampled_from([("positive", "bh"), ("any", "by")]))
    def test_q_values_are_those_of_scipy(self, p: list[float], how: tuple[str, str]) -> None:
        found = controlled(pl.DataFrame({"p_value": p}), dependence=how[0])
        assert found["q_value"].to_numpy() == pytest.approx(stats.false_discovery_control(p, method=how[1]), abs=1e-12)
        assert found["discovery"].to_list() == (found["q_value"] <= 0.05).to_list()

    def test_series_without_a_probability_count_for_nothing(self) -> None:
        frame = pl.DataFrame({"series": list("abcd"), "p_value": [0.02, None, 0.9, None]})
        found = controlled(frame, rate=0.05)
        assert found["q_value"].to_list() == pytest.approx([0.04, None, 0.9, None])
        assert found["discovery"].to_list() == [True, False, False, False]
        assert controlled(frame.clear()).columns == ["series", "p_value", "q_value", "discovery"]

    @pytest.mark.parametrize("value", [0.0, 1.0, -0.1])
    def test_a_rate_must_lie_between_0_and_1(self, value: float) -> None:
        with pytest.raises(ValueError, match="must lie between 0 and 1"):
            controlled(pl.DataFrame({"p_value": [0.1]}), rate=value)
        with pytest.raises(ValueError, match="A p_value does not lie"):
            controlled(pl.DataFrame({"p_value": [1.5]}))

    def test_the_share_of_false_discoveries_is_held_and_true_changes_are_found(self) -> None:
        rng = np.random.default_rng(12)
        boards, measures, changed = 60, 120, 24
        values = rng.normal(size=(boards * measures, 30))
        truly = np.tile(np.arange(measures) < changed, boards)
        # Half of the changes are new and large, half have lasted.
        values[truly & (np.arange(len(truly)) % 2 == 0), -1] += 6
        values[truly & (np.arange(len(truly)) % 2 == 1), -10:] += 2.5
        made = xmr(in_rows(values))
        evidence = latest_evidence(made).with_columns(truly=pl.Series(truly))
        shares, found = [], []
        for board in range(boards):
            kept = controlled(evidence.slice(board * measures, measures)).filter("discovery")
            shares.append((~kept["truly"]).sum() / max(kept.height, 1))
            found.append(kept["truly"].sum() / changed)
        assert np.mean(shares) <= 0.05
        assert np.mean(found) > 0.75
        # Without control, the share of false signals among those shown is several times that.
        signals = made.series.with_columns(truly=pl.Series(truly)).filter(pl.col("variation_type") != "common_cause")
        assert (~signals["truly"]).mean() > 0.05

    def test_a_board_where_nothing_changed_seldom_has_any_discovery(self) -> None:
        evidence = latest_evidence(xmr(in_rows(np.random.default_rng(13).normal(size=(200 * 50, 24)))))
        boards = [controlled(evidence.slice(at * 50, 50))["discovery"].any() for at in range(200)]
        assert np.mean(boards) <= 0.05 + 4 * math.sqrt(0.05 / 200)
