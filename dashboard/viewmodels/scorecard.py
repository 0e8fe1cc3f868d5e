"""The scorecard: every headline metric of a place, grouped by what it tells about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.asking import History, Layer, histories, spreads
from dashboard.viewmodels.board import Reading
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.freshness import Freshness, freshness_of
from dashboard.viewmodels.matrix import Matrix, Verdict, chooses, matrix_of, verdict_of
from dashboard.viewmodels.places import Place, Places
from dashboard.viewmodels.reach import concerns
from dashboard.viewmodels.series import (
    Change,
    Point,
    Series,
    Spread,
    TargetCheck,
    change_of,
    check_target,
    judged,
    values_of,
)  # fmt: skip
from dashboard.viewmodels.subjects import Context, judged_histories
from dashboard.viewmodels.variation import Variation
from metrics.catalogue import Catalogue, Metric
from metrics.journal.reading import no_entries
from metrics.query.result import Status

GROUPS: Final[Mapping[str, str]] = {
    "access": "Access and waiting",
    "operations": "Operations",
    "demand": "Demand",
    "people": "People",
    "technology": "Technology",
    "data": "Data",
    "roadmap": "Roadmap",
    "change": "Change",
    "impact_cost": "Impact: administrative cost",
    "impact_outcomes": "Impact: outcomes",
    "impact_staff": "Impact: staff satisfaction",
}
# As a board reads them; what is not named follows in the order of the definitions.
ORDER: Final = (
    "ae_four_hour", "ae_dta_12h", "ambulance_cat2_mean", "rtt_within_18_weeks", "rtt_waiting_list",
    "rtt_over_52_weeks", "cancer_fds", "cancer_62_day", "diagnostics_over_6_weeks", "outpatient_dna",
    "acute_bed_occupancy", "bed_occupancy", "no_criteria_to_reside", "discharges_daily", "ambulance_handover_mean",
    "cancelled_operations", "ae_attendances", "emergency_admissions", "ambulance_incidents", "gp_appointments",
    "sickness_absence", "workforce_fte", "staff_raising_concerns", "epr_in_place", "records_wholly_electronic",
    "dspt_met", "dma_overall", "dma_well_led", "nhs_app_logins", "virtual_ward_occupancy", "gp_remote_share",
    "admin_workforce_share", "medical_records_cost", "shmi", "fft_inpatient_positive", "staff_engagement",
    "staff_morale",
)  # fmt: skip
STALE_WORDS: Final = (
    "Newer data due: the figure is older than its publication's usual interval and delay, so that a newer one should "
    "be out, and is not loaded here."
)
STATUS_WORDS: Final[Mapping[str, str]] = {
    Status.FINAL: "Final",
    Status.PROVISIONAL: "Provisional: may still be revised",
    Status.INCOMPLETE: "Incomplete: the period is still running",
    Status.MISSING: "Partial: too few organisations reported",
    Status.NO_DATA: "No data",
}
NOT_JUDGED: Final = "Not judged"
# The headings of 'exceptions first', and which ranks of a verdict stand under each.
EXCEPTIONS: Final[Mapping[str, tuple[int, ...]]] = {
    "Special cause: concern": (0, 1),
    "Consistently failing the target": (2,),
    "Special cause: improvement": (3,),
    "Special cause: change": (4,),
    "Common cause": (5,),
    NOT_JUDGED: (6,),
}
_LIMITED: Final = ("ok", "no_variation", "missing_latest", "stale")
_SPARK_PERIODS: Final[Mapping[str, int]] = {"month": 25, "quarter": 13, "financial_year": 8}


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of the scorecard.

    Attributes:
        whose: whose figure it is when it is not the chosen place's own.
        spread: the middle of the organisations, shown in place of a value for an index.
        spark: the newest values, None where nothing was reported.
        grain: the length of the periods.
        number: the value as a number; None for a spread.
        variation: what its control chart says; None where it has none.
    """

    metric: Metric
    value: str
    unit: str
    period: str
    whose: str
    change: Change | None
    target: TargetCheck | None
    spread: Spread | None
    spark: tuple[float | None, ...]
    spark_text: str
    freshness: Freshness | None
    status: str
    coverage: str
    notes: tuple[str, ...] = ()
    grain: str = ""
    number: float | None = None
    variation: Variation | None = None

    @property
    def has_value(self) -> bool:
        """Returns whether there is a figure or a spread to show."""
        return bool(self.period)

    @property
    def has_limits(self) -> bool:
        """Returns whether its control chart has a mean and limits that say something."""
        return self.variation is not None and self.variation.mean is not None and self.variation.state in _LIMITED

    @property
    def verdict(self) -> Verdict:
        """Returns how the matrix sorts it: by its control chart when the figure is the place's own."""
        chart, yearly = self.variation, self.grain == "financial_year"
        due = bool(self.freshness and self.freshness.stale and not self.whose)
        if self.whose or self.spread or chart is None:
            reason = "other" if self.whose else "spread" if self.spread else "too-few-points"
            return Verdict(None, unjudged=reason, due=due)
        return replace(verdict_of(chart.state, chart.variation_icon, chart.assurance_icon, yearly=yearly), due=due)


@dataclass(frozen=True, slots=True)
class Tile:
    """One number of the summary. `cell` names the measures that it counts, where they can be listed."""

    title: str
    text: str
    cell: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The metrics under one heading. `unreported` are those with nothing to show."""

    key: str
    title: str
    rows: tuple[Row, ...]
    unreported: tuple[Metric, ...]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """All groups for a place."""

    place: Place
    groups: tuple[Group, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for group in self.groups for row in group.rows)

    @property
    def own(self) -> tuple[Row, ...]:
        """Returns the rows whose figures are the place's own: only they are summed up for it."""
        return tuple(row for row in self.rows if not row.whose)

    @property
    def stale(self) -> int:
        """Returns how many figures are older than their publication's habit."""
        return sum(1 for row in self.rows if row.freshness and row.freshness.stale)

    @property
    def headline(self) -> str:
        """Returns what is shown, in one sentence."""
        count = words.counted(len(self.rows), "measure")
        kind = {None: "published ", "operational": ""}.get(self.place.own_records, "simulated ")
        shown = f"Latest {kind}figures for {self.place.name}: {count}"
        own = len(self.own)
        return f"{shown}." if own == len(self.rows) else f"{shown}, {own} of them its own. The counts are of its own."

    @property
    def matrix(self) -> Matrix:
        """Returns every measure shown, counted once."""
        return matrix_of(row.verdict for row in self.rows)

    @property
    def summary(self) -> tuple[Tile, ...]:
        """Returns what the scorecard comes to, the most important first."""
        matrix = self.matrix
        cells = [
            ("Concern", matrix.of_variation("concern")),
            ("Improvement", matrix.of_variation("improvement")),
            ("Change", matrix.of_variation("neutral")),
            ("Common cause", matrix.of_variation("common")),
            ("Failing", matrix.of_assurance("fail")),
            ("Hit and miss", matrix.of_assurance("inconsistent")),
            ("Passing", matrix.of_assurance("pass")),
            ("Newer data due", matrix.due),
        ]
        return tuple(Tile(title, f"{cell.count:,}", cell.key) for title, cell in cells)

    @property
    def oldest(self) -> str:
        """Returns which of the place's own figures is the oldest, in words; nothing for a chosen month."""
        aged = [row for row in self.own if row.freshness]
        found = min(aged, key=lambda row: row.freshness.last_day if row.freshness else date.max, default=None)
        return f"{found.period} ({found.metric.name})" if found else ""

    def listed(self, reading: Reading) -> tuple[Group, ...]:
        """Returns the measures that the reader chose, in the order that they chose, under headings.

        What is not reported is listed by capability, when every measure is shown.
        """
        if reading.order == "capability":
            groups = tuple(replace(group, rows=_chosen(group.rows, reading)) for group in self.groups)
            if reading.cell:
                return tuple(replace(group, unreported=()) for group in groups if group.rows)
            return groups
        rows = _chosen(self.rows, reading)
        ranked = [(title, [row for row in rows if row.verdict.rank in ranks]) for title, ranks in EXCEPTIONS.items()]
        found = [
            Group(title, title, tuple(sorted(members, key=lambda row: row.verdict.rank)), ())
            for title, members in ranked
            if members
        ]
        unreported = tuple(metric for group in self.groups for metric in group.unreported)
        if unreported and not reading.cell:
            found.append(Group("unreported", "Not reported", (), unreported))
        return tuple(found)


def _chosen(rows: Sequence[Row], reading: Reading) -> tuple[Row, ...]:
    return tuple(row for row in rows if not reading.cell or chooses(reading.cell, row.verdict))


def coverage_words(point: Point, place: Place) -> str:
    """Returns '118 of 121 organisations', empty for a single organisation or when it is not known."""
    if point.expected is None or point.reporting is None or place.level == "organisation" or point.expected <= 1:
        return ""
    return f"{point.reporting:,} of {point.expected:,} organisations"


def spark_of(series: Series) -> tuple[tuple[float | None, ...], str]:
    """Returns the newest values for a small line, and the same in words."""
    newest = series.latest
    if newest is None:
        return (), ""
    kept = [point for point in series.trimmed().points if point.period <= newest.period]
    kept = kept[-_SPARK_PERIODS.get(series.grain, 25) :]
    valued = [point for point in kept if point.value is not None]
    if len(valued) < 2 or len(replace(series, points=tuple(kept)).sides) > 1:
        return (), ""
    low = min(valued, key=lambda point: point.value or 0.0)
    high = max(valued, key=lambda point: point.value or 0.0)
    metric = series.metric
    text = (
        f"{series.name_of(kept[0])} to {series.name_of(kept[-1])}: "
        f"lowest {words.value_words(low.value, metric)} in {series.name_of(low)}, "
        f"highest {words.value_words(high.value, metric)} in {series.name_of(high)}, "
        f"latest {words.value_words(newest.value, metric)}"
    )
    return tuple(values_of(kept)), text


def row_of(history: History, catalogue: Catalogue, spread: Spread | None, filters: Filters, today: date) -> Row:
    """Returns a metric's row; one without a period when nothing is held."""
    series, metric = history.series, history.metric
    model = catalogue.model_of(metric)
    newest = series.latest
    if newest is None:
        period = spread.period if spread else ""
        unit = words.unit_words(metric) if spread else ""
        value = words.value_text(spread.median, metric) if spread else words.NOT_REPORTED
        if spread and spread.bands:
            value, unit = f"{spread.organisations:,}", "trusts rated"
        return Row(metric, value, unit, period, history.reach.label, None, None,
                   spread, (), "", None, Status.FINAL if spread else Status.NO_DATA, "", history.notes)  # fmt: skip
    spark, spark_text = spark_of(series)
    last = words.period_end(newest.period, series.grain)
    settled = newest.status in (Status.FINAL, Status.PROVISIONAL)
    single = metric.id in words.YES_NO and history.reach.shown.level == "organisation"
    change = change_of(series)
    if single and change and change.amount:
        change = replace(change, text=f"after {words.answer_words(0.0 if change.amount > 0 else 1.0)} in {change.than}")
    return Row(
        metric=metric,
        value=words.answer_words(newest.value) if single else words.value_text(newest.value, metric),
        unit="" if single else words.unit_words(metric),
        period=series.name_of(newest),
        whose=history.reach.label,
        change=change,
        target=check_target(metric, newest.value, last, history.reach.shown.code) if settled else None,
        spread=None,
        spark=() if single else spark,
        spark_text="" if single else spark_text,
        freshness=freshness_of(series, newest, model.stale_after_days, today) if filters.month is None else None,
        status=newest.status,
        coverage=coverage_words(newest, history.reach.shown),
        notes=history.notes,
        grain=series.grain,
        number=newest.value,
    )


def _rank(metric: Metric) -> tuple[int, bool]:
    """Returns where a metric stands: one of own records right before the published one that measures the same."""
    name = metric.twin or metric.id
    return (ORDER.index(name) if name in ORDER else len(ORDER), metric.twin is None)


def build(
    layer: Layer,
    places: Places,
    filters: Filters,
    today: date,
    capabilities: Sequence[str] = tuple(GROUPS),
    *,
    headlines_only: bool = True,
    entries: pl.DataFrame | None = None,
) -> Scorecard:
    """Returns the scorecard of the chosen place and period.

    Args:
        layer: the metrics layer.
        places: all organisations.
        filters: what the reader chose.
        today: the day that ages are counted to.
        capabilities: the groups to show, in this order.
        headlines_only: leaves out the metrics that their definitions keep off the scorecard.
        entries: the journal's, as `Journal.everything` gives them; None for none.
    """
    catalogue = layer.catalogue
    place = places.by_code[filters.organisation]
    chosen = [
        metric
        for metric in catalogue
        if metric.capability in capabilities
        and (metric.headline or not headlines_only)
        and concerns(catalogue, metric, place)
    ]
    chosen.sort(key=_rank)
    held = histories(layer, chosen, place, places, filters.period_to)
    silent = [
        metric
        for metric in chosen
        if metric.type == "index" and held[metric.id].series.latest is None and place.level != "organisation"
    ]
    middles = spreads(layer, silent, place, filters.period_to) if silent else {}
    context = Context(
        catalogue, no_entries() if entries is None else entries, layer.successions(), None if filters.month else today
    )
    charts = judged_histories(held, context)
    rows = [
        replace(row_of(held[metric.id], catalogue, middles.get(metric.id), filters, today), variation=charts[metric.id])
        for metric in chosen
    ]
    groups = []
    for key in capabilities:
        members = [row for row in rows if row.metric.capability == key]
        shown = tuple(row for row in members if row.has_value)
        unreported = tuple(row.metric for row in members if not row.has_value)
        if members:
            groups.append(Group(key, GROUPS[key], shown, unreported))
    return Scorecard(place, tuple(groups))


__all__ = [
    "GROUPS", "STATUS_WORDS", "Freshness", "Group", "Row", "Scorecard", "build", "coverage_words", "freshness_of",
    "judged", "row_of", "spark_of",
]  # fmt: skip
