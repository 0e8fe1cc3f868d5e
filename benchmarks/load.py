"""Loads a dashboard with many readers at once: `python -m benchmarks.load [--sessions N] [--page P] [--url URL]`.

Readers arrive over `--ramp` seconds, open the page, and then interact `--reruns` times with a pause in between, or stay
for `--live-seconds` and obey the page's own timers. Times are those of the server and the wire; nothing is painted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.measuring import machine, spread
from benchmarks.virtual_user import Tally, VirtualUser
from tests.server import running_dashboard


def memory_mb(pid: int | None) -> float | None:
    """Returns the resident memory of a process in MB; None when its number is not known."""
    if pid is None:
        return None
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return round(next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 1)


def cpu_seconds(pid: int | None) -> float | None:
    """Returns the processor time that a process has used; None when its number is not known."""
    if pid is None:
        return None
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def journey(options: argparse.Namespace, number: int) -> Tally:
    """Returns what one reader saw from arriving to leaving."""
    user = VirtualUser(options.url, options.page, seed=number, patience=options.patience)
    user.live = options.live_seconds > 0
    await asyncio.sleep(options.ramp * number / options.sessions)
    try:
        async with user:
            await user.first_run()
            for _ in range(options.reruns):
                await user.think(options.think)
                await user.rerun(interact=True)
            await asyncio.sleep(options.live_seconds)
    except (OSError, TimeoutError, RuntimeError) as error:  # a reader who failed is a result
        user.tally.errors.append(f"{type(error).__name__}: {error}")
    return user.tally


async def load(options: argparse.Namespace, pid: int | None) -> dict[str, Any]:
    """Returns what all readers saw together, and what they cost the server."""
    memory, cpu = memory_mb(pid), cpu_seconds(pid)
    tallies = await asyncio.gather(*(journey(options, number) for number in range(options.sessions)))
    firsts = [tally.first_run_ms for tally in tallies if tally.first_run_ms is not None]
    times = {
        "first_run_ms": firsts,
        "rerun_ms": [ms for tally in tallies for ms in tally.rerun_ms],
        "live_ms": [ms for tally in tallies for ms in tally.live_ms],
    }
    errors = [error for tally in tallies for error in tally.errors]
    runs = sum(map(len, times.values()))
    used = cpu_seconds(pid)
    return {
        **machine(),
        "page": options.page or "first page",
        "sessions": options.sessions,
        **{name: asdict(spread(taken)) if taken else None for name, taken in times.items()},
        "first_run_kb": round(sum(tally.first_run_bytes for tally in tallies) / 1024 / len(tallies), 1),
        "server_memory_mb": {"before": memory, "after": memory_mb(pid)},
        "server_cpu_ms_per_run": round(1000 * (used - cpu) / runs, 1) if used and cpu is not None and runs else None,
        "errors": len(errors),
        "error_samples": sorted(set(errors))[:5],
    }


def main() -> int:
    """Prints the report as JSON, and returns 1 when any reader met an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a dashboard that runs already; without it one is started")
    parser.add_argument("--pid", type=int, help="its process, for memory and processor time (Linux)")
    parser.add_argument("--page", default="", help="path of the page to open")
    parser.add_argument("--sessions", type=int, default=10, help="readers at once (10)")
    parser.add_argument("--reruns", type=int, default=5, help="interactions of each reader (5)")
    parser.add_argument("--think", type=float, default=2.0, help="mean seconds between a reader's interactions (2)")
    parser.add_argument("--ramp", type=float, default=5.0, help="seconds over which readers arrive (5)")
    parser.add_argument("--live-seconds", type=float, default=0.0, help="then stay, obeying the page's timers")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds before one run counts as failed (60)")
    options = parser.parse_args()
    with ExitStack() as stack:
        if options.url is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            running = stack.enter_context(running_dashboard(folder / "log"))
            options.url, options.pid = running.url, running.pid
        report = asyncio.run(load(options, options.pid))
    print(json.dumps(report, indent=2))
    return 1 if report["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
