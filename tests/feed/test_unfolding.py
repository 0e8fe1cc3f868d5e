"""A day unfolded in time: it ends as the simulation has it, and no row says what has not happened yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from metrics.warehouse.tables.operational import metadata
from sample_data.simulator.feed.day import DayEvents, day_events
from sample_data.simulator.feed.mishaps import ERRONEOUS, LATE, WRONG
from sample_data.simulator.feed.place import Frames, Place, feed_row, place_of, state_row
from sample_data.simulator.feed.unfolding import AT, DELETE, INSERT, KIND, UNFOLDINGS
from sample_data.simulator.scenario import Scenario
from tests.feed.conftest import SCENARIO, many_mishaps, ordered


def keys_of(name: str) -> list[str]:
    return [column.name for column in metadata.tables[name].primary_key.columns]


def written(rows: Frames, events: DayEvents, step: int) -> Frames:
    """Returns the rows after a day's events, written by so many at a time."""
    found = dict(rows)
    for begin in range(0, len(events), step):
        for part in events.stretch(begin, min(begin + step, len(events))):
            name, keys = part.table.name, keys_of(part.table.name)
            before = found.get(name, part.insert.clear())
            assert part.insert.join(before, on=keys, how="semi").is_empty()
            assert part.correct.join(before, on=keys, how="semi").height == part.correct.height
            assert part.delete.join(before, on=keys, how="semi").height == part.delete.height
            gone = pl.concat([part.correct.select(keys), part.delete.select(keys)])
            found[name] = pl.concat([before.join(gone, on=keys, how="anti"), part.insert, part.correct])
    return found


def told(rows: Frames, pending: Frames) -> Frames:
    """Returns the rows once what was held back is written too."""
    found = dict(rows)
    for name, frame in pending.items():
        keys = keys_of(name)
        for (kind,), part in frame.group_by(KIND, maintain_order=True):
            whole = part.unique(keys, keep="last").select(found[name].columns)
            rest = found[name].join(whole, on=keys, how="anti")
            found[name] = rest if kind == DELETE else pl.concat([rest, whole])
    return found


@pytest.fixture(scope="module")
def two_days(trust) -> tuple[DayEvents, DayEvents]:
    first = day_events(trust[1])
    return first, day_events(first.after)


@pytest.mark.parametrize("step", [97, 100_000])
def test_two_days_without_mishaps_end_as_the_simulation_has_them(trust, two_days, two_days_on, step):
    rows = trust[0]
    for events in two_days:
        rows = written(rows, events, step)
    found, expected = ordered(told(rows, events.after.pending)), ordered(two_days_on)
    assert found.keys() == expected.keys()
    for name, frame in expected.items():
        assert found[name].equals(frame), name


def test_the_same_place_gives_the_same_events(trust, two_days):
    again = day_events(trust[1])
    assert again.order.equals(two_days[0].order)
    assert all(frame.equals(two_days[0].events[name]) for name, frame in again.events.items())


def test_a_place_is_kept_in_two_rows(two_days):
    place = replace(two_days[0].after, mishaps=many_mishaps(), pending={"fact_spell": two_days[0].events["fact_spell"]})
    again = place_of(feed_row(place), state_row(place))
    assert again.morning.digest() == place.morning.digest()
    assert again.pending["fact_spell"].equals(place.pending["fact_spell"])
    assert (again.day, again.position, again.mishaps, again.scenario) == (
        place.day, place.position, place.mishaps, place.scenario,
    )  # fmt: skip


def test_a_scenario_comes_back_from_its_text():
    assert SCENARIO.initiatives
    assert Scenario.from_json(SCENARIO.to_json()) == SCENARIO


@pytest.mark.parametrize(
    ("name", "column"),
    [("fact_spell", "admitted_at"), ("fact_spell", "discharged_at"), ("fact_spell", "coded_at"),
     ("fact_ed_attendance", "arrived_at"), ("fact_ed_attendance", "seen_at"), ("fact_ed_attendance", "departed_at"),
     ("fact_appointment", "booked_at")],
)  # fmt: skip
def test_what_happens_is_told_when_it_happens(two_days, name, column):
    told = 0
    for events in two_days:
        frame, day = events.events[name], events.after.day - timedelta(days=1)
        happened = frame.filter(pl.col(column).dt.date() == day, pl.col(column).dt.hour() < 23)
        first = happened.group_by(keys_of(name)).agg(pl.col(AT).min(), pl.col(column).first())
        assert first[AT].to_list() == first[column].to_list()
        told += first.height
    assert told > 3


def test_nothing_is_told_before_it_happened(two_days):
    looked_at = set()
    for name, frame in [each for events in two_days for each in events.events.items()]:
        for reveal in UNFOLDINGS[name].reveals if name in UNFOLDINGS else ():
            if reveal.at.endswith("_at"):
                looked_at.add((name, reveal.at))
                assert frame.filter(pl.col(reveal.at) > pl.col(AT)).is_empty(), (name, reveal.at)
        if "changed_at" in frame.columns:
            assert frame.filter(pl.col("changed_at") > pl.col(AT)).is_empty(), name
    assert len(looked_at) >= 8


def test_somebody_in_the_department_is_followed_step_by_step(trust, two_days):
    found = two_days[0].events["fact_ed_attendance"]
    left = found.filter(pl.col("disposal") == "discharged", pl.col("arrived_on") == trust[1].day)["attendance_id"]
    stages = found.filter(pl.col("attendance_id").is_in(left.implode())).sort("attendance_id", AT)
    first = stages.filter(pl.col(KIND) == INSERT)
    assert first.height == left.n_unique() > 0
    assert first["departed_at"].null_count() == first["disposal"].null_count() == first.height
    assert first[AT].to_list() == first["arrived_at"].to_list()
    last = stages.group_by("attendance_id", maintain_order=True).last()
    assert last[AT].to_list() == last["departed_at"].to_list()
    assert stages.height == 3 * first.height + first["arrival_mode"].eq("ambulance").sum()


def test_mishaps_pass_and_leave_only_their_instants(trust, two_days_on):
    place: Place = replace(trust[1], mishaps=many_mishaps())
    rows = trust[0]
    for _ in range(2):
        events = day_events(place)
        rows, place = written(rows, events, 250), events.after
    assert sum(frame.height for frame in place.pending.values()) > 0
    rows = told(rows, place.pending)
    rows = {name: without_doubles(frame, keys_of(name)) for name, frame in rows.items()}
    expected, found = ordered(two_days_on), ordered(rows)
    changed = {}
    for name, frame in expected.items():
        names = [column for column in frame.columns if column != "changed_at"]
        assert found[name].select(names).equals(frame.select(names)), name
        changed[name] = (found[name]["changed_at"] != frame["changed_at"]).sum() if "changed_at" in frame.columns else 0
        if "changed_at" in frame.columns:
            assert (found[name]["changed_at"] >= frame["changed_at"]).all()
    touched = {name for name, count in changed.items() if count}
    assert {"fact_ed_attendance", "fact_referral"} <= touched <= LATE | WRONG.keys()


def without_doubles(frame: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Returns the rows but those put in by error that are taken away after the days looked at."""
    return frame.filter(pl.col(keys[0]) < ERRONEOUS) if frame.schema[keys[0]] == pl.Int64 else frame
