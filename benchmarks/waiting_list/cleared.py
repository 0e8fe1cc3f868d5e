"""How long a list takes to clear, how likely a standard is, and how long the longest wait: against the simulator.

Plays trusts and their twins, in which referrals are 30% fewer from November 2025 on, into a folder (a minute a pair),
and projects their lists by service from the end of October 2025, by the year before, as the Waiting list page does:
with nothing changed for the trust itself, with 30% fewer referrals for its twin. As on the page, those who leave for
reasons other than treatment are told by the newest month's reported starts and stops, of all services together.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import inf
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.measuring import RESULTS, machine
from benchmarks.twins import Twins, twins
from benchmarks.waiting_list.__main__ import LEAST, bands_of
from benchmarks.waiting_list.simulated import lists_of, months_on
from models.queueing import weeks_to_clear
from models.waiting_list import BANDS, WITHIN, Levers, Projection, carried, project
from models.waiting_list_calibration import Calibration, UncalibratedError, calibrate, month_end, waiting_at_least
from models.waiting_list_flows import flows_ahead

PARTS = (0.9, 0.75, 0.6)
"""Of the list as it stands, that it is to shrink to."""

STANDARDS = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.92)
MONTHS = (3, 6, 12)
LOW, HIGH = 0.1, 0.9
LONGEST = 0.92
_WEEKS_A_MONTH = 365.25 / 12 / 7
_EDGES = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)


@dataclass(frozen=True, slots=True)
class Clearing:
    """One list and one size to shrink to: weeks until then, infinite where it is not within the months played.

    Attributes:
        came: as the simulator played.
        said: 10 %, 50 % and 90 % of the paths.
        chance: stated, that it is within them.
        formula: list less target, over what leaves less what joins.
    """

    part: float
    came: float
    said: tuple[float, float, float]
    chance: float
    formula: float


@dataclass(frozen=True, slots=True)
class Standing:
    """One list, one month and one standard: the stated chance, whether it came, and whether it holds now."""

    months: int
    chance: float
    came: bool
    now: bool


@dataclass(frozen=True, slots=True)
class Longest:
    """The wait, in weeks, that 92 in 100 of a list are below: 10 %, 50 %, 90 % of the paths, as it came, as it was."""

    months: int
    said: tuple[float, float, float]
    came: float
    was: float


@dataclass(frozen=True, slots=True)
class Held:
    """What was stated of lists, beside what came; of the trust as it is, and of its twin with fewer referrals."""

    clearing: list[Clearing]
    standing: dict[str, list[Standing]]
    longest: list[Longest]


def first_at_most(sizes: np.ndarray, weeks: np.ndarray, target: float) -> np.ndarray:
    """Returns when each path (rows) is first at or below a size, between its points; infinite where it never is."""
    below = sizes <= target
    found = np.full(len(sizes), inf)
    for row in np.flatnonzero(below.any(axis=1)):
        at = int(below[row].argmax())
        if at == 0:
            found[row] = 0.0
            continue
        before, after = sizes[row, at - 1], sizes[row, at]
        found[row] = weeks[at - 1] + (weeks[at] - weeks[at - 1]) * (before - target) / (before - after)
    return found


def percentile(bands: np.ndarray, share: float) -> np.ndarray:
    """Returns the weeks that so large a share of each list (rows) has waited less than."""
    ages = np.arange(BANDS, dtype=float)
    beyond = np.array([waiting_at_least(each, ages) for each in np.atleast_2d(bands)])
    left = (1 - share) * beyond[:, :1]
    # Those who have waited at least so long are never more at a higher age, so from the oldest on they rise.
    return np.array([np.interp(-each[0], -rows, ages) for each, rows in zip(left, beyond, strict=True)])


def held(pair: Twins, months: Sequence[int] = MONTHS, parts: Sequence[float] = PARTS) -> Held:
    """Returns what is stated from the month before the twins part, beside what both play after it."""
    origin = months_on(pair.since, -1)
    result = Held([], {"as it went": [], "fewer referrals": []}, [])
    other_stops = _unreported(pair.usual, origin)
    weeks = _week(origin, max(months))
    for usual, fewer in zip(lists_of(pair.usual), lists_of(pair.fewer), strict=True):
        known = usual.filter(pl.col("period") > months_on(origin, -13), pl.col("period") <= origin)
        try:
            learned = calibrate(known, other_stops=other_stops)
        except UncalibratedError:
            continue
        if learned.start.waiting.sum() < LEAST:
            continue
        flows = flows_ahead(learned, weeks)
        as_it_went = project(learned.start, flows)
        changed = project(learned.start, flows, Levers(referrals=pair.share))
        result.clearing.extend(_cleared(learned, changed, _course(fewer, origin, weeks), pair.share, parts))
        for name, stated, lists in (("as it went", as_it_went, usual), ("fewer referrals", changed, fewer)):
            result.standing[name].extend(_standing(learned, stated, lists, origin, months))
        for month in months:
            ahead = carried(learned.start, flows.until(_week(origin, month)))
            came = bands_of(usual.filter(pl.col("period") == months_on(origin, month)))
            result.longest.append(
                Longest(
                    month,
                    _middle(percentile(ahead, LONGEST)),
                    float(percentile(came, LONGEST)[0]),
                    float(percentile(learned.start.waiting, LONGEST)[0]),
                )
            )
    return result


def _unreported(folder: Path, month: date) -> float:
    """The share of the list that left in a week of the month without a reported stop."""
    flows = pl.read_parquet(folder / "tables" / "fact_rtt_flow" / "*.parquet").filter(pl.col("period") == month)
    total = flows.select(pl.col("opening", "clock_starts", "stops_admitted", "stops_non_admitted", "closing").sum())
    opening, starts, admitted, non_admitted, closing = total.row(0)
    left = float(opening + starts - admitted - non_admitted - closing)
    return max(left, 0.0) / float(opening) / _WEEKS_A_MONTH


def _week(origin: date, months: int) -> int:
    return round((month_end(months_on(origin, months)) - month_end(origin)).days / 7)


def _course(lists: pl.DataFrame, origin: date, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Sizes at the month ends from the origin on, and the weeks since then."""
    held = lists.filter(pl.col("period") >= origin).group_by("period").agg(pl.col("pathways").sum()).sort("period")
    weeks = [(month_end(each) - month_end(origin)).days / 7 for each in held["period"]]
    within = np.array(weeks) <= last + 1
    return held["pathways"].to_numpy()[within], np.array(weeks)[within]


def _cleared(
    learned: Calibration, changed: Projection, course: tuple[np.ndarray, np.ndarray], share: float,
    parts: Sequence[float],
) -> Iterator[Clearing]:  # fmt: skip
    size = float(learned.start.waiting.sum())
    for part in parts:
        said = first_at_most(changed.size, np.arange(changed.size.shape[1], dtype=float), part * size)
        came = first_at_most(course[0][None, :], course[1], part * size)[0]
        formula = weeks_to_clear(size, part * size, learned.referrals * share, learned.removals)
        yield Clearing(part, float(came), _middle(said), float(np.isfinite(said).mean()), formula)


def _standing(
    learned: Calibration, stated: Projection, lists: pl.DataFrame, origin: date, months: Sequence[int]
) -> Iterator[Standing]:
    start = learned.start.waiting
    now = float(start[:WITHIN].sum() / start.sum())
    for month in months:
        bands = bands_of(lists.filter(pl.col("period") == months_on(origin, month)))
        came = float(bands[:WITHIN].sum() / bands.sum())
        for standard in STANDARDS:
            chance = float(stated.meets(standard)[_week(origin, month)])
            yield Standing(month, chance, came >= standard, now >= standard)


def _middle(drawn: np.ndarray) -> tuple[float, float, float]:
    """Three quantiles as drawn values, so that what never comes stays infinite."""
    ordered = np.sort(drawn)
    low, middle, high = (float(ordered[round(at * (len(ordered) - 1))]) for at in (LOW, 0.5, HIGH))
    return low, middle, high


def clearing_rows(found: Sequence[Clearing]) -> list[dict[str, float]]:
    """Returns by size to shrink to: how often and when it came, what was said, and how far off."""
    rows = []
    for part in sorted({each.part for each in found}, reverse=True):
        of = [each for each in found if each.part == part]
        came = np.array([np.isfinite(each.came) for each in of])
        chance = np.array([each.chance for each in of])
        both = [each for each in of if np.isfinite(each.came) and np.isfinite(each.said[1])]
        off = np.array([each.said[1] - each.came for each in both])
        formula = np.array([each.formula - each.came for each in both])
        rows.append(
            {
                "part": part,
                "lists": len(of),
                "came": float(came.mean()),
                "stated": float(chance.mean()),
                "brier": float(((chance - came) ** 2).mean()),
                "weeks": float(np.mean([each.came for each in both])) if both else 0.0,
                "error": float(np.abs(off).mean()) if both else 0.0,
                "bias": float(off.mean()) if both else 0.0,
                "formula_error": float(np.abs(formula).mean()) if both else 0.0,
                "formula_bias": float(formula.mean()) if both else 0.0,
                "held_80": float(np.mean([each.said[0] <= each.came <= each.said[2] for each in of])),
            }
        )
    return [{name: round(value, 4) for name, value in row.items()} for row in rows]


def standing_rows(found: Sequence[Standing]) -> list[dict[str, float]]:
    """Returns by months ahead: Brier scores of the chance, of what holds now, and of how often it comes."""
    rows = []
    for months in sorted({each.months for each in found}):
        of = [each for each in found if each.months == months]
        said, came = np.array([each.chance for each in of]), np.array([each.came for each in of], dtype=float)
        now = np.array([each.now for each in of], dtype=float)
        rows.append(
            {
                "months": months,
                "stated": float(said.mean()),
                "came": float(came.mean()),
                "brier": float(((said - came) ** 2).mean()),
                "brier_now": float(((now - came) ** 2).mean()),
                "brier_base_rate": float(came.mean() * (1 - came.mean())),
            }
        )
    return [{name: round(value, 4) for name, value in row.items()} for row in rows]


def reliability(found: Sequence[Standing]) -> list[dict[str, float]]:
    """Returns by bin of the stated chance: how often it was said, its mean, and how often it came."""
    said = np.array([each.chance for each in found])
    came = np.array([each.came for each in found], dtype=float)
    place = np.clip(np.searchsorted(_EDGES, said, side="right") - 1, 0, len(_EDGES) - 2)
    rows = []
    for number, (low, high) in enumerate(pairwise(_EDGES)):
        own = place == number
        if own.any():
            stated, really = round(float(said[own].mean()), 4), round(float(came[own].mean()), 4)
            rows.append({"low": low, "high": high, "count": int(own.sum()), "stated": stated, "came": really})
    return rows


def longest_rows(found: Sequence[Longest]) -> list[dict[str, float]]:
    """Returns by months ahead: the error in weeks, that of no change, bias, and how many the 80 % band held."""
    rows = []
    for months in sorted({each.months for each in found}):
        of = [each for each in found if each.months == months]
        off = np.array([each.said[1] - each.came for each in of])
        rows.append(
            {
                "months": months,
                "lists": len(of),
                "weeks": float(np.mean([each.came for each in of])),
                "error": float(np.abs(off).mean()),
                "error_unchanged": float(np.mean([abs(each.was - each.came) for each in of])),
                "bias": float(off.mean()),
                "held_80": float(np.mean([each.said[0] <= each.came <= each.said[2] for each in of])),
            }
        )
    return [{name: round(value, 4) for name, value in row.items()} for row in rows]


def joined(found: Sequence[Held]) -> Held:
    """Returns what several trusts say together."""
    names = ("as it went", "fewer referrals")
    return Held(
        [one for each in found for one in each.clearing],
        {name: [one for each in found for one in each.standing[name]] for name in names},
        [one for each in found for one in each.longest],
    )


def tables(found: Held) -> Iterator[str]:
    """Yields the results in Markdown."""
    yield "| List to shrink to | Lists | Came within a year; stated chance; Brier | Weeks until then | Error of the middle, bias (weeks) | of the formula, bias | held by 80% |"  # noqa: E501
    yield "|---:|---:|---|---:|---|---|---:|"
    for row in clearing_rows(found.clearing):
        yield (
            f"| {row['part']:.0%} | {row['lists']:.0f} | {row['came']:.0%}; {row['stated']:.0%}; {row['brier']:.3f} | "
            f"{row['weeks']:.1f} | {row['error']:.1f}, {row['bias']:+.1f} | {row['formula_error']:.1f}, "
            f"{row['formula_bias']:+.1f} | {row['held_80']:.0%} |"
        )
    for name, standing in found.standing.items():
        yield ""
        yield f"Chance of a standard ({', '.join(f'{each:.0%}' for each in STANDARDS)} within 18 weeks), {name}:"
        yield ""
        yield "| Months ahead | Mean stated | Came | Brier score | of what holds now | of the base rate |"
        yield "|---:|---:|---:|---:|---:|---:|"
        for row in standing_rows(standing):
            yield (
                f"| {row['months']:.0f} | {row['stated']:.1%} | {row['came']:.1%} | {row['brier']:.3f} | "
                f"{row['brier_now']:.3f} | {row['brier_base_rate']:.3f} |"
            )
        yield ""
        yield "| Stated chance | Stated | Mean stated | Came |"
        yield "|---|---:|---:|---:|"
        for row in reliability(standing):
            yield (
                f"| {row['low']:.0%} to {row['high']:.0%} | {row['count']:,.0f} | {row['stated']:.1%} | "
                f"{row['came']:.1%} |"
            )
    yield ""
    yield "| Months ahead | Lists | Weeks that 92 in 100 are below | Error (unchanged), bias | held by 80% |"
    yield "|---:|---:|---:|---|---:|"
    for row in longest_rows(found.longest):
        yield (
            f"| {row['months']:.0f} | {row['lists']:.0f} | {row['weeks']:.1f} | {row['error']:.2f} "
            f"({row['error_unchanged']:.2f}), {row['bias']:+.2f} | {row['held_80']:.0%} |"
        )


def main() -> None:
    """Plays the trusts where they are not there yet, projects every list, and keeps what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103, 104, 105, 106])
    asked = parser.parse_args()
    days = date(2023, 11, 1), date(2026, 10, 31), date(2025, 11, 1)
    found = joined([held(twins(asked.folder, seed, *days)) for seed in asked.seeds])
    about = {**machine(), "trusts": len(asked.seeds)}
    text = [
        "# Waiting lists: time to clear, chance of a standard and the longest waits, against the simulator",
        "",
        "`python -m benchmarks.waiting_list.cleared FOLDER`: every service, from the end of October 2025, a year on.",
        "Time to clear with 30% fewer referrals.",
        "",
        *tables(found),
        "",
        ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in about.items()) + ".",
        "",
    ]
    kept = {
        **about, "clearing": clearing_rows(found.clearing), "longest": longest_rows(found.longest),
        "standing": {name: standing_rows(each) for name, each in found.standing.items()},
        "reliability": {name: reliability(each) for name, each in found.standing.items()},
    }  # fmt: skip
    (RESULTS / "waiting_list_cleared.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    (RESULTS / "waiting_list_cleared.md").write_text("\n".join(text), encoding="utf-8")
    print("\n".join(text))


if __name__ == "__main__":
    main()
