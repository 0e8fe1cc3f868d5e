"""What to consider about a control chart: a new phase that may be due, another chart that may suit better."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.spc_choice import KIND_WORDS
from dashboard.viewmodels.variation import NOUNS, Subject, Variation, charted
from metrics.catalogue import Metric
from metrics.query.periods import day_of
from metrics.spc.charts import chart
from metrics.spc.rebasing import suggested
from metrics.spc.recommend import recommended

DOUBTS: Final[Mapping[str, str]] = {
    "too_few_points": "few points",
    "rare_events": "rare events",
    "few_events": "few cases a point",
    "over_dispersion": "more variation than chance has",
    "unequal_denominators": "unequal denominators",
    "near_bound": "a limit beyond what can be",
    "trend": "a trend",
    "seasons": "seasons",
    "neighbours": "neighbouring points alike",
}
_BARE: Final = re.compile(r" by about \S+ a point| \(-?\d[\d.]*\)")


@dataclass(frozen=True, slots=True)
class Rebase:
    """A new phase that is suggested and not applied.

    Attributes:
        day: its first day.
        period: the name of its first period.
        evidence: what speaks for it.
        reason: how the form begins; whoever knows why completes it.
    """

    day: date
    period: str
    evidence: str
    reason: str


@dataclass(frozen=True, slots=True)
class Advice:
    """What to consider about a chart.

    Attributes:
        rebase: a new phase that may be due, None without evidence.
        chart: another chart that may suit better, in words; empty where none does.
        reasons: why to read the chart with care, a sentence each.
        doubts: the same in a few words each.
    """

    rebase: Rebase | None = None
    chart: str = ""
    reasons: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def advice_of(subject: Subject, variation: Variation) -> Advice:
    """Returns what to consider about a chart; nothing of one without limits."""
    if variation.lower is None or not variation.points:
        return Advice()
    frame = _frame(subject, variation)
    drawn = chart(frame, variation.kind, subject.settings)
    moves = suggested(drawn)
    doubts = recommended(frame, variation.kind, subject.settings).row(0, named=True)
    other = doubts["recommended"]
    return Advice(
        _rebase(moves.row(0, named=True), subject, variation) if moves.height else None,
        KIND_WORDS[other] if other != variation.kind else "",
        tuple(_plain(reason, subject.series.metric) for reason in doubts["reasons"]),
        tuple(dict.fromkeys(DOUBTS[doubt] for doubt in doubts["doubts"])),
    )


def _frame(subject: Subject, variation: Variation) -> pl.DataFrame:
    """Returns the points that were judged. Their dates are their periods, as seasons are looked for."""
    held = charted(subject)
    metric = subject.series.metric
    low, high = metric.bounds
    phases = [point.phase for point in variation.points]
    return pl.DataFrame(
        {
            "series": [subject.key] * len(held),
            "date": [day_of(point.period) for point in held],
            "value": [point.value for point in held],
            "num": [point.numerator for point in held],
            "den": [point.denominator for point in held],
            "status": ["final" if point.included else "not judged" for point in variation.points],
            "rebase": [place > 0 and phases[place - 1] != phase for place, phase in enumerate(phases)],
            "improvement_direction": [metric.direction] * len(held),
            "lower_bound": [low] * len(held),
            "upper_bound": [high] * len(held),
        },
        schema={
            "series": pl.String, "date": pl.Date, "value": pl.Float64, "num": pl.Float64, "den": pl.Float64,
            "status": pl.String, "rebase": pl.Boolean, "improvement_direction": pl.String, "lower_bound": pl.Float64,
            "upper_bound": pl.Float64,
        },
    )  # fmt: skip


def _rebase(row: dict[str, Any], subject: Subject, variation: Variation) -> Rebase:
    metric, grain = subject.series.metric, subject.series.grain
    day = row["from_date"]
    period = next(point.period for point in variation.points if day_of(point.period) == day)
    before, after = (words.value_text(row[name], metric) for name in ("mean_before", "mean_after"))
    noun = NOUNS.get(grain, "period")
    return Rebase(
        day,
        words.period_words(period, grain),
        f"The mean of the {words.counted(row['points_since'], noun)} since then is {after}; before it was {before}, "
        f"{words.number(row['sigmas'], 1)} sigma away. Judged by limits of their own, the newer {noun}s are settled.",
        f"The level went from {before} to {after}, because ",
    )


def _plain(reason: str, metric: Metric) -> str:
    """Returns a reason without numbers that are not in the unit that the page shows: shares, seconds."""
    if metric.unit not in ("percent", "seconds"):
        return reason
    return _BARE.sub("", reason)
