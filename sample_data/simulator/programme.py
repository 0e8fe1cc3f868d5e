"""The programme from day to day: decisions, milestones, dependencies, teams, and its report at each month's end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from sample_data.simulator.component import Today
from sample_data.simulator.days import Day, day_of, number_of
from sample_data.simulator.estate import SYSTEMS
from sample_data.simulator.plan import (
    ALPHA,
    BETA,
    DECISIONS,
    DEPENDENCY_TYPES,
    GATES,
    MILESTONE_TYPES,
    NEVER,
    RETIRED,
    ROLES,
    SCALED,
    STAGES,
    Course,
    plan_of,
)
from sample_data.simulator.portfolio import CAPABILITIES, KINDS, WGLL
from sample_data.simulator.register import BENEFITS
from sample_data.simulator.rows import NONE, Codes, Out
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.state import State
from sample_data.simulator.streams import stream

CONFIDENCE: Final = ("green", "amber", "red")
HORIZONS: Final = ("quick_win", "medium", "long_term")
_DECIDED_BY: Final = ("Digital programme board", "Executive committee")
_AMBER_DAYS, _RED_DAYS = 28, 75
_AMBER_SPEND, _RED_SPEND = 0.08, 0.15  # of what was approved


class Programme:
    """Hears and tells nobody: its calendar (`plan_of`) is made before the first day.

    What was decided before the first day is handed over on it.
    """

    def __init__(self, scenario: Scenario) -> None:
        """Reads the calendar."""
        self.scenario = scenario
        self.plan = plan_of(scenario)
        self.first = number_of(scenario.first_day)
        ids = tuple(course.project.id for course in self.plan.courses)
        names = tuple(dict.fromkeys(promise.name for promise in self.plan.milestones))
        self._name_at = {name: at for at, name in enumerate(names)}
        self._on = (*ids, *(system.code for system in SYSTEMS))
        of_initiative = {
            f"{table}.initiative_id": ids
            for table in (
                "fact_initiative_snapshot", "fact_milestone", "fact_milestone_snapshot", "fact_gate",
                "bridge_dependency", "fact_dependency_snapshot", "bridge_initiative_role", "fact_stage_event",
            )
        }  # fmt: skip
        self.codes: Codes = {
            **of_initiative,
            "fact_initiative_snapshot.capability": CAPABILITIES,
            "fact_initiative_snapshot.wgll_domain": WGLL,
            "fact_initiative_snapshot.kind": KINDS,
            "fact_initiative_snapshot.horizon": HORIZONS,
            "fact_initiative_snapshot.stage": STAGES,
            "fact_initiative_snapshot.confidence": CONFIDENCE,
            "fact_milestone.name": names,
            "fact_milestone.milestone_type": MILESTONE_TYPES,
            "fact_gate.gate": GATES,
            "fact_gate.decision": DECISIONS,
            "bridge_dependency.on_kind": ("initiative", "system"),
            "bridge_dependency.on_id": self._on,
            "bridge_dependency.dependency_type": DEPENDENCY_TYPES,
            "bridge_initiative_role.role": ROLES,
            "fact_stage_event.capability": CAPABILITIES,
            "fact_stage_event.from_stage": STAGES,
            "fact_stage_event.to_stage": STAGES,
            "fact_stage_event.decided_by": _DECIDED_BY,
        }

    def begin(self, scenario: Scenario, first: Day, state: State) -> None:
        """Needs nothing of its own: the calendar says all."""

    def step(self, today: Today, state: State, out: Out) -> None:
        """Hands over what was decided or done today; at a month's end, the report."""
        del state
        day = today.day.number
        since = 0 if day == self.first else day
        self._finished(since, day, out)
        if today.day.is_month_end and day >= self.first:
            self._report(today.day, out)

    def open_rows(self, state: State, out: Out, now: int) -> None:
        """Hands over what is to be done, waits for a decision, or goes on."""
        day = state.next_day - 1
        reported = _reported(day, self.first)
        self._milestones(NEVER, day, reported, out)
        self._gates(NEVER, day, out)
        self._dependencies(NEVER, day, reported, out)
        self._assignments(NEVER, day, out)
        del now

    def _finished(self, since: int, day: int, out: Out) -> None:
        self._milestones(since, day, day, out)
        self._gates(since, day, out)
        self._dependencies(since, day, day, out)
        self._assignments(since, day, out)
        moves = [
            (number, course, stage)
            for number, (course, stage) in enumerate((c, s) for c in self.plan.courses for s in range(len(STAGES)))
            if since <= course.entered[stage] <= day
        ]
        before = [max((s for s in range(stage) if c.entered[s] < NEVER), default=NONE) for _, c, stage in moves]
        out.add(
            "fact_stage_event", len(moves), event_id=_ints(number + 1 for number, *_ in moves),
            initiative_id=_ints(c.of for _, c, _ in moves),
            capability=_ints(CAPABILITIES.index(c.project.capability) for _, c, _ in moves),
            from_stage=_ints(before), to_stage=_ints(stage for *_, stage in moves),
            ends_pilot=np.array([at == BETA for at in before]), is_scaled=np.array([s == SCALED for *_, s in moves]),
            happened_on=_ints(c.entered[stage] for _, c, stage in moves),
            decided_by=_ints(int(stage in (ALPHA, SCALED, RETIRED)) for *_, stage in moves),
            changed_at=_ends(c.entered[stage] for _, c, stage in moves),
        )  # fmt: skip

    def _milestones(self, since: int, day: int, reported: int, out: Out) -> None:
        """Hands over the milestones done from `since` to `day`; with `NEVER`, those under way and to come."""
        chosen = [
            (number, each)
            for number, each in enumerate(self.plan.milestones)
            if (since <= each.done <= day) or (since == NEVER and each.done > day and each.made <= day)
        ]
        is_open = since == NEVER
        out.add(
            "fact_milestone", len(chosen), milestone_id=_ints(number + 1 for number, _ in chosen),
            initiative_id=_ints(each.of for _, each in chosen),
            name=_ints(self._name_at[each.name] for _, each in chosen),
            milestone_type=_ints(each.kind for _, each in chosen),
            is_critical=np.array([each.is_critical for _, each in chosen]),
            baseline_on=_ints(each.due for _, each in chosen),
            forecast_on=_ints(each.forecast(max(reported, each.made)) for _, each in chosen),
            actual_on=NONE if is_open else _ints(each.done for _, each in chosen),
            changed_at=_ends(max(reported, each.made) if is_open else each.done for _, each in chosen),
        )  # fmt: skip

    def _gates(self, since: int, day: int, out: Out) -> None:
        chosen = [
            (number, each)
            for number, each in enumerate(self.plan.gates)
            if (since <= each.decided <= day) or (since == NEVER and each.submitted <= day < each.decided)
        ]
        is_open = since == NEVER
        out.add(
            "fact_gate", len(chosen), gate_id=_ints(number + 1 for number, _ in chosen),
            initiative_id=_ints(each.of for _, each in chosen), gate=_ints(each.gate for _, each in chosen),
            submitted_on=_ints(each.submitted for _, each in chosen),
            decided_on=NONE if is_open else _ints(each.decided for _, each in chosen),
            decision=NONE if is_open else _ints(each.decision for _, each in chosen),
            conditions_open=NONE if is_open else _ints(each.conditions for _, each in chosen),
            lead_working_days=NONE if is_open else _ints(_working_days(e.submitted, e.decided) for _, e in chosen),
            changed_at=_ends(each.submitted if is_open else each.decided for _, each in chosen),
        )  # fmt: skip

    def _dependencies(self, since: int, day: int, reported: int, out: Out) -> None:
        chosen = [
            (number, each.promise, each.on)
            for number, each in enumerate(self.plan.dependencies)
            if (since <= each.promise.done <= day)
            or (since == NEVER and each.promise.made <= day < each.promise.done)
        ]  # fmt: skip
        is_open, codes = since == NEVER, {code: at for at, code in enumerate(self._on)}
        out.add(
            "bridge_dependency", len(chosen), dependency_id=_ints(number + 1 for number, *_ in chosen),
            initiative_id=_ints(each.of for _, each, _ in chosen),
            on_kind=_ints(int(isinstance(on, str)) for *_, on in chosen),
            on_id=_ints(codes[on] if isinstance(on, str) else on for *_, on in chosen),
            dependency_type=_ints(each.kind for _, each, _ in chosen),
            is_critical=np.array([each.is_critical for _, each, _ in chosen]),
            raised_on=_ints(each.made for _, each, _ in chosen), needed_by_on=_ints(each.due for _, each, _ in chosen),
            forecast_on=_ints(each.forecast(max(reported, each.made)) for _, each, _ in chosen),
            resolved_on=NONE if is_open else _ints(each.done for _, each, _ in chosen),
            changed_at=_ends(max(reported, each.made) if is_open else each.done for _, each, _ in chosen),
        )  # fmt: skip

    def _assignments(self, since: int, day: int, out: Out) -> None:
        chosen = [
            (number, each)
            for number, each in enumerate(self.plan.assignments)
            if (since <= each.until <= day) or (since == NEVER and each.start <= day < each.until)
        ]
        is_open = since == NEVER
        out.add(
            "bridge_initiative_role", len(chosen), assignment_id=_ints(number + 1 for number, _ in chosen),
            initiative_id=_ints(each.of for _, each in chosen), role=_ints(each.role for _, each in chosen),
            from_on=_ints(each.start for _, each in chosen),
            until_on=NONE if is_open else _ints(each.until for _, each in chosen),
            changed_at=_ends(each.start if is_open else each.until for _, each in chosen),
        )  # fmt: skip

    def _report(self, day: Day, out: Out) -> None:
        now, period = day.number, number_of(day.month)
        started = [course for course in self.plan.courses if course.start <= now]
        late = self._promises_reported(day, out)
        baselined = {each.initiative for each in BENEFITS if each.baseline is not None}
        rows: dict[str, list[Any]] = {}
        for course in started:
            team = [each for each in self.plan.assignments if each.of == course.of]
            roles = {each.role for each in team if each.start <= now <= each.until}
            planned, spent = spending(self.scenario, course, day)
            over = _ahead(course, day)
            mine = late.get(course.of, (0, 0, 0))
            active = course.is_active(now)
            missing = len(roles) < len(ROLES) and now < course.pilot_end
            worst = max(mine[2], 0)
            grade = int(worst > _AMBER_DAYS or abs(over) > _AMBER_SPEND or missing)
            if worst > _RED_DAYS or abs(over) > _RED_SPEND:
                grade = 2
            row = {
                "initiative_id": course.of, "capability": CAPABILITIES.index(course.project.capability),
                "wgll_domain": WGLL.index(course.project.wgll), "kind": KINDS.index(course.project.kind),
                "horizon": HORIZONS.index(course.horizon), "stage": course.stage(now), "is_active": active,
                "confidence": grade if active else 0, "approved_gbp": round(course.approved(self.scenario.scale), 2),
                "plan_gbp": planned, "actual_gbp": spent, "sites_live": course.sites_live(now),
                "sites_in_scope": course.sites,
                "has_baselined_benefit": course.project.id in baselined and now >= course.entered[BETA],
                **{f"has_{name}": role in roles for role, name in enumerate(ROLES)},
                "has_all_roles": len(roles) == len(ROLES), "milestones_open": mine[0], "milestones_overdue": mine[1],
            }  # fmt: skip
            for name, value in row.items():
                rows.setdefault(name, []).append(value)
        columns = {name: np.array(values) for name, values in rows.items()}
        out.add("fact_initiative_snapshot", len(started), period=period, changed_at=day.end, **columns)

    def _promises_reported(self, day: Day, out: Out) -> dict[int, tuple[int, int, int]]:
        """Hands over open milestones and dependencies; returns of each initiative open and overdue ones, worst slip."""
        now, period, found = day.number, number_of(day.month), dict[int, tuple[int, int, int]]()
        open_ones = [(at, each) for at, each in enumerate(self.plan.milestones) if each.made <= now < each.done]
        for _, each in open_ones:
            count, overdue, worst = found.get(each.of, (0, 0, 0))
            slip = each.forecast(now) - each.due if each.is_critical else 0
            found[each.of] = (count + 1, overdue + (each.due < now), max(worst, slip))
        waits = [
            (at, each.promise)
            for at, each in enumerate(self.plan.dependencies)
            if each.promise.made <= now < each.promise.done
        ]
        for table, key, due, days, is_late, chosen in (
            ("fact_milestone_snapshot", "milestone_id", "baseline_on", "slippage_days", "is_overdue", open_ones),
            ("fact_dependency_snapshot", "dependency_id", "needed_by_on", "days_late", "is_late", waits),
        ):
            ahead = [each.forecast(now) - each.due for _, each in chosen]
            is_milestone = key == "milestone_id"
            out.add(
                table, len(chosen), period=period, forecast_on=_ints(each.forecast(now) for _, each in chosen),
                initiative_id=_ints(each.of for _, each in chosen),
                is_critical=np.array([each.is_critical for _, each in chosen]), changed_at=day.end,
                **{
                    key: _ints(at + 1 for at, _ in chosen), due: _ints(each.due for _, each in chosen),
                    days: _ints(ahead if is_milestone else (max(0, late) for late in ahead)),
                    is_late: np.array([each.due < (now if is_milestone else each.forecast(now)) for _, each in chosen]),
                },
            )  # fmt: skip
        return found


def spending(scenario: Scenario, course: Course, day: Day) -> tuple[float, float]:
    """Returns what an initiative was to spend in the month of a day, and what it spent, in GBP with pence."""
    first, after = number_of(day.month), number_of(day.month) + _length(day)
    approved, start = course.approved(scenario.scale), course.start
    planned = approved * (_spent(start, course.planned_end, after) - _spent(start, course.planned_end, first))
    noise = float(np.exp(stream(scenario.seed, f"programme month {course.project.id}", first).normal(0.0, 0.05)))
    spent = (
        approved * course.overrun * noise * (_spent(start, _paid(course), after) - _spent(start, _paid(course), first))
    )
    return round(planned, 2), round(spent, 2)


def _ahead(course: Course, day: Day) -> float:
    """Returns what was spent over what was to be spent by the end of a day's month, as a share of what was approved."""
    after = number_of(day.month) + _length(day)
    spent = course.overrun * _spent(course.start, _paid(course), after)
    return spent - _spent(course.start, course.planned_end, after)


def _paid(course: Course) -> int:
    """Returns the day on which the last of the money is spent: later than planned where it was late."""
    last = max(min(course.entered[SCALED], course.entered[RETIRED]), course.planned_end)
    return last if last < NEVER else course.planned_end


def _spent(start: int, end: int, day: int) -> float:
    """Returns the share of the money that is gone on the morning of a day: slow at both ends."""
    done = min(1.0, max(0.0, (day - start) / max(1, end - start)))
    return done * done * (3 - 2 * done)


def _length(day: Day) -> int:
    return (day_of(number_of(day.month) + 31).month - day.month).days


def _reported(day: int, first: int) -> int:
    """Returns the last day on which the programme reported: a month's end, or else the first day."""
    here = day_of(day)
    return max(day if here.is_month_end else number_of(here.month) - 1, first)


def _working_days(start: int, end: int) -> int:
    return sum(day_of(number).is_working for number in range(start + 1, end + 1))


def _ints(values: Iterable[int]) -> Any:
    return np.array(list(values), dtype=np.int64)


def _ends(days: Iterable[int]) -> Any:
    return np.array([day_of(day).end for day in days], dtype=np.int64)
