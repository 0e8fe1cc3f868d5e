"""How far units of a funnel lie from its centre, and how much more they differ than chance explains."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import special

from metrics.spc.funnel_limits import Floats, Method, squared_error
from metrics.spc.funnel_units import FEWEST_UNITS


def scores(method: Method, numerator: Floats, n: Floats, theta: Floats) -> tuple[Floats, Floats]:
    """Returns each unit's z-score and its standard error, on the method's scale.

    A standardised ratio without events has no logarithm: its z-score is that of the Poisson probability of no event.

    Args:
        method: the scale.
        numerator: events.
        n: denominators, or expected counts, above 0.
        theta: the centre at each unit: above 0, except for proportions.
    """
    error = np.sqrt(squared_error(method, n, theta)) if method != "denominator" else _of_counts(numerator, n)
    if method in {"arcsine", "exact"}:
        away = np.arcsin(np.sqrt(numerator / n)) - np.arcsin(np.sqrt(theta))
    elif method in {"denominator", "both"}:
        away = np.log((numerator + 0.5) / (n + 0.5)) - np.log(theta)
    elif method == "CQC":
        away = np.sqrt(numerator / n) - 1.0
    else:
        none = numerator == 0
        away = np.where(none, 0.0, np.log(np.where(none, 1.0, numerator / n)))
        return np.where(none, np.minimum(special.ndtri_exp(-n), 0.0), away / error), error
    return away / error, error


def _of_counts(numerator: Floats, n: Floats) -> Floats:
    return np.sqrt(numerator / (numerator + 0.5) ** 2 + n / (n + 0.5) ** 2)


def winsorised(z: str, trim: float) -> pl.Expr:
    """Returns the z-scores of each `set`, those in its tails moved to where the tails begin (R's quantile type 7)."""
    low = pl.col(z).quantile(trim, interpolation="linear").over("set")
    high = pl.col(z).quantile(1 - trim, interpolation="linear").over("set")
    return pl.col(z).clip(low, high)


def truncated(z: str, trim: float) -> pl.Expr:
    """Returns the z-scores of each `set`, null for those in its tails, as NHS England's SHMI leaves them out."""
    if trim == 0:
        return pl.col(z)
    parts = 1 / trim
    part = (pl.col(z).rank("average").over("set") * parts / (pl.col(z).count().over("set") + 1)).floor()
    return pl.when((part > 0) & (part < parts - 1)).then(pl.col(z))


def dispersion(judged: pl.DataFrame) -> pl.DataFrame:
    """Returns one row per set with how its units are dispersed.

    `phi` Float64 is the mean square of the z-scores in use: about 1 where chance alone is at work. `tau2` Float64 is
    the variance between units on the method's scale, additive (DerSimonian and Laird's form), 0 where `phi` shows none
    or the set has fewer than 3 units.

    Args:
        judged: `set`, `z_used` Float64 (null is left out) and `error` Float64 (the standard errors).
    """
    weight = (1 / pl.col("error") ** 2).filter(pl.col("z_used").is_not_null())
    count = pl.col("z_used").count()
    squares = (pl.col("z_used") ** 2).sum()
    room = weight.sum() - (weight**2).sum() / weight.sum()
    excess = squares - (count - 1).cast(pl.Float64)
    return judged.group_by("set", maintain_order=True).agg(
        (squares / count).alias("phi"),
        pl.when((pl.len() >= FEWEST_UNITS) & (count > 1) & (excess > 0))
        .then(excess / room)
        .otherwise(0.0)
        .alias("tau2"),
    )
