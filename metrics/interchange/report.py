"""What became of each thing that was read: mapped, mapped with a change, not mapped, or to be filled in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Outcome = Literal["mapped", "changed", "not mapped", "fill in"]
_ORDER: tuple[Outcome, ...] = ("not mapped", "changed", "fill in", "mapped")
_TITLES = {
    "not mapped": "Not mapped", "changed": "Mapped with a change", "fill in": "To be filled in", "mapped": "Mapped",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something stands: a file, and the line from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Note:
    """What became of one thing, and why."""

    outcome: Outcome
    spot: Spot
    subject: str
    reason: str

    def __str__(self) -> str:
        return f"{self.spot}: {self.subject}: {self.reason}"


def in_plain_text(notes: Sequence[Note]) -> str:
    """Returns the notes under a heading for each outcome, what did not map first, with how many there are."""
    lines: list[str] = []
    for outcome in _ORDER:
        found = [note for note in notes if note.outcome == outcome]
        lines.append(f"{_TITLES[outcome]}: {len(found)}")
        lines += [f"    {note}" for note in found]
    return "\n".join(lines)


def as_json(notes: Iterable[Note]) -> str:
    """Returns the notes as a JSON list of objects with `outcome`, `spot` (file, line), `subject` and `reason`."""
    return json.dumps([asdict(note) for note in notes], indent=2, ensure_ascii=False) + "\n"
