"""Capacity what-if: beds and nurses over the next four weeks, and what would lower the chance of too few."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard.components import beds_fan, charts, levers, provenance, saved_scenarios, states
from dashboard.components.charts import CONFIG
from dashboard.components.html import badge, definition_list, put, simulated_badge, table
from dashboard.viewmodels import capacity_whatif as model
from dashboard.viewmodels import capacity_words as said
from dashboard.visit import Visit

PAGE = "capacity-what-if"


def draw(visit: Visit) -> None:
    """Draws the page."""
    st.title(f"Capacity what-if: {visit.place.name}", anchor=False)
    provenance.told(visit.place)
    if not model.offered(visit.layer.catalogue):
        states.empty("There are no beds to plan", "No measure of daily demand and of beds is defined.")
        return
    choices, messages = model.read(st.query_params.to_dict())
    states.messages(messages)
    facts = visit.answer(lambda: model.learn(visit.layer, visit.places, visit.filters), "capacity-facts")
    if not facts.reach.is_own:
        put(f'<p class="bw">{badge(facts.reach.label, "warn")}</p>')
    if facts.is_simulated:
        put(f'<p class="bw">{simulated_badge(facts.reach.shown.name)}</p>')
    if facts.paths is None:
        states.empty(
            f"No outlook for the beds of {facts.reach.shown.name}",
            f"{facts.refused} Choose another organisation.",
        )
        return
    view = visit.answer(lambda: model.build(facts, choices), "capacity", *sorted(choices.query().items()))
    put(f'<div class="bw bw-note" role="status" data-testid="beds-age">{escape(said.age(facts, visit.today))}</div>')
    put(f'<div class="bw"><h2 class="bw-title" data-testid="beds-headline">{escape(said.headline(view))}</h2></div>')
    put("".join(f'<p class="bw">{escape(text)}</p>' for text in said.explained(view)))
    _levers(view)
    key = (*visit.key, *(f"{name}={value}" for name, value in sorted(choices.query().items())))
    st.header("Beds needed by day", anchor=False)
    st.plotly_chart(
        beds_fan.beds_figure(view, key), key="beds-fan", config=CONFIG,
        alt=f"{said.headline(view)}. {' '.join(said.explained(view))}",
    )  # fmt: skip
    source = visit.source_of(facts.demand)
    put(f'<p class="bw bw-note">The band holds 80% of the paths. Source: {escape(source)}</p>')
    charts.with_table(said.days_table(view), said.download(view), "capacity-days")
    st.header("What each change would do", anchor=False)
    put(table(said.effects_table(view)))
    saved_scenarios.draw(PAGE, facts.reach.shown.code, choices.query(), tuple(model.BOUNDS))
    st.header("What the outlook saw, and how it is made", anchor=False)
    put(definition_list(said.seen(facts)))
    put("".join(f'<p class="bw bw-note">{escape(text)}</p>' for text in said.METHOD))


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
