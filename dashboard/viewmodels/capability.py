"""A capability of the transformation: what is measured of it, and what is not measured yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from dashboard import format as words
from dashboard.viewmodels import scorecard
from dashboard.viewmodels.asking import Layer, histories
from dashboard.viewmodels.charts import LineChart, line_chart
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Places

_MOST_CHARTS: Final = 4


@dataclass(frozen=True, slots=True)
class About:
    """What a capability page says of itself.

    Attributes:
        groups: the capabilities of the catalogue that it shows.
        not_measured: what belongs here and has no data yet.
    """

    title: str
    intro: str
    groups: tuple[str, ...]
    not_measured: tuple[str, ...]


CAPABILITIES: Final[Mapping[str, About]] = {
    "roadmap": About(
        "Roadmap",
        "Is there a plan, and does it move? National publications say how mature each organisation's leadership and "
        "digital planning are. They do not say what your own programme delivers.",
        ("roadmap",),
        (
            "Initiatives, their milestones and their slippage",
            "Benefits planned against benefits realised",
            "Programme spending against plan",
        ),
    ),
    "people": About(
        "People",
        "Do staff have the time, the skills and the support that change needs? From the workforce, sickness and "
        "staff survey publications.",
        ("people",),
        ("Digital skills and training completed", "Vacancies and turnover by month", "Time spent in clinical systems"),
    ),
    "operations": About(
        "Operations",
        "Do beds, theatres and clinics flow? From the daily and monthly situation reports. Published figures arrive "
        "days to months late; they are not a live view of the wards.",
        ("operations",),
        ("Beds, theatres and clinics at this moment", "Length of stay by ward", "Time to complete common tasks"),
    ),
    "technology": About(
        "Technology",
        "Are systems safe, used and fit for purpose? From the digital maturity assessment, the data security toolkit "
        "and the estates return.",
        ("technology",),
        ("Availability of clinical systems", "Use of each system by staff group", "Help desk demand"),
    ),
    "data": About(
        "Data",
        "Can the figures be trusted and shared? From the published assessments of digital maturity and security.",
        ("data",),
        ("Completeness and timeliness of your own records", "Messages exchanged between systems", "Coding quality"),
    ),
    "change": About(
        "Change",
        "Is new practice taken up? From publications on virtual wards, the NHS App and remote appointments.",
        ("change",),
        ("Adoption of each change by team", "Pilots that became practice", "Usability as staff rate it"),
    ),
    "impact": About(
        "Impact",
        "What the transformation promised: administrative cost down, outcomes up, staff satisfaction up. The figures "
        "show what happened, not what caused it.",
        ("impact_cost", "impact_outcomes", "impact_staff"),
        ("What each initiative contributed, against comparable organisations", "Cost of administration by process"),
    ),
}


@dataclass(frozen=True, slots=True)
class CapabilityView:
    """A capability page: its groups as on the scorecard, charts over time, and what is missing."""

    about: About
    card: scorecard.Scorecard
    charts: tuple[LineChart, ...]
    whose: Mapping[str, str]

    @property
    def measured(self) -> str:
        """Returns how much is measured, in a sentence."""
        rows = self.card.rows
        if not rows:
            return f"Nothing is measured here yet for {self.card.place.name}."
        own = sum(1 for row in rows if not row.whose)
        text = f"{words.counted(len(rows), 'measure')} for {self.card.place.name}"
        return f"{text}." if own == len(rows) else f"{text}, {own} of them its own figures."


def build(layer: Layer, places: Places, filters: Filters, capability: str, today: date) -> CapabilityView:
    """Returns the page of a capability, a key of `CAPABILITIES`, for the chosen place and period."""
    about = CAPABILITIES[capability]
    card = scorecard.build(layer, places, filters, today, about.groups, headlines_only=False)
    shown = [row.metric for row in card.rows if not row.spread]
    held = histories(layer, shown, card.place, places, filters.period_to)
    charts: list[LineChart] = []
    whose: dict[str, str] = {}
    for metric in shown:
        history = held[metric.id]
        newest = history.series.latest
        if newest is None or len(charts) == _MOST_CHARTS:
            continue
        start = filters.period_from(words.period_end(newest.period, history.series.grain))
        cut = history.series.shown_since(start)
        if sum(point.value is not None for point in cut.points) < 3:
            continue
        place = history.reach.shown
        version = layer.catalogue.version_of(metric)
        charts.append(line_chart(metric.id, cut, place.name, organisation=place.code, version=version))
        whose[metric.id] = history.reach.label
    return CapabilityView(about, card, tuple(charts), whose)
