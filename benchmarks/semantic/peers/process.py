"""A peer from our side: its environment, its process, and what is asked of it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.semantic.rounds import Taken

_HERE = Path(__file__).parent
_PROJECT = _HERE.parent.parent.parent


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer that runs.

    Attributes:
        queries: its ways of asking, to what they are; the first letter is the question's.
        versions: of its packages.
    """

    name: str
    queries: dict[str, str]
    versions: dict[str, str]
    process: subprocess.Popen[str]

    def ask(self, **what: str) -> Taken:
        """Returns what it took.

        Raises:
            RuntimeError: the peer has ended; what it said is on the standard error.
        """
        assert self.process.stdin is not None  # noqa: S101 - piped below
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return Taken(**_line(self.name, self.process))

    def answer(self, query: str, folder: Path) -> pl.DataFrame:
        """Returns `period`, `service` and `value` as it answers them."""
        file = folder / f"{self.name}-{query.replace('+', 'x')}.parquet"
        self.ask(do="write", query=query, to=str(file))
        return pl.read_parquet(file)


@contextmanager
def running(name: str, module: str, database: Path, threads: int, folder: Path) -> Iterator[Peer]:
    """Gives a peer that reads the database; its environment is made when it is not there."""
    python = _environment(folder, module)
    command = [str(python), "-m", f"benchmarks.semantic.peers.{module}", str(database), str(threads)]
    with subprocess.Popen(
        command, cwd=_PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        about = _line(name, process)
        yield Peer(name, about["queries"], about["versions"], process)
        assert process.stdin is not None  # noqa: S101 - piped above
        process.stdin.close()


def _line(name: str, process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None  # noqa: S101 - piped
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{name} ended with code {process.wait()}: what it said stands above.")
    found: dict[str, Any] = json.loads(line)
    return found


def _environment(folder: Path, module: str) -> Path:
    """Returns the Python of the peer's own environment: its packages and ours exclude each other."""
    wanted = _HERE / f"{module}.txt"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()[:8]
    place = folder / f"{module}-{digest}"
    python, done = place / "bin" / "python", place / "installed"
    if not done.exists():
        print(f"Installing {module} into {place.name}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
        subprocess.run([str(python), "-m", "pip", "install", *quiet, "-r", str(wanted)], check=True)
        done.touch()
    return python
