"""A capability of the transformation: what is measured of it, and what is not measured yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels import scorecard
from dashboard.viewmodels.asking import History, Layer, histories
from dashboard.viewmodels.charts import LineChart, line_chart
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Places

_MOST_CHARTS: Final = 4
_FEWEST_VALUES: Final = 3


@dataclass(frozen=True, slots=True)
class About:
    """What a capability page says of itself.

    Attributes:
        groups: the capabilities of the catalogue that it shows.
        not_measured: what belongs here and has no data yet.
        over_time: the charts, a sub-topic each: its measures by importance, of which the first that is held is drawn.
            Without sub-topics the first measures are drawn.
    """

    title: str
    intro: str
    groups: tuple[str, ...]
    not_measured: tuple[str, ...]
    over_time: tuple[tuple[str, ...], ...] = ()


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
        (
            ("acute_bed_occupancy", "bed_occupancy"),
            ("discharges_daily",),
            ("no_criteria_to_reside",),
            ("ambulance_handover_mean",),
        ),
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
        (
            ("admin_workforce_share", "medical_records_cost"),
            ("shmi", "fft_inpatient_positive", "proms_hip_gain"),
            ("staff_engagement", "staff_morale", "staff_burned_out_share"),
        ),
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


def build(
    layer: Layer, places: Places, filters: Filters, capability: str, today: date, *, entries: pl.DataFrame | None = None
) -> CapabilityView:
    """Returns the page of a capability, a key of `CAPABILITIES`, for the chosen place and period.

    `entries` are the journal's, as `Journal.everything` gives them; None for none.
    """
    about = CAPABILITIES[capability]
    card = scorecard.build(layer, places, filters, today, about.groups, headlines_only=False, entries=entries)
    shown = {row.metric.id: row.metric for row in card.rows if not row.spread}
    held = histories(layer, shown.values(), card.place, places, filters.period_to)
    charts: list[LineChart] = []
    whose: dict[str, str] = {}
    named = any(name in shown for topic in about.over_time for name in topic)
    for topic in about.over_time if named else [(name,) for name in shown]:
        drawn = (_chart(layer, held[name], filters) for name in topic if name in shown)
        chart = next((each for each in drawn if each), None)
        if chart and len(charts) < _MOST_CHARTS:
            charts.append(chart)
            whose[chart.metric.id] = held[chart.metric.id].reach.label
    return CapabilityView(about, card, tuple(charts), whose)


def _chart(layer: Layer, history: History, filters: Filters) -> LineChart | None:
    """Returns a measure's chart, None when too few values are held to show a course."""
    series, place = history.series, history.reach.shown
    newest = series.latest
    if newest is None:
        return None
    cut = series.shown_since(filters.period_from(words.period_end(newest.period, series.grain)))
    if sum(point.value is not None for point in cut.points) < _FEWEST_VALUES:
        return None
    version = layer.catalogue.version_of(series.metric)
    return line_chart(series.metric.id, cut, place.name, organisation=place.code, version=version)
