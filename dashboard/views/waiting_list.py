"""Waiting list: what becomes of it, the chance of meeting a standard by a date, and what that would need."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import format as words
from dashboard.components import charts, levers, list_fan, outlook, saved_scenarios, states
from dashboard.components.charts import CONFIG
from dashboard.components.html import definition_list, put, table
from dashboard.viewmodels import waiting_list as model
from dashboard.viewmodels import waiting_list_choices as chosen
from dashboard.viewmodels import waiting_list_words as said
from dashboard.visit import Visit
from metrics.catalogue import Catalogue


def offers_services(catalogue: Catalogue) -> bool:
    """Returns whether lists are held by service."""
    return model.offered_services(catalogue)


def draw(visit: Visit) -> None:
    """Draws the page."""
    outlook.title("Waiting list", visit.place)
    if not model.offered_services(visit.layer.catalogue):
        states.empty("There is no waiting list to project", "No list by weeks waited is defined.")
        return
    choices, messages = chosen.read(st.query_params.to_dict())
    states.messages(messages)
    if len(visit.filters.services) > 1:
        first = visit.services.get(visit.filters.services[0], visit.filters.services[0])
        states.messages((f"A waiting list is projected for one service at a time: {first} is shown.",))
    learned = visit.answer(
        lambda: model.learn(visit.layer, visit.places, visit.filters, visit.services), "waiting-list-learned"
    )
    outlook.whose(learned.reach)
    if learned.calibration is None:
        states.empty(
            f"No outlook for {learned.name}",
            f"{learned.refused} Choose another organisation or another service.",
        )
        _method(visit, learned)
        return
    view = visit.answer(
        lambda: model.build(learned, choices, visit.today), "waiting-list", *sorted(choices.query().items())
    )
    sentences = (*said.explained(view), *said.since_words(view))
    outlook.finding("list", said.age(learned, visit.today), said.headline(view), sentences)
    _levers(view)
    _charts(visit, view)
    st.header("Chances by date", anchor=False)
    put(table(said.chances(view)))
    charts.download_csv(said.download(view), "waiting-list", "Download the outlook as CSV")
    st.header("What the standard needs", anchor=False)
    _reverse(view)
    whose = "/".join(filter(None, (learned.reach.shown.code, learned.service)))
    saved_scenarios.draw("waiting-list", whose, choices.query(), chosen.NAMES)
    st.header("The list as a queue", anchor=False)
    put(definition_list(said.queue(view)))
    _method(visit, learned)


def _levers(view: model.ListView) -> None:
    choices, plain = view.choices, chosen.Choices()
    on = view.learned.newest.on
    st.header("What if", anchor=False)
    first, second, third = st.columns(3)
    with first:
        levers.pick("standard", "Standard: share within 18 weeks", list(chosen.STANDARDS), choices.standard,
                    shown=lambda share: chosen.STANDARDS[share], default=plain.standard)  # fmt: skip
        levers.pick("by", "By", chosen.quarter_ends(on), view.by, shown=words.day_words)
    with second:
        levers.number("extra", "Extra treatments a week", choices.extra, chosen.BOUNDS["extra"], step=5,
                      explained="Below 0: fewer than usual.")  # fmt: skip
        levers.number("longest", "Of the extra, to the longest waits (%)", choices.longest, chosen.BOUNDS["longest"],
                      step=10, default=plain.longest)  # fmt: skip
    with third:
        levers.number("referrals", "Change of referrals (%)", choices.referrals, chosen.BOUNDS["referrals"])
        levers.number("validation", "Also taken off after checking (% of the list a month)", choices.validation,
                      chosen.BOUNDS["validation"])  # fmt: skip
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    with left:
        days = sorted(day for day in {on, view.since, *chosen.quarter_ends(on)} if day < view.by)
        levers.pick("since", "Changes hold from", days, view.since, shown=words.day_words)
    with right:
        if choices.moved:
            names = ("extra", "longest", "referrals", "validation", "since")
            st.button("Back to as it went", key="list_reset", on_click=levers.reset, args=(names,))


def _charts(visit: Visit, view: model.ListView) -> None:
    source = visit.source_of(view.learned.metric)
    key = (*visit.key, *(f"{name}={value}" for name, value in sorted(view.choices.query().items())))
    left, right = st.columns(2, gap="large")
    for column, title, figure, name in (
        (left, "Pathways waiting", list_fan.size_figure(view, key), "size"),
        (right, "Waiting less than 18 weeks", list_fan.share_figure(view, key), "share"),
    ):
        with column:
            put(f'<div class="bw"><h3 class="bw-title">{escape(title)}</h3></div>')
            st.plotly_chart(figure, key=f"list-{name}", config=CONFIG, alt=f"{title}. {' '.join(said.explained(view))}")
    put(
        '<div class="bw bw-note"><p>The band holds 80% of the projected paths; dashed is their middle. Held '
        "against months that came, such bands held 79% to 85% of the lists. Filled "
        "marks are lists by weeks waited; hollow ones are later counts of size and share alone.</p>"
        f"<p>Source: {escape(source)}</p></div>"
    )


def _reverse(view: model.ListView) -> None:
    left, right = st.columns([1, 3], vertical_alignment="center")
    with left:
        levers.pick("sure", "Wanted probability", chosen.SURE, view.choices.sure,
                    shown=lambda share: words.percentage(share, 0), default=chosen.Choices().sure)  # fmt: skip
    with right:
        put(f'<div class="bw bw-headline" data-testid="list-needed"><p>{escape(said.needed(view))}</p></div>')


def _method(visit: Visit, learned: model.Learned) -> None:
    st.header("What the outlook saw, and how it is made", anchor=False)
    put(definition_list(said.seen(learned)))
    put("".join(f'<p class="bw bw-note">{escape(text)}</p>' for text in (*said.METHOD, *learned.notes)))
    put(f'<p class="bw bw-note">Source: {escape(visit.source_of(learned.metric))}</p>')
