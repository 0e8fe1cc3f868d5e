"""The same scenario gives the same rows, however it is cut, stopped and gone on with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from sample_data.simulator.engine import ScenarioChangedError, begun, simulate, unfinished
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.state import State
from tests.simulator.scenarios import short

FIRST, LAST = date(2024, 3, 1), date(2024, 5, 5)
# What the programme plans and decides is known before anything goes live.
OF_THE_PROGRAMME = {
    *("fact_initiative_snapshot", "fact_milestone", "fact_milestone_snapshot", "fact_gate", "bridge_dependency"),
    *("fact_dependency_snapshot", "bridge_initiative_role", "fact_stage_event", "fact_benefit_period"),
}


def small(**changes: object) -> Scenario:
    return short(FIRST, LAST, **{"seed": 3, "scale": 0.1, **changes})


def gathered(batches) -> dict[str, pl.DataFrame]:
    parts: dict[str, list[pl.DataFrame]] = {}
    for batch in batches:
        for name, frame in batch.tables.items():
            parts.setdefault(name, []).append(frame)
    return {name: pl.concat(frames) for name, frames in sorted(parts.items())}


def as_bytes(frames: dict[str, pl.DataFrame]) -> dict[str, bytes]:
    return {name: frame.write_csv().encode() for name, frame in frames.items()}


@pytest.fixture(scope="module")
def morning() -> Callable[[], State]:
    """Returns the first morning, which takes the longest to make."""
    state = begun(small())
    return lambda: State(state.next_day, state.scenario, {name: array.copy() for name, array in state.arrays.items()})


@pytest.fixture(scope="module")
def rows(morning) -> dict[str, bytes]:
    return as_bytes(gathered(simulate(small(), morning())))


def test_the_same_seed_gives_the_same_bytes(rows):
    assert as_bytes(gathered(simulate(small()))) == rows


def test_another_seed_gives_others(rows):
    other = as_bytes(gathered(simulate(small(seed=4))))
    assert other.keys() ^ rows.keys() <= {"fact_alert", "fact_prom", *OF_THE_PROGRAMME}  # rare rows
    assert all(other[name] != rows[name] for name in ("fact_ed_attendance", "fact_spell"))


@pytest.mark.parametrize("days", [1, 7, 40])
def test_the_length_of_a_stretch_changes_no_row(rows, morning, days):
    assert as_bytes(gathered(simulate(small(), morning(), days=days))) == rows


def test_going_on_from_a_saved_state_changes_no_row(rows, morning, tmp_path):
    first = list(simulate(small(), morning(), until=date(2024, 4, 11)))
    first[-1].state.save(tmp_path / "state.npz")
    loaded = State.load(tmp_path / "state.npz")
    assert loaded.digest() == first[-1].state.digest()
    assert as_bytes(gathered([*first, *simulate(small(), loaded)])) == rows


def test_a_state_goes_on_under_its_own_scenario_only(morning):
    with pytest.raises(ScenarioChangedError, match="another scenario"):
        next(simulate(small(seed=4), morning()))


def test_looking_at_what_is_open_changes_nothing(morning):
    *_, last = simulate(small(), morning(), until=date(2024, 3, 20))
    before = last.state.digest()
    first, second = unfinished(small(), last.state), unfinished(small(), last.state)
    assert as_bytes(first) == as_bytes(second)
    assert last.state.digest() == before


def test_an_initiative_changes_nothing_before_it_goes_live(morning):
    with_none = Scenario(FIRST, LAST, 3, 0.1, (), small().warm_up)
    live = min(each.go_live for each in small().initiatives)
    day_before = live.toordinal() - 1
    until = date.fromordinal(day_before)
    state = morning()
    without = simulate(with_none, State(state.next_day, with_none.to_json(), state.arrays), until=until)
    with_them, without_them = gathered(simulate(small(), morning(), until=until)), gathered(without)
    for tables in (with_them, without_them):
        assert len(tables.keys() & OF_THE_PROGRAMME) > 3
        for name in OF_THE_PROGRAMME:
            tables.pop(name, None)
    assert as_bytes(with_them) == as_bytes(without_them)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"scale": 0}, "scale"), ({"seed": -1}, "seed")],
)
def test_what_cannot_be_simulated_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        small(**changes)
