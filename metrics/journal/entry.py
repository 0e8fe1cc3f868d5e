"""One thing that somebody writes down about a metric."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

from metrics.journal.errors import EntryRefusedError

Kind = Literal["annotation", "phase"]

LONGEST_REASON: Final = 500
LEAST_BASELINE: Final = 12  # fewer points give limits that say little
_MOST_BASELINE: Final = 1_000
_LONGEST_METRIC: Final = 60
_LONGEST_CODE: Final = 40
_LONGEST_AUTHOR: Final = 200
_FIRST_DAY: Final = date(1948, 7, 5)  # the first day of the NHS
_YEARS_AHEAD: Final = 1
_UNSHOWN: Final = {"Cc", "Cs"}


@dataclass(frozen=True, slots=True)
class Entry:
    """An annotation, or the start of a phase, at a day of one metric.

    Attributes:
        kind: a phase sets the mean and the limits anew from its day on; an annotation only says something.
        metric: the metric's id.
        on_day: the day that it is about; of a phase, the first day that belongs to it.
        reason: why, in words: up to 500 characters; white space around and between is made plain.
        organisation: the code of the organisation whose charts it is for; None is everywhere.
        service: the code of the service whose charts it is for; None is all.
        baseline_points: of a phase: its first n points set limits that are frozen; None takes every point.

    Raises:
        EntryRefusedError: on making one that cannot be written.
    """

    kind: Kind
    metric: str
    on_day: date
    reason: str
    organisation: str | None = None
    service: str | None = None
    baseline_points: int | None = None

    def __post_init__(self) -> None:
        for name in ("organisation", "service"):
            object.__setattr__(self, name, (getattr(self, name) or "").strip() or None)
        object.__setattr__(self, "metric", self.metric.strip())
        object.__setattr__(self, "reason", words(self.reason, "reason"))
        if self.kind not in get_args(Kind):
            raise EntryRefusedError(f"'{self.kind}' is no kind of entry. Write one of: {', '.join(get_args(Kind))}.")
        for name, text, most in (
            ("metric", self.metric, _LONGEST_METRIC),
            ("organisation", self.organisation, _LONGEST_CODE),
            ("service", self.service, _LONGEST_CODE),
        ):
            if text and (len(text) > most or _holds_unshown(text)):
                raise EntryRefusedError(f"The {name} '{text[:20]}…' is no code: codes are short and plain.")
        if self.on_day < _FIRST_DAY:
            raise EntryRefusedError(f"{_day(self.on_day)} is before the NHS began. Write a later day.")
        self._check_baseline()

    def _check_baseline(self) -> None:
        if self.baseline_points is None:
            return
        if self.kind != "phase":
            raise EntryRefusedError("Only a phase has baseline points. Leave them out of an annotation.")
        if not LEAST_BASELINE <= self.baseline_points <= _MOST_BASELINE:
            raise EntryRefusedError(
                f"A baseline of {self.baseline_points} points gives no sound limits. Write {LEAST_BASELINE} to "
                f"{_MOST_BASELINE}, or leave it out: the limits then come from every point of the phase."
            )

    def check(self, known_metrics: Collection[str], today: date) -> None:
        """Checks what the entry alone cannot know.

        Raises:
            EntryRefusedError: there is no such metric, or its day is more than a year away.
        """
        if self.metric not in known_metrics:
            raise EntryRefusedError(f"There is no metric '{self.metric}'. `bellwether metrics` lists them.")
        if (self.on_day.year - _YEARS_AHEAD, self.on_day.month, self.on_day.day) > (
            today.year,
            today.month,
            today.day,
        ):
            raise EntryRefusedError(f"{_day(self.on_day)} is more than a year away. Write an earlier day.")


def words(text: str, what: str, most: int = LONGEST_REASON) -> str:
    """Returns the text with single spaces between its words.

    Raises:
        EntryRefusedError: it is empty, too long, or holds characters that cannot be shown.
    """
    plain = " ".join(text.split())
    if not plain:
        raise EntryRefusedError(f"The {what} is empty. Write it down: later readers will want to know.")
    if len(plain) > most:
        raise EntryRefusedError(f"The {what} has {len(plain)} characters. Keep it to {most}.")
    if _holds_unshown(plain):
        raise EntryRefusedError(f"The {what} holds control characters. Write it as plain text.")
    return plain


def author_name(author: str) -> str:
    """Returns the author's name with single spaces; raises as `words`."""
    return words(author, "author's name", _LONGEST_AUTHOR)


def _holds_unshown(text: str) -> bool:
    return any(unicodedata.category(character) in _UNSHOWN for character in text)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
