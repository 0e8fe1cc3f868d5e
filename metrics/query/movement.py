"""Why a number moved: its change between two periods, shared out to members, and adding up to the whole.

Ratios follow the symmetric (midpoint) decomposition: E. M. Kitagawa, "Components of a difference between two rates",
Journal of the American Statistical Association 50 (1955), pages 1168-1194; in economics the Oaxaca-Blinder method with
midpoint weights. Of the reporters that are there in both periods, with `w` a member's share of the denominator, `r` its
own rate and `R` the whole's rate, before (0) and now (1):

- rate effect: (w0 + w1) / 2 * (r1 - r0), the member's own rate changed;
- mix effect: (w1 - w0) * ((r0 + r1) / 2 - (R0 + R1) / 2), its weight changed. A member that is there on one side only
  takes its rate from that side, so that all of its effect is mix.

Reporters that are there in one of the two periods only are no real change. What they add to the whole's rate, which is
(n - R * d) / D on the side where they report, is the coverage effect: how far the figure moved because other
organisations report. The three effects of all members add up to the change of the whole.
"""

from __future__ import annotations

import polars as pl

SIDES = ("before", "now")
EFFECTS = ("rate", "mix", "coverage", "effect")


class NothingToCompareError(ValueError):
    """A ratio over nothing on one of the two sides."""


def of_ratio(members: pl.DataFrame) -> pl.DataFrame:
    """Returns each member's rates, weights and effects on the change of a ratio.

    Args:
        members: one row a member, with `numerator_before`, `denominator_before`, `numerator_now`, `denominator_now`
            Float64 (null: nothing there), and the same four with `changed_` before them: the part of each that comes
            from reporters of one period only. Other columns are kept.

    Returns:
        The rows with `before` and `now` (the member's own rate; null without a denominator), `weight_before` and
        `weight_now` (its share of the whole's denominator), `rate`, `mix`, `coverage` and their sum `effect`, Float64.
        The sum of `effect` is the ratio now less the ratio before.

    Raises:
        NothingToCompareError: a side has no denominator.
    """
    names = [f"{part}_{side}" for side in SIDES for part in ("numerator", "denominator")]
    held = [
        pl.col(f"{kind}{name}").fill_null(0.0).alias(f"_{kind}{name}") for kind in ("", "changed_") for name in names
    ]
    same = [(pl.col(f"_{name}") - pl.col(f"_changed_{name}")).alias(f"_same_{name}") for name in names]
    frame = members.with_columns(held).with_columns(same)
    sums = frame.select(pl.col("^_.*$").sum()).row(0, named=True)
    if any(sums[f"_denominator_{side}"] <= 0 for side in SIDES):
        raise NothingToCompareError("One of the two periods has no denominator: there is no rate to compare.")
    frame = frame.with_columns(
        *(_over(f"_numerator_{side}", f"_denominator_{side}").alias(side) for side in SIDES),
        *((pl.col(f"_denominator_{side}") / sums[f"_denominator_{side}"]).alias(f"weight_{side}") for side in SIDES),
    )
    if any(sums[f"_same_denominator_{side}"] <= 0 for side in SIDES):
        return _all_coverage(frame, sums)
    whole = {side: sums[f"_same_numerator_{side}"] / sums[f"_same_denominator_{side}"] for side in SIDES}
    middle = (whole["before"] + whole["now"]) / 2
    w0, w1 = (pl.col(f"_same_denominator_{side}") / sums[f"_same_denominator_{side}"] for side in SIDES)
    own0, own1 = (_over(f"_same_numerator_{side}", f"_same_denominator_{side}") for side in SIDES)
    r0, r1 = pl.coalesce(own0, own1, 0.0), pl.coalesce(own1, own0, 0.0)
    return _summed(
        frame.with_columns(
            ((w0 + w1) / 2 * (r1 - r0) + _unweighted("now", sums) - _unweighted("before", sums)).alias("rate"),
            ((w1 - w0) * ((r0 + r1) / 2 - middle)).alias("mix"),
            (_added("now", whole, sums) - _added("before", whole, sums)).alias("coverage"),
        )
    )


def of_sum(members: pl.DataFrame) -> pl.DataFrame:
    """Returns each member's contribution to the change of a sum.

    Args:
        members: one row a member, with `before` and `now` Float64 (null: nothing there), and `changed_before` and
            `changed_now`: the part of each that comes from reporters of one period only. Other columns are kept.

    Returns:
        The rows with `weight_before` and `weight_now` (shares of the whole; null where that is 0), `rate` and `mix`
        (null: a sum has neither), `coverage` (what comes and goes with who reports) and `effect` (the whole
        difference), Float64. The sum of `effect` is the sum now less the sum before.
    """
    whole = {side: members[side].sum() for side in SIDES}
    value = {side: pl.col(side).fill_null(0.0) for side in SIDES}
    changed = {side: pl.col(f"changed_{side}").fill_null(0.0) for side in SIDES}
    return members.with_columns(
        *(
            (value[side] / whole[side] if whole[side] else pl.lit(None, pl.Float64)).alias(f"weight_{side}")
            for side in SIDES
        ),
        pl.lit(None, pl.Float64).alias("rate"),
        pl.lit(None, pl.Float64).alias("mix"),
        (changed["now"] - changed["before"]).alias("coverage"),
        (value["now"] - value["before"]).alias("effect"),
    )


def of_quotient(before: tuple[float, float], now: tuple[float, float]) -> tuple[float, float]:
    """Returns the effects of the upper and of the lower part on the change of upper / lower; they add up to it.

    Each side is (upper, lower). The same midpoint rule: the change of one part at the mean of the other's two values.

    Raises:
        NothingToCompareError: a lower part is 0.
    """
    if before[1] == 0 or now[1] == 0:
        raise NothingToCompareError("One of the two periods divides by nothing: there is no value to compare.")
    upper = (now[0] - before[0]) * (1 / before[1] + 1 / now[1]) / 2
    lower = (1 / now[1] - 1 / before[1]) * (before[0] + now[0]) / 2
    return upper, lower


def _over(numerator: str, denominator: str) -> pl.Expr:
    return pl.when(pl.col(denominator) != 0).then(pl.col(numerator) / pl.col(denominator))


def _unweighted(side: str, sums: dict[str, float]) -> pl.Expr:
    """Returns what a member adds that has a numerator and no denominator: it has no weight, only an effect."""
    alone = pl.when(pl.col(f"_same_denominator_{side}") == 0).then(pl.col(f"_same_numerator_{side}")).otherwise(0.0)
    return alone / sums[f"_same_denominator_{side}"]


def _added(side: str, whole: dict[str, float], sums: dict[str, float]) -> pl.Expr:
    numerator, denominator = (pl.col(f"_changed_{part}_{side}") for part in ("numerator", "denominator"))
    return (numerator - whole[side] * denominator) / sums[f"_denominator_{side}"]


def _all_coverage(frame: pl.DataFrame, sums: dict[str, float]) -> pl.DataFrame:
    """Returns the effects where nobody reports in both periods: nothing is known of rates or mix."""
    now, before = (pl.col(f"_numerator_{side}") / sums[f"_denominator_{side}"] for side in ("now", "before"))
    none = pl.lit(0.0)
    return _summed(frame.with_columns(none.alias("rate"), none.alias("mix"), (now - before).alias("coverage")))


def _summed(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns((pl.col("rate") + pl.col("mix") + pl.col("coverage")).alias("effect")).select(
        pl.exclude("^_.*$")
    )
