"""The whole scorecard as a file: every measure, every column of the page in plain values."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from dashboard.viewmodels.charts import Download
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.scorecard import GROUPS, STATUS_WORDS, Row, Scorecard
from dashboard.viewmodels.spc_terms import ASSURANCE, NO_TARGET, STATES, VARIATION
from metrics.catalogue import Catalogue, Metric

COLUMNS: Final = (
    "organisation_code", "organisation", "metric", "measure", "capability", "definition_version", "figure_of", "period",
    "grain", "value", "value_shown", "unit", "status", "coverage", "age", "newer_data_due", "variation",
    "variation_means", "assurance", "assurance_means", "mean", "lower_process_limit", "upper_process_limit",
    "points_in_phase", "phase_from", "rules", "weak_signal", "target", "target_kind", "direction", "narrative",
    "change", "chart", "profile", "filters",
)  # fmt: skip


def scorecard_file(
    card: Scorecard, catalogue: Catalogue, filters: Filters, weak: Collection[str] | None = None
) -> Download:
    """Returns the scorecard as a file, in the order of the board, with what is not reported at the end.

    Args:
        card: the scorecard.
        catalogue: gives each definition's version.
        filters: what the reader chose, written into every line.
        weak: the metrics whose signal chance alone may explain; None when that was not asked.
    """
    chosen = "&".join(f"{name}={value}" for name, value in filters.query().items())

    def line(metric: Metric, values: dict[str, object]) -> tuple[object, ...]:
        said = {
            "organisation_code": card.place.code, "organisation": card.place.name, "metric": metric.id,
            "measure": metric.title, "capability": GROUPS[metric.capability],
            "definition_version": catalogue.version_of(metric), "direction": metric.direction, "filters": chosen,
            **values,
        }  # fmt: skip
        return tuple(said.get(name) for name in COLUMNS)

    lines = [line(row.metric, {**_figure(row), **_chart(row, weak)}) for row in card.rows]
    silent = [metric for group in card.groups for metric in group.unreported]
    lines += [line(metric, {"status": "Not reported", "period": None}) for metric in silent]
    name = f"scorecard-{card.place.code}{f'-{filters.month:%Y-%m}' if filters.month else ''}.csv"
    return Download(name, COLUMNS, tuple(lines))


def _figure(row: Row) -> dict[str, object]:
    figure: dict[str, object] = {
        "figure_of": row.whose or None, "period": row.period, "grain": row.grain or None, "value": row.number,
        "value_shown": row.value, "unit": row.metric.unit, "status": STATUS_WORDS.get(row.status, row.status),
        "coverage": row.coverage or None, "change": row.change.text if row.change else None,
    }  # fmt: skip
    if row.freshness:
        figure |= {"age": row.freshness.text, "newer_data_due": "yes" if row.freshness.stale else "no"}
    if row.target:
        figure |= {"target": row.target.target.value, "target_kind": row.target.kind_words}
    if row.spread:
        figure |= {"value": row.spread.median, "value_shown": f"middle of {row.spread.organisations} organisations"}
    return figure


def _chart(row: Row, weak: Collection[str] | None) -> dict[str, object]:
    chart = row.variation
    if chart is None or row.spread:
        return {"variation": "Not charted", "assurance": None}
    variation = VARIATION.get(chart.variation_icon or "") or STATES.get(chart.state)
    assurance = ASSURANCE.get(chart.assurance_icon or "")
    told: dict[str, object] = {
        "variation": variation.short if variation else "Not charted",
        "variation_means": variation.text if variation else None,
        "assurance": assurance.short if assurance else "Not judged" if row.target else NO_TARGET,
        "assurance_means": assurance.text if assurance else None,
        "points_in_phase": chart.points_used,
        "phase_from": chart.phase_from,
        "rules": chart.rules or None,
        "narrative": chart.narrative.text,
        "chart": chart.kind,
        "profile": f"{chart.profile}: {chart.profile_words}",
    }
    if row.whose:  # another's figure is no verdict on this place
        told |= {"variation": "Not judged", "variation_means": None, "assurance": "Not judged", "assurance_means": None}
    if row.has_limits:
        told |= {"mean": chart.mean, "lower_process_limit": chart.lower, "upper_process_limit": chart.upper}
    if weak is not None:
        told["weak_signal"] = "yes" if row.metric.id in weak else "no"
    return told
