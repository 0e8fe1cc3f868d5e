"""The benchmark's results as Markdown and JSON, and whether the aims are met."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import RESULTS, machine
from benchmarks.semantic.hand import QUESTIONS
from benchmarks.semantic.oracle import Verdict
from benchmarks.semantic.rounds import Contestant, Times
from benchmarks.semantic.table import ROWS, Shape

OURS, HAND = "Bellwether", "SQL by hand"
MOST_COMPILE_MS, MOST_CACHED_MS, MOST_RATIO = 5.0, 0.5, 1.2


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found: `verdicts` by contestant and query, `versions` by contestant."""

    shape: Shape
    contestants: list[Contestant]
    times: Times
    verdicts: Mapping[tuple[str, str], Verdict]
    versions: Mapping[str, Mapping[str, str]]
    rounds: int
    threads: int
    load_average_after: float


def missed_aims(found: Findings) -> list[str]:
    """Returns what Bellwether was to reach and did not, in words."""
    missed = []
    for query in QUESTIONS:
        verdict = found.verdicts[OURS, query]
        if not verdict.is_right:
            missed.append(f"({query}) has {verdict.right:,} right points of {verdict.points:,}")
        for step, most in (("compile", MOST_COMPILE_MS), ("cached", MOST_CACHED_MS)):
            taken = found.times.median(OURS, query, step)
            if taken > most:
                missed.append(f"({query}) {step} took {taken:.2f} ms, not {most} ms")
        ratio = found.times.ratio(OURS, query, "total")
        if ratio > MOST_RATIO:
            missed.append(f"({query}) took {ratio:.2f} times as long as hand-written SQL, not {MOST_RATIO}")
    return missed


def write(found: Findings) -> Path:
    """Writes `results/semantic.json` and `results/semantic.md`, and returns the latter."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "semantic.json").write_text(json.dumps(_kept(found), indent=1) + "\n", encoding="utf-8")
    text = RESULTS / "semantic.md"
    text.write_text(markdown(found), encoding="utf-8")
    return text


def markdown(found: Findings) -> str:
    """Returns the results for a reader."""
    shape, about = found.shape, machine()
    aims = missed_aims(found)
    questions = [f"- ({name}) {question.words}." for name, question in QUESTIONS.items()]
    versions = [
        f"- {name}: " + ", ".join(f"{package} {version}" for package, version in packages.items()) + "."
        for name, packages in found.versions.items()
    ]
    parts = [
        "# Three metrics over ten million appointments",
        f"Aims: compiled in {MOST_COMPILE_MS:g} ms, {MOST_CACHED_MS:g} ms when the plan is cached; answered within "
        f"{MOST_RATIO:g} times the time of hand-written SQL; every point of (c) right. "
        + (f"Missed: {'; '.join(aims)}." if aims else "All are met."),
        "\n".join(questions),
        (
            f"The table: {shape.rows:,} rows of {shape.services} services on {shape.days:,} days; "
            f"{shape.day_service_cells:,} days of services have rows, of {shape.days * shape.services:,}; "
            f"{shape.finest_cells:,} with site and age band. In 2025 {shape.missing_in_year:,} of 14,600 are without, "
            f"and {shape.empty_windows} window of 28 days is empty: its rate is nothing, and still a point. (c) reads "
            f"{shape.rows_read_for_c:,} rows."
        ),
        "## Time, from the request to a Polars frame",
        (
            f"Medians of {found.rounds} rounds in milliseconds. Everybody runs hand-written SQL in its own process, on "
            "its own DuckDB, in turn with its own answer; the ratio is the median of the rounds' ratios, and that of "
            "CPU likewise, over all threads: it hardly moves when the machine is busy. Plans of Bellwether are cached "
            "in these times, its answers are not."
        ),
        _time_table(found),
        "## Compile, from the request to SQL text",
        "Warm, medians in milliseconds.",
        _compile_table(found),
        "## Right or wrong, point by point",
        "Against rates added up in loops, without SQL. An error is that of the worst wrong point.",
        _verdict_table(found),
        "## Versions",
        "\n".join(versions),
        f"Command: `python -m benchmarks.semantic{_arguments(found)}`. Threads of DuckDB: {found.threads}. "
        + ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in about.items())
        + f", load average at the end: {found.load_average_after}.",
    ]
    return "\n\n".join(parts) + "\n"


def _time_table(found: Findings) -> str:
    lines = ["| | query | asked as | hand | own | ratio | ratio of CPU |", "|---|---|---|---:|---:|---:|---:|"]
    for who in found.contestants:
        for query, words in who.queries.items():
            hand, own = (found.times.median(who.name, query, step) for step in ("hand", "total"))
            ratios = (found.times.ratio(who.name, query, "total"), found.times.cpu_ratio(who.name, query, "total"))
            cells = " | ".join([f"{hand:.1f}", f"{own:.1f}", *(f"{ratio:.2f}" for ratio in ratios)])
            lines.append(f"| {who.name} | ({query}) | {words} | {cells} |")
    return "\n".join(lines)


def _compile_table(found: Findings) -> str:
    lines = ["| | query | compile | CPU | plan cached |", "|---|---|---:|---:|---:|"]
    for who in found.contestants:
        for query in who.queries:
            times = found.times
            spent = [median(who.name, query, "compile") for median in (times.median, times.cpu_median)]
            cached = f"{times.median(who.name, query, 'cached'):.3f}" if "cached" in who.steps else ""
            lines.append(f"| {who.name} | ({query}) | {spent[0]:.1f} | {spent[1]:.1f} | {cached} |")
    return "\n".join(lines)


def _verdict_table(found: Findings) -> str:
    lines = [
        "| | query | points | right | wrong | missing | not asked for | largest error, percentage points |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for (name, query), one in found.verdicts.items():
        worst = f"{one.largest_error:.1f}" if one.wrong else ""
        counts = (one.points, one.right, one.wrong, one.missing, one.extra)
        lines.append(f"| {name} | ({query}) | {' | '.join(f'{count:,}' for count in counts)} | {worst} |")
    return "\n".join(lines)


def _ratios(times: Times, name: str, query: str) -> dict[str, float]:
    return {
        "ratio_to_hand": round(times.ratio(name, query, "total"), 3),
        "cpu_ratio_to_hand": round(times.cpu_ratio(name, query, "total"), 3),
    }


def _arguments(found: Findings) -> str:
    rows = "" if found.shape.rows == ROWS else f" --rows {found.shape.rows}"
    return f"{rows} --rounds {found.rounds}" if found.rounds != 7 else rows


def _kept(found: Findings) -> dict[str, Any]:
    times = [
        {
            "who": name,
            "query": query,
            "step": step,
            "median_ms": round(found.times.median(name, query, step), 3),
            "ms": [round(each.clock, 3) for each in taken],
            "cpu_ms": [round(each.cpu, 3) for each in taken],
            **(_ratios(found.times, name, query) if step == "total" else {}),
        }
        for (name, query, step), taken in found.times.taken.items()
    ]
    return {
        "title": "Three metrics over ten million appointments",
        **machine(),
        "load_average_after": found.load_average_after,
        "rounds": found.rounds,
        "threads": found.threads,
        "table": asdict(found.shape),
        "missed_aims": missed_aims(found),
        "times": times,
        "verdicts": [{"who": name, "query": query, **asdict(one)} for (name, query), one in found.verdicts.items()],
        "versions": {name: dict(packages) for name, packages in found.versions.items()},
    }
