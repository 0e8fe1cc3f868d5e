"""What a reader of a waiting list chooses, read from and written to the page's address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Final

from dashboard.format import months_after, period_end

ALL_SERVICES: Final = "All services"
STANDARDS: Final[Mapping[float, str]] = {
    0.92: "92%: the NHS Constitution standard",
    0.7: "70%: plan, nationally, March 2027",
    0.65: "65%: plan, nationally, March 2026",
    0.6: "60%",
}
SURE: Final = (0.5, 0.8, 0.9, 0.95)
LONGEST_WEEKS: Final = 113
_LEAST_WEEKS: Final = 4
BOUNDS: Final = {"extra": (-5_000, 100_000), "longest": (0, 100), "referrals": (-50, 50), "validation": (0, 20)}


@dataclass(frozen=True, slots=True)
class Choices:
    """What was chosen; the defaults change nothing.

    Attributes:
        standard: share wanted of less than 18 weeks.
        by: the day by which; None is the next 31 March.
        sure: probability wanted, for the capacity that is needed.
        extra: treatments a week on top of the usual; below 0, fewer.
        longest: share of the extra, in %, that goes to the longest waits.
        referrals: change of referrals, in %.
        validation: share of the list, in % a month, that is taken off after checking, on top of the usual.
        since: the day from which all that holds; None is today, or the list's day where today is no day of the outlook.
    """

    standard: float = 0.7
    by: date | None = None
    sure: float = 0.8
    extra: int = 0
    longest: int = 100
    referrals: int = 0
    validation: int = 0
    since: date | None = None

    @property
    def moved(self) -> bool:
        """Returns whether any lever is moved."""
        return any((self.extra, self.referrals, self.validation))

    def days(self, on: date, today: date) -> tuple[date, date]:
        """Returns the day by which and the day from which, for a list that was counted on a day."""
        offered = quarter_ends(on)
        ahead = [day for day in offered if day.month == 3 and day > max(on, today)]
        by = self.by if self.by in offered else None
        by = by or (ahead or [day for day in offered if day.month == 3] or [*offered])[0]
        now = today if on < today < by else on
        return by, self.since if self.since is not None and on <= self.since < by else now

    def query(self) -> dict[str, str]:
        """Returns the parts of the address that say what is not the default."""
        parts = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if value != each.default:
                parts[each.name] = f"{value:g}" if isinstance(value, float) else str(value)
        return parts


NAMES: Final = tuple(each.name for each in fields(Choices))


def read(query: Mapping[str, str]) -> tuple[Choices, tuple[str, ...]]:
    """Returns what an address asks for, and what in it could not be used, in words."""
    found, messages = Choices(), []
    for name in NAMES:
        text = query.get(name, "").strip()
        if not text:
            continue
        try:
            found = replace(found, **{name: _value(name, text)})
        except ValueError as error:
            messages.append(f"The link's '{name}' is '{text}', which {error}. It is left out.")
    return found, tuple(messages)


def _value(name: str, text: str) -> Any:
    if name in ("by", "since"):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError("is no day written as 2027-03-31") from None
    if name in BOUNDS:
        low, high = BOUNDS[name]
        whole = text.removeprefix("-")
        if not whole.isascii() or not whole.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"is no whole number from {low:,} to {high:,}")
        return int(text)
    offered = tuple(STANDARDS) if name == "standard" else SURE
    matching = [value for value in offered if f"{value:g}" == text]
    if not matching:
        raise ValueError(f"is none of {', '.join(f'{value:g}' for value in offered)}")
    return matching[0]


def month_ends(on: date, last: date) -> tuple[date, ...]:
    """Returns the ends of the months after a day, up to and with the last."""
    found, month = [], months_after(on.replace(day=1), 1)
    while (end := period_end(month, "month")) <= last:
        found.append(end)
        month = months_after(month, 1)
    return tuple(found)


def quarter_ends(on: date) -> tuple[date, ...]:
    """Returns the ends of quarters that a list counted on a day is projected to."""
    last = months_after(on.replace(day=1), 27)
    ends = month_ends(on, last)
    return tuple(day for day in ends if day.month % 3 == 0 and _LEAST_WEEKS <= weeks_to(on, day) <= LONGEST_WEEKS)


def weeks_to(on: date, day: date) -> int:
    """Returns the whole weeks from one day to another, to the nearest."""
    return round((day - on).days / 7)
