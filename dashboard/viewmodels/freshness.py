"""How old a figure is, and whether a newer one is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dashboard import format as words
from dashboard.viewmodels.series import Point, Series


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old a value is, in words, and whether that is older than the publication's habit."""

    text: str
    stale: bool
    last_day: date


def freshness_of(series: Series, point: Point, stale_after: int, today: date) -> Freshness:
    """Returns the age of a point's period, counted from its last day."""
    last = words.period_end(point.period, series.grain)
    return Freshness(words.age_words(last, today), (today - last).days > stale_after, last)
