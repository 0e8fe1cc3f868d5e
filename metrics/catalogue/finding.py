"""What is wrong with a definition, where, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in the definitions. `line` counts from 1; `path` is the whole path of `file`, where known."""

    code: str
    severity: Literal["error", "warning"]
    file: str
    line: int
    message: str
    fix: str = ""
    path: Path | None = field(default=None, compare=False)

    def __str__(self) -> str:
        fix = f" {self.fix}" if self.fix else ""
        return f"{self.file}:{self.line}: {self.severity} {self.code}: {self.message}{fix}"


class CatalogueError(ValueError):
    """Definitions that cannot be used. `findings` says why, one by one."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(map(str, self.findings)))


def suggest(name: str, known: Iterable[str]) -> str:
    """Returns 'Did you mean ...?' with the nearest known names, or the list of them when it is short."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.55)
    if close:
        return f"Did you mean {' or '.join(repr(c) for c in close)}?"
    if 0 < len(names) <= 12:
        return f"Known: {', '.join(names)}."
    return ""
