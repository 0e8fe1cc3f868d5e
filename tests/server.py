"""A real dashboard server for tests and benchmarks."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

READY = re.compile(r"Bellwether is ready at (http://\S+)")
START_SECONDS = 180.0
STOP_SECONDS = 15.0
PROJECT = Path(__file__).parent.parent
QUIET = {"BELLWETHER_FORECASTS": "no"}


class DashboardDidNotStartError(RuntimeError):
    """`bellwether run` ended or was silent for too long. Carries what it printed."""


@dataclass(frozen=True, slots=True)
class RunningDashboard:
    """A dashboard that answers at `url`; `pid` is the process of `bellwether run`."""

    url: str
    pid: int


def free_port() -> int:
    """Returns a port of the loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_dashboard(
    log: Path, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[RunningDashboard]:
    """Yields a dashboard started by `bellwether run` on a free port, and stops it at the end.

    `options` go to the command; what it prints goes to `log`. It makes no forecasts beside, unless `environment` has
    `BELLWETHER_FORECASTS=yes`: they would take the processor from what is tested or measured.

    Raises:
        DashboardDidNotStartError: it ended, or was not ready in time.
    """
    command = [str(Path(sys.executable).with_name("bellwether")), "run", "--no-browser", "--no-trust"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--port", str(free_port()), *options],
            cwd=PROJECT,
            env={
                **os.environ,
                **QUIET,
                **(environment or {}),
                "PYTHONUNBUFFERED": "1",
                "NO_COLOR": "1",
                "COLUMNS": "200",
            },
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield RunningDashboard(_wait_ready(process, log), process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_ready(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        printed = log.read_text(encoding="utf-8", errors="replace")
        ready = READY.search(printed)
        if ready is not None and not ended:
            return ready.group(1).rstrip("/")
        if ended:
            raise DashboardDidNotStartError(f"`bellwether run` ended with {process.returncode}:\n{printed[-4000:]}")
        time.sleep(0.1)
    raise DashboardDidNotStartError(f"`bellwether run` was not ready after {START_SECONDS:.0f} s:\n{printed[-4000:]}")
