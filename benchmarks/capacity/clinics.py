"""Works out clinics from simulated trusts' referrals, as the capacity page does, and holds them against what came.

Plays trusts and their twins, in which referrals are 30% fewer from November 2025 on, into a folder (a minute a pair).
Every 28 days referrals and appointments up to that day give the clinics that the referrals of the four weeks after
lead to. Two things are set beside them: the appointments that those very referrals did lead to, traced patient by
patient for 640 days and put up by the share of all that comes later, and the clinics held in the same weeks.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.measuring import RESULTS, machine
from benchmarks.twins import twins
from models.capacity import Need, clinics_needed
from models.demand import Forecaster
from models.demand_paths import DemandPaths, paths_of

WEEKS, WEEK = 4, 7
HELD_WEEKS = 8
TRACED = 640
"""Days after a referral for which its appointments are followed."""

DRAWS = 2_000
PERSISTENCE = 0.3
SLOTS = 12
REBOOKED = 1.0
ABOVE = (-0.03, 0.0, 0.03)
"""More clinics than a week of the last eight had, as a share: the probability is asked that more are needed."""


@dataclass(frozen=True, slots=True)
class Trust:
    """A simulated trust by day (`date`, `value`).

    Attributes:
        referrals: received.
        attended: appointments that patients came to.
        held: those attended or missed.
        led: the same by the day of the referral that led to them, as many as there will be.
    """

    referrals: pl.DataFrame
    attended: pl.DataFrame
    held: pl.DataFrame
    led: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Tested:
    """One cut-off: clinics needed, those that came in each week after, and in a week of the last eight on average."""

    need: Need
    came: np.ndarray
    usual: float


def read(folder: Path) -> Trust:
    """Returns what a folder of `bellwether simulate` holds."""
    tables = folder / "tables"
    referrals = pl.read_parquet(tables / "fact_referral" / "*.parquet", columns=["pathway_id", "received_on"])
    booked = pl.read_parquet(
        tables / "fact_appointment" / "*.parquet", columns=["pathway_id", "appointment_on", "attended"]
    )

    def by_day(frame: pl.DataFrame, name: str) -> pl.DataFrame:
        return frame.group_by(date=name).agg(value=pl.len().cast(pl.Float64)).drop_nulls().sort("date")

    came = booked.filter(pl.col("attended").is_in(["5", "6"]))
    held = booked.filter(pl.col("attended").is_in(["3", "5", "6", "7"]))
    lag = (pl.col("appointment_on") - pl.col("received_on")).dt.total_days()
    traced = held.join(referrals, on="pathway_id", how="left").with_columns(soon=(lag <= TRACED).fill_null(value=False))
    # In the last year even the oldest referrals that are held had time: what is of older ones comes later than traced.
    year = traced.filter(pl.col("appointment_on") > pl.col("appointment_on").max() - pl.duration(days=364))
    led = by_day(traced.filter("soon"), "received_on").with_columns(
        pl.col("value") * (year.height / year["soon"].sum())
    )
    return Trust(
        by_day(referrals, "received_on"), by_day(came, "appointment_on"), by_day(held, "appointment_on"),
        led,
    )  # fmt: skip


def judged(trust: Trust, cut: date, came: pl.DataFrame, times: float = 1.0) -> Tested:
    """Returns the clinics of the weeks from a cut-off on, by what was known before it.

    Args:
        trust: what is known.
        cut: the first day that is not.
        came: appointments by day, that they are held against.
        times: what referrals are multiplied by from then on.
    """
    known = trust.referrals.filter(pl.col("date") < cut).select("date", "value", series=pl.lit("trust"))
    ahead = Forecaster(every_weekday=True).fit(known).predict(WEEKS * WEEK)
    daily = paths_of(ahead, DRAWS, persistence=PERSISTENCE, seed=28)
    paths = DemandPaths(daily.starts[::WEEK], daily.values.reshape(DRAWS, WEEKS, WEEK).sum(axis=2)).times(times)
    attended, held = (_total(frame, cut, 364) for frame in (trust.attended, trust.held))
    need = clinics_needed(
        paths, appointments_each=attended / _total(trust.referrals, cut, 364), missed=1 - attended / held, slots=SLOTS,
        rebooked=REBOOKED, seed=28,
    )  # fmt: skip
    weeks = [_total(came, cut + timedelta(days=WEEK * (number + 1)), WEEK) for number in range(WEEKS)]
    return Tested(need, np.array(weeks) / SLOTS, _total(trust.held, cut, HELD_WEEKS * WEEK) / HELD_WEEKS / SLOTS)


def _total(frame: pl.DataFrame, cut: date, days: int) -> float:
    return float(frame.filter(pl.col("date") < cut, pl.col("date") >= cut - timedelta(days=days))["value"].sum())


def figures(found: Sequence[Tested]) -> dict[str, float]:
    """Returns errors in clinics a week, of single weeks and of the four together, coverage and Brier scores."""
    middle = np.array([np.median(each.need.values, axis=0) for each in found])
    came, usual = np.array([each.came for each in found]), np.array([each.usual for each in found])[:, None]
    said, really = _chances(found)
    facts = {
        "cut_offs": float(len(found)),
        "clinics_a_week": float(came.mean()),
        "error": float(np.abs(middle - came).mean()),
        "error_naive": float(np.abs(usual - came).mean()),
        "bias": float((middle - came).mean()),
        "error_of_four_weeks": float(np.abs((middle - came).mean(axis=1)).mean()),
        "error_of_four_weeks_naive": float(np.abs((usual - came).mean(axis=1)).mean()),
    }
    for level in (0.8, 0.95):
        tail = (1 - level) / 2
        low, high = (np.array([each.need.quantiles((at,))[0] for each in found]) for at in (tail, 1 - tail))
        facts[f"held_{level:.0%}"] = float(((low <= came) & (came <= high)).mean())
    facts["brier"] = float(np.mean((said - really) ** 2))
    facts["brier_base_rate"] = float(really.mean() * (1 - really.mean()))
    return facts


def _chances(found: Sequence[Tested]) -> tuple[np.ndarray, np.ndarray]:
    said = np.concatenate([each.need.exceeds(each.usual * (1 + more)) for each in found for more in ABOVE])
    return said, np.concatenate([each.came > each.usual * (1 + more) for each in found for more in ABOVE]).astype(float)


def reliability(found: Sequence[Tested]) -> Iterator[tuple[str, int, float, float]]:
    """Yields, by bin of the stated probability: its name, how often it was said, its mean, and how often it came."""
    said, really = _chances(found)
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        own = (said >= low) & ((said < low + 0.2) | (low >= 0.8))
        if own.any():
            yield f"{low:.0%} to {low + 0.2:.0%}", int(own.sum()), float(said[own].mean()), float(really[own].mean())


def reached(usual: Trust, fewer: Trust, since: date) -> list[float]:
    """Returns the clinics that a trust with fewer referrals holds over those of its twin, by eight weeks since then."""
    blocks, days = [], HELD_WEEKS * WEEK
    while since + timedelta(days=days - 1) <= usual.held["date"].to_list()[-1]:
        since += timedelta(days=days)
        blocks.append(_total(fewer.held, since, days) / _total(usual.held, since, days))
    return blocks


def every_four_weeks(first: date, last: date) -> list[date]:
    """Returns the cut-offs whose four weeks lie between two days."""
    step = timedelta(days=WEEKS * WEEK)
    return [first + number * step for number in range(((last - first).days + 1) // step.days)]


def main() -> None:
    """Plays the trusts where they are not there yet, tests every one, and keeps what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103, 104, 105, 106])
    asked = parser.parse_args()
    first, last, since = date(2023, 11, 1), date(2026, 10, 31), date(2025, 11, 1)
    traced, held, courses = list[Tested](), list[Tested](), list[list[float]]()
    for seed in asked.seeds:
        pair = twins(asked.folder, seed, first, last, since)
        usual, fewer = read(pair.usual), read(pair.fewer)
        traced += [judged(usual, cut, usual.led) for cut in every_four_weeks(date(2024, 11, 1), date(2025, 1, 31))]
        held += [judged(usual, cut, usual.held) for cut in every_four_weeks(since, last)]
        courses.append(reached(usual, fewer, since))
    facts = {
        name: {key: round(value, 4) for key, value in figures(found).items()}
        for name, found in (("traced", traced), ("held", held))
    }
    course = [round(float(each), 4) for each in np.mean(courses, axis=0)]
    about = {**machine(), "trusts": len(asked.seeds)}
    text = [
        "# Clinics: worked out from a simulated trust's referrals, and what came",
        "",
        f"`python -m benchmarks.capacity.clinics FOLDER`: clinics of {SLOTS} appointments for referrals of four weeks,",
        "beside those that the same referrals led to (traced), and those attended or missed in the same weeks (held).",
        "",
        "| Figure | Traced | Held |",
        "|---|---:|---:|",
        *(
            f"| {name.replace('_', ' ')} | {facts['traced'][name]:,.3f} | {value:,.3f} |"
            for name, value in facts["held"].items()
        ),
        "",
        "| Stated chance of more than in the last eight weeks, 3% fewer, 3% more | Weeks | Mean stated | Held more |",
        "|---|---:|---:|---:|",
        *(f"| {name} | {count:,} | {said:.1%} | {came:.1%} |" for name, count, said, came in reliability(held)),
        "",
        "With 30% fewer referrals a trust held, by eight weeks, of the clinics of its twin:",
        f"{', '.join(f'{each:.1%}' for each in course)}.",
        "",
        ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in about.items()) + ".",
        "",
    ]
    kept = json.dumps({**about, **facts, "course_with_fewer_referrals": course}, indent=2) + "\n"
    (RESULTS / "capacity_clinics.json").write_text(kept, encoding="utf-8")
    (RESULTS / "capacity_clinics.md").write_text("\n".join(text), encoding="utf-8")
    print("\n".join(text))


if __name__ == "__main__":
    main()
