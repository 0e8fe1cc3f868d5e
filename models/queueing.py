"""Sizes and rates of a waiting list in balance. Every time is in weeks, every rate per week; nothing is in days.

The formulae are those of Fong et al. (2022), who take the waits of a managed list to be near exponential.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log
from typing import Final

FACTOR: Final = 4.0
"""Target wait over mean wait at which about 98 in 100 waits are within the target, if waits are exponential."""

EASED_AT: Final = 2.0
"""A list of more than so many times its target size needs relief."""


def factor_for(share: float) -> float:
    """Returns the target wait over the mean wait at which so large a share of exponential waits is within the target.

    0.92 gives 2.53, 0.98 gives 3.91.

    Raises:
        ValueError: the share is not above 0 and below 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"The share within the target must lie between 0 and 1; it is {share}.")
    return -log(1 - share)


def load(referrals: float, removals: float) -> float:
    """Returns referrals a week over removals a week. At 1 or above the list grows without limit."""
    _not_negative(referrals=referrals, removals=removals)
    if removals == 0:
        return inf if referrals > 0 else 0.0
    return referrals / removals


def target_mean_wait(target_wait: float, factor: float = FACTOR) -> float:
    """Returns the mean wait, in weeks, at which nearly all wait less than the target wait in weeks."""
    _positive(target_wait=target_wait, factor=factor)
    return target_wait / factor


def target_list_size(referrals: float, target_wait: float, factor: float = FACTOR) -> float:
    """Returns the list at which waits meet the target, by Little's law: referrals a week times the mean wait.

    30 referrals a week and a target of 52 weeks give 390.
    """
    _not_negative(referrals=referrals)
    return referrals * target_mean_wait(target_wait, factor)


def is_too_long(list_size: float, target_size: float) -> bool:
    """Returns whether the list is more than twice its target size, so that relief is called for."""
    return list_size > EASED_AT * target_size


def relief_capacity(referrals: float, list_size: float, target_size: float, weeks: float = 26) -> float:
    """Returns the removals a week that bring a list to its target size within so many weeks.

    30 referrals a week, a list of 1,200 and a target of 390 give 61.15 over 26 weeks.
    """
    _positive(weeks=weeks)
    _not_negative(referrals=referrals, list_size=list_size, target_size=target_size)
    return max(0.0, referrals + (list_size - target_size) / weeks)


def target_capacity(
    referrals: float,
    target_wait: float,
    factor: float = FACTOR,
    *,
    variation_of_referrals: float = 1.0,
    variation_of_removals: float = 1.0,
) -> float:
    """Returns the removals a week that keep a list at its target size, once it is there (Kingman, Marchal).

    4 referrals a week and 52 weeks give 4.0769.

    Args:
        referrals: a week.
        target_wait: weeks.
        factor: target wait over mean wait.
        variation_of_referrals: coefficient of variation of the time between referrals; 1 when they come at random.
        variation_of_removals: likewise of the time between removals.
    """
    _not_negative(
        referrals=referrals,
        variation_of_referrals=variation_of_referrals,
        variation_of_removals=variation_of_removals,
    )
    spread = (variation_of_referrals**2 + variation_of_removals**2) / 2
    return referrals + spread / target_mean_wait(target_wait, factor)


def pressure(mean_wait: float, target_wait: float) -> float:
    """Returns twice the mean wait over the target wait, both in weeks; below 1 the list is in order.

    A mean wait of 63 weeks against a target of 52 gives 2.4231.
    """
    _not_negative(mean_wait=mean_wait)
    _positive(target_wait=target_wait)
    return 2 * mean_wait / target_wait


def standard_rate(share: float, within: float = 18) -> float:
    """Returns the rate a week at which exponential waits put so large a share within so many weeks."""
    _positive(within=within)
    return factor_for(share) / within


def standard_list_size(referrals: float, share: float, within: float = 18) -> float:
    """Returns the list at which so large a share waits less than so many weeks, if waits are exponential."""
    _not_negative(referrals=referrals)
    return referrals / standard_rate(share, within)


def weeks_to_clear(list_size: float, target_size: float, referrals: float, removals: float) -> float:
    """Returns the weeks until a list is at its target size; 0 when it is, infinite when it does not shrink."""
    _not_negative(list_size=list_size, target_size=target_size, referrals=referrals, removals=removals)
    if list_size <= target_size:
        return 0.0
    return (list_size - target_size) / (removals - referrals) if removals > referrals else inf


@dataclass(frozen=True, slots=True)
class Balance:
    """What the formulae say of a list: rates per week, waits in weeks, `clears_in` infinite when it never does."""

    load: float
    mean_wait: float
    target_size: float
    too_long: bool
    relief: float
    keeps: float
    pressure: float
    clears_in: float


def balance(
    list_size: float, referrals: float, removals: float, *, share: float, within: float = 18, weeks: float = 26
) -> Balance:
    """Returns the state of a list against a standard such as 92 in 100 within 18 weeks.

    Args:
        list_size: pathways waiting.
        referrals: that join, a week.
        removals: that leave, a week.
        share: that the standard wants within the target.
        within: the target, in weeks.
        weeks: in which relief is to bring the list to its target size.
    """
    factor = factor_for(share)
    target = target_list_size(referrals, within, factor)
    mean_wait = list_size / removals if removals else inf
    return Balance(
        load=load(referrals, removals),
        mean_wait=mean_wait,
        target_size=target,
        too_long=is_too_long(list_size, target),
        relief=relief_capacity(referrals, list_size, target, weeks),
        keeps=target_capacity(referrals, within, factor),
        pressure=pressure(mean_wait, within),
        clears_in=weeks_to_clear(list_size, target, referrals, removals),
    )


def _not_negative(**values: float) -> None:
    for name, value in values.items():
        if not value >= 0:
            raise ValueError(f"{name.replace('_', ' ').capitalize()} must be 0 or more; it is {value}.")


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name.replace('_', ' ').capitalize()} must be above 0; it is {value}.")
