"""The scorecard's groups as tables: one row a metric, cards on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from dashboard import format as words
from dashboard.components.html import arrow, badge, spark, view_link
from dashboard.viewmodels.filters import Filters, link
from dashboard.viewmodels.scorecard import STATUS_WORDS, Group, Row
from dashboard.viewmodels.series import Change
from metrics.query.result import Status

_TONES = {"better": "good", "worse": "poor"}


def group_table(group: Group, filters: Filters) -> str:
    """Returns a group's table, every metric linked to its page with the filters kept."""
    heads = ("Measure", "Latest", "Change", "Target", "Trend", "Age and completeness")
    head = "".join(f'<th scope="col" role="columnheader">{text}</th>' for text in heads)
    rows = "".join(_row(row, filters) for row in group.rows)
    body = (
        f'<table class="bw-card" role="table" aria-label="{escape(group.title)}">'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{rows}</tbody></table>'
        if group.rows
        else ""
    )
    return f'<div class="bw">{body}{_unreported(group, filters)}</div>'


def summary_tiles(pairs: Sequence[tuple[str, str]]) -> str:
    """Returns what the scorecard comes to, as titled words side by side."""
    tiles = "".join(f"<div><dt>{escape(title)}</dt><dd>{escape(text)}</dd></div>" for title, text in pairs)
    return f'<dl class="bw bw-tiles" data-testid="summary">{tiles}</dl>'


def change_cell(change: Change | None) -> str:
    """Returns the change in words, with an arrow that says the same."""
    if change is None:
        return '<span class="bw-quiet">No earlier final period to compare</span>'
    direction = "level" if change.amount == 0 else "up" if change.amount > 0 else "down"
    text = change.text[0].upper() + change.text[1:]
    tone = _TONES.get(change.judgement, "plain")
    return f"{badge(change.judgement, tone)}<small>{arrow(direction)}{escape(text)}</small>"


def target_cell(row: Row) -> str:
    """Returns whether the target is met, in words, and who set it."""
    if row.target is None:
        return '<span class="bw-quiet">None set</span>'
    check = row.target
    sense = "at least" if row.metric.direction == "increase" else "at most"
    return (
        f"{badge('Met' if check.met else 'Not met', 'good' if check.met else 'poor')}"
        f"<small>{check.kind_words.capitalize()}: {sense} {escape(check.value_text)}</small>"
    )


def age_cell(row: Row) -> str:
    """Returns how old and how complete the value is."""
    parts = [escape(row.freshness.text.capitalize()) if row.freshness else "Chosen period"]
    if row.freshness and row.freshness.stale:
        parts[0] += " " + badge("newer data due")
    said = STATUS_WORDS.get(row.status, row.status)
    if row.status == Status.FINAL:
        parts.append(f"<small>{escape(said)}{'; ' + row.coverage if row.coverage else ''}</small>")
    else:
        parts.append(f"<small>{badge(said, 'warn')} {row.coverage}</small>")
    return "".join(parts)


def _row(row: Row, filters: Filters) -> str:
    address = link("metric", filters, metric=row.metric.id)
    whose = f"<small>{badge(row.whose, 'warn')}</small>" if row.whose else ""
    name = f'<th scope="row" role="rowheader">{view_link(address, row.metric.name)}{whose}</th>'
    unit = f"<small>{escape(row.unit)}</small>" if row.unit else ""
    period = f"<small>{escape(row.period)}</small>"
    value = f'<td role="cell"><span class="bw-value">{escape(row.value)}</span>{unit}{period}</td>'
    if row.spread:
        middle = row.spread
        low, high = (words.value_text(each, row.metric) for each in (middle.lower, middle.upper))
        text = (
            f"{middle.bands_text}. Trusts are counted, as ratings are never averaged."
            if middle.bands
            else f"Middle of {middle.organisations} trusts, not a figure of its own. Half lie between {low} and {high}."
        )
        return f"<tr role='row'>{name}{value}<td role='cell' colspan='4' class='bw-quiet'>{escape(text)}</td></tr>"
    return (
        f'<tr role="row">{name}{value}<td role="cell">{change_cell(row.change)}</td>'
        f'<td role="cell">{target_cell(row)}</td>'
        f'<td role="cell" class="bw-trend">{spark(row.spark, row.spark_text)}</td>'
        f'<td role="cell" class="bw-when">{age_cell(row)}</td></tr>'
    )


def _unreported(group: Group, filters: Filters) -> str:
    if not group.unreported:
        return ""
    links = ", ".join(view_link(link("metric", filters, metric=each.id), each.name) for each in group.unreported)
    return f'<p class="bw-note">Not reported for this organisation and period: {links}.</p>'
