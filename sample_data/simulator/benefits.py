"""Benefits month by month: what was promised, what came, and how well that is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sample_data.simulator.component import Today
from sample_data.simulator.days import Day, day_of, number_of
from sample_data.simulator.plan import LIVE, NEVER, RETIRED, Course, Plan, plan_of
from sample_data.simulator.portfolio import CAPABILITIES
from sample_data.simulator.register import CASH, CLASSES, Benefit, of
from sample_data.simulator.rows import Codes, Out
from sample_data.simulator.scenario import Kind, Scenario
from sample_data.simulator.state import State
from sample_data.simulator.streams import stream

Array = npt.NDArray[Any]

EVIDENCE: Final = ("claimed", "evidenced", "finance_validated")
CLAIMED, EVIDENCED, VALIDATED = range(3)
_FINAL_AFTER: Final = 3  # months
_REPORTED: Final = 36  # months from the first promised benefit
_TOO_HIGH: Final = (1.12, 1.04, 1.0)  # what a first claim is over what finance agrees with in the end
_ROLL_OUT: Final = 120  # days in which a benefit of other initiatives grows
_FORECAST: Final = 0.5  # of the way from what was promised to what comes, a forecast has learned


@dataclass(frozen=True, slots=True)
class Line:
    """A benefit of the register within a plan: its code, its initiative's course, and its first promised day."""

    code: str
    number: int
    benefit: Benefit
    course: Course
    promised_from: int

    def promised(self, day: int) -> float:
        """Returns the relative change promised for a day."""
        return self._grown(day, self.promised_from) * self.benefit.promised

    def realised(self, day: int) -> float:
        """Returns the relative change that there is on a day, or, of what nothing bears out, is claimed."""
        live = min(self.course.entered[LIVE], self.course.entered[RETIRED] - 120)
        if day < live or day >= self.ends:
            return 0.0
        if self.benefit.claimed:
            return self.benefit.claimed
        if self.benefit.true is not None:
            return self.benefit.true * self._grown(day, live)
        initiative = self.course.initiative
        if initiative is None:
            return 0.0
        return (initiative.at(day_of(day).date) - 1) * self.benefit.share

    @property
    def ends(self) -> int:
        """Returns the day from which it gives nothing any more."""
        return self.course.entered[RETIRED]

    def _grown(self, day: int, start: int) -> float:
        if day < start:
            return 0.0
        initiative = self.course.initiative
        if initiative is not None and initiative.kind is Kind.STEP:
            return 1.0
        return min(1.0, (day - start + 1) / (_ROLL_OUT if initiative is None else initiative.days))


@lru_cache(maxsize=8)
def lines_of(plan: Plan) -> tuple[Line, ...]:
    """Returns the benefits of a plan's initiatives, in the register's order."""
    found = []
    for course in plan.courses:
        due = [each.due for each in plan.milestones if each.of == course.of and each.name == "Go-live"]
        promised_from = due[0] if due else course.pilot_end - 120
        for number, benefit in enumerate(of(course.project.id), 1):
            found.append(Line(f"{course.project.id}-B{number}", number, benefit, course, promised_from))
    return tuple(found)


class Benefits:
    """Hears and tells nobody. A month's figures are first claimed, then evidenced, and final after three months."""

    def __init__(self, scenario: Scenario) -> None:
        """Reads the register."""
        self.scenario = scenario
        self.lines = lines_of(plan_of(scenario))
        self.first = number_of(scenario.first_day)
        ids = tuple(dict.fromkeys(line.course.project.id for line in self.lines))
        self._ids = {identity: at for at, identity in enumerate(ids)}
        self.codes: Codes = {
            "fact_benefit_period.benefit_id": tuple(line.code for line in self.lines),
            "fact_benefit_period.initiative_id": ids,
            "fact_benefit_period.capability": CAPABILITIES,
            "fact_benefit_period.benefit_class": CLASSES,
            "fact_benefit_period.evidence_status": EVIDENCE,
        }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Needs nothing of its own."""

    def step(self, today: Today, state: State, out: Out) -> None:
        """At a month's end closes the month three months back; on the first day, all before."""
        del state
        day = today.day
        if day.number == self.first:
            last, known = _month_after(day, -_FINAL_AFTER - 1), [line.promised_from for line in self.lines]
            month = _month_after(day_of(min(known, default=day.number)), 0)
            while month.number <= last.number:
                self._month(month, _end(_month_after(month, _FINAL_AFTER)), VALIDATED, out)
                month = _month_after(month, 1)
        if day.is_month_end:
            self._month(_month_after(day, -_FINAL_AFTER), day, VALIDATED, out)

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Hands over the months that are closed and not final."""
        del now
        last = day_of(state.next_day - 1)
        reported = last if last.is_month_end else _end(_month_after(last, -1))
        for age in range(_FINAL_AFTER):
            self._month(_month_after(reported, -age), reported, EVIDENCED if age else CLAIMED, out)

    def _month(self, month: Day, reported: Day, status: int, out: Out) -> None:
        """Hands over a month's figures as they are known at the end of the day `reported`."""
        first = number_of(month.month)
        days = np.arange(first, _month_after(month, 1).number)
        lines = [line for line in self.lines if _in_register(line, first)]
        random = stream(self.scenario.seed, "benefits", first)
        noise = dict(zip((line.code for line in self.lines), random.normal(0.0, 0.05, len(self.lines)), strict=True))
        at = {line.code: place for place, line in enumerate(self.lines)}
        known = [_status(line, status) for line in lines]
        amounts = [self._quantities(line, days, noise[line.code], known[place]) for place, line in enumerate(lines)]
        planned, forecast, realised = (
            np.array([found[part] for found in amounts], dtype=np.float64) for part in range(3)
        )
        value = np.array([line.benefit.value for line in lines])
        kind = np.array([line.benefit.kind for line in lines], dtype=np.int64)
        out.add(
            "fact_benefit_period", len(lines), period=first, benefit_id=np.array([at[line.code] for line in lines]),
            initiative_id=np.array([self._ids[line.course.project.id] for line in lines]),
            capability=np.array([CAPABILITIES.index(line.course.project.capability) for line in lines]),
            benefit_class=kind, planned_qty=planned, planned_gbp=(planned * value).round(2), forecast_qty=forecast,
            forecast_gbp=(forecast * value).round(2), realised_qty=realised, realised_gbp=(realised * value).round(2),
            realised_cash_gbp=np.where(kind == CASH, (realised * value).round(2), 0.0),
            evidence_status=np.array(known), changed_at=reported.end,
        )  # fmt: skip

    def _quantities(self, line: Line, days: Array, noise: float, status: int) -> tuple[float, float, float]:
        """Returns what a month was to give, what was forecast shortly before, and what it gave."""
        a_day = (line.benefit.baseline or 0.0) * self.scenario.scale / 365.25
        promised = a_day * sum(abs(line.promised(int(day))) for day in days)
        true = a_day * sum(abs(line.realised(int(day))) for day in days)
        forecast = promised + (true - promised) * _FORECAST if line.course.entered[LIVE] < int(days[0]) else promised
        return round(promised, 1), round(forecast, 1), round(true * float(np.exp(noise)) * _TOO_HIGH[status], 1)


def _status(line: Line, status: int) -> int:
    if line.benefit.claimed:
        return CLAIMED
    return min(status, EVIDENCED) if line.benefit.validator is None else status


def _in_register(line: Line, month: int) -> bool:
    """Returns whether the register has a figure of the month: from the first promised one on, three years."""
    first = number_of(day_of(line.promised_from).month)
    return first <= month < first + _REPORTED * 30.5 and month < min(line.ends, NEVER)


def _month_after(day: Day, months: int) -> Day:
    """Returns the first day of the month so many months after a day's."""
    place = day.date.year * 12 + day.date.month - 1 + months
    return day_of(number_of(day.date.replace(year=place // 12, month=place % 12 + 1, day=1)))


def _end(day: Day) -> Day:
    """Returns the last day of a day's month."""
    return day_of(_month_after(day, 1).number - 1)
