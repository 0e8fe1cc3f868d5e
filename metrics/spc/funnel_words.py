"""Funnels in words: what was compared, with which limits, and what each unit shows."""

from __future__ import annotations

from typing import Final

import polars as pl

from metrics.spc.funnel_limits import Kind, Method

_SCALES: Final[dict[Method, str]] = {
    "arcsine": "Proportions on the arcsine scale",
    "exact": "Proportions with exact binomial limits",
    "denominator": "Ratios on the log scale, with limits from the denominator alone as FunnelPlotR draws them",
    "both": "Ratios on the log scale, with limits from both counts",
    "SHMI": "Observed over expected on the log scale, with exact Poisson limits for chance alone",
    "CQC": "Observed over expected on the square root scale, with exact Poisson limits for chance alone",
}


def settings_words(kind: Kind, method: Method, *, overdispersion: bool, trim: float, limit: str) -> str:
    """Returns the settings in sentences, as printed beside a funnel."""
    centre = "the centre is 1" if kind == "standardised" else "the centre is that of all units together"
    tails = "left out" if method == "SHMI" else "pulled in"
    allowed = (
        "Where units differ by more than chance, the limits allow for it (variance between units added; the "
        f"{trim * 100:g} % at either end {tails} when it is measured)."
        if overdispersion
        else "The limits are those of chance alone."
    )
    return f"{_SCALES[method]}; {centre}. Outside is beyond the {limit} % limits; 95 % limits are drawn too. {allowed}"


def shown(column: str, kind: Kind) -> pl.Expr:
    """Returns a value of the funnel as text: a percentage for proportions, else two decimals."""
    if kind != "proportion":
        return _fixed(pl.col(column), 2)
    percent = pl.col(column) * 100
    # Shares of few per thousand need more decimals to differ at all.
    number = pl.when(percent == 0).then(pl.lit("0")).when(percent < 1).then(_fixed(percent, 2))
    return pl.format("{} %", number.otherwise(_fixed(percent, 1)))


def _fixed(number: pl.Expr, decimals: int) -> pl.Expr:
    whole = (number.abs() * 10**decimals).round(mode="half_away_from_zero").cast(pl.Int64)
    return pl.format("{}.{}", whole // 10**decimals, (whole % 10**decimals).cast(pl.String).str.zfill(decimals))


def point_words(kind: Kind, limit: str) -> pl.Expr:
    """Returns each unit in a sentence, from the columns of points, `set_state` and `adjusted`."""
    within = pl.format("{} to {}", shown("lower", kind), shown("upper", kind))
    beyond = pl.when("adjusted").then(pl.lit("chance and the usual differences between units explain"))
    more = beyond.otherwise(pl.lit("chance explains"))
    why = pl.when(pl.col("set_state") == "too_few_units").then(pl.lit("it takes 3 units to judge one by the others"))
    return (
        pl.when(pl.col("state") == "missing")
        .then(pl.lit("Not reported."))
        .when(pl.col("state") == "no_denominator")
        .then(pl.lit("Nothing to divide by: the denominator is 0."))
        .when(pl.col("state") == "not_judged")
        .then(pl.format("{}, not judged: {}.", shown("value", kind), why.otherwise(pl.lit("no unit has an event"))))
        .when("outlier")
        .then(
            pl.format(
                f"{{}}, {{}} the {limit} % limits of {{}}: {{}} than {{}}.",
                shown("value", kind),
                pl.col("direction"),
                within,
                pl.when(pl.col("direction") == "above").then(pl.lit("more")).otherwise(pl.lit("less")),
                more,
            )
        )
        .otherwise(pl.format(f"{{}}, within the {limit} % limits of {{}}.", shown("value", kind), within))
    )


def set_words(kind: Kind, limit: str) -> pl.Expr:
    """Returns each set in a sentence, from its `state, units, judged, above, below, theta, phi, adjusted`."""
    centre = pl.format("{}", shown("theta", kind)) if kind != "standardised" else pl.lit("1")
    spread = (
        pl.when("adjusted")
        .then(
            pl.format(
                "They differ by more than chance (dispersion {}, where chance alone gives about 1), and the limits "
                "allow for that.",
                _fixed(pl.col("phi"), 2),
            )
        )
        .otherwise(pl.lit("The limits are those of chance alone."))
    )
    unreported = pl.col("units") - pl.col("judged")
    others = (
        pl.when(unreported == 0)
        .then(pl.lit(""))
        .when(unreported == 1)
        .then(pl.lit(" 1 more has no numbers to compare."))
        .otherwise(pl.format(" {} more have no numbers to compare.", unreported))
    )
    units = pl.when(pl.col("judged") == 1).then(pl.lit("1 unit")).otherwise(pl.format("{} units", pl.col("judged")))
    return (
        pl.when(pl.col("state") == "no_data")
        .then(pl.lit("No unit has numbers to compare."))
        .when(pl.col("state") == "no_events")
        .then(pl.format("{}, and none has an event: there is nothing to compare.", units))
        .when(pl.col("state") == "too_few_units")
        .then(pl.format("{}: too few to judge any against what they are together. It takes 3.", units))
        .when((pl.col("state") == "all_equal") & (pl.col("above") + pl.col("below") == 0))
        .then(pl.format("All {} have the same value, {}.", units, centre))
        .otherwise(
            pl.format(
                f"Of {{}} around {{}}, {{}} above and {{}} below the {limit} % limits. {{}}{{}}",
                units,
                centre,
                _counted("above"),
                _counted("below"),
                spread,
                others,
            )
        )
    )


def _counted(column: str) -> pl.Expr:
    count = pl.col(column)
    return (
        pl.when(count == 0)
        .then(pl.lit("none is"))
        .when(count == 1)
        .then(pl.lit("1 is"))
        .otherwise(pl.format("{} are", count))
    )
