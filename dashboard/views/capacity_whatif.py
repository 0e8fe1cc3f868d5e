"""Capacity what-if: beds, nurses and clinics over the next four weeks, and what would lower the chance of too few."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard.components import beds_fan, charts, clinics, levers, outlook, saved_scenarios, states, training_line
from dashboard.components.charts import CONFIG
from dashboard.components.html import definition_list, put, table
from dashboard.forecast_parts import part_of
from dashboard.training import store
from dashboard.viewmodels import capacity_whatif as model
from dashboard.viewmodels import capacity_words as said
from dashboard.viewmodels.clinics_whatif import LIMITS
from dashboard.viewmodels.clinics_whatif import read as clinic_choices
from dashboard.viewmodels.reach import reach
from dashboard.visit import Visit
from metrics.journal import JournalError

PAGE = "capacity-what-if"


def draw(visit: Visit) -> None:
    """Draws the page."""
    outlook.title("Capacity what-if", visit.place)
    if not model.offered(visit.layer.catalogue):
        states.empty("There are no beds to plan", "No measure of daily demand and of beds is defined.")
        return
    choices, messages = model.read(st.query_params.to_dict())
    states.messages(messages)
    try:
        facts, mark, state = _facts(visit)
    except JournalError as error:
        states.state("Forecasts cannot be read", f"{error} Other pages are not affected.")
        return
    outlook.whose(facts.reach)
    if facts.waits:
        catalogue, shown = visit.layer.catalogue, facts.reach.shown
        metric = catalogue.metric(facts.demand)
        training_line.waiting(metric, part_of(catalogue, metric, shown), shown.code, mark, state)
        return
    training_line.follow(mark, state)
    if facts.paths is None:
        states.empty(
            f"No outlook for the beds of {facts.reach.shown.name}",
            f"{facts.refused} Choose another organisation.",
        )
        return
    view = visit.answer(lambda: model.build(facts, choices), "capacity", state, *sorted(choices.query().items()))
    sentences = (*said.explained(view), said.scope(facts))
    outlook.finding("beds", said.age(facts, visit.today), said.headline(view), sentences)
    _levers(view)
    key = (*visit.key, state, *(f"{name}={value}" for name, value in sorted(choices.query().items())))
    st.header("Beds needed by day", anchor=False)
    st.plotly_chart(
        beds_fan.beds_figure(view, key), key="beds-fan", config=CONFIG,
        alt=f"{said.headline(view)}. {' '.join(said.explained(view))}",
    )  # fmt: skip
    source = visit.source_of(facts.demand)
    put(f'<p class="bw bw-note">{escape(said.BANDS)} Source: {escape(source)}</p>')
    charts.with_table(said.days_table(view), said.download(view), "capacity-days")
    st.header("What each change would do", anchor=False)
    put(table(said.effects_table(view)))
    _record(facts)
    clinics.draw(visit)
    chosen = choices.query() | clinic_choices(st.query_params.to_dict())[0].query()
    saved_scenarios.draw(PAGE, facts.reach.shown.code, chosen, (*model.BOUNDS, *LIMITS))
    st.header("What the outlook saw, and how it is made", anchor=False)
    put(definition_list(said.seen(facts)))
    put("".join(f'<p class="bw bw-note">{escape(text)}</p>' for text in said.METHOD))


def _facts(visit: Visit) -> tuple[model.Facts, training_line.Mark, str]:
    """Returns the facts, what names the forecast of demand in the store, and the store's state they were read from."""
    catalogue = visit.layer.catalogue
    demand, _ = model.demand_of(catalogue, visit.place)
    mark = (demand, reach(catalogue, catalogue.metric(demand), visit.place, visit.places).shown.code, "", "")
    state = store().state_of(*mark)

    def learn() -> model.Facts:
        return model.learn(visit.layer, store(), visit.places, visit.filters, visit.today)

    return visit.answer(learn, "capacity-facts", state), mark, state


def _record(facts: model.Facts) -> None:
    st.header("How forecasts of this demand did", anchor=False)
    told = facts.record or ("No forecast of it has been checked against what happened yet. Treat it with caution.",)
    put("".join(f'<p class="bw" data-testid="record">{escape(text)}</p>' for text in told))


def _levers(view: model.CapacityView) -> None:
    choices, plain = view.choices, model.Choices()
    st.header("What if", anchor=False)
    first, second, third, fourth = st.columns(4)
    with first:
        levers.number("open", "Beds opened", choices.open, model.BOUNDS["open"], step=4, explained="Below 0: closed.")
        levers.number("sure", "Wanted probability (%)", choices.sure, model.BOUNDS["sure"], step=5, default=plain.sure)
    with second:
        levers.number("stay", "Change of stays (%)", choices.stay, model.BOUNDS["stay"])
        levers.number("admitted", "Change of the share admitted (%)", choices.admitted, model.BOUNDS["admitted"])
    with third:
        levers.number("demand", "Change of demand (%)", choices.demand, model.BOUNDS["demand"])
        levers.number("ratio", "Patients for each nurse", choices.ratio, model.BOUNDS["ratio"], default=plain.ratio)
    with fourth:
        levers.number("nurses", "Nurses on a shift", choices.nurses, model.BOUNDS["nurses"],
                      explained="0: as many as the open beds need.")  # fmt: skip
        if choices.query():
            st.button("Back to as it is", key="capacity_reset", on_click=levers.reset, args=(tuple(model.BOUNDS),))
