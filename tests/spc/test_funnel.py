"""Funnel plots: FunnelPlotR's numbers, where they are right, and what it does not guard against."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy import stats

from metrics.spc.frame import FrameError
from metrics.spc.funnel import Funnel, funnel
from metrics.spc.funnel_limits import METHODS

GOLDEN = Path(__file__).parents[1] / "golden" / "funnel.csv.gz"
KINDS = {"PR": "proportion", "RC": "ratio", "SR": "standardised"}
CASES = [("PR", "SHMI", None), ("RC", "SHMI", None), ("SR", "SHMI", "SHMI"), ("SR", "CQC", "CQC")]
CHANCE = {"LCL95": "lcl_95", "UCL95": "ucl_95", "LCL99": "lcl_998", "UCL99": "ucl_998"}
DISPERSED = {"OD95LCL": "od_lcl_95", "OD95UCL": "od_ucl_95", "OD99LCL": "od_lcl_998", "OD99UCL": "od_ucl_998"}
Z = {"95": 1.959964, "998": 3.090232}
EVERY = [(kind, method) for kind, methods in METHODS.items() for method in methods]


def golden(kind: str, method: str) -> pl.DataFrame:
    rows = pl.read_csv(GOLDEN, infer_schema_length=None, null_values=["NA"])
    return rows.filter(type=kind, sr_method=method).with_columns(pl.col("set").cast(pl.String))


def beside(kind: str, method: str | None, rows: pl.DataFrame) -> tuple[Funnel, pl.DataFrame]:
    made = funnel(rows.select("set", "group", "numerator", "denominator"), KINDS[kind], method)
    both = rows.join(made.points, on=["set", "group"], suffix="_ours", validate="1:1")
    assert both.height == rows.height == made.points.height
    return made, both.join(made.sets.select("set", phi_ours="phi", tau2_ours="tau2"), on="set")


def close(left: pl.Series, right: pl.Series, within: float = 1e-6) -> bool:
    same_nulls = (left.is_null() == right.is_null()).all()
    return bool(same_nulls and ((left - right).abs().fill_null(0.0) <= within).all())


@pytest.mark.parametrize(("kind", "sr_method", "method"), CASES)
def test_the_numbers_of_funnelplotr(kind: str, sr_method: str, method: str | None) -> None:
    rows = golden(kind, sr_method)
    assert rows.height == 360
    _, both = beside(kind, method, rows)
    columns = {"uz": "z", "wz": "z_used", "phi": "phi_ours", "tau2": "tau2_ours"} | CHANCE
    columns |= {} if sr_method == "CQC" else DISPERSED
    for theirs, ours in columns.items():
        assert close(both[theirs], both[ours]), theirs
    if sr_method != "CQC":
        assert (both["outlier"] == both["outlier_ours"].cast(pl.Int64)).all()


def test_rates_are_those_of_funnelplotr() -> None:
    for kind, sr_method, method in CASES:
        if method != "SHMI":
            _, both = beside(kind, method, golden(kind, sr_method))
            assert close(both["rr"], both["value"])
    # With the SHMI method the file holds expected counts rounded to two places, and rates from those that are not.
    rounded, whole = golden("SR", "SHMI"), golden("SR", "CQC")
    assert rounded["set"].equals(whole["set"])
    assert rounded["group"].equals(whole["group"])
    assert close(rounded["denominator"], whole["denominator"].round(2), 1e-9)
    assert close(rounded["rr"], beside("SR", "CQC", whole)[1]["value"])


def test_over_dispersed_limits_of_the_square_root_scale_are_squared() -> None:
    made, both = beside("SR", "CQC", golden("SR", "CQC"))
    for theirs, ours in DISPERSED.items():
        z = (1 if "UCL" in theirs else -1) * Z["95" if "95" in theirs else "998"]
        root = 1 + z * (1 / (4 * both["denominator"]) + both["tau2"]).sqrt()
        assert close(both[theirs], root), "the file's limits are on the scale of the square root"
        assert close(both[ours], root.clip(0.0) ** 2)
    # So its outliers are those whose rate, not its root, leaves limits for the root.
    assert both["outlier"].sum() == 75
    assert both["outlier_ours"].sum() == 2
    assert agrees_with_z(made)


def agrees_with_z(made: Funnel) -> bool:
    """Whether, where over-dispersed limits judge, a unit is outside just when its adjusted z-score is."""
    points = made.points.join(made.sets.filter("adjusted").select("set"), on="set").filter(state="ok")
    for level, z in Z.items():
        distance = points["z_adjusted"].abs() - z
        clear = distance.abs() > 1e-9
        outside = points[f"outside_{level}"]
        if not ((distance > 0) == outside).filter(clear).all():
            return False
    return True


def test_the_golden_sets_differ_by_more_than_chance_in_nine_of_sixteen_funnels() -> None:
    adjusted = [beside(kind, method, golden(kind, name))[0].sets["adjusted"].sum() for kind, name, method in CASES]
    assert adjusted == [3, 2, 2, 2]


@st.composite
def units(draw: st.DrawFn, most: int = 25) -> pl.DataFrame:
    count = draw(st.integers(3, most))
    seed = draw(st.integers(0, 2**32 - 1))
    spread = draw(st.sampled_from([0.0, 0.3, 1.0]))
    rng = np.random.default_rng(seed)
    size = rng.integers(20, 3000, count)
    share = 1 / (1 + np.exp(-(rng.normal(-1.5, 1) + rng.normal(0, spread, count))))
    return pl.DataFrame({
        "group": [f"g{at:02}" for at in range(count)], "numerator": rng.binomial(size, share), "denominator": size
    })  # fmt: skip


@given(units(), st.sampled_from(EVERY))
def test_a_unit_is_outside_just_when_its_adjusted_z_score_is(frame: pl.DataFrame, how: tuple) -> None:
    if how != ("ratio", "denominator"):  # where limits and z-scores have different standard errors, as the file has
        assert agrees_with_z(funnel(frame, *how))


@given(units(), st.sampled_from(EVERY), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(frame: pl.DataFrame, how: tuple, random) -> None:
    rows = list(range(frame.height))
    random.shuffle(rows)
    for one, other in zip(tables(funnel(frame, *how)), tables(funnel(frame[rows], *how)), strict=True):
        assert_frame_equal(one, other, rel_tol=1e-9, abs_tol=1e-12)


def tables(made: Funnel) -> tuple[pl.DataFrame, ...]:
    return made.points, made.curve, made.sets


@settings(max_examples=25)
@given(st.lists(units(10), min_size=2, max_size=4), st.sampled_from(EVERY))
def test_several_sets_at_once_are_as_each_alone(frames: list[pl.DataFrame], how: tuple) -> None:
    named = [frame.with_columns(set=pl.lit(f"s{at}")) for at, frame in enumerate(frames)]
    together = tables(funnel(pl.concat(named), *how))
    alone = [tables(funnel(frame, *how)) for frame in named]
    for at, whole in enumerate(together):
        assert_frame_equal(whole, pl.concat([each[at] for each in alone]), rel_tol=1e-9, abs_tol=1e-12)


@given(units(), st.sampled_from(EVERY))
def test_the_limits_close_in_on_the_centre_as_units_grow(frame: pl.DataFrame, how: tuple) -> None:
    curve = funnel(frame, *how).curve
    steps = [name for name in curve.columns if name.startswith(("lcl", "od_lcl", "ucl", "od_ucl"))]
    for name in steps:
        if how[1] == "exact" and not name.startswith("od"):
            continue  # whole counts make these limits saw-toothed
        sign = 1 if "lcl" in name else -1
        assert (sign * curve[name].diff().drop_nulls() >= -1e-12).all(), name
        assert (sign * (curve["theta"] - curve[name]) >= -1e-12).all(), name


@settings(max_examples=25)
@given(units())
def test_a_proportion_and_its_complement_mirror_each_other(frame: pl.DataFrame) -> None:
    for method in METHODS["proportion"]:
        one = funnel(frame, "proportion", method).points
        other = funnel(
            frame.with_columns(numerator=pl.col("denominator") - pl.col("numerator")), "proportion", method
        ).points
        assert close(one["z"], -other["z"])
        assert close(one["lower"], 1 - other["upper"])
        flipped = other["direction"].replace({"above": "below", "below": "above"})
        away = (one["value"] - one["lower"]).abs().is_between(1e-9, 1) & (one["value"] - one["upper"]).abs().is_between(
            1e-9, 1
        )
        assert one["outlier"].filter(away).equals(other["outlier"].filter(away))
        assert one["direction"].filter(away & one["outlier"]).equals(flipped.filter(away & one["outlier"]))


@settings(max_examples=15)
@given(units(), st.integers(2, 5))
def test_splitting_the_rows_of_a_unit_changes_nothing(frame: pl.DataFrame, times: int) -> None:
    split = pl.concat([frame.with_columns(pl.col("numerator", "denominator") / times)] * times)
    for how in EVERY:
        one, other = funnel(frame, *how).points, funnel(split, *how).points
        assert close(one["z"], other["z"])
        assert close(one["upper"], other["upper"])


@given(units(), st.sampled_from(["SHMI", "CQC"]), st.integers(2, 40))
def test_more_of_the_same_standardised_ratio_is_more_evidence(frame: pl.DataFrame, method: str, times: int) -> None:
    # Both scales give z-scores that grow with the root of the size.
    one = funnel(frame.filter(pl.col("numerator") > 0), "standardised", method).points
    more = frame.filter(pl.col("numerator") > 0).with_columns(pl.col("numerator", "denominator") * times)
    other = funnel(more, "standardised", method).points
    assert close(one["value"], other["value"])
    assert close(one["z"] * math.sqrt(times), other["z"], 1e-6)


SMALL = pl.DataFrame({
    "group": ["a", "b", "c", "d", "e", "f"],
    "numerator": [10, 0, None, 12, 9, 11],
    "denominator": [100, 0, 50, 100, 90, None],
})  # fmt: skip


@pytest.mark.parametrize("how", EVERY)
def test_units_without_numbers_keep_their_row_and_are_never_zero(how: tuple) -> None:
    made = funnel(SMALL, *how)
    states = dict(made.points.select("group", "state").iter_rows())
    assert states == {
        "a": "ok", "b": "no_denominator", "c": "missing", "d": "ok", "e": "ok", "f": "missing"
    }  # fmt: skip
    unjudged = made.points.filter(pl.col("state") != "ok")
    for name in ("value", "z", "z_adjusted", "lower", "upper", "direction"):
        assert unjudged[name].null_count() == unjudged.height
    assert not unjudged["outlier"].any()
    assert unjudged["words"].to_list() == [
        "Nothing to divide by: the denominator is 0.",
        "Not reported.",
        "Not reported.",
    ]
    assert made.sets.select("units", "judged").row(0) == (6, 3)
    assert made.sets["words"][0].endswith(" 3 more have no numbers to compare.")
    # They sway nothing.
    alone = funnel(SMALL.filter(pl.col("group").is_in(["a", "d", "e"])), *how)
    assert_frame_equal(made.points.filter(state="ok"), alone.points)
    assert_frame_equal(made.curve, alone.curve)


def test_a_row_adds_to_both_parts_or_to_neither() -> None:
    rows = pl.DataFrame({
        "group": ["a", "a", "b", "c"], "numerator": [5, None, 7, 6], "denominator": [50, 60, 70, 60]
    })  # fmt: skip
    (first,) = funnel(rows).points.filter(group="a").to_dicts()
    assert (first["numerator"], first["denominator"], first["missing_rows"], first["state"]) == (5, 50, 1, "ok")


def test_fewer_than_three_units_are_not_judged_by_their_own_mean() -> None:
    two = pl.DataFrame({"group": ["a", "b"], "numerator": [1, 90], "denominator": [100, 100]})
    for kind in ("proportion", "ratio"):
        made = funnel(two, kind)
        assert made.sets["state"].to_list() == ["too_few_units"]
        assert made.points["state"].to_list() == ["not_judged"] * 2
        assert not made.points["outside_95"].any()
        assert made.sets["words"][0] == "2 units: too few to judge any against what they are together. It takes 3."
    # Expected counts come from outside: even one unit can be judged by them.
    one = funnel(two.head(1), "standardised")
    assert one.points.select("state", "outlier", "direction").row(0) == ("ok", True, "below")


def test_units_that_are_all_alike_are_inside() -> None:
    alike = pl.DataFrame({"group": list("abcd"), "numerator": [3, 6, 9, 30], "denominator": [10, 20, 30, 100]})
    made = funnel(alike)
    assert made.sets.select("state", "tau2", "adjusted").row(0) == ("all_equal", 0.0, False)
    assert made.sets["words"][0] == "All 4 units have the same value, 30.0 %."
    assert not made.points["outlier"].any()


@pytest.mark.parametrize("kind", ["proportion", "ratio"])
def test_no_event_anywhere_is_nothing_to_compare(kind: str) -> None:
    made = funnel(pl.DataFrame({"group": list("abc"), "numerator": [0, 0, 0], "denominator": [10, 20, 30]}), kind)
    assert made.sets["state"].to_list() == ["no_events"]
    assert made.sets["words"][0] == "3 units, and none has an event: there is nothing to compare."
    assert made.points["words"][0].endswith("not judged: no unit has an event.")


@pytest.mark.parametrize("method", ["SHMI", "CQC"])
@pytest.mark.parametrize(("expected", "outside_95", "outside_998"), [
    (0.5, False, False), (3.6, False, False), (3.7, True, False), (6.9, True, False), (6.95, True, True),
])  # fmt: skip
def test_no_event_is_outside_when_its_poisson_probability_says_so(
    method: str, expected: float, outside_95: bool, outside_998: bool
) -> None:
    # exp(-3.689) is 2.5 %, exp(-6.908) is 0.1 %.
    made = funnel(pl.DataFrame({"group": ["a"], "numerator": [0], "denominator": [expected]}), "standardised", method)
    point = made.points.row(0, named=True)
    assert (point["outside_95"], point["outside_998"]) == (outside_95, outside_998)
    assert point["value"] == 0
    assert math.isfinite(point["z"])


def test_a_unit_without_deaths_does_not_break_the_dispersion_of_shmi() -> None:
    rng = np.random.default_rng(4)
    expected = rng.uniform(20, 200, 30)
    deaths = rng.poisson(expected)
    deaths[7], expected[7] = 0, 4.0
    rows = pl.DataFrame({"group": [f"{at:02}" for at in range(30)], "numerator": deaths, "denominator": expected})
    made = funnel(rows, "standardised", "SHMI")
    assert made.sets["phi"][0] == pytest.approx(0.83, abs=0.3)
    assert made.points["z"].is_finite().all()
    # The z-score of the lower tail of 1.8 %, which is the probability of none of four.
    assert made.points["z"][7] == pytest.approx(-2.09, abs=0.01)


def test_exact_limits_hold_as_much_as_they_say() -> None:
    counts = [0, 1, 2, 3]
    rows = pl.DataFrame({
        "group": [*"abcd", "others"], "numerator": [*counts, 120], "denominator": [40, 40, 40, 40, 40000]
    })  # fmt: skip
    exact = funnel(rows, "proportion", "exact", overdispersion=False)
    tails = [stats.binom.sf(count - 1, 40, exact.sets["theta"][0]) for count in counts]
    for level, tail in (("95", 0.025), ("998", 0.001)):
        outside = exact.points[f"outside_{level}"].to_list()[:4]
        assert outside == [probability < tail for probability in tails]
    assert exact.points["outlier"].to_list() == [False, False, False, True, False]
    # Three events in forty happen by chance to one unit in 3,600; the arcsine scale does not see it.
    assert tails[3] == pytest.approx(1 / 3575, rel=0.01)
    assert not funnel(rows, overdispersion=False).points["outlier"].any()


def test_limits_of_chance_alone_when_asked() -> None:
    rows = golden("PR", "SHMI").select("set", "group", "numerator", "denominator")
    made = funnel(rows, overdispersion=False, limit="95")
    assert made.points["od_lcl_95"].null_count() == rows.height
    assert made.sets["tau2"].to_list() == [0.0] * 4
    assert made.sets["phi"][0] == pytest.approx(4.373017)
    assert made.points["lower"].equals(made.points["lcl_95"])
    assert "The limits are those of chance alone." in made.words
    assert made.points["outlier"].sum() > funnel(rows, limit="95").points["outlier"].sum()


def test_limits_from_both_counts_hold_what_they_say() -> None:
    rng = np.random.default_rng(11)
    size = rng.integers(100, 3000, 4000)
    rows = pl.DataFrame({
        "group": [f"{at:04}" for at in range(4000)], "numerator": rng.poisson(0.12 * size), "denominator": rng.poisson(size)
    })  # fmt: skip
    outside = {
        method: funnel(rows, "ratio", method, overdispersion=False).points["outside_95"].mean()
        for method in METHODS["ratio"]
    }
    assert outside["both"] == pytest.approx(0.05, abs=0.012)
    assert outside["denominator"] > 0.5


def test_over_dispersed_limits_hold_what_they_say() -> None:
    rng = np.random.default_rng(5)
    expected = rng.uniform(100, 3000, 3000)
    rows = pl.DataFrame({
        "group": [f"{at:04}" for at in range(3000)],
        "numerator": rng.poisson(expected * np.exp(rng.normal(0, 0.15, 3000))), "denominator": expected,
    })  # fmt: skip
    untrimmed = funnel(rows, "standardised", "CQC", trim=0.0)
    assert untrimmed.points["outside_95"].mean() == pytest.approx(0.05, abs=0.012)
    assert untrimmed.sets["tau2"][0] == pytest.approx((0.15 / 2) ** 2, rel=0.15)


@pytest.mark.parametrize(("rows", "said"), [
    ({"numerator": [11], "denominator": [10]}, "Group 'a': the numerator is above the denominator"),
    ({"numerator": [-1], "denominator": [10]}, "Group 'a': the numerator is negative (numerator -1 and denominator 10)."),
    ({"numerator": [1], "denominator": [-10]}, "Group 'a': the denominator is negative"),
    ({"numerator": [1.0], "denominator": [float("inf")]}, "Group 'a': the denominator is infinite"),
    ({"numerator": ["1"], "denominator": [10]}, "Column 'numerator' holds String; it must hold numbers."),
    ({"numerator": [1]}, "The frame has no column 'denominator'; it has group, numerator."),
])  # fmt: skip
def test_what_cannot_be_is_refused(rows: dict, said: str) -> None:
    with pytest.raises(FrameError) as told:
        funnel(pl.DataFrame({"group": ["a"], **rows}))
    assert str(told.value).startswith(said)


def test_an_error_names_the_set_and_counts_the_others() -> None:
    rows = pl.DataFrame({"set": ["x", "x"], "group": ["b", "a"], "numerator": [3, 2], "denominator": [1, 1]})
    with pytest.raises(
        FrameError, match=r"Group 'a' of set 'x': .* \(numerator 2 and denominator 1\). 1 more are like it."
    ):
        funnel(rows)


def test_settings_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match=r"A proportion funnel has no method 'SHMI'. Write one of arcsine, exact."):
        funnel(SMALL, "proportion", "SHMI")
    with pytest.raises(ValueError, match="There is no funnel of kind 'PR'"):
        funnel(SMALL, "PR")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"trim is 0.5"):
        funnel(SMALL, trim=0.5)


@pytest.mark.parametrize("how", EVERY)
def test_an_empty_frame_gives_empty_tables_of_the_same_columns(how: tuple) -> None:
    full, empty = funnel(SMALL, *how), funnel(SMALL.clear(), *how)
    for one, other in zip(tables(full), tables(empty), strict=True):
        assert other.is_empty()
        assert other.schema == one.schema


def test_words() -> None:
    made = funnel(golden("PR", "SHMI").select("set", "group", "numerator", "denominator"))
    assert made.words == (
        "Proportions on the arcsine scale; the centre is that of all units together. Outside is beyond the 99.8 % "
        "limits; 95 % limits are drawn too. Where units differ by more than chance, the limits allow for it (variance "
        "between units added; the 10 % at either end pulled in when it is measured)."
    )
    second, third = made.sets["words"].to_list()[1:3]
    assert second == (
        "Of 90 units around 12.1 %, 2 are above and none is below the 99.8 % limits. They differ by more than chance "
        "(dispersion 3.16, where chance alone gives about 1), and the limits allow for that."
    )
    assert third == (
        "Of 100 units around 11.9 %, none is above and 1 is below the 99.8 % limits. "
        "The limits are those of chance alone."
    )
    outside = made.points.filter("outlier")["words"].to_list()
    assert len(outside) == 6
    assert all("than chance" in words for words in outside)
