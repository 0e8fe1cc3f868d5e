"""Funnel plots: many units of different size beside each other, without a league table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import polars as pl

from metrics.spc.dispersion import dispersion, scores, truncated, winsorised
from metrics.spc.funnel_limits import LEVELS, METHODS, Kind, Method, chance_limits, dispersed_limits
from metrics.spc.funnel_units import centres, units_of
from metrics.spc.funnel_words import point_words, set_words, settings_words

Limit = Literal["95", "99.8"]


@dataclass(frozen=True, slots=True)
class Funnel:
    """Units compared with their common centre, and the limits that chance and dispersion explain.

    Attributes:
        kind: what is compared: a proportion, a ratio of two counts, or observed over expected.
        method: the scale of the limits.
        overdispersion: whether limits allow for more than chance where units differ by more than chance.
        limit: the pair of limits that makes an outlier.
        words: the settings as sentences, as printed beside the plot.
        points: one row per set and group, sorted: `set, group` String; `numerator, denominator, value` Float64;
            `expected` Float64, the numerator that the centre would give; `z` (chance alone), `z_used` (after
            winsorising; null where left out) and `z_adjusted` (over-dispersion allowed for) Float64; `lcl_95, ucl_95,
            lcl_998, ucl_998` for chance alone and `od_lcl_95` ... `od_ucl_998` over-dispersed, Float64; `lower, upper`
            Float64, the pair that makes an outlier; `outside_95, outside_998, outlier` Boolean; `direction` above |
            below (outside the 95 % limits) | null; `missing_rows` Int64; `state` ok | not_judged | missing |
            no_denominator; `words` String.
        curve: the limits as smooth lines: `set, denominator, theta`, the eight limits of `points`, and those that
            judge: `lower_95, upper_95, lower_998, upper_998`.
        sets: one row per set: `set` String, `units, judged` Int64, `theta, phi, tau2` Float64, `adjusted` Boolean
            (over-dispersed limits judge), `above, below` Int64 (outliers), `state` ok | all_equal | too_few_units |
            no_events | no_data, `words` String.
    """

    kind: Kind
    method: Method
    overdispersion: bool
    limit: Limit
    words: str
    points: pl.DataFrame
    curve: pl.DataFrame
    sets: pl.DataFrame


_GRID: Final = np.linspace(0.0, 1.0, 200)
_SIDES: Final = (("l", "lower"), ("u", "upper"))
_LIMITS: Final = tuple(f"{od}{side}cl_{level.name}" for od in ("", "od_") for level in LEVELS for side, _ in _SIDES)
_JUDGING: Final = tuple(f"{name}_{level.name}" for level in LEVELS for _, name in _SIDES)
_POINTS: Final = (
    "set", "group", "numerator", "denominator", "value", "expected", "z", "z_used", "z_adjusted", *_LIMITS, "lower",
    "upper", "outside_95", "outside_998", "outlier", "direction", "missing_rows", "state", "words",
)  # fmt: skip
_SETS: Final = (
    "set", "units", "judged", "theta", "phi", "tau2", "adjusted", "above", "below", "state", "words",
)  # fmt: skip
_UNJUDGED: Final = ("too_few_units", "no_events", "no_data")


def funnel(
    frame: pl.DataFrame,
    kind: Kind = "proportion",
    method: Method | None = None,
    *,
    overdispersion: bool = True,
    trim: float = 0.1,
    limit: Limit = "99.8",
) -> Funnel:
    """Returns the funnel of each set of units.

    Rows of one group are added up; a row that lacks numerator or denominator adds to neither. Units without numbers,
    or with a denominator of 0, keep their row and are not judged. The centre is the set's own: all numerators over all
    denominators; for standardised ratios it is 1. Over-dispersed limits judge where `phi` is above 1, and the limits
    of chance alone otherwise. Fewer than 3 units are not judged against their own mean.

    Args:
        frame: `group` String, `numerator`, `denominator` numeric (for standardised ratios, the expected count);
            optionally `set`, for several funnels at once.
        kind: `proportion` of 0 to 1, `ratio` of two counts, or `standardised` (observed over expected).
        method: for proportions `arcsine` (default), or `exact` binomial limits where denominators are small; for
            ratios `denominator` (default: limits from the denominator alone, as FunnelPlotR draws them, too narrow
            where the numerator is the smaller count) or `both` (from both counts, in step with the z-scores); for
            standardised ratios `SHMI` (default: log scale) or `CQC` (square root scale).
        overdispersion: whether limits allow for differences between units beyond chance.
        trim: the share of units in each tail that cannot sway the dispersion.
        limit: the limits that make an outlier, 99.8 % or 95 %.

    Raises:
        FrameError: a column is missing or of another type, a group has no name, a number is negative or infinite, or a
            proportion has a numerator above its denominator.
        ValueError: kind, method, trim or limit is not one of those above.
    """
    chosen = _method(kind, method, trim, limit)
    units = units_of(frame, kind)
    sets = centres(units, kind)
    judged = (
        units.filter(pl.col("state").is_null())
        .drop("state")
        .join(sets.filter(pl.col("theta").is_not_null()).select("set", "theta", set_state="state"), on="set")
    )
    judged = _scored(judged.sort("set", "group"), chosen, trim)
    sets = sets.join(dispersion(judged), on="set", how="left").with_columns(
        tau2=pl.col("tau2").fill_null(0.0) if overdispersion else pl.lit(0.0)
    )
    sets = sets.with_columns(adjusted=((pl.col("tau2") > 0) & (pl.col("phi") > 1)).fill_null(value=False))
    judged = _limited(
        judged.join(sets.select("set", "tau2", "adjusted"), on="set"), chosen, overdispersion=overdispersion
    )
    points = _points(units, _outside(judged, kind, chosen, limit), kind, limit)
    return Funnel(
        kind=kind,
        method=chosen,
        overdispersion=overdispersion,
        limit=limit,
        words=settings_words(kind, chosen, overdispersion=overdispersion, trim=trim, limit=limit),
        points=points,
        curve=_curve(judged, chosen, overdispersion=overdispersion),
        sets=_sets(sets, points, kind, limit),
    )


def _method(kind: Kind, method: Method | None, trim: float, limit: Limit) -> Method:
    if kind not in METHODS:
        raise ValueError(f"There is no funnel of kind '{kind}'. Write one of {', '.join(METHODS)}.")
    if method is not None and method not in METHODS[kind]:
        raise ValueError(f"A {kind} funnel has no method '{method}'. Write one of {', '.join(METHODS[kind])}.")
    if not 0 <= trim < 0.5:
        raise ValueError(f"trim is {trim}; it is the share of units in each tail: 0 or more, and below 0.5.")
    if limit not in get_args(Limit):
        raise ValueError(f"limit is '{limit}'. Write one of {', '.join(get_args(Limit))}.")
    return method or METHODS[kind][0]


def _floats(rows: pl.DataFrame, *names: str) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return [rows[name].cast(pl.Float64).to_numpy() for name in names]


def _scored(judged: pl.DataFrame, method: Method, trim: float) -> pl.DataFrame:
    z, error = scores(method, *_floats(judged, "numerator", "denominator", "theta"))
    tails = truncated if method == "SHMI" else winsorised
    return judged.with_columns(
        z=pl.Series(z, dtype=pl.Float64),
        error=pl.Series(error, dtype=pl.Float64),
        expected=pl.col("theta") * pl.col("denominator"),
    ).with_columns(z_used=tails("z", trim))


def _limited(rows: pl.DataFrame, method: Method, *, overdispersion: bool) -> pl.DataFrame:
    """Returns the rows of `denominator, theta, tau2, adjusted` with the limits there, and those that judge."""
    n, theta, tau2 = _floats(rows, "denominator", "theta", "tau2")
    lines: dict[str, pl.Series] = {}
    for level in LEVELS:
        pairs = {"": chance_limits(method, n, theta, level)}
        if overdispersion:
            pairs["od_"] = dispersed_limits(method, n, theta, tau2, level)
        for od, pair in pairs.items():
            for (side, _), line in zip(_SIDES, pair, strict=True):
                lines[f"{od}{side}cl_{level.name}"] = pl.Series(line, dtype=pl.Float64)
    absent = [pl.lit(None, pl.Float64).alias(name) for name in _LIMITS if name not in lines]
    return rows.with_columns(*absent, **lines).with_columns(
        pl.when("adjusted")
        .then(pl.col(f"od_{side}cl_{level.name}"))
        .otherwise(pl.col(f"{side}cl_{level.name}"))
        .alias(f"{name}_{level.name}")
        for level in LEVELS
        for side, name in _SIDES
    )


def _outside(rows: pl.DataFrame, kind: Kind, method: Method, limit: Limit) -> pl.DataFrame:
    value, count = pl.col("value"), pl.col("numerator")
    adjusted = pl.col("z") * pl.col("error") / (pl.col("error") ** 2 + pl.col("tau2")).sqrt()
    rows = rows.with_columns(z_adjusted=adjusted)
    beyond = {
        level.name: (value > pl.col(f"upper_{level.name}")) | (value < pl.col(f"lower_{level.name}"))
        for level in LEVELS
    }
    if kind == "standardised":
        # No event at all lies below every line that can be drawn, however few were expected: its probability decides.
        for level in LEVELS:
            none = (-pl.col("denominator")).exp() < level.tail
            if method == "SHMI":
                none = pl.when("adjusted").then(pl.col("z_adjusted") < -level.z).otherwise(none)
            else:
                none = pl.when("adjusted").then(beyond[level.name]).otherwise(none)
            beyond[level.name] = pl.when(count == 0).then(none).otherwise(beyond[level.name])
    judged = ~pl.col("set_state").is_in(_UNJUDGED)
    level_name = limit.replace(".", "")
    return rows.with_columns(
        *((beyond[level.name] & judged).alias(f"outside_{level.name}") for level in LEVELS),
        lower=pl.col(f"lower_{level_name}"),
        upper=pl.col(f"upper_{level_name}"),
    ).with_columns(
        outlier=pl.col(f"outside_{level_name}"),
        direction=pl.when("outside_95").then(
            pl.when(value > pl.col("theta")).then(pl.lit("above")).otherwise(pl.lit("below"))
        ),
    )


def _points(units: pl.DataFrame, judged: pl.DataFrame, kind: Kind, limit: Limit) -> pl.DataFrame:
    unjudged = pl.col("set_state").is_null() | pl.col("set_state").is_in(_UNJUDGED)
    return (
        units.join(judged.drop("numerator", "denominator", "value", "missing_rows"), on=["set", "group"], how="left")
        .with_columns(
            pl.col("outside_95", "outside_998", "outlier").fill_null(value=False),
            state=pl.coalesce("state", pl.when(unjudged).then(pl.lit("not_judged")).otherwise(pl.lit("ok"))),
        )
        .with_columns(words=point_words(kind, limit))
        .select(_POINTS)
        .sort("set", "group")
    )


def _sets(sets: pl.DataFrame, points: pl.DataFrame, kind: Kind, limit: Limit) -> pl.DataFrame:
    counts = points.group_by("set").agg(
        ((pl.col("direction") == side) & pl.col("outlier")).sum().cast(pl.Int64).alias(side)
        for side in ("above", "below")
    )
    return sets.join(counts, on="set").with_columns(words=set_words(kind, limit)).select(_SETS).sort("set")


def _curve(judged: pl.DataFrame, method: Method, *, overdispersion: bool) -> pl.DataFrame:
    ends = judged.group_by("set").agg(
        pl.col("theta", "tau2", "adjusted").first(),
        least=0.5 * pl.col("denominator").min(),
        most=1.02 * pl.col("denominator").max(),
    )
    # Limits bend most where denominators are small: there the grid is finest.
    grid = pl.DataFrame({"along": _GRID**2})
    rows = ends.join(grid, how="cross").with_columns(
        denominator=pl.col("least") + (pl.col("most") - pl.col("least")) * pl.col("along")
    )
    lines = _limited(rows, method, overdispersion=overdispersion)
    return lines.select("set", "denominator", "theta", *_LIMITS, *_JUDGING).sort("set", "denominator")
