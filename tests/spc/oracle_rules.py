"""The rules of special cause in loops over one stretch of rows at a time, and the words for what fired; see `oracle.py`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from tests.spc.oracle_rows import Phase, Row

COMMON = "Common Cause"


def stretches(positions: list[int], included: list[bool], gaps: str) -> list[list[int]]:
    """Returns the rows that follow each other for the rules: a gap is stepped over, or parts them."""
    stretches: list[list[int]] = [[]]
    for i in positions:
        if included[i]:
            stretches[-1].append(i)
        elif gaps == "break":
            stretches.append([])
    return [stretch for stretch in stretches if stretch]


def find(
    rows: list[Row], included: list[bool], phases: list[Phase], profile: Any, points: list[dict[str, Any]]
) -> None:
    for point in points:
        point |= {"rule_outside": 0, "rule_trend": 0, "rule_two_in_three": 0, "rule_shift": 0, "trend_direction": 0}
    for phase in phases:
        for stretch in stretches(phase.rows, included, profile.gaps):
            for i in stretch:
                if points[i]["outside_limits"]:
                    points[i]["rule_outside"] = 1
            if phase.judged and not phase.near_constant:
                _shift(stretch, profile.shift_length, points)
                _two_in_three(stretch, profile.two_in_three, points)
        if not profile.trend_crosses_phases:
            _trends(stretches(phase.rows, included, profile.gaps), rows, profile, points)
    if profile.trend_crosses_phases:
        _trends(stretches(list(range(len(rows))), included, profile.gaps), rows, profile, points)
    for phase in phases:
        if not phase.judged or phase.near_constant:
            for i in phase.rows:
                points[i] |= {"rule_trend": 0, "trend_direction": 0}


def _shift(stretch: list[int], length: int, points: list[dict[str, Any]]) -> None:
    for start in range(len(stretch) - length + 1):
        window = stretch[start : start + length]
        sides = {points[i]["relative_to_mean"] for i in window}
        if sides in ({1}, {-1}):
            for i in window:
                points[i]["rule_shift"] = 1


def _two_in_three(stretch: list[int], form: str, points: list[dict[str, Any]]) -> None:
    for start in range(len(stretch) - 2):
        window = stretch[start : start + 3]
        if {points[i]["relative_to_mean"] for i in window} not in ({1}, {-1}):
            continue
        if form == "mdc":
            counting = [i for i in window if points[i]["beyond"]]
        elif form == "plotthedots":
            counting = [i for i in window if points[i]["beyond"] and not points[i]["outside_limits"]]
        else:
            counting = []
        if len(counting) >= 2:
            for i in counting:
                points[i]["rule_two_in_three"] = 1


def _trends(stretches: list[list[int]], rows: list[Row], profile: Any, points: list[dict[str, Any]]) -> None:
    for stretch in stretches:
        values = [rows[i].value for i in stretch]
        trends: list[set[int]] = [set() for _ in stretch]  # the directions of the trends that each is part of
        starts_rising = {}
        for start in range(len(stretch) - profile.trend_length + 1):
            window = values[start : start + profile.trend_length]
            steps = [after - before for before, after in pairwise(window)]
            if all(step > 0 for step in steps) or all(step < 0 for step in steps):
                starts_rising[start] = steps[0] > 0
                for k in range(start, start + profile.trend_length):
                    trends[k].add(1 if steps[0] > 0 else -1)
        for k, i in enumerate(stretch):
            if not trends[k]:
                continue
            if profile.trend_direction == "next_row":
                has_next = k + 1 < len(stretch) and trends[k + 1]
                step = values[k + 1] - values[k] if has_next else values[k] - values[k - 1]
                direction = 1 if step > 0 else -1
            else:
                latest = max(start for start in starts_rising if start <= k < start + profile.trend_length)
                direction = 1 if starts_rising[latest] else -1
            points[i].update({"rule_trend": 1, "trend_direction": direction})


def label(point: dict[str, Any], direction: str, profile: Any) -> dict[str, Any]:
    fired: list[tuple[str, int]] = []
    side = point["relative_to_mean"]
    if point["rule_outside"]:
        fired.append(("Above UCL" if side > 0 else "Below LCL", side))
    if point["rule_trend"]:
        rising = point["trend_direction"] > 0
        fired.append(
            (f"{profile.trend_length} Point Trend ({'Increasing' if rising else 'Decreasing'})", 1 if rising else -1)
        )
    if point["rule_two_in_three"]:
        fired.append((f"2 in 3 {'Above' if side > 0 else 'Below'} CL", side))
    if point["rule_shift"]:
        fired.append((f"{profile.shift_length} Points {'Above' if side > 0 else 'Below'} CL", side))
    if not fired:
        return {
            "special_cause_type": COMMON,
            "special_cause_flag": False,
            "point_type": "common_cause",
            "rule_count": 0,
        }
    good = {"increase": 1, "decrease": -1, "neutral": 0}[direction]
    label, sign = fired[0]
    if profile.conflict == "improvement" and good != 0:
        for one, its_sign in fired:
            if its_sign == good:
                label, sign = one, its_sign
                break
    if good == 0:
        kind = "special_cause_neutral_high" if sign > 0 else "special_cause_neutral_low"
    else:
        kind = "special_cause_improvement" if sign == good else "special_cause_concern"
    return {"special_cause_type": label, "special_cause_flag": True, "point_type": kind, "rule_count": len(fired)}
