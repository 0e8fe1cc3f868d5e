"""Why a number moved: the effects add up to the change, and are those that can be worked out by hand."""

from __future__ import annotations

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from metrics.query.movement import NothingToCompareError, of_quotient, of_ratio, of_sum

PARTS = ("numerator_before", "denominator_before", "numerator_now", "denominator_now")
COLUMNS = ("member", *PARTS, *(f"changed_{part}" for part in PARTS))


def ratio(*rows: tuple[object, ...]) -> pl.DataFrame:
    """Effects of rows of (member, n0, d0, n1, d1[, changed n0, d0, n1, d1])."""
    filled = [(*row, *[0] * (len(COLUMNS) - len(row))) for row in rows]
    schema = {"member": pl.String, **dict.fromkeys(COLUMNS[1:], pl.Float64)}
    return of_ratio(pl.DataFrame(filled, schema=schema, orient="row", strict=False))


def effects(frame: pl.DataFrame) -> dict[str, tuple[float, ...]]:
    return {row[0]: row[1:] for row in frame.select("member", "rate", "mix", "coverage", "effect").iter_rows()}


def test_a_rate_that_rises_at_the_same_weight_is_all_rate() -> None:
    # 40/100 and 30/100 become 50/100 and 30/100: the whole rises from 35 % to 40 %.
    found = effects(ratio(("a", 40, 100, 50, 100), ("b", 30, 100, 30, 100)))
    assert found["a"] == pytest.approx((0.05, 0, 0, 0.05))
    assert found["b"] == pytest.approx((0, 0, 0, 0))


def test_weights_that_shift_between_steady_rates_are_all_mix() -> None:
    # 90 % and 50 %; the share of the first falls from 1/2 to 1/4: 70 % becomes 60 %.
    found = effects(ratio(("good", 90, 100, 45, 50), ("poor", 50, 100, 75, 150)))
    # (1/4 - 1/2) * (0.9 - 0.65) and (3/4 - 1/2) * (0.5 - 0.65)
    assert found["good"] == pytest.approx((0, -0.0625, 0, -0.0625))
    assert found["poor"] == pytest.approx((0, -0.0375, 0, -0.0375))


def test_a_member_that_appears_takes_its_own_rate_for_both_sides() -> None:
    # 50/100 alone becomes 50/100 with a new 10/100: 50 % to 30 %.
    found = effects(ratio(("old", 50, 100, 50, 100), ("new", None, None, 10, 100)))
    # weights 1 to 1/2 and 0 to 1/2; the middle of the whole is 40 %
    assert found["old"] == pytest.approx((0, -0.05, 0, -0.05))
    assert found["new"] == pytest.approx((0, -0.15, 0, -0.15))


def test_a_reporter_of_one_period_is_coverage_and_no_real_change() -> None:
    # The same two members, but the second had only not reported: the first is steady, so nothing really moved.
    found = effects(ratio(("old", 50, 100, 50, 100), ("silent before", 0, 0, 10, 100, 0, 0, 10, 100)))
    assert found["old"] == pytest.approx((0, 0, 0, 0))
    assert found["silent before"] == pytest.approx((0, 0, -0.2, -0.2))  # (10 - 0.5 * 100) / 200


def test_a_member_with_some_reporters_of_one_period_has_its_effects_apart() -> None:
    # a: 40/100 to 60/100 of those who report both times, and 10/100 more of one that reports now only.
    found = effects(ratio(("a", 40, 100, 70, 200, 0, 0, 10, 100)))
    assert found["a"] == pytest.approx((0.2, 0, -0.25, -0.05))  # 40 % to 60 %, then to 70/200


def test_where_nobody_reports_twice_all_is_coverage() -> None:
    found = effects(ratio(("a", 40, 100, 0, 0, 40, 100, 0, 0), ("b", 0, 0, 30, 50, 0, 0, 30, 50)))
    assert found["a"] == pytest.approx((0, 0, -0.4, -0.4))
    assert found["b"] == pytest.approx((0, 0, 0.6, 0.6))


def test_a_numerator_without_a_denominator_still_counts() -> None:
    found = effects(ratio(("a", 10, 100, 10, 100), ("b", 0, 0, 5, 0)))
    assert found["b"] == pytest.approx((0.05, 0, 0, 0.05))


def test_a_side_without_a_denominator_is_refused() -> None:
    with pytest.raises(NothingToCompareError):
        ratio(("a", 0, 0, 10, 100))
    with pytest.raises(NothingToCompareError):
        of_quotient((1, 0), (1, 1))


def test_a_member_shows_its_rates_and_weights() -> None:
    (row,) = ratio(("a", 40, 100, 70, 200), ("b", None, None, 1, 0)).head(1).iter_rows(named=True)
    assert (row["before"], row["now"]) == (0.4, 0.35)
    assert (row["weight_before"], row["weight_now"]) == (1, 1)


def test_of_a_sum_each_member_gives_its_difference() -> None:
    members = pl.DataFrame(
        [("a", 10.0, 15.0, 0.0, 0.0), ("b", 7.0, None, 7.0, 0.0), ("c", None, 2.0, None, None)],
        schema=["member", "before", "now", "changed_before", "changed_now"],
        orient="row",
    )
    found = of_sum(members)
    assert found.select("member", "coverage", "effect").rows() == [("a", 0, 5), ("b", -7, -7), ("c", 0, 2)]
    assert found["rate"].null_count() == found["mix"].null_count() == 3


def test_a_quotient_shares_its_change_between_its_parts() -> None:
    assert of_quotient((10, 100), (20, 100)) == pytest.approx((0.1, 0))
    assert of_quotient((10, 100), (10, 50)) == pytest.approx((0, 0.1))


counts = st.integers(min_value=0, max_value=10_000)
side = st.none() | st.tuples(counts, counts)
reporter = st.tuples(st.sampled_from("abcd"), side, side)


def by_hand(
    reporters: list[tuple[str, tuple[int, int] | None, tuple[int, int] | None]],
) -> dict[str, tuple[Fraction, Fraction, Fraction]]:
    """Rate, mix and coverage of each member, in exact fractions, one reporter at a time."""
    both = [each for each in reporters if each[1] is not None and each[2] is not None]
    result = {}
    full = [[sum(each[at][part] for each in reporters if each[at]) for part in (0, 1)] for at in (1, 2)]
    like = [[sum(each[at][part] for each in both) for part in (0, 1)] for at in (1, 2)]
    none = min(like[0][1], like[1][1]) == 0
    for member in {each[0] for each in reporters}:
        n0, d0, n1, d1 = (
            sum(each[at][part] for each in both if each[0] == member) for at in (1, 2) for part in (0, 1)
        )  # fmt: skip
        coverage = Fraction(0)
        for each in reporters:
            if each[0] == member and (none or each not in both):
                for at, sign in ((1, -1), (2, 1)):
                    if each[at]:
                        n, d = each[at]
                        reference = Fraction(0) if none else Fraction(like[at - 1][0], like[at - 1][1]) * d
                        coverage += sign * (n - reference) / full[at - 1][1]
        if none:
            result[member] = (Fraction(0), Fraction(0), coverage)
            continue
        whole0, whole1 = (Fraction(like[at][0], like[at][1]) for at in (0, 1))
        w0, w1 = Fraction(d0, like[0][1]), Fraction(d1, like[1][1])
        r0 = Fraction(n0, d0) if d0 else None
        r1 = Fraction(n1, d1) if d1 else None
        alone = (Fraction(n1, like[1][1]) if not d1 else 0) - (Fraction(n0, like[0][1]) if not d0 else 0)
        rate0, rate1 = r0 if r0 is not None else r1 or 0, r1 if r1 is not None else r0 or 0
        rate = (w0 + w1) / 2 * (rate1 - rate0) + alone
        mix = (w1 - w0) * ((rate0 + rate1) / 2 - (whole0 + whole1) / 2)
        result[member] = (Fraction(rate), Fraction(mix), coverage)
    return result


@settings(deadline=None)
@given(st.lists(reporter, min_size=1, max_size=9))
def test_the_effects_of_a_ratio_add_up_to_its_change_and_are_those_by_hand(reporters) -> None:
    totals = [[sum(each[at][part] for each in reporters if each[at]) for part in (0, 1)] for at in (1, 2)]
    assume(totals[0][1] > 0)
    assume(totals[1][1] > 0)
    rows = []
    for member in sorted({each[0] for each in reporters}):
        own = [each for each in reporters if each[0] == member]
        changed = [each for each in own if each[1] is None or each[2] is None]
        sums = [[sum(each[at][part] for each in group if each[at]) for at in (1, 2) for part in (0, 1)]
                for group in (own, changed)]  # fmt: skip
        rows.append((member, *sums[0], *sums[1]))
    found = effects(ratio(*rows))
    expected = by_hand(reporters)
    change = Fraction(totals[1][0], totals[1][1]) - Fraction(totals[0][0], totals[0][1])
    assert sum(map(sum, expected.values())) == change  # exactly, in fractions
    largest = max(1.0, *(abs(float(part)) for parts in expected.values() for part in parts))
    for member, parts in expected.items():
        assert found[member][:3] == pytest.approx([float(part) for part in parts], abs=1e-9 * largest)
    assert sum(each[3] for each in found.values()) == pytest.approx(float(change), abs=1e-9 * largest)


amounts = st.integers(min_value=-1_000, max_value=1_000)


@settings(deadline=None)
@given(st.tuples(amounts, amounts.filter(bool)), st.tuples(amounts, amounts.filter(bool)))
def test_the_effects_of_a_quotient_add_up_to_its_change(before, now) -> None:
    change = Fraction(*now) - Fraction(*before)
    assert sum(of_quotient(before, now)) == pytest.approx(float(change), abs=1e-9)


@settings(deadline=None)
@given(st.lists(st.tuples(st.none() | counts, st.none() | counts), min_size=1, max_size=8))
def test_the_effects_of_a_sum_add_up_to_its_change(pairs) -> None:
    members = pl.DataFrame(
        [(str(at), before, now, 0, 0) for at, (before, now) in enumerate(pairs)],
        schema={"member": pl.String, **dict.fromkeys(("before", "now", "changed_before", "changed_now"), pl.Float64)},
        orient="row", strict=False,
    )  # fmt: skip
    change = sum(now or 0 for _, now in pairs) - sum(before or 0 for before, _ in pairs)
    assert of_sum(members)["effect"].sum() == change
