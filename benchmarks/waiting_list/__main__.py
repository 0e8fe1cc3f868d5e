"""Projects waiting lists from months that are past, and holds them against what came.

Rolling origin: lists by trust and service as known at the ends of August, October and December 2024, one to seven
months on, and as known at the end of March 2025, ten months on. Only trusts on which the constants of the model were
not fitted. The naive forecast is that nothing changes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from benchmarks.measuring import RESULTS, machine
from metrics import MetricsLayer
from metrics.query.request import Grain, Request
from models.waiting_list import BANDS, WITHIN, project
from models.waiting_list_calibration import UncalibratedError, calibrate, month_end
from models.waiting_list_flows import flows_ahead

SERVICES = ("100", "101", "110", "120", "130", "140", "301", "320", "330", "400", "410", "502")
CASES = {
    date(2024, 8, 1): (date(2024, 9, 1), date(2024, 11, 1), date(2025, 1, 1), date(2025, 3, 1)),
    date(2024, 10, 1): (date(2024, 11, 1), date(2025, 1, 1), date(2025, 3, 1)),
    date(2024, 12, 1): (date(2025, 1, 1), date(2025, 3, 1)),
    date(2025, 3, 1): (date(2026, 1, 1),),
}
LEAST = 500
LEVELS = (0.8, 0.95)
MET = 0.65


@dataclass(frozen=True, slots=True)
class Tested:
    """One list, projected and found: each as forecast, as it came, and as it was."""

    months: int
    size: tuple[float, float, float]
    share: tuple[float, float, float]
    inside: dict[str, bool]
    met: float


def lists_of(layer: MetricsLayer, service: str) -> pl.DataFrame:
    """Returns `org`, `period`, `weeks`, `pathways` of English commissioners' pathways in a service."""
    where = {"service": service, "commissioning": "english"}
    found = layer.ask(
        Request.of("rtt_list_by_week", by=("organisation", "weeks_waited"), where=where, grain=Grain.MONTH)
    )
    # The constants were fitted on the other half.
    return found.frame.filter(
        (pl.col("status") == "final") & (pl.col("value") > 0) & (pl.col("organisation").hash(3) % 2 == 1)
    ).select("period", org="organisation", weeks=pl.col("weeks_waited").cast(pl.Int64), pathways="value")


def bands_of(lists: pl.DataFrame) -> np.ndarray:
    """Returns one month's pathways by weeks waited."""
    bands = np.zeros(BANDS)
    np.add.at(bands, lists["weeks"].to_numpy(), lists["pathways"].to_numpy())
    return bands


def judged(
    months: int, size: np.ndarray, share: np.ndarray, came: tuple[float, float], was: tuple[float, float]
) -> Tested:
    """Returns draws of size and share at one date, beside what came and what was."""
    inside = {}
    for level in LEVELS:
        tail = (1 - level) / 2
        for name, drawn, real in (("size", size, came[0]), ("share", share, came[1])):
            low, high = np.quantile(drawn, [tail, 1 - tail])
            inside[f"{name} {level:.0%}"] = bool(low <= real <= high)
    return Tested(
        months, (float(np.median(size)), came[0], was[0]), (float(np.median(share)), came[1], was[1]), inside,
        float((share >= MET).mean()),
    )  # fmt: skip


def tested(lists: pl.DataFrame, cases: Mapping[date, tuple[date, ...]]) -> Iterator[Tested]:
    """Yields each case of a list for which both ends are held."""
    for origin, targets in cases.items():
        known = lists.filter(pl.col("period") <= origin)
        if known.is_empty() or known["period"].max() != origin:
            continue
        try:
            learned = calibrate(known)
        except UncalibratedError:
            continue
        before = learned.start.waiting
        if before.sum() < LEAST:
            continue
        weeks = {target: round((month_end(target) - month_end(origin)).days / 7) for target in targets}
        ahead = project(learned.start, flows_ahead(learned, max(weeks.values())))
        for target, week in weeks.items():
            later = lists.filter(pl.col("period") == target)
            if later.is_empty():
                continue
            bands = bands_of(later)
            size = float(bands.sum())
            yield judged(
                (target.year - origin.year) * 12 + target.month - origin.month, ahead.size[:, week],
                ahead.share[:, week], (size, float(bands[:WITHIN].sum()) / size),
                (float(before.sum()), float(before[:WITHIN].sum() / before.sum())),
            )  # fmt: skip


def table(found: list[Tested]) -> list[dict[str, float]]:
    """Returns what was found, by months ahead: errors as shares, coverage as shares."""
    rows = []
    for months in sorted({each.months for each in found}):
        of = [each for each in found if each.months == months]
        size, share = np.array([each.size for each in of]), np.array([each.share for each in of])
        met = np.array([each.met for each in of])
        really, now = share[:, 1] >= MET, share[:, 2] >= MET
        total = size[:, 1].sum()
        rows.append(
            {
                "months": months,
                "lists": len(of),
                "size_error": float(np.abs(size[:, 0] - size[:, 1]).sum() / total),
                "size_naive": float(np.abs(size[:, 2] - size[:, 1]).sum() / total),
                "size_bias": float((size[:, 0] - size[:, 1]).sum() / total),
                "share_error": float(np.abs(share[:, 0] - share[:, 1]).mean()),
                "share_naive": float(np.abs(share[:, 2] - share[:, 1]).mean()),
                "share_bias": float((share[:, 0] - share[:, 1]).mean()),
                **{name: float(np.mean([each.inside[name] for each in of])) for name in of[0].inside},
                "brier": float(np.mean((met - really) ** 2)),
                "brier_naive": float(np.mean((now.astype(float) - really) ** 2)),
            }
        )
    return [{name: round(value, 4) for name, value in row.items()} for row in rows]


def lines(rows: list[dict[str, float]]) -> Iterator[str]:
    """Yields a table in Markdown."""
    yield "| Months ahead | Lists | Size: error (unchanged), bias | held by 80%, 95% | Within 18 weeks: error (unchanged), bias, in points | held by 80%, 95% | Brier score of 65% (as now) |"  # noqa: E501
    yield "|---:|---:|---|---|---|---|---|"
    for row in rows:
        yield (
            f"| {row['months']:.0f} | {row['lists']:,.0f} | {row['size_error']:.1%} ({row['size_naive']:.1%}), "
            f"{row['size_bias']:+.1%} | {row['size 80%']:.1%}, {row['size 95%']:.1%} | {row['share_error'] * 100:.2f} "
            f"({row['share_naive'] * 100:.2f}), {row['share_bias'] * 100:+.2f} | {row['share 80%']:.1%}, "
            f"{row['share 95%']:.1%} | {row['brier']:.3f} ({row['brier_naive']:.3f}) |"
        )


def main() -> None:
    """Projects every list, and keeps what was found."""
    layer = MetricsLayer.open()
    found: list[Tested] = []
    started = time.process_time()
    for service in SERVICES:
        for each in lists_of(layer, service).partition_by("org"):
            found += tested(each, CASES)
    facts = {**machine(), "cpu_seconds": round(time.process_time() - started)}
    rows = table(found)
    text = [
        "# Waiting lists: projected from past months, and what came",
        "",
        "`python -m benchmarks.waiting_list`: published lists by service, of trusts on which nothing was fitted.",
        "",
        *lines(rows),
        "",
        ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in facts.items()) + ".",
        "",
    ]
    (RESULTS / "waiting_list.json").write_text(json.dumps({**facts, "rows": rows}, indent=2) + "\n", encoding="utf-8")
    (RESULTS / "waiting_list.md").write_text("\n".join(text), encoding="utf-8")
    print("\n".join(text))


if __name__ == "__main__":
    main()
