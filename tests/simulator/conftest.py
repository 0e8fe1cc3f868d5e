"""Fifteen simulated months, shared by the tests that only look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl
import pytest

from sample_data.simulator.engine import begun, simulate, unfinished
from sample_data.simulator.scenario import Scenario, usual_scenario
from sample_data.simulator.state import State


@dataclass(frozen=True)
class World:
    """All rows of a scenario, final ones and the others, and the states at both ends."""

    scenario: Scenario
    final: dict[str, pl.DataFrame]
    still: dict[str, pl.DataFrame]
    opening: State
    closing: State

    def all(self, table: str) -> pl.DataFrame:
        """Returns every row of a table."""
        parts = [found[table] for found in (self.final, self.still) if table in found]
        return pl.concat(parts)


def lived(scenario: Scenario) -> World:
    """Returns the world that a scenario makes."""
    state = begun(scenario)
    opening = State(state.next_day, state.scenario, {name: array.copy() for name, array in state.arrays.items()})
    parts: dict[str, list[pl.DataFrame]] = {}
    for batch in simulate(scenario, state):
        for name, frame in batch.tables.items():
            parts.setdefault(name, []).append(frame)
    final = {name: pl.concat(frames) for name, frames in parts.items()}
    return World(scenario, final, unfinished(scenario, state), opening, state)


@pytest.fixture(scope="session")
def world() -> World:
    """Fifteen months at full size, with the usual initiatives."""
    return lived(usual_scenario(date(2024, 1, 1), date(2025, 3, 31), seed=7))
