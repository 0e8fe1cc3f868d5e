"""Times cubes from a million appointments to a hundred million: `python -m benchmarks.cubes [--rows N ...]`.

Makes the warehouses the first time, in `build/cubes/`: the largest takes about 4 GB of disk and half an hour.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.measuring import RESULTS, Spread, machine, spread

PROJECT = Path(__file__).parent.parent.parent
SIZES = (1_000_000, 100_000_000)
MOST_ANSWER_MS, LEAST_TIMES_FASTER, MOST_BYTES = 50.0, 50.0, 1 << 30
MOST_REFRESH_MS, MOST_REFRESH_TIMES, MOST_ANSWER_TIMES = 500.0, 2.0, 1.5
_MEGABYTE = 1 << 20
_INTRO = (
    "Appointments of three years by day, site, service and the model's other dimensions. Each request is asked of "
    "an engine that has forgotten its answers, and of the same DuckDB in the same process as SQL written by hand; "
    "both give the same numbers, before and after the refreshes. A refresh follows a commit of 1,000 changed "
    "rows: 500 patients seen or missed on the last day, 300 bookings over the next ninety days, 150 corrections "
    "and 50 deletions of the last week."
)


def measured(rows: int) -> dict[str, Any]:
    """Returns what a process of its own found at one size."""
    print(f"Measuring {rows:,} appointments", file=sys.stderr)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.cubes.timed", str(rows)],
        cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def answers(found: dict[str, Any]) -> Spread:
    """Returns how long all requests took from the cube."""
    return spread([each for taken in found["answers"].values() for each in taken])


def times_faster(found: dict[str, Any]) -> dict[str, float]:
    """Returns by request how many times longer hand-written SQL took: median by median."""
    return {
        name: statistics.median(found["sql"][name]) / statistics.median(taken)
        for name, taken in found["answers"].items()
    }


def refresh(found: dict[str, Any]) -> float:
    """Returns the median refresh in milliseconds."""
    return float(statistics.median(found["refresh_ms"]))


def missed(small: dict[str, Any], large: dict[str, Any]) -> list[str]:
    """Returns what was aimed at and not reached, in words."""
    told, faster = [], times_faster(large)
    late, slow = answers(large).p95, [name for name, times in faster.items() if times < LEAST_TIMES_FASTER]
    if late > MOST_ANSWER_MS:
        told.append(f"requests take {late:.0f} ms at p95, not {MOST_ANSWER_MS:.0f}")
    if slow:
        told.append(f"{len(slow)} of {len(faster)} requests are less than {LEAST_TIMES_FASTER:.0f} times faster")
    if large["cube_bytes"] > MOST_BYTES:
        told.append(f"the cube takes {large['cube_bytes'] / _MEGABYTE:,.0f} MB")
    if refresh(large) > MOST_REFRESH_MS:
        told.append(f"a refresh takes {refresh(large):.0f} ms, not {MOST_REFRESH_MS:.0f}")
    if refresh(large) > MOST_REFRESH_TIMES * refresh(small):
        told.append(f"a refresh takes {refresh(large) / refresh(small):.1f} times what it takes at {small['rows']:,}")
    if answers(large).p50 > MOST_ANSWER_TIMES * answers(small).p50:
        told.append(f"requests take {answers(large).p50 / answers(small).p50:.1f} times what they take at the least")
    return told


def markdown(sizes: list[dict[str, Any]], about: dict[str, Any]) -> str:
    """Returns the results for a reader."""
    head = (
        "| appointments | build s | peak MB before, after building | cells | cube MB | request ms p50, p95 "
        "| hand-written SQL ms p50 | times faster: least, median | refresh ms: median, longest |"
    )
    lines = ["# Cubes", "", _INTRO, "", head, "|---:|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for found in sizes:
        took, faster = answers(found), sorted(times_faster(found).values())
        by_hand = spread([each for taken in found["sql"].values() for each in taken])
        lines.append(
            f"| {found['rows']:,} | {found['build_s']:.1f} "
            f"| {found['peak_before'] / _MEGABYTE:,.0f}, {found['peak_after_build'] / _MEGABYTE:,.0f} "
            f"| {found['cells']:,} | {found['cube_bytes'] / _MEGABYTE:,.0f} | {took.p50:.1f}, {took.p95:.1f} "
            f"| {by_hand.p50:,.0f} | {faster[0]:.0f}, {statistics.median(faster):.0f} "
            f"| {refresh(found):.0f}, {max(found['refresh_ms']):.0f} |"
        )
    large = sizes[-1]
    lines += ["", f"## Each request at {large['rows']:,}", ""]
    lines += ["| request | from the cube ms | hand-written SQL ms | times faster |", "|---|---:|---:|---:|"]
    for name, times in times_faster(large).items():
        ours, theirs = (statistics.median(large[kind][name]) for kind in ("answers", "sql"))
        lines.append(f"| {name} | {ours:.1f} | {theirs:,.0f} | {times:.0f} |")
    late = missed(sizes[0], large)
    lines += ["", f"Not reached: {'; '.join(late)}." if late else "Every aim was reached.", ""]
    lines += [", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in about.items()) + ".", ""]
    return "\n".join(lines)


def main() -> int:
    """Measures each size, prints and keeps the results; 1 when an aim was not reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=list(SIZES), help="the sizes, the smallest first")
    sizes = [measured(rows) for rows in sorted(parser.parse_args().rows)]
    about = machine()
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "cubes.json").write_text(json.dumps({**about, "sizes": sizes}, indent=1) + "\n", encoding="utf-8")
    text = markdown(sizes, about)
    (RESULTS / "cubes.md").write_text(text, encoding="utf-8")
    print(text)
    return 1 if missed(sizes[0], sizes[-1]) else 0


if __name__ == "__main__":
    sys.exit(main())
