"""The engine: days in order, components in order, rows by month."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl

from sample_data.simulator.benefits import Benefits
from sample_data.simulator.cancer import Cancer
from sample_data.simulator.clinics import Clinics
from sample_data.simulator.component import Component, Today, many
from sample_data.simulator.data_quality import AdminTasks, DataQuality
from sample_data.simulator.days import day_of, number_of
from sample_data.simulator.documents import Documents
from sample_data.simulator.flow import Flow
from sample_data.simulator.forecasts import Forecasts
from sample_data.simulator.interfaces import Interfaces
from sample_data.simulator.loads import Loads
from sample_data.simulator.outcomes import Outcomes
from sample_data.simulator.pathways import Pathways, WaitingList
from sample_data.simulator.patients_online import PatientsOnline, RecordViews
from sample_data.simulator.programme import Programme
from sample_data.simulator.rows import Out
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.spells import Spells
from sample_data.simulator.staff import Accounts, Staff
from sample_data.simulator.state import State
from sample_data.simulator.surveys import Surveys
from sample_data.simulator.systems import Systems
from sample_data.simulator.theatres import Operated, Theatres
from sample_data.simulator.training import Training
from sample_data.simulator.usability import Usability
from sample_data.simulator.users import Users
from sample_data.simulator.voice import Feedback, FriendsAndFamily


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows that became final in a stretch of days.

    Attributes:
        first_day, last_day: the days.
        tables: table to frame, shaped as the operational table; tables without rows are left out.
        state: to go on from; it changes when the simulation goes on.
    """

    first_day: date
    last_day: date
    tables: dict[str, pl.DataFrame]
    state: State


MOST_ROWS: Final = 2_000_000
"""A month with more rows is handed over in several stretches, so that memory does not follow the trust's size."""


class ScenarioChangedError(ValueError):
    """A state of one scenario is to go on under another one."""


def components(scenario: Scenario) -> tuple[Component, ...]:
    """Returns the parts of the hospital in the order of their day's work: who listens comes after who speaks."""
    scale = scenario.scale
    planned = (Pathways(), Clinics(), Theatres(), Flow(scale), Operated(), WaitingList(), Cancer())
    voice = (Feedback(), FriendsAndFamily(), Outcomes(), Training(), Surveys())
    programme = (Programme(scenario), Benefits(scenario))
    digital = (Interfaces(), Users(), Usability(), PatientsOnline(), RecordViews())
    data = (DataQuality(), AdminTasks(), Loads(), Forecasts())
    return (Staff(), Systems(), *planned, Spells(scale), Documents(), *digital, *data, *voice, *programme, Accounts())


def begun(scenario: Scenario) -> State:
    """Returns the state on the morning of the first day, warmed up."""
    start = number_of(scenario.first_day) - scenario.warm_up
    state = State(start, scenario.to_json())
    parts = components(scenario)
    for part in parts:
        part.begin(scenario, day_of(start), state)
    out = Out(many(*(part.codes for part in parts)))
    while state.next_day < number_of(scenario.first_day):
        _live(scenario, parts, state, out)
        out.parts.clear()
    return state


def simulate(
    scenario: Scenario, state: State | None = None, *, until: date | None = None, days: int | None = None
) -> Iterator[Batch]:
    """Gives the rows of the scenario's days, month by month; of a trust so large that a month is too much, by days.

    A row comes once, when nothing of it will change any more: a spell when it is coded and nobody can be readmitted
    any more, an appointment when it was kept or not. `unfinished` gives the others.

    Args:
        scenario: what is simulated.
        state: where to go on; None is the first day.
        until: the last day to simulate; None is the scenario's.
        days: the length of a stretch, in place of months.

    Raises:
        ScenarioChangedError: the state is of another scenario.
    """
    state = begun(scenario) if state is None else state
    if state.scenario != scenario.to_json():
        raise ScenarioChangedError("The saved state is of another scenario. Go on with its own, or start anew.")
    parts = components(scenario)
    out = Out(many(*(part.codes for part in parts)))
    last = number_of(min(until or scenario.last_day, scenario.last_day))
    while state.next_day <= last:
        first = state.next_day
        while state.next_day <= last:
            _live(scenario, parts, state, out)
            done = day_of(state.next_day - 1)
            if state.next_day - first == days or (days is None and (done.is_month_end or out.rows >= MOST_ROWS)):
                break
        yield Batch(day_of(first).date, day_of(state.next_day - 1).date, out.frames(), state)


def unfinished(scenario: Scenario, state: State) -> dict[str, pl.DataFrame]:
    """Returns the rows that are not final at the end of the state's last day, a frame a table."""
    parts = components(scenario)
    out = Out(many(*(part.codes for part in parts)))
    for part in parts:
        part.open_rows(state, out, day_of(state.next_day).midnight - 1)
    return out.frames()


def _live(scenario: Scenario, parts: tuple[Component, ...], state: State, out: Out) -> None:
    today = Today(day_of(state.next_day), scenario)
    for part in parts:
        part.step(today, state, out)
    state.next_day += 1


def usual_days(years: int, today: date) -> tuple[date, date]:
    """Returns the first and last day of so many years that end yesterday, from the first of a month on."""
    first = today.replace(day=1)
    return first.replace(year=first.year - years), today - timedelta(days=1)
