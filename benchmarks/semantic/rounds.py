"""Who is timed at what, in turns: whatever slows the machine for a while slows all of them."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

COMPILES = 5


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds of the clock, and of the processor in all threads: those hardly change on a busy machine."""

    clock: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Contestant:
    """Somebody who answers the questions.

    Attributes:
        hand: runs the hand-written SQL of a question in the contestant's own process, and returns what it took.
        steps: step (`compile`, `total` ...) to what times it for one of `queries`.
    """

    name: str
    queries: Mapping[str, str]
    hand: Callable[[str], Taken]
    steps: Mapping[str, Callable[[str], Taken]]


@dataclass(frozen=True, slots=True)
class Times:
    """What was taken by contestant, query and step; `hand` is the step of the SQL written by hand."""

    taken: dict[tuple[str, str, str], list[Taken]] = field(default_factory=lambda: defaultdict(list))

    def median(self, name: str, query: str, step: str) -> float:
        """Returns the median of the rounds by the clock, in milliseconds."""
        return statistics.median(each.clock for each in self.taken[name, query, step])

    def cpu_median(self, name: str, query: str, step: str) -> float:
        """Returns likewise the median of the processor's time."""
        return statistics.median(each.cpu for each in self.taken[name, query, step])

    def ratio(self, name: str, query: str, step: str) -> float:
        """Returns the median over the rounds of the step's time to that of hand-written SQL in the same round."""
        return statistics.median(own.clock / hand.clock for own, hand in self._pairs(name, query, step))

    def cpu_ratio(self, name: str, query: str, step: str) -> float:
        """Returns likewise the ratio of the processor's time."""
        return statistics.median(own.cpu / hand.cpu for own, hand in self._pairs(name, query, step))

    def _pairs(self, name: str, query: str, step: str) -> list[tuple[Taken, Taken]]:
        return list(zip(self.taken[name, query, step], self.taken[name, query, "hand"], strict=True))


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


def timed(run: Callable[[], object]) -> Taken:
    """Returns what it takes."""
    clock, cpu = time.perf_counter(), time.process_time()
    run()
    return Taken(1000 * (time.perf_counter() - clock), 1000 * (time.process_time() - cpu))
