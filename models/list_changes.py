"""How far a waiting list moves in the months ahead: its size and the odds of waiting less than 18 weeks, as paths.

A monthly change goes on for a while and not for ever: part of it fades from month to month, the rest is new each
month. What goes on is read from the list's own past by the covariance that such changes have (Gaussian prediction); how
large they are, from that past and from what is usual for lists of the size (a Student t of as many degrees of freedom).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from models.demand_paths import Floats

_ODD: Final = 2.5
_OF_MEDIAN: Final = 0.6745
"""Median of the absolute value of a standard normal number."""
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Habit:
    """How lists change from one month to the next.

    Attributes:
        lasting: share of a month's variance that is of the lasting part.
        fading: correlation of the lasting part from month to month.
        usual: standard deviation of a month's change, times the cube root of the pathways on the list.
        belief: months that the usual size of changes counts as much as.
        goes_on: whether the course of the past months is carried forward, or only as uncertain as that makes it.
    """

    lasting: float
    fading: float
    usual: float
    belief: float
    goes_on: bool

    def covariance(self, months: int) -> Floats:
        """Returns months x months, for changes of variance 1."""
        lag = np.abs(np.arange(months)[:, None] - np.arange(months)[None, :])
        return np.asarray(np.where(lag == 0, 1.0, self.lasting * self.fading**lag))


GROWTH: Final = Habit(lasting=0.47, fading=0.7, usual=0.67, belief=4.0, goes_on=True)
"""Of the size, as a share of it. Lasting and fading are fitted to the correlations of all providers' monthly changes
from April 2021 to March 2024, the usual size to the lists by service of half of the trusts in 2024/25."""

ODDS: Final = Habit(lasting=0.35, fading=0.6, usual=1.5, belief=4.0, goes_on=False)
"""Of the odds of waiting less than 18 weeks, as a logarithm; fitted likewise. In a past of few months their course is
mostly the time of the year."""


@dataclass(frozen=True, slots=True)
class Past:
    """Changes seen, oldest first.

    Attributes:
        changes: over each span; not a number where the two ends cannot be compared.
        spans: whole months of each.
    """

    changes: Floats
    spans: tuple[int, ...]


def months_ahead(
    habit: Habit, past: Past, size: float, *, months: int, draws: int, generator: np.random.Generator
) -> Floats:
    """Returns the changes of the months after the last span, draws x months.

    Args:
        habit: how lists change.
        past: how this one did.
        size: pathways on the list.
        months: how many.
        draws: how many paths.
        generator: of the chance.
    """
    before = sum(past.spans)
    of_span = np.repeat(np.arange(len(past.spans)), past.spans)
    seen = np.isfinite(past.changes)
    adding = (of_span[None, :] == np.arange(len(past.spans))[:, None])[seen].astype(float)
    changes = past.changes[seen]
    every = habit.covariance(before + months)
    known = adding @ every[:before, :before] @ adding.T
    shared = every[before:, :before] @ adding.T
    gain = np.linalg.solve(known, shared.T).T if len(changes) else shared
    usual = habit.usual * max(size, 1.0) ** (-1 / 3)
    per_month = changes / np.sqrt(np.diag(known))
    typical = max(float(np.median(np.abs(per_month))) / _OF_MEDIAN, usual / 2) if len(changes) else usual
    # A recount or a merger is no course: one odd month must not set what follows.
    held = np.clip(per_month, -_ODD * typical, _ODD * typical) * np.sqrt(np.diag(known))
    squares = float((np.clip(per_month, -2 * _ODD * usual, 2 * _ODD * usual) ** 2).sum())
    freedom = habit.belief + len(changes)
    middle = (habit.belief * usual**2 + squares) / freedom
    unknown = every[before:, before:] - gain @ shared.T
    root = np.linalg.cholesky(unknown + _ROUNDING * np.eye(months))
    spread = np.sqrt(middle * freedom / generator.chisquare(freedom, draws))
    course = gain @ held if habit.goes_on else np.zeros(months)
    return np.asarray(course + spread[:, None] * (generator.standard_normal((draws, months)) @ root.T))
