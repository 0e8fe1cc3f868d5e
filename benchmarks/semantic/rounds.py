"""Who is timed at what, in turns: whatever slows the machine for a while slows all of them."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

COMPILES = 5


@dataclass(frozen=True, slots=True)
class Contestant:
    """Somebody who answers the questions.

    Attributes:
        hand: runs the hand-written SQL of a question in the contestant's own process, and returns the milliseconds.
        steps: step (`compile`, `total` ...) to what times it for one of `queries`.
    """

    name: str
    queries: Mapping[str, str]
    hand: Callable[[str], float]
    steps: Mapping[str, Callable[[str], float]]


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds by contestant, query and step; `hand` is the step of the SQL written by hand."""

    taken: dict[tuple[str, str, str], list[float]] = field(default_factory=lambda: defaultdict(list))

    def median(self, name: str, query: str, step: str) -> float:
        """Returns the median of the rounds."""
        return statistics.median(self.taken[name, query, step])

    def ratio(self, name: str, query: str, step: str) -> float:
        """Returns the median over the rounds of the step's time to that of hand-written SQL in the same round."""
        pairs = zip(self.taken[name, query, step], self.taken[name, query, "hand"], strict=True)
        return statistics.median(own / hand for own, hand in pairs)


def measure(contestants: list[Contestant], rounds: int) -> Times:
    """Returns the times of all steps; one round before them is not counted."""
    times = Times()
    for number in range(rounds + 1):
        counted = times if number else Times()
        for question in ("a", "b", "c"):
            for each in contestants:
                for query in each.queries:
                    if query[0] == question:
                        _once(each, query, counted, hand_first=number % 2 == 0)
    return times


def _once(who: Contestant, query: str, times: Times, *, hand_first: bool) -> None:
    steps = {"hand": lambda name: who.hand(name[0]), **who.steps}
    for step in steps if hand_first else reversed(steps):
        repeats = COMPILES if step in ("compile", "cached") else 1
        times.taken[who.name, query, step] += [steps[step](query) for _ in range(repeats)]


def milliseconds(run: Callable[[], object]) -> float:
    """Returns how long it takes."""
    begin = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - begin)
