"""What the Today page shows: its parts, what each is made from, its filters, and the sentence at its head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dashboard import format as words
from dashboard.viewmodels.now import Chosen, Now, instant_words

SITE, SERVICE = "site", "clinic"
# The metrics that each part shows: it is drawn again when the data of one of them moved.
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "ed": ("today_ed_present", "today_ed_to_be_seen", "today_ed_for_bed", "today_ambulances"),
    "arrivals": ("today_ed_arrivals",),
    "beds": (
        "today_inpatients", "today_ready_to_leave", "today_beds_open", "today_beds_escalation",
        "today_beds_available", "today_occupancy", "today_discharges",
    ),
    "clinics": ("today_appointments", "today_seen", "today_dna", "today_cancelled", "today_to_come"),
    "systems": (
        "today_messages", "today_messages_failed", "today_failing", "today_queued", "today_systems_down",
    ),
    "alerts": ("today_alerts_open", "today_alerts_raised"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure with its words. `note` says more beneath it."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above all parts.

    Attributes:
        title: whose day it is; 'simulated' is said where the records are.
        as_of: the instant that the figures hold for, in words.
        note: what to know of them.
    """

    title: str
    as_of: str
    note: str


def read(
    query: Mapping[str, str], sites: Mapping[str, str], services: Mapping[str, str]
) -> tuple[Chosen, tuple[str, ...]]:
    """Returns the filters of an address, and what in it could not be used, in words."""
    messages = []
    site, service = query.get(SITE, "").strip(), query.get(SERVICE, "").strip()
    if site and site not in sites:
        messages.append(f"The link's site '{site[:40]}' is not known here. All sites are shown.")
        site = ""
    if service and service not in services:
        messages.append(f"The link's service '{service[:40]}' is not known here. All services are shown.")
        service = ""
    return Chosen(site or None, service or None), tuple(messages)


def head(now: Now, names: Mapping[str, str]) -> Head:
    """Returns the head of the page; `names` are those of organisations, by code."""
    whose = ", ".join(names.get(code, code) for code in now.clock.organisations)
    simulated = now.clock.simulated
    mark = " (simulated)" if simulated and "simulated" not in whose.casefold() else ""
    note = "Every figure is simulated: no real patient, member of staff or hospital is in it." if simulated else ""
    return Head(f"Today: {whose}{mark}", instant_words(now.at), note)


def count_words(count: float | None) -> str:
    """Returns a count, or that it is not reported."""
    return words.NOT_REPORTED if count is None else words.number(count)
