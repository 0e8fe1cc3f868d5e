"""Simulated trusts and their twins: the same to the day on which the twin takes fewer referrals, and then no more.

What a page answers to "what if referrals fell" can so be held against a trust in which they fell.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sample_data.simulator.folder import write_folder
from sample_data.simulator.scenario import Initiative, Lever, Scenario


@dataclass(frozen=True, slots=True)
class Twins:
    """Two folders as `bellwether simulate` writes them.

    Attributes:
        usual: nothing changes.
        fewer: from the day `since` on, referrals are `share` of what they were.
    """

    usual: Path
    fewer: Path
    since: date
    share: float


def twins(
    folder: Path, seed: int, first: date, last: date, since: date, *, scale: float = 0.5, share: float = 0.7,
    warm_up: int = 120,
) -> Twins:  # fmt: skip
    """Returns a trust and its twin, played into a folder where they are not there yet."""
    change = Initiative("FEWER", "Fewer referrals", Lever.REFERRALS, share - 1, since, "referrals accepted")
    for name, initiatives in (("usual", ()), ("fewer", (change,))):
        write_folder(Scenario(first, last, seed, scale, initiatives, warm_up), folder / f"{seed}-{name}")
    return Twins(folder / f"{seed}-usual", folder / f"{seed}-fewer", since, share)
