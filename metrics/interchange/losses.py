"""What another format has no word for: listed one by one, never dropped in silence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of loss: what goes missing, why, and what to do about it. The code starts with the format's letters."""

    code: str
    what: str
    why: str
    do: str


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss, and where it strikes: `metric ae_four_hour: targets`."""

    kind: Kind
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.kind.code}: {self.kind.what} {self.kind.why} {self.kind.do}"


EVERY_METRIC = "every metric"


def as_json(losses: Iterable[Loss]) -> str:
    """Returns the losses as a JSON list of objects with `code`, `where`, `what`, `why` and `do`."""
    rows = [
        {"code": loss.kind.code, "where": loss.where, "what": loss.kind.what, "why": loss.kind.why, "do": loss.kind.do}
        for loss in losses
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def summary(losses: Sequence[Loss]) -> str:
    """Returns the losses in plain lines, those of one kind together: what, why, what to do, and where."""
    found: dict[Kind, list[str]] = {}
    for loss in losses:
        found.setdefault(loss.kind, []).append(loss.where)
    lines: list[str] = []
    for kind in sorted(found, key=lambda each: each.code):
        lines.append(f"{kind.code}: {kind.what} {kind.why} {kind.do}")
        lines += [f"    {where}" for where in found[kind]]
    return "\n".join(lines)


def table(kinds: Iterable[Kind]) -> str:
    """Returns the kinds as a Markdown table, as the documentation shows them."""
    rows = [f"| {kind.code} | {kind.what} | {kind.why} | {kind.do} |" for kind in kinds]
    return "\n".join(["| Code | What is lost | Why | What to do |", "|---|---|---|---|", *rows])
