"""abspc at its own rules, in its own environment: `python benchmarks/spc/peer.py SERIES.csv`, then a line a round.

Started by `benchmarks.spc.timed`. Each answer is a line of JSON: clock and processor milliseconds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib import metadata
from typing import Any

import pandas as pd

WORDS = {"increase": "high", "decrease": "low"}


def icons(frame: Any) -> dict[str, tuple[str, str]]:
    """Returns the icons of variation and assurance by series; abspc has no neutral measures: higher is better there."""
    from abspc.spc import (  # type: ignore[import-not-found]  # noqa: PLC0415 - only the peer's environment has it
        calculate_control_limits,
        detect_special_causes,
        determine_assurance_type,
        determine_variation_type,
    )

    found = {}
    for name, group in frame.groupby("series"):
        way = WORDS.get(group["improvement_direction"].iloc[0], "high")
        drawn = detect_special_causes(calculate_control_limits(group, "XmR"))
        found[name] = (
            determine_variation_type(drawn, improvement_direction=way),
            determine_assurance_type(drawn, float(group["target"].iloc[-1]), way),
        )
    return found


def main() -> int:
    """Says its versions, then answers every line with what a round took."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    frame = pd.read_csv(sys.argv[1]).dropna(subset="value").reset_index(drop=True)
    icons(frame)
    print(json.dumps({name: metadata.version(name) for name in ("abspc", "numpy", "pandas")}), flush=True)
    for _ in sys.stdin:
        clock, cpu = time.perf_counter(), time.process_time()
        icons(frame)
        print(json.dumps([1e3 * (time.perf_counter() - clock), 1e3 * (time.process_time() - cpu)]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
