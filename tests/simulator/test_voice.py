"""What patients say adds up with what was done, and waits for those who answer."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from sample_data.simulator.component import Today
from sample_data.simulator.days import day_of, number_of
from sample_data.simulator.engine import begun
from sample_data.simulator.rows import Out
from sample_data.simulator.scenario import Initiative, Lever, Scenario
from sample_data.simulator.staff import GROUPS
from sample_data.simulator.state import State
from sample_data.simulator.voice import Feedback

ANSWERS = ("very_good", "good", "neither", "poor", "very_poor", "dont_know")


def test_feedback_is_there_once_and_closed_after_it_came(world):
    rows = world.all("fact_feedback_item")
    assert not rows["feedback_id"].is_duplicated().any()
    assert rows["received_on"].min() >= world.scenario.first_day
    closed = rows.filter(pl.col("closed_at").is_not_null())
    assert (closed["closed_at"] > closed["received_at"]).all()
    assert (
        closed["closed_on"]
        == closed["closed_at"].dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London").dt.date()
    ).all()
    assert (rows["closed_on"].is_null() == rows["closed_at"].is_null()).all()
    thanks = rows.filter(channel="compliment")
    assert not thanks["needs_answer"].any()
    assert thanks["closed_at"].null_count() == thanks.height
    assert rows.filter(pl.col("channel") != "compliment")["needs_answer"].all()
    assert world.still["fact_feedback_item"]["closed_at"].null_count() == world.still["fact_feedback_item"].height


def test_old_feedback_is_nearly_all_answered(world):
    rows = world.all("fact_feedback_item").filter("needs_answer")
    old = rows.filter(pl.col("received_on") < date(2024, 10, 1))
    assert old.height > 1500
    assert old["closed_at"].null_count() <= 2
    assert 0.6 < ((old["closed_on"] - old["received_on"]).dt.total_days() <= 28).mean() < 0.9


def test_friends_and_family_asks_those_who_were_seen_and_those_who_left(world):
    found = world.final["fact_fft_service_month"]
    keys = ["period", "site_code", "service_code"]
    seen = world.final["fact_appointment"].filter(
        pl.col("attended").is_in(["5", "6"]) & (pl.col("appointment_on") >= world.scenario.first_day)
    )
    seen = seen.group_by(pl.col("appointment_on").dt.truncate("1mo").alias("period"), *keys[1:]).agg(n=pl.len())
    both = found.filter(setting="outpatient").join(seen, on=keys, how="full", coalesce=True)
    assert both["eligible_n"].equals(both["n"].cast(pl.Int32).rename("eligible_n"))
    assert both["eligible_n"].null_count() == 0
    left = world.all("fact_spell").filter(
        (pl.col("discharge_method") == "1") & (pl.col("discharged_on") >= world.scenario.first_day)
    )
    left = left.group_by(pl.col("discharged_on").dt.truncate("1mo").alias("period"), *keys[1:]).agg(n=pl.len())
    both = found.filter(setting="inpatient").join(left, on=keys, how="full", coalesce=True)
    assert both["eligible_n"].equals(both["n"].cast(pl.Int32).rename("eligible_n"))
    assert both["eligible_n"].null_count() == 0


def test_answers_add_up(world):
    rows = world.final["fact_fft_service_month"]
    assert (rows.select(pl.sum_horizontal(ANSWERS))["very_good"] == rows["responses_n"]).all()
    assert (rows["responses_n"] <= rows["eligible_n"]).all()
    pleased = dict(
        rows.group_by("setting")
        .agg((pl.col("very_good").sum() + pl.col("good").sum()) / pl.col("responses_n").sum())
        .iter_rows()
    )
    assert 0.92 < pleased["outpatient"] < 0.98
    assert 0.90 < pleased["inpatient"] < 0.97
    assert 0.70 < pleased["emergency"] < pleased["inpatient"]


def test_crowded_departments_please_fewer(world):
    rows = world.final["fact_fft_service_month"].filter(setting="emergency")
    month = rows.group_by("period").agg(
        (pl.col("very_good").sum() + pl.col("good").sum()) / pl.col("responses_n").sum()
    )
    stays = world.final["fact_ed_attendance"].filter(department_type="1")
    waits = stays.group_by(period=pl.col("arrived_on").dt.truncate("1mo")).agg(
        long=((pl.col("departed_at") - pl.col("arrived_at")).dt.total_minutes() > 240).mean()
    )
    both = month.join(waits, on="period")
    assert both.height == 15
    assert both.select(pl.corr("very_good", "long")).item() < -0.3


def test_outcomes_are_pairs_of_joint_replacements(world):
    rows = world.all("fact_prom")
    kept = world.final["fact_planned_admission"].filter(
        (pl.col("result") == "admitted") & (pl.col("service_code") == "110") & (pl.col("patient_class") == "1")
    )
    own = rows.filter(pl.col("operated_on") >= world.scenario.first_day)
    assert own["planned_id"].is_in(kept["planned_id"].implode()).all()
    assert (rows.group_by("planned_id").len()["len"] == 2).all()
    linked = rows.filter("is_linked")
    assert linked.height > 200
    assert (linked["gain"] - (linked["post_score"] - linked["pre_score"])).abs().max() < 0.0006
    assert ((linked["answered_on"] - linked["operated_on"]).dt.total_days() >= 183).all()
    for column in ("gain", "post_score", "answered_on"):
        assert rows.filter(~pl.col("is_linked"))[column].null_count() == rows.height - linked.height
    assert (rows["pre_score"].is_null() == ~rows["took_part"]).all()
    gains = {
        key: gain
        for *key, gain in linked.group_by("procedure", "instrument").agg(pl.col("gain").mean()).iter_rows()
        for key in [tuple(key)]
    }
    assert gains["hip", "eq5d"] == pytest.approx(0.454, abs=0.08)
    assert gains["hip", "oxford"] == pytest.approx(22.0, abs=2.5)
    assert gains["knee", "oxford"] == pytest.approx(17.0, abs=2.5)


def answered(present: float, factor: float) -> float:
    """Returns the share answered in one working day of 30,000 pieces of feedback, some of them reached by a change."""
    reach = Initiative("X", "x", Lever.FEEDBACK, factor - 1, date(2024, 1, 1), "x", services=("100",))
    scenario = Scenario(date(2024, 1, 1), date(2024, 12, 31), 1, 1.0, (reach,), 0)
    part, state, day = Feedback(), State(0, ""), day_of(number_of(date(2024, 7, 2)))
    part.begin(scenario, day, state)
    held = np.zeros(30_000, state["feedback"].dtype)
    held["id"], held["at"] = np.arange(30_000), day.midnight - 1440
    state["feedback"] = held
    opening = begun(Scenario(date(2024, 1, 1), date(2024, 1, 2), 1, 0.05, (), 0))
    today = Today(day, scenario)
    today.tell("present", np.full(len(GROUPS), present))
    today.tell("seen", opening["appointments"][:0])
    today.tell("left hospital", opening["appointments"][:0])
    part.step(today, state, Out(part.codes))
    return 1 - len(state["feedback"]) / 30_000


def test_fewer_clerks_answer_less_and_an_owner_answers_more():
    usual = answered(1.0, 1.0)
    assert usual == pytest.approx(1 - np.exp(-1 / 15), abs=0.006)
    assert answered(0.9, 1.0) == pytest.approx(1 - np.exp(-0.81 / 15), abs=0.006)
    assert answered(1.0, 0.7) == pytest.approx(1 - np.exp(-1 / (0.7 * 15)), abs=0.006)
