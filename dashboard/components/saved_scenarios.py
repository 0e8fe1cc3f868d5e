"""Scenarios saved under a name on a what-if page: opened again, retracted, restored; and a box to save one more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

import streamlit as st

from dashboard import format as words
from dashboard.components.html import put
from dashboard.person import author, person
from metrics.governance import Person
from metrics.journal import JournalError, Scenario, Scenarios
from metrics.journal.scenarios import LONGEST_NAME
from metrics.warehouse.settings import load_settings

_SAID: Final = "scenario_said"
_PROBLEM: Final = "scenario_problem"


@st.cache_resource(show_spinner=False)
def _book() -> Scenarios:
    return Scenarios.open(load_settings())


def draw(page: str, organisation: str, choices: Mapping[str, str], levers: Sequence[str]) -> None:
    """Draws the scenarios of a page and an organisation.

    Args:
        page: the page's name.
        organisation: the code of the organisation that is shown.
        choices: what is chosen now: parameter of the address to its value.
        levers: every parameter that a scenario can hold.
    """
    st.header("Saved scenarios", anchor=False)
    said, problem = st.session_state.pop(_SAID, ""), st.session_state.pop(_PROBLEM, "")
    if said:
        put(f'<div class="bw bw-banner" role="status" data-testid="scenario-said">{escape(said)}</div>')
    if problem:
        put(f'<div class="bw bw-banner" role="alert" data-testid="scenario-problem">{escape(problem)}</div>')
    try:
        held = _book().of(page, organisation, with_retracted=True)
    except JournalError as error:
        put(f'<p class="bw bw-note">Scenarios are not shown: {escape(str(error))}</p>')
        return
    who = person(load_settings())
    standing = [each for each in held if not each.is_retracted]
    if not standing:
        put('<p class="bw bw-note">None is saved for this organisation.</p>')
    for each in standing:
        _scenario(each, who, levers)
    gone = [each for each in held if each.is_retracted]
    if gone:
        with st.expander(f"Retracted ({len(gone)})", key="scenarios-gone"):
            for each in gone:
                _gone(each, who)
    if not who.may_write:
        put(f'<p class="bw bw-note" data-testid="why-not">{escape(who.why_not)}</p>')
        return
    name, button = st.columns([3, 1], vertical_alignment="bottom")
    name.text_input("Save what is chosen as", key="scenario_name", max_chars=LONGEST_NAME)
    button.button("Save", key="scenario_save", on_click=_save, args=(page, organisation, dict(choices)))


def _scenario(each: Scenario, who: Person, levers: Sequence[str]) -> None:
    text, opening, taking = st.columns([6, 1, 1], vertical_alignment="center")
    with text:
        put(f'<p class="bw"><strong>{escape(each.name)}</strong> <small>{escape(_written(each))}</small></p>')
    opening.button("Open", key=f"scenario_open_{each.id}", on_click=_open, args=(dict(each.choices), tuple(levers)))
    if who.may_write:
        taking.button("Retract", key=f"scenario_retract_{each.id}", on_click=_rule, args=(each.id, True),
                      help="Take it off the list. It can be restored.")  # fmt: skip


def _gone(each: Scenario, who: Person) -> None:
    text, back = st.columns([6, 1], vertical_alignment="center")
    with text:
        by = f"Retracted by {each.changed_by}." if each.changed_by else ""
        put(f'<p class="bw">{escape(each.name)} <small>{escape(_written(each))} {escape(by)}</small></p>')
    if who.may_write:
        back.button("Restore", key=f"scenario_restore_{each.id}", on_click=_rule, args=(each.id, False))


def _written(each: Scenario) -> str:
    return f"by {each.author}, {words.moment_words(words.in_london(each.written_at))}."


def _open(choices: dict[str, str], levers: tuple[str, ...]) -> None:
    for name in levers:
        st.query_params.pop(name, None)
    for name, value in choices.items():
        if name in levers:
            st.query_params[name] = value


def _save(page: str, organisation: str, choices: dict[str, str]) -> None:
    name = str(st.session_state.get("scenario_name", ""))
    try:
        _book().save(page, organisation, name, choices, author(load_settings()))
    except JournalError as error:
        st.session_state[_PROBLEM] = f"Nothing was saved. {error}"
        return
    st.session_state["scenario_name"] = ""
    st.session_state[_SAID] = f"Saved: {' '.join(name.split())}"


def _rule(scenario: int, retracts: bool) -> None:
    try:
        (_book().retract if retracts else _book().restore)(scenario, author(load_settings()))
    except JournalError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    st.session_state[_SAID] = "Retracted. It can be restored." if retracts else "Restored."
