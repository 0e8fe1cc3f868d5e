"""One measure: history, breakdown, comparison, definition and what stands behind the number."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import format as words
from dashboard.components import (
    by_service,
    charts,
    explain,
    journal,
    peers,
    provenance,
    spc_chart,
    spc_controls,
    states,
)
from dashboard.components.html import badge, put, view_link
from dashboard.components.scorecard import age_cell, target_cell
from dashboard.components.spc_icons import legend
from dashboard.live import Watched
from dashboard.viewmodels import metric as model
from dashboard.viewmodels import metric_spc, national, saved, spc_choice
from dashboard.viewmodels.asking import filters_of
from dashboard.viewmodels.scorecard import GROUPS, Row
from dashboard.viewmodels.spc_choice import SpcChoice
from dashboard.visit import Visit
from metrics.catalogue import Catalogue, Metric, suggest
from metrics.query.periods import day_of
from metrics.query.request import Grain

DEFAULT = "ae_four_hour"
_GRAINS = {
    Grain.HOUR: "Hours", Grain.DAY: "Days", Grain.WEEK: "Weeks", Grain.MONTH: "Months", Grain.QUARTER: "Quarters",
    Grain.FINANCIAL_YEAR: "Financial years",
}  # fmt: skip


def draw(visit: Visit) -> None:
    """Draws the page."""
    metric = _chosen_metric(visit)
    st.title(metric.title, anchor=False)
    provenance.of_metric(visit, metric)
    version = visit.layer.catalogue.version_of(metric)
    states.messages(tuple(filter(None, [saved.changed(st.query_params.get(saved.KEY, ""), metric, version)])))
    split, grain = _options(visit, metric)
    view = visit.answer(
        lambda: model.build(
            visit.layer, visit.places, visit.filters, metric.id, visit.today, split=split, grain=grain
        ),
        "metric", metric.id, split, grain,
    )  # fmt: skip
    _figure(view)
    _notes(view)
    source = visit.source_of(metric.id)
    key = (*visit.key, str(split), str(grain))
    if view.history:
        _over_time(visit, metric, view, source, key)
    elif not view.row.spread:
        states.empty(
            f"{metric.name} is not reported for {visit.place.name}",
            "Not reported by this organisation. Choose another, or a later period. What others report is below, where "
            "there is any.",
        )
    _national(visit, metric, view, key)
    if view.splits:
        _breakdown(view, source, key)
    if "service" in view.splits:
        by_service.draw(visit, metric, view)
    if view.peers:
        peers.draw(visit, view, source, key)
    _definition(visit, metric, view)


def watched(visit: Visit) -> Watched:
    """Returns what the page depends on: the measure of the address, and its twin."""
    asked = st.query_params.get("metric") or st.session_state.get("metric_shown", DEFAULT)
    metric = visit.layer.catalogue.metrics.get(asked)
    return Watched(() if metric is None else tuple(filter(None, (metric.id, metric.twin))))


def offers_services(catalogue: Catalogue) -> bool:
    """Returns whether the measure of the address can be narrowed to services."""
    metric = catalogue.metrics.get(st.query_params.get("metric") or st.session_state.get("metric_shown", DEFAULT))
    if metric is None:
        return False
    models = [metric.model, *(alternate.model for alternate in metric.alternates)]
    return any(each.name == "service" for name in models if name for each in catalogue.models[name].dimensions)


def _chosen_metric(visit: Visit) -> Metric:
    """Returns the metric of the address, and draws the box to choose another."""
    catalogue = visit.layer.catalogue
    asked = st.query_params.get("metric") or st.session_state.get("metric_shown", DEFAULT)
    if asked not in catalogue.metrics:
        states.messages((f"There is no measure '{asked}'. {suggest(asked, catalogue.metrics)}".strip(),))
        asked = DEFAULT if DEFAULT in catalogue.metrics else next(iter(catalogue.metrics))
    order = list(GROUPS)
    known = sorted(catalogue, key=lambda each: (order.index(each.capability), each.title))
    titles = {each.id: f"{each.title} \N{MIDDLE DOT} {GROUPS[each.capability]}" for each in known}
    st.session_state["metric_box"] = st.session_state["metric_shown"] = asked
    if st.query_params.get("metric") != asked:
        st.query_params["metric"] = asked
    st.selectbox(
        "Measure", list(titles), key="metric_box", on_change=_choose, args=("metric", "metric_box"),
        filter_mode="contains", format_func=titles.__getitem__,
    )  # fmt: skip
    return catalogue.metric(asked)


def _choose(parameter: str, box: str) -> None:
    st.query_params[parameter] = str(st.session_state[box])
    if parameter == "metric":
        for other in (*saved.CHOICES, saved.KEY):
            st.query_params.pop(other, None)


def _options(visit: Visit, metric: Metric) -> tuple[str | None, Grain | None]:
    """Returns the breakdown and the grain that the address asks for, those that are possible."""
    grains = model.grains_of(visit.layer.catalogue, metric)
    asked = st.query_params.get("grain", "")
    grain = Grain(asked) if asked in grains else None
    return st.query_params.get("by"), grain


def _figure(view: model.MetricView) -> None:
    row = view.row
    if not row.has_value:
        return
    unit = f"<small>{escape(row.unit)}</small>" if row.unit else ""
    whose = f"<p>{badge(row.whose, 'warn')}</p>" if row.whose else ""
    if row.spread:
        low, high = (words.value_text(each, row.metric) for each in (row.spread.lower, row.spread.upper))
        trusts = words.counted(row.spread.organisations, "trust")
        told = (
            f"{row.spread.bands_text}. Trusts are counted, as ratings are never averaged."
            if row.spread.bands
            else f"Middle of {trusts}, not a figure for {view.reach.shown.name}: this index is never averaged. Half of "
            f"the trusts lie between {low} and {high}."
        )
        put(
            f'<div class="bw">{whose}<div class="bw-figure"><div><small>{escape(row.period)}</small>'
            f'<span class="bw-value">{escape(row.value)}</span>{unit}</div></div><p>{escape(told)}</p></div>'
        )
        return
    put(
        f'<div class="bw">{whose}<div class="bw-figure">'
        f"<div><small>{escape(view.reach.shown.name)}, {escape(row.period)}</small>"
        f'<span class="bw-value" data-testid="value">{escape(row.value)}</span>{unit}</div>'
        f"<div><small>Change</small>{_change(row)}</div>"
        f"<div><small>Target</small>{target_cell(row)}</div>"
        f"<div><small>Age and completeness</small>{age_cell(row)}</div></div></div>"
    )


def _change(row: Row) -> str:
    """Returns how the value differs from an earlier one. Whether that means anything is the control chart's to say."""
    if row.change is None:
        return '<span class="bw-quiet">No earlier final period to compare</span>'
    return f'<span class="bw-quiet">{escape(row.change.text[0].upper() + row.change.text[1:])}</span>'


def _notes(view: model.MetricView) -> None:
    for note in view.notes:
        put(f'<p class="bw bw-note">{escape(note)}</p>')


def _over_time(visit: Visit, metric: Metric, view: model.MetricView, source: str, key: tuple[str, ...]) -> None:
    """Draws the control chart; a plain line, and why, of what has none."""
    choice, messages = spc_choice.read(st.query_params)
    found = visit.answer(
        lambda: metric_spc.build(view, visit.filters, visit.context, choice), "metric-spc", metric.id,
        view.series.grain, choice,
    )  # fmt: skip
    st.header("Over time", anchor="chart")
    states.messages(messages)
    if found.chart is None:
        put(f'<p class="bw" data-testid="plain">{escape(found.plain)}</p>')
        if view.history:
            charts.draw(view.history, source=source, key=key)
        return
    spc_chart.draw(
        found.chart, source=source, key=(*key, choice.profile, choice.baseline),
        beneath=lambda: _beneath(visit, found, choice, metric),
    )  # fmt: skip


def _beneath(visit: Visit, found: metric_spc.MetricSpc, choice: SpcChoice, metric: Metric) -> None:
    """Draws what stands between the figure and its table: what happened, the choices, what the icons mean."""
    chart = found.chart
    if chart is not None:
        about = journal.Chart(
            metric.id, frozenset(visit.layer.catalogue.metrics), found.subject.organisation, chart.name, found.service,
            visit.services.get(found.service or "", ""), day_of(chart.points[-1].period),
        )  # fmt: skip
        put(spc_chart.care(found.advice))
        journal.draw(visit, about, chart.marks, chart.outside, found.advice.rebase)
    spc_controls.choices(choice, metric)
    with st.expander("What the icons mean", key="icons"):
        put(legend())


def _national(visit: Visit, metric: Metric, view: model.MetricView, key: tuple[str, ...]) -> None:
    """Draws where the trust stands among all that report the published twin; nothing of services, which do not."""
    if metric.twin is None or visit.filters.services:
        return
    found = visit.answer(
        lambda: national.build(visit.layer, visit.places, metric, view.reach.shown, visit.filters.period_to),
        "national", metric.id,
    )  # fmt: skip
    if found is not None:
        st.header("Among trusts nationally", anchor=False)
        charts.draw(found.chart, source=visit.source_of(metric.id, metric.twin), key=key)


def _breakdown(view: model.MetricView, source: str, key: tuple[str, ...]) -> None:
    st.header("What it is made of", anchor=False)
    if len(view.splits) > 1:
        st.session_state["split_box"] = view.split
        st.selectbox(
            "Broken down by", list(view.splits), key="split_box", format_func=view.splits.__getitem__,
            on_change=_choose, args=("by", "split_box"),
        )  # fmt: skip
    if view.breakdown:
        charts.draw(view.breakdown, source=source, key=key)
    else:
        states.empty("No breakdown for this period", "Nothing below this level was reported in the newest period.")


def _definition(visit: Visit, metric: Metric, view: model.MetricView) -> None:
    st.header("Definition", anchor=False)
    put(explain.definition(visit.layer.catalogue, metric, visit.layer.provenance(metric.id)))
    parts = saved.parts_of(st.query_params, metric, visit.layer.catalogue.version_of(metric))
    put(
        f'<p class="bw" data-testid="saved">{view_link(visit.link("metric", **parts), "Link to this view")}: keep or '
        "send its address to come back to these choices. It remembers the definition's version, and says when the "
        "definition has changed since.</p>"
    )
    known = visit.layer.catalogue.metrics
    together = [known[name] for name in metric.shown_with if name in known]
    if together:
        links = ", ".join(view_link(visit.link("metric", metric=each.id), each.title) for each in together)
        put(f'<p class="bw">Read it beside: {links}.</p>')
    grains = model.grains_of(visit.layer.catalogue, metric)
    if len(grains) > 1:
        st.session_state["grain_box"] = Grain(view.series.grain)
        st.selectbox(
            "Show the history by", list(grains), key="grain_box", format_func=_GRAINS.__getitem__, on_change=_choose,
            args=("grain", "grain_box"),
        )  # fmt: skip
    behind = st.expander("Explain this number", key="explain", on_change="rerun")
    newest = view.series.latest
    if behind.open and newest is not None:
        with behind:
            services = visit.filters.services if "service" in view.splits else ()
            where = filters_of(view.reach.shown, services)
            explain.number(visit, metric, newest.period, Grain(view.series.grain), where)
    elif behind.open:
        with behind:
            put('<p class="bw">There is no number to explain for these filters.</p>')
