"""Works out beds from simulated trusts' past, as the capacity page does, and holds them against what they then fill.

Make the trusts first, with several seeds: `bellwether simulate --from 2023-11-01 --seed 101 --out trusts/101`. In the
third year, every 28 days, admissions and stays up to that day give the beds of the 28 days after.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.measuring import RESULTS, machine
from models.capacity import Need, beds_needed, stays_of
from models.demand import Forecaster
from models.demand_paths import paths_of

DAYS = 28
DRAWS = 2_000
PERSISTENCE = 0.3
ABOVE = (-10, 0, 10)
"""Beds above the mean of the last four weeks, of which the probability is asked that more are filled."""


@dataclass(frozen=True, slots=True)
class Trust:
    """A simulated trust: `admissions` and `beds` by day (`date`, `value`), and stays by day of discharge (`nights`)."""

    admissions: pl.DataFrame
    beds: pl.DataFrame
    ended: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Tested:
    """One cut-off: beds needed, filled, and in the last four weeks on average and by weekday."""

    need: Need
    filled: np.ndarray
    usual: float
    naive: np.ndarray


def read(folder: Path) -> Trust:
    """Returns what a folder of `bellwether simulate` holds."""
    spells = pl.read_parquet(folder / "tables" / "fact_spell" / "*.parquet", columns=["admitted_at", "discharged_at"])
    wards = pl.read_parquet(folder / "tables" / "fact_bed_snapshot" / "*.parquet")
    days = spells.with_columns(pl.col("admitted_at", "discharged_at").dt.date())
    beds = wards.filter(pl.col("sector").is_in(["medicine", "surgery"])).group_by(date="period")
    # Who was in the wards on the first day was admitted before it.
    return Trust(
        days.group_by(date="admitted_at").agg(value=pl.len().cast(pl.Float64)).sort("date"),
        beds.agg(value=pl.col("beds_occupied").sum().cast(pl.Float64)).sort("date"),
        days.drop_nulls().select(
            day="discharged_at", nights=(pl.col("discharged_at") - pl.col("admitted_at")).dt.total_days()
        ),
    )


def tested(trust: Trust, cut: date) -> Tested:
    """Returns the beds of the days from a cut-off on, by what was known before it."""
    known = trust.admissions.filter(pl.col("date") < cut)
    forecast = Forecaster().fit(known.select("date", "value", series=pl.lit("trust"))).predict(DAYS)
    ended = trust.ended.filter(pl.col("day") < cut, pl.col("day") >= cut - timedelta(days=365))
    counted = ended.group_by("nights").len().sort("nights")
    stays = stays_of(counted["nights"].cast(pl.Float64).to_numpy(), counted["len"].cast(pl.Float64).to_numpy())
    before = trust.beds.filter(pl.col("date") < cut).tail(DAYS)["value"].to_numpy()
    came = float(known.tail(DAYS)["value"].to_numpy().mean())
    need = beds_needed(
        paths_of(forecast, DRAWS, persistence=PERSISTENCE, seed=28).without_weekdays(), stays,
        share=float(before.mean()) / (came * stays.mean_nights), present=float(before[-1]), seed=28,
    )  # fmt: skip
    filled = trust.beds.filter(pl.col("date") >= cut).head(DAYS)["value"].to_numpy()
    return Tested(need, filled, float(before.mean()), np.full(DAYS, before[-1]))


def figures(found: list[Tested]) -> dict[str, float]:
    """Returns errors in beds, coverage and Brier scores over all days of all cut-offs."""
    middle = np.array([np.median(each.need.values, axis=0) for each in found])
    filled, naive = np.array([each.filled for each in found]), np.array([each.naive for each in found])
    facts = {
        "cut_offs": float(len(found)),
        "beds": float(filled.mean()),
        "error": float(np.abs(middle - filled).mean()),
        "error_naive": float(np.abs(naive - filled).mean()),
        "bias": float((middle - filled).mean()),
    }
    for level in (0.8, 0.95):
        tail = (1 - level) / 2
        inside = [
            (each.need.quantiles((tail,))[0] <= each.filled) & (each.filled <= each.need.quantiles((1 - tail,))[0])
            for each in found
        ]
        facts[f"held_{level:.0%}"] = float(np.mean(inside))
        for name, days in (("days 1-7", slice(0, 7)), ("days 8-28", slice(7, DAYS))):
            facts[f"held_{level:.0%} {name}"] = float(np.mean([each[days] for each in inside]))
    said, really = _chances(found)
    facts["brier"] = float(np.mean((said - really) ** 2))
    facts["brier_base_rate"] = float(really.mean() * (1 - really.mean()))
    return facts


def _chances(found: list[Tested]) -> tuple[np.ndarray, np.ndarray]:
    said = np.concatenate([each.need.exceeds(each.usual + more) for each in found for more in ABOVE])
    return said, np.concatenate([each.filled > each.usual + more for each in found for more in ABOVE]).astype(float)


def reliability(found: list[Tested]) -> Iterator[tuple[str, int, float, float]]:
    """Yields, by bin of the stated probability: its name, how often it was said, its mean, and how often it came."""
    said, really = _chances(found)
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        chosen = (said >= low) & ((said < low + 0.2) | (low >= 0.8))
        if chosen.any():
            yield f"{low:.0%} to {low + 0.2:.0%}", int(chosen.sum()), said[chosen].mean(), really[chosen].mean()


def main() -> None:
    """Tests every trust, and keeps what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    folders = parser.parse_args().folders
    found: list[Tested] = []
    for folder in folders:
        trust = read(folder)
        first, last = trust.beds["date"].to_list()[0], trust.beds["date"].to_list()[-1]
        cut = first + timedelta(days=730)
        while cut + timedelta(days=DAYS - 1) <= last:
            found.append(tested(trust, cut))
            cut += timedelta(days=DAYS)
    facts = {name: round(value, 4) for name, value in figures(found).items()}
    bins = list(reliability(found))
    about = {**machine(), "trusts": len(folders)}
    text = [
        "# Beds: worked out from a simulated trust's past, and what it then filled",
        "",
        "`python -m benchmarks.capacity trusts/*`, 28 days from every 28th day of the third year (see `__main__.py`).",
        "",
        "| Figure | |",
        "|---|---:|",
        *(f"| {name.replace('_', ' ')} | {value:,.3f} |" for name, value in facts.items()),
        "",
        "| Stated chance of more beds than the last four weeks' mean, 10 fewer, 10 more | Days | Mean stated | Came |",
        "|---|---:|---:|---:|",
        *(f"| {name} | {count:,} | {said:.1%} | {came:.1%} |" for name, count, said, came in bins),
        "",
        ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in about.items()) + ".",
        "",
    ]
    (RESULTS / "capacity.json").write_text(json.dumps({**about, **facts}, indent=2) + "\n", encoding="utf-8")
    (RESULTS / "capacity.md").write_text("\n".join(text), encoding="utf-8")
    print("\n".join(text))


if __name__ == "__main__":
    main()
