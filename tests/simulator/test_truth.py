"""Each initiative does what the truth file says, seen by simply comparing: with the years before, and with others."""

from __future__ import annotations

import json
from datetime import date, timedelta

import polars as pl
import pytest

from sample_data.simulator.scenario import Initiative, Kind, Lever, Scenario, usual_initiatives
from sample_data.simulator.truth import truth_json

AFTER = pl.col("after")


def live(world, identity: str) -> Initiative:
    return next(each for each in world.scenario.initiatives if each.id == identity)


def change(rows: pl.DataFrame, day: str, initiative: Initiative, value: pl.Expr, *, settled: int = 0) -> float:
    """Returns value after over value before, less 1; the days in which it settles are left out."""
    start = initiative.go_live
    rows = rows.filter(~pl.col(day).is_between(start, start + timedelta(days=settled), closed="left"))
    both = dict(rows.group_by(after=pl.col(day) >= start).agg(value.alias("value")).iter_rows())
    return both[True] / both[False] - 1


def beside(
    rows: pl.DataFrame, column: str, day: str, initiative: Initiative, value: pl.Expr, *, settled: int = 0
) -> float:
    """Returns the change of those it reaches over that of those it does not: what both share cancels out."""
    reach = initiative.services or initiative.sites
    mine, others = rows.filter(pl.col(column).is_in(reach)), rows.filter(~pl.col(column).is_in(reach))
    return (1 + change(mine, day, initiative, value, settled=settled)) / (
        1 + change(others, day, initiative, value, settled=settled)
    ) - 1


def test_reminders_cut_missed_appointments(world):
    came = world.final["fact_appointment"].filter(pl.col("attended").is_in(["3", "5", "6"]))
    found = beside(came, "service_code", "appointment_on", live(world, "INI01"), (pl.col("attended") == "3").mean())
    assert found == pytest.approx(-0.20, abs=0.06)


def test_summaries_are_late_half_as_often(world):
    rows = world.final["fact_document"].filter(pl.col("document_type") == "discharge")
    late = ((pl.col("sent_at") - pl.col("event_at")).dt.total_hours() >= 24).mean()
    found = beside(rows, "site_code", "event_on", live(world, "INI02"), late)
    assert found == pytest.approx(-0.50, abs=0.05)


def test_letters_take_a_third_less(world):
    rows = world.final["fact_document"].filter(pl.col("document_type") == "clinic")
    # Up to the last weeks: of the newest only the fast ones are there.
    rows = rows.filter(pl.col("event_on") <= world.scenario.last_day - timedelta(days=35))
    days = (pl.col("sent_at") - pl.col("event_at")).dt.total_hours().mean()
    found = beside(rows, "service_code", "event_on", live(world, "INI03"), days, settled=28)
    assert found == pytest.approx(-0.35, abs=0.07)


def test_fewer_emergency_admissions_stay_overnight(world):
    rows = world.final["fact_ed_attendance"].filter(pl.col("disposal").is_in(["admitted", "same_day"]))
    found = beside(rows, "site_code", "arrived_on", live(world, "INI04"), (pl.col("disposal") == "admitted").mean())
    assert found == pytest.approx(-0.10, abs=0.05)


def test_referrals_fall_bit_by_bit(world):
    initiative = live(world, "INI06")
    rows = world.final["fact_referral"].filter("accepted")
    found = beside(rows, "service_code", "received_on", initiative, pl.len(), settled=initiative.days)
    assert found == pytest.approx(-0.12, abs=0.06)


def test_more_are_moved_to_patient_initiated_follow_up(world):
    seen = world.final["fact_appointment"].filter(pl.col("attended").is_in(["5", "6"]))
    found = beside(seen, "service_code", "appointment_on", live(world, "INI07"), pl.col("pifu").mean())
    assert found == pytest.approx(1.5, abs=0.35)


def test_fewer_are_out_of_date_where_training_is_in_the_roster(world):
    """Courses of a year; of those for three, the lapsed ones take longer than the record to be worked off."""
    initiative = live(world, "INI12")
    rows = world.final["fact_training"].filter(pl.col("course").is_in(["data_security", "fire_safety"]))
    # A month is counted at its end; half a year until the newly lapsed are as many as the renewed.
    rows = rows.with_columns(counted=pl.col("period").dt.month_end())
    reached = pl.col("staff_group").is_in(initiative.staff_groups)
    late = 1 - pl.col("in_date_n").sum() / pl.col("required_n").sum()
    mine, others = (change(rows.filter(who), "counted", initiative, late, settled=150) for who in (reached, ~reached))
    assert (1 + mine) / (1 + others) - 1 == pytest.approx(-0.40, abs=0.06)


def test_services_that_answer_themselves_answer_sooner(world):
    rows = world.final["fact_feedback_item"].filter("needs_answer")
    # Up to ten weeks before the end: of the newest only the fast ones are answered.
    rows = rows.filter(pl.col("received_on") <= world.scenario.last_day - timedelta(days=70))
    days = (pl.col("closed_at") - pl.col("received_at")).dt.total_minutes().mean()
    found = beside(rows, "service_code", "received_on", live(world, "INI13"), days)
    assert found == pytest.approx(-0.30, abs=0.12)


def test_what_does_nothing_shows_nothing(world):
    """The waiting room's assistant: stays of those who go home, when the department is no fuller than before."""
    rows = world.final["fact_ed_attendance"].filter(
        (pl.col("department_type") == "1") & (pl.col("disposal") == "discharged")
    )
    minutes = (pl.col("departed_at") - pl.col("seen_at")).dt.total_minutes()
    found = beside(rows, "site_code", "arrived_on", live(world, "INI08"), minutes.mean())
    assert found == pytest.approx(0.0, abs=0.04)


def test_the_hub_shortens_the_wait_of_those_who_are_ready():
    """In the mechanism itself: the daily chance to leave is that of a wait a quarter shorter."""
    import numpy as np

    from sample_data.simulator.beds import INPATIENT, leaving
    from sample_data.simulator.component import Today
    from sample_data.simulator.days import day_of, number_of

    hub = Initiative("X", "x", Lever.DELAY, -0.25, date(2024, 1, 1), "x", sites=("ZZ102",))
    scenario = Scenario(date(2024, 1, 1), date(2024, 12, 31), 1, 1.0, (hub,))
    inside = np.zeros(40_000, INPATIENT)
    inside["site"], inside["delayed"] = np.arange(40_000) % 2, True
    left = np.zeros(2)
    for number in range(number_of(date(2024, 2, 5)), number_of(date(2024, 3, 4))):
        inside["ready"], inside["first"] = number - 5, number - 9
        goes, _ = leaving(Today(day_of(number), scenario), inside, np.zeros(len(inside)))
        left += np.bincount(inside["site"][goes], minlength=2)
    assert left[0] / left[1] - 1 == pytest.approx(-0.25, abs=0.01)


def test_the_truth_file_says_all_of_it():
    first, last = date(2024, 1, 1), date(2026, 12, 31)
    scenario = Scenario(first, last, 1, 1.0, usual_initiatives(first, last))
    entries = json.loads(truth_json(scenario))
    assert len(entries) == 13
    assert [entry["initiative"] for entry in entries if entry["relative_size"] == 0] == ["INI08"]
    assert all(first < date.fromisoformat(entry["go_live"]) < last for entry in entries)
    assert all(date.fromisoformat(entry["go_live"]).weekday() == 0 for entry in entries)
    assert {entry["kind"] for entry in entries} == {"step", "ramp"}


def test_a_ramp_grows_in_a_straight_line():
    ramp = Initiative("X", "x", Lever.REFERRALS, -0.1, date(2024, 1, 1), "x", Kind.RAMP, 10)
    assert [round(ramp.at(date(2024, 1, day)), 3) for day in (1, 5, 10, 20)] == [0.99, 0.95, 0.9, 0.9]
    assert ramp.at(date(2023, 12, 31)) == 1


def test_ten_times_the_size_has_ten_times_the_rows():
    from sample_data.simulator.engine import simulate
    from tests.simulator.scenarios import short

    def rows(scale: float) -> dict[str, int]:
        batches = simulate(short(date(2024, 3, 1), date(2024, 3, 31), seed=2, scale=scale))
        return {name: frame.height for batch in batches for name, frame in batch.tables.items()}

    small, large = rows(0.2), rows(2.0)
    for name in ("fact_ed_attendance", "fact_appointment", "fact_referral", "fact_document"):
        assert large[name] / small[name] == pytest.approx(10, rel=0.08), name
