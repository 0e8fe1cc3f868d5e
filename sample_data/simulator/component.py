"""What a component of the hospital is, and the day on which it does its part.

A component keeps what it must remember in named arrays of the state, takes a day's step with random numbers of that
day, tells later components what happened, and hands over rows once they are final. To add one: write a class with the
four members of `Component`, name its tables' codes, and put it into `engine.COMPONENTS` after those it listens to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sample_data.simulator.days import Day
from sample_data.simulator.rows import Codes, Out
from sample_data.simulator.scenario import Lever, Scenario
from sample_data.simulator.state import State
from sample_data.simulator.streams import stream
from sample_data.simulator.trust import SERVICES, SITES

Factors = npt.NDArray[np.float64]


@dataclass(slots=True)
class Today:
    """One day's work: the day, what initiatives multiply, and what components told each other so far.

    Attributes:
        said: what was told today, by subject; structured arrays, or plain ones.
    """

    day: Day
    scenario: Scenario
    said: dict[str, npt.NDArray[Any]] = field(default_factory=dict)

    def random(self, purpose: str) -> np.random.Generator:
        """Returns today's random numbers of a purpose. Ask once a purpose: asking again gives the same numbers."""
        return stream(self.scenario.seed, purpose, self.day.number)

    def tell(self, subject: str, news: npt.NDArray[Any]) -> None:
        """Says something to the components that come later today."""
        self.said[subject] = news

    def told(self, subject: str) -> npt.NDArray[Any]:
        """Returns what an earlier component said today.

        Raises:
            KeyError: none did; the order in `engine.COMPONENTS` is wrong.
        """
        return self.said[subject]

    def by_service(self, lever: Lever) -> Factors:
        """Returns what a lever is multiplied by today, a number a service, in the order of `SERVICES`."""
        return self._factors(lever, [service.code for service in SERVICES], "services")

    def by_site(self, lever: Lever) -> Factors:
        """Returns what a lever is multiplied by today, a number a site, in the order of `SITES`."""
        return self._factors(lever, [site.code for site in SITES], "sites")

    def by_system(self, lever: Lever, systems: Sequence[str]) -> Factors:
        """Returns what a lever is multiplied by today, a number for each of the digital systems named."""
        return self._factors(lever, systems, "systems")

    def by_group(self, lever: Lever, groups: Sequence[str]) -> Factors:
        """Returns what a lever is multiplied by today, a number for each of the staff groups named."""
        return self._factors(lever, groups, "staff_groups")

    def _factors(self, lever: Lever, codes: Sequence[str], scope: str) -> Factors:
        found = np.ones(len(codes))
        for each in self.scenario.initiatives:
            if each.lever is lever:
                reach: tuple[str, ...] = getattr(each, scope)
                found *= [each.at(self.day.date) if not reach or code in reach else 1.0 for code in codes]
        return found


class Component(Protocol):
    """A part of the hospital."""

    @property
    def codes(self) -> Codes:
        """Returns the texts of its tables' coded columns: table.column to texts."""
        ...

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Puts its arrays into the state as they are before the first day, which the warm-up then settles."""
        ...

    def step(self, today: Today, state: State, out: Out) -> None:
        """Does a day's work."""
        ...

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Hands over the rows that are not final at the instant `now` (minutes UTC), without changing the state."""
        ...


def many(*codes: Codes) -> Mapping[str, Any]:
    """Returns several components' codes as one."""
    return {name: texts for each in codes for name, texts in each.items()}


def by_chance(random: np.random.Generator, amounts: npt.NDArray[Any] | float) -> npt.NDArray[np.int64]:
    """Returns amounts as whole numbers: the fraction is the chance of one more, so that sums keep their mean."""
    array = np.asarray(amounts, dtype=np.float64)
    down = np.floor(array)
    return (down + (random.random(array.shape) < array - down)).astype(np.int64)
