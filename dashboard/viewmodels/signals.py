"""Many measures looked at together: how many signals chance alone would give, and which of those shown outlast that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.scorecard import Row
from dashboard.viewmodels.variation import Variation
from metrics.spc.multiplicity import controlled, false_signal_rate

RATE: Final = 0.05
_COMMON: Final = "common"


@dataclass(frozen=True, slots=True)
class Signals:
    """What chance has to do with the signals of a scorecard.

    Attributes:
        judged: of how many measures the newest point is judged.
        shown: how many of them show a signal.
        by_chance: how many would by chance alone, were nothing to change anywhere.
        weak: the metrics whose signal does not outlast that all were looked at.
    """

    judged: int
    shown: int
    by_chance: float
    weak: frozenset[str]

    @property
    def text(self) -> str:
        """Returns the signals beside those that chance alone would give, in a sentence."""
        if not self.judged:
            return "No measure can be judged yet."
        about = "fewer than 1" if self.by_chance < 0.5 else f"about {self.by_chance:.0f}"
        do = {0: "none does", 1: "1 does"}.get(self.shown, f"{self.shown:,} do")
        of = words.counted(self.judged, "judged measure")
        return f"Of {of} {about} would show a signal by chance alone; {do}."

    @property
    def controlled_text(self) -> str:
        """Returns which signals stand when all are weighed together, in a sentence."""
        if not self.shown:
            return "There is no signal to weigh."
        if not self.weak:
            return (
                f"Weighed together, {'the signal stands' if self.shown == 1 else f'all {self.shown:,} signals stand'}."
            )
        left = self.shown - len(self.weak)
        stand = f"{left:,} of {words.counted(self.shown, 'signal')} {'stands' if left == 1 else 'stand'}"
        return (
            f"Weighed together, {stand}; the rest are marked weak. Of those that stand no more than "
            f"{words.percentage(RATE, 0)} are chance, on average."
        )


def signals_of(rows: Sequence[Row]) -> Signals:
    """Returns what chance has to do with the signals of a scorecard's own, judged measures.

    False discoveries are held to 5% (Benjamini and Hochberg 1995) over every judged measure.
    """
    judged = [(row, row.variation) for row in rows if row.variation is not None and row.verdict.variation]
    signals = {row.metric.id for row, _ in judged if row.verdict.variation != _COMMON}
    frame = pl.DataFrame(
        {"metric": [row.metric.id for row, _ in judged], "p_value": [chart.p_value for _, chart in judged]},
        schema={"metric": pl.String, "p_value": pl.Float64},
    )
    stands = set(controlled(frame, RATE).filter("discovery")["metric"])
    return Signals(
        len(judged), len(signals), sum(_by_chance(chart) for _, chart in judged), frozenset(signals - stands)
    )


def _by_chance(chart: Variation) -> float:
    return false_signal_rate(chart.points_used, chart.profile)
