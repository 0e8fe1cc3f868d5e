"""A waiting list played through patient by patient: what the arithmetic of paths is held against.

Nothing is shared with the models: every patient is one number, the weeks waited, and leaves by a throw of its own.
"""

from __future__ import annotations

import numpy as np


def played(
    waiting: np.ndarray,
    pattern: np.ndarray,
    *,
    referrals: float,
    treatments: float,
    weeks: int,
    other_stops: float,
    longest_first: float,
    generator: np.random.Generator,
) -> tuple[int, int, int]:
    """Returns how many wait after so many weeks, how many of them less than 18 weeks, and how many 52 or more.

    Who joins in a week is there for half of it, and is half as likely to leave.
    """
    waits = np.repeat(np.arange(len(waiting)), waiting.astype(int))
    for _ in range(weeks):
        waits = np.concatenate([waits + 1, np.zeros(generator.poisson(referrals), int)])
        half = np.where(waits == 0, 0.5, 1.0)
        stay = generator.random(len(waits)) >= other_stops * half
        waits, half = waits[stay], half[stay]
        seen = min(int(generator.poisson(treatments)), len(waits))
        oldest = int(generator.binomial(seen, longest_first))
        weights = pattern[np.minimum(waits, 104)] * half
        for _ in range(seen - oldest):
            # One after the other: a treatment by pattern is a throw among those who wait.
            reached = np.cumsum(weights)
            chosen = int(np.searchsorted(reached, generator.random() * reached[-1]))
            waits, weights = np.delete(waits, chosen), np.delete(weights, chosen)
        waits = np.sort(waits)[: len(waits) - oldest]
    return len(waits), int((waits < 18).sum()), int((waits >= 52).sum())
