"""The matrix of a board: every measure counted once, by variation and by assurance, or by why it is not judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

VARIATIONS: Final[Mapping[str, str]] = {
    "improvement": "Improvement", "common": "Common cause", "concern": "Concern", "neutral": "Change",
}  # fmt: skip
ASSURANCES: Final[Mapping[str, str]] = {
    "pass": "Passing", "inconsistent": "Hit and miss", "fail": "Failing", "none": "No target",
}  # fmt: skip
UNJUDGED: Final[Mapping[str, str]] = {
    "stale": "too old to judge",
    "missing-latest": "latest value missing",
    "too-few-points": "too few points",
    "yearly": "yearly, too few points",
    "no-variation": "no variation",
    "not-charted": "told in words",
    "other": "of another organisation",
    "spread": "no figure of its own",
}
# Not a count of its own: a measure of which newer data are due is judged by what it has.
DUE: Final = "due"
_IN_WORDS: Final[Mapping[str, str]] = {
    "improvement": "improvement", "common": "common cause", "concern": "concern",
    "neutral": "change without a better direction", "pass": "passing", "inconsistent": "hit and miss",
    "fail": "failing", "none": "no target",
}  # fmt: skip
# What each cell, row ('concern'), column ('any-fail') and reason counts, by its name in the address.
CELLS: Final[Mapping[str, str]] = {
    **{f"{row}-{column}": f"{_IN_WORDS[row]} and {_IN_WORDS[column]}" for row in VARIATIONS for column in ASSURANCES},
    **{row: _IN_WORDS[row] for row in VARIATIONS},
    **{f"any-{column}": _IN_WORDS[column] for column in ASSURANCES},
    **{key: f"not judged, {words}" for key, words in UNJUDGED.items()},
    DUE: "newer data due",
}
_STATES: Final[Mapping[str, str]] = {
    "stale": "stale", "missing_latest": "missing-latest", "no_variation": "no-variation", "not_charted": "not-charted",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one measure is sorted.

    Attributes:
        variation: a key of `VARIATIONS`; None where it is not judged.
        assurance: a key of `ASSURANCES`.
        unjudged: a key of `UNJUDGED`, why there is no variation; empty where there is.
        due: whether newer data are due.
    """

    variation: str | None
    assurance: str = "none"
    unjudged: str = ""
    due: bool = False

    @property
    def key(self) -> str:
        """Returns the cell that counts it, as the address names it: 'concern-fail', 'stale'."""
        return f"{self.variation}-{self.assurance}" if self.variation else self.unjudged

    @property
    def rank(self) -> int:
        """Returns its place among exceptions: concern that fails, concern, failing, improvement, change, the rest."""
        if self.variation is None:
            return 6
        if self.variation == "concern":
            return 0 if self.assurance == "fail" else 1
        if self.assurance == "fail":
            return 2
        return {"improvement": 3, "neutral": 4}.get(self.variation, 5)


def verdict_of(state: str, variation_icon: str | None, assurance_icon: str | None, *, yearly: bool = False) -> Verdict:
    """Returns how a measure is sorted by the state and the icons of its control chart.

    Args:
        state: the state of its chart: 'ok', or why there is no icon.
        variation_icon: 'concern_high' and the like; None where there is none.
        assurance_icon: 'pass', 'fail', 'inconsistent', or None.
        yearly: whether its periods are years, of which there are always too few.
    """
    assurance = assurance_icon or "none"
    if state != "ok" or variation_icon in (None, "no_variation"):
        missing = "yearly" if yearly else "too-few-points"
        return Verdict(None, assurance, _STATES.get("no_variation" if state == "ok" else state, missing))
    return Verdict(variation_icon.split("_")[0], assurance)


@dataclass(frozen=True, slots=True)
class Cell:
    """One count that can be chosen: `key` is its name in the address, `words` what it counts."""

    key: str
    words: str
    count: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """Counts by variation (rows) and assurance (columns), and of what is not judged.

    Attributes:
        cells: by variation, by assurance.
        unjudged: the reasons that occur.
        total: how many measures are counted, each once.
        due: of how many of all newer data are due; these are counted above, too.
        judged_due: of how many of the judged.
    """

    cells: Mapping[str, Mapping[str, Cell]]
    unjudged: tuple[Cell, ...]
    total: int
    due: Cell
    judged_due: int

    @property
    def judged(self) -> int:
        """Returns how many measures have a verdict on their variation."""
        return sum(cell.count for row in self.cells.values() for cell in row.values())

    def of_variation(self, variation: str) -> Cell:
        """Returns the count of a whole row."""
        return Cell(variation, CELLS[variation], sum(cell.count for cell in self.cells[variation].values()))

    def of_assurance(self, assurance: str) -> Cell:
        """Returns the count of a whole column."""
        key = f"any-{assurance}"
        return Cell(key, CELLS[key], sum(row[assurance].count for row in self.cells.values()))


def matrix_of(verdicts: Iterable[Verdict]) -> Matrix:
    """Returns the matrix of measures, every one of them in exactly one count."""
    found = tuple(verdicts)
    counts = Counter(verdict.key for verdict in found)
    cells = {
        row: {column: _cell(f"{row}-{column}", counts) for column in ASSURANCES} for row in VARIATIONS
    }  # fmt: skip
    unjudged = tuple(_cell(key, counts) for key in UNJUDGED if counts[key])
    due = [verdict for verdict in found if verdict.due]
    judged_due = sum(verdict.variation is not None for verdict in due)
    return Matrix(cells, unjudged, len(found), Cell(DUE, CELLS[DUE], len(due)), judged_due)


def chooses(key: str, verdict: Verdict) -> bool:
    """Returns whether what is counted under a key of `CELLS` includes a measure."""
    if key == DUE:
        return verdict.due
    if key in VARIATIONS:
        return verdict.variation == key
    if key.startswith("any-"):
        return verdict.variation is not None and verdict.assurance == key.removeprefix("any-")
    return verdict.key == key


def _cell(key: str, counts: Counter[str]) -> Cell:
    return Cell(key, CELLS[key], counts[key])
