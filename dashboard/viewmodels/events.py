"""What happened to a series: phases that set its limits anew, annotations, and mergers of who reports it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

import polars as pl

from dashboard.viewmodels.places import Place
from dashboard.viewmodels.series import Series
from metrics.catalogue import Metric

EventKind = Literal["phase", "annotation", "merger"]
Origin = Literal["definition", "journal", "publication"]
_FEW: Final = 3


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened on a day, as told on a chart.

    Attributes:
        kind: a phase sets mean and limits anew from the day on; the others only say something.
        origin: a definition, the journal, or a fact of the published data.
        author: who says so.
        baseline_points: of a phase, how many of its first points set frozen limits; None is all.
        entry: the journal's number for it, None of what is not in the journal.
        written_at: when it was written into the journal, UTC.
    """

    kind: EventKind
    day: date
    reason: str
    author: str
    origin: Origin
    baseline_points: int | None = None
    entry: int | None = None
    written_at: datetime | None = None


def events_of(
    series: Series,
    place: Place,
    services: Sequence[str],
    entries: pl.DataFrame,
    successions: pl.DataFrame,
) -> tuple[Event, ...]:
    """Returns the events of one series, oldest first.

    Args:
        series: the series.
        place: whose series it is.
        services: the services that it is narrowed to; none for all.
        entries: the journal's entries, as `Journal.everything` gives them.
        successions: as `MetricsLayer.successions` gives them.
    """
    service = services[0] if len(services) == 1 else None
    found = [
        *_defined(series.metric, place, service),
        *_written(series.metric, place, service, entries),
        *_merged(place, successions, series),
    ]
    if series.widening is not None:
        found.append(Event("phase", series.widening.day, series.widening.text, "Publisher", "publication"))
    return tuple(sorted(_each_day_once(found), key=lambda each: (each.day, each.kind)))


def _defined(metric: Metric, place: Place, service: str | None) -> Iterable[Event]:
    for phase in metric.phases:
        if phase.organisation in (None, place.code) and phase.service in (None, service):
            yield Event(
                "phase", phase.from_day, phase.reason, phase.author, "definition",
                baseline_points=phase.baseline_points,
            )  # fmt: skip


def _written(metric: Metric, place: Place, service: str | None, entries: pl.DataFrame) -> Iterable[Event]:
    rows = entries.filter(
        pl.col("metric") == metric.id,
        ~pl.col("is_retracted"),
        pl.col("organisation").is_null() | (pl.col("organisation") == place.code),
        pl.col("service").is_null() | (pl.col("service") == (service or "")),
    )
    for row in rows.iter_rows(named=True):
        yield Event(
            row["kind"], row["on_day"], row["reason"], row["author"], "journal",
            baseline_points=row["baseline_points"], entry=row["id"], written_at=row["written_at"],
        )  # fmt: skip


def _merged(place: Place, successions: pl.DataFrame, series: Series) -> Iterable[Event]:
    if place.level != "organisation" or not series.points:
        return
    first = series.points[0].period
    joined = successions.filter(
        pl.col("successor_code") == place.code, pl.col("predecessor_code") != place.code, pl.col("effective") > first
    )
    for (day,), rows in joined.group_by("effective", maintain_order=True):
        names = rows["predecessor"].unique(maintain_order=True).to_list()
        more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
        told = f"{', '.join(names[:_FEW])}{more} joined. Their earlier figures are counted here throughout."
        assert isinstance(day, date)  # noqa: S101 - a column of dates
        yield Event("merger", day, told, "NHS organisation data", "publication")


def _each_day_once(events: Sequence[Event]) -> Iterable[Event]:
    """Returns the events with one phase a day: what is written down goes before what a definition or publisher says."""
    order = {"journal": 0, "definition": 1, "publication": 2}
    phases: dict[date, Event] = {}
    for each in sorted(events, key=lambda event: order[event.origin]):
        if each.kind != "phase":
            yield each
        elif each.day not in phases:
            phases[each.day] = each
            yield each
