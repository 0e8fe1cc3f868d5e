"""Times limits, rules and icons of many series on one core: `python -m benchmarks.spc [--rounds N] [--without-peer]`.

Makes the environment of the peer the first time, in `build/spc/`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.measuring import RESULTS, machine

PROJECT = Path(__file__).parent.parent.parent
FOLDER = PROJECT / "build" / "spc"
ONE_THREAD = dict.fromkeys(("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
MOST_ALL_MS, MOST_PACKAGE_MS, MOST_SCORECARD_MS = 1_000.0, 650.0, 300.0
AIMS = {"all": MOST_ALL_MS, "package": MOST_PACKAGE_MS, "scorecard": MOST_SCORECARD_MS, "board": MOST_SCORECARD_MS}


def measured(rounds: int, *, with_peer: bool) -> dict[str, Any]:
    """Returns what a process of one thread on one core found."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    python = str(_environment()) if with_peer else ""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.spc.timed", str(rounds), python, str(FOLDER)],
        cwd=PROJECT,
        env=os.environ | ONE_THREAD,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _environment() -> Path:
    """Returns the Python of the peer's own environment, made anew when its packages change."""
    wanted = Path(__file__).parent / "peer.txt"
    place = FOLDER / f"abspc-{hashlib.sha256(wanted.read_bytes()).hexdigest()[:8]}"
    python, ready = place / "bin" / "python", place / "installed"
    if not ready.exists():
        print(f"Installing abspc into {place.name}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
        subprocess.run([str(python), "-m", "pip", "install", *quiet, "-r", str(wanted)], check=True)
        ready.touch()
    return python


def median(found: dict[str, Any], name: str, *, cpu: bool = False) -> float:
    """Returns the median of the rounds in milliseconds."""
    return float(statistics.median(taken[int(cpu)] for taken in found["taken"][name]))


def ratio(found: dict[str, Any], name: str, other: str) -> float:
    """Returns how many times longer the other took: the median of the rounds' ratios of processor time."""
    pairs = zip(found["taken"][name], found["taken"][other], strict=True)
    return float(statistics.median(theirs[1] / ours[1] for ours, theirs in pairs))


def missed(found: dict[str, Any]) -> list[str]:
    """Returns what was aimed at and not reached, in words."""
    late = [
        f"{found['sizes'][name]:,} series took {median(found, f'ours {name}'):,.0f} ms, not {most:,.0f}"
        for name, most in AIMS.items()
        if median(found, f"ours {name}") > most
    ]
    wrong = [f"{column} of {count:,} series is not the recipe's" for column, count in found["differ"].items() if count]
    return late + wrong


def markdown(found: dict[str, Any], about: dict[str, Any]) -> str:
    """Returns the results for a reader."""
    sizes, aims = found["sizes"], missed(found)
    rows = [
        ("the aim, profile mdc", "ours all", "all", f"{MOST_ALL_MS:,.0f} ms"),
        ("the R package's case, profile plotthedots", "ours package", "package", f"{MOST_PACKAGE_MS:,.0f} ms"),
        ("the same size in the pandas recipe, mdc", "recipe package", "package", ""),
        ("200 KPIs of 10 organisations, profile mdc", "ours scorecard", "scorecard", f"{MOST_SCORECARD_MS:,.0f} ms"),
        (
            "the same, as the page has it: with targets, sentences and evidence",
            "ours board",
            "board",
            f"{MOST_SCORECARD_MS:,.0f} ms",
        ),
        ("beside the peers, profile mdc", "ours beside", "beside", ""),
        ("the same in abspc, its own rules", "abspc beside", "beside", ""),
        ("the same in the pandas recipe", "recipe beside", "beside", ""),
    ]
    rows = [row for row in rows if row[1] in found["taken"]]
    lines = ["| | series | clock ms | processor ms | aim |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {words} | {sizes[size]:,} | {median(found, name):,.1f} | {median(found, name, cpu=True):,.1f} | {aim} |"
        for words, name, size, aim in rows
    ]
    reached = (
        "Aims: 10,000 series of 36 months through limits, rules and icons in 1 s on one core; 130 in less than the "
        "650 ms that the R package takes; the charts of a scorecard of 200 KPIs and 10 organisations in 300 ms. "
    ) + (f"Missed: {'; '.join(aims)}." if aims else "All are met.")
    how = (
        f"Medians of {found['rounds']} rounds, warm, one thread, one core, everybody in turn. Ours is the "
        "call of `metrics.spc.xmr`: from a frame to every point with its lines, rules and words, and each series with "
        "its state and icons. As the page has it, values come as points of histories that were asked before, and go "
        "through `dashboard.viewmodels.variation.variations`. Querying the warehouse and drawing are in neither."
    )
    same = "Its icons and fired rules are ours for every one of them." if not any(found["differ"].values()) else ""
    peer = (
        "The recipe is one pandas function applied to each group (`benchmarks/spc/recipe.py`), without guards, phases "
        f"or words. It takes {ratio(found, 'ours beside', 'recipe beside'):,.0f} times our processor time for "
        f"{sizes['beside']:,} series, and {ratio(found, 'ours package', 'recipe package'):,.0f} times for "
        f"{sizes['package']:,}. {same}"
    )
    if "abspc beside" in found["taken"]:
        peer += (
            f" abspc takes {ratio(found, 'ours beside', 'abspc beside'):,.0f} times ours for the {sizes['beside']:,} "
            "series, in a loop over its calls for limits, rules and both icons, without its drawing, in an environment "
            "of its own. Its rules are others (8 and 6 points), missing months are taken out, and its findings are "
            "not compared."
        )
    package = (
        "NHSRplotthedots 0.2.2 is not run here, as that needs R. Its 650 ms are processor time for 130 facets of 36 "
        "points in one call, measured once on two shared cores: a figure to stand beside, from another run."
    )
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    facts = ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in about.items())
    end = f"Command: `python -m benchmarks.spc`. Polars threads: {found['threads']}. {versions}. {facts}."
    return "\n\n".join(["# Control charts of many series", reached, how, "\n".join(lines), peer, package, end]) + "\n"


def main() -> int:
    """Measures, writes `results/spc.json` and `results/spc.md`, and returns 1 when an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="times that everything is run (7)")
    parser.add_argument("--without-peer", action="store_true", help="ours and the pandas recipe alone")
    options = parser.parse_args()
    found = measured(options.rounds, with_peer=not options.without_peer)
    about = machine()
    text = markdown(found, about)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "spc.json").write_text(json.dumps({**about, **found}, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "spc.md").write_text(text, encoding="utf-8")
    print(text)
    return 1 if missed(found) else 0


if __name__ == "__main__":
    sys.exit(main())
