"""Projects waiting lists from months that are past, and holds them against what came.

Every trust's list in each service is projected twice: from September 2024 to March 2025 by what the five months before
say, and from March 2025 to January 2026 by what the year before says.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from metrics import MetricsLayer
from metrics.query.request import Grain, Request
from models.waiting_list import BANDS, WITHIN, project
from models.waiting_list_calibration import UncalibratedError, calibrate, month_end
from models.waiting_list_flows import DRIFT, flows_ahead

SERVICES = ("100", "101", "110", "120", "130", "140", "301", "320", "330", "400", "410", "502")
CASES = ((date(2024, 9, 1), date(2025, 3, 1)), (date(2025, 3, 1), date(2026, 1, 1)))
LEAST = 500
LEVELS = (0.8, 0.95)


@dataclass(frozen=True, slots=True)
class Tested:
    """One list, projected and found: size and share of less than 18 weeks, each with its quantiles and the naive."""

    origin: date
    size: tuple[float, float, float]
    share: tuple[float, float, float]
    inside: dict[str, bool]
    met: tuple[float, bool]


def lists_of(layer: MetricsLayer, service: str) -> pl.DataFrame:
    """Returns `org`, `period`, `weeks`, `pathways` of English commissioners' pathways in a service."""
    where = {"service": service, "commissioning": "english"}
    found = layer.ask(
        Request.of("rtt_list_by_week", by=("organisation", "weeks_waited"), where=where, grain=Grain.MONTH)
    )
    return found.frame.filter((pl.col("status") == "final") & (pl.col("value") > 0)).select(
        "period", org="organisation", weeks=pl.col("weeks_waited").cast(pl.Int64), pathways="value"
    )


def tested(lists: pl.DataFrame, drift: float) -> Iterator[Tested]:
    """Yields each case of a list for which both ends are held."""
    for origin, target in CASES:
        known, later = lists.filter(pl.col("period") <= origin), lists.filter(pl.col("period") == target)
        if known.is_empty() or later.is_empty() or known["period"].max() != origin:
            continue
        try:
            learned = calibrate(known)
        except UncalibratedError:
            continue
        before = learned.start.waiting
        if before.sum() < LEAST:
            continue
        weeks = round((month_end(target) - month_end(origin)).days / 7)
        ahead = project(learned.start, flows_ahead(learned, weeks, drift=drift))
        bands = np.zeros(BANDS)
        np.add.at(bands, later["weeks"].to_numpy(), later["pathways"].to_numpy())
        size, share = bands.sum(), bands[:WITHIN].sum() / bands.sum()
        inside = {}
        for level in LEVELS:
            tail = (1 - level) / 2
            for name, drawn, real in (("size", ahead.size, size), ("share", ahead.share, share)):
                low, high = np.quantile(drawn[:, -1], [tail, 1 - tail])
                inside[f"{name} {level:.0%}"] = bool(low <= real <= high)
        yield Tested(
            origin,
            (float(np.median(ahead.size[:, -1])), float(size), float(before.sum())),
            (float(np.median(ahead.share[:, -1])), float(share), float(before[:WITHIN].sum() / before.sum())),
            inside,
            (float(ahead.meets(0.65)[-1]), bool(share >= 0.65)),
        )


def report(found: list[Tested]) -> Iterator[str]:
    """Yields what was found, by case."""
    for origin, _ in CASES:
        of = [each for each in found if each.origin == origin]
        if not of:
            continue
        size, share = np.array([each.size for each in of]), np.array([each.share for each in of])
        met = np.array([each.met for each in of], dtype=float)
        yield f"From {origin:%B %Y}: {len(of)} lists"
        yield (
            f"  size: wrong by {np.abs(size[:, 0] - size[:, 1]).sum() / size[:, 1].sum():.1%} "
            f"(unchanged: {np.abs(size[:, 2] - size[:, 1]).sum() / size[:, 1].sum():.1%}), "
            f"bias {(size[:, 0] - size[:, 1]).sum() / size[:, 1].sum():+.1%}"
        )
        yield (
            f"  within 18 weeks: wrong by {np.abs(share[:, 0] - share[:, 1]).mean():.2%} "
            f"(unchanged: {np.abs(share[:, 2] - share[:, 1]).mean():.2%}), "
            f"bias {(share[:, 0] - share[:, 1]).mean():+.2%}"
        )
        for name in of[0].inside:
            yield f"  {name} interval held {np.mean([each.inside[name] for each in of]):.1%}"
        yield (
            f"  65% within 18 weeks: Brier score {np.mean((met[:, 0] - met[:, 1]) ** 2):.3f} "
            f"(as now: {np.mean(((share[:, 2] >= 0.65) - met[:, 1]) ** 2):.3f})"
        )


def main() -> None:
    """Reads the lists once and prints the report for each drift."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drift", type=float, nargs="*", default=[DRIFT])
    parser.add_argument("--pause-while", type=Path, help="waits while this file is there")
    chosen = parser.parse_args()
    layer = MetricsLayer.open()
    held = []
    for service in SERVICES:
        while chosen.pause_while and chosen.pause_while.exists():
            time.sleep(5)
        held += lists_of(layer, service).partition_by("org")
    for drift in chosen.drift:
        found: list[Tested] = []
        started = time.process_time()
        for each in held:
            while chosen.pause_while and chosen.pause_while.exists():
                time.sleep(5)
            found += tested(each, drift)
        seconds = time.process_time() - started
        print(f"Drift {drift:g} a year; {seconds / max(len(found), 1) * 1000:.0f} ms CPU a projection")
        print("\n".join(report(found)), flush=True)


if __name__ == "__main__":
    main()
