"""What every benchmark says about itself: the machine, the spread of its times, and where they are written."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Spread:
    """How a number of times are spread, in milliseconds."""

    n: int
    p50: float
    p95: float
    longest: float


def spread(milliseconds: Sequence[float]) -> Spread:
    """Returns the spread of at least one time; percentiles are the nearest time at or above."""
    ordered = sorted(milliseconds)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)

    return Spread(len(ordered), round(statistics.median(ordered), 1), at(0.95), round(ordered[-1], 1))


def machine() -> dict[str, Any]:
    """Returns what the times depend on: cores, load, Python."""
    return {
        "measured_on": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cores": os.cpu_count(),
        "load_average_1_min": round(os.getloadavg()[0], 2),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def write(name: str, title: str, intro: str, rows: dict[str, Spread], **facts: Any) -> Path:
    """Writes `results/NAME.json` and `results/NAME.md` and returns the latter."""
    RESULTS.mkdir(exist_ok=True)
    about = {**machine(), **facts}
    kept = {"title": title, **about, "milliseconds": {label: asdict(row) for label, row in rows.items()}}
    (RESULTS / f"{name}.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    lines = [
        f"# {title}",
        "",
        intro,
        "",
        "| | times | p50 ms | p95 ms | longest ms |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {label} | {row.n} | {row.p50:,.0f} | {row.p95:,.0f} | {row.longest:,.0f} |"
            for label, row in rows.items()
        ),
        "",
        ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in about.items()) + ".",
        "",
    ]
    text = RESULTS / f"{name}.md"
    text.write_text("\n".join(lines), encoding="utf-8")
    return text
