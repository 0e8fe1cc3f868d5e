"""XmR charts, rules and icons in loops over one series at a time: the slow truth that `metrics.spc` is held to.

Written from the published method (Making Data Count) and from what NHSRplotthedots 0.2.2 does, without looking at our
own implementation: plain lists, no frames, no numpy. Rows and settings stand in `oracle_rows.py`, the rules and what they
are called in `oracle_rules.py`; lines, and the summary of a series, here. Numbers are fractions of the decimals as they
are written, so that a point that lies on the mean, or a target on a limit, is exactly there; floats come out at the end.

Where the method leaves a choice, this is what was chosen here:

1. A row is *included* when its status is "final" (or it has none) and it has a value. A row without a value, or not
   final, has no side of the mean, is neither outside nor close, and is "Common Cause".
2. The mean, and the side of it, are known as soon as one included point sets the mean. Limits need a moving range and
   the profile's minimum of included points in the part that sets limits: the first `fix_after_n_points` rows of the
   phase, or all of them. Without limits no rule fires, not even those that need only the mean.
3. `moving_range` stands at every included point whose row before, in its phase, is included too, also after a frozen
   baseline: those draw no limits, but a moving range chart shows them.
4. `close_to_limits` is beyond two sigma and not outside the limits, in every profile. What "counts" for two in three is
   up to the profile.
5. A trend that may cross phases is looked for along the whole series, and flags its points in those phases where
   rules may fire.
6. A phase has no variation when its mean moving range is at most 1e-9 of its largest absolute value. Its limits are its
   mean: what differs from it by more than that is outside (an event after a baseline of none), and no other rule fires.
7. Screening that leaves only moving ranges of 0 is not applied. Such a phase is near-constant when, besides, three
   quarters of the points that set limits have one value, the usual one; whether or not the profile screens. "No
   variation" is then the state and the icon of a latest point that has the usual value, which is never a signal.
8. The latest row is the newest row that is final; rows after it that are not final are not missed. When it has no value
   the state is "missing_latest", and what is said of the latest point is said of the newest included one. The last
   phase is that of the newest row, final or not: a phase that has only begun has too few points.
9. States go first to last: no_data, missing_latest, stale, too_few_points, no_variation, ok.
10. Assurance needs limits and a target, and no latest value. A constant series at its target meets it: inclusive
    assurance asks for "pass" before "fail".
11. The first phase is 0, also when a rebase stands on the first row.
12. A run on one side of the mean that ends at the newest included point is counted within that point's phase; 0 when
    the point is on the mean. The trend's length counts points; 0 when the latest two are equal or there are no two.

Three of these were chosen anew after the fast implementation had been read, as its reading is the better one:
a baseline of 12, which is allowed, asks for 12 points even where the profile's minimum is 13 (2); a series with one step
and nothing else that moves is not near-constant, or its shift would be hidden (7); a point between a rise and a fall
belongs to the later trend (`trend_direction` "later") where the package goes by the next step, even one of 0.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.spc import oracle_rules as rules
from tests.spc.oracle_rows import Phase, Row, exact

ICONS = {
    ("special_cause_improvement", "increase"): "improvement_high",
    ("special_cause_improvement", "decrease"): "improvement_low",
    ("special_cause_concern", "increase"): "concern_low",
    ("special_cause_concern", "decrease"): "concern_high",
    ("special_cause_neutral_high", "neutral"): "neutral_high",
    ("special_cause_neutral_low", "neutral"): "neutral_low",
}


def judge(rows: list[Row], profile: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Returns every point of one series, and its one summary row."""
    rows = [_exact_row(row) for row in sorted(rows, key=lambda row: row.date)]
    if len({row.date for row in rows}) < len(rows):
        raise ValueError("a date occurs twice")
    included = [row.value is not None and row.status in {"final", None} for row in rows]
    phases = _phases(rows)
    points: list[dict[str, Any]] = [{} for _ in rows]
    for number, phase in enumerate(phases):
        _limits(rows, included, phase, profile, points)
        for i in phase.rows:
            points[i] |= _place(rows[i], included[i], phase, profile, number)
    rules.find(rows, included, phases, profile, points)
    for point, row in zip(points, rows, strict=True):
        point.update(rules.label(point, row.direction or profile.default_direction, profile))
    summary = _summary(rows, included, phases, profile, points)
    for result in (*points, summary):
        for name, number in result.items():
            if isinstance(number, Fraction):
                result[name] = float(number)
    return points, summary


def _exact_row(row: Row) -> Any:
    numbers = {name: getattr(row, name) for name in ("value", "target", "lower_bound", "upper_bound")}
    return replace(row, **{name: None if number is None else exact(number) for name, number in numbers.items()})


def _phases(rows: list[Row]) -> list[Phase]:
    phases: list[Phase] = []
    for i, row in enumerate(rows):
        if not phases or row.rebase:
            phases.append(Phase([]))
        phases[-1].rows.append(i)
    return phases


def _limits(rows: list[Row], included: list[bool], phase: Phase, profile: Any, points: list[dict[str, Any]]) -> None:
    fixes = [rows[i].fix for i in phase.rows if rows[i].fix is not None]
    fix = fixes[-1] if fixes else None
    setting = phase.rows if fix is None else phase.rows[:fix]
    ranges = []
    for i in phase.rows:
        points[i]["moving_range"] = None
    for before, i in pairwise(phase.rows):
        if included[before] and included[i]:
            points[i]["moving_range"] = abs(rows[i].value - rows[before].value)
            if i in setting:
                ranges.append(points[i]["moving_range"])
    values = [rows[i].value for i in setting if included[i]]
    if not values:
        return
    phase.mean = sum(values) / len(values)
    phase.largest = max(abs(rows[i].value) for i in phase.rows if included[i])
    if not ranges:
        return
    unscreened = sum(ranges) / len(ranges)
    kept = [one for one in ranges if one < exact(3.267) * unscreened]
    screened = sum(kept) / len(kept) if kept else Fraction(0)
    nothing = exact(1e-9) * max(abs(value) for value in values)
    phase.flat = unscreened <= nothing
    collapsed = not phase.flat and screened <= nothing
    if len(values) < min(profile.minimum_points, fix or profile.minimum_points):
        phase.flat = False
        return
    for value in values:
        if collapsed and 4 * values.count(value) >= 3 * len(values):
            phase.near_constant, phase.usual = True, value
    asked = rows[phase.rows[0]].screen
    screens = profile.screen_outliers if asked is None else asked
    phase.amr = screened if screens and not collapsed else unscreened
    if phase.flat:
        phase.amr = Fraction(0)
    phase.judged = not phase.flat


def _place(row: Row, included: bool, phase: Phase, profile: Any, number: int) -> dict[str, Any]:
    lines: dict[str, Fraction | None] = dict.fromkeys(("lpl", "upl", "lower_inner", "upper_inner"))
    if phase.amr is not None:
        assert phase.mean is not None
        reach = exact(profile.limit_factor) * phase.amr
        lines = {
            "lpl": phase.mean - reach,
            "upl": phase.mean + reach,
            "lower_inner": phase.mean - reach * 2 / 3,
            "upper_inner": phase.mean + reach * 2 / 3,
        }
    lower, upper = lines["lpl"], lines["upl"]
    drawn_lower, drawn_upper = lower, upper
    if lower is not None and row.lower_bound is not None and lower < row.lower_bound:
        drawn_lower = row.lower_bound
    if upper is not None and row.upper_bound is not None and upper > row.upper_bound:
        drawn_upper = row.upper_bound
    side = outside = beyond = None
    if included and phase.mean is not None:
        side = (row.value > phase.mean) - (row.value < phase.mean)
        if phase.judged:
            usual = phase.near_constant and row.value == phase.usual
            outside = not usual and (row.value > upper or row.value < lower)
            beyond = not usual and (row.value > lines["upper_inner"] or row.value < lines["lower_inner"])
        elif phase.flat:
            outside = abs(row.value - phase.mean) > exact(1e-9) * phase.largest
            beyond = False
    return {
        "rebase_group": number,
        "mean": phase.mean,
        **lines,
        "lower_drawn": drawn_lower,
        "upper_drawn": drawn_upper,
        "included": included,
        "relative_to_mean": side,
        "outside_limits": outside,
        "close_to_limits": None if beyond is None else beyond and not outside,
        "beyond": bool(beyond),
        "short_group_warning": len(phase.rows) < 13,
    }


def _summary(
    rows: list[Row], included: list[bool], phases: list[Phase], profile: Any, points: list[dict[str, Any]]
) -> dict[str, Any]:
    targets = [row.target for row in rows if row.target is not None]
    target = targets[-1] if targets else None
    final = [i for i, row in enumerate(rows) if row.status in {"final", None}]
    with_value = [i for i in final if included[i]]
    number = len(phases) - 1
    phase = phases[number]
    latest = with_value[-1] if with_value else None
    direction = rows[-1].direction or profile.default_direction
    due = rows[-1].due
    in_phase = [i for i in phase.rows if included[i]]
    if latest is None:
        state = "no_data"
    elif rows[final[-1]].value is None:
        state = "missing_latest"
    elif due is not None and rows[latest].date < due:
        state = "stale"
    elif phase.amr is None or not in_phase:
        state = "too_few_points"
    elif (phase.flat and not points[latest]["outside_limits"]) or (
        phase.near_constant and rows[latest].value == phase.usual
    ):
        state = "no_variation"
    else:
        state = "ok"
    variation_type = variation_icon = None
    if latest is not None and state in {"ok", "no_variation"}:
        variation_type = points[latest]["point_type"]
        variation_icon = ICONS.get((variation_type, direction), "common_cause")
        if state == "no_variation":
            variation_icon = "no_variation"
    last = points[phase.rows[-1]]
    assurance = _assurance(last["lpl"], last["upl"], target, direction, profile)
    own = phase if latest is None else phases[points[latest]["rebase_group"]]
    run_length, run_start = _run(own, included, profile, points) if latest is not None else (0, None)
    return {
        "state": state,
        "improvement_direction": direction,
        "points": len(in_phase),
        "latest_date": None if latest is None else rows[latest].date,
        "latest_value": None if latest is None else rows[latest].value,
        "target": target,
        "rebase_group": number,
        **{name: last[name] for name in ("mean", "lpl", "upl", "lower_drawn", "upper_drawn")},
        "variation_type": variation_type,
        "variation_icon": variation_icon,
        "assurance_type": assurance,
        "assurance_icon": {
            "consistent_pass": "pass",
            "consistent_fail": "fail",
            "inconsistent": "inconsistent",
        }.get(assurance or ""),
        "near_constant": phase.near_constant,
        "run_length": run_length,
        "shift_from": None if run_start is None else rows[run_start].date,
        "trend_length": _trend_length(own, rows, included, profile) if latest is not None else 0,
    }


def _assurance(
    lpl: Fraction | None, upl: Fraction | None, target: Fraction | None, direction: str, profile: Any
) -> str | None:
    if lpl is None or upl is None or target is None or direction == "neutral":
        return None
    on_limit_decides = profile.target_on_limit == "decided"
    above = target > upl or (on_limit_decides and target == upl)
    below = target < lpl or (on_limit_decides and target == lpl)
    passes, fails = (below, above) if direction == "increase" else (above, below)
    if passes:
        return "consistent_pass"
    return "consistent_fail" if fails else "inconsistent"


def _run(phase: Phase, included: list[bool], profile: Any, points: list[dict[str, Any]]) -> tuple[int, int | None]:
    stretch = rules.stretches(phase.rows, included, profile.gaps)[-1]
    side = points[stretch[-1]]["relative_to_mean"]
    if not side:
        return 0, None
    length = 0
    for i in reversed(stretch):
        if points[i]["relative_to_mean"] != side:
            break
        length += 1
    return length, stretch[-length]


def _trend_length(phase: Phase, rows: list[Row], included: list[bool], profile: Any) -> int:
    positions = list(range(len(rows))) if profile.trend_crosses_phases else phase.rows
    values = [rows[i].value for i in rules.stretches(positions, included, profile.gaps)[-1]]
    signs = [(after > before) - (after < before) for before, after in pairwise(values)]
    length = 0
    for sign in reversed(signs):
        if sign == 0 or sign != signs[-1]:
            break
        length += 1
    return length + 1 if length else 0
