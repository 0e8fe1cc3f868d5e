"""The lines of a funnel: where units of a given size lie when they differ by chance, and by chance and dispersion.

Sources: Spiegelhalter 2005 (Statistics in Medicine 24:1185) for the scales, the exact limits and the additive
variance between units; FunnelPlotR 0.6.0 for the constants. Its over-dispersed limits on the square root scale are
linear in the ratio, which disagrees with its own z-scores: here they are squared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Kind = Literal["proportion", "ratio", "standardised"]
Method = Literal["arcsine", "exact", "denominator", "both", "SHMI", "CQC"]

METHODS: Final[dict[Kind, tuple[Method, ...]]] = {
    "proportion": ("arcsine", "exact"),
    "ratio": ("denominator", "both"),
    "standardised": ("SHMI", "CQC"),
}


@dataclass(frozen=True, slots=True)
class Level:
    """How much of chance a pair of limits holds.

    Attributes:
        name: the end of the columns' names.
        z: standard errors from the centre, as FunnelPlotR rounds them.
        tail: the probability beyond each limit.
    """

    name: str
    z: float
    tail: float


LEVELS: Final = (Level("95", 1.959964, 0.025), Level("998", 3.090232, 0.001))


def chance_limits(method: Method, n: Floats, theta: Floats, level: Level) -> tuple[Floats, Floats]:
    """Returns the lower and upper limits for units that differ by chance alone.

    Args:
        method: the scale, or the exact distribution, as `METHODS` lists them.
        n: denominators, or expected counts, above 0.
        theta: the centre at each.
        level: how much the limits hold.
    """
    if method in {"SHMI", "CQC"}:
        lower: Floats = theta * special.gammaincinv(n, level.tail) / n
        upper: Floats = theta * special.gammainccinv(n + 1, level.tail) / n
        return lower, upper
    if method == "exact":
        # The upper limit is the lower one of the units' complements, so that both tails hold as much.
        return _binomial(n, theta, level.tail), 1 - _binomial(n, 1 - theta, level.tail)
    return dispersed_limits(method, n, theta, np.zeros_like(n), level)


def dispersed_limits(method: Method, n: Floats, theta: Floats, tau2: Floats, level: Level) -> tuple[Floats, Floats]:
    """Returns the lower and upper limits for units that also differ by the variance `tau2` on the method's scale."""
    reach = level.z * np.sqrt(squared_error(method, n, theta) + tau2)
    back = _BACK[method]
    centre = _CENTRE[method](theta)
    return back(centre - reach, n), back(centre + reach, n)


def squared_error(method: Method, n: Floats, theta: Floats) -> Floats:
    """Returns the squared standard error of a unit of each size, on the method's scale."""
    if method == "SHMI":
        return 1 / n
    if method == "both":
        return 1 / (theta * n) + 1 / n
    return 1 / (4 * n)


def _binomial(n: Floats, theta: Floats, probability: float) -> Floats:
    """Returns quantiles of the share of a binomial count, interpolated between whole counts."""
    size = np.maximum(np.rint(n), 1.0)
    # The first count at which the probability is reached lies above `below` and not above `count`.
    below, count = np.full_like(size, -1.0), size.copy()
    while np.any(count - below > 1):
        middle = np.floor((below + count) / 2)
        reached = _up_to(middle, size, theta) >= probability
        below, count = np.where(reached, below, middle), np.where(reached, middle, count)
    before, reached_by = _up_to(count - 1, size, theta), _up_to(count, size, theta)
    share: Floats = np.clip((count - (reached_by - probability) / (reached_by - before)) / size, 0.0, 1.0)
    return share


def _up_to(count: Floats, size: Floats, theta: Floats) -> Floats:
    """Returns the probability of at most so many of `size`."""
    # Arguments are kept valid where the answer is known without them.
    inside = (count >= 0) & (count < size)
    held = np.where(inside, count, 0.0)
    found: Floats = np.where(inside, special.betaincc(held + 1, np.maximum(size - held, 1.0), theta), count >= size)
    return found


def _arcsine_back(scaled: Floats, _n: Floats) -> Floats:
    # Beyond the ends of the scale the sine turns back: the limit stays at 0 or 1 there.
    return np.sin(np.clip(scaled, 0.0, np.pi / 2)) ** 2


def _exp_back(scaled: Floats, _n: Floats) -> Floats:
    return np.exp(scaled)


def _counts_back(scaled: Floats, n: Floats) -> Floats:
    # The z-score adds a half to both counts, so the limit takes it off again.
    return np.maximum(((n + 0.5) * np.exp(scaled) - 0.5) / n, 0.0)


def _square_back(scaled: Floats, _n: Floats) -> Floats:
    return np.maximum(scaled, 0.0) ** 2


def _arcsine_centre(theta: Floats) -> Floats:
    return np.arcsin(np.sqrt(theta))


_BACK: Final[dict[Method, Callable[[Floats, Floats], Floats]]] = {
    "arcsine": _arcsine_back,
    "exact": _arcsine_back,
    "denominator": _exp_back,
    "both": _counts_back,
    "SHMI": _exp_back,
    "CQC": _square_back,
}
_CENTRE: Final[dict[Method, Callable[[Floats], Floats]]] = {
    "arcsine": _arcsine_centre,
    "exact": _arcsine_centre,
    "denominator": np.log,
    "both": np.log,
    "SHMI": np.log,
    "CQC": np.sqrt,
}
