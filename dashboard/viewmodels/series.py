"""A metric's values over time for one place, and what can be said about the newest of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal, TypeGuard

import polars as pl

from dashboard import format as words
from metrics.catalogue import Metric
from metrics.catalogue.definition import Target
from metrics.query.periods import day_of
from metrics.query.result import Status

Judgement = Literal["better", "worse", "no change", "no better direction", "not judged"]
_SETTLED: Final = (Status.FINAL, Status.PROVISIONAL)


@dataclass(frozen=True, slots=True)
class Point:
    """One period of a series. A `value` of None was not reported."""

    period: date
    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    status: str = Status.FINAL
    reporting: int | None = None
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Widening:
    """A day from which a publication covers more than before, and the words for it."""

    day: date
    text: str


@dataclass(frozen=True, slots=True)
class Series:
    """A metric over time for one place, oldest first, every period present.

    Attributes:
        grain: the length of the periods.
        widening: where the values begin to cover more; those before do not compare with those after.
    """

    metric: Metric
    grain: str
    points: tuple[Point, ...]
    widening: Widening | None = None

    @property
    def sides(self) -> tuple[tuple[Point, ...], ...]:
        """Returns the points with a value, in the parts within which they compare; none that is empty."""
        valued = tuple(point for point in self.points if point.value is not None)
        if self.widening is None:
            return (valued,) if valued else ()
        day = self.widening.day
        parts = (
            tuple(each for each in valued if each.period < day),
            tuple(each for each in valued if each.period >= day),
        )
        return tuple(part for part in parts if part)

    @property
    def latest(self) -> Point | None:
        """Returns the newest point with a value, one whose period is complete when there is one."""
        valued = [point for point in self.points if point.value is not None]
        settled = [point for point in valued if point.status in _SETTLED]
        return (settled or valued or [None])[-1]  # type: ignore[list-item]

    def at(self, period: date) -> Point | None:
        """Returns the point of a period, None when it lies outside the series."""
        return next((point for point in self.points if point.period == period), None)

    def since(self, day: date | None) -> Series:
        """Returns the series from a day on."""
        if day is None:
            return self
        return replace(self, points=tuple(point for point in self.points if day_of(point.period) >= day))

    def shown_since(self, day: date | None) -> Series:
        """Returns the series for a chart from a day on; yearly ones whole, as a few points tell nothing."""
        return self.trimmed() if self.grain == "financial_year" else self.since(day).trimmed()

    def trimmed(self) -> Series:
        """Returns the series without the empty periods before its first value."""
        first = next((place for place, point in enumerate(self.points) if point.value is not None), len(self.points))
        return replace(self, points=self.points[first:])

    def name_of(self, point: Point) -> str:
        """Returns the words for the point's period."""
        return words.period_words(point.period, self.grain)


@dataclass(frozen=True, slots=True)
class Change:
    """How the newest value differs from that of a comparable period.

    Attributes:
        amount: newest minus earlier, in the metric's unit; 0 when both are shown alike.
        than: the earlier period, in words: 'May 2025'.
        judgement: what the difference means, given the metric's direction.
    """

    amount: float
    than: str
    judgement: Judgement
    text: str


@dataclass(frozen=True, slots=True)
class TargetCheck:
    """Whether a value meets the target in force on its day."""

    target: Target
    met: bool
    value_text: str
    kind_words: str

    @property
    def words(self) -> str:
        """Returns 'Not met: standard 95%'."""
        return f"{'Met' if self.met else 'Not met'}: {self.kind_words} {self.value_text}"


TARGET_KINDS: Final[Mapping[str, str]] = {
    "national_standard": "standard", "plan": "plan", "ambition": "ambition", "benchmark": "benchmark",
}  # fmt: skip


def points_of(frame: pl.DataFrame, metric_id: str, **dimensions: str | None) -> tuple[Point, ...]:
    """Returns one metric's points of a result frame, oldest first.

    Args:
        frame: a `Result.frame`.
        metric_id: which metric's rows to read.
        dimensions: the dimension values that the rows must have; None is the total row.
    """
    wanted = pl.col("metric") == metric_id
    for name, value in dimensions.items():
        wanted &= pl.col(name).is_null() if value is None else pl.col(name) == value
    columns = ("period", "value", "numerator", "denominator", "status", "reporting", "expected")
    return tuple(Point(*row) for row in frame.filter(wanted).sort("period").select(columns).iter_rows())


def judged(amount: float, metric: Metric) -> Judgement:
    """Returns what a difference means, as seen at the precision shown."""
    shown = words.displayed(amount, metric)
    if shown == 0:
        return "no change"
    if metric.direction == "neutral":
        return "no better direction"
    return "better" if (shown > 0) == (metric.direction == "increase") else "worse"


def change_between(series: Series, newest: Point, earlier: Point) -> Change | None:
    """Returns the change between two points of a series, None when either has no value."""
    if newest.value is None or earlier.value is None:
        return None
    amount = newest.value - earlier.value
    judgement = judged(amount, series.metric)
    than = series.name_of(earlier)
    if judgement == "no change":
        return Change(0.0, than, judgement, f"the same as in {than}")
    if series.metric.id in words.BANDS:
        return Change(amount, than, judgement, f"after {words.value_text(earlier.value, series.metric)} in {than}")
    return Change(amount, than, judgement, f"{words.change_words(amount, series.metric)} than in {than}")


def change_of(series: Series) -> Change | None:
    """Returns the newest value's change on the same period a year before, else on the newest before it.

    Only final periods are compared, and only the same season is judged.
    """
    newest = series.latest
    if newest is None or newest.status != Status.FINAL:
        return None
    like = next((side for side in series.sides if newest in side), ())
    year_before = series.at(words.months_after(newest.period, -12))
    if _compares(year_before) and year_before in like:
        return change_between(series, newest, year_before)
    earlier = [point for point in like if point.period < newest.period and _compares(point)]
    if not earlier:
        return None
    change = change_between(series, newest, earlier[-1])
    if change is None or series.grain == "financial_year":
        return change
    # Another season: the difference is told and not judged.
    return replace(change, judgement="not judged", text=f"{change.text}; no value a year before")


def _compares(point: Point | None) -> TypeGuard[Point]:
    return point is not None and point.value is not None and point.status == Status.FINAL


def target_of(metric: Metric, day: date, organisation: str, service: str | None = None) -> Target | None:
    """Returns the target in force on a day: a service's own, an organisation's own, national standards, the rest."""
    order = tuple(TARGET_KINDS)
    in_force = [
        target
        for target in metric.targets
        if target.valid_from <= day
        and (target.valid_to is None or day <= target.valid_to)
        and target.organisation in (None, organisation)
        and target.service in (None, service)
    ]
    return min(
        in_force,
        key=lambda each: (each.service is None, each.organisation is None, order.index(each.kind)),
        default=None,
    )


def check_target(metric: Metric, value: float | None, day: date, organisation: str) -> TargetCheck | None:
    """Returns whether the value meets the target in force, None without a value, a target or a better direction."""
    target = target_of(metric, day, organisation)
    if target is None or value is None or metric.direction == "neutral":
        return None
    met = value >= target.value if metric.direction == "increase" else value <= target.value
    return TargetCheck(target, met, target_text(target, metric), TARGET_KINDS[target.kind])


def target_text(target: Target, metric: Metric) -> str:
    """Returns the target's value as briefly as it is exact: '95%', '0', '18:00'."""
    if metric.unit != "percent":
        return words.value_text(target.value, metric)
    share = target.value * 100
    return words.percentage(target.value, 0 if round(share, 6) == round(share) else metric.decimals or 1)


def values_of(points: Iterable[Point]) -> list[float | None]:
    """Returns the values, None where nothing was reported."""
    return [point.value for point in points]


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of many organisations' values: no figure of England, as an index is never averaged.

    Attributes:
        bands: of values that are words, each word and how many have it; the middle is not told then.
    """

    period: str
    median: float
    lower: float
    upper: float
    organisations: int
    bands: tuple[tuple[str, int], ...] = ()

    @property
    def bands_text(self) -> str:
        """Returns 'Outstanding 8, Good 62'."""
        return ", ".join(f"{word} {count:,}" for word, count in self.bands)


def spread_of(values: Sequence[float | None], period: str, metric: Metric | None = None) -> Spread | None:
    """Returns median and quartiles of the reported values, None when there are fewer than five."""
    held = pl.Series("value", [value for value in values if value is not None], dtype=pl.Float64)
    if len(held) < 5:
        return None
    low, middle, high = (held.quantile(share, interpolation="linear") for share in (0.25, 0.5, 0.75))
    assert low is not None and middle is not None and high is not None  # noqa: S101, PT018 - five values have quartiles
    known = words.BANDS.get(metric.id, {}) if metric else {}
    bands = tuple((word, int((held == number).sum())) for number, word in known.items())
    return Spread(period, middle, low, high, len(held), bands)
