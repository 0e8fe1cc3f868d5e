"""Demand: history, the last published forecast with intervals, why it is what it is, and how such forecasts did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from html import escape
from typing import Final

import streamlit as st

from dashboard.components import charts, fan, spc_chart, states, training_line
from dashboard.components import drifting as drifting_list
from dashboard.components.html import badge, definition_list, put, table
from dashboard.forecast_parts import demand_metrics, part_of, splits_by_service, splits_by_site
from dashboard.training import store
from dashboard.viewmodels import demand as model
from dashboard.viewmodels import drifting
from dashboard.viewmodels.demand_explained import Explained
from dashboard.viewmodels.demand_sums import Summing
from dashboard.viewmodels.forecast_record import Record
from dashboard.viewmodels.reach import reach
from dashboard.visit import Visit
from metrics.catalogue import Catalogue, Metric, suggest
from metrics.journal import JournalError

DEFAULT: Final = "ae_attendances"
OWN_DEFAULT: Final = "local_ed_attendances"
"""Of a trust whose own records are held."""


def offers_services(catalogue: Catalogue) -> bool:
    """Returns whether the filter bar offers services: where a measure of demand is held by service."""
    return any(splits_by_service(catalogue, metric) for metric in demand_metrics(catalogue))


def draw(visit: Visit) -> None:
    """Draws the page."""
    st.title(f"Demand: {visit.place.name}", anchor=False)
    known = demand_metrics(visit.layer.catalogue)
    if not known:
        states.empty("There is no demand to forecast", "No measure of demand by day, week or month is defined.")
        return
    metric, sites, site, right = _chosen(visit, known)
    try:
        view, mark, state = _answered(visit, metric, sites, site)
        lately = drifting.build(visit.layer.catalogue, store(), (visit.place.code,), visit.services)
    except JournalError as error:
        states.state("Forecasts cannot be read", f"{error} Other pages are not affected.")
        return
    with right:
        _ahead_box(view)
    with st.container():
        put(f'<div class="bw">{drifting_list.listed(lately)}</div>' if lately.alerts else "")
        if not view.reach.is_own:
            put(f'<p class="bw">{badge(view.reach.label, "warn")}</p>')
        _service_words(visit, metric, view)
    if view.waits:
        part = part_of(
            visit.layer.catalogue, metric, view.reach.shown, by_service=bool(view.service), by_site=bool(view.site)
        )
        training_line.waiting(metric, part, view.reach.shown.code, mark, state)
    elif view.chart is None:
        states.empty(
            f"{metric.name} is not forecast for {view.reach.shown.name}",
            f"{view.refused} Choose another organisation or another measure.",
        )
        training_line.follow(mark, state)
    if view.chart is None:
        st.header("What there is to learn from", anchor=False)
        put(definition_list(view.seen))
        _notes(view)
        return
    training_line.follow(mark, state)
    with st.container():  # a place of its own: what comes and goes here closes no list that a reader has open below
        tone = "bw-banner" if view.passed else "bw-note"
        put(f'<div class="bw {tone}" role="status" data-testid="forecast-age">{escape(view.age)}</div>')
        if view.record and view.record.beaten:
            put(f'<div class="bw bw-banner" data-testid="forecast-beaten">{escape(view.record.beaten)}</div>')
        if view.newer:
            put(f'<div class="bw bw-note" role="status" data-testid="forecast-newer">{escape(view.newer)}</div>')
    key = (*visit.key, metric.id, str(view.ahead), view.service, view.site, state)
    fan.draw(view.chart, source=visit.source_of(metric.id), key=key)
    _notes(view)
    if view.summing:
        _summing(view.summing)
    if view.explained:
        _explained(view.explained, view)
    _record(view.record, key)
    st.header("What the forecast saw", anchor=False)
    put(definition_list(view.seen))


def _chosen(
    visit: Visit, known: tuple[Metric, ...]
) -> tuple[Metric, Mapping[str, str], str, st.delta_generator.DeltaGenerator]:
    """Draws what is chosen from; returns the measure, its sites, the chosen one, and the place for another box."""
    boxes = st.container()
    metric = _asked_metric(known, OWN_DEFAULT if visit.place.own_records else DEFAULT)
    shown = reach(visit.layer.catalogue, metric, visit.place, visit.places).shown
    sites = visit.answer(lambda: model.sites_of(visit.layer, metric, shown), "demand-sites", metric.id)
    site = _asked_site(visit.layer.catalogue, metric, sites)
    with boxes:
        left, *middle, right = st.columns([4, 3, 2] if sites else [5, 2], vertical_alignment="bottom")
    with left:
        _metric_box(known, metric)
    if sites:
        with middle[0]:
            _site_box(sites, site)
    return metric, sites, site, right


def _answered(
    visit: Visit, metric: Metric, sites: Mapping[str, str], site: str
) -> tuple[model.DemandView, training_line.Mark, str]:
    """Returns the view, what names its series in the store, and the store's state that it was read from."""
    catalogue = visit.layer.catalogue
    shown = reach(catalogue, metric, visit.place, visit.places).shown.code
    services = visit.filters.services if splits_by_service(catalogue, metric) else ()
    mark = (metric.id, shown, services[0] if services else "", site)
    state = store().state_of(*mark)
    asked = _asked(site)

    def build() -> model.DemandView:
        return model.build(
            visit.layer, store(), visit.places, visit.filters, metric.id, today=visit.today, asked=asked,
            services=visit.services, sites=sites,
        )  # fmt: skip

    return visit.answer(build, "demand", metric.id, asked, state), mark, state


def _asked(site: str) -> model.Asked:
    ahead, day = st.query_params.get("ahead", ""), st.query_params.get("day", "")
    try:
        period = date.fromisoformat(day) if day else None
    except ValueError:
        period = None
    return model.Asked(int(ahead) if ahead.isdigit() else None, st.query_params.get("lead", ""), period, site)


def _service_words(visit: Visit, metric: Metric, view: model.DemandView) -> None:
    chosen = visit.filters.services
    if view.service and len(chosen) > 1:
        states.messages((f"One service is forecast at a time: {visit.services[view.service]} is shown.",))
    elif chosen and not view.service:
        states.messages((f"{metric.name} is not held by service. All services are shown.",))


def _notes(view: model.DemandView) -> None:
    with st.container():
        for note in view.notes:
            put(f'<p class="bw bw-note">{escape(note)}</p>')


def _asked_metric(known: tuple[Metric, ...], usual: str) -> Metric:
    by_id = {metric.id: metric for metric in known}
    asked = st.query_params.get("metric") or st.session_state.get("demand_shown", usual)
    chosen = asked if asked in by_id else usual if usual in by_id else known[0].id
    if asked != chosen:
        text = f"There is no forecast of '{asked}'. {suggest(asked, by_id)}".strip()
        states.messages((f"{text} {by_id[chosen].title} is shown.",))
    if st.query_params.get("metric") != chosen:
        st.query_params["metric"] = chosen
    return by_id[chosen]


def _metric_box(known: tuple[Metric, ...], chosen: Metric) -> None:
    by_id = {metric.id: metric for metric in known}
    st.session_state["demand_box"] = st.session_state["demand_shown"] = chosen.id
    st.selectbox(
        "Demand", list(by_id), key="demand_box", on_change=_choose, args=("metric", "demand_box"),
        format_func=lambda name: by_id[name].title, filter_mode="contains",
    )  # fmt: skip


def _asked_site(catalogue: Catalogue, metric: Metric, sites: Mapping[str, str]) -> str:
    """Returns the site of the address where there is such a one; says otherwise why all are shown, and forgets it."""
    asked = st.query_params.get("site", "")
    if not asked or asked in sites:
        return asked
    del st.query_params["site"]
    held = splits_by_site(catalogue, metric)
    why = f"There is no site '{asked}' of it." if held else f"{metric.name} is not forecast by site."
    states.messages((f"{why} The whole is shown.",))
    return ""


def _site_box(sites: Mapping[str, str], chosen: str) -> None:
    st.session_state["site_box"] = chosen
    st.selectbox(
        "Site", ["", *sites], key="site_box", on_change=_choose, args=("site", "site_box"),
        format_func=lambda code: f"{sites[code]} ({code})" if code else "All sites",
    )  # fmt: skip


def _ahead_box(view: model.DemandView) -> None:
    st.session_state["ahead_box"] = view.ahead
    st.selectbox(
        "Ahead", sorted(view.choices), key="ahead_box", on_change=_choose, args=("ahead", "ahead_box"),
        format_func=lambda count: f"{count} {view.unit}s",
    )  # fmt: skip


def _choose(parameter: str, box: str) -> None:
    value = str(st.session_state[box])
    if value:
        st.query_params[parameter] = value
    else:
        st.query_params.pop(parameter, None)
    if parameter == "metric":
        for other in ("ahead", "lead", "day"):
            st.query_params.pop(other, None)


def _summing(found: Summing) -> None:
    with st.container():
        if found.sentences:
            put(f'<p class="bw" data-testid="summing">{escape(" ".join(found.sentences))}</p>')
        if found.tables:
            with st.expander("What it is the sum of"):
                for each in found.tables:
                    put(table(each))


def _explained(found: Explained, view: model.DemandView) -> None:
    st.header("Why it is what it is", anchor=False)
    st.session_state["day_box"] = found.period.isoformat()
    st.selectbox(
        f"{view.unit.capitalize()} to explain", [each.isoformat() for each in found.periods], key="day_box",
        on_change=_choose, args=("day", "day_box"),
        format_func=lambda day: model.period_name(date.fromisoformat(day), view.unit),
    )  # fmt: skip
    put(f'<p class="bw bw-headline" data-testid="explained"><strong>{escape(found.sentence)}</strong></p>')
    left, right = st.columns(2, gap="large") if found.parts else (st.container(), st.container())
    if found.parts:
        with left:
            put(table(found.parts))
    with right:
        if found.comparable.rows:
            put(table(found.comparable))
        else:
            put(f'<p class="bw bw-note">No past {escape(view.unit)} like this one is held.</p>')
    if found.download:
        charts.download_csv(found.download, "forecast-parts", f"Download the parts of every {view.unit} as CSV")


def _record(record: Record | None, key: tuple[str, ...]) -> None:
    st.header("How such forecasts did", anchor=False)
    if record is None:
        put(
            '<p class="bw" data-testid="record">No forecast of this has been checked against what happened yet. Where '
            "the history is long enough, earlier ones are made again in the background. Until then treat it with "
            "caution.</p>"
        )
        return
    with st.container():
        for text in record.drift:
            put(f'<div class="bw bw-banner" role="status" data-testid="forecast-drift">{escape(text)}</div>')
    first, *rest = record.sentences
    more = "".join(f"<p>{escape(sentence)}</p>" for sentence in rest)
    put(f'<div class="bw bw-headline" data-testid="record"><p><strong>{escape(first)}</strong></p>{more}</div>')
    put(table(record.table))
    charts.download_csv(record.download, "forecast-record", "Download forecasts beside what happened as CSV")
    if not record.charts:
        return
    st.session_state["lead_box"] = record.lead.key
    names = {each.key: each.words for each in record.leads}
    st.selectbox(
        "Charts of forecasts for", list(names), key="lead_box", on_change=_choose, args=("lead", "lead_box"),
        format_func=names.__getitem__,
    )  # fmt: skip
    source = "Bellwether's own forecasts, as kept, beside the final figures above"
    for chart in record.charts:
        spc_chart.draw(chart, source=source, key=(*key, record.lead.key))
