"""The scorecard's measures as tables: one row a measure; compact cards on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from dashboard import format as words
from dashboard.components.html import badge, spark, view_link
from dashboard.components.limit_spark import limit_spark
from dashboard.components.spc_icons import no_icon, worded
from dashboard.viewmodels.board import Reading
from dashboard.viewmodels.filters import Filters, link
from dashboard.viewmodels.scorecard import STATUS_WORDS, Group, Row, Tile
from dashboard.viewmodels.spc_terms import TERMS
from metrics.query.result import Status

_HEADS = (
    "Measure", "Latest", "Variation", "Assurance", "Mean and process limits", "Target", "Trend", "Age and completeness",
)  # fmt: skip
_SIDE = 4  # the columns that a phone shows; the others stand behind "More"


def group_table(group: Group, filters: Filters, weak: frozenset[str] = frozenset()) -> str:
    """Returns a group's table, every measure linked to its page and every icon to its chart, with the filters kept.

    Args:
        group: the measures.
        filters: what the reader chose.
        weak: the metrics whose signal chance alone may explain, which is said beside their icon.
    """
    heads = "".join(f'<th scope="col" role="columnheader">{text}</th>' for text in _HEADS)
    more = '<th scope="col" role="columnheader" class="bw-more">More</th>'
    rows = "".join(_row(row, filters, weak=row.metric.id in weak) for row in group.rows)
    body = (
        f'<table class="bw-card bw-board" role="table" aria-label="{escape(group.title)}">'
        f'<thead role="rowgroup"><tr role="row">{heads}{more}</tr></thead><tbody role="rowgroup">{rows}</tbody></table>'
        if group.rows
        else ""
    )
    return f'<div class="bw bw-listed">{body}{_unreported(group, filters)}</div>'


def folded_table(group: Group, filters: Filters, weak: frozenset[str] = frozenset()) -> str:
    """Returns a group's table behind its title and count, closed: what is not judged needs no look at first."""
    title = f"{group.title}: {words.counted(len(group.rows), 'measure')}"
    return (
        f'<details class="bw bw-fold" data-testid="folded"><summary><span role="heading" aria-level="3">'
        f"{escape(title)}</span></summary>"
        f"{group_table(group, filters, weak)}</details>"
    )


def summary_tiles(tiles: Sequence[Tile], reading: Reading, filters: Filters) -> str:
    """Returns what the scorecard comes to, as titled words side by side; a count leads to its measures."""

    def shown(tile: Tile) -> str:
        if not tile.cell or tile.text == "0":
            return escape(tile.text)
        address = escape(reading.address(filters, cell=tile.cell))
        return f'<a data-view data-stay href="{address}" target="_self">{escape(tile.text)}</a>'

    items = "".join(f"<div><dt>{escape(tile.title)}</dt><dd>{shown(tile)}</dd></div>" for tile in tiles)
    return f'<dl class="bw bw-tiles" data-testid="summary">{items}</dl>'


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
    parts = [escape(row.freshness.text.capitalize()) if row.freshness else "Newest by the chosen month"]
    if row.freshness and row.freshness.stale:
        parts[0] += " " + badge("newer data due")
    said = STATUS_WORDS.get(row.status, row.status)
    if row.status == Status.FINAL:
        parts.append(f"<small>{escape(said)}{'; ' + row.coverage if row.coverage else ''}</small>")
    else:
        parts.append(f"<small>{badge(said, 'warn')} {row.coverage}</small>")
    return "".join(parts)


def _row(row: Row, filters: Filters, *, weak: bool) -> str:
    address = link("metric", filters, metric=row.metric.id)
    whose = f"<small>{badge(row.whose, 'warn')}</small>" if row.whose else ""
    name = f'<th scope="row" role="rowheader">{view_link(address, row.metric.name)}{whose}</th>'
    broken = escape(row.unit).replace(":", ":<wbr>")  # 'minutes:seconds' is wider than its column
    unit = f'<small class="bw-unit">{broken}</small>' if row.unit else ""
    period = f'<small class="bw-unit">{escape(row.period)}</small>'
    value = f'<td role="cell" class="bw-latest"><span class="bw-value">{escape(row.value)}</span>{unit}{period}</td>'
    if row.spread:
        middle = row.spread
        low, high = (words.value_text(each, row.metric) for each in (middle.lower, middle.upper))
        text = (
            f"{middle.bands_text}. Trusts are counted, as ratings are never averaged."
            if middle.bands
            else f"Middle of {middle.organisations} trusts, not a figure of its own. Half lie between {low} and {high}."
        )
        return f'<tr role="row">{name}{value}<td role="cell" colspan="6" class="bw-quiet">{escape(text)}</td></tr>'
    chart = f"{address}#chart"
    beside = (limits_cell(row), _goal(row), _course(row), age_cell(row))
    return (
        f'<tr role="row">{name}{value}'
        f'<td role="cell" class="bw-icon">{_variation(row, chart, weak=weak)}</td>'
        f'<td role="cell" class="bw-icon">{_assurance(row, chart)}</td>'
        + "".join(f'<td role="cell" class="bw-side">{cell}</td>' for cell in beside)
        + f'<td role="cell" class="bw-more">{_more(row, beside)}</td></tr>'
    )


def limits_cell(row: Row) -> str:
    """Returns mean and process limits; without them how the value differs from a year before."""
    chart = row.variation
    if chart is None or chart.mean is None or not row.has_limits:
        if row.change is None:
            return '<span class="bw-quiet">None</span>'
        return f'<small class="bw-alone">{escape(row.change.text[0].upper() + row.change.text[1:])}</small>'
    mean = escape(words.value_text(chart.mean, row.metric))
    if chart.lower is None or chart.upper is None:
        return mean
    low, high = (escape(words.value_text(each, row.metric)) for each in (chart.lower, chart.upper))
    return f'<span class="bw-mean-value">{mean}</span><small class="bw-range">{low} to {high}</small>'


def _variation(row: Row, address: str, *, weak: bool) -> str:
    chart = row.variation
    if row.whose:
        return no_icon("Not judged, as it is another's figure")
    kind = (chart.variation_icon or chart.state) if chart else ""
    if kind not in TERMS:
        return no_icon("Not charted")
    note = "<small>Weak signal</small>" if weak else ""
    return f"{_to_chart(worded(kind, due=row.verdict.due), address, row)}{note}"


def _assurance(row: Row, address: str) -> str:
    if row.variation and row.variation.assurance_icon and not row.whose:
        return _to_chart(worded(row.variation.assurance_icon), address, row)
    return no_icon("Not judged" if row.target else "No target")


def _to_chart(content: str, address: str, row: Row) -> str:
    said = f'<span class="bw-hidden">. Chart of {escape(row.metric.name)}</span>'
    return f'<a data-view class="bw-to-chart" href="{escape(address)}" target="_self">{content}{said}</a>'


def _goal(row: Row) -> str:
    """Returns the target; whether the newest value meets it only where there is no icon of assurance."""
    if row.target is None:
        return '<span class="bw-quiet">None</span>'
    if row.variation is None or row.variation.assurance_icon is None:
        return target_cell(row)
    sense = "At least" if row.metric.direction == "increase" else "At most"
    return f"{sense} {escape(row.target.value_text)}<small>{escape(row.target.kind_words.capitalize())}</small>"


def _course(row: Row) -> str:
    chart = row.variation
    if chart is None or not chart.points:
        return spark(row.spark, row.spark_text)
    newest = chart.points[-1].phase
    since = next(place for place, point in enumerate(chart.points) if point.phase == newest)
    return limit_spark(
        [point.value for point in chart.points], [point.nature for point in chart.points],
        f"{row.spark_text}. {chart.narrative.text}".strip(". "), target=chart.target.value if chart.target else None,
        since=since, **({"mean": chart.mean, "lower": chart.lower, "upper": chart.upper} if row.has_limits else {}),
    )  # fmt: skip


def _more(row: Row, beside: Sequence[str]) -> str:
    """Returns the cells that a phone has no room for, behind one word."""
    parts = "".join(
        f"<div><dt>{title}</dt><dd>{cell}</dd></div>"
        for title, cell in zip(_HEADS[_SIDE:], beside, strict=True)
        if cell
    )
    said = f"<p>{escape(row.variation.narrative.text)}</p>" if row.variation else ""
    name = f'<span class="bw-hidden"> on {escape(row.metric.name)}</span>'
    return f'<details><summary>More{name}</summary>{said}<dl class="bw-list">{parts}</dl></details>'


def _unreported(group: Group, filters: Filters) -> str:
    if not group.unreported:
        return ""
    links = ", ".join(view_link(link("metric", filters, metric=each.id), each.name) for each in group.unreported)
    return f'<p class="bw-note">Not reported for this organisation and period: {links}.</p>'
