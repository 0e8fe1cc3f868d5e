"""The filters of a view, read from and written to the query string, so that a link reopens the same view."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from urllib.parse import urlencode

from dashboard.format import months_after, period_end
from dashboard.viewmodels.places import ENGLAND, Places

SPANS: Final[Mapping[str, str]] = {
    "1y": "1 year", "2y": "2 years", "3y": "3 years", "5y": "5 years", "all": "All years held",
}  # fmt: skip
DEFAULT_SPAN: Final = "3y"
MOST_SERVICES: Final = 5
_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader chose. The defaults show England, the latest period, three years of history.

    Attributes:
        organisation: an organisation code.
        month: the first day of the last month to show; None is the latest.
        span: how far back charts go, a key of `SPANS`.
        services: treatment function codes, none for all.
    """

    organisation: str = ENGLAND
    month: date | None = None
    span: str = DEFAULT_SPAN
    services: tuple[str, ...] = ()

    @property
    def period_to(self) -> date | None:
        """Returns the last day to show; None is the latest."""
        return period_end(self.month, "month") if self.month else None

    def period_from(self, last: date) -> date | None:
        """Returns the first day to show in charts that end at `last`; None is everything."""
        if self.span == "all":
            return None
        return months_after(last, -12 * int(self.span[0]))

    def with_services(self, services: tuple[str, ...]) -> Filters:
        """Returns the same choices for other services, none for all."""
        return replace(self, services=services)

    def query(self) -> dict[str, str]:
        """Returns the query string's parts. The organisation is always said, the rest when it is not the default."""
        parts = {"org": self.organisation}
        if self.month:
            parts["to"] = f"{self.month:%Y-%m}"
        if self.span != DEFAULT_SPAN:
            parts["span"] = self.span
        if self.services:
            parts["service"] = ",".join(self.services)
        return parts


KEYS: Final = ("org", "to", "span", "service")


def read(
    query: Mapping[str, str], *, places: Places, services: Collection[str], today: date, oldest: date | None = None
) -> tuple[Filters, tuple[str, ...]]:
    """Returns the filters that a query string asks for, and what in it could not be used, in words.

    An unusable part falls back to its default; the others still hold. A code that another organisation answers for
    today becomes that organisation's. `oldest` is the first day that any data cover.
    """
    found, messages = Filters(), []
    code = query.get("org", "").strip().upper()
    if code in places.successors:
        today_is = places.by_code[places.successors[code]]
        messages.append(
            f"{places.former[code]} ({code}) is now part of {today_is.name} ({today_is.code}), which is shown."
        )
        code = today_is.code
    if code and code not in places:
        messages.append(f"The link asks for organisation '{code}', which is not known here. England is shown instead.")
    elif code:
        found = replace(found, organisation=code)
    month = query.get("to", "").strip()
    if month:
        match = _MONTH.fullmatch(month)
        first = date(int(match[1]), int(match[2]), 1) if match and int(match[1]) else None
        if first is None:
            messages.append(f"The link's period '{month}' is not a month written as 2026-03. The latest is shown.")
        elif first > today:
            messages.append(f"The link's period '{month}' is in the future. The latest is shown.")
        elif oldest and period_end(first, "month") < oldest:
            messages.append(
                f"The link's period, {first:%B %Y}, is before the first data held, of {oldest:%B %Y}. "
                "The latest is shown."
            )
        else:
            found = replace(found, month=first)
    span = query.get("span", "").strip()
    if span and span not in SPANS:
        messages.append(f"The link's history '{span}' is not one of {', '.join(SPANS)}. Three years are shown.")
    elif span:
        found = replace(found, span=span)
    asked = tuple(dict.fromkeys(part.strip() for part in query.get("service", "").split(",") if part.strip()))
    known = tuple(part for part in asked if part in services)
    if len(known) < len(asked):
        unknown = ", ".join(part for part in asked if part not in services)
        messages.append(f"The link asks for service {unknown}, which is not known here. It is left out.")
    if len(known) > MOST_SERVICES:
        messages.append(f"At most {MOST_SERVICES} services are shown at once. The first {MOST_SERVICES} are kept.")
    return replace(found, services=known[:MOST_SERVICES]), tuple(messages)


def link(page: str, filters: Filters, **others: str) -> str:
    """Returns the relative address of a page with the filters kept: 'metric?metric=ae_four_hour&org=R0A'."""
    parts = {**{name: value for name, value in others.items() if value}, **filters.query()}
    return f"{page}?{urlencode(parts, safe=',')}"
