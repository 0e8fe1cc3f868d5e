"""The right answers, added up in loops without SQL, and the judge of everybody's answers.

A service and period without any appointment has a rate of nothing (null), and is a point all the same.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from benchmarks.semantic.hand import QUESTIONS, Question

Point = tuple[date, str]
Parts = dict[Point, tuple[int, int]]
_TOLERANCE = 1e-9
_WINDOW = 28


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many points of an answer are right.

    `largest_error` is that of a wrong point with a number, in percentage points.
    """

    points: int
    right: int
    wrong: int
    missing: int
    extra: int
    largest_error: float

    @property
    def is_right(self) -> bool:
        """Returns whether every point is there and right, and nothing else."""
        return self.right == self.points and not self.extra


def daily(native: Any) -> Parts:
    """Returns (missed, booked) by day and service of the table, rows added up in Polars."""
    rows: pl.DataFrame = native.sql("SELECT appointment_date, service, booked, attended FROM appointments").pl()
    by_day = rows.group_by("appointment_date", "service").agg(pl.col("booked", "attended").cast(pl.Int64).sum())
    return {(day, service): (booked - attended, booked) for day, service, booked, attended in by_day.iter_rows()}


def expected(question: Question, days: Parts) -> dict[Point, float | None]:
    """Returns the rate of every service and period of the question."""
    services = sorted({service for _, service in days})
    parts: defaultdict[Point, list[int]] = defaultdict(lambda: [0, 0])
    day = question.first
    while day <= question.last:
        for service in services:
            point = (_start(day, question.grain), service)
            back = _WINDOW if question.grain == "day" else 1
            for earlier in range(back):
                missed, booked = days.get((day - timedelta(days=earlier), service), (0, 0))
                parts[point][0] += missed
                parts[point][1] += booked
        day += timedelta(days=1)
    return {point: missed / booked if booked else None for point, (missed, booked) in parts.items()}


def judge(answer: pl.DataFrame, wanted: dict[Point, float | None]) -> Verdict:
    """Returns the verdict on an answer with `period`, `service` and `value`, point by point."""
    given = answer.select(pl.col("period").cast(pl.Date), "service", pl.col("value").cast(pl.Float64))
    found = {(period, service): value for period, service, value in given.iter_rows()}
    right, errors = 0, [0.0]
    for point, value in wanted.items():
        if point not in found:
            continue
        got = found[point]
        if value is None or got is None:
            right += value is got
        elif abs(got - value) <= _TOLERANCE:
            right += 1
        else:
            errors.append(100 * abs(got - value))
    there = len(wanted.keys() & found.keys())
    return Verdict(
        points=len(wanted),
        right=right,
        wrong=there - right,
        missing=len(wanted) - there,
        extra=given.height - there,
        largest_error=max(errors),
    )


def answers(native: Any) -> dict[str, dict[Point, float | None]]:
    """Returns the right answers of the three questions."""
    days = daily(native)
    return {name: expected(question, days) for name, question in QUESTIONS.items()}


def _start(day: date, grain: str) -> date:
    if grain == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if grain == "week" else day
