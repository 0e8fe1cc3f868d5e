"""What is written in the journal about one chart, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.events import Event
from dashboard.viewmodels.spc_view import mark_title
from metrics.journal.reading import applying


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A retracted entry: what it said, who withdrew it, when and why."""

    entry: int
    title: str
    reason: str
    written: str
    withdrawn: str


def origin_words(event: Event) -> str:
    """Returns who says what happened, and where it is written."""
    if event.origin == "journal":
        return _written(event.author, event.written_at)
    where = "the definition" if event.origin == "definition" else "the published data"
    return f"{event.author}, in {where}"


def baseline_words(event: Event) -> str:
    """Returns which points of a phase make its limits; empty of what is no phase."""
    if event.kind != "phase":
        return ""
    if event.baseline_points is None:
        return "Mean and limits are set anew, from every point since."
    return f"Mean and limits are set anew from its first {event.baseline_points} points, and frozen."


def withdrawn(entries: pl.DataFrame, metric: str, organisation: str, service: str | None) -> tuple[Withdrawn, ...]:
    """Returns the retracted entries that would count for a chart, the last withdrawn first.

    Args:
        entries: as `Journal.everything` gives them, retracted ones too.
        metric: the chart's metric.
        organisation: whose chart it is.
        service: the one service that it is narrowed to; None for all.
    """
    found = applying(entries.filter("is_retracted", metric=metric), organisation=organisation, service=service)
    return tuple(_withdrawn(row) for row in found.sort("changed_at", descending=True).iter_rows(named=True))


def _withdrawn(row: dict[str, Any]) -> Withdrawn:
    event = Event(row["kind"], row["on_day"], row["reason"], row["author"], "journal")
    said = f"Withdrawn by {row['changed_by']}, {_moment(row['changed_at'])}: {row['changed_why']}"
    return Withdrawn(row["id"], mark_title(event), row["reason"], _written(row["author"], row["written_at"]), said)


def _written(author: str, at: datetime | None) -> str:
    return f"Written by {author}, {_moment(at)}" if at else f"Written by {author}"


def _moment(at: datetime) -> str:
    return words.moment_words(words.in_london(at))
