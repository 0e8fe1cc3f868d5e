"""The clinics of the capacity page: what referrals need by week, and the levers on it."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard.components import charts, levers, states, training_line
from dashboard.components.html import definition_list, put, table
from dashboard.forecast_parts import part_of
from dashboard.training import store
from dashboard.viewmodels import clinics_whatif as model
from dashboard.viewmodels import clinics_words as said
from dashboard.visit import Visit
from metrics.journal import JournalError


def draw(visit: Visit) -> None:
    """Draws the clinics of a trust with own records; nothing for other places.

    Raises:
        JournalUnusableError: the store cannot be read.
    """
    catalogue = visit.layer.catalogue
    if not model.offered(catalogue, visit.place):
        return
    st.header("Clinics needed by week", anchor=False)
    choices, messages = model.read(st.query_params.to_dict())
    states.messages(messages)
    mark = (model.REFERRALS, visit.place.code, "", "")
    try:
        state = store().state_of(*mark)
        facts = visit.answer(
            lambda: model.learn(visit.layer, store(), visit.places, visit.filters, visit.today), "clinic-facts", state
        )
    except JournalError as error:
        states.state("Forecasts cannot be read", f"{error} Other pages are not affected.")
        return
    if facts.waits:
        metric = catalogue.metric(model.REFERRALS)
        training_line.waiting(metric, part_of(catalogue, metric, visit.place), visit.place.code, mark, state)
        return
    if facts.paths is None:
        states.empty(f"No outlook for the clinics of {visit.place.name}", facts.refused)
        return
    view = visit.answer(lambda: model.build(facts, choices), "clinics", state, *sorted(choices.query().items()))
    put(f'<div class="bw"><h3 class="bw-title" data-testid="clinics-headline">{escape(said.headline(view))}</h3></div>')
    put("".join(f'<p class="bw">{escape(text)}</p>' for text in said.explained(view)))
    _levers(choices)
    put(table(said.weeks_table(view)))
    charts.download_csv(said.download(view), "clinics-weeks", "Download the weeks as CSV")
    put(table(said.effects_table(view)))
    put(definition_list(said.seen(facts, choices.slots)))
    told = facts.record or ("No forecast of referrals has been checked against what happened yet.",)
    put("".join(f'<p class="bw bw-note">{escape(text)}</p>' for text in (*told, said.METHOD)))


def _levers(choices: model.ClinicChoices) -> None:
    plain = model.ClinicChoices()
    first, second, third, fourth = st.columns(4)
    with first:
        levers.number("clinics", "Clinics added a week", choices.clinics, model.LIMITS["clinics"], step=5,
                      explained="Below 0: fewer.")  # fmt: skip
        if choices.query():
            st.button("Back to as it is", key="clinics_reset", on_click=levers.reset, args=(tuple(model.LIMITS),))
    with second:
        levers.number("dna", "Change of missed appointments (%)", choices.dna, model.LIMITS["dna"], step=5)
    with third:
        levers.number("referred", "Change of referrals (%)", choices.referred, model.LIMITS["referred"])
    with fourth:
        levers.number("slots", "Appointments in a clinic", choices.slots, model.LIMITS["slots"], default=plain.slots)
        levers.number("enough", "Wanted probability for clinics (%)", choices.enough, model.LIMITS["enough"], step=5,
                      default=plain.enough)  # fmt: skip
