"""What happened to a measure, under its chart: the numbered marks, and a form for those who may write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from typing import Final, cast

import streamlit as st

from dashboard.components.html import put
from dashboard.person import author, person
from dashboard.viewmodels.events import Event
from dashboard.viewmodels.journal_view import Withdrawn, baseline_words, origin_words, withdrawn
from dashboard.viewmodels.spc_advice import Rebase
from dashboard.viewmodels.spc_view import Mark, mark_title
from dashboard.visit import Visit
from dashboard.written import journal
from metrics.governance import Person
from metrics.journal import LEAST_BASELINE, LONGEST_REASON, Entry, EntryRefusedError, JournalError, Kind
from metrics.warehouse.settings import load_settings

KINDS: Final = {"annotation": "A note: it only says something", "phase": "A phase: mean and limits are set anew"}
_EVERY, _FIRST = "every", "first"
_BASELINES: Final = {_EVERY: "Every point of the phase", _FIRST: "Its first points only, then frozen"}
_OWN, _ALL = "own", "all"
_FIRST_DAY: Final = date(1948, 7, 5)
_SAID, _PROBLEM = "journal_said", "journal_problem"


@dataclass(frozen=True, slots=True)
class Chart:
    """The chart that is written about.

    Attributes:
        known: the ids of every metric in use.
        organisation: the code of the organisation whose chart it is.
        organisation_name: its name.
        service: the code of the one service that it is narrowed to, None for all.
        service_name: its name.
        newest: the first day of the newest period shown.
    """

    metric: str
    known: frozenset[str]
    organisation: str
    organisation_name: str
    service: str | None
    service_name: str
    newest: date


def draw(
    visit: Visit, chart: Chart, marks: Sequence[Mark], outside: Sequence[Event], rebase: Rebase | None = None
) -> None:
    """Draws what the numbered marks mean, what was withdrawn, and the form.

    Args:
        visit: the visit.
        chart: the chart that is written about.
        marks: the marks of the figure.
        outside: what the journal says of days that are not shown.
        rebase: a new phase that is suggested.
    """
    who = person(load_settings())
    # Each has a place that is always there: what comes and goes in one moves nothing below it, so that an open
    # popover stays open.
    with st.container(key="journal-told"):
        _told()
    with st.container(key="journal-suggested"):
        if rebase:
            _suggestion(rebase, who)
    with st.container(key="journal-marks"):
        for mark in marks:
            _event(mark.event, str(mark.number), who)
    with st.container(key="journal-outside"):
        if outside:
            put('<p class="bw bw-note">Written for days that are not shown here:</p>')
        for event in outside:
            _event(event, "", who)
    gone = withdrawn(visit.written.entries, chart.metric, chart.organisation, chart.service)
    with st.container(key="journal-gone"):
        if gone:
            with st.expander(f"Withdrawn ({len(gone)})", key="journal-withdrawn"):
                for each in gone:
                    _gone(each, who)
    with st.expander("Add a note or a phase", key="journal-add", on_change="rerun"):
        if visit.written.problem:
            put(f'<p class="bw">Nothing can be written now. {escape(visit.written.problem)}</p>')
        elif who.may_write:
            _form(chart, who)
        else:
            put(f'<p class="bw" data-testid="why-not">{escape(who.why_not)}</p>')


def _suggestion(rebase: Rebase, who: Person) -> None:
    put(
        f'<div class="bw bw-suggestion" data-testid="suggestion"><strong>Suggested: a new phase from '
        f"{escape(rebase.period)}.</strong> {escape(rebase.evidence)} Nothing is set anew by itself: do it only if the "
        "cause is known and the change is meant to stay.</div>"
    )
    if who.may_write:
        st.button(
            "Put it into the form", key="journal_fill", on_click=_fill, args=(rebase.day, rebase.reason),
            help="Opens the form below with this day. You add the cause and decide.",
        )  # fmt: skip


def _fill(day: date, reason: str) -> None:
    """Fills the form with a phase from a day, and opens it: nothing is written before its reader does."""
    state = st.session_state
    state["journal_kind"], state["journal_day"], state["journal_reason"] = "phase", day, reason
    state["journal-add"] = True


def _told() -> None:
    """Draws how the last writing went, once."""
    said, problem = st.session_state.pop(_SAID, ""), st.session_state.pop(_PROBLEM, "")
    if said:
        put(f'<div class="bw bw-banner" role="status" data-testid="journal-said">{escape(said)}</div>')
    if problem:
        put(
            f'<div class="bw bw-banner" role="alert" data-testid="journal-problem">Nothing was written. '
            f"{escape(problem)}</div>"
        )


def _event(event: Event, number: str, who: Person) -> None:
    shown = (
        f'<div class="bw bw-mark">{f"<span class=bw-mark-number>{number}</span>" if number else ""}<div>'
        f"<strong>{escape(mark_title(event))}</strong> {escape(event.reason)} "
        f"<small>{escape(' '.join(filter(None, (baseline_words(event), _sentence(origin_words(event))))))}</small>"
        "</div></div>"
    )
    if event.entry is None or not who.may_write:
        put(shown)
        return
    with st.container(key=f"journal-entry-{event.entry}"):
        text, action = st.columns([8, 1.6], vertical_alignment="center")
        with text:
            put(shown)
        with action.popover("Retract", width="stretch", help="Take this off the charts. It can be restored."):
            _ruling(event.entry, "Why is it withdrawn?", "Retract this entry", retracts=True)


def _gone(each: Withdrawn, who: Person) -> None:
    shown = (
        f'<div class="bw bw-mark"><div><strong>{escape(each.title)}</strong> {escape(each.reason)} '
        f"<small>{escape(_sentence(each.written))} {escape(_sentence(each.withdrawn))}</small></div></div>"
    )
    if not who.may_write:
        put(shown)
        return
    with st.container(key=f"journal-entry-{each.entry}"):
        text, action = st.columns([8, 1.6], vertical_alignment="center")
        with text:
            put(shown)
        with action.popover("Restore", width="stretch", help="Bring it back onto the charts."):
            _ruling(each.entry, "Why is it restored?", "Restore this entry", retracts=False)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _ruling(entry: int, question: str, label: str, *, retracts: bool) -> None:
    box = f"journal_why_{entry}"
    st.text_input(question, key=box, max_chars=LONGEST_REASON)
    st.button(label, key=f"journal_rule_{entry}", on_click=_rule, args=(entry, box, retracts), type="primary")


def _rule(entry: int, box: str, retracts: bool) -> None:
    try:
        change = journal().retract if retracts else journal().restore
        change(entry, author(load_settings()), str(st.session_state.get(box, "")))
    except JournalError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    st.session_state[box] = ""
    st.session_state[_SAID] = "Retracted. It stands under Withdrawn, from where it can be restored." if retracts else (
        "Restored. It counts again."
    )  # fmt: skip


def _form(chart: Chart, who: Person) -> None:
    state = st.session_state
    state.setdefault("journal_day", chart.newest)
    kind, day = st.columns([2, 1], vertical_alignment="top")
    kind.radio("What to add", list(KINDS), key="journal_kind", format_func=KINDS.__getitem__)
    day.date_input(
        "On, or from", key="journal_day", format="DD/MM/YYYY", min_value=_FIRST_DAY,
        max_value=date.today() + timedelta(days=365),  # noqa: DTZ011 - the journal itself checks the day
        help="Day, month and year. A phase begins with the first period that begins on this day or after it.",
    )  # fmt: skip
    st.text_area(
        "Reason", key="journal_reason", max_chars=LONGEST_REASON, height=80,
        help="What happened, in words that a board will understand in two years.",
    )  # fmt: skip
    where, *between, baseline = st.columns(3 if chart.service else 2, vertical_alignment="top")
    organisations = {_OWN: f"{chart.organisation_name} only", _ALL: "Everywhere: every organisation's chart"}
    where.selectbox("Where", list(organisations), key="journal_where", format_func=organisations.__getitem__)
    if chart.service:
        services = {_OWN: f"{chart.service_name} only", _ALL: "All services"}
        between[0].selectbox("Which service", list(services), key="journal_of", format_func=services.__getitem__)
    if state.get("journal_kind") == "phase":
        baseline.selectbox("Limits from", list(_BASELINES), key="journal_baseline", format_func=_BASELINES.__getitem__)
        if state.get("journal_baseline") == _FIRST:
            baseline.number_input(
                "How many first points", key="journal_points", min_value=LEAST_BASELINE, max_value=1_000, step=1
            )
    st.button("Write it", key="journal_write", on_click=_write, args=(chart,), type="primary")
    put(
        f'<p class="bw bw-note">You write as {escape(who.name)}. Entries are kept with their author and time; what is '
        "retracted stays on record and can be restored.</p>"
    )


def _write(chart: Chart) -> None:
    state = st.session_state
    try:
        day = state.get("journal_day")
        if not isinstance(day, date):
            raise EntryRefusedError("No day is chosen. Choose the day that it is about.")
        kind = cast("Kind", state.get("journal_kind", "annotation"))
        frozen = kind == "phase" and state.get("journal_baseline") == _FIRST
        entry = Entry(
            kind,
            chart.metric,
            day,
            str(state.get("journal_reason", "")),
            chart.organisation if state.get("journal_where", _OWN) == _OWN else None,
            chart.service if state.get("journal_of", _OWN) == _OWN else None,
            int(state["journal_points"]) if frozen else None,
        )
        journal().write(entry, author(load_settings()), known_metrics=chart.known)
    except JournalError as error:
        state[_PROBLEM] = str(error)
        return
    state["journal_reason"] = ""
    event = Event(kind, day, entry.reason, "", "journal")
    state[_SAID] = f"Written: {mark_title(event)}. {entry.reason}"
