"""What a control chart says of a series: its icons, its lines, its points and its sentences."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal, NamedTuple, overload

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.events import Event
from dashboard.viewmodels.series import Point, Series, target_of, target_text
from metrics.catalogue.charting import ChartSettings
from metrics.catalogue.definition import Target
from metrics.query.periods import day_of
from metrics.query.result import Status
from metrics.spc import Profile, profile_of
from metrics.spc.charts import chart, settings_words
from metrics.spc.evidence import latest_evidence
from metrics.spc.narrative import Narrative, Terms, narrative
from metrics.spc.summary import NO_DATA

Baseline = Literal["window", "all", "first12", "first24"]
BASELINES: Final[Mapping[Baseline, str]] = {
    "window": "The newest periods", "all": "Everything held", "first12": "The first 12 shown, frozen",
    "first24": "The first 24 shown, frozen",
}  # fmt: skip
HOUSE_PROFILE: Final = "mdc"
NOT_CHARTED: Final = "not_charted"
NOUNS: Final[Mapping[str, str]] = {
    "hour": "hour", "day": "day", "week": "week", "month": "month", "quarter": "quarter", "financial_year": "year",
}  # fmt: skip
_DEFAULTS: Final = ChartSettings()
_EPOCH: Final = date(1970, 1, 1).toordinal()
_FROZEN: Final[Mapping[str, int]] = {"first12": 12, "first24": 24}
_DIVIDED: Final = ("p", "u", "pp", "up", "i")
_POINT_COLUMNS: Final = (
    "value", "status", "included", "mean", "lower_drawn", "upper_drawn", "point_type", "special_cause_type",
    "rules", "rebase_group",
)  # fmt: skip


class SpcPoint(NamedTuple):
    """One point of a chart. Limits are as drawn: held to what the measure can be."""

    period: date
    value: float | None
    status: str
    included: bool
    mean: float | None
    lower: float | None
    upper: float | None
    nature: str
    label: str
    rules: str
    phase: int

    @property
    def is_special(self) -> bool:
        """Returns whether a rule fired here."""
        return self.nature != "common_cause"


@dataclass(frozen=True, slots=True, eq=False)
class SpcPoints(Sequence[SpcPoint]):
    """The points of one series, made when they are looked at: a scorecard judges far more than it draws.

    Attributes:
        periods: of this series alone.
        columns: the other columns of a point, of all series judged together.
        start: where this series begins in them.
    """

    periods: tuple[date, ...] = ()
    columns: tuple[Sequence[Any], ...] = ()
    start: int = 0

    def __len__(self) -> int:
        return len(self.periods)

    @overload
    def __getitem__(self, place: int) -> SpcPoint: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[SpcPoint, ...]: ...
    def __getitem__(self, place: int | slice) -> SpcPoint | tuple[SpcPoint, ...]:
        if isinstance(place, slice):
            return tuple(self)[place]
        at = range(len(self))[place]
        return SpcPoint(self.periods[at], *(column[self.start + at] for column in self.columns))

    def __iter__(self) -> Iterator[SpcPoint]:
        part = slice(self.start, self.start + len(self))
        return map(SpcPoint._make, zip(self.periods, *(column[part] for column in self.columns), strict=True))


@dataclass(frozen=True, slots=True)
class Subject:
    """A series to judge.

    Attributes:
        key: tells it from the others that are judged with it.
        organisation: whose own targets count.
        service: whose own targets count.
        events: what happened to it.
        stale: whether newer data are due.
        profile: a profile's name; empty for the definition's, or the house's.
        baseline: what the limits are made from.
    """

    key: str
    series: Series
    organisation: str
    service: str | None = None
    events: tuple[Event, ...] = ()
    stale: bool = False
    profile: str = ""
    baseline: Baseline = "window"

    @property
    def kind(self) -> str:
        """Returns the kind of its chart."""
        return self.series.metric.chart.kind if self.series.metric.chart else "xmr"

    @property
    def settings(self) -> Profile:
        """Returns the profile that judges it, with the definition's own screening."""
        said = self.series.metric.chart
        name = self.profile or (said.profile if said else None) or HOUSE_PROFILE
        found = profile_of(name)
        if said and said.screen_outliers is not None and not self.profile:
            return replace(found, screen_outliers=said.screen_outliers)
        return found


@dataclass(frozen=True, slots=True)
class Variation:
    """What a series' control chart says.

    Attributes:
        state: `ok`, or why there is no icon of variation: `no_variation`, `too_few_points`, `missing_latest`,
            `no_data`, or `not_charted` of what is an answer in words.
        stale: whether newer data are due: the icons are then those of `latest_period`.
        mean, lower, upper: of the last phase, as drawn.
        target: the target in force at the newest period.
        points: what is drawn with limits, oldest first.
        points_used: how many final points the last phase has.
        phase_from: the first period of the last phase, None when there is one phase.
        events: those that fall within the points.
        run_length: how many of the newest points lie on one side of the mean.
        p_value: how probable the newest point is under common cause; None where it is not judged.
        strength: how strong that evidence of a special cause is, in words.
    """

    key: str
    kind: str
    profile: str
    profile_words: str
    state: str
    stale: bool
    variation_type: str | None
    variation_icon: str | None
    assurance_type: str | None
    assurance_icon: str | None
    mean: float | None
    lower: float | None
    upper: float | None
    target: Target | None
    target_text: str
    points: Sequence[SpcPoint]
    points_used: int
    latest_period: date | None
    phase_from: date | None
    events: tuple[Event, ...]
    label: str
    rules: str
    run_length: int
    near_constant: bool
    narrative: Narrative
    p_value: float | None = None
    strength: str = ""


def variations(subjects: Iterable[Subject]) -> Mapping[str, Variation]:
    """Returns what the control chart of each subject says, by its key; charts of one kind and profile are one call."""
    together: dict[tuple[str, Profile], list[tuple[Subject, list[Point]]]] = defaultdict(list)
    found: dict[str, Variation] = {}
    for each in subjects:
        points = [] if _is_answer(each) else charted(each)
        if points:
            together[_kind_for(each, points), each.settings].append((each, points))
        else:
            found[each.key] = _without_chart(each)
    for (kind, profile), members in together.items():
        found |= _judged(kind, profile, members)
    return found


def charted(subject: Subject) -> list[Point]:
    """Returns the points that a subject's limits are worked out from: the newest, or as the baseline says.

    Where a phase with a frozen baseline was in force when they begin, its own first points come with them.
    """
    series = subject.series.trimmed()
    settings = series.metric.chart or _DEFAULTS
    most = len(series.points) if subject.baseline == "all" else settings.newest(series.grain)
    end = _last_told(series.points)
    start = max(0, end - most)
    if start < end:
        before = [
            each for each in subject.events if each.kind == "phase" and each.day <= day_of(series.points[start].period)
        ]
        if before and before[-1].baseline_points:
            start = next(place for place, each in enumerate(series.points) if day_of(each.period) >= before[-1].day)
    return list(series.points[start:end])


def in_force(subject: Subject, points: Sequence[Point]) -> Target | None:
    """Returns the target in force at the end of the newest final period with a value, None without one."""
    held = [point for point in points if point.value is not None and point.status == Status.FINAL]
    if not held:
        return None
    last = words.period_end(held[-1].period, subject.series.grain)
    return target_of(subject.series.metric, last, subject.organisation, subject.service)


def _is_answer(subject: Subject) -> bool:
    """Returns whether the values are answers in words, of which no mean is taken."""
    metric = subject.series.metric
    return metric.id in words.BANDS or (metric.id in words.YES_NO and subject.organisation != "ENG")


def _kind_for(subject: Subject, points: Sequence[Point]) -> str:
    """Returns the kind of the chart; XmR where the parts that another divides are not held."""
    if subject.kind in _DIVIDED and any(point.denominator is None for point in points if point.value is not None):
        return "xmr"
    return subject.kind


def _last_told(points: Sequence[Point]) -> int:
    """Returns how many points there are up to the last that tells something: a value, or that none was reported."""
    return next(
        (place for place in range(len(points), 0, -1) if _tells(points[place - 1])),
        0,
    )


def _tells(point: Point) -> bool:
    return point.value is not None or point.status not in (Status.INCOMPLETE, Status.PROVISIONAL)


_OF_SERIES: Final = {
    "series": pl.String(), "target": pl.Float64(), "improvement_direction": pl.String(), "lower_bound": pl.Float64(),
    "upper_bound": pl.Float64(),
}  # fmt: skip


def _judged(kind: str, profile: Profile, members: Sequence[tuple[Subject, list[Point]]]) -> Mapping[str, Variation]:
    targets = [in_force(subject, points) for subject, points in members]
    made = chart(_frame(members, targets), kind, profile)
    seen = made.series.join(latest_evidence(made), on="series", how="left", maintain_order="left")
    rows = {row["series"]: row for row in seen.iter_rows(named=True)}
    stretches = dict(made.points.with_row_index("at").group_by("series").agg(pl.col("at").min()).iter_rows())
    columns = tuple(made.points[name].to_list() for name in _POINT_COLUMNS)
    found = {}
    for (subject, points), target in zip(members, targets, strict=True):
        # A series' rows come back together and in the order of its periods.
        drawn = SpcPoints(tuple(point.period for point in points), columns, stretches[subject.key])
        found[subject.key] = _variation(subject, kind, rows[subject.key], drawn, target)
    return found


def _frame(members: Sequence[tuple[Subject, list[Point]]], targets: Sequence[Target | None]) -> pl.DataFrame:
    """Returns the frame that is judged: one row a point. Its dates are places in the series, whatever the grain."""
    counts = [len(points) for _, points in members]
    held = [point for _, points in members for point in points]
    phases = [_phases(subject, points) for subject, points in members]
    of_series = pl.DataFrame(
        [
            (subject.key, target.value if target else None, subject.series.metric.direction,
             *subject.series.metric.bounds)
            for (subject, _), target in zip(members, targets, strict=True)
        ],
        schema=_OF_SERIES, orient="row",
    )  # fmt: skip
    of_points = pl.DataFrame(
        {
            "date": pl.Series([place for count in counts for place in range(count)], dtype=pl.Int32).cast(pl.Date),
            "value": pl.Series([point.value for point in held], dtype=pl.Float64),
            "num": pl.Series([point.numerator for point in held], dtype=pl.Float64),
            "den": pl.Series([point.denominator for point in held], dtype=pl.Float64),
            "status": pl.Series([_standing(point) for point in held], dtype=pl.String),
            "rebase": pl.Series([each for starts, _ in phases for each in starts], dtype=pl.Boolean),
            "fix_after_n_points": pl.Series([each for _, frozen in phases for each in frozen], dtype=pl.Int64),
        }
    )
    which = pl.Series([place for place, count in enumerate(counts) for _ in range(count)], dtype=pl.UInt32)
    return pl.concat([of_points, of_series[which]], how="horizontal")


def _phases(subject: Subject, points: Sequence[Point]) -> tuple[list[bool], list[int | None]]:
    """Returns where phases start, and after how many points the limits of each are frozen.

    A phase starts with the first period that begins on its day or after it.
    """
    starts = [False] * len(points)
    frozen: list[int | None] = [None] * len(points)
    if subject.baseline in _FROZEN and points:
        frozen[0] = _FROZEN[subject.baseline]
    if not subject.events:
        return starts, frozen
    days = [day_of(point.period) for point in points]
    for event in subject.events:
        at = bisect_left(days, event.day)
        if event.kind != "phase" or at >= len(points):
            continue
        if at:
            starts[at], frozen[at] = True, event.baseline_points
        else:
            # Of the phases before the first point only the last is in force.
            frozen[0] = event.baseline_points or _FROZEN.get(subject.baseline)
    return starts, frozen


def _standing(point: Point) -> str:
    """Returns a point's status as the chart reads it: what was due and not reported is a missing final point."""
    return Status.FINAL if point.value is None and _tells(point) else point.status


def _variation(subject: Subject, kind: str, row: dict[str, Any], points: SpcPoints, target: Target | None) -> Variation:
    series, profile = subject.series, subject.settings
    latest = points.periods[row["latest_date"].toordinal() - _EPOCH] if row["latest_date"] else None
    first, last = day_of(points.periods[0]), words.period_end(points.periods[-1], series.grain)
    phase = row["rebase_group"]
    return Variation(
        key=subject.key,
        kind=kind,
        profile=profile.name,
        profile_words=settings_words(kind, profile),
        state=row["state"],
        stale=subject.stale,
        variation_type=row["variation_type"],
        variation_icon=row["variation_icon"],
        assurance_type=row["assurance_type"],
        assurance_icon=row["assurance_icon"],
        mean=row["mean"],
        lower=row["lower_drawn"],
        upper=row["upper_drawn"],
        target=target,
        target_text=target_text(target, series.metric) if target else "",
        points=points,
        points_used=row["points"],
        latest_period=latest,
        phase_from=next((point.period for point in points if point.phase == phase), None) if phase else None,
        events=tuple(each for each in subject.events if first <= each.day <= last),
        label=row["special_cause_type"] or "",
        rules=row["rules"] or "",
        run_length=row["run_length"],
        near_constant=row["near_constant"],
        narrative=narrative(
            {**row, "latest_date": latest}, terms_of(series), profile, row["strength"] or "", kind=kind
        ),
        p_value=row["p_value"],
        strength=row["strength"] or "",
    )


def terms_of(series: Series) -> Terms:
    """Returns how a series' numbers and periods are written in sentences."""
    metric, grain = series.metric, series.grain
    return Terms(
        value=lambda value: words.value_words(value, metric),
        number=lambda value: words.value_text(value, metric),
        period=lambda period: words.period_words(period, grain),
        noun=NOUNS.get(grain, "period"),
    )


def _without_chart(subject: Subject) -> Variation:
    state = NOT_CHARTED if _is_answer(subject) else NO_DATA
    told = "An answer in words: there is no process to chart." if state == NOT_CHARTED else "No value is held to chart."
    settings = subject.settings
    return Variation(
        subject.key, subject.kind, settings.name, settings_words(subject.kind, settings), state, subject.stale,
        None, None, None, None, None, None, None, None, "", (), 0, None, None, (), "", "", 0, near_constant=False,
        narrative=Narrative(told, ""),
    )  # fmt: skip
