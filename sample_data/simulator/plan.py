"""The programme's calendar: what each initiative promised, and on which day it really came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from sample_data.simulator.days import day_of, number_of
from sample_data.simulator.portfolio import PROJECTS, Project, project
from sample_data.simulator.scenario import Initiative, Scenario
from sample_data.simulator.streams import stream

NEVER: Final = 10**7
STAGES: Final = ("discovery", "alpha", "beta", "live", "scaled", "retired")
DISCOVERY, ALPHA, BETA, LIVE, SCALED, RETIRED = range(6)
ROLES: Final = ("clinical", "operational", "digital", "analyst")
MILESTONE_TYPES: Final = ("stage", "technical", "safety", "training", "benefit")
GATES: Final = ("idea", "soc", "obc", "fbc", "safety", "benefits")
DECISIONS: Final = ("approve", "conditions", "defer", "stop")
DEPENDENCY_TYPES: Final = ("needs", "blocks", "shares_team")
_LARGE: Final = 700  # thousands of GBP from which a case goes through all its gates


@dataclass(frozen=True, slots=True)
class Promise:
    """Something promised for a day (`due`) that came on another (`done`); days by number."""

    of: int
    name: str
    kind: int
    is_critical: bool
    made: int
    due: int
    done: int

    def forecast(self, day: int) -> int:
        """Returns when it is expected on a day: delays show bit by bit, and nothing open is due in the past."""
        if day >= self.done:
            return self.done
        known = min(1.0, max(0.0, 1.25 * (day - self.made) / max(1, self.done - self.made)))
        return max(self.due + round((self.done - self.due) * known), day + 7)


@dataclass(frozen=True, slots=True)
class Dependency:
    """What an initiative waits for: another one (by its place in the plan) or a system."""

    promise: Promise
    on: int | str


@dataclass(frozen=True, slots=True)
class Gate:
    """A decision: submitted and decided on days by number; conditions that stay open."""

    of: int
    gate: int
    submitted: int
    decided: int
    decision: int
    conditions: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role of an initiative's team, filled from one day to another, both included."""

    of: int
    role: int
    start: int
    until: int


@dataclass(frozen=True, slots=True)
class Course:
    """One initiative's way.

    Attributes:
        of: its place in the plan.
        entered: the day on which it came into each stage, `NEVER` for those it does not reach.
        planned_end: promised for its last stage.
        overrun: what it spends over what was approved.
    """

    of: int
    project: Project
    initiative: Initiative | None
    entered: tuple[int, ...]
    planned_end: int
    overrun: float

    @property
    def start(self) -> int:
        """Returns its first day."""
        return self.entered[DISCOVERY]

    @property
    def pilot_end(self) -> int:
        """Returns the day on which it left beta."""
        return min(self.entered[LIVE], self.entered[RETIRED])

    @property
    def end(self) -> int:
        """Returns its last day: before it is retired, or when nobody follows it any more, a year after scaling."""
        return min(self.entered[RETIRED], self.entered[SCALED] + 365) - 1

    def stage(self, day: int) -> int:
        """Returns the stage in which it is at the end of a day."""
        return max(at for at in range(len(STAGES)) if self.entered[at] <= day)

    def is_active(self, day: int) -> bool:
        """Returns whether it has started and not ended."""
        return self.start <= day <= self.end

    def sites_live(self, day: int) -> int:
        """Returns at how many sites it is live: those of the scenario at once, others one after another."""
        live, ready = self.entered[LIVE], min(self.entered[SCALED] - 20, self.entered[LIVE] + 600)
        if day < live or day >= self.entered[RETIRED]:
            return 0
        if self.initiative is not None:
            return self.sites
        return min(self.sites, 1 + int((day - live) / max(1, ready - live) * (self.sites - 1)))

    @property
    def horizon(self) -> str:
        """Returns how soon it gives its first benefit after its start."""
        days = self.pilot_end - self.start
        return "quick_win" if days <= 183 else "medium" if days <= 548 else "long_term"

    def approved(self, scale: float) -> float:
        """Returns what was approved, in GBP."""
        return (self.project.capital + self.project.revenue) * 1000 * scale

    @property
    def sites(self) -> int:
        """Returns at how many sites it is to be."""
        return self.project.sites if self.initiative is None else len(self.initiative.sites) or 3


@dataclass(frozen=True, slots=True)
class Plan:
    """All of the programme's calendar."""

    courses: tuple[Course, ...]
    milestones: tuple[Promise, ...]
    gates: tuple[Gate, ...]
    dependencies: tuple[Dependency, ...]
    assignments: tuple[Assignment, ...]


@lru_cache(maxsize=8)
def plan_of(scenario: Scenario) -> Plan:
    """Returns the programme of a scenario: its own initiatives, and others that change nothing in the hospital.

    It follows from the seed, the first day and the initiatives alone.
    """
    live = {each.id: each for each in scenario.initiatives}
    chosen = [(project(each.id, each.title), each) for each in scenario.initiatives]
    others = [(each, None) for each in PROJECTS if each.anchor is not None and each.id not in live]
    courses = tuple(_course(at, *pair, scenario) for at, pair in enumerate([*chosen, *others]))
    random = [stream(scenario.seed, f"programme {course.project.id}", 0) for course in courses]
    milestones = [found for course in courses for found in _milestones(course, random[course.of])]
    gates = [found for course in courses for found in _gates(course, random[course.of])]
    waits = [found for course in courses for found in _dependencies(course, courses, random[course.of])]
    roles = [found for course in courses for found in _assignments(course, random[course.of])]
    return Plan(courses, tuple(milestones), tuple(gates), tuple(waits), tuple(roles))


def _course(at: int, project: Project, initiative: Initiative | None, scenario: Scenario) -> Course:
    first = number_of(scenario.first_day)
    anchor = number_of(initiative.go_live) if initiative is not None else first + (project.anchor or 0)
    anchor += -day_of(anchor).weekday % 7  # a Monday
    ends_with_pilot = project.retired == 0
    beta = anchor - project.stages[2]
    alpha = beta - project.stages[1]
    start = alpha - project.stages[0]
    live = NEVER if ends_with_pilot else anchor
    scaled = NEVER if project.scaled is None else anchor + project.scaled
    retired = NEVER if project.retired is None else anchor + project.retired
    random = stream(scenario.seed, f"programme spending {project.id}", 0)
    last = min(scaled, retired if ends_with_pilot else NEVER)
    planned_end = (last if last < NEVER else anchor + 180) - max(0, round(random.gamma(0.8, 22.0)))
    overrun = float(np.exp(random.normal(0.01, 0.06)))
    return Course(at, project, initiative, (start, alpha, beta, live, scaled, retired), planned_end, overrun)


def _slip(random: np.random.Generator) -> int:
    if random.random() < 0.64:
        return -int(random.integers(0, 12))
    return int(min(160, 4 + random.gamma(1.3, 28.0)))


def _milestones(course: Course, random: np.random.Generator) -> Iterator[Promise]:
    alpha, beta, end = course.entered[ALPHA], course.entered[BETA], course.pilot_end
    wanted = [
        ("Case approved", 0, True, alpha), ("Design and supplier agreed", 1, False, beta - 20),
        ("Pilot begins", 0, True, beta), ("Pilot evaluated", 4, False, end - 8),
    ]  # fmt: skip
    if course.entered[LIVE] < NEVER:
        wanted += [
            ("Clinical safety case signed", 2, True, end - 5), ("First staff trained", 3, False, end - 3),
            ("Go-live", 0, True, end), ("Benefits reviewed", 4, False, end + 140),
        ]  # fmt: skip
    if course.entered[SCALED] < NEVER:
        scaled = course.entered[SCALED]
        wanted += [
            ("All staff trained", 3, False, scaled - 40), ("All sites live", 0, True, scaled - 20),
            ("Handed over to operations", 0, False, scaled + 60),
        ]  # fmt: skip
    for name, kind, critical, done in wanted:
        made = course.start if done <= end else course.entered[BETA]
        slip = min(_slip(random), round(0.6 * max(0, done - made)))
        yield Promise(course.of, name, kind, critical, made, done - slip, done)


def _gates(course: Course, random: np.random.Generator) -> Iterator[Gate]:
    large = course.project.capital + course.project.revenue >= _LARGE
    wanted = [(0, course.start)]
    wanted += [(1, course.entered[ALPHA]), (2, (course.entered[ALPHA] + course.entered[BETA]) // 2)] if large else []
    wanted += [(3, course.entered[BETA]), (4, course.entered[LIVE])]
    end = min(course.entered[RETIRED], course.entered[LIVE] + 150)
    for gate, before in [*wanted, (5, end)]:
        if before >= NEVER:
            continue
        decided = _working(before - 1 - int(random.integers(0, 6)))
        submitted = _working(decided - 3 - round(random.gamma(3.0, 8.5)))
        stops = gate == 5 and course.project.retired is not None
        decision = 3 if stops else int(random.choice(2, p=[0.72, 0.28]))
        if not stops and random.random() < 0.12:  # put off once, and decided the second time
            earlier = _working(submitted - 4)
            yield Gate(course.of, gate, _working(earlier - 3 - round(random.gamma(3.0, 8.0))), earlier, 2, 0)
        yield Gate(course.of, gate, submitted, decided, decision, int(random.integers(1, 4)) if decision == 1 else 0)


def _dependencies(course: Course, courses: tuple[Course, ...], random: np.random.Generator) -> Iterator[Dependency]:
    # Only on those that end their pilot earlier: so none can wait for itself, however long the way round.
    earlier = [each for each in courses if (each.pilot_end, each.of) < (course.pilot_end, course.of)]
    near = [each.of for each in earlier if each.pilot_end > course.start - 400]
    count = min(len(near), int(random.integers(1, 4)))
    on: list[int | str] = [int(each) for each in random.choice(near, count, replace=False)] if count else []
    for each in [*on, *course.project.systems]:
        made = course.start + int(random.integers(5, 60))
        last = min(course.pilot_end + 220, course.entered[SCALED], course.entered[RETIRED])
        done = max(made + 15, int(random.integers(made, max(made + 1, last))))
        slip = min(_slip(random), round(0.6 * (done - made)))
        kind = int(random.choice(3, p=[0.6, 0.2, 0.2])) if isinstance(each, int) else 0
        yield Dependency(Promise(course.of, "", kind, bool(random.random() < 0.35), made, done - slip, done), each)


def _assignments(course: Course, random: np.random.Generator) -> Iterator[Assignment]:
    for role, name in enumerate(ROLES):
        start = course.start + int(random.integers(0, 70 if role else 35))
        gap = course.start + int(random.integers(60, 500)) if random.random() < 0.3 else NEVER
        length = int(random.integers(25, 130))
        if name in course.project.lacks or start > course.end:
            continue
        if start < gap < course.end:
            yield Assignment(course.of, role, start, gap)
            start = gap + length
        if start <= course.end:
            yield Assignment(course.of, role, start, course.end)


def _working(number: int) -> int:
    while not day_of(number).is_working:
        number -= 1
    return number
